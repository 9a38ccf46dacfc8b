"""Whether a run's recipe gives what is stored in its folder: a run is exact, so a second training can tell.

There are three verdicts. *Same bits*: losses, evaluations, weights and the optimizer's state came out again, bit for
bit; that proves the recipe, wherever it was computed and whoever typed it. *Differs*: they did not, although version,
engine, processor level and threads are those that were recorded. *Cannot be told*: all else. A run is accused of
nothing that another machine may have done.
"""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.data import Dataset
from zerokara.data.entries import ENTRIES
from zerokara.engine import choose_engine
from zerokara.engine.contract import Engine
from zerokara.errors import DataError, EngineError, RunError, UsageError, ZerokaraError
from zerokara.finalization import working
from zerokara.nn.arguments import is_number
from zerokara.nn.network import Network
from zerokara.progress import duration
from zerokara.runs.at_level import Elsewhere, answer_of_child
from zerokara.runs.checkpoint import Checkpoint
from zerokara.runs.layout import WEIGHTS
from zerokara.runs.obstacles import obstacles_to, variables_to
from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.runs.provenance import Provenance
from zerokara.runs.replay import (
    Comparison,
    NeedsMemory,
    OverBudget,
    check_feasible,
    check_weights_fit,
    compared,
    replay,
    stored_bits,
)
from zerokara.runs.results import Remark, Results, passed_over_for_an_older_one, read_all
from zerokara.runs.run import Run, same_data
from zerokara.runs.untrusted import checked_folder, read_recipe
from zerokara.runs.verdict import CANNOT_TELL, DIFFERS, SAME, Reason, Verification
from zerokara.runs.weights import read_weights_header
from zerokara.training.build import network_of_sizes
from zerokara.training.events import Listener
from zerokara.training.recipe import POSITIVE, Recipe
from zerokara.words import sentence

SECONDS = 60.0
"""That the second training of one run may take, unless somebody allows more."""
MOST_DATASETS = 2
"""Data sets that are kept in memory from one run to the next."""


