"""Settings that are changed while a network is trained: from the next update on, live or replayed, in any chunks."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from zerokara.data import Dataset, load
from zerokara.engine.choosing import ENGINES
from zerokara.errors import UsageError
from zerokara.training import changes as module
from zerokara.training.build import build_trainer
from zerokara.training.changes import CHANGEABLE, Change, value_after
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Started
from zerokara.training.history import Evaluation
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer

TINY: dict[str, Any] = {"dataset": "digits", "hidden": (3,), "batch_size": 40, "iterations": 24, "evaluate_every": 9}
LATER = [Change(5, "learning_rate", 0.02), Change(9, "weight_decay", 0.03), Change(17, "learning_rate", 0.3)]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


def trainer_of(
    data: Dataset, changes: Sequence[Change] = (), chunk: int | None = None, *, engine: str = "reference", **fields: Any
) -> Trainer:
    trainer = build_trainer(Recipe(**{**TINY, **fields}), data, engine=engine, changes=changes)
    trainer.chunk = chunk
    return trainer


def ran(trainer: Trainer, *listeners: Callable[[Event], None]) -> Trainer:
    trainer.run(*listeners)
    return trainer


def making(trainer: Trainer, changes: Sequence[Change]) -> Callable[[Event], None]:
    """A listener that makes these changes live; it stops the trainer's chunks where they are to be made."""

    def listen(event: Event) -> None:
        if isinstance(event, Started):
            event.look_at(change.iteration for change in changes)
        if isinstance(event, Advanced) or (isinstance(event, Started) and not trainer.iteration):
            for change in changes:
                if change.iteration == trainer.iteration:
                    trainer.change(change.field, change.value)

    return listen


def bits(trainer: Trainer) -> tuple[list[bytes], list[Evaluation], bytes]:
    """All that a training comes to."""
    arrays = [*trainer.network.params.values(), *(a for s in trainer.optimizer.state.values() for a in s.values())]
    return [array.tobytes() for array in arrays], trainer.history.evaluations, trainer.history.losses.tobytes()


# A change


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("learning_rate", 0, r"learning_rate must be a positive number\. Got 0\."),
        ("learning_rate", -0.1, "learning_rate must be a positive number"),
        ("learning_rate", float("nan"), "learning_rate must be a positive number"),
        ("learning_rate", None, r"learning_rate must be a positive number\. Got None\."),
        ("learning_rate", "0.1", "learning_rate must be a positive number"),
        ("learning_rate", True, "learning_rate must be a positive number"),
        ("learning_rate", 10**400, "learning_rate must be a positive number"),
        ("momentum", 1, r"momentum must be at least 0 and less than 1\. Got 1\."),
        ("momentum", -0.1, "momentum must be at least 0 and less than 1"),
        ("weight_decay", -1e-9, "weight_decay must be 0 or a positive number"),
        ("weight_decay", float("inf"), "weight_decay must be 0 or a positive number"),
        ("seed", 1, "field must be one of learning_rate, momentum, weight_decay. Got 'seed'"),
        ("learningrate", 1, "Did you mean learning_rate"),
        (None, 1, "field must be one of"),
    ],
)
def test_what_a_recipe_would_refuse_is_refused_and_nothing_is_changed(
    digits: Dataset, field: Any, value: Any, match: str
) -> None:
    trainer = trainer_of(digits, optimizer="momentum")
    trainer.change("learning_rate", 0.5)
    with pytest.raises(UsageError, match=match):
        trainer.change(field, value)
    assert trainer.changes == [Change(0, "learning_rate", 0.5)]
    assert (trainer.optimizer.settings, trainer.network.weight_decay) == ({"learning_rate": 0.5, "momentum": 0.9}, 0.0)


@pytest.mark.parametrize("iteration", [-1, 2.0, True, None, 2**63, "1"])
def test_the_update_before_it_is_a_whole_number(iteration: Any) -> None:
    with pytest.raises(UsageError, match="iteration must be a whole number from 0"):
        Change(iteration, "learning_rate", 0.1)


def test_values_are_floats_whatever_they_came_as() -> None:
    """A numpy.float64 would turn the steps of a float32 network into float64 ones."""
    made = Change(np.int64(3), "learning_rate", np.float64(0.1))  # type: ignore[arg-type]
    assert made == Change(3, "learning_rate", 0.1)
    assert (type(made.iteration), type(made.value)) == (int, float)
    assert type(Change(0, "weight_decay", 1).value) is float


