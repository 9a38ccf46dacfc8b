"""`zerokara info`."""

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
    assert main(["info"]) == 0
    assert "install a compiler" in facts(capsys.readouterr().out)["engine"]
