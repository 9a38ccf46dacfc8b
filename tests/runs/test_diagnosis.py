"""`zerokara.diagnose`: runs, and what else it takes; trials that leave the run and the test part alone."""

import hashlib
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara
from zerokara.data import Dataset, load
from zerokara.errors import DataError, RunError, UsageError
from zerokara.findings import Finding, Findings
from zerokara.runs.diagnosis import held_out, parts_of, trial_of, with_change
from zerokara.runs.folder import RunFolder
from zerokara.runs.prepared import Diverged, prepare_run
from zerokara.runs.reporting import findings_of_end
from zerokara.training.batches import TRIALS, generator
from zerokara.training.build import build_trainer
from zerokara.training.changes import Change
from zerokara.training.recipe import Recipe

SLOW: dict[str, Any] = {"learning_rate": 1e-5, "hidden": (20,), "epochs": 60}
BEFORE = Path(__file__).parent / "written_before"


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> zerokara.Run:
    """A run with a rate of 1e-5."""
    return zerokara.train("digits", out=tmp_path_factory.mktemp("slow"), plots=False, **SLOW)


def bytes_of(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_a_run_is_told_what_heals_it_and_keeps_its_bits(slow: zerokara.Run) -> None:
    before = bytes_of(slow.path)
    first = zerokara.diagnose(slow)[0]
    assert first.cause == "rate-too-low"
    assert first.change is not None
    assert first.proof["held_out"] == 432
    assert first.proof["accuracy_before"] < 0.3 < 0.8 < first.proof["accuracy_after"]
    healed = zerokara.train(recipe=slow.recipe, out=slow.path.parent / "healed", plots=False, **first.change)
    assert healed.history.last.test_accuracy > 0.8
    assert bytes_of(slow.path) == before
    assert zerokara.diagnose(str(slow.path)) == zerokara.diagnose(slow), "from its folder too, and always the same"


def test_a_healthy_run_has_nothing(tmp_path: Path) -> None:
    run = zerokara.train("digits", out=tmp_path, plots=False)
    assert zerokara.diagnose(run) == ()


def test_a_run_that_diverged(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"what helps: zerokara doctor .*digits-001$") as ended:
        zerokara.train("digits", out=tmp_path, plots=False, learning_rate=1e30, epochs=60)
    first = zerokara.diagnose(ended.value.run)[0]
    assert first.cause in ("rate-too-high", "diverged")
    assert first.proof["accuracy_after"] > 0.9


def changed(path: Path, *changes: Change, **fields: Any) -> zerokara.Run:
    """A run that was changed while it trained, as it lies in its folder."""
    recipe = Recipe(**{"dataset": "digits", "hidden": (30,), "batch_size": 50, "iterations": 400, **fields})
    prepared = prepare_run(recipe, changes=changes)
    with suppress(Diverged):
        prepared.run_into(RunFolder.create(path, "changed", "digits"), plots=False)
    return zerokara.open_run(path / "changed")


@pytest.mark.parametrize(
    ("change", "cause", "seen", "proposed"),
    [
        (Change(100, "learning_rate", 1e30), "rate-too-high", {"learning_rate": 1e30}, {"learning_rate": 0.1}),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                (Change(60, "learning_rate", 30.0), "rate-too-high", {"learning_rate": 30}, {"learning_rate": 0.1}),
                (Change(3, "learning_rate", 1e-6), "rate-too-low", {"learning_rate": 1e-6}, {"learning_rate": 0.1}),
                (
                    Change(60, "weight_decay", 1.0), "weight-decay-too-strong", {"weight_decay": 1.0},
                    {"weight_decay": 0.001},
                ),
                (Change(3, "weight_decay", 1e300), "weight-decay-too-strong", {}, {"weight_decay": 0.0}),
            )
        ),
    ],
)  # fmt: skip
def test_a_run_that_was_spoilt_while_it_trained_is_told_by_what(
    tmp_path: Path, change: Change, cause: str, seen: dict[str, float], proposed: dict[str, float]
) -> None:
    """The recipe is a healthy one: the rate to speak of is the one that was set, and nothing else was tried with it."""
    run = changed(tmp_path, change, learning_rate=0.3)
    first = zerokara.diagnose(run)[0]
    assert (first.cause, first.change) == (cause, proposed)
    assert seen.items() <= first.evidence.items()
    assert first.proof["accuracy_before"] < 0.3 < 0.85 < first.proof["accuracy_after"]
    assert [finding.cause for finding in findings_of_end(run, run.dataset)] == [], "signals alone do not tell"


