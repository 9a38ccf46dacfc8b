"""What the textbook's modules and `zerokara book init` say is whole sentences; its own lines are the textbook's."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zerokara.book.common.multi_layer_net import MultiLayerNet
from zerokara.book.common.trainer import Trainer
from zerokara.book.samples import FILES, init_folder
from zerokara.errors import RunError, UsageError

Outside = Callable[[str], str]


@pytest.mark.parametrize("wrong", [{"activation": "rleu"}, {"weight_init_std": "hee"}, {"weight_init_std": "qqq"}])
def test_an_unknown_name(wrong: dict[str, str], marked: Outside) -> None:
    with pytest.raises(UsageError, match="⟦") as refused:
        MultiLayerNet(6, [5], 3, **wrong)  # type: ignore[arg-type]
    assert marked(str(refused.value)) == ""


def test_a_trainer(marked: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints what the textbook's prints, which is English in the Japanese book too."""
    net, x, t = MultiLayerNet(6, [5], 3), np.ones((4, 6)), np.eye(3)[[0, 1, 2, 0]]
    with pytest.raises(UsageError, match="⟦") as refused:
        Trainer(net, x, t, x, t, optimizer="adm")
    assert marked(str(refused.value)) == ""
    Trainer(net, x, t, x, t, epochs=1, mini_batch_size=2).train()
    assert capsys.readouterr().out.startswith("train loss:")


def test_the_files_that_scripts_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: Outside) -> None:
    for name in FILES:
        monkeypatch.setitem(FILES, name, lambda: b"1")
    for kept in (False, True):
        lines = list(init_folder(tmp_path))
        assert len(lines) == len(FILES)
        assert [marked(line) for line in lines] == [""] * len(FILES)
        assert all(("already" in line) == kept for line in lines)


def test_files_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: Outside) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="⟦FOLDER must be a folder") as refused:
        list(init_folder(tmp_path / "file"))
    assert marked(str(refused.value)) == ""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    monkeypatch.setitem(FILES, "sample_weight.pkl", lambda: b"1")
    with pytest.raises(RunError, match="No space left on device") as failed:
        list(init_folder(tmp_path))
    assert marked(str(failed.value)) == ""
    assert failed.value.code == "file-error"
