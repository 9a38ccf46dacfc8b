"""Each error of a run is whole sentences in the language that is spoken, and has a code."""

import errno
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

import zerokara
from zerokara import words
from zerokara.errors import Code, RunError, ZerokaraError
from zerokara.nn.activations import ACTIVATIONS, Relu
from zerokara.runs import checkpointer as checkpointer_module
from zerokara.runs import directory as directory_module
from zerokara.runs.folder import FolderLost, RunFolder
from zerokara.runs.interrupt import Interrupted
from zerokara.runs.lock import Busy, Lock
from zerokara.runs.machine import environment
from zerokara.runs.prepared import Diverged, prepare_run
from zerokara.runs.removal import check_removable, remove
from zerokara.runs.rescue import Rescued
from zerokara.runs.resume import Finished, check_same_recipe, reopen
from zerokara.runs.tensorboard import writer_class
from zerokara.runs.untrusted import NothingBegun
from zerokara.training.events import Advanced, Event, Listener
from zerokara.training.recipe import Recipe

OPTIONS: dict[str, Any] = {"hidden": (2,), "batch_size": 300, "iterations": 6, "engine": "reference", "plots": False}
IsWhole = Callable[[str], bool]


def stopped(path: Path, **options: Any) -> Path:
    """A run in `path` that was stopped after its first update."""
    listeners = [once(lambda event: event.request_stop())]
    return zerokara.train("digits", out=path.parent, name=path.name, listeners=listeners, **{**OPTIONS, **options}).path


def once(act: Callable[[Advanced], Any]) -> Listener:
    """A listener that does something after the first updates."""
    done: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, Advanced) and not done:
            done.append(event.iteration)
            act(event)

    return listen


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refuse(number: int) -> Callable[..., NoReturn]:
    """A function of the system that fails."""

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


# Each kind of error: what is done with a finished run that leads to it, and its code


def damaged_weights(run: Path, patch: pytest.MonkeyPatch) -> None:
    content = (run / "weights.safetensors").read_bytes()
    (run / "weights.safetensors").write_bytes(content[:-1])
    zerokara.open_run(run)


