"""Explains a learner's gradient layer by layer from the last one down, by as few mistakes as possible.

The δ that the learner was seen to have is carried down, so that two mistakes cost a sum of trials and not a product. Of
each layer the best few explanations are kept; one mistake in several layers counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from zerokara.own_gradients.again import again
from zerokara.own_gradients.bias_matches import bias_matches
from zerokara.own_gradients.deltas import SOLVED, Candidates, Part
from zerokara.own_gradients.fitting import Fit
from zerokara.own_gradients.hidden_deltas import hidden_deltas
from zerokara.own_gradients.last_deltas import last_deltas
from zerokara.own_gradients.match import Match
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Array
from zerokara.own_gradients.weight_matches import weight_matches

WIDTH = 6
UNKNOWN = 3.5
"""What a gradient costs that nothing explains: more than three mistakes."""

Mistake = tuple[str, str]
"""A cause, and how the mistake is written; the same in two layers is one mistake."""


@dataclass(frozen=True)
class Step:
    """One layer: what the gradients of W and b are, None where nothing explains them; and which δ goes further down.

    Attributes:
        carried: names of the parts of that δ; `factor`: which match's factor it has, "W", "b", or "" for none.
    """

    layer: int
    weight: Match | None
    bias: Match | None
    carried: tuple[str, ...]
    factor: str
    has_bias: bool = True
    carried_right: bool = False

    def mistakes(self) -> Iterator[Mistake]:
        """Those of this layer. One δ, and one factor, of both W and b is one mistake."""
        for match in (self.weight, self.bias):
            if match is not None:
                yield from match.wrong
                if match.scaled:
                    yield "factor", f"{match.factor:.6g}"
                yield from (("added", name) for name, _ in match.rest)
        if self.weight is None:
            yield "unknown", f"W{self.layer}"
        if self.bias is None and self.has_bias:
            yield "unknown", f"b{self.layer}"


@dataclass(frozen=True)
class Path:
    """Layers that are explained, the last one first."""

    steps: tuple[Step, ...] = ()
    delta: Array | None = None

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """Each once."""
        return tuple(dict.fromkeys(mistake for step in self.steps for mistake in step.mistakes()))

    @property
    def cost(self) -> float:
        """How many mistakes."""
        return sum(UNKNOWN if cause == "unknown" else 1.0 for cause, _ in self.mistakes)


def explained(seen: Observation) -> list[Path]:
    """The best explanations of all gradients of an observation, the fewest mistakes first."""
    paths = [Path()]
    for layer in range(seen.truth.depth, 0, -1):
        known: dict[bytes, _Found] = {}
        following: list[Path] = []
        for path in paths:
            key = b"" if path.delta is None else path.delta.tobytes()
            if key not in known:
                known[key] = _found(seen, layer, path.delta)
            following += _further(layer, path, known[key])
        paths = _best(following)
    return paths


def candidates_of(seen: Observation, layer: int, carried: Array | None) -> Candidates:
    """The δ that are tried in a layer, made once: many paths carry the same δ down."""
    key = layer, b"" if carried is None else carried.tobytes()
    if key not in seen.candidates:
        seen.candidates[key] = _candidates(seen, layer, carried)
    return seen.candidates[key]


def _candidates(seen: Observation, layer: int, carried: Array | None) -> Candidates:
    candidates = last_deltas(seen) if carried is None else hidden_deltas(seen, layer, carried)
    if (delta := _solved(seen, layer)) is not None:
        candidates.whole.append(Part(SOLVED, delta, "unknown-difference"))
    return candidates


def _solved(seen: Observation, layer: int) -> Array | None:
    """The δ that gives the gradient of W with the right operand, where there is one only; None where there is not."""
    gradient, a = seen.weights_of(seen.gradient, layer), seen.truth.a[layer - 1]
    if gradient is None or gradient.shape != seen.truth.W[layer].shape or a.shape[1] < a.shape[0]:
        return None
    rate = seen.model.decays(seen.n).get(seen.model.layers[layer - 1].weight, 0.0)
    target = gradient - rate * seen.truth.W[layer]
    if not (np.isfinite(target).all() and np.isfinite(a).all()):
        return None
    delta: Array = np.linalg.lstsq(a.T, target, rcond=None)[0]
    rest = np.linalg.norm(a.T @ delta - target)
    return delta if np.isfinite(delta).all() and rest <= seen.within * np.linalg.norm(target) else None


class _Found(NamedTuple):
    """What the gradients of a layer can be, where the layer above has a certain δ."""

    candidates: Candidates
    weights: list[Match]
    biases: list[Match] | None


def _found(seen: Observation, layer: int, delta: Array | None) -> _Found:
    with np.errstate(all="ignore"):
        candidates = candidates_of(seen, layer, delta)
        return _Found(candidates, weight_matches(seen, layer, candidates), bias_matches(seen, layer, candidates))


def _further(layer: int, path: Path, found: _Found) -> Iterator[Path]:
    candidates, weights, biases = found
    for weight, bias in _pairs(weights, biases):
        ways = list(_carried(weight, bias, candidates))
        for carried, factor in ways if layer > 1 else ways[:1]:
            i = candidates.find(carried)
            right = not factor and i is not None and candidates.costs[i] == 0
            step = Step(layer, weight, bias, carried, factor, biases is not None, bool(right))
            yield Path((*path.steps, step), _delta(candidates, step))


NOTHING: Sequence[None] = (None,)


def _pairs(weights: list[Match], biases: list[Match] | None) -> Iterator[tuple[Match | None, Match | None]]:
    """Explanations of W with explanations of b: of the same δ, and the best ones of different δ."""
    if biases is None:
        yield from ((weight, None) for weight in (weights[:WIDTH] or NOTHING))
        return
    best: dict[tuple[str, ...], Match] = {}
    for bias in biases:
        best.setdefault(bias.delta, bias)
    seen = set()
    for weight in weights[: 4 * WIDTH]:
        if weight.delta and weight.delta in best:
            seen.add((id(weight), id(best[weight.delta])))
            yield weight, best[weight.delta]
    for pair in product(weights[:4] or NOTHING, biases[:4] or NOTHING):
        if (id(pair[0]), id(pair[1])) not in seen:
            yield pair


def _carried(weight: Match | None, bias: Match | None, candidates: Candidates) -> Iterator[tuple[tuple[str, ...], str]]:
    """Which δ the code may have used further down: that of W, that of b, the right one; with a factor or without."""
    found: list[tuple[tuple[str, ...], str]] = []
    for name, match in (("W", weight), ("b", bias)):
        if match is not None and match.delta:
            found.append((match.delta, name if abs(match.factor - 1) > 1e-6 else ""))
            found.append((match.delta, ""))
    if weight is None and candidates.find((SOLVED,)) is not None:
        found.append(((SOLVED,), ""))
    found.append((tuple(part.name for part in candidates.parts(candidates.right)), ""))
    yield from dict.fromkeys(found)


def _delta(candidates: Candidates, step: Step) -> Array:
    i = candidates.find(step.carried)
    assert i is not None
    match = {"W": step.weight, "b": step.bias}.get(step.factor)
    return candidates.array(i) * (match.factor if match is not None else 1.0)


def _best(paths: list[Path]) -> list[Path]:
    """The cheapest, of those whose δ differ."""
    kept: list[Path] = []
    for path in sorted(paths, key=lambda path: path.cost):
        if kept and (len(kept) == WIDTH or path.cost > kept[0].cost + 1):
            break
        if not any(path.cost == other.cost and _alike(path, other) for other in kept):
            kept.append(path)
    return kept


def _alike(one: Path, other: Path) -> bool:
    if set(one.mistakes) != set(other.mistakes) or one.delta is None or other.delta is None:
        return False
    return bool(np.allclose(one.delta, other.delta, rtol=1e-12, atol=0))


@dataclass(frozen=True)
class Replay:
    """A path on another observation: the factor of each match there, by (layer, "W" or "b"), and of what was added."""

    n: int
    factors: dict[tuple[int, str], Fit]

    def rest(self, layer: int, letter: str) -> float:
        """The relative length of what a match leaves over."""
        return self.factors[layer, letter].rest if (layer, letter) in self.factors else 0.0


def replayed(path: Path, seen: Observation) -> Replay | None:
    """The path's factors on another observation; None where a match does not hold there."""
    factors: dict[tuple[int, str], Fit] = {}
    delta: Array | None = None
    for step in path.steps:
        delta = _replayed_step(step, seen, delta, factors)
        if delta is None:
            return None
    return Replay(seen.n, factors)


def carried_to(path: Path, seen: Observation, layer: int) -> Array | None:
    """The δ that the layer above hands down to a layer on another observation; None for the last layer."""
    delta: Array | None = None
    for step in path.steps:
        if step.layer <= layer:
            break
        delta = _replayed_step(step, seen, delta, {})
        if delta is None:
            return None
    return delta


def _replayed_step(
    step: Step, seen: Observation, delta: Array | None, factors: dict[tuple[int, str], Fit]
) -> Array | None:
    """The δ that a step hands down; its factors go to `factors`."""
    with np.errstate(all="ignore"):
        candidates = candidates_of(seen, step.layer, delta)
        for letter, match in (("W", step.weight), ("b", step.bias)):
            if match is None:
                continue
            found = again(seen, step.layer, candidates, match, letter)
            if found is None:
                return None
            factors[step.layer, letter] = found
    i = candidates.find(step.carried)
    if i is None:
        return None
    return candidates.array(i) * (factors[step.layer, step.factor][0] if step.factor else 1.0)