def test_a_healthy_run_that_was_changed_has_nothing(tmp_path: Path) -> None:
    made = [Change(100, "learning_rate", 0.05), Change(200, "weight_decay", 0.001)]
    run = changed(tmp_path, *made, learning_rate=0.3)
    assert run.changes == tuple(made)
    assert zerokara.diagnose(run) == ()


def test_trials_are_changed_as_the_run_was_but_for_what_is_tried(digits: Dataset) -> None:
    """With the change of a setting that is tried, the proposal would be gone; without others, theirs were the gain."""
    recipe = Recipe(dataset="digits", hidden=(3,), iterations=30, optimizer="momentum", learning_rate=0.1).resolved()
    made = [Change(2, "learning_rate", 1e-9), Change(3, "weight_decay", 0.1), Change(4, "momentum", 0.1)]
    train = trial_of(recipe, digits, changes=made)
    for change, kept in (
        ({}, made), ({"learning_rate": 0.05}, made[1:]), ({"weight_decay": 0.0}, [made[0], made[2]]),
        ({"optimizer": "adam"}, [made[1]]), ({"hidden": (5,)}, made),
    ):  # fmt: skip
        right = []
        for part in range(parts_of(len(digits.train))):
            data = held_out(digits, recipe.seed, part)
            trainer = build_trainer(with_change(recipe, change, 15), data, changes=kept)
            trainer.run()
            right.append(trainer.engine.classify(trainer.network, data.test) == data.test.t)
        trial = train(change)
        assert trial is not None
        np.testing.assert_array_equal(trial.right, np.concatenate(right))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["finished", "stopped"])
def test_runs_of_before_can_be_asked(name: str, tmp_path: Path) -> None:
    folder = shutil.copytree(BEFORE / name, tmp_path / name)
    before = bytes_of(folder)
    assert isinstance(zerokara.diagnose(folder), tuple)
    assert bytes_of(folder) == before


@pytest.mark.slow
def test_the_data_of_a_run_may_be_gone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for part, label, i in ((part, label, i) for part in ("train", "test") for label in "ab" for i in range(3)):
        from PIL import Image

        path = folder / part / label / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), 40 * i + (label == "a"), np.uint8)).save(path)
    run = zerokara.train(folder, out=tmp_path / "runs", plots=False, iterations=3, batch_size=2)
    assert isinstance(zerokara.diagnose(run.path), tuple), "six samples, of which one is held out"
    shutil.rmtree(folder)
    with pytest.raises((DataError, RunError), match="mine"):
        zerokara.diagnose(run.path)


