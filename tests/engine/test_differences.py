"""Differences of described networks: every activation with every loss, by both ways, in exact arithmetic."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zerokara.engine.compiled import CompiledEngine, capabilities
from zerokara.engine.differences import Described, by_core, by_numpy, core_takes, differences
from zerokara.errors import EngineError, UsageError
from zerokara.nn.finite_difference import FiniteDifference
from zerokara.nn.formulas import ACTIVATION_FORMULAS, LOSS_FORMULAS, Formula

from . import exact
from .exact import with_parameters

needs_core = pytest.mark.skipif(not capabilities()["losses"], reason="the compiled core was not built")
WAYS = pytest.mark.parametrize("way", [by_numpy, pytest.param(by_core, marks=needs_core)])

CENTRAL, FORWARD, BACKWARD = FiniteDifference.central, FiniteDifference.forward, FiniteDifference.backward

ACTIVATIONS = [
    Formula("identity"),
    Formula("sigmoid"),
    Formula("relu"),
    Formula("tanh"),
    Formula("leaky-relu", (0.2,)),
    Formula("capped-relu", (0.75,)),
    Formula("softplus"),
    Formula("gelu", (0.7978845608028654, 0.044715)),
    Formula("gelu-exact"),
    Formula("swish", (1.0,)),
    Formula("elu", (1.0,)),
]
OTHER_ACTIVATIONS = [
    Formula("leaky-relu", (-0.5,)),
    Formula("leaky-relu", (2.0,)),
    Formula("capped-relu", (6.0,)),
    Formula("gelu", (0.3, 0.0)),
    Formula("gelu", (0.8, -0.01)),
    Formula("swish", (-3.0,)),
    Formula("swish", (0.2,)),
    Formula("elu", (0.1,)),
    Formula("elu", (-2.0,)),
]
LOSSES = [
    Formula("cross-entropy"),
    Formula("textbook", (1e-7,)),
    Formula("clipped-cross-entropy", (0.2, 0.4)),
    Formula("squared"),
    Formula("identity-squared"),
    Formula("sigmoid-squared"),
    Formula("sigmoid-cross-entropy", (1e-7,)),
    Formula("sigmoid-clipped-cross-entropy", (0.2, 0.6)),
    Formula("binary", (1e-7,)),
    Formula("binary-clipped", (0.2, 0.6)),
]
OTHER_LOSSES = [
    Formula("textbook", (0.0,)),
    Formula("textbook", (0.3,)),
    Formula("clipped-cross-entropy", (1e-7, 1.0)),
    Formula("clipped-cross-entropy", (0.0, 0.3)),
    Formula("sigmoid-cross-entropy", (0.0,)),
    Formula("sigmoid-cross-entropy", (0.5,)),
    Formula("sigmoid-clipped-cross-entropy", (1e-7, 1 - 1e-7)),
    Formula("binary", (0.0,)),
    Formula("binary-clipped", (1e-7, 1 - 1e-7)),
    Formula("binary-clipped", (0.0, 0.5)),
]
PAIRS = [
    *itertools.product(ACTIVATIONS, LOSSES),
    *itertools.product(OTHER_ACTIVATIONS, LOSSES[::4]),
    *itertools.product(ACTIVATIONS[1::4], OTHER_LOSSES),
]
NETWORKS = [(3, 3), (2, 3, 2), (2, 2, 2, 2)]
STEPS = [
    CENTRAL(1e-4),
    FORWARD(1e-3),
    BACKWARD(1e-2),
    CENTRAL(0.15),
    FORWARD(3.0),
    FiniteDifference(2e-3, 1e-3),
    CENTRAL(0.02),
]


def name_of(formula: Formula) -> str:
    return "-".join([formula.name, *map(str, formula.parameters)])


def make(
    sizes: tuple[int, ...], activation: Formula, loss: Formula, *, n: int = 2, scale: float = 1.2, seed: int = 0
) -> tuple[Described, Any, Any]:
    """A network with biases in every second layer, from the last, and a batch of which an input is 0."""
    rng = np.random.default_rng(seed)
    shapes = list(itertools.pairwise(sizes))
    weights = [scale * rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes]
    biases = [rng.normal(size=shape[1]) if (len(shapes) - i) % 2 else None for i, shape in enumerate(shapes)]
    x = np.round(rng.normal(size=(n, sizes[0])), 1)
    x[0, 0] = 0
    targets = rng.dirichlet(np.ones(sizes[-1]), n) if seed % 2 else np.eye(sizes[-1])[rng.integers(0, sizes[-1], n)]
    return Described(weights, biases, activation, loss), x, targets


def exactly(
    network: Described, x: Any, targets: Any, difference: FiniteDifference, digits: int = 40
) -> list[NDArray[np.float64]]:
    activation = with_parameters(exact.ACTIVATIONS[network.activation.name], network.activation.parameters)
    loss = with_parameters(exact.LOSSES[network.loss.name], network.loss.parameters)
    return exact.exact_differences(
        network.weights, network.all_biases, activation, loss, x, targets, *difference, digits
    )


def flat(gradients: Any) -> list[Any]:
    return [*gradients[0], *gradients[1]]


def assert_same(found: Any, expected: list[Any], **tolerance: Any) -> None:
    for own, other in zip(flat(found), expected, strict=True):
        if own is not None:
            np.testing.assert_allclose(own, other, **tolerance)


def test_all_formulas_are_tried() -> None:
    assert {a.name for a in ACTIVATIONS} == set(ACTIVATION_FORMULAS) == set(exact.ACTIVATIONS)
    assert {loss.name for loss in LOSSES} == set(LOSS_FORMULAS) == set(exact.LOSSES)


@needs_core
def test_the_core_knows_them_by_the_same_parameters() -> None:
    known = capabilities()["differences"]
    assert known["activations"] == {name: list(entry.parameters) for name, entry in ACTIVATION_FORMULAS.items()}
    assert known["losses"] == {name: list(entry.parameters) for name, entry in LOSS_FORMULAS.items()}


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=lambda number: "-".join(map(name_of, PAIRS[number])))
def test_is_what_exact_arithmetic_finds(number: int) -> None:
    """The core rounds neither loss, but for shifts beyond its series, and for gelu. NumPy's way rounds as a loop."""
    activation, loss = PAIRS[number]
    for sizes, difference in [(NETWORKS[number % 3], STEPS[number % 7]), (NETWORKS[(number + 1) % 3], CENTRAL(1e-4))]:
        network, x, targets = make(sizes, activation, loss, seed=number)
        expected = exactly(network, x, targets, difference)
        rounding = 1e-14 / difference.width
        assert_same(by_numpy(network, x, targets, difference), expected, rtol=1e-14, atol=rounding)
        if core_takes(network, x):
            closed = activation.name != "gelu" and difference.farthest <= 0.02
            atol = 1e-14 if closed else rounding
            assert_same(by_core(network, x, targets, difference, 1), expected, rtol=1e-14, atol=atol)


