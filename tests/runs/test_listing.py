"""The table of runs: one line each, whatever state they are in, and none for what is no run."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.runs.listing import lines
from zerokara.runs.lock import Lock
from zerokara.runs.run import Run
from zerokara.training.recipe import Recipe


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs in every state."""
    out = tmp_path_factory.mktemp("made") / "runs"
    for name, seed in (("b", 1), ("a", 2)):
        zerokara.train(
            "digits", out=out, name=name, seed=seed, plots=False, hidden=2, iterations=3 + seed, batch_size=300
        )
    shutil.copytree(out / "a", out / "killed")
    facts = json.loads((out / "killed/run.json").read_text())
    (out / "killed/run.json").write_text(json.dumps({**facts, "state": "unfinished"}))
    (out / "empty").mkdir()
    (out / "early").mkdir()
    (out / "early/recipe.toml").write_text(Recipe(dataset="digits").resolved().to_toml())
    (out / "bad").mkdir()
    (out / "bad/recipe.toml").write_text("[")
    (out / "photos").mkdir()
    (out / "photos/me.jpg").write_text("x")
    (out / "link").symlink_to(out / "a")
    (out / "note.txt").write_text("x")
    return out


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs", symlinks=True))


def test_every_run_has_its_line_and_nothing_else_has(out: Path) -> None:
    found = {line.name: (line.state, line.updates) for line in lines(out)}
    assert found == {
        "a": ("finished", 5), "b": ("finished", 4), "bad": ("broken", None), "early": ("nothing begun", None),
        "empty": ("nothing begun", None), "killed": ("unfinished", 5),
    }  # fmt: skip
    with Lock(out / "killed"):
        assert {line.state for line in lines(out) if line.name == "killed"} == {"training"}
    assert lines(out / "nowhere") == []


def test_the_table(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--out", str(out), "--sort", "updates", "--reverse", "--dataset", "digits"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["name", "a", "killed", "b", "early"]
    main(["runs", "list", "--out", str(out), "--state", "broken"])
    assert "bad/recipe.toml cannot be used" in capsys.readouterr().out
    main(["runs", "list", "--out", str(out), "--json"])
    assert [line["name"] for line in json.loads(capsys.readouterr().out)] == [
        "a",
        "b",
        "bad",
        "early",
        "empty",
        "killed",
    ]
    assert main(["runs", "list", "--out", str(out), "--sort", "acuracy"]) == 2
    assert "Did you mean test_accuracy" in capsys.readouterr().err
    main(["runs", "list", "--out", str(out / "nowhere")])
    assert capsys.readouterr().out.startswith("No runs in")


def test_names_cannot_play_with_the_terminal(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(out / "a", out / "x\x1b[2Jy\n")
    main(["runs", "list", "--out", str(out)])
    assert "\x1b" not in capsys.readouterr().out


def test_showing_one(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", str(out / "a")]) == 0
    text = capsys.readouterr().out
    assert "finished after 5 updates" in text
    assert text.count("\n        5     1.00") == 1
    assert main(["runs", "show", str(out / "bad")]) == 1


def test_drawing_what_was_not_drawn(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After --no-plots, an impatient Ctrl-C, or while it is still being trained."""
    before = {p.name: p.read_bytes() for p in (out / "a").iterdir() if p.is_file()}
    with Lock(out / "a"):
        assert main(["runs", "draw", "a", "--out", str(out)]) == 0
    names = ["loss.png", "accuracy.png"]
    assert capsys.readouterr().out.splitlines() == [f"picture: {out / 'a' / name}" for name in names]
    after = {p.name: p.read_bytes() for p in (out / "a").iterdir() if p.is_file()}
    assert all(after.pop(name).startswith(b"\x89PNG") for name in names)
    assert {name: content for name, content in before.items() if name not in names} | {"lock": b""} == after
    assert main(["runs", "draw", str(out / "bad")]) == 1


def test_pictures_go_where_the_run_is_and_not_into_what_took_its_name(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from zerokara.cli import runs as commands

    def meanwhile(kept: Run, impatient: Callable[[], bool]) -> Iterator[tuple[str, bytes]]:
        (out / "a").rename(out / "best")
        (out / "a").mkdir()
        yield "loss.png", b"drawn"

    monkeypatch.setattr(commands, "pictures", meanwhile)
    assert main(["runs", "draw", "a", "--out", str(out)]) == 0
    assert (out / "best/loss.png").read_bytes() == b"drawn"
    assert os.listdir(out / "a") == []
    assert capsys.readouterr().out == f"picture: {out / 'best/loss.png'}\n"
