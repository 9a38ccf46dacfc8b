"""What the gradients of one layer equal: a δ with an operand for W, a δ with a sum for b, up to a factor.

A match is found by its names on one batch, and looked up by them on others: it holds only where the learner's numbers
are those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from zerokara.own_gradients.deltas import Candidates, Stack
from zerokara.own_gradients.fitting import fitted
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Array

RIGHT = "right"
MOST = 40
"""Candidates that are built in full, of those that agree along one direction."""


@dataclass(frozen=True)
class Match:
    """What one gradient is.

    Attributes:
        delta: names of the parts of the δ in it, () where there is none.
        how: what is done with the δ: an operand of W, a sum of b; or what stands there instead.
        view: how the gradient of W was turned, "" for not at all.
        wrong: mistakes, (cause, name) each, but for the factor.
        factor: what the right size is multiplied by, on the batch where it was found.
        any_scale: whether the factor is no mistake of its own.
        rest: what else was added, (name, times).
    """

    delta: tuple[str, ...]
    how: str
    wrong: tuple[tuple[str, str], ...]
    factor: float
    any_scale: bool = False
    rest: tuple[tuple[str, float], ...] = ()
    view: str = ""

    @property
    def scaled(self) -> bool:
        """Whether its factor is a mistake."""
        return not self.any_scale and abs(self.factor - 1) > 1e-6

    @property
    def cost(self) -> float:
        """How many mistakes it is."""
        return len(self.wrong) + self.scaled + len(self.rest)


def weight_matches(seen: Observation, layer: int, candidates: Candidates) -> list[Match]:
    """What the gradient of W of a layer is, the fewest mistakes first."""
    gradient = seen.weights_of(seen.gradient, layer)
    found = list(_without_delta(seen, layer, gradient, seen.truth.W[layer], "W"))
    if gradient is None or gradient.ndim != 2 or not gradient.any():
        return found
    for stack in (candidates.single, candidates.double):
        found += _with_operands(seen, layer, candidates, stack, gradient)
        if found:
            break
    return sorted(found, key=lambda match: match.cost)


def _with_operands(
    seen: Observation, layer: int, candidates: Candidates, stack: Stack, gradient: Array
) -> list[Match]:
    """Matches with the right operand; with others, and of a turned gradient, where that alone is no single mistake."""
    shape = seen.truth.W[layer].shape
    plain = gradient - _penalty(seen, layer, "W") if gradient.shape == shape else gradient
    found: list[Match] = []
    for how, cause, operand in operands(seen, layer):
        if cause and (stack is candidates.double or any(match.cost <= 1 for match in found)):
            break
        for name, view in views(plain, shape):
            if not (name and (cause or stack is candidates.double)):
                causes = [("transposed", name)] if name else [(cause, how)] if cause else []
                found += _products(seen, layer, (candidates, stack), view, (how, name, causes, operand))
        if how == RIGHT and gradient.shape == shape and not any(match.cost <= 1 for match in found):
            found += _penalized(seen, layer, (candidates, stack), gradient, operand)
            found += _rounded(seen, layer, candidates)
    return found


def operands(seen: Observation, layer: int) -> Iterator[tuple[str, str | None, Array]]:
    """What δ is multiplied by in the gradient of W, (n, inputs): name, cause, array."""
    truth = seen.truth
    right = truth.a[layer - 1]
    yield RIGHT, None, right
    others: dict[str, Array] = {"1": np.ones_like(right)}
    if layer > 1:
        others["z"] = truth.z[layer - 1]
        others["f′(z)"] = truth.slope[layer - 1]
    for number in truth.a:
        if number != layer - 1:
            others[f"a{number}"] = truth.a[number]
            others[f"z{number}"] = truth.z.get(number, truth.a[number])
    for number, delta in truth.delta.items():
        others[f"δ{number}"] = delta
    others |= {"y": truth.output, "t": truth.targets}
    plain = {"a": right, "z": others["z"]} if layer > 1 else {"x": right}
    with np.errstate(all="ignore"):
        for name, value in plain.items():
            others |= {
                f"{name}²": value**2,
                f"|{name}|": np.abs(value),
                f"|{name}| − 1": np.abs(value) - 1,
                f"{name} − 1": value - 1,
                f"1 − {name}": 1 - value,
                f"{name} − mean": value - value.mean(axis=0),
                f"{name}(1 − {name})": value * (1 - value),
                f"1 − {name}²": 1 - value**2,
                f"{name} > 0": (value > 0) * 1.0,
                f"sigmoid({name})": 1 / (1 + np.exp(-value)),
                f"tanh({name})": np.tanh(value),
                f"relu({name})": np.maximum(value, 0),
                f"exp({name})": np.exp(np.minimum(value, 50)),
                f"{name}, reversed": value[::-1],
                f"{name}, units reversed": value[:, ::-1],
                f"first {name}": np.broadcast_to(value[:1], value.shape),
                f"last {name}": np.broadcast_to(value[-1:], value.shape),
                f"mean of {name}": np.broadcast_to(value.mean(axis=0), value.shape),
                f"{name}, rolled": np.roll(value, 1, axis=0),
                f"{name}, rolled back": np.roll(value, -1, axis=0),
                f"√{name}": np.sqrt(np.abs(value)),
                f"{name}³": value**3,
                f"{name}, sorted": np.sort(value, axis=0),
            }
    for name, value in others.items():
        if value.shape == right.shape and np.isfinite(value).all():
            yield name, "wrong-operand", value


def views(gradient: Array, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """A gradient as it is, and, where the shapes allow it, as one that has been transposed."""
    if gradient.shape == shape:
        yield "", gradient
        reshaped = gradient.reshape(shape[::-1]).T
        if shape[0] != shape[1] or not np.array_equal(reshaped, gradient):
            yield "reshaped", reshaped
            yield "reshaped the other way", gradient.T.reshape(shape)
        yield "reversed", gradient[::-1]
    elif gradient.shape == shape[::-1]:
        yield "transposed", gradient.T


def _products(
    seen: Observation,
    layer: int,
    among: tuple[Candidates, Stack],
    gradient: Array,
    how: tuple[str, str, list[tuple[str, str]], Array],
) -> Iterator[Match]:
    """Matches of operandᵀ @ δ, compared along one direction first."""
    name, view, causes, operand = how
    candidates, stack = among
    direction = _direction(gradient.shape[1])
    along = gradient @ direction
    projected = stack.projected(direction)
    squares = ((projected @ (operand @ operand.T)) * projected).sum(axis=1)
    products = projected @ (operand @ along)
    survivors = _survivors(squares, products, float(along @ along), seen.within, stack)
    for i in survivors:
        match = _match(candidates, i, name, tuple(causes))
        coefficients = fitted(gradient, [operand.T @ candidates.array(i)], seen.within, _size(operand, candidates.array(i)))
        if coefficients is not None:
            yield replace(match, factor=coefficients[0], view=view)


def _direction(units: int) -> Array:
    return np.random.default_rng(units).normal(size=units)


def _survivors(squares: Array, products: Array, of_gradient: float, within: float, stack: Stack) -> list[int]:
    with np.errstate(all="ignore"):
        rest = of_gradient - products**2 / squares
    alike = np.flatnonzero((squares > 1e-24 * squares.max(initial=0)) & (rest <= max(1e-9, 30 * within**2) * of_gradient))
    return [int(i) for i in stack.numbers[alike[np.argsort(stack.costs[alike], kind="stable")]][:MOST]]


def _size(operand: Array, delta: Array) -> float:
    """How large a sum of products would be if nothing cancelled."""
    return float(np.linalg.norm(np.abs(operand).T @ np.abs(delta)))


def _match(candidates: Candidates, i: int, how: str, causes: tuple[tuple[str, str], ...]) -> Match:
    wrong = candidates.wrong(i)
    return Match(
        delta=tuple(part.name for part in candidates.parts(i)),
        how=how,
        wrong=tuple((part.cause or "", part.name) for part in wrong) + causes,
        factor=1.0,
        any_scale=any(part.any_scale for part in wrong),
    )


def _penalty(seen: Observation, layer: int, letter: str) -> Array | float:
    """The gradient of a penalty that is in the learner's loss."""
    place = seen.model.layers[layer - 1]
    name = place.weight if letter == "W" else place.bias
    rate = seen.model.decays(seen.n).get(name or "", 0.0)
    if not rate:
        return 0.0
    return rate * (seen.truth.W[layer] if letter == "W" else seen.truth.b[layer])