def test_a_setting_that_the_optimizer_does_not_have_is_refused(digits: Dataset) -> None:
    trainer = trainer_of(digits)
    with pytest.raises(UsageError, match=r"momentum is not a setting of sgd, which has learning_rate\."):
        trainer.change("momentum", 0.5)
    assert trainer.changes == []
    with pytest.raises(UsageError, match="momentum is not a setting of sgd"):
        trainer_of(digits, [Change(3, "momentum", 0.5)])


def test_no_setting_is_changed_while_updates_are_being_done(digits: Dataset) -> None:
    """Its iteration would not be the one from which on it counts."""
    trainer = trainer_of(digits)
    advance = trainer.engine.advance

    def meddling(*args: Any, **options: Any) -> NDArray[np.float64]:
        with pytest.raises(RuntimeError, match="cannot be changed while updates are being done"):
            trainer.change("learning_rate", 0.5)
        return advance(*args, **options)

    trainer.engine.advance = meddling  # type: ignore[method-assign]
    trainer.run()
    assert trainer.changes == []


def test_of_several_between_the_same_updates_the_last_counts(digits: Dataset) -> None:
    trainer = trainer_of(digits)

    def slide(event: Event) -> None:
        if isinstance(event, Evaluated) and event.evaluation.iteration == 9:
            for value in (0.2, 0.3, 0.4):
                trainer.change("learning_rate", value)
                trainer.change("weight_decay", value)
            trainer.change("learning_rate", 0.25)
            trainer.change("weight_decay", 0)

    ran(trainer, slide)
    assert trainer.changes == [Change(9, "learning_rate", 0.25)], "and what is as it was is no change"
    assert bits(trainer) == bits(ran(trainer_of(digits, [Change(9, "learning_rate", 0.25)])))
    given = trainer_of(digits, [Change(9, "learning_rate", 7.0), LATER[2], Change(9, "learning_rate", 0.25), LATER[0]])
    assert given.changes == [LATER[0], Change(9, "learning_rate", 0.25), LATER[2]]


