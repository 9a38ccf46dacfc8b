"""One update by one picture: every number against the engines, the optimizers, and numerical slopes."""

import re
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.data.dataset import Dataset, Split
from zerokara.data.description import DataDescription
from zerokara.engine.compiled import CompiledEngine
from zerokara.engine.reference import ReferenceEngine
from zerokara.errors import UsageError
from zerokara.lab.messages import Message, packed, unpacked
from zerokara.lab.one_update import ANSWERS
from zerokara.lab.one_update_numbers import OneUpdate, penalty_of
from zerokara.lab.one_update_panels import MOST_UNITS, Stage, printed_change
from zerokara.lab.one_update_stages import stage_names
from zerokara.lab.subject import Subject
from zerokara.nn.activations import ACTIVATIONS, Relu
from zerokara.nn.functions import LOSSES, Loss, softmax
from zerokara.nn.network import Network
from zerokara.nn.numerical import numerical_gradient
from zerokara.training.optimizers import OPTIMIZERS, Optimizer, optimizer_named
from zerokara.training.recipe import Recipe

NAMES = ("circle", "line", "dot")
SHAPE = (3, 4)
KINDS = [(activation, loss) for activation in ACTIVATIONS for loss in LOSSES]
SOME = KINDS[::4]  # each activation or loss at least once; the others in the slow tests


def dataset(shape=SHAPE, full=255, samples=12, classes=3) -> Dataset:
    """Random pictures."""
    rng = np.random.default_rng(5)
    features = int(np.prod(shape))
    splits = []
    for _ in range(2):
        pixels = (
            rng.integers(0, 256, (samples, features), dtype=np.uint8) if full else rng.normal(size=(samples, features))
        )
        splits.append(Split(pixels, rng.integers(0, classes, samples), full))
    names = NAMES if classes == 3 else tuple(f"class {k}" for k in range(classes))
    return Dataset("shapes", *splits, names, shape, "none", "nowhere")


def subject_of(data=None, hidden=(5, 4), optimizer="sgd", updates=3, **network) -> Subject:
    """A network that was trained a little, with its optimizer."""
    data = data or dataset()
    sizes = [data.train.pixels.shape[1], *hidden, len(data.class_names)]
    made = Network(sizes, seed=3, **{"dtype": np.float64, "init": 0.5, **network})
    for i in range(1, len(sizes)):
        made.params[f"b{i}"] = np.linspace(-0.2, 0.5, sizes[i])  # no sum is 0, where ReLU has no slope
    used = optimizer_named(optimizer) if isinstance(optimizer, str) else optimizer
    if used is not None:
        rows = np.arange(2 * updates).reshape(updates, 2) % len(data.train)
        ReferenceEngine().advance(made, used, data.train, rows, stop=np.zeros(1, np.uint8))
    recipe = Recipe(dataset=data.name, hidden=hidden or (1,))
    return Subject(recipe, data, DataDescription.of(data), made, updates, "reference", (), used)


def update_of(subject: Subject, number=2) -> OneUpdate:
    test = subject.dataset.test
    return OneUpdate.of(subject.network, test.x[number], int(test.t[number]), subject.optimizer)


def ask(subject: Subject, arrays=None, **fields):
    """The answer, as the page gets it."""
    return unpacked(packed(ANSWERS["one_update"](subject, Message("one_update", {"which": 2, **fields}, arrays or {}))))


def close(dtype) -> dict[str, float]:
    """float32 rounds every product and sum."""
    return {"rtol": 1e-4, "atol": 1e-6} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-12}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_new_weights_and_state_are_those_of_the_engines(optimizer):
    new_weights_are_the_engines("tanh", "squared", optimizer)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("activation", "loss"), KINDS)
def test_new_weights_and_state_are_those_of_the_engines_in_every_network(activation, loss, optimizer):
    new_weights_are_the_engines(activation, loss, optimizer)