ADDED: dict[str, Callable[[Array], Array]] = {"W": np.array, "sign(W)": np.sign, "W²": np.square}


def _penalized(
    seen: Observation, layer: int, among: tuple[Candidates, Stack], gradient: Array, operand: Array
) -> Iterator[Match]:
    """Matches with a penalty of the weights that is not in the loss, or that the gradient lacks."""
    candidates, stack = among
    penalized = gradient - _penalty(seen, layer, "W")
    direction = _direction(gradient.shape[1])
    projected = stack.projected(direction)
    for name, added in ADDED.items():
        W = added(seen.truth.W[layer])
        along, beside = penalized @ direction, W @ direction
        unit = beside / (np.linalg.norm(beside) or 1.0)
        rest = along - unit * (unit @ along)
        inputs = operand - np.outer(operand @ unit, unit)
        squares = ((projected @ (inputs @ inputs.T)) * projected).sum(axis=1)
        found = _survivors(squares, projected @ (inputs @ rest), float(rest @ rest), seen.within, stack)
        for i in found[:8]:
            delta = candidates.array(i)
            coefficients = fitted(penalized, [operand.T @ delta, W], seen.within, _size(operand, delta))
            if coefficients is not None and abs(coefficients[1]) > 1e-9:
                match = _match(candidates, i, RIGHT, ())
                yield replace(match, factor=coefficients[0], rest=((name, coefficients[1]),))