@dataclass
class Verifier:
    """Verifies runs one after another; what equal ones share is done once.

    Attributes:
        seconds: that a second training may take.
        data_dir: where to look for data first, also for folders of one's own that lay elsewhere.
        listener: told of every training.
        asks_children: whether processes at other levels may be asked; they themselves ask none.
    """

    seconds: float = SECONDS
    data_dir: Path | None = None
    listener: Listener | None = None
    asks_children: bool = True
    _datasets: OrderedDict[tuple[str, str], Dataset] = field(default_factory=OrderedDict)
    _missing: dict[tuple[str, str], ZerokaraError] = field(default_factory=dict)
    _known: dict[Any, Verification] = field(default_factory=dict)

    def verify(self, path: Path) -> Verification:
        """Train one run again and compare. Nothing is raised for what is wrong with it, and nothing is written."""
        try:
            folder = checked_folder(path)
            recipe = read_recipe(folder)
            checkpoint, passed_over, results = read_all(folder, recipe)
            remarks = [*results.remarks, *weights_of_another_update(folder, recipe, checkpoint, results)]
        except ZerokaraError as error:
            return Verification(path, CANNOT_TELL, (Reason(error.code, str(error)),))
        except OSError as error:
            text = sentence("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error)
            return Verification(path, CANNOT_TELL, (Reason("file-error", text),))
        except MemoryError:
            return Verification(path, CANNOT_TELL, (_out_of_memory(),))
        bits = stored_bits(checkpoint)
        key = bits, repr(replace(checkpoint.facts, seconds=0.0, digest="", provenance=_timeless(checkpoint.provenance)))
        if key not in self._known:
            self._known[key] = self._verified(_described(folder, recipe, checkpoint, bits), recipe, checkpoint)
        remarks = [*map(passed_over_for_an_older_one, passed_over), *remarks]
        return _of_folder(replace(self._known[key], path=path, recipe=recipe), remarks, results.notes)

    def _verified(self, known: Verification, recipe: Recipe, checkpoint: Checkpoint) -> Verification:
        try:
            check_weights_fit(recipe, checkpoint)
            dataset = self._data(recipe, checkpoint.provenance.data)
            known = replace(known, recomputed_accuracy=accuracy_of(recipe, checkpoint, dataset))
            check_feasible(recipe, checkpoint, self.seconds)
            prepared = _prepared(recipe, dataset, checkpoint)
            return self._judged(known, prepared, checkpoint)
        except ZerokaraError as error:
            return replace(known, reasons=(Reason(error.code, str(error)),))
        except OverBudget as over:
            return replace(known, reasons=(_over_budget(over, self.seconds),))
        except (NeedsMemory, MemoryError):
            return replace(known, reasons=(_out_of_memory(),))

    def _judged(self, known: Verification, prepared: PreparedRun, checkpoint: Checkpoint) -> Verification:
        obstacles = obstacles_to(checkpoint.provenance, prepared)
        if self.asks_children and any(obstacle.code == "other-level" for obstacle in obstacles):
            variables = variables_to(checkpoint.provenance, prepared)
            if variables is not None:
                with suppress(Elsewhere):
                    told = answer_of_child(known.path, variables, self.seconds, self.data_dir)
                    reasons = tuple(Reason(*reason) for reason in told["reasons"])
                    return replace(known, verdict=told["verdict"], reasons=reasons, differs_from=told["differs_from"])
        # Another level need not give other bits, and the same ones are a proof.
        replay(prepared.trainer, checkpoint, seconds=self.seconds, listener=self.listener)
        equal = checkpoint.provenance.environment == prepared.provenance.environment
        return concluded(known, compared(checkpoint, prepared.trainer), obstacles, equal_environment=equal)

    def _data(self, recipe: Recipe, checksum: str) -> Dataset:
        """The data of a run; a folder of one's own is looked for in `data_dir` too, where it must be the same data."""
        key = recipe.dataset, checksum
        if key in self._missing:  # and not to be asked for at all mirrors again
            raise self._missing[key]
        if key not in self._datasets:
            try:
                self._datasets[key] = self._loaded(recipe, checksum)
            except (DataError, RunError) as error:
                self._missing[key] = error
                raise
            while len(self._datasets) > MOST_DATASETS:
                self._datasets.popitem(last=False)
        self._datasets.move_to_end(key)
        return self._datasets[key]

    def _loaded(self, recipe: Recipe, checksum: str) -> Dataset:
        if recipe.dataset not in ENTRIES and self.data_dir is not None:
            for folder in (self.data_dir / os.path.basename(recipe.dataset), self.data_dir):
                try:
                    return same_data(replace(recipe, dataset=str(folder)), checksum)
                except (DataError, RunError):
                    continue
        return same_data(recipe, checksum, self.data_dir)


@working()
def verify(
    run: Run | str | os.PathLike[str], *, budget: float = SECONDS, data_dir: str | os.PathLike[str] | None = None
) -> Verification:
    """Whether a second training gives what is stored in a run's folder, bit for bit: `zerokara verify` as a function.

    Args:
        run: it, or its folder.
        budget: seconds that the second training may take.
        data_dir: where to look for its data first.

    Returns:
        A record with `verdict`: "same-bits", "differs" or "cannot-be-told", and `reasons`. Nothing is written.

    Raises UsageError for what is no path and no number of seconds.
    """
    if not is_number(budget) or budget <= 0:
        raise UsageError(sentence(POSITIVE.refusal, name="budget", got=budget), "wrong-value")
    path = run.path if isinstance(run, Run) else run
    if not isinstance(path, str | os.PathLike):
        text = sentence("A run is named by its folder, such as runs/mnist-001. Got {got!r:.80}.", got=path)
        raise UsageError(text, "wrong-value")
    return Verifier(seconds=budget, data_dir=None if data_dir is None else Path(data_dir)).verify(Path(path))


def weights_of_another_update(
    folder: Path, recipe: Recipe, checkpoint: Checkpoint, results: Results
) -> Iterator[Remark]:
    """A remark where a run went on and did not end, and its weights are not those of its newest checkpoint.

    Nobody has held them against anything, and other programs may be using them.
    """
    if results.written or not os.path.lexists(folder / WEIGHTS):
        return
    header = read_weights_header(folder / WEIGHTS, recipe, checkpoint, final=False)
    if header.facts.get("iteration") != checkpoint.iteration:
        text = sentence("{name} is not of the same update as its newest checkpoint.", name=WEIGHTS)
        yield Remark("run-edited", text)


def _of_folder(known: Verification, remarks: list[Remark], notes: list[Remark]) -> Verification:
    """What is known of a checkpoint, as that of one folder. Only where its other files agree is it "same bits"."""
    against = [remark for remark in remarks if remark.code != "file-missing"]
    told = [*(remark for remark in remarks if remark.code == "file-missing"), *notes]
    if known.verdict != SAME or not against:
        return replace(known, remarks=(*against, *told))
    text = sentence("Its checkpoint is the same bits, but other files in its folder contradict it.")
    reasons = (Reason("files", text), *(Reason(remark.code, remark.text) for remark in against))
    return replace(known, verdict=CANNOT_TELL, reasons=reasons, remarks=tuple(told))


def concluded(
    known: Verification, found: Comparison, obstacles: tuple[Reason, ...], *, equal_environment: bool
) -> Verification:
    """The verdict on a comparison, where obstacles stand against saying that a run differs.

    The one figure that NumPy computes beside the compiled core is rounded as it likes where the environment is another.
    """
    if found.same and not (found.first_loss_rounded and equal_environment):
        return replace(known, verdict=SAME, reasons=())
    known = replace(known, differs_from=None if found.losses_from is None else found.losses_from + 1)
    if obstacles:
        return replace(known, reasons=(*obstacles, *_differences(found)))
    if found.rounding or found.same:
        text = sentence(
            "It differs here only as another mathematical library rounds: that is no sign of another recipe."
        )
        return replace(known, reasons=(Reason("rounding", text),))
    return replace(known, verdict=DIFFERS, reasons=_differences(found))


def _timeless(came: Provenance) -> Provenance:
    return replace(came, began="")


def _described(folder: Path, recipe: Recipe, checkpoint: Checkpoint, bits: str) -> Verification:
    """What a checkpoint says, before anything is verified."""
    last = checkpoint.last
    return Verification(
        folder,
        CANNOT_TELL,
        recipe=recipe,
        state=checkpoint.state,
        updates=checkpoint.iteration,
        changes=len(checkpoint.facts.changes),
        engine=checkpoint.provenance.engine,
        stored_accuracy=None if last is None else last.test_accuracy,
        evaluated_at=None if last is None else last.iteration,
        bits=bits,
    )


def _prepared(recipe: Recipe, dataset: Dataset, checkpoint: Checkpoint) -> PreparedRun:
    """The same training, on the engine that was recorded."""
    came = checkpoint.provenance
    changes = checkpoint.facts.changes
    prepared = prepare_run(recipe, dataset, engine=came.engine, keep_going=came.keep_going, changes=changes)
    if list(prepared.trainer.network.sizes) != checkpoint.facts.sizes:
        text = sentence(
            "Its data now give a network of {now}, not of {then}.",
            now=prepared.trainer.network.sizes,
            then=checkpoint.facts.sizes,
        )
        raise RunError(text, "data")
    return prepared


def accuracy_of(recipe: Recipe, checkpoint: Checkpoint, dataset: Dataset) -> float | None:
    """The share of test samples that the stored weights are right about; None where their shapes do not fit."""
    sizes = checkpoint.facts.sizes
    if dataset.test.pixels.shape[1] != sizes[0] or not len(dataset.test):
        return None
    network = network_of_sizes(recipe, sizes)
    network.params = checkpoint.params
    with np.errstate(over="ignore", invalid="ignore"):
        classes = _engine_for(checkpoint.provenance.engine, network).classify(network, dataset.test)
    return int((classes == dataset.test.t).sum()) / len(dataset.test)


def _engine_for(name: str, network: Network) -> Engine:
    """The engine of that name, or where it is not here another one."""
    try:
        return choose_engine(name, network, 1)
    except (EngineError, ValueError):
        return choose_engine("auto", network, 1)


def _differences(found: Comparison) -> tuple[Reason, ...]:
    if found.losses_from is not None:
        text = sentence(
            "The losses differ from update {n:,} on: {then!r} is stored, and {now!r} came out.",
            n=found.losses_from + 1,
            then=found.then,
            now=found.now,
        )
        return (Reason("losses", text),)
    reasons = []
    if found.evaluation is not None:
        text = sentence("The losses are the same, but the evaluation after update {n:,} differs.", n=found.evaluation)
        reasons.append(Reason("evaluations", text))
    if found.array is not None:
        text = sentence("The losses are the same, but the array {name} at the end differs.", name=found.array)
        reasons.append(Reason("weights", text))
    return tuple(reasons)


def _out_of_memory() -> Reason:
    return Reason("out-of-memory", sentence("This machine has not enough memory to train it again."))


def _over_budget(over: OverBudget, seconds: float) -> Reason:
    allowed = duration(seconds)
    if over.seconds is None or not np.isfinite(over.seconds):
        text = sentence("Training it again would take longer than the {allowed} of --budget.", allowed=allowed)
    else:
        text = sentence(
            "Training it again would take about {needed}, longer than the {allowed} of --budget.",
            needed=duration(over.seconds),
            allowed=allowed,
        )
    return Reason("over-budget", text)


def answer() -> None:
    """In a process at another level: what it says of the run that is asked about on standard input."""
    request = json.load(sys.stdin)
    data_dir = request["data_dir"] and Path(request["data_dir"])
    verifier = Verifier(seconds=request["seconds"], data_dir=data_dir, asks_children=False)
    came = verifier.verify(Path(request["path"]))
    reasons = [[reason.code, reason.text] for reason in came.reasons]
    told = {"verdict": came.verdict, "reasons": reasons, "differs_from": came.differs_from}
    print(json.dumps(told))


if __name__ == "__main__":
    answer()
