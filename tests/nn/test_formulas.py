"""The formulas by plainer ones and other functions; tests/engine/test_differences.py has their differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zerokara.errors import UsageError
from zerokara.nn.activations import ACTIVATIONS
from zerokara.nn.formulas import (
    ACTIVATION_FORMULAS,
    LOSS_FORMULAS,
    Formula,
    FormulaLayer,
    activation_formula,
    loss_formula,
    terms_of,
)
from zerokara.nn.functions import LOSSES, softmax

GELU = (math.sqrt(2 / math.pi), 0.044715)


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


BY_HAND: list[tuple[Formula, Callable[[float], float]]] = [
    (Formula("identity"), lambda a: a),
    (Formula("sigmoid"), sigmoid),
    (Formula("relu"), lambda a: max(0, a)),
    (Formula("tanh"), math.tanh),
    (Formula("leaky-relu", (0.3,)), lambda a: max(a, 0.3 * a)),
    (Formula("capped-relu", (6.0,)), lambda a: min(max(0, a), 6)),
    (Formula("softplus"), lambda a: math.log(1 + math.exp(a))),
    (Formula("gelu", GELU), lambda a: 0.5 * a * (1 + math.tanh(GELU[0] * (a + 0.044715 * a**3)))),
    (Formula("gelu-exact"), lambda a: 0.5 * a * (1 + math.erf(a / math.sqrt(2)))),
    (Formula("swish", (1.5,)), lambda a: a * sigmoid(1.5 * a)),
    (Formula("elu", (0.5,)), lambda a: a if a > 0 else 0.5 * (math.exp(a) - 1)),
]
"""As somebody writes them for one number."""

POINTS = np.array([-8.0, -3.0, -1.0, -1e-3, 0.0, 1e-3, 0.4, 1.0, 2.5, 6.0, 7.0])


def value(formula: Formula, a: Any) -> Any:
    return activation_formula(formula).value(np.asarray(a), *formula.parameters)


@pytest.mark.parametrize(("formula", "by_hand"), BY_HAND, ids=lambda case: getattr(case, "name", ""))
def test_activations_are_what_they_are_by_hand(formula: Formula, by_hand: Callable[[float], float]) -> None:
    np.testing.assert_allclose(value(formula, POINTS), [by_hand(a) for a in POINTS], rtol=1e-12, atol=1e-15)
    assert FormulaLayer(formula).forward(POINTS.reshape(1, -1)).shape == (1, len(POINTS))


def test_every_activation_was_tried() -> None:
    assert {formula.name for formula, _ in BY_HAND} == set(ACTIVATION_FORMULAS)


@pytest.mark.parametrize(
    "formula",
    [formula for formula, _ in BY_HAND]
    + [Formula("leaky-relu", (-2.0,)), Formula("swish", (9.0,)), Formula("elu", (3.0,)), Formula("gelu", (2.0, 1.0))],
    ids=str,
)
def test_nothing_is_steeper_and_bends_only_at_its_kinks(formula: Formula) -> None:
    """Between neighbours of a fine grid; a slope jumps at a kink alone, where it does."""
    entry = activation_formula(formula)
    a = np.linspace(-10, 10, 200_001)
    slopes = np.diff(value(formula, a)) / 1e-4
    assert abs(slopes).max() <= entry.steepest(*formula.parameters) * (1 + 1e-9)
    jumps = a[1:-1][abs(np.diff(slopes)) > 0.01]
    kinks = entry.kinks(*formula.parameters)
    assert all(min(abs(jump - kink) for kink in kinks) < 2e-4 for jump in jumps)
    assert bool(kinks) == bool(len(jumps))


@pytest.mark.parametrize("formula", [formula for formula, _ in BY_HAND], ids=str)
def test_no_input_is_too_large_for_an_activation(formula: Formula) -> None:
    with np.errstate(all="raise", under="ignore"):
        found = value(formula, [-1e5, -800.0, 800.0, 1e5])
    expected = {"identity": [-1e5, -800, 800, 1e5], "sigmoid": [0, 0, 1, 1], "tanh": [-1, -1, 1, 1]}
    expected |= {"leaky-relu": [-3e4, -240, 800, 1e5], "capped-relu": [0, 0, 6, 6], "elu": [-0.5, -0.5, 800, 1e5]}
    np.testing.assert_allclose(found, expected.get(formula.name, [0, 0, 800, 1e5]), rtol=1e-15, atol=1e-300)


O = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, -3.0]])  # noqa: E741
T = np.array([[0.0, 1.0, 0.0], [0.2, 0.5, 0.3]])
P, S = softmax(O), 1 / (1 + np.exp(-O))

LOSSES_BY_HAND: list[tuple[Formula, Any]] = [
    (Formula("cross-entropy"), -T * np.log(P)),
    (Formula("textbook", (0.1,)), -T * np.log(P + 0.1)),
    (Formula("textbook", (0.0,)), -T * np.log(P)),
    (Formula("clipped-cross-entropy", (0.1, 0.7)), -T * np.log(np.clip(P, 0.1, 0.7))),
    (Formula("clipped-cross-entropy", (0.0, 2.0)), -T * np.log(P)),
    (Formula("squared"), 0.5 * (P - T) ** 2),
    (Formula("identity-squared"), 0.5 * (O - T) ** 2),
    (Formula("sigmoid-squared"), 0.5 * (S - T) ** 2),
    (Formula("sigmoid-cross-entropy", (0.1,)), -T * np.log(S + 0.1)),
    (Formula("sigmoid-cross-entropy", (0.0,)), -T * np.log(S)),
    (Formula("sigmoid-clipped-cross-entropy", (0.3, 0.9)), -T * np.log(np.clip(S, 0.3, 0.9))),
    (Formula("binary", (0.1,)), -(T * np.log(S + 0.1) + (1 - T) * np.log(1 - S + 0.1))),
    (Formula("binary", (0.0,)), -(T * np.log(S) + (1 - T) * np.log(1 - S))),
    (
        Formula("binary-clipped", (0.3, 0.9)),
        -(T * np.log(np.clip(S, 0.3, 0.9)) + (1 - T) * np.log(1 - np.clip(S, 0.3, 0.9))),
    ),
]


@pytest.mark.parametrize(("formula", "by_hand"), LOSSES_BY_HAND, ids=lambda case: getattr(case, "name", ""))
def test_losses_are_what_they_are_by_hand(formula: Formula, by_hand: Any) -> None:
    np.testing.assert_allclose(terms_of(formula)(O, T), by_hand, rtol=1e-13, atol=1e-15)


def test_every_loss_was_tried() -> None:
    assert {formula.name for formula, _ in LOSSES_BY_HAND} == set(LOSS_FORMULAS)


@pytest.mark.parametrize("formula", [formula for formula, _ in LOSSES_BY_HAND], ids=str)
def test_no_score_is_too_large_for_a_loss(formula: Formula) -> None:
    """What is right costs nothing, or what the numbers beside it leave; what is wrong costs what it should."""
    with np.errstate(all="raise", under="ignore"):
        right, wrong = (
            terms_of(formula)(np.array([o]), np.eye(2)[:1]).sum() for o in ([2000.0, -2000.0], [-2000.0, 2000.0])
        )
    assert np.isfinite([right, wrong]).all()
    assert right < wrong or formula == Formula("identity-squared")
    if formula == Formula("binary", (0.0,)):
        assert (right, wrong) == (0, 4000)
    if formula == Formula("binary-clipped", (0.3, 0.9)):
        np.testing.assert_allclose([right, wrong], [-math.log(0.9) - math.log(0.7), -math.log(0.3) - math.log(0.1)])


def test_what_both_tables_have_is_the_same() -> None:
    trained = {"leaky-relu": (0.01,), "gelu": GELU, "textbook": (1e-7,)}
    for name in ACTIVATIONS:
        formula = Formula(name, trained.get(name, ()))
        np.testing.assert_allclose(value(formula, POINTS), ACTIVATIONS[name]().forward(POINTS), rtol=1e-15)
    for name in LOSSES:
        terms = terms_of(Formula(name, trained.get(name, ())))
        np.testing.assert_allclose(terms(O, T), LOSSES[name].terms(O, T), rtol=1e-15)


def test_bounds_of_a_clip_are_kinks() -> None:
    for name, entry in LOSS_FORMULAS.items():
        assert entry.kinks(*range(len(entry.parameters))) == ((0, 1) if "clip" in name else ())


@pytest.mark.parametrize(
    ("find", "formula", "said"),
    [
        (activation_formula, Formula("silu"), "activation must be one of identity, .*. Got 'silu'"),
        (loss_formula, Formula("hinge"), "loss must be one of cross-entropy, .*. Got 'hinge'"),
        (activation_formula, Formula("leaky-relu"), r"leaky-relu has the parameters \['slope'\], and no other"),
        (loss_formula, Formula("binary", (1.0, 2.0)), r"binary has the parameters \['delta'\], and no other"),
    ],
)
def test_unknown_formulas_are_refused(find: Callable[[Formula], object], formula: Formula, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find(formula)
