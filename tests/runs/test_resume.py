"""Going on equals never having stopped: the recipe, the CSV and the weights are the same files, byte for byte."""

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

import zerokara
from zerokara.engine.compiled import core
from zerokara.errors import DataError, RunError, UsageError
from zerokara.runs.folder import RunFolder
from zerokara.runs.machine import environment
from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.runs.resume import Finished, check_same_recipe, reopen
from zerokara.runs.untrusted import NothingBegun
from zerokara.training.events import Advanced, Event, Listener
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.training.recipe import Recipe

EXACT = ("recipe.toml", "losses.csv", "epochs.csv", "weights.safetensors")
TINY: dict[str, Any] = {"hidden": (3,), "batch_size": 90, "iterations": 40, "seed": 5}
ENGINES = ["reference", pytest.param("compiled", marks=pytest.mark.skipif(core() is None, reason="no compiled core"))]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests look at does not depend on when the disk has it."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def stop_at(iteration: int) -> Listener:
    """A listener that asks for a stop when so many updates are done. The chunks it sees are single updates."""

    def listen(event: Event) -> None:
        if isinstance(event, Advanced) and event.iteration == iteration:
            event.request_stop()

    return listen


def train(out: Path, name: str, *, stopped_at: int | None = None, engine: str = "reference", **options: Any) -> Path:
    """A run in out/name, of single updates if it is stopped, and of the trainer's own chunks if not."""
    recipe = Recipe.from_values({"dataset": "digits", **TINY, **options})
    prepared = prepare_run(recipe, engine=engine)
    folder = RunFolder.create(out, name, "digits")
    if stopped_at is None:
        prepared.run_into(folder, plots=False)
    else:
        stop_after(prepared, stopped_at, folder)
    return out / name


def stop_after(prepared: PreparedRun, iteration: int, folder: RunFolder) -> None:
    prepared.trainer.chunk = 1
    run = prepared.run_into(folder, plots=False, listeners=[stop_at(iteration)])
    assert (run.state, run.iterations) == ("stopped", iteration)


def go_on(path: Path, **options: Any) -> None:
    reopened = reopen(path, **options)
    reopened.prepared.run_into(reopened.folder, plots=False)


def assert_same(one: Path, other: Path) -> None:
    for name in EXACT:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def cases() -> list[tuple[str, str, str]]:
    """Every optimizer, sampling and loss, every pair of optimizer and sampling, and losses in turn."""
    pairs = itertools.product(OPTIMIZERS, ("replacement", "distinct", "epoch"))
    losses = itertools.cycle(["cross-entropy", "textbook", "squared"])
    return [(optimizer, sampling, next(losses)) for optimizer, sampling in pairs]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("optimizer", "sampling", "loss"), cases())
def test_a_run_stopped_twice_equals_one_that_never_was(
    tmp_path: Path, engine: str, optimizer: str, sampling: str, loss: str
) -> None:
    options = {"optimizer": optimizer, "sampling": sampling, "loss": loss, "engine": engine}
    whole = train(tmp_path, "whole", **options)
    once, twice = sorted(random.Random(f"{optimizer}{sampling}").sample(range(1, 40), 2))
    path = train(tmp_path, "stopped", stopped_at=once, **options)
    reopened = reopen(path)
    stop_after(reopened.prepared, twice, reopened.folder)
    go_on(path)
    assert_same(whole, path)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_other_networks_and_the_numerical_gradient_go_on_exactly(tmp_path: Path, engine: str, activation: str) -> None:
    options: dict[str, Any] = {
        "engine": engine, "activation": activation, "gradient": "numerical", "hidden": (2, 2), "iterations": 4,
        "batch_size": 500, "optimizer": "adam", "evaluate_every": 2,
    }  # fmt: skip
    whole = train(tmp_path, "whole", **options)
    path = train(tmp_path, "stopped", stopped_at=3, **options)
    go_on(path)
    assert_same(whole, path)


@pytest.mark.parametrize("longer", [{"iterations": 61}, {"epochs": 4}])
@pytest.mark.parametrize("sampling", ["replacement", "epoch"])
def test_a_run_made_longer_equals_one_that_was_longer(tmp_path: Path, longer: dict[str, int], sampling: str) -> None:
    length = {"iterations": None, **longer}
    whole = train(tmp_path, "whole", optimizer="momentum", sampling=sampling, **length)
    path = train(tmp_path, "longer", optimizer="momentum", sampling=sampling)
    assert "\n40,2.5," in (path / "epochs.csv").read_text(), "the last evaluation is off the grid of 16"
    go_on(path, **longer)
    assert_same(whole, path)


def test_a_longer_run_that_is_stopped_still_ends_the_same(tmp_path: Path) -> None:
    whole = train(tmp_path, "whole", iterations=60)
    path = train(tmp_path, "longer")
    reopened = reopen(path, iterations=60)
    stop_after(reopened.prepared, 45, reopened.folder)
    go_on(path)
    assert_same(whole, path)


