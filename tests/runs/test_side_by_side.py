"""Runs beside each other: names that tell them apart and nothing of whose computer it is, data read once."""

from pathlib import Path

import pytest

import zerokara
from zerokara.runs import run as run_module
from zerokara.runs.side_by_side import side_by_side, told_apart


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["runs/a", "runs/b"], ["a", "b"]),
        (["taro/m-1", "hanako/m-1"], ["taro/m-1", "hanako/m-1"]),
        (["x/taro/runs/m-1", "x/hanako/runs/m-1", "y"], ["taro/runs/m-1", "hanako/runs/m-1", "y"]),
        (["m-1", "m-1", "other/m-1", "m-1"], ["{here}/m-1", "{here}/m-1 (2)", "other/m-1", "{here}/m-1 (3)"]),
    ],
)
def test_as_many_folders_as_it_takes(paths, names, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert told_apart([Path(path) for path in paths]) == [name.format(here=tmp_path.name) for name in names]


def test_no_name_of_a_home_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "teacher")
    paths = [tmp_path / name / "runs" / "m-1" for name in ("taro", "teacher", "hanako")]
    assert told_apart(paths) == ["m-1", "m-1 (2)", "m-1 (3)"]
    monkeypatch.setattr(Path, "home", lambda: Path("/root"))
    assert told_apart([Path("/root/runs/m-1"), Path("/other/runs/m-1")]) == ["runs/m-1", "other/runs/m-1"]


def test_data_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [
        zerokara.train("digits", out=tmp_path, name=name, hidden=1, iterations=1, batch_size=5, plots=False)
        for name in "abc"
    ]
    asked = []
    monkeypatch.setattr(run_module, "load", lambda *args, **options: asked.append(args) or zerokara.load(*args))
    trainings = side_by_side([run.path for run in runs])
    assert len(asked) == 1
    assert [training.name for training in trainings] == ["a", "b", "c"]
    assert all(training.answers is not None for training in trainings)


def test_in_python_of_runs_and_folders_and_shown_in_a_notebook(tmp_path: Path) -> None:
    first, second = (
        zerokara.train("digits", out=tmp_path, hidden=1, iterations=2, batch_size=5, seed=seed, plots=False)
        for seed in (0, 1)
    )
    comparison = zerokara.compare(first, second.path)
    assert comparison.differences[0].name == "seed"
    assert repr(comparison) == f"<Comparison of digits-001, digits-002: {len(comparison.differences)} differences>"
    assert "2  digits-002" in comparison._repr_html_()
    assert zerokara.compare(first, str(first.path)).identical
    with pytest.raises(zerokara.UsageError, match=r"two or more\. Got 1"):
        zerokara.compare(first)
    with pytest.raises(zerokara.RunError, match="does not exist"):
        zerokara.compare(first, tmp_path / "nothing")
