"""Runs learners' scripts as modules, and says what is found in what they leave behind."""

import contextlib
import gc
import io
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from zerokara import runner
from zerokara.findings import Findings
from zerokara.own_training import Memory, SourceText, diagnosed

SECONDS = 20.0
"""Not the 2 of a user: the tests share their processors."""


class Ran:
    """A script that was run: its names, what it ended with, and what is found."""

    def __init__(self, source: str, path: Path) -> None:
        path.write_text(source, encoding="utf-8")
        self.sources = [SourceText(path, source)]
        main, before = ModuleType("__main__"), sys.modules["__main__"]
        self.names, self.error = vars(main), None
        sys.modules["__main__"] = main
        try:
            with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                exec(compile(source, str(path), "exec"), self.names)
        except Exception as error:
            self.error = error
        finally:
            sys.modules["__main__"] = before

    @property
    def found(self) -> Findings:
        return diagnosed(self.names, sources=self.sources, memory=Memory(error=self.error), seconds=SECONDS)


@pytest.fixture
def ran(tmp_path: Path, clean_imports: None, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Ran]]:
    """ran(source): a script that was run, with whatever data there are."""
    runner.start()  # the textbook's modules answer, also where another test has stopped them
    made: list[Ran] = []

    def run(source: str) -> Ran:
        made.append(Ran(source, tmp_path / "train.py"))
        return made[-1]

    yield run
    for one in made:
        one.names.clear()
    if request.node.get_closest_marker("slow"):
        gc.collect()  # MNIST in float32, which a script's functions lead back to, would wait for it: 188 MB a test


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, clean_imports: None) -> Iterator[None]:
    """`load_mnist` gives pictures that are made up: ten blobs, which a network learns in a few hundred updates."""
    module, package = ModuleType("dataset.mnist"), ModuleType("dataset")
    module.load_mnist = _load  # type: ignore[attr-defined]
    package.__path__ = []
    monkeypatch.setitem(sys.modules, "dataset", package)
    monkeypatch.setitem(sys.modules, "dataset.mnist", module)
    return


def _load(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False) -> Any:
    parts = []
    for pixels, t in _drawn():
        x = pixels / np.float32(255) if normalize else pixels.copy()
        parts.append((x, np.eye(10)[t] if one_hot_label else t.copy()))
    return tuple(parts)


@cache
def _drawn() -> list[tuple[Any, Any]]:
    """(pixels, labels) of 5,000 and of 1,000 samples."""
    generator = np.random.default_rng(0)
    centres = generator.random((10, 784)) * (generator.random((10, 784)) < 0.2)
    parts = []
    for n in (5000, 1000):
        t = generator.integers(0, 10, n).astype(np.uint8)
        noise = generator.random((n, 784), dtype=np.float32) * (generator.random((n, 784)) < 0.1)
        parts.append((np.floor(255 * np.clip(0.7 * centres[t] + 0.5 * noise, 0, 1)).astype(np.uint8), t))
    return parts