def test_the_newest_whole_checkpoint_is_taken_and_the_damaged_one_is_named(tmp_path: Path) -> None:
    whole = train(tmp_path, "whole")
    path = train(tmp_path, "damaged", stopped_at=21)
    newest = path / "checkpoints/21.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    reopened = reopen(path)
    assert reopened.prepared.trainer.iteration == 0
    assert "21.safetensors cannot be used. The file is not as long as its header says" in reopened.notes[0]
    reopened.prepared.run_into(reopened.folder, plots=False)
    assert_same(whole, path)
    assert sorted(p.name for p in (path / "checkpoints").iterdir()) == ["0.safetensors", "40.safetensors"]


def test_a_finished_run_says_how_to_go_on(tmp_path: Path) -> None:
    path = train(tmp_path, "my run")
    with pytest.raises(
        Finished, match=r"is finished, with 40 updates. For more: zerokara resume '.*my run' --iterations 80"
    ):
        reopen(path)
    with pytest.raises(UsageError, match=r"has 40 updates already. Got 30; expected more"):
        reopen(path, iterations=30)


def test_a_run_killed_before_it_wrote_its_files_writes_them(tmp_path: Path) -> None:
    whole, path = train(tmp_path, "whole"), train(tmp_path, "killed")
    for name in ("losses.csv", "epochs.csv", "weights.safetensors", "run.json"):
        (path / name).unlink()
    go_on(path)
    assert_same(whole, path)
    assert json.loads((path / "run.json").read_text())["state"] == "finished"


