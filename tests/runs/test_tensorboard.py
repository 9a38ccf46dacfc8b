"""Event files: written by tensorboardX where it is installed, refused with a sentence where it is not."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.runs import tensorboard
from zerokara.runs.folder import RunFolder


class Writer:
    """Stands in for tensorboardX.SummaryWriter, with the methods that its documentation names."""

    made: "list[Writer]" = []  # noqa: RUF012

    def __init__(self, logdir: str, write_to_disk: bool) -> None:
        self.logdir, self.scalars, self.closed = logdir, [], False
        self.made.append(self)

    def add_scalar(self, tag: str, value: float, global_step: int) -> None:
        self.scalars.append((tag, value, global_step))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.closed = True


def test_every_loss_and_accuracy_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=Writer))
    words = ["train", "digits", "--iterations", "20", "--out", str(tmp_path), "--name", "run", "--no-plots", "--quiet"]
    assert main([*words, "--tensorboard"]) == 0
    writer = Writer.made[-1]
    history = zerokara.open_run(tmp_path / "run").history
    assert writer.logdir == str(tmp_path / "run/tensorboard")
    assert [(step, value) for tag, value, step in writer.scalars if tag == "loss"] == list(enumerate(history.losses))
    tests = [(step, value) for tag, value, step in writer.scalars if tag == "accuracy/test"]
    assert tests == [(e.iteration, e.test_accuracy) for e in history.evaluations]
    assert len(writer.scalars) == 20 + 2 * 3
    assert writer.closed


def test_they_go_where_the_run_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading tensorboardX takes a second; meanwhile somebody may rename the folder."""
    folder = RunFolder.create(tmp_path, "run", "digits")

    def loaded() -> Any:
        (tmp_path / "run").rename(tmp_path / "best")
        return Writer

    monkeypatch.setattr(tensorboard, "writer_class", loaded)
    with tensorboard.event_files(folder.where, wanted=True) as listeners:
        assert len(listeners) == 1
        assert Writer.made[-1].logdir == str(tmp_path / "best/tensorboard")


def test_without_tensorboardx_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert main(["train", "digits", "--out", str(tmp_path), "--tensorboard"]) == 2
    assert "--tensorboard needs tensorboardX. Nothing was trained" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_real_one(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    words = ["train", "digits", "--iterations", "20", "--out", str(tmp_path), "--name", "run", "--no-plots", "--quiet"]
    assert main([*words, "--tensorboard"]) == 0
    (file,) = (tmp_path / "run/tensorboard").glob("events.out.tfevents.*")
    content = file.read_bytes()
    assert b"accuracy/test" in content
    assert content.count(b"loss") >= 20
    assert np.frombuffer(content[:8], "<u8")[0] < 100, "the length of the first record"