def damaged_checkpoints(run: Path, patch: pytest.MonkeyPatch) -> None:
    for path in (run / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    zerokara.open_run(run)


def a_link_for_a_recipe(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "recipe.toml").rename(run / "other")
    (run / "recipe.toml").symlink_to(run / "other")
    zerokara.open_run(run)


def a_link_for_checkpoints(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "checkpoints").rename(run / "other")
    (run / "checkpoints").symlink_to(run / "other")
    zerokara.open_run(run)


def a_recipe_that_is_none(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "recipe.toml").write_text("[")
    zerokara.open_run(run)


def a_recipe_that_is_no_text(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "recipe.toml").write_bytes(b"\xff")
    zerokara.open_run(run)


def half_a_recipe(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "recipe.toml").write_text("[data]\ndataset = 'digits'\n")
    zerokara.open_run(run)


def an_edited_recipe(run: Path, patch: pytest.MonkeyPatch) -> None:
    edit(run / "recipe.toml", "seed = 0", "seed = 1")
    zerokara.open_run(run)


def weights_of_another_run(run: Path, patch: pytest.MonkeyPatch) -> None:
    other = zerokara.train("digits", out=run.parent, name="other", **{**OPTIONS, "seed": 1}).path
    shutil.copy(other / "weights.safetensors", run)
    zerokara.open_run(run)


def a_newer_format(run: Path, patch: pytest.MonkeyPatch) -> None:
    for path in (run / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes().replace(b'\\"format\\": 5', b'\\"format\\": 9'))
    zerokara.open_run(run)


def another_relu(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(ACTIVATIONS, "relu", type("Mine", (Relu,), {}))
    zerokara.open_run(run)


def nowhere(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.open_run(run / "nowhere")


def a_file(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.open_run(run / "recipe.toml")


def no_path(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.open_run(5)  # type: ignore[arg-type]


def no_recipe(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "recipe.toml").unlink()
    reopen(run)


def an_empty_folder(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "empty").mkdir()
    reopen(run / "empty")


def only_results(run: Path, patch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(run / "checkpoints")
    reopen(run)


def only_a_recipe(run: Path, patch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(run / "checkpoints")
    (run / "weights.safetensors").unlink()
    reopen(run)


def a_name_that_exists(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.train("digits", out=run.parent, name="run", **OPTIONS)


def a_name_that_is_none(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.train("digits", out=run.parent, name="a/b", **OPTIONS)


def a_folder_with_a_run(run: Path, patch: pytest.MonkeyPatch) -> None:
    prepare_run(Recipe(dataset="digits", iterations=2), engine="reference").run_into(RunFolder(run), plots=False)


def being_trained(run: Path, patch: pytest.MonkeyPatch) -> None:
    with Lock(run):
        reopen(run, iterations=9)


def a_lock_that_is_a_folder(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "lock").unlink()
    (run / "lock").mkdir()
    reopen(run, iterations=9)


def a_lock_that_is_a_pipe(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run / "lock").unlink()
    os.mkfifo(run / "lock")
    reopen(run, iterations=9)


def no_folder_to_lock(run: Path, patch: pytest.MonkeyPatch) -> None:
    RunFolder(run / "lock")


def out_in_a_file(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.train("digits", out=run / "lock", **OPTIONS)


def too_little_room(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("zerokara.runs.folder.shutil.disk_usage", lambda path: type("U", (), {"free": 99})())
    zerokara.train("digits", out=run.parent, **OPTIONS)


def a_full_disk_at_a_checkpoint(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checkpointer_module, "SECONDS_BETWEEN", 0.0)
    full = once(lambda event: patch.setattr("os.fsync", refuse(errno.ENOSPC)))
    zerokara.train("digits", out=run.parent, listeners=[full], **OPTIONS)


def a_broken_disk_at_a_checkpoint(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checkpointer_module, "SECONDS_BETWEEN", 0.0)
    broken = once(lambda event: patch.setattr("os.fsync", refuse(errno.EIO)))
    zerokara.train("digits", out=run.parent, listeners=[broken], **OPTIONS)


def a_full_disk_at_the_first_checkpoint(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RunFolder, "put", refuse(errno.ENOSPC))
    prepared = prepare_run(Recipe(dataset="digits", iterations=2), engine="reference")
    checkpointer_module.Checkpointer(
        checkpointer_module.CheckpointStore(RunFolder(run)), prepared.trainer, prepared.provenance
    ).save()


def files_in_the_way(run: Path, patch: pytest.MonkeyPatch) -> None:
    def strike(event: Event) -> None:
        for name in ("losses.csv", "epochs.csv"):
            (run.parent / "new" / name).mkdir()

    zerokara.train("digits", out=run.parent, name="new", listeners=[once(strike)], **OPTIONS)


def removed_while_training(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checkpointer_module, "SECONDS_BETWEEN", 0.0)
    remove_it = once(lambda event: shutil.rmtree(run.parent / "new"))
    zerokara.train("digits", out=run.parent, name="new", listeners=[remove_it], **{**OPTIONS, "iterations": 5000})


def nowhere_to_be_found(run: Path, patch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(run)
    patch.setattr(directory_module.Directory, "where", lambda directory: None)
    folder.where()


def moved_while_training(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(directory_module, "HAS_DIR_FD", False)

    def move(event: Event) -> None:
        (run.parent / "elsewhere").mkdir()
        (run.parent / "new").rename(run.parent / "elsewhere/new")

    zerokara.train("digits", out=run.parent, name="new", listeners=[once(move)], **OPTIONS)


def a_lock_removed_while_training(run: Path, patch: pytest.MonkeyPatch) -> None:
    unlock = once(lambda event: (run.parent / "new/lock").unlink())
    zerokara.train("digits", out=run.parent, name="new", listeners=[unlock], **OPTIONS)


def a_link_for_checkpoints_while_training(run: Path, patch: pytest.MonkeyPatch) -> None:
    def strike(event: Event) -> None:
        shutil.rmtree(run.parent / "new/checkpoints")
        (run.parent / "new/checkpoints").symlink_to(run)

    zerokara.train("digits", out=run.parent, name="new", listeners=[once(strike)], **OPTIONS)


def a_rescue_with_files_in_the_way(run: Path, patch: pytest.MonkeyPatch) -> None:
    def small(folder: RunFolder, files: Any) -> None:
        raise RunError(words.sentence("{file} could not be written: {reason}.", file="losses.csv", reason="why"))

    patch.setattr(RunFolder, "write_all", small)
    removed_while_training(run, patch)


def nowhere_to_rescue(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tempfile, "tempdir", str(run / "lock"))

    def strike(event: Event) -> None:
        shutil.rmtree(run.parent / "new")
        patch.setattr(checkpointer_module.CheckpointStore, "write", refuse(errno.ENOSPC))

    zerokara.train("digits", out=run.parent, name="new", listeners=[once(strike)], **OPTIONS)


def a_name_that_leads_elsewhere(run: Path, patch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(run)
    run.rename(run.parent / "other")
    folder.check_in_place()


def too_steep(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.train("digits", out=run.parent, **{**OPTIONS, "learning_rate": 1e30, "iterations": 50})


def weights_that_overflow(run: Path, patch: pytest.MonkeyPatch) -> None:
    options = {**OPTIONS, "learning_rate": 3e38, "init": 10.0}
    zerokara.train("digits", out=run.parent, **options)


def diverged_before(run: Path, patch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Diverged) as ended:
        too_steep(run, patch)
    reopen(ended.value.run.path)


def on_another_processor(run: Path, patch: pytest.MonkeyPatch) -> None:
    there = {"zerokara": "99", "numpy": "99", "level": "99"}
    patch.setattr("zerokara.runs.prepared.environment", lambda engine: environment(engine)._replace(**there))
    reopen(run, iterations=9)


def finished(run: Path, patch: pytest.MonkeyPatch) -> None:
    reopen(run)


def shorter(run: Path, patch: pytest.MonkeyPatch) -> None:
    reopen(run, iterations=3)


def under_another_recipe(run: Path, patch: pytest.MonkeyPatch) -> None:
    check_same_recipe(run, Recipe(dataset="digits", seed=9).resolved())


def on_other_data(run: Path, patch: pytest.MonkeyPatch) -> None:
    other = zerokara.Dataset(**{**vars(zerokara.load("digits")), "checksum": "0" * 16})
    patch.setattr("zerokara.runs.run.load", lambda *_, **__: other)
    reopen(run, iterations=9)


def without_tensorboardx(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "tensorboardX", None)
    writer_class()


def a_recipe_of_another_type(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.train("digits", recipe=5)  # type: ignore[arg-type]


def out_of_another_type(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.train("digits", out=5)  # type: ignore[arg-type]


def plots_of_another_type(run: Path, patch: pytest.MonkeyPatch) -> None:
    zerokara.train("digits", plots=5)  # type: ignore[arg-type]


def removing_elsewhere(run: Path, patch: pytest.MonkeyPatch) -> None:
    check_removable(run, "../x")


def removing_a_link(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run.parent / "link").symlink_to(run)
    check_removable(run.parent, "link")


def removing_nothing(run: Path, patch: pytest.MonkeyPatch) -> None:
    check_removable(run.parent, "nothing")


def removing_what_is_no_run(run: Path, patch: pytest.MonkeyPatch) -> None:
    (run.parent / "photos").mkdir()
    (run.parent / "photos/me.jpg").touch()
    check_removable(run.parent, "photos")


def removing_what_may_be_somebodys(run: Path, patch: pytest.MonkeyPatch) -> None:
    for name in ("recipe.toml", "thesis.tex"):
        (run / "checkpoints" / name).write_text("mine")
    check_removable(run, "checkpoints")


def removing_where_one_may_not(run: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("os.unlink", refuse(errno.EACCES))
    remove(run)


Act = Callable[[Path, pytest.MonkeyPatch], None]
ERRORS: list[tuple[Act, type[ZerokaraError], Code]] = [
    (damaged_weights, RunError, "run-damaged"),
    (damaged_checkpoints, RunError, "run-damaged"),
    (a_link_for_a_recipe, RunError, "run-damaged"),
    (a_link_for_checkpoints, RunError, "run-damaged"),
    (a_recipe_that_is_none, RunError, "run-damaged"),
    (a_recipe_that_is_no_text, RunError, "run-damaged"),
    (half_a_recipe, RunError, "run-damaged"),
    (an_edited_recipe, RunError, "run-edited"),
    (weights_of_another_run, RunError, "run-edited"),
    (a_newer_format, RunError, "run-newer"),
    (another_relu, RunError, "run-customized"),
    (nowhere, RunError, "run-missing"),
    (a_file, RunError, "run-missing"),
    (no_path, zerokara.UsageError, "wrong-value"),
    (no_recipe, RunError, "run-missing"),
    (an_empty_folder, NothingBegun, "run-missing"),
    (only_results, NothingBegun, "run-missing"),
    (only_a_recipe, NothingBegun, "run-missing"),
    (a_name_that_exists, zerokara.UsageError, "run-exists"),
    (a_name_that_is_none, zerokara.UsageError, "wrong-value"),
    (a_folder_with_a_run, Busy, "run-exists"),
    (being_trained, Busy, "run-busy"),
    (a_lock_that_is_a_folder, RunError, "run-damaged"),
    (a_lock_that_is_a_pipe, RunError, "run-damaged"),
    (no_folder_to_lock, RunError, "file-error"),
    (out_in_a_file, RunError, "run-not-written"),
    (too_little_room, RunError, "run-not-written"),
    (a_full_disk_at_a_checkpoint, RunError, "run-not-written"),
    (a_broken_disk_at_a_checkpoint, RunError, "run-not-written"),
    (a_full_disk_at_the_first_checkpoint, RunError, "run-not-written"),
    (files_in_the_way, RunError, "run-not-written"),
    (removed_while_training, Rescued, "run-lost"),
    (nowhere_to_be_found, FolderLost, "run-lost"),
    (moved_while_training, Rescued, "run-lost"),
    (a_lock_removed_while_training, Rescued, "run-lost"),
    (a_link_for_checkpoints_while_training, Rescued, "run-lost"),
    (a_rescue_with_files_in_the_way, Rescued, "run-lost"),
    (nowhere_to_rescue, RunError, "run-lost"),
    (a_name_that_leads_elsewhere, RunError, "run-lost"),
    (too_steep, Diverged, "diverged"),
    (weights_that_overflow, Diverged, "diverged"),
    (diverged_before, RunError, "diverged"),
    (on_another_processor, RunError, "run"),
    (finished, Finished, "run-finished"),
    (shorter, zerokara.UsageError, "wrong-value"),
    (under_another_recipe, zerokara.UsageError, "wrong-recipe"),
    (on_other_data, RunError, "data"),
    (without_tensorboardx, zerokara.UsageError, "missing-package"),
    (a_recipe_of_another_type, zerokara.UsageError, "wrong-value"),
    (out_of_another_type, zerokara.UsageError, "wrong-value"),
    (plots_of_another_type, zerokara.UsageError, "wrong-value"),
    (removing_elsewhere, zerokara.UsageError, "wrong-value"),
    (removing_a_link, zerokara.UsageError, "wrong-value"),
    (removing_nothing, zerokara.UsageError, "run-missing"),
    (removing_what_is_no_run, RunError, "run-missing"),
    (removing_what_may_be_somebodys, RunError, "run"),
    (removing_where_one_may_not, RunError, "file-error"),
]


@pytest.mark.parametrize(("act", "kind", "code"), ERRORS, ids=lambda value: getattr(value, "__name__", ""))
def test_each_error_is_whole_sentences_and_has_its_code(
    run: Path, monkeypatch: pytest.MonkeyPatch, is_whole: IsWhole, act: Act, kind: type[ZerokaraError], code: Code
) -> None:
    with monkeypatch.context() as patch, pytest.raises(kind, match="⟦") as caught:
        act(run, patch)
    assert type(caught.value) is kind
    assert is_whole(str(caught.value)), str(caught.value)
    assert caught.value.code == code


def test_a_run_that_was_interrupted_says_so_in_a_whole_sentence(tmp_path: Path, is_whole: IsWhole) -> None:
    run = prepare_run(Recipe(dataset="digits", iterations=2), engine="reference")
    for iterations in (1, 2):
        run.trainer.advance(iterations)
        text = str(Interrupted(run._run(tmp_path)))
        assert is_whole(text), text


@pytest.mark.parametrize("kind", [RunError, Busy, FolderLost, Finished, NothingBegun])
def test_errors_come_back_from_another_process_with_their_codes(kind: type[RunError]) -> None:
    for error in (kind("why"), kind("why", "run-exists")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.code) == (kind, "why", error.code)