def new_weights_are_the_engines(activation, loss, optimizer):
    for dtype in (np.float32, np.float64):
        subject = subject_of(activation=activation, loss=loss, optimizer=optimizer, dtype=dtype, weight_decay=0.01)
        update = update_of(subject)
        for engine in (ReferenceEngine(), CompiledEngine(1)):
            network, used = subject.network.copy(), deepcopy(subject.optimizer)
            before = engine.advance(network, used, subject.dataset.test, np.array([[2]]), stop=np.zeros(1, np.uint8))
            assert_allclose(update.back.loss, before[0], **close(dtype))
            for name, array in network.params.items():
                assert_allclose(update.new.network.params[name], array, **close(dtype))
                for slot in used.slots:
                    assert_allclose(update.new.optimizer.state[slot][name], used.state[slot][name], **close(dtype))
            assert update.new.optimizer.steps == used.steps == subject.optimizer.steps + 1
            test = subject.dataset.test
            assert_allclose(update.new.loss, network.loss(test.x[[2]], test.t[[2]]), **close(dtype))


@pytest.mark.parametrize(("activation", "loss"), SOME)
def test_every_slope_is_the_numerical_one(activation, loss):
    slopes_are_numerical(activation, loss, (4, 3))


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "loss"), KINDS)
@pytest.mark.parametrize("hidden", [(), (4,), (5, 4, 3, 4)])
def test_every_slope_is_the_numerical_one_in_every_network(activation, loss, hidden):
    slopes_are_numerical(activation, loss, hidden)


def slopes_are_numerical(activation, loss, hidden):
    """What follows a vector is computed here, in NumPy; the slopes by differences of that."""
    subject = subject_of(activation=activation, loss=loss, hidden=hidden, weight_decay=0.02)
    update, network = update_of(subject), subject.network
    x, t = subject.dataset.test.x[[2]].astype(np.float64), subject.dataset.test.t[[2]]
    layer, params = ACTIVATIONS[activation](), network.params

    def loss_from(value, i, is_sum):
        """Of layer i's sum, or of what it hands on, (units,)."""
        value = value[None]
        for k in range(i, len(hidden) + 1):
            value = layer.forward(value) if is_sum or k > i else value
            value = value @ params[f"W{k + 1}"] + params[f"b{k + 1}"]
        return LOSSES[loss].value(value, np.eye(3)[t]) + penalty_of(network)

    near = {"rtol": 1e-5, "atol": 1e-8}
    for i in range(1, len(hidden) + 1):
        at_sum = numerical_gradient(lambda a, i=i: loss_from(a, i, True), update.sum(i).copy())
        assert_allclose(update.back.deltas[i - 1], at_sum, **near)
        at_output = numerical_gradient(lambda z, i=i: loss_from(z, i, False), update.input(i + 1).copy())
        assert_allclose(update.back.inner[i - 1], at_output, **near)
        slope = numerical_gradient(lambda a: layer.forward(a).sum(), update.sum(i).copy())
        assert_allclose(update.back.slopes[i - 1], slope, **near)
    assert_allclose(update.back.deltas[-1], update.numerical_slopes([0, 1, 2]), **near)
    for name, gradient in network.numerical_gradient(x, t).items():
        assert_allclose(update.back.gradient[name], gradient, **near)
    assert_array_equal(update.sum(update.layers), network.predict(x)[0])
    assert update.back.loss == network.loss(x, t)
    assert update.terms().sum() + update.back.penalty == pytest.approx(update.back.loss, rel=1e-14)


def test_with_cross_entropy_the_slope_by_the_scores_is_y_minus_t_to_the_bit():
    for dtype in (np.float32, np.float64):
        update = update_of(subject_of(dtype=dtype))
        assert_array_equal(update.back.deltas[-1], update.y - update.back.t)


def test_nothing_of_the_training_is_changed():
    subject = subject_of(optimizer="adam")
    network, optimizer = subject.network.copy(), deepcopy(subject.optimizer)
    for name in stage_names(3):
        ask(subject, stage=name)
    for name, array in network.params.items():
        assert_array_equal(subject.network.params[name], array)
        for slot in optimizer.slots:
            assert_array_equal(subject.optimizer.state[slot][name], optimizer.state[slot][name])
    assert subject.optimizer.steps == optimizer.steps