def at_a_bound(activation: Formula, loss: Formula, shift: float, layers: int) -> tuple[Described, Any, Any]:
    """One sample, of which h = 2⁻¹³ moves scores by up to `shift`, some against each other."""
    x = shift * 2**13
    first = np.array([[0.7, -0.2, 0.4], [0.3, 0.5, -0.6], [0.1, -0.2, 0.3]]) / [[x], [x], [3]]
    weights, biases = [first], [np.array([1.5, 0.0, 0.5])]
    if layers == 2:
        weights, biases = [first[:, :2].copy(), np.array([[1.0, -1.0, 0.25], [-0.5, 1.0, -1.0]])], [None, *biases]
    return Described(weights, biases, activation, loss), np.array([[x, -x, 3.0]]), np.array([[0.1, 0.9, 0.0]])


@needs_core
@pytest.mark.parametrize(
    ("activation", "loss", "layers"),
    [
        *((activation, LOSSES[at % 10], 2) for at, activation in enumerate(ACTIVATIONS + OTHER_ACTIVATIONS)),
        *((Formula("identity"), loss, 1 + at % 2) for at, loss in enumerate(LOSSES + OTHER_LOSSES)),
    ],
    ids=str,
)
def test_series_are_exact_to_double_precision_up_to_their_bounds(
    activation: Formula, loss: Formula, layers: int
) -> None:
    """1/128 and 1/4. What is steeper than 1 moves scores beyond the latter: then both losses are rounded."""
    difference = CENTRAL(2.0**-13)
    steep = layers == 2 and (ACTIVATION_FORMULAS[activation.name].steepest(*activation.parameters) > 1)
    for shift in (2**-8, 2**-7, 2**-7 + 2**-30, 2**-2):
        network, x, t = at_a_bound(activation, loss, shift, layers)
        expected = exactly(network, x, t, difference)
        largest = max(abs(gradient).max() for gradient in expected)
        atol = 5e-15 * largest if not steep or shift < 0.1 else 2e-12 * (1 + largest)
        assert_same(by_core(network, x, t, difference, 1), expected, rtol=0, atol=atol)


