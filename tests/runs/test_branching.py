"""A run that goes on from an earlier update of another one: a folder of its own, and a proof from its beginning."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.errors import RunError
from zerokara.runs.branching import branched
from zerokara.runs.checkpointer import Checkpointer
from zerokara.runs.folder import RunFolder
from zerokara.runs.listing import line_of
from zerokara.runs.machine import blas_threads, limited_to
from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.runs.resume import reopen
from zerokara.runs.run import Run
from zerokara.training.changes import Change, Parent
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Started
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Moment

TINY = Recipe(dataset="digits", hidden=(3,), batch_size=90, iterations=20, evaluate_every=6, optimizer="adam", seed=5)
EARLY, LATE = Change(4, "learning_rate", 0.02), Change(15, "weight_decay", 0.1)
FILES = ("losses.csv", "epochs.csv", "weights.safetensors", "recipe.toml")


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)


def changing(prepared: PreparedRun, *changes: Change) -> Callable[[Event], None]:
    """A listener that makes changes between updates."""

    def listen(event: Event) -> None:
        if isinstance(event, Started):
            event.look_at([change.iteration for change in changes])
        if isinstance(event, Advanced):
            for change in changes:
                if change.iteration == event.iteration:
                    prepared.trainer.change(change.field, change.value)

    return listen


class First:
    """A run that finished, changed twice on its way, with its moments: those before an evaluation, and after it."""

    def __init__(self, out: Path, engine: str = "reference") -> None:
        self.out, self.moments = out, dict[tuple[int, type], Moment]()
        self.prepared = prepare_run(TINY, engine=engine)
        self.prepared.trainer.chunk = 1
        changes = changing(self.prepared, EARLY, LATE)

        def listen(event: Event) -> None:
            changes(event)
            self.moments[self.prepared.trainer.iteration, type(event)] = self.prepared.trainer.moment()

        self.run = self.prepared.run_into(RunFolder.create(out, "first", "digits"), plots=False, listeners=[listen])

    def branch(self, at: int, kind: type = Advanced, **options: Any) -> PreparedRun:
        return branched(self.prepared, "first", self.moments[at, kind], **options)

    def folder(self, name: str = "second") -> RunFolder:
        return RunFolder.create(self.out, name, "digits")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    return First(tmp_path_factory.mktemp("runs"))


def verdict(run: Run) -> tuple[str, tuple[object, ...]]:
    came = zerokara.verify(run)
    return came.verdict, (*came.reasons, *came.remarks)


SAME: tuple[str, tuple[object, ...]] = ("same-bits", ())


def test_it_goes_on_in_a_folder_of_its_own_and_the_old_one_stays(first: First) -> None:
    before = {path: path.read_bytes() for path in first.run.path.rglob("*") if path.is_file()}
    prepared = first.branch(10)
    assert (prepared.trainer.iteration, prepared.trainer.changes) == (10, [EARLY])
    prepared.trainer.change("learning_rate", 0.005)
    run = prepared.run_into(first.folder(), plots=False)
    assert {path: path.read_bytes() for path in first.run.path.rglob("*") if path.is_file()} == before
    assert (run.state, run.iterations, run.parent) == ("finished", 20, Parent("first", 10))
    assert run.changes == (EARLY, Change(10, "learning_rate", 0.005))
    assert verdict(run) == SAME, "from the beginning, without its parent"
    opened = zerokara.open_run(run.path)
    assert (opened.parent, opened.changes) == (run.parent, run.changes)
    assert json.loads((run.path / "run.json").read_text())["parent"] == {"run": "first", "iteration": 10}
    line = line_of(run.path)
    assert line is not None
    assert line.to_json()["parent"] == {"run": "first", "iteration": 10}
    assert [e.iteration for e in run.history.evaluations] == [0, 6, 12, 18, 20]
    assert (run.history.losses[:10] == first.run.history.losses[:10]).all()
    assert (run.history.losses[11:] != first.run.history.losses[11:]).all()


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        (4, Advanced),
        (6, Advanced),
        *(
            pytest.param(at, kind, marks=pytest.mark.slow)
            for at, kinds in {
                0: [Started, Evaluated], 6: [Evaluated], 15: [Advanced], 20: [Advanced, Evaluated, Ended],
            }.items()
            for kind in kinds
        ),
    ],
)  # fmt: skip
def test_without_another_change_it_is_what_recipe_and_changes_give(tmp_path: Path, at: int, kind: type) -> None:
    """From before and after an evaluation, and a change, and where nothing is left to do."""
    first = First(tmp_path)
    run = first.branch(at, kind).run_into(first.folder(), plots=False)
    kept = [change for change in (EARLY, LATE) if change.iteration <= at]
    assert (run.changes, run.parent) == (tuple(kept), Parent("first", at))
    whole = prepare_run(TINY, engine="reference", changes=kept).run_into(first.folder("whole"), plots=False)
    for name in FILES:
        assert (run.path / name).read_bytes() == (whole.path / name).read_bytes()
    assert verdict(run) == SAME
    assert zerokara.compare(run, whole).identical
    assert [row.name for row in zerokara.compare(run, whole).differences] == ["parent"]


@pytest.mark.parametrize(
    "stop_at", [11, pytest.param(10, marks=pytest.mark.slow), pytest.param(19, marks=pytest.mark.slow)]
)
def test_stopped_and_gone_on_with_it_keeps_its_parent(tmp_path: Path, stop_at: int) -> None:
    first = First(tmp_path)
    later = [Change(at, "learning_rate", 0.1) for at in (10, 11) if at <= stop_at]

    def stop(event: Event) -> None:
        if isinstance(event, Started):
            event.look_at([11, 19])
        if event.history.losses.size == stop_at:
            event.request_stop()

    prepared = first.branch(10)
    prepared.trainer.change("learning_rate", 0.1)
    run = prepared.run_into(first.folder(), plots=False, listeners=[changing(prepared, *later[1:]), stop])
    assert (run.state, run.iterations) == ("stopped", stop_at)
    assert verdict(run) == SAME
    reopened = reopen(run.path)
    run = reopened.prepared.run_into(reopened.folder, plots=False)
    assert (run.state, run.parent) == ("finished", Parent("first", 10))
    assert run.changes[1] == Change(10, "learning_rate", 0.1)
    assert verdict(run) == SAME


def test_a_branch_of_a_branch_names_the_one_that_it_goes_on_from(tmp_path: Path) -> None:
    first = First(tmp_path)
    second = first.branch(10)
    moments = {}

    def keep(event: Event) -> None:
        moments[second.trainer.iteration] = second.trainer.moment()

    second.trainer.chunk = 1
    second.trainer.change("learning_rate", 0.005)
    second.run_into(first.folder(), plots=False, listeners=[keep])
    third = branched(second, "second", moments[13]).run_into(first.folder("third"), plots=False)
    assert third.parent == Parent("second", 13)
    assert third.changes == (EARLY, Change(10, "learning_rate", 0.005))
    assert verdict(third) == SAME


def test_it_remembers_that_its_parent_was_forced(first: First, tmp_path: Path) -> None:
    from dataclasses import replace

    forced = replace(first.prepared.provenance, forced=["numpy was 1.0 and is 2.0 here, from update 3"], threads=1)
    prepared = branched(replace(first.prepared, provenance=forced), "first", first.moments[10, Advanced])
    assert (prepared.provenance.forced, prepared.provenance.threads) == (forced.forced, 1)
    run = prepared.run_into(RunFolder.create(tmp_path, "second", "digits"), plots=False)
    assert verdict(run)[0] == "same-bits", "and the same bits are a proof all the same"


def test_its_first_checkpoint_is_of_the_moment_that_it_goes_on_from(
    first: First, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is killed before its first update has lost nothing."""
    folder = RunFolder.create(tmp_path, "second", "digits")
    prepared = first.branch(10)
    prepared.trainer.change("learning_rate", 0.5)

    def die(*args: object, **options: object) -> None:
        assert [path.name for path in (tmp_path / "second/checkpoints").iterdir()] == ["10.safetensors"]
        monkeypatch.setattr(Checkpointer, "save", lambda checkpointer: None)
        raise KeyboardInterrupt

    monkeypatch.setattr(prepared.trainer.engine, "advance", die)
    with pytest.raises(KeyboardInterrupt):
        prepared.run_into(folder, plots=False)
    monkeypatch.undo()
    line = line_of(tmp_path / "second")
    assert line is not None
    assert (line.state, line.updates, line.changes, line.parent) == ("unfinished", 10, 2, Parent("first", 10))
    reopened = reopen(tmp_path / "second")
    run = reopened.prepared.run_into(reopened.folder, plots=False)
    assert (run.iterations, run.parent, run.changes[1].value) == (20, Parent("first", 10), 0.5)
    assert verdict(run) == SAME


