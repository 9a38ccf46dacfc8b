"""What else of a recipe may heal a cause, where the change that its finding proposes does not suffice.

A finding says one change; how far to go, only trials can say: a rate of 1e-5 needs ten thousand times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from zerokara.training.recipe import Recipe, default_length

Change = Mapping[str, Any]
FLAT = ("sigmoid", "tanh")
"""Activations whose derivative is small far from 0; ReLU in their place heals much, but this only in deep networks."""
LARGE = 0.3
"""From this standard deviation on, given as a number, initial weights count as large."""


def customary_rate(recipe: Recipe) -> float:
    """That of the recipe's optimizer."""
    return replace(recipe, learning_rate=None).make_optimizer().learning_rate


def _rate(recipe: Recipe) -> float:
    return recipe.make_optimizer().learning_rate


def _of_rate(recipe: Recipe, factor: float) -> list[Change]:
    """The customary rate, where it lies that way and a good deal off, and a step beyond; then step by step."""
    now, customary = _rate(recipe), customary_rate(recipe)
    is_that_way = customary >= 3 * now if factor > 1 else customary <= now / 3
    first = [customary, customary * factor] if is_that_way else []
    return [{"learning_rate": _short(rate)} for rate in [*first, *(now * factor**power for power in (1, 2, 3))]]


def _short(rate: float) -> float:
    """Without the digits that a multiplication leaves: a learner types this number."""
    return float(f"{rate:.3g}")


def _of_init(recipe: Recipe) -> list[Change]:
    return [{"init": name} for name in ("auto", "he") if name != recipe.init]


def _large_init(recipe: Recipe) -> list[Change]:
    return _of_init(recipe) if isinstance(recipe.init, float) and recipe.init >= LARGE else []


def _small_init(recipe: Recipe) -> list[Change]:
    return _of_init(recipe) if isinstance(recipe.init, float) and recipe.init < LARGE else []


def _steeper(recipe: Recipe) -> list[Change]:
    """ReLU, with weights that suit it: a derivative of 1 does not vanish from layer to layer."""
    init = {} if recipe.init in ("auto", "he") else {"init": "auto"}
    return [] if recipe.activation == "relu" else [{"activation": "relu", **init}]


def _of_batch(recipe: Recipe) -> list[Change]:
    return [{"batch_size": 100}] if recipe.batch_size < 50 else []


def _longer(recipe: Recipe) -> list[Change]:
    """As many samples as is customary, where that is more."""
    name = "epochs" if recipe.iterations is None else "iterations"
    usual = default_length(recipe.dataset).get(name, 3000)
    if name == "iterations":
        usual = usual * 100 // max(100, recipe.batch_size)
    return [{name: usual}] if usual > 2 * getattr(recipe, name) else []


def _wider(recipe: Recipe) -> list[Change]:
    return [{"hidden": tuple(max(50, units) for units in recipe.hidden)}] if min(recipe.hidden) < 50 else []


def _weaker_decay(recipe: Recipe) -> list[Change]:
    return [{"weight_decay": 0.0}] if recipe.weight_decay else []


def _stronger_decay(recipe: Recipe) -> list[Change]:
    return [{"weight_decay": decay} for decay in (0.001, 0.01) if decay > recipe.weight_decay]


WAYS: dict[str, Callable[[Recipe], list[Change]]] = {
    "symmetric-weights": _of_init,
    "weights-too-large": _large_init,
    "weights-too-small": _small_init,
    "rate-too-low": lambda recipe: _of_rate(recipe, 10),
    "rate-too-high": lambda recipe: _of_rate(recipe, 0.1),
    "diverged": lambda recipe: [*_of_rate(recipe, 0.1), *_large_init(recipe)],
    "exploding-gradient": lambda recipe: [*_large_init(recipe), *_of_rate(recipe, 0.1)],
    "vanishing-gradient": _steeper,
    "dead-units": lambda recipe: [*_of_rate(recipe, 0.1), *_large_init(recipe)],
    "saturated-units": lambda recipe: [*_large_init(recipe), *_of_rate(recipe, 0.1)],
    "batch-too-small": _of_batch,
    "too-few-updates": _longer,
    "network-too-small": _wider,
    "weight-decay-too-strong": _weaker_decay,
    "overfitting": _stronger_decay,
}
"""Cause → changes of a recipe, the one that most often suffices first. A cause that is not here lies in the data."""

SELDOM_SUFFICES = 2
"""Ways of a cause that no signal speaks for: more are not tried."""


def rivals(recipe: Recipe) -> dict[str, list[Change]]:
    """Causes that signals take for one another, with their ways, in the order in which they are tried.

    First what was set to other than the customary value, which is where to look.
    """
    rates = ["rate-too-low", "rate-too-high"]
    if _rate(recipe) > customary_rate(recipe):
        rates.reverse()
    causes = ["weight-decay-too-strong", "weights-too-large", "weights-too-small", *rates, "network-too-small"]
    found = {cause: WAYS[cause](recipe)[:SELDOM_SUFFICES] for cause in causes}
    if len(recipe.hidden) > 1 and recipe.activation in FLAT:
        found["vanishing-gradient"] = [{"activation": "relu"}]
    return {cause: ways for cause, ways in found.items() if ways}
