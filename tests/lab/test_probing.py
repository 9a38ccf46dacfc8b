"""What the tab Probe is answered, to the last digit: beside a loop as the textbook writes it, in plain Python."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.data.dataset import Dataset, Split
from zerokara.data.description import DataDescription
from zerokara.errors import UsageError
from zerokara.lab import weight_questions
from zerokara.lab.held import Held
from zerokara.lab.messages import Message, packed
from zerokara.lab.probing import ANSWERS, aligned
from zerokara.lab.slopes import STEPS
from zerokara.lab.subject import Subject
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe

NAMES = ("circle", "line", "dot")
NO_INK = 4
"""A pixel that has no ink in any picture."""


def pictures(samples=40, shape=(3, 4)) -> Dataset:
    rng = np.random.default_rng(5)
    splits = []
    for n in (samples, samples):
        pixels = rng.integers(0, 256, (n, math.prod(shape)), dtype=np.uint8)
        pixels[:, NO_INK] = 0
        splits.append(Split(pixels, rng.integers(0, len(NAMES), n), 255))
    return Dataset("shapes", *splits, NAMES, shape, "none", "nowhere")


def trained(updates=30, every=10, **recipe) -> Subject:
    """A training that kept a moment now and then."""
    made = Recipe(**{"dataset": "digits", "hidden": (6, 5), "batch_size": 8, "iterations": 100, **recipe}).resolved()
    dataset = pictures()
    trainer = build_trainer(made, dataset, engine="reference")
    moments = [trainer.moment()]
    while trainer.iteration < updates:
        trainer.advance(min(updates, trainer.iteration - trainer.iteration % every + every))
        moments.append(trainer.moment())
    described = DataDescription.of(dataset)
    return Subject(made, dataset, described, trainer.network.copy(), trainer.iteration, "numpy", moments)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return trained()


@pytest.fixture(autouse=True)
def _nothing_held(monkeypatch):
    monkeypatch.setattr(weight_questions, "HELD", Held())


def ask(subject: Subject, type: str, **fields) -> Message:
    """The answer, which can be sent."""
    answer = ANSWERS[type](subject, Message(type, fields))
    packed(answer)
    return answer


def batch(subject: Subject, dtype, n=8):
    """The samples that training takes first."""
    rows = subject.recipe.make_batches(len(subject.dataset.train)).rows(0, 5).reshape(-1)[:n]
    return subject.dataset.train.x[rows].astype(dtype), subject.dataset.train.t[rows]


def textbook_slope(f, x, index, h):
    """The loop of the textbook, chapter 4.4, for one element: f(x + h), f(x - h), their quotient in x's dtype."""
    grad = np.zeros_like(x)
    tmp_val = x[index]
    x[index] = tmp_val + h
    fxh1 = f(x)
    x[index] = tmp_val - h
    fxh2 = f(x)
    grad[index] = (fxh1 - fxh2) / (2 * h)
    x[index] = tmp_val
    return fxh1, fxh2, float(grad[index])


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("place", [("W1", [5, 2]), ("b1", [1]), ("W2", [0, 3]), ("W3", [1, 2]), ("b3", [0])])
def test_slopes_and_losses_are_the_loops_to_the_last_digit(subject, precision, place):
    (name, index), network = place, subject.network.copy(precision)
    x, t = batch(subject, precision)
    for h in (1.0, 0.3, 0.1, 1e-4, 1e-7, 1e-12):
        above, below, slope = textbook_slope(lambda _: network.loss(x, t), network.params[name], tuple(index), h)
        got = ask(subject, "probe", parameter=name, index=index, h=h, precision=precision).fields
        backprop = float(network.gradient(x, t)[name][tuple(index)])
        assert (got["above"], got["below"], got["numerical"]) == (above, below, slope)
        assert (got["loss"], got["backprop"]) == (network.loss(x, t), backprop)
        assert got["error"] == abs(slope - backprop)
        w = network.params[name][tuple(index)]
        assert (got["below_at"], got["at"], got["above_at"]) == (float(w - h), float(w), float(w + h))
        shown = got["shown"]
        assert [network.dtype.type(shown[key]) for key in ("above", "below")] == [above, below]
        digits = 17 if precision == "float64" else 9
        largest = max(abs(slope), abs(backprop))
        assert float(shown["numerical"]) == pytest.approx(slope, rel=0, abs=10.0 ** (1 - digits) * largest)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_v_is_the_loops(subject, precision):
    network, (x, t) = subject.network.copy(precision), batch(subject, precision)
    answer = ask(subject, "probe_errors", parameter="W1", index=[5, 2], precision=precision)
    errors, backprop = answer.arrays["errors"], float(network.gradient(x, t)["W1"][5, 2])
    assert errors[:, 0].tolist() == list(STEPS)
    for h, error in errors:
        *_, slope = textbook_slope(lambda _: network.loss(x, t), network.params["W1"], (5, 2), h)
        assert error == abs(slope - backprop)
    lowest = errors[errors[:, 1].argmin(), 0]
    assert 1e-7 < lowest < 1 if precision == "float64" else 1e-4 < lowest < 1