@needs_core
@pytest.mark.parametrize("sizes", [(30, 10), (30, 19, 10), (8, 9, 11, 7)], ids=str)
def test_the_core_finds_what_numpy_does_with_any_number_of_threads(sizes: tuple[int, ...]) -> None:
    for number, (activation, loss) in enumerate(itertools.product(ACTIVATIONS, LOSSES)):
        if number % 3 != len(sizes) % 3:
            continue
        network, x, targets = make(sizes, activation, loss, n=140 if number % 10 == 0 else 20, seed=number)
        difference = STEPS[number % 5]
        alone = by_core(network, x, targets, difference, 1)
        for one, two in zip(flat(alone), flat(by_core(network, x, targets, difference, 2)), strict=True):
            np.testing.assert_array_equal(one, two)
        if number % 4 == 0:
            expected = flat(by_numpy(network, x, targets, difference))
            assert_same(alone, expected, rtol=1e-13, atol=1e-13 / difference.width)


@needs_core
@pytest.mark.parametrize("level", ["baseline", "v3"])
def test_levels_agree(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    order = ["baseline", "v3", "v4"]
    if order.index(level) >= order.index(CompiledEngine().level):
        pytest.skip(f"this machine has nothing beyond {level}")
    for number, (activation, loss) in enumerate(PAIRS):
        network, x, targets = make(((8, 10), (8, 9, 10), (5, 4, 6, 3))[number % 3], activation, loss, n=5, seed=number)
        difference = STEPS[number % 7]
        monkeypatch.delenv("ZEROKARA_LEVEL", raising=False)
        expected = flat(by_core(network, x, targets, difference, 1))
        monkeypatch.setenv("ZEROKARA_LEVEL", level)
        found = by_core(network, x, targets, difference, 1)
        assert_same(found, expected, rtol=1e-13, atol=1e-14 / difference.width)


NEAR = [-2.0, -1.0, -0.7, -0.1, 0.0, 0.3, 1.0, 1.5]
"""How many steps from a kink."""


def one_score(activation: Formula, loss: Formula, bias: float, layers: int) -> tuple[Described, Any, Any]:
    """One unit at `bias` with an input of 1; where it is hidden, its output is the first of two scores."""
    first = np.zeros((1, 2 if layers == 1 else 1))
    weights, biases = [first], [np.array([bias, 0.25][: first.shape[1]])]
    if layers == 2:
        weights, biases = [first, np.array([[1.5, 0.0]])], [*biases, np.array([0.0, 0.25])]
    return Described(weights, biases, activation, loss), np.ones((1, 1)), np.array([[0.6, 0.4]])


@WAYS
@pytest.mark.parametrize("h", [1e-4, 0.05, 2.0])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, *OTHER_ACTIVATIONS], ids=name_of)
def test_a_kink_of_an_activation_between_the_points(way: Any, activation: Formula, h: float) -> None:
    for kink in ACTIVATION_FORMULAS[activation.name].kinks(*activation.parameters):
        for number, steps in enumerate(NEAR):
            difference = [CENTRAL, FORWARD, BACKWARD][number % 3](h)
            network, x, t = one_score(activation, Formula("squared"), kink + steps * h, 2)
            expected = exactly(network, x, t, difference)
            assert_same(way(network, x, t, difference), expected, rtol=1e-13, atol=2e-15 / h)