@pytest.mark.parametrize(("hidden", "dtype"), [((), np.float32), ((5, 4), np.float64)])
def test_every_stage_is_told_of_arrays_that_are_there(hidden, dtype):
    subject = subject_of(hidden=hidden, dtype=dtype, optimizer="adam", weight_decay=0.1)
    names = ask(subject).fields["stages"]
    assert names == stage_names(len(hidden) + 1)
    for name in names:
        told = ask(subject, stage=name)
        assert told.fields["stage"] == name
        shown = [item for item in told.fields["items"] if "array" in item] + told.fields["cells"]
        assert {one["array"] for one in shown if "array" in one} == set(told.arrays)
        assert told.arrays["x"].shape == SHAPE
        homes = {term for cell in told.fields["cells"] for term in cell["terms"]}
        for text in [*told.fields["formulas"], *told.fields["lines"], told.fields["shapes"]]:
            assert set(re.findall(r"\{(\w+)", text)) <= homes, text
        assert text_of_numbers(told)


def text_of_numbers(told) -> list[float]:
    texts = [cell for row in (told.fields["table"] or {"rows": []})["rows"] for cell in row["cells"]]
    texts += [
        text for line in told.fields["lines"] for text in re.findall(r"\{\w+:\(?(-?[\d.]+(?:e[-+]\d+)?)\)?\}", line)
    ]
    return [float(text) for text in texts]


def test_what_is_printed_is_what_was_computed():
    subject = subject_of(hidden=(4,), optimizer="momentum", weight_decay=0.1)
    update, (p, j, k) = update_of(subject), (7, 3, 1)
    network, new = subject.network.params, update.new
    told = {name: ask(subject, stage=name, chosen=[p, j, k]) for name in stage_names(2)}
    numbers = {name: text_of_numbers(one) for name, one in told.items()}

    def near(name, *expected):
        assert_allclose(numbers[name][-len(expected) :], expected, rtol=1e-3, atol=1e-9)

    x, z = update.input(1), update.input(2)
    near("x", x[p])
    near("a1", x @ network["W1"][:, j], network["b1"][j], update.sum(1)[j])
    near("z1", update.sum(1)[j], max(0, update.sum(1)[j]))
    near("y", softmax(update.sum(2))[k])
    label = int(subject.dataset.test.t[2])
    near("L", -np.log(update.y[label]) + penalty_of(subject.network))
    near("d2", update.y[k], update.back.t[k], update.y[k] - update.back.t[k])
    near(
        "dW2",
        z[j],
        update.y[k] - update.back.t[k],
        network["W2"][j, k],
        update.back.gradient["W2"][j, k],
        *update.back.gradient["b2"][[k]],
    )
    near("dz1", network["W2"][j] @ (update.y - update.back.t))
    near("d1", update.back.inner[0][j], float(update.sum(1)[j] > 0), update.back.inner[0][j] * (update.sum(1)[j] > 0))
    state = [subject.optimizer.state["v"], new.optimizer.state["v"]]
    for name, place in (("W1", (p, j)), ("b1", (j,))):
        before, after = network[name][place], new.network.params[name][place]
        row = [
            before,
            update.back.gradient[name][place],
            state[0][name][place],
            state[1][name][place],
            after - before,
            after,
        ]
        at = 0 if name == "W1" else 6
        assert_allclose(numbers["nW1"][at : at + 6], row, rtol=5e-3, atol=1e-9)
    assert_allclose(numbers["nL"][-3:-1], [update.back.loss, new.loss], atol=6e-5)
    by_hand = ask(subject_of(hidden=(4,), optimizer="sgd"), stage="nW2", chosen=[p, j, k]).fields["lines"]
    for line in by_hand:
        before, rate, slope, after = map(float, re.findall(r"[:( ](-?\d+(?:\.\d+)?(?:e-\d+)?)[}) ]", line))
        assert (rate, round(before - rate * slope, 4)) == (0.1, pytest.approx(after, abs=2e-4))
    slopes = [row["cells"] for row in told["d2"].fields["table"]["rows"]]
    assert [row[2] for row in slopes] == [f"{d:.9f}" for d in update.back.deltas[-1]]
    assert_allclose([float(row[3]) for row in slopes], update.back.deltas[-1], atol=2e-9)
    assert_array_equal(told["nW1"].arrays["change"], (new.network.params["W1"] - network["W1"])[:, j].reshape(SHAPE))
    assert_array_equal(told["dz1"].arrays["row"], network["W2"][j])