ROUNDINGS: dict[str, Callable[[Array], Array]] = {
    "float16": lambda g: g.astype(np.float16).astype(np.float64),
    "float32": lambda g: g.astype(np.float32).astype(np.float64),
    "trunc": np.trunc,
    "floor": np.floor,
    "rint": np.rint,
}


def _rounded(seen: Observation, layer: int, candidates: Candidates) -> Iterator[Match]:
    """A right gradient in a type that cannot hold it."""
    i = candidates.right
    right = seen.truth.a[layer - 1].T @ candidates.array(i) + _penalty(seen, layer, "W")
    yield from _halves(seen, layer, "W", right)
    yield from _rounding(seen.weights_of(seen.gradient, layer), right, candidates, i)


def _halves(seen: Observation, layer: int, letter: str, right: Array) -> Iterator[Match]:
    """A gradient of half precision that is right but for that."""
    place = seen.model.layers[layer - 1]
    name = place.weight if letter == "W" else place.bias or ""
    gradient = (seen.weights_of if letter == "W" else seen.bias_of)(seen.gradient, layer)
    if seen.dtypes.get(name) == np.float16 and gradient is not None and gradient.size == right.size:
        if np.linalg.norm(gradient.reshape(right.shape) - right) <= 5e-3 * np.linalg.norm(right):
            yield Match((), "half", (("dtype", "float16"),), 1.0)


def _rounding(gradient: Array | None, right: Array, candidates: Candidates, i: int) -> Iterator[Match]:
    for name, rounding in ROUNDINGS.items():
        if gradient is not None and is_rounding(gradient, right, rounding):
            yield _match(candidates, i, name, (("dtype", name),))
            return


def is_rounding(gradient: Array, right: Array, rounding: Callable[[Array], Array]) -> bool:
    """Whether a gradient is the right one after a rounding, but for a few numbers that lie between two values."""
    if gradient.shape != right.shape or np.allclose(gradient, right, rtol=1e-9, atol=0):
        return False
    with np.errstate(over="ignore"):
        expected = rounding(right)
    return bool(np.mean(np.isclose(gradient, expected, rtol=1e-12, atol=1e-300)) > 0.98)