def test_it_can_be_trained_in_a_thread(first: First, tmp_path: Path) -> None:
    """Which handles no signals; a stop that a program asks for is heeded."""
    got: list[Any] = []

    def train(name: str, **options: Any) -> None:
        try:
            prepared = first.branch(10, **options)
            got.append(prepared.run_into(RunFolder.create(tmp_path, name, "digits"), plots=False))
        except BaseException as error:
            got.append(error)

    def stop(event: Event) -> None:
        if isinstance(event, Advanced) and event.iteration >= 12:
            event.request_stop()

    for name, options in {"whole": {}, "stopped": {"listeners": [stop]}}.items():
        thread = threading.Thread(target=train, args=[name], kwargs=options)
        thread.start()
        thread.join()
    whole, stopped = got
    assert (whole.state, stopped.state) == ("finished", "stopped")
    assert verdict(whole) == verdict(stopped) == SAME
    run = first.branch(10).run_into(RunFolder.create(tmp_path, "main", "digits"), plots=False)
    for name in FILES:
        assert (run.path / name).read_bytes() == (whole.path / name).read_bytes()


@pytest.mark.skipif(blas_threads() == 0, reason="nothing is known of the matrix library's threads")
def test_in_a_thread_the_matrix_library_uses_what_is_recorded(first: First, tmp_path: Path) -> None:
    seen: list[int] = []
    with limited_to(1):
        prepared = first.branch(10, listeners=[lambda event: seen.append(blas_threads())])
    assert prepared.provenance.threads == first.prepared.provenance.threads, "that of its parent, whatever is set now"
    folder = RunFolder.create(tmp_path, "second", "digits")
    with limited_to(2):
        thread = threading.Thread(target=lambda: prepared.run_into(folder, plots=False))
        thread.start()
        thread.join()
    assert set(seen) == {first.prepared.provenance.threads}