def test_another_loss_says_that_its_slope_is_not_y_minus_t():
    told = ask(subject_of(loss="squared"), stage="d3").fields
    assert told["says"] == "d_other"
    assert [column["head"] for column in told["table"]["columns"]][2:4] == ["{y} − {t}", "{d3}"]
    assert ask(subject_of(), stage="d3").fields["says"] == "d_difference"


def test_a_network_is_held_still_until_another_is_wanted():
    first, later = subject_of(updates=2), subject_of(updates=4)
    held = ask(first).fields["held"]
    again = ask(later, held=held)
    assert (again.fields["iteration"], again.fields["held"]) == (2, held)
    renewed = ask(later, held=held, renew=True)
    assert (renewed.fields["iteration"], renewed.fields["held"] == held) == (4, False)


def test_a_drawing_has_no_loss_before_somebody_says_what_it_is():
    subject = subject_of()
    pixels = np.random.default_rng(1).random(SHAPE, dtype=np.float32)
    unsaid = ask(subject, {"pixels": pixels}, which=None, stage="dW1")
    assert (unsaid.fields["stage"], unsaid.fields["stages"][-1]) == ("y", "y")
    assert unsaid.fields["label"] is None
    assert "Say which class" in unsaid.fields["notes"][-1]
    assert unsaid.fields["chosen"][-1] == subject.network.predict(pixels.ravel()).argmax()
    said = ask(subject, {"pixels": pixels}, label=1, stage="dW1")
    expected = subject.network.gradient(pixels.reshape(1, -1), [1])["W1"][:, said.fields["chosen"][1]]
    assert_array_equal(said.arrays["dW1"], expected.reshape(SHAPE))
    assert (said.fields["number"], said.fields["name"]) == (None, "line")
    with pytest.raises(UsageError, match="label must be a whole number from 0 to 2"):
        ask(subject, {"pixels": pixels}, label=3)


def test_without_an_optimizer_the_new_weights_are_left_out():
    told = ask(replace(subject_of(), optimizer=None), stage="nW1").fields
    assert told["stage"] == told["stages"][-1] == "dW1"
    assert "up to the script" in told["notes"][-1]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_network_that_went_astray_is_said_so(wrong):
    for dtype in (np.float32, np.float64):
        subject = subject_of(hidden=(4,), dtype=dtype, optimizer="adam")
        subject.network.params["W2"][0, 0] = wrong
        for name in stage_names(2):
            assert "not finite" in ask(subject, stage=name).fields["notes"][-1]


def test_samples_that_are_no_pictures_are_vectors():
    told = ask(subject_of(dataset((7,), full=None)), stage="a1")
    assert told.arrays["x"].shape == told.arrays["W1"].shape == (7,)


def test_of_many_units_and_classes_it_is_said_how_many_are_shown():
    data = dataset(classes=60)
    subject = subject_of(data, hidden=(MOST_UNITS + 9,), updates=1)
    told = ask(subject, stage="a1")
    assert len(told.arrays["a1"]) == MOST_UNITS
    assert told.fields["items"][-1]["rest"] == "1,024 of 1,033 are shown."
    told = ask(subject, stage="d2", chosen=[None, 1030, None]).fields
    assert (len(told["table"]["rows"]), told["table"]["rest"]) == (40, "40 of 60 are shown.")
    shown = [row["index"] for row in told["table"]["rows"]]
    assert told["label"] in shown
    least = int(update_of(subject).y.argmin())
    again = ask(subject, stage="d2", chosen=[None, None, least]).fields["table"]
    assert least in [row["index"] for row in again["rows"]]


class Halving:
    """An activation of somebody's own, which is not known to work element by element."""

    def forward(self, x):
        return x / 2

    def backward(self, dout):
        return dout / 2


@dataclass
class Signs(Optimizer):
    learning_rate: float = 0.01
    name: ClassVar[str] = "signs"

    def step(self, p, g):
        p -= self.learning_rate * np.sign(g)


