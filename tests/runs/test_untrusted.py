"""Damaged and hostile run folders: each gets a sentence, nothing is executed, nothing outside is touched."""

import json
import os
import shutil
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zerokara
from zerokara.errors import RunError
from zerokara.runs.listing import line_of
from zerokara.runs.resume import reopen
from zerokara.runs.untrusted import read_json, read_recipe, read_text
from zerokara.training.recipe import Recipe

needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"hidden": (2,), "batch_size": 300, "iterations": 6}
    return zerokara.train("digits", out=tmp_path_factory.mktemp("runs"), plots=False, **options).path


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def refused(folder: Path, words: str) -> None:
    """Opening, resuming and listing say what is wrong, and leave the folder as it is."""
    for verb in (zerokara.open_run, lambda path: reopen(path, iterations=9)):
        with pytest.raises(RunError, match=words):
            verb(folder)
    line = line_of(folder)
    assert line is not None


RECIPES = {
    "not text": (b"\xff\xfe\x00", "invalid start byte"),
    "no TOML": (b"[network", "cannot be read as a recipe"),
    "another table": (b"[evil]\nx = 1\n", "evil"),
    "another field": (b"[network]\nhiden = 5\n", r"Did you mean hidden\? It was left"),
    "a field in another table": (b"[data]\nhidden = [5]\n", "hidden"),
    "deep nesting": (b"x = " + b"[" * 20_000, "nested too deeply|cannot be read"),
    "a number of 5000 digits": (b"[training]\nseed = " + b"9" * 5000, "cannot be used"),
    "a negative number": (b"[training]\nbatch_size = -1\n", "batch_size must be a positive whole number"),
    "a date": (b"[training]\nlearning_rate = 1979-05-27\n", "learning_rate must be a positive number"),
    "endless": (b"[training]\nlearning_rate = inf\n", "learning_rate must be a positive number"),
    "a table for a number": (b"[training.seed]\nx = 1\n", "seed must be"),
    "not complete": (b"[data]\ndataset = 'digits'\n", "The recipe is not complete, as that of a run is"),
    "empty": (b"", "The recipe is not complete"),
    "too long": (b"#" * 300_000, "The file has more than 256,000 bytes"),
}


@pytest.mark.parametrize("what", RECIPES)
def test_hostile_recipes(run: Path, what: str) -> None:
    content, words = RECIPES[what]
    (run / "recipe.toml").write_bytes(content)
    refused(run, words)


@pytest.mark.parametrize(
    "dataset", ["../secrets", "data", "~/data", "/data/../etc", "/data/", "//x/..", "mnist/../x", "/a\0b"]
)
def test_recipes_with_paths_that_are_not_whole(run: Path, dataset: str) -> None:
    recipe = Recipe(dataset="digits", hidden=(2,), batch_size=300, iterations=6).resolved().to_toml()
    (run / "recipe.toml").write_text(recipe.replace('"digits"', json.dumps(dataset)))
    refused(run, r"The data set .* is neither a name nor an absolute path|cannot be used")


def test_a_recipe_of_a_network_beyond_memory_allocates_nothing(run: Path) -> None:
    (run / "recipe.toml").write_text(Recipe(dataset="digits", hidden=(10**9, 10**9), iterations=6).resolved().to_toml())
    refused(run, r"hidden was \[.*\], and recipe.toml now says \[1000000000, 1000000000\]")


FILES = ["recipe.toml", "checkpoints/6.safetensors"]


def all_but(run: Path, name: str) -> None:
    """The other checkpoint goes, so that the one named is all there is."""
    if name.startswith("checkpoints"):
        (run / "checkpoints/0.safetensors").unlink()


@pytest.mark.parametrize("name", FILES)
def test_links_are_not_followed(run: Path, name: str, tmp_path: Path) -> None:
    all_but(run, name)
    target = tmp_path / "target"
    (run / name).rename(target)
    before = target.read_bytes()
    (run / name).symlink_to(target)
    refused(run, "It is a link")
    assert target.read_bytes() == before


@needs_fifo
@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", FILES)
def test_a_pipe_is_not_waited_for(run: Path, name: str) -> None:
    all_but(run, name)
    (run / name).unlink()
    os.mkfifo(run / name)
    refused(run, "It is not a plain file")


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_a_files_place(run: Path, name: str) -> None:
    all_but(run, name)
    (run / name).unlink()
    (run / name).mkdir()
    refused(run, "is not a plain file|cannot be used")


@pytest.mark.parametrize("name", FILES)
def test_a_socket_in_a_files_place(run: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    all_but(run, name)
    (run / name).unlink()
    monkeypatch.chdir((run / name).parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(Path(name).name)
        refused(run, "cannot be used")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no devices here")
def test_devices_are_not_read() -> None:
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(RunError, match=r"It is not a plain file"):
            read_text(Path(device))


@pytest.mark.parametrize("kind", ["a folder", "a link", "a pipe"])
def test_a_lock_that_is_no_file(run: Path, tmp_path: Path, kind: str) -> None:
    lock = run / "lock"
    lock.unlink()
    victim = tmp_path / "victim"
    if kind == "a folder":
        lock.mkdir()
    elif kind == "a link":
        lock.symlink_to(victim)
    else:
        os.mkfifo(lock)
    with pytest.raises(RunError, match=r"cannot be used as the lock of this run"):
        reopen(run, iterations=9)
    assert not victim.exists()


def test_links_are_replaced_and_never_written_through(run: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("losses.csv", "epochs.csv", "weights.safetensors", "run.json"):
        (run / name).unlink()
        (run / name).symlink_to(victim)
    reopened = reopen(run, iterations=9)
    reopened.prepared.run_into(reopened.folder, plots=False)
    assert victim.read_text() == "mine"
    assert not (run / "losses.csv").is_symlink()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "5",
        "{",
        "[" * 100_000,
        '{"a": 1e999999}',
        '{"a": ' + "9" * 5000 + "}",
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
)
def test_a_run_json_that_is_none_harms_nothing(run: Path, text: str | bytes) -> None:
    (run / "run.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    line = line_of(run)
    assert line is not None
    assert line.state in ("unfinished", "finished")
    assert zerokara.open_run(run).iterations == 6


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", ["recipe.toml", "run.json"])
def test_flipped_bytes_of_text_files_never_end_in_a_traceback(run: Path, name: str, data: st.DataObject) -> None:
    whole = (run / name).read_bytes()
    damaged = bytearray(whole)
    for position in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        damaged[position] = data.draw(st.integers(0, 255))
    (run / name).write_bytes(damaged)
    try:
        for attempt in (read_json, lambda path: read_recipe(path.parent)):
            try:
                attempt(run / name)
            except RunError as error:
                assert str(run) in str(error)  # noqa: PT017
        assert line_of(run) is not None
    finally:
        (run / name).write_bytes(whole)
