"""The committed types of the compiled core are those of the core that is built."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import zerokara

core = pytest.importorskip("zerokara._core", reason="the compiled core was not built")
pytest.importorskip("nanobind", reason="nanobind writes the stub, and is here only where the core was built in place")

STUB = Path(zerokara.__file__).with_name("_core.pyi")


def generated(path: Path) -> str:
    python = [sys.executable, *["-S"] * sys.flags.no_site]  # as rebuilt.sh has it, so that it imports the same core
    subprocess.run([*python, "-m", "nanobind.stubgen", "-q", "-m", "zerokara._core", "-o", str(path)], check=True)
    return path.read_text()


def test_the_stub_is_that_of_the_core(tmp_path: Path) -> None:
    """Compared as syntax, however the lines are broken."""
    fresh = generated(tmp_path / "_core.pyi")
    assert ast.dump(ast.parse(STUB.read_text())) == ast.dump(ast.parse(fresh)), (
        "run make stub and commit what it writes"
    )


def test_it_has_every_name() -> None:
    defined = {n.name for n in ast.parse(STUB.read_text()).body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    assert defined == {name for name in dir(core) if not name.startswith("_")}