def test_there_is_an_end_of_changes(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerokara.training.trainer.MOST_CHANGES", 2)
    trainer = trainer_of(digits)
    trainer.change("learning_rate", 0.5)
    trainer.change("weight_decay", 0.5)
    trainer.change("learning_rate", 0.6)
    trainer.iteration = 1
    with pytest.raises(UsageError, match=r"at most 2 changes\. Nothing was changed\."):
        trainer.change("learning_rate", 0.7)
    assert trainer.optimizer.learning_rate == 0.6
    assert len(trainer.changes) == 2


def test_what_a_setting_has_after_some_of_them() -> None:
    assert value_after(LATER, "learning_rate", 0.1) == 0.3
    assert value_after(LATER[:2], "learning_rate", 0.1) == 0.02
    assert value_after(LATER[:1], "weight_decay", 0.5) == 0.5


# From which update on: a training written here


def by_hand(data: Dataset, schedule: Callable[[int], tuple[float, float, float]]) -> tuple[list[float], Any]:
    """Losses and weights of a two-layer ReLU network with momentum: rate, momentum and λ of each update."""
    trainer = trainer_of(data, optimizer="momentum", dtype="float64")
    params = {name: array.copy() for name, array in trainer.network.params.items()}
    v = {name: np.zeros_like(array) for name, array in params.items()}
    losses = []
    for i in range(TINY["iterations"]):
        rate, mu, decay = schedule(i)
        rows = trainer.batches.rows(i, i + 1)[0]
        x, t = data.train.x[rows].astype(np.float64), data.train.t[rows]
        a = x @ params["W1"] + params["b1"]
        z = np.maximum(a, 0)
        scores = z @ params["W2"] + params["b2"]
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        squares = sum((params[name] ** 2).sum() for name in ("W1", "W2"))
        losses.append(-np.log(p[np.arange(len(t)), t]).mean() + 0.5 * decay * squares)
        d2 = (p - np.eye(10)[t]) / len(t)
        d1 = d2 @ params["W2"].T * (a > 0)
        grads = {"W1": x.T @ d1, "b1": d1.sum(0), "W2": z.T @ d2, "b2": d2.sum(0)}
        for name in params:
            penalty = decay * params[name] if name.startswith("W") else 0.0
            v[name] = mu * v[name] - rate * (grads[name] + penalty)
            params[name] += v[name]
    return losses, params


@pytest.mark.parametrize("engine", ENGINES)
def test_each_counts_from_the_update_after_its_iteration(digits: Dataset, engine: str) -> None:
    made = [*LATER, Change(0, "momentum", 0.8), Change(23, "momentum", 0.1)]

    def schedule(i: int) -> tuple[float, float, float]:
        rate = 0.1 if i < 5 else 0.02 if i < 17 else 0.3
        return rate, 0.8 if i < 23 else 0.1, 0.0 if i < 9 else 0.03

    losses, params = by_hand(digits, schedule)
    options = {"optimizer": "momentum", "learning_rate": 0.1, "dtype": "float64"}
    trainer = ran(trainer_of(digits, made, engine=engine, **options))
    assert_allclose(trainer.history.losses, losses, rtol=1e-10)
    for name, array in trainer.network.params.items():
        assert_allclose(array, params[name], rtol=1e-9, atol=1e-12)
    shifted = [Change(change.iteration + 1, change.field, change.value) for change in made[:1]]
    other = ran(trainer_of(digits, [*shifted, *made[1:]], engine=engine, **options))
    assert not np.allclose(other.history.losses, losses, rtol=1e-6), "one update later is seen"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_live_and_replayed_are_the_same_bits(digits: Dataset, engine: str, optimizer: str) -> None:
    made = list(LATER)
    if "momentum" in OPTIMIZERS[optimizer]().settings:
        made += [Change(9, "momentum", 0.5), Change(0, "momentum", 0.7)]
    live = trainer_of(digits, engine=engine, optimizer=optimizer)
    ran(live, making(live, made))
    assert sorted(live.changes) == sorted(made)
    for chunk in (None, 2):
        again = ran(trainer_of(digits, live.changes, chunk, engine=engine, optimizer=optimizer))
        assert bits(again) == bits(live)
    assert bits(ran(trainer_of(digits, engine=engine, optimizer=optimizer))) != bits(live)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_numerical_gradient_follows_too(digits: Dataset, engine: str) -> None:
    options: dict[str, Any] = {"gradient": "numerical", "hidden": (1,), "iterations": 5, "batch_size": 5}
    made = [Change(2, "learning_rate", 0.5), Change(3, "weight_decay", 0.2)]
    live = trainer_of(digits, engine=engine, **options)
    ran(live, making(live, made))
    assert bits(ran(trainer_of(digits, made, engine=engine, **options))) == bits(live)
    exact = ran(trainer_of(digits, made, engine=engine, **{**options, "gradient": "backprop", "dtype": "float64"}))
    assert_allclose(live.history.losses, exact.history.losses, rtol=1e-6)


def test_where_it_diverges_does_not_depend_on_chunks(digits: Dataset) -> None:
    """A chunk that diverges is done again, update by update, with the settings it had."""
    made = [Change(3, "weight_decay", 0.01), Change(11, "learning_rate", 1e25), Change(12, "learning_rate", 0.1)]
    came = []
    for chunk, live in product((None, 1, 4), (False, True)):
        trainer = trainer_of(digits, [] if live else made, chunk, iterations=60, evaluate_every=60, loss="squared")
        ran(trainer, *([making(trainer, made)] if live else []))
        assert trainer.divergence is not None
        came.append((repr(trainer.divergence), bits(trainer), trainer.iteration))  # a loss of NaN is not itself
    assert all(one == came[0] for one in came)
    assert came[0][2] >= 11


def test_one_before_the_first_update_leaves_the_first_evaluation_as_it_was(digits: Dataset) -> None:
    """It says what the recipe begins with, whether the change was made before it or after it."""
    made = [Change(0, "weight_decay", 0.5), Change(0, "learning_rate", 0.3)]
    before = trainer_of(digits, weight_decay=0.1)
    for change in made:
        before.change(change.field, change.value)

    def starting(event: Event) -> None:
        if isinstance(event, Started):
            within.change("weight_decay", 0.5)
            within.change("learning_rate", 0.3)

    def looking(event: Event) -> None:
        if isinstance(event, Evaluated) and not event.evaluation.iteration:
            after.change("weight_decay", 0.5)
            after.change("learning_rate", 0.3)

    within, after = trainer_of(digits, weight_decay=0.1), trainer_of(digits, weight_decay=0.1)
    trainers = [
        ran(before), ran(within, starting), ran(after, looking), ran(trainer_of(digits, made, weight_decay=0.1)),
    ]  # fmt: skip
    untouched = ran(trainer_of(digits, weight_decay=0.1)).history
    for trainer in trainers:
        assert bits(trainer) == bits(trainers[0])
        assert trainer.history.evaluations[0] == untouched.evaluations[0]
        assert trainer.history.losses[0] > untouched.losses[0], "the penalty is part of the first update's loss"


def test_one_after_the_last_update_changes_nothing(digits: Dataset) -> None:
    trainer = trainer_of(digits)

    def at_the_end(event: Event) -> None:
        if isinstance(event, Ended):
            trainer.change("learning_rate", 0.7)

    assert bits(ran(trainer, at_the_end)) == bits(ran(trainer_of(digits)))
    assert trainer.made == (Change(24, "learning_rate", 0.7),)


def test_advance_does_not_go_past_a_change(digits: Dataset) -> None:
    trainer = trainer_of(digits, LATER)
    ends = []
    while trainer.iteration < 24:
        trainer.advance(24)
        ends.append(trainer.iteration)
    assert ends == [5, 9, 17, 24]
    assert trainer.history.losses.tobytes() == ran(trainer_of(digits, LATER)).history.losses.tobytes()


def test_events_tell_of_them(digits: Dataset) -> None:
    told = {}
    trainer = trainer_of(digits, LATER)
    ran(trainer, lambda event: told.update({type(event): list(event.changes)}))
    assert told == {Started: LATER, Advanced: LATER, Evaluated: LATER, Ended: LATER}


# Going back


def moments_of(trainer: Trainer, *others: Callable[[Event], None]) -> dict[tuple[int, str], Any]:
    """A trainer run, with a moment of every event."""
    kept = {}

    def keep(event: Event) -> None:
        kept[trainer.iteration, type(event).__name__] = trainer.moment()

    trainer.chunk = 1
    ran(trainer, keep, *others)
    return kept


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("at", [5, 9, *(pytest.param(at, marks=pytest.mark.slow) for at in (0, 1, 13, 17, 18, 24))])
def test_going_back_and_on_gives_the_same_bits(digits: Dataset, engine: str, at: int) -> None:
    """From before and after the evaluation of an iteration, in the same trainer and in another one."""
    options: dict[str, Any] = {"engine": engine, "optimizer": "nadam"}
    trainer = trainer_of(digits, LATER, **options)
    kept = moments_of(trainer)
    whole = bits(trainer)
    for (iteration, event), moment in kept.items():
        if iteration != at or event == "Ended":
            continue
        copy = trainer_of(digits, **options)
        copy.go_to(moment, trainer.history)
        assert len(copy.history.losses) == copy.iteration == copy.optimizer.steps == at
        assert [e.iteration for e in copy.history.evaluations] == [e for e in (0, 9, 18, 24) if e < at] + (
            [at] if event == "Evaluated" else []
        )
        expected = [change for change in LATER if change.iteration <= at]
        assert copy.changes == expected
        rest = ran(trainer_of(digits, expected, **options))
        assert bits(ran(copy)) == bits(rest), "what was changed later is forgotten"
        trainer.go_to(moment, trainer.history if len(trainer.history.losses) == 24 else rest.history)
        assert trainer.optimizer.learning_rate == value_after(expected, "learning_rate", 0.002)
        assert trainer.network.weight_decay == value_after(expected, "weight_decay", 0.0)
        ran(trainer, making(trainer, [change for change in LATER if change.iteration > at]))
        assert bits(trainer) == whole


def test_going_back_to_before_a_change_of_the_same_update(digits: Dataset) -> None:
    trainer = trainer_of(digits)
    moments = {}

    def change(event: Event) -> None:
        if isinstance(event, Evaluated) and event.evaluation.iteration == 9:
            moments["before"] = trainer.moment()
            trainer.change("learning_rate", 0.9)
            trainer.change("weight_decay", 0.9)
            moments["after"] = trainer.moment()

    ran(trainer, change)
    changed = bits(trainer)
    for name in ("before", "after", "before"):
        trainer.go_to(moments[name], trainer.history)
        assert len(trainer.changes) == (0 if name == "before" else 2)
        assert bits(ran(trainer)) == (bits(ran(trainer_of(digits))) if name == "before" else changed)
    trainer.go_to(moments["before"], trainer.history)
    trainer.change("learning_rate", 0.01)
    other = ran(trainer_of(digits, [Change(9, "learning_rate", 0.01)]))
    assert bits(ran(trainer)) == bits(other)


def test_going_back_after_a_divergence(digits: Dataset) -> None:
    trainer = trainer_of(digits, loss="squared")
    kept = moments_of(trainer, making(trainer, [Change(7, "learning_rate", 1e30)]))
    assert trainer.divergence is not None
    assert trainer.moment().changes == (Change(7, "learning_rate", 1e30),)
    trainer.go_to(kept[6, "Advanced"], trainer.history)
    assert trainer.divergence is None
    assert bits(ran(trainer)) == bits(ran(trainer_of(digits, loss="squared")))


def test_a_moment_is_not_touched_by_what_comes_later(digits: Dataset) -> None:
    trainer = trainer_of(digits, optimizer="adam")
    trainer.advance(3)
    moment = trainer.moment()
    kept = [array.copy() for array in moment.arrays]
    trainer.run()
    trainer.go_to(moment, trainer.history)
    trainer.run()
    for array, before in zip(moment.arrays, kept, strict=True):
        assert_array_equal(array, before, strict=True)
    assert set(moment.params) == {"W1", "b1", "W2", "b2"}


def test_the_last_evaluation_of_a_shorter_run_is_none_of_a_longer_one(digits: Dataset) -> None:
    short = ran(trainer_of(digits, iterations=20))
    longer = trainer_of(digits)
    longer.go_to(short.moment(), short.history)
    assert bits(ran(longer)) == bits(ran(trainer_of(digits)))


STEPS = st.one_of(
    st.tuples(st.just("advance"), st.integers(1, 9)),
    st.tuples(st.just("learning_rate"), st.sampled_from([0.1, 0.2, 0.03])),
    st.tuples(st.just("weight_decay"), st.sampled_from([0.0, 0.1])),
    st.tuples(st.just("momentum"), st.sampled_from([0.9, 0.2])),
    st.tuples(st.just("keep"), st.just(0)),
    st.tuples(st.just("back"), st.integers(0, 9)),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, max_size=30))