def test_activations_losses_and_optimizers_of_ones_own_are_shown_by_their_names(monkeypatch):
    distance = Loss(lambda o, t: (o - t) ** 2, lambda o, t: 2 * (o - t) / len(o))
    monkeypatch.setitem(LOSSES, "distance", distance)
    monkeypatch.setitem(ACTIVATIONS, "halving", Halving)
    monkeypatch.setitem(OPTIMIZERS, "signs", Signs)
    subject = subject_of(hidden=(4,), loss="distance", activation="halving", optimizer="signs", updates=0)
    told = {name: ask(subject, stage=name).fields for name in stage_names(2)}
    assert told["z1"]["formulas"] == ["{z1} = halving({a1})"]
    assert told["L"]["formulas"] == ["{L} = distance({a2}, {t})"]
    assert told["nW1"]["formulas"][0] == "{nW1:W1} ← signs({W1}, {dW1})"
    assert told["d2"]["says"] == "d_other"
    update = update_of(subject)
    assert_allclose(update.back.deltas[-1], 2 * (update.sum(2) - update.back.t), rtol=1e-12)
    assert_allclose(update.back.deltas[-1], update.numerical_slopes([0, 1, 2]), rtol=1e-6)
    assert_allclose(update.back.deltas[0], update.back.inner[0] / 2, rtol=1e-12)
    assert update.back.slopes == ()
    change = update.new.network.params["W2"] - subject.network.params["W2"]
    assert_allclose(change, -0.01 * np.sign(update.back.gradient["W2"]), atol=1e-15)
    monkeypatch.setitem(ACTIVATIONS, "relu", type("Mine", (Relu,), {}))  # its formula may be another
    assert ask(subject_of(hidden=(4,)), stage="z1").fields["formulas"] == ["{z1} = relu({a1})"]


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"stage": "a9"}, "stage must be one of"),
        ({"stage": 5}, "stage must be one of"),
        ({"stage": ["x"]}, "stage must be one of"),
        ({"chosen": [0]}, "chosen must be a list of 4 whole numbers"),
        ({"chosen": "W1"}, "chosen must be a list of 4 whole numbers"),
        ({"chosen": [0, 5, 0, 0]}, "chosen must be a whole number from 0 to 4"),
        ({"chosen": [0, 0, 0, True]}, "chosen must be a whole number"),
        ({"which": 12}, "number must be a whole number from 0 to 11"),
    ],
)
def test_what_cannot_be_asked_is_refused(fields, match):
    with pytest.raises(UsageError, match=match):
        ask(subject_of(), **fields)


def test_misread_samples_are_those_of_the_network_that_is_held():
    subject = subject_of(updates=0)
    answers = subject.network.predict(subject.dataset.test.x).argmax(axis=1)
    wrong = np.flatnonzero(answers != subject.dataset.test.t)
    assert ask(subject, which="misread").fields["number"] == wrong[0]
    assert ask(subject, which="misread", after=int(wrong[0])).fields["number"] == wrong[1]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1.0, 0.5, ("1.000", "-0.500", "0.500")),
        (0.1, 0.1, ("0.1000", "0.0000", "0.1000")),
        (0.0, 0.0, ("0", "0", "0")),
        (0.5, 0.5 + 1e-12, ("0.500000000", "0.000000000", "0.500000000")),
        (np.nan, 1.0, ("nan", "nan", "1")),
        (1e12, 1.0, ("1e+12", "-1e+12", "1")),
    ],
)
def test_changes_are_printed_with_digits_enough(before, after, expected):
    assert printed_change(before, after, 9) == expected


def test_sentences_go_through_the_catalogue(marked):
    subject = replace(subject_of(updates=0), optimizer=None)
    for note in ask(subject).fields["notes"]:
        assert note.startswith("⟦")
        assert note.endswith("⟧")


def test_powers_of_ten_are_written_as_the_page_does() -> None:
    told = Stage("x", "x", formulas=["λ = 1e-05"], lines=["{x:1e-07} · {y:-3.2e+30} = exp(−{a}) / 12e-3"]).to_json()
    assert told["formulas"] == ["λ = 1e-5"]
    assert told["lines"] == ["{x:1e-7} · {y:-3.2e30} = exp(−{a}) / 12e-3"]