@WAYS
@pytest.mark.parametrize(
    "activation", [Formula("leaky-relu", (40.0,)), Formula("elu", (40.0,)), Formula("gelu", (20.0, 1.0))], ids=name_of
)
def test_what_is_steep_moves_scores_farther_than_its_input(way: Any, activation: Formula) -> None:
    """A shift within the series, of an input of 1, moves a score beyond them."""
    for loss in (Formula("cross-entropy"), Formula("binary", (0.0,))):
        network, x, t = one_score(activation, loss, -0.02, 2)
        expected = exactly(network, x, t, CENTRAL(0.006))
        assert_same(way(network, x, t, CENTRAL(0.006)), expected, rtol=1e-13, atol=1e-13)


@WAYS
@pytest.mark.parametrize("h", [1e-4, 0.05, 2.0])
@pytest.mark.parametrize("loss", [loss for loss in [*LOSSES, *OTHER_LOSSES] if "clip" in loss.name], ids=name_of)
def test_a_bound_of_a_clip_between_the_points(way: Any, loss: Formula, h: float) -> None:
    """The first of two scores is where its probability is clipped; softmax's is that of the difference of both."""
    other = 0.25 if loss.name == "clipped-cross-entropy" else 0.0
    for bound in loss.parameters:
        if not 0 < bound < 1:
            continue
        kink = np.log(bound / (1 - bound)) + other
        for number, steps in enumerate(NEAR):
            difference = [CENTRAL, FORWARD, BACKWARD][number % 3](h)
            network, x, t = one_score(Formula("identity"), loss, kink + steps * h, 1 + number % 2)
            if number % 2:
                network.weights[1][0, 0] = 1.0
            expected = exactly(network, x, t, difference)
            assert_same(way(network, x, t, difference), expected, rtol=1e-12, atol=2e-14 / h)


@WAYS
@pytest.mark.parametrize("loss", [*LOSSES, *OTHER_LOSSES], ids=name_of)
def test_scores_that_are_huge(way: Any, loss: Formula) -> None:
    """Where a probability is rounded to 0 or 1, its logarithm still is what it is."""
    for bias in (-30.0, 30.0, -690.0, 690.0):
        network, x, t = one_score(Formula("identity"), loss, bias, 1)
        expected = exactly(network, x, t, CENTRAL(1e-4), digits=360)
        largest = max(abs(bias), bias**2 * (loss.name == "identity-squared"))
        assert_same(way(network, x, t, CENTRAL(1e-4)), expected, rtol=1e-12, atol=5e-12 * largest)


@WAYS
@pytest.mark.parametrize("activation", [*ACTIVATIONS, *OTHER_ACTIVATIONS], ids=name_of)
def test_inputs_of_an_activation_that_are_huge(way: Any, activation: Formula) -> None:
    for bias in (-40.0, 40.0, -2000.0, 2000.0, -1e30, 1e30):
        network, x, t = one_score(activation, Formula("sigmoid-squared"), bias, 2)
        found = way(network, x, t, FORWARD(1e-3))
        assert all(np.isfinite(gradient).all() for gradient in flat(found))
        if abs(bias) == 40:
            assert_same(found, exactly(network, x, t, FORWARD(1e-3)), rtol=1e-12, atol=2e-11)


@WAYS
def test_a_loss_that_is_not_finite_gives_no_gradient(way: Any) -> None:
    for loss in LOSSES:
        network, x, t = make((3, 4, 2), Formula("relu"), loss)
        network.weights[1][0, 0] = np.nan
        assert all(np.isnan(gradient).all() for gradient in way(network, x, t, CENTRAL(1e-4))[0])


