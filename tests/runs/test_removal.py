"""Removing a run: nothing is ever removed through a link, or that is not a run's, and nothing is left unsaid."""

import importlib.util
import os
import shutil
import warnings
from pathlib import Path

import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.errors import RunError, UsageError
from zerokara.runs import removal
from zerokara.runs.directory import Directory
from zerokara.runs.layout import EVENTS, LAYOUT, LOCK_FILE
from zerokara.runs.lock import Lock
from zerokara.runs.removal import check_removable, remove


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, a damaged one, and what is no run."""
    out = tmp_path_factory.mktemp("made") / "runs"
    for name, seed in (("b", 1), ("a", 2)):
        zerokara.train("digits", out=out, name=name, seed=seed, plots=False, hidden=2, iterations=3, batch_size=300)
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


def test_removing_asks_or_wants_yes(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert main(["runs", "rm", "a", "--out", str(out)]) == 2
    assert "Nothing was removed; say --yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert main(["runs", "rm", "a", "--out", str(out)]) == 1
    assert (out / "a").exists()
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert main(["runs", "rm", "a", str(out / "bad"), "--out", str(out)]) == 0
    assert not (out / "a").exists()
    assert not (out / "bad").exists()
    assert main(["runs", "rm", "--yes", "--out", str(out)]) == 2


def test_what_is_not_there_and_what_is_no_folder_are_told_apart(out: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere does not exist; nothing was removed\."):
        check_removable(out, "nowhere")
    with pytest.raises(UsageError, match=r"note.txt is no folder; nothing was removed\."):
        check_removable(out, "note.txt")


@pytest.mark.parametrize(
    "name", ["..", ".", "", "../runs", "a/checkpoints", "/etc", "link", "link/", "note.txt", "nowhere", "link/../a/.."]
)
def test_what_is_not_a_folder_in_out_is_not_removed(out: Path, name: str) -> None:
    before = sorted(os.listdir(out))
    with pytest.raises(UsageError, match=r"nothing was removed"):
        check_removable(out, name)
    assert main(["runs", "rm", name, "b", "--out", str(out), "--yes"]) == 2
    assert sorted(os.listdir(out)) == before, "the other one stays too"


def test_what_is_not_a_run_is_not_removed(out: Path) -> None:
    with pytest.raises(RunError, match=r"photos is not the folder of a run; nothing was removed"):
        check_removable(out, "photos")


@pytest.mark.parametrize("names", [("recipe.toml",), ("run.json",), ("checkpoints/",), ("weights.safetensors", "lock")])
def test_what_only_looks_like_a_run_is_not_removed(out: Path, names: tuple[str, ...]) -> None:
    """A recipe.toml may be a cook's: nothing goes from a folder that holds more and cannot be read as a run."""
    for name in names:
        (out / "photos" / name).mkdir() if name.endswith("/") else (out / "photos" / name).write_text("mine")
    words = r"photos (also holds me.jpg, which zerokara did not write. Nothing was|is not the folder of a run; nothing)"
    with pytest.raises(RunError, match=words):
        check_removable(out, "photos")
    assert sorted(os.listdir(out / "photos")) == sorted(["me.jpg", *(name.rstrip("/") for name in names)])


def test_what_somebody_put_into_a_run_is_left_and_told(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the run's files, in its folders, and under their names."""
    theirs = ["thesis.tex", "checkpoints/notes", "tensorboard/notes", "checkpoints/best/5.safetensors", "loss.png/x"]
    for name in theirs:
        (out / "a" / name).parent.mkdir(exist_ok=True)
        (out / "a" / name).write_text("mine")
    (out / "a/tensorboard/events.out.tfevents.17.host").write_text("x")
    assert main(["runs", "rm", "a", "--out", str(out), "--yes"]) == 0
    said = "checkpoints/best, checkpoints/notes, loss.png, tensorboard/notes, thesis.tex"
    words = f"removed the run in {out / 'a'}, but left what zerokara did not write: {said}\n"
    assert capsys.readouterr().out == words
    assert sorted(str(p.relative_to(out / "a")) for p in (out / "a").rglob("*") if p.is_file()) == sorted(theirs)


def test_the_run_of_a_later_version_is_removed_but_for_what_only_that_knows(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It writes one more file, one more field into recipe.toml, and checkpoints of another format."""
    (out / "a/film.webm").write_text("x")
    with (out / "a/recipe.toml").open("a") as file:
        file.write("dropout = 0.5\n")
    for path in (out / "a/checkpoints").iterdir():
        path.write_bytes(path.read_bytes().replace(b'\\"format\\": 3', b'\\"format\\": 9'))
    assert main(["runs", "rm", "a", "--out", str(out), "--yes"]) == 0
    assert "but left what zerokara did not write: film.webm" in capsys.readouterr().out
    assert os.listdir(out / "a") == ["film.webm"]
    with pytest.raises(RunError, match=r"a is not the folder of a run; nothing was removed"):
        check_removable(out, "a")


def test_every_file_of_a_run_is_in_the_table_and_removed(tmp_path: Path) -> None:
    run = zerokara.train("digits", out=tmp_path, name="run", hidden=2, iterations=4)
    assert {path.name for path in run.path.iterdir()} == {name for name in LAYOUT if not LAYOUT[name].of_script} - {
        EVENTS
    }
    (run.path / ".losses.csv.0123456789abcdef.part").touch()
    assert remove(check_removable(tmp_path, "run")) == []
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", LAYOUT)
def test_the_module_that_the_table_names_is_there_and_the_checked_ones_are_checked(name: str, tmp_path: Path) -> None:
    """Damage is noticed in exactly those that the table calls checked."""
    assert importlib.util.find_spec(LAYOUT[name].writer) is not None
    if LAYOUT[name].inside is not None or LAYOUT[name].of_script or name == LOCK_FILE:
        return
    run = zerokara.train(
        "digits", out=tmp_path, name="run", hidden=2, iterations=4, plots=name.endswith((".png", ".html"))
    )
    path = run.path / name
    path.write_bytes(path.read_bytes().replace(b"0", b"1"))
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            zerokara.open_run(run.path)
            noticed = bool(remarks)
        except RunError:
            noticed = True
    assert noticed is LAYOUT[name].checked


def test_a_link_inside_a_run_is_removed_and_not_followed(out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("x")
    shutil.rmtree(out / "bad")
    (out / "bad").mkdir()
    (out / "bad/recipe.toml").write_text("[")
    (out / "bad/checkpoints").symlink_to(elsewhere)
    remove(check_removable(out, "bad"))
    assert (elsewhere / "mine").exists()
    assert not (out / "bad").exists()


def test_what_took_the_name_of_a_run_is_not_removed_in_its_place(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really_clear = removal._clear

    def meanwhile(directory: Directory, foreign: list[str]) -> None:
        (out / "a").rename(out / "old")
        (out / "b").rename(out / "a")
        really_clear(directory, foreign)

    monkeypatch.setattr(removal, "_clear", meanwhile)
    remove(check_removable(out, "a"))
    assert not (out / "old").exists()
    assert zerokara.open_run(out / "a").recipe.seed == 1


def test_a_run_that_is_being_trained_is_not_removed(out: Path) -> None:
    with Lock(out / "a"), pytest.raises(RunError, match=r"is being trained by another process"):
        remove(check_removable(out, "a"))
    assert (out / "a/recipe.toml").exists()