def _without_delta(
    seen: Observation, layer: int, gradient: Array | None, parameter: Array, letter: str
) -> Iterator[Match]:
    """No gradient at all, or an array of another kind in its place."""
    if gradient is None or gradient.size == 0:
        yield Match((), "missing", (("missing-gradient", "missing"),), 1.0)
        return
    place = seen.model.layers[layer - 1]
    dtype = seen.dtypes.get(place.weight if letter == "W" else place.bias or "")
    if dtype is not None and dtype.kind in "iub":
        yield Match((), "integer", (("dtype", "integer"),), 1.0)
        return
    if not gradient.any():
        yield Match((), "zero", (("missing-gradient", "zero"),), 1.0)
        return
    for name, array, cause in instead(seen, layer, letter):
        if array.size == gradient.size and array.any() and (array.size > 1):
            coefficients = fitted(gradient, [array.reshape(gradient.shape)], seen.within)
            free = array.size > 2 and np.ptp(array) > 0
            if coefficients is not None and (free or abs(coefficients[0] - 1) < 1e-9):
                yield Match((), name, ((cause, name),), coefficients[0], any_scale=True)


def instead(seen: Observation, layer: int, letter: str) -> Iterator[tuple[str, Array, str]]:
    """Arrays that can stand where a gradient belongs: parameters, and gradients of others."""
    shape = (seen.truth.W if letter == "W" else seen.truth.b)[layer].shape
    for values, mark in ((seen.params, ""), (seen.after, " afterwards")):
        for number in seen.truth.W:
            for kind, of in (("W", seen.weights_of), ("b", seen.bias_of)):
                array = of(values, number)
                if array is not None and array.size == np.prod(shape):
                    array = array.reshape(-1) if len(shape) == 1 else array
                    if array.shape in (shape, shape[::-1]):
                        yield f"{kind}{number}{mark}", array.reshape(shape), "gradient-is-parameter"
    for number in seen.truth.W:
        for kind, of in (("W", seen.weights_of), ("b", seen.bias_of)):
            if (kind, number) == (letter, layer):
                continue
            for values, mark in ((seen.truth.gradient, ""), (seen.gradient, " of the learner")):
                array = of(values, number)
                if array is not None and array.size == np.prod(shape):
                    yield f"d{kind}{number}{mark}", array.reshape(shape), "wrong-operand"


def again(seen: Observation, layer: int, candidates: Candidates, match: Match, letter: str) -> list[float] | None:
    """The factor of a match on another batch, and of what was added; None where it does not hold there."""
    gradient = (seen.weights_of if letter == "W" else seen.bias_of)(seen.gradient, layer)
    parameter = (seen.truth.W if letter == "W" else seen.truth.b)[layer]
    if match.how in ("integer", "half"):
        return [1.0]
    if match.how in ("missing", "zero"):
        return [1.0] if gradient is None or not gradient.any() else None
    if gradient is None:
        return None
    i = candidates.find(match.delta) if match.delta else None
    if match.delta and i is None:
        return None
    delta = candidates.array(i) if i is not None else None
    if match.how in ROUNDINGS and delta is not None:
        right = (seen.truth.a[layer - 1].T @ delta if letter == "W" else delta.sum(axis=0)) + _penalty(seen, layer, letter)
        close = np.allclose(gradient, right, rtol=1e-9, atol=0)
        return [1.0] if close or is_rounding(gradient.reshape(right.shape), right, ROUNDINGS[match.how]) else None
    regressor, size = _regressor(seen, layer, delta, match, letter)
    if regressor is None:
        return None
    if delta is not None and (gradient.shape == parameter.shape or (letter == "b" and gradient.size == parameter.size)):
        gradient = gradient.reshape(parameter.shape) - _penalty(seen, layer, letter)
    if match.view:
        gradient = dict(views(gradient, parameter.shape)).get(match.view, gradient)
    if regressor.size != gradient.size:
        return None
    if delta is not None and letter == "b" and match.how in other_sums(delta, parameter.size):
        if regressor.ndim == 2 and gradient.shape == regressor.shape[::-1]:
            regressor = regressor.T
        factor = sum_factor(gradient, regressor, delta, seen)
        return None if factor is None else [factor]
    added = [ADDED.get(name, np.array)(parameter) for name, _ in match.rest]
    if not np.linalg.norm(gradient) > 1e-10 * size:
        return [1.0, *(1.0 for _ in added)] if np.linalg.norm(regressor) <= 1e-9 * size else None
    return fitted(gradient, [regressor.reshape(gradient.shape), *added], 10 * seen.within, size)