@WAYS
def test_biases_that_are_not_there_have_no_gradient(way: Any) -> None:
    network, x, t = make((3, 4, 2), Formula("tanh"), Formula("binary", (0.0,)))
    assert [bias is None for bias in network.biases] == [True, False]
    weights, biases = way(network, x, t, CENTRAL(1e-4))
    assert [array.shape for array in weights] == [(3, 4), (4, 2)]
    assert biases[0] is None
    assert biases[1] is not None
    assert biases[1].shape == (2,)


@WAYS
def test_targets_may_be_any_numbers(way: Any) -> None:
    for loss in LOSSES:
        network, x, _ = make((2, 3, 2), Formula("tanh"), loss)
        t = np.array([[3.0, -1.5], [0.0, 0.25]])
        found, expected = way(network, x, t, CENTRAL(1e-3)), exactly(network, x, t, CENTRAL(1e-3))
        assert_same(found, expected, rtol=1e-13, atol=1e-11)


@WAYS
def test_arrays_that_lie_otherwise_in_memory(way: Any) -> None:
    """Such as weights that are stored (fan_out, fan_in)."""
    network, x, t = make((3, 4, 2), Formula("elu", (1.0,)), Formula("squared"))
    turned = replace(network, weights=[np.asfortranarray(w) for w in network.weights])
    found = way(turned, np.asfortranarray(x), t[:, ::-1][:, ::-1], CENTRAL(1e-4))
    assert_same(found, flat(way(network, x, t, CENTRAL(1e-4))), rtol=0, atol=1e-11)


def test_the_faster_way_is_taken_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    original = CompiledEngine.fill_differences
    monkeypatch.setattr(
        CompiledEngine, "fill_differences", lambda self, **named: asked.append(self.threads) or original(self, **named)
    )
    network, x, t = make((3, 4, 2), Formula("elu", (1.0,)), Formula("squared"))
    by_default = differences(network, x, t, CENTRAL(1e-4), threads=2)
    assert asked == ([2] if capabilities()["losses"] else [])
    too_wide, wide, of_wide = make((70_000, 1), Formula("identity"), Formula("identity-squared"))
    differences(too_wide, wide, of_wide, CENTRAL(1e-4))
    assert len(asked) <= 1
    assert_same(by_default, flat(by_numpy(network, x, t, CENTRAL(1e-4))), rtol=0, atol=1e-11)


@pytest.mark.parametrize("points", [(0.0, 0.0), (-1e-4, 1e-4), (np.nan, 0.0)])
def test_points_in_another_order_are_refused(points: tuple[float, float]) -> None:
    network, x, t = make((3, 4, 2), Formula("relu"), Formula("squared"))
    with pytest.raises(UsageError, match="above must be larger than below"):
        differences(network, x, t, FiniteDifference(*points))


@needs_core
def test_what_the_core_refuses_is_an_error() -> None:
    network, x, t = make((3, 4, 2), Formula("relu"), Formula("squared"))
    with pytest.raises(EngineError, match="one row per row of x"):
        differences(network, x, t[:1], CENTRAL(1e-4))


@pytest.mark.parametrize(
    ("activation", "loss", "said"),
    [
        (Formula("relu6"), Formula("squared"), "activation must be one of identity, sigmoid, .*. Got 'relu6'"),
        (Formula("relu"), Formula("hinge"), "loss must be one of cross-entropy, .*. Got 'hinge'"),
        (Formula("elu"), Formula("squared"), r"The formula elu has the parameters \['alpha'\], and no other"),
        (Formula("relu"), Formula("squared", (1.0,)), r"The formula squared has the parameters \[\], and no other"),
    ],
)
def test_a_formula_that_is_not_known_is_refused(activation: Formula, loss: Formula, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Described([np.ones((2, 2))], [None], activation, loss)