def test_the_curve_is_the_loss_of_the_network_and_lies_around_the_weight(subject):
    for range in ("adaptive", 0.5):
        answer = ask(subject, "probe_curve", parameter="W2", index=[1, 1], range=range)
        curve, network = answer.arrays["curve"], subject.network.copy(np.float64)
        x, t = batch(subject, np.float64)
        assert curve[80, 0] == answer.fields["center"] == float(network.params["W2"][1, 1])
        assert_allclose(curve[[0, -1], 0] - curve[80, 0], [-answer.fields["half"], answer.fields["half"]], rtol=1e-12)
        for value, loss in curve[::20]:
            network.params["W2"][1, 1] = value
            assert loss == pytest.approx(network.loss(x, t), rel=1e-13)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_near_the_two_points_the_curve_is_rounded_as_the_loop_rounds(subject, precision):
    answer = ask(subject, "probe_curve", parameter="W1", index=[5, 2], range="step", h=1e-9, precision=precision)
    network, (x, t) = subject.network.copy(precision), batch(subject, precision)
    for value, loss in answer.arrays["curve"]:
        network.params["W1"][5, 2] = value
        assert loss == network.loss(x, t)
    assert answer.fields["half"] == 2.5e-9
    assert len(answer.arrays["kinks"]) == 0


def test_weight_decay_is_part_of_the_loss():
    subject = trained(weight_decay=0.1)
    network, (x, t) = subject.network.copy(np.float64), batch(subject, np.float64)
    squares = sum(float((network.params[name] ** 2).sum()) for name in ("W1", "W2", "W3"))
    plain = network.copy()
    plain.weight_decay = 0.0
    got = ask(subject, "probe", parameter="W1", index=[5, 2]).fields
    assert got["decay"] == 0.1
    assert got["loss"] == pytest.approx(plain.loss(x, t) + 0.05 * squares, rel=1e-14)


def test_a_dragged_weight_is_moved_on_a_copy(subject):
    before = {name: array.copy() for name, array in subject.network.params.items()}
    got = ask(subject, "probe", parameter="W3", index=[1, 2], at=3.5).fields
    network, (x, t) = subject.network.copy(np.float64), batch(subject, np.float64)
    as_trained = network.accuracy(x, t)
    network.params["W3"][1, 2] = 3.5
    assert (got["at"], got["moved"], got["loss"]) == (3.5, True, network.loss(x, t))
    assert got["value"] == float(before["W3"][1, 2])
    assert got["shown"]["accuracy"] == f"{network.accuracy(x, t):.1%}"
    assert got["shown"]["accuracy_before"] == f"{as_trained:.1%}"
    for name, array in before.items():
        assert_array_equal(subject.network.params[name], array)
    curve = ask(subject, "probe_curve", parameter="W3", index=[1, 2], at=3.5)
    assert curve.arrays["curve"][:, 0].max() > 3.5