def _regressor(
    seen: Observation, layer: int, delta: Array | None, match: Match, letter: str
) -> tuple[Array | None, float]:
    """What a match says that the gradient is a multiple of, and how large it would be if nothing cancelled."""
    if delta is None:
        return {name: array for name, array, _ in instead(seen, layer, letter)}.get(match.how), 0.0
    if letter == "W":
        operand = {name: array for name, _, array in operands(seen, layer)}.get(match.how)
        return (None, 0.0) if operand is None else (operand.T @ delta, _size(operand, delta))
    weights = {name: numbers for name, _, numbers in sums(seen, layer)}.get(match.how)
    if weights is not None:
        return weights @ delta, float(np.linalg.norm(np.abs(weights) @ np.abs(delta)))
    return other_sums(delta, seen.truth.b[layer].size).get(match.how), 0.0


def bias_matches(seen: Observation, layer: int, candidates: Candidates) -> list[Match] | None:
    """What the gradient of b of a layer is; None for a layer without b."""
    if seen.model.layers[layer - 1].bias is None:
        return None
    gradient = seen.bias_of(seen.gradient, layer)
    found = list(_without_delta(seen, layer, gradient, seen.truth.b[layer], "b"))
    if gradient is None or not gradient.any():
        return found
    units = seen.truth.b[layer].size
    for stack in (candidates.single, candidates.double):
        for how, cause, weights in sums(seen, layer):
            if gradient.size != units or (cause and stack is candidates.double):
                continue
            if cause and any(match.cost <= 1 for match in found):
                break
            found += _sums(seen, layer, (candidates, stack), gradient.reshape(-1), (how, cause, weights))
        if stack is candidates.single and not any(match.cost <= 1 for match in found):
            found += _other_sums(seen, layer, candidates, gradient)
        if found:
            break
    return sorted(found, key=lambda match: match.cost)


def sums(seen: Observation, layer: int) -> Iterator[tuple[str, str | None, Array]]:
    """By which numbers the δ of the samples are summed for b, (n,): name, cause, numbers."""
    n, a = seen.n, seen.truth.a[layer - 1]
    yield RIGHT, None, np.ones(n)
    yield "first", "bias-sum", np.eye(n)[0]
    yield "last", "bias-sum", np.eye(n)[-1]
    yield "second", "bias-sum", np.eye(n)[1]
    yield "without the first", "bias-sum", 1 - np.eye(n)[0]
    yield "without the last", "bias-sum", 1 - np.eye(n)[-1]
    yield "Σ a", "wrong-operand", a.sum(axis=1)
    yield "Σ a²", "wrong-operand", np.square(a).sum(axis=1)
    yield "first a", "wrong-operand", a[:, 0]
    yield "last a", "wrong-operand", a[:, -1]
    if layer > 1:
        yield "Σ z", "wrong-operand", seen.truth.z[layer - 1].sum(axis=1)
    if layer > 2:
        yield "Σ x", "wrong-operand", seen.truth.a[0].sum(axis=1)


def _sums(
    seen: Observation,
    layer: int,
    among: tuple[Candidates, Stack],
    gradient: Array,
    how: tuple[str, str | None, Array],
) -> Iterator[Match]:
    name, cause, weights = how
    candidates, stack = among
    target = gradient - _penalty(seen, layer, "b")
    summed = stack.weighted(weights)
    squares, products = np.square(summed).sum(axis=1), summed @ target
    causes = ((cause, f"b {name}"),) if cause else ()
    for i in _survivors(squares, products, float(target @ target), seen.within, stack):
        delta = candidates.array(i)
        size = float(np.linalg.norm(np.abs(weights) @ np.abs(delta)))
        coefficients = fitted(target, [weights @ delta], seen.within, size)
        free = gradient.size > 2 and np.ptp(gradient) > 0
        if coefficients is not None and (free or plain_factor(coefficients[0], seen)):
            yield replace(_match(candidates, i, name, causes), factor=coefficients[0])
    if name == RIGHT:
        i = candidates.right
        b = seen.truth.b[layer]
        total = candidates.array(i).sum(axis=0)
        coefficients = fitted(target, [total, b], seen.within) if b.size > 3 and b.any() else None
        if coefficients is not None and abs(coefficients[1]) > 1e-9:
            yield replace(_match(candidates, i, name, causes), factor=coefficients[0], rest=(("b", coefficients[1]),))
        yield from _halves(seen, layer, "b", total)
        yield from _rounding(gradient, total + _penalty(seen, layer, "b"), candidates, i)


