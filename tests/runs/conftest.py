"""What the tests of runs share."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import zerokara


@pytest.fixture
def is_whole(marked: None) -> Callable[[str], bool]:
    """Whether a text is sentences of the language for tests: each in one pair of brackets, and nothing outside."""
    return lambda text: re.fullmatch(r"⟦[^⟦⟧]+⟧([ \n]⟦[^⟦⟧]+⟧)*", text) is not None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run that finished, for tests that do not make one of their own."""
    out = tmp_path_factory.mktemp("runs")
    small = zerokara.train(
        "digits", out=out, name="whole", hidden=(2,), batch_size=300, iterations=6, engine="reference", plots=False
    )
    return small.path


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(whole, tmp_path / "run"))