def test_the_map_is_the_loss_of_the_network_and_the_way_that_of_the_moments(subject):
    first, second = {"parameter": "W1", "index": [5, 2]}, {"parameter": "W3", "index": [1, 2]}
    answer = ask(subject, "probe_surface", **first, other=second)
    (x0, y0), half = answer.fields["center"], answer.fields["half"]
    losses, n = answer.arrays["losses"], len(answer.arrays["losses"])
    network, (x, t) = subject.network.copy(np.float64), batch(subject, np.float64)
    gradient = network.gradient(x, t)
    assert answer.fields["descent"] == [-gradient["W1"][5, 2], -gradient["W3"][1, 2]]
    for row, column in ((0, 0), (0, n - 1), (n // 2, n // 2), (n - 1, 3)):
        network.params["W3"][1, 2] = y0 + half * (2 * row / (n - 1) - 1)
        network.params["W1"][5, 2] = x0 + half * (2 * column / (n - 1) - 1)
        assert losses[row, column] == pytest.approx(network.loss(x, t), rel=1e-12)
    path = answer.arrays["path"]
    assert path[:, 2].tolist() == [moment.iteration for moment in subject.moments]
    assert len(path) > 3
    for (w, other, _), moment in zip(path, subject.moments, strict=True):
        assert (w, other) == (moment.params["W1"][5, 2], moment.params["W3"][1, 2])
    assert np.abs(path[:, :2] - [x0, y0]).max() < half


def test_without_an_index_the_steepest_weights_are_taken(subject):
    network, (x, t) = subject.network.copy(np.float64), batch(subject, np.float64)
    steepness = np.abs(network.gradient(x, t)["W2"])
    order = [list(map(int, np.unravel_index(at, steepness.shape))) for at in steepness.ravel().argsort()[::-1]]
    answer = ask(subject, "probe_surface", parameter="W2").fields
    assert (answer["index"], answer["other"]["index"]) == (order[0], order[1])
    assert ask(subject, "probe").fields["parameter"] == "W1"
    assert answer["other"]["parameter"] == "W2"


def test_the_samples_are_those_that_training_takes_first(subject):
    network = subject.network.copy(np.float64)
    for n in (1, 8, 40):
        got = ask(subject, "probe", samples=n).fields
        assert (got["samples"], got["loss"]) == (n, network.loss(*batch(subject, np.float64, n)))
    assert ask(subject, "probe").fields["most_samples"] == 40


def test_the_samples_go_on_with_the_next_batch_where_one_is_short():
    subject = trained(sampling="epoch", batch_size=7)
    batches = subject.recipe.make_batches(40)
    rows = np.concatenate([batches.rows(0, 5).reshape(-1), batches.rows(5, 6).reshape(-1)])
    assert len(set(rows)) == 40  # an epoch
    train = subject.dataset.train
    loss = subject.network.copy(np.float64).loss(train.x[rows].astype(np.float64), train.t[rows])
    assert ask(subject, "probe", samples=40).fields["loss"] == loss


def test_a_large_network_takes_fewer_samples(subject, monkeypatch):
    weights = sum(array.size for array in subject.network.params.values())
    monkeypatch.setattr(weight_questions, "MOST_WORK", 12 * weights)
    assert ask(subject, "probe").fields["most_samples"] == 12
    with pytest.raises(UsageError, match="samples must be a whole number from 1 to 12"):
        ask(subject, "probe", samples=13)
    monkeypatch.setattr(weight_questions, "WORK", 2 * weights)
    assert len(ask(subject, "probe_errors", samples=12).arrays["errors"]) == 13  # 1, 0.1, 0.01, …


def test_who_drags_is_answered_from_the_same_network_until_another_is_wanted():
    early, late = trained(10), trained(20)
    first = ask(early, "probe").fields
    assert ask(late, "probe", held=True).fields["iteration"] == 20
    again = ask(late, "probe_curve", held=first["held"]).fields
    assert (again["iteration"], again["held"]) == (10, first["held"])
    newer = ask(late, "probe", held=first["held"], renew=True).fields
    assert newer["iteration"] == 20
    assert newer["held"] != first["held"]
    assert ask(late, "probe", held=first["held"]).fields["iteration"] == 20  # it is gone
    for nonsense in ("1", 1.5, None, [], 10**30, True, -1):
        assert ask(late, "probe", held=nonsense).fields["iteration"] == 20


def test_no_more_networks_are_held_than_may_be():
    held, one = Held(most=3), trained(1)
    numbers = [held.take(one, None)[0] for _ in range(10)]
    assert len(held._subjects) == 3
    held.take(one, numbers[-3])
    assert list(held._subjects) == [numbers[-2], numbers[-1], numbers[-3]]


def test_a_pixel_without_ink_has_no_slope():
    plain = ask(trained(), "probe", parameter="W1", index=[NO_INK, 2]).fields
    assert (plain["numerical"], plain["backprop"]) == (0, 0)
    assert plain["remark"] == (
        "In all of these samples this weight is multiplied by 0: a pixel without ink, or a unit that is off. "
        "The loss does not depend on it, and both slopes are exactly 0."
    )
    flat = ask(trained(), "probe_curve", parameter="W1", index=[NO_INK, 2])
    assert len(set(flat.arrays["curve"][:, 1])) == 1
    assert len(flat.arrays["kinks"]) == 0
    decayed = ask(trained(weight_decay=0.1), "probe", parameter="W1", index=[NO_INK, 2]).fields
    assert "All that is left of its slope is that of the weight decay." in decayed["remark"]
    assert decayed["backprop"] != 0


def test_a_unit_that_is_off_has_no_slope():
    subject = trained()
    subject.network.params["b1"][2] = -50
    got = ask(subject, "probe", parameter="W1", index=[5, 2]).fields
    assert (got["numerical"], got["backprop"]) == (0, 0)
    assert got["remark"].startswith("In all of these samples the unit that this weight leads to is off")
    on = ask(subject, "probe", parameter="b1", index=[2], h=60).fields  # far enough to switch it on
    assert "leads to is off" not in on["remark"]


REMARKS = [
    ({"h": 1e-12, "precision": "float32"}, "h is too small for this precision"),
    ({"h": 1e-12}, "Rounding: the two losses differ only from about digit 1"),
    ({"h": 1e-4}, "The slopes have about "),
    ({"at": 1e300, "precision": "float32"}, "At one of the two points the loss is not a finite number"),
    ({"at": 1e308, "h": 1e308}, "At one of the two points the loss is not a finite number"),
]


@pytest.mark.parametrize(("asked", "remark"), REMARKS)
def test_what_one_sees_is_said(subject, asked, remark):
    got = ask(subject, "probe", parameter="W1", index=[5, 2], **asked).fields
    assert got["remark"].startswith(remark), got


def test_kinks_and_bends_are_told_apart():
    bent = ask(trained(activation="tanh"), "probe", h=1.0).fields["remark"]
    assert bent.startswith("Truncation: the secant cuts across the bend")
    kinked = ask(trained(), "probe", h=1.0).fields["remark"]
    assert kinked.startswith("Between w - h and w + h ReLUs switch in the samples")


def test_a_kink_is_not_taken_for_rounding_where_it_would_be_as_large(subject):
    asked = {"parameter": "W1", "index": [1, 4], "h": 0.01}
    coarse, fine = (ask(subject, "probe", **asked, precision=name).fields for name in ("float32", "float64"))
    assert coarse["error"] == pytest.approx(fine["error"], rel=0.01)  # rounding has next to no part in it
    for got in (coarse, fine):
        assert got["remark"].startswith("Between w - h and w + h one ReLU switches in one of the samples")


@pytest.mark.parametrize(("h", "remark"), [(1e-4, "Truncation"), (5e-5, "Truncation"), (1e-6, "Rounding")])
def test_a_bend_is_not_taken_for_rounding_where_the_slope_is_small(h, remark):
    """In the dip of a curve: from 1e-4 to 5e-5 the error is still a quarter, as that of a bend is."""
    asked = {"parameter": "b3", "index": [0], "at": -0.7353, "h": h}
    assert ask(trained(activation="tanh"), "probe", **asked).fields["remark"].startswith(remark)


def test_every_remark_is_one_sentence_of_the_catalogue(subject, marked):
    for asked in (*(asked for asked, _ in REMARKS), {"index": [NO_INK, 2]}, {"h": 1.0}):
        got = ask(subject, "probe", **{"parameter": "W1", "index": [5, 2], **asked}).fields
        assert marked(got["remark"]) == ""


def test_a_network_that_has_diverged_is_refused(subject):
    network = subject.network.copy()
    network.params["W2"][0, 0] = np.nan
    broken = replace(subject, network=network)
    for type in ANSWERS:
        with pytest.raises(UsageError, match="it has diverged, and there is no slope to look at"):
            ask(broken, type)


HOSTILE = [
    ("probe", {"parameter": "W9"}, "parameter must be one of"),
    ("probe", {"parameter": ["W1"]}, "parameter must be one of"),
    ("probe", {"parameter": "W1", "index": [99, 0]}, "The index of a weight in W1"),
    ("probe", {"index": {"a": 1}}, "The index of a weight in W1"),
    *(("probe", {"h": h}, "h must be a positive number") for h in (0, -1, math.nan, math.inf, "1e-4", None, True, [1])),
    *(("probe", {"at": at}, "at must be a number") for at in (math.nan, math.inf, "3", [], True, 10**400)),
    *(
        ("probe", {"samples": n}, "samples must be a whole number from 1 to 40")
        for n in (0, -1, 41, 1.5, "8", True, [])
    ),
    ("probe", {"precision": "float16"}, "precision must be one of"),
    ("probe", {"precision": ["float64"]}, "precision must be one of"),
    *(
        ("probe_curve", {"range": r}, "range must be adaptive, or a number from 0.01 to 100")
        for r in (0, -1, 1e9, math.nan, "wide", None, [], True)
    ),
    ("probe_curve", {"range": "step", "h": math.nan}, "h must be a positive number"),
    ("probe_surface", {"range": "step"}, "range must be adaptive"),
    ("probe_surface", {"other": {"parameter": "b9"}}, "parameter must be one of"),
    ("probe_surface", {"other": {"parameter": "W1", "index": [0]}}, "The index of a weight in W1"),
    (
        "probe_surface",
        {"parameter": "W1", "index": [0, 0], "other": {"parameter": "W1", "index": [0, 0]}},
        "Pick another weight",
    ),
]


@pytest.mark.parametrize(("type", "fields", "refusal"), HOSTILE)
def test_what_cannot_be_asked_is_refused(subject, type, fields, refusal):
    with pytest.raises(UsageError, match=refusal) as refused:
        ask(subject, type, **fields)
    assert len(str(refused.value)) < 300


def test_whatever_a_page_sends_is_answered_or_refused(subject):
    rng = np.random.default_rng(7)
    values = [
        "W1",
        "b2",
        [0, 0],
        [5, 2],
        [3],
        1e-4,
        0.5,
        -1e300,
        1e308,
        10**40,
        "step",
        "adaptive",
        "float32",
        None,
        {},
    ]
    values += [True, [], "", [[]], 1, 7, -3, {"parameter": "W2"}, {"index": [1, 1]}, {"parameter": [], "index": {}}]
    names = ("parameter", "index", "h", "at", "samples", "precision", "range", "other", "held", "renew")
    answered = 0
    for type in ANSWERS:
        for _ in range(40):
            chosen = rng.choice(names, rng.integers(1, 5), replace=False)
            try:
                ask(subject, type, **{str(name): values[rng.integers(len(values))] for name in chosen})
                answered += 1
            except UsageError:
                pass
    assert 20 < answered < 140


def test_numbers_that_are_not_finite_are_null():
    got = ask(trained(), "probe", at=1e308, h=1e308).fields
    assert got["above"] is None
    assert got["numerical"] is None


def test_digits_are_aligned():
    assert aligned([2.302585092994046, 2.3], 17) == ["2.3025850929940459", "2.2999999999999998"]
    assert aligned([0.0, 0.0], 3) == ["0.00", "0.00"]
    assert aligned([1.5e-30, -2e-31], 3) == ["1.50e-30", "-2.00e-31"]
    assert aligned([math.nan, 12345678.0], 3) == ["nan", "1.23e+07"]


def test_the_page_has_every_step_as_python_reads_it():
    assert STEPS[0] == 1.0
    assert STEPS[-1] == 1e-12
    assert len(STEPS) == 37
    assert sorted(STEPS, reverse=True) == list(STEPS)
    assert 1e-4 in STEPS