def test_a_run_killed_twice_before_it_wrote_its_files_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The soak test found this: the second process said that the run was finished before its files were there."""
    whole, path = train(tmp_path, "whole"), train(tmp_path, "killed")
    for name in ("losses.csv", "run.json"):
        (path / name).unlink()
    reopened = reopen(path)
    with monkeypatch.context() as patch:
        patch.setattr("zerokara.runs.prepared.run_files", killed)
        with pytest.raises(KeyboardInterrupt, match=r"^killed$"):
            reopened.prepared.run_into(reopened.folder, plots=False)
    assert not (path / "losses.csv").exists()
    go_on(path)
    assert_same(whole, path)


def test_a_run_whose_files_do_not_fit_on_the_disk_is_not_called_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(tmp_path, "whole")
    write = RunFolder.write

    def no_room_for_losses(folder: RunFolder, name: str, content: bytes | str) -> None:
        if name == "losses.csv":
            raise RunError("losses.csv could not be written: No space left on device.")
        write(folder, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write", no_room_for_losses)
        with pytest.raises(
            RunError, match=r"No space left on device.\nNothing that was trained is lost: make room, then"
        ):
            train(tmp_path, "full")
    path = tmp_path / "full"
    assert (path / "weights.safetensors").exists()
    assert json.loads((path / "run.json").read_text())["state"] == "unfinished"
    go_on(path)
    assert_same(whole, path)


def killed(*_: Any) -> None:
    raise KeyboardInterrupt("killed")


@pytest.mark.parametrize("fact", ["zerokara", "numpy", "level"])
def test_where_exactness_is_not_promised_it_refuses_or_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: str
) -> None:
    path = train(tmp_path, "run", stopped_at=7)
    monkeypatch.setattr(
        "zerokara.runs.prepared.environment", lambda engine: environment(engine)._replace(**{fact: "99"})
    )
    before = {p: p.read_bytes() for p in path.rglob("*") if p.is_file()}
    with pytest.raises(RunError, match=r"cannot go on exactly\. .* is 99 here\. Nothing was changed. .* --force"):
        reopen(path)
    assert {p: p.read_bytes() for p in path.rglob("*") if p.is_file()} == before
    reopened = reopen(path, force=True)
    assert "is 99 here. The result may differ in its last digits." in reopened.notes[0]
    run = reopened.prepared.run_into(reopened.folder, plots=False)
    assert "is 99 here, from update 7" in json.loads((run.path / "run.json").read_text())["forced"][0]


LARGE: dict[str, Any] = {"hidden": (200,), "batch_size": 1000, "iterations": 6}
"""Large enough for OpenBLAS to share a product among threads, which changes the last bits."""


def test_it_takes_the_recorded_engine_and_number_of_threads(tmp_path: Path) -> None:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2, user_api="blas"):  # tests run with one
        whole = train(tmp_path, "whole", **LARGE)
        path = train(tmp_path, "stopped", stopped_at=3, **LARGE)
    reopened = reopen(path)
    assert reopened.prepared.provenance.threads == 2
    assert reopened.prepared.trainer.engine.name == "reference"
    reopened.prepared.run_into(reopened.folder, plots=False)
    assert_same(whole, path)


def test_other_data_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = train(tmp_path, "run", stopped_at=7)
    monkeypatch.setattr(
        "zerokara.runs.run.load",
        lambda *_, **__: zerokara.Dataset(**{**vars(zerokara.load("digits")), "checksum": "0" * 16}),
    )
    with pytest.raises(
        RunError, match=r"digits is not the data that this run was trained on: its checksum is 0000000000000000"
    ):
        reopen(path)


def test_a_folder_of_own_data_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = own_data(tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    path = train(tmp_path, "run", dataset="own", batch_size=4, stopped_at=7)
    assert f'dataset = "{data}"' in (path / "recipe.toml").read_text()
    monkeypatch.chdir("/")
    go_on(path)
    data.rename(tmp_path / "moved")
    with pytest.raises(DataError, match=r"own does not exist"):
        reopen(path, iterations=50)


def own_data(folder: Path) -> Path:
    """A data set of twelve pictures of 2×2."""
    from PIL import Image

    for part in ("train", "test"):
        for label in ("light", "dark"):
            (folder / part / label).mkdir(parents=True)
            for i in range(3):
                Image.new("L", (2, 2), 200 + i if label == "light" else 10 + i).save(folder / part / label / f"{i}.png")
    return folder


def test_folders_that_are_no_runs(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere does not exist. Expected the folder of a run"):
        reopen(tmp_path / "nowhere")
    with pytest.raises(NothingBegun, match=r"is empty: nothing had begun. Start a run with zerokara train"):
        reopen(tmp_path)
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(RunError, match=r"is not the folder of a run: it has no recipe.toml"):
        reopen(tmp_path)
    assert os.listdir(tmp_path) == ["letter.txt"]
    with pytest.raises(RunError, match=r"is not a folder"):
        reopen(tmp_path / "letter.txt")


@pytest.mark.parametrize("left", [[], ["lock"], ["lock", ".recipe.toml.0123456789abcdef.part"]])
def test_a_run_killed_before_its_recipe_was_written(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).touch()
    with pytest.raises(NothingBegun, match=r"nothing had begun"):
        reopen(tmp_path)


def test_a_run_killed_before_its_first_checkpoint_says_how_to_start(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(Recipe(dataset="digits").resolved().to_toml())
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(
        NothingBegun, match=r"nothing had begun. Start it anew with: zerokara train --recipe .*recipe.toml"
    ):
        reopen(tmp_path)


def test_another_recipe_is_refused_by_the_field_that_differs(tmp_path: Path) -> None:
    path = train(tmp_path, "run", stopped_at=7)
    check_same_recipe(path, Recipe(**{"dataset": "digits", **TINY, "iterations": 99}).resolved())
    with pytest.raises(UsageError, match=r"was begun with seed 5. Got 6; nothing was changed"):
        check_same_recipe(path, Recipe(**{"dataset": "digits", **TINY, "seed": 6}).resolved())


def test_a_network_of_a_thousand_layers_goes_on(tmp_path: Path) -> None:
    run = train(tmp_path, "deep", stopped_at=1, hidden=(2,) * 1000, optimizer="adam", iterations=2)
    assert zerokara.open_run(run).iterations == 1


@pytest.mark.parametrize(
    ("field", "then", "now"), [("learning_rate", "0.1", "5.0"), ("seed", "5", "6"), ("batch_size", "90", "91")]
)
def test_an_edited_recipe_is_refused_by_the_field_that_differs(tmp_path: Path, field: str, then: str, now: str) -> None:
    """The folder would claim a recipe that its numbers were not made with."""
    run = train(tmp_path, "a", stopped_at=7)
    text = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(text.replace(f"{field} = {then}\n", f"{field} = {now}\n"))
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    words = rf"{field} was {then}, and recipe.toml now says {now}: put that back, or"
    for use in (reopen, zerokara.open_run):
        with pytest.raises(RunError, match=words):
            use(run)
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before


def test_a_run_that_was_told_to_keep_going_keeps_going(tmp_path: Path) -> None:
    """Without being told again: it would end at an update that the whole run does."""
    recipe = Recipe.from_values({"dataset": "digits", **TINY, "iterations": 12, "learning_rate": 1e30})
    for name in ("whole", "cut"):
        prepared = prepare_run(recipe, engine="reference", keep_going=True)
        folder = RunFolder.create(tmp_path, name, "digits")
        if name == "whole":
            prepared.run_into(folder, plots=False)
        else:
            stop_after(prepared, 1, folder)
    go_on(tmp_path / "cut")
    assert_same(tmp_path / "cut", tmp_path / "whole")


def test_resuming_only_reads_until_it_goes_on(tmp_path: Path) -> None:
    path = train(tmp_path, "run", stopped_at=7)
    before = {p: p.read_bytes() for p in path.rglob("*") if p.is_file()}
    reopen(path).folder.lock.release()
    assert {p: p.read_bytes() for p in path.rglob("*") if p.is_file()} == before


def test_a_new_run_never_takes_the_place_of_one(tmp_path: Path) -> None:
    """Two processes may both have found the folder empty; the second one finds out under the lock."""
    path = train(tmp_path, "run", stopped_at=7)
    before = (path / "recipe.toml").read_bytes()
    other = prepare_run(Recipe(dataset="digits", hidden=(3,), iterations=2), engine="reference")
    with pytest.raises(RunError, match=r"holds a run already, and is left as it is"):
        other.run_into(RunFolder(path), plots=False)
    assert (path / "recipe.toml").read_bytes() == before