def test_whatever_is_done_its_list_gives_the_same_again(digits: Dataset, steps: list[tuple[str, float]]) -> None:
    """Against a model that only writes down which value a setting had in which update."""
    trainer = trainer_of(digits, engine="auto", optimizer="momentum", learning_rate=0.1)
    used: list[dict[str, float]] = []
    now = {"learning_rate": 0.1, "weight_decay": 0.0, "momentum": 0.9}
    kept = [(trainer.moment(), list(used), dict(now))]
    for name, value in steps:
        if name == "advance":
            until = min(24, trainer.iteration + int(value))
            while trainer.iteration < until:
                trainer.advance(until)
            used += [dict(now)] * (until - len(used))
        elif name == "keep":
            kept.append((trainer.moment(), list(used), dict(now)))
        elif name == "back":
            moment, before, settings_then = kept[int(value) % len(kept)]
            trainer.go_to(moment, trainer_of_used(digits, before).history)
            used, now = list(before), dict(settings_then)
        else:
            trainer.change(name, value)
            now[name] = value
        assert {**trainer.optimizer.settings, "weight_decay": trainer.network.weight_decay} == now
        assert len(used) == trainer.iteration
    again = trainer_of_used(digits, used)
    assert trainer.history.losses.tobytes() == again.history.losses.tobytes()
    assert bits(trainer)[0] == bits(again)[0]
    for changes in (trainer.changes, trainer.made):
        replayed = trainer_of(digits, changes, engine="auto", optimizer="momentum", learning_rate=0.1)
        while replayed.iteration < trainer.iteration:
            replayed.advance(trainer.iteration)
        assert bits(replayed)[0] == bits(trainer)[0]


def trainer_of_used(data: Dataset, used: Sequence[dict[str, float]]) -> Trainer:
    """One whose every update was made with the settings that are written down, set by hand."""
    trainer = trainer_of(data, engine="auto", optimizer="momentum", learning_rate=0.1)
    for i, values in enumerate(used):
        trainer.network.weight_decay = values["weight_decay"]
        trainer.optimizer.learning_rate = values["learning_rate"]
        trainer.optimizer.momentum = values["momentum"]  # type: ignore[attr-defined]
        trainer.advance(i + 1)
    return trainer


def test_every_field_that_can_be_changed_is_one_of_a_recipe() -> None:
    assert set(CHANGEABLE) <= set(Recipe.__dataclass_fields__)
    for name in CHANGEABLE:
        assert Recipe.__dataclass_fields__[name].metadata["rule"] is module.RULES[name], "refused by the same rule"