def plain_factor(factor: float, seen: Observation) -> bool:
    """Whether a factor is one that a mistake makes: a scalar with a free one equals anything."""
    n, classes, features = seen.n, seen.truth.output.shape[1], seen.truth.a[0].shape[1]
    widths = [W.shape[1] for W in seen.truth.W.values()]
    plain = [1, 2, n, *widths, *(n * width for width in widths), classes, n * classes, n * n, features, n / classes, 2 * n, n / features]
    return any(np.isclose(abs(factor), value, rtol=1e-7) or np.isclose(abs(factor), 1 / value, rtol=1e-7) for value in plain)


OF_SUMS = {"sum of |δ|": "wrong-operand", "sum of δ²": "wrong-operand"}
"""Causes of those of `other_sums` that are no way to sum."""


def other_sums(delta: Array, units: int) -> dict[str, Array]:
    """What else becomes of δ (n, units) in the gradient of b, by name, in the shape that the gradient then has."""
    total = delta.sum()
    return {
        "one sum for all": np.full(units, total),
        "one number": np.array(total),
        "along the wrong axis": delta.sum(axis=1),
        "not summed": delta,
        "cumulated": delta.cumsum(axis=0)[-1] + 0 * total,
        "largest": delta.max(axis=0),
        "sum of |δ|": np.abs(delta).sum(axis=0),
        "sum of δ²": np.square(delta).sum(axis=0),
        "product": delta.prod(axis=0),
        "median": np.median(delta, axis=0),
        "|sum|": np.abs(delta.sum(axis=0)),
        "reversed": delta.sum(axis=0)[::-1],
        "length": np.sqrt(np.square(delta).sum(axis=0)),
        "variance": delta.var(axis=0),
        "spread": delta.std(axis=0),
        "running": np.cumsum(delta.sum(axis=0)),
        "smallest": delta.min(axis=0),
    }


def _other_sums(seen: Observation, layer: int, candidates: Candidates, gradient: Array) -> Iterator[Match]:
    units, right = seen.truth.b[layer].size, candidates.right
    alike = gradient.size == 1 or bool(np.ptp(gradient) == 0)
    for i in (right,) if alike else candidates.single.numbers:
        delta = candidates.array(int(i))
        for name, value in other_sums(delta, units).items():
            if value.size != gradient.size or (name.startswith("one ") != alike):
                continue
            if value.ndim == 2 and gradient.shape == value.shape[::-1]:
                value = value.T
            if (factor := sum_factor(gradient, value, delta, seen)) is not None:
                yield replace(_match(candidates, int(i), name, ((OF_SUMS.get(name, "bias-sum"), f"b {name}"),)), factor=factor)


def sum_factor(gradient: Array, value: Array, delta: Array, seen: Observation) -> float | None:
    """The factor by which a gradient of b is one of `other_sums`; one number for all has a plain one only."""
    value = value.reshape(gradient.shape)
    # Sums of y − t over the classes are 0 but for rounding, and so is the gradient.
    if np.abs(value).max() <= 1e-12 * np.abs(delta).sum():
        return 1.0 if np.abs(gradient).max() <= 1e-12 * np.abs(delta).sum() else None
    if np.ptp(value) <= 1e-12 * np.abs(value).max() or value.size < 3:
        factor = fitted(gradient, [value], seen.within)
        return factor[0] if factor is not None and plain_factor(factor[0], seen) else None
    factor = fitted(gradient, [value], seen.within, 1e-3 * float(np.abs(delta).sum()))
    return None if factor is None else factor[0]