@pytest.mark.parametrize(
    ("subject", "keywords", "error", "words"),
    [
        (3, {}, UsageError, "diagnose takes a run or its folder, a network .* Got 3"),
        (None, {}, UsageError, "diagnose takes a run or its folder"),
        ("nowhere", {}, RunError, "nowhere does not exist"),
        ("nowhere", {"x": 1}, UsageError, "A run has its own data"),
        (zerokara.Network([2, 2]), {"x": np.ones((1, 2))}, UsageError, "Give x and t too"),
    ],
)
def test_what_it_refuses(subject: Any, keywords: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        zerokara.diagnose(subject, **keywords)


def test_a_network_is_told_what_its_weights_and_samples_show(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerokara.own_training.diagnosed", lambda variables: Findings(), raising=False)
    x, t = digits.train.x, digits.train.t
    fresh = zerokara.Network([64, 20, 10])
    before = {name: array.copy() for name, array in fresh.params.items()}
    assert zerokara.diagnose(fresh, x, t) == ()
    assert zerokara.diagnose(fresh, x[0], np.eye(10)[t[0]]) == zerokara.diagnose(fresh, x[:1], t[:1])
    assert [found.cause for found in zerokara.diagnose(zerokara.Network([64, 20, 10], init=0.0), x, t)] == [
        "symmetric-weights"
    ]
    with_nan = x.copy()
    with_nan[3, 3] = np.nan
    assert [found.cause for found in zerokara.diagnose(fresh, with_nan, t)] == ["nan-in-data"]
    assert [found.cause for found in zerokara.diagnose(fresh, x, t * 0)] == ["one-answer"]
    for name, array in before.items():
        np.testing.assert_array_equal(fresh.params[name], array, strict=True)


def test_variables_are_looked_into_by_whoever_knows_learners_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def diagnosed(variables: dict[str, Any]) -> Findings:
        asked.append(variables)
        return Findings([Finding(cause="sign", text="Up.")])

    monkeypatch.setattr("zerokara.own_training.diagnosed", diagnosed, raising=False)
    assert zerokara.diagnose({"network": 1})[0].cause == "sign"
    zerokara.diagnose({"network": 1, "x": 2}, x=3, t=4)
    assert asked == [{"network": 1}, {"network": 1, "x": 3, "t": 4}]


def test_a_tenth_of_the_training_part_is_held_out_by_a_stream_of_its_own(digits: Dataset) -> None:
    rest = held_out(digits, 3)
    assert (len(rest.train), len(rest.test)) == (1294, 144)
    together = np.concatenate([rest.train.pixels, rest.test.pixels])
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(digits.train.pixels, axis=0))
    order = generator(3, TRIALS).permutation(1438)
    np.testing.assert_array_equal(rest.test.pixels, digits.train.pixels[np.sort(order[:144])])
    np.testing.assert_array_equal(held_out(digits, 3, 9).test.t, digits.train.t[np.sort(order[1296:])])
    assert (held_out(digits, 4).test.t != rest.test.t).any()


def test_of_a_small_training_part_several_tenths_judge() -> None:
    assert [parts_of(n) for n in (2, 3, 6, 15, 100, 1438, 4000, 60_000)] == [2, 3, 6, 7, 10, 3, 1, 1]


class Blind:
    """A data set whose test part must not be looked at."""

    def __init__(self, digits: Dataset) -> None:
        shuffled = replace(digits.test, t=digits.test.t[::-1].copy())
        self.dataset = replace(digits, test=shuffled)


def test_the_test_part_has_no_say_in_a_trial(digits: Dataset) -> None:
    recipe = Recipe("digits", epochs=3).resolved()
    seen, unseen = (trial_of(recipe, data)({}) for data in (digits, Blind(digits).dataset))
    assert seen is not None
    assert unseen is not None
    np.testing.assert_array_equal(seen.right, unseen.right)


def test_a_trial_has_as_many_updates_as_the_run(digits: Dataset) -> None:
    ended: list[int] = []

    class Counting:
        def begins(self, change: Any) -> None:
            pass

        def __call__(self, event: Any) -> None:
            if type(event).__name__ == "Ended":
                ended.append(event.iteration)

    train = trial_of(Recipe("digits", epochs=2).resolved(), digits, onlooker=Counting())
    for change in ({}, {"epochs": 4}, {"batch_size": 10}, {"iterations": 7}):
        train(change)
    assert ended == [30, 30, 30, 60, 60, 60, 30, 30, 30, 7, 7, 7], "each judged by three tenths"


def test_a_trial_that_takes_too_long_is_ended(digits: Dataset) -> None:
    assert trial_of(Recipe("digits").resolved(), digits, seconds=0.0)({}) is None


def test_a_batch_of_all_samples_fits_into_a_trial(digits: Dataset) -> None:
    recipe = Recipe("digits", batch_size=1438, sampling="epoch", iterations=2).resolved()
    assert trial_of(recipe, digits)({}) is not None


def test_an_optimizer_comes_with_its_own_settings() -> None:
    recipe = Recipe("digits", optimizer="momentum", momentum=0.5, iterations=10).resolved()
    changed = with_change(recipe, {"optimizer": "adam"}, 15).resolved()
    assert (changed.optimizer, changed.learning_rate, changed.momentum) == ("adam", 0.001, None)
    assert with_change(recipe, {"learning_rate": 0.3}, 15).momentum == 0.5
    assert with_change(recipe, {"epochs": 3}, 15).iterations == 45
