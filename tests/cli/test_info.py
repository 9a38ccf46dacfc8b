"""`zerokara info`."""

import os
import subprocess
import sys

import numpy as np
import pytest

import zerokara
from zerokara.cli import main
from zerokara.engine import compiled


def facts(out: str) -> dict[str, str]:
    return dict(line.split("  ", 1) for line in out.splitlines())


def test_it_says_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    found = facts(capsys.readouterr().out)
    assert found["zerokara"].strip() == zerokara.__version__
    assert found["numpy"].strip() == np.__version__
    assert "sklearn" in found["data: digits"]
    assert found["threads"].strip().startswith(str(compiled.usable_cores()))


def test_without_the_core_it_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "core", lambda: None)
    monkeypatch.setattr("zerokara.cli.info.core", lambda: None)
    assert main(["info"]) == 0
    engine = facts(capsys.readouterr().out)["engine"].strip()
    assert engine.startswith("reference (NumPy).")
    assert "install a compiler" in engine


@pytest.mark.skipif(compiled.core() is None, reason="the compiled core was not built")
def test_a_level_that_does_not_exist_leaves_no_engine() -> None:
    """In a process of its own, because the core reads the level once."""
    done = subprocess.run(
        [sys.executable, "-m", "zerokara", "info"],
        env={**os.environ, "ZEROKARA_LEVEL": "nonsense"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert facts(done.stdout)["engine"].strip().startswith("none but reference (NumPy), if asked for.")