def test_a_folder_that_cannot_be_written_loses_nothing(first: First, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "second", "digits")
    (tmp_path / "second/checkpoints").write_text("in the way")
    with pytest.raises(RunError):
        first.branch(10).run_into(folder, plots=False)
    assert first.branch(10).run_into(first.folder("after"), plots=False).state == "finished"


def test_show_names_it(first: First, capsys: pytest.CaptureFixture[str], marked: None) -> None:
    run = first.branch(10).run_into(first.folder("shown"), plots=False)
    assert main(["runs", "show", str(run.path)]) == 0
    shown = capsys.readouterr().out
    assert "⟦It goes on from update 10 of first.⟧" in shown
    assert "⟦Changed while it trained⟧" in shown


KILLED = """
import os, signal
from pathlib import Path
from zerokara.runs.branching import branched
from zerokara.runs.folder import RunFolder
from zerokara.runs.prepared import prepare_run
from zerokara.training.events import Advanced, Started
from zerokara.training.recipe import Recipe

first = prepare_run(Recipe(dataset="digits", hidden=5, iterations=60, batch_size=50))
moments = {}
first.trainer.chunk = 1
first.trainer.run(lambda event: moments.update({first.trainer.iteration: first.trainer.moment()}))
second = branched(first, "first", moments[30], listeners=[
    lambda event: os.kill(os.getpid(), signal.SIGKILL) if isinstance(event, Started) else None
])
second.trainer.change("learning_rate", 0.5)
second.run_into(RunFolder.create(Path("."), "second", "digits"), plots=False)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_its_start_it_goes_on(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=False)
    assert done.returncode == -9
    reopened = reopen(tmp_path / "second")
    assert reopened.prepared.trainer.iteration == 30
    run = reopened.prepared.run_into(reopened.folder, plots=False)
    assert (run.parent, run.changes) == (Parent("first", 30), (Change(30, "learning_rate", 0.5),))
    assert verdict(run) == SAME
