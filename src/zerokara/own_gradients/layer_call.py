"""A layer called on one batch: forward, backward for a random upstream gradient, and derivatives by differences."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zerokara.own_gradients.keeping import GENERATORS, everything_in, set_state, state_of
from zerokara.own_gradients.matching import belongs, matched
from zerokara.own_gradients.parameters import Place, arrays_in, places_in, with_effect
from zerokara.own_gradients.roles import required, role_of, roles_in
from zerokara.own_gradients.subject import Array, Arrays

STEP = 1e-3
"""Of a five-point difference: truncation and rounding are some 1e-12 of the derivative each."""
KINK = 1e-4
"""How far two differences of one derivative may lie apart, beside its size, where the function has no bend."""
SECONDS = 0.25
"""For the differences of one array; what is not done by then is sampled."""
FEWEST = 10
RATE = 0.125
"""Given to a layer that updates itself: a power of two, so that dividing by it rounds nothing."""


class Unusable(Exception):
    """Forward does not take this input, or what comes out are no numbers."""


def is_layer(thing: Any) -> bool:
    """Whether it is a layer by itself: forward(x) and backward(dout), and no loss."""
    kind = type(thing)
    if not callable(getattr(kind, "forward", None)) or not callable(getattr(kind, "backward", None)):
        return False
    if callable(getattr(kind, "loss", None)) or callable(getattr(kind, "gradient", None)):
        return False
    return len(_given(thing.forward)) == 1 and len(_given(thing.backward)) <= 2


def _given(method: Any) -> list[str]:
    """The arguments that a method must be given, but for a switch of training."""
    return [argument.name for argument in required(method) if role_of(argument.name) != "training"]


def _switches(method: Any) -> dict[str, bool]:
    """Training, where the method has a switch for it: only then are its gradients meant."""
    return {name: True for name, role in roles_in(method).items() if role == "training"}


@dataclass
class LayerCall:
    """One batch through a layer.

    Attributes:
        x, u: the input, and the upstream gradient of the shape of y.
        y: what forward gave.
        dx: what backward returned for x; None where it is no array.
        params, grads: arrays that y depends on, by name, and what is kept or returned as their gradients.
        changed: u after backward, where that wrote into it.
        after: the parameters as backward left them.
        again: dx and grads of a second call with the same input, but other random draws.
        draws: generators of the layer's own, and the state that forward begins with.
    """

    layer: Any
    x: Array
    u: Array
    y: Array
    params: Arrays
    dx: Array | None = None
    grads: dict[str, Array] = field(default_factory=dict)
    changed: Array | None = None
    after: Arrays = field(default_factory=dict)
    again: tuple[Array | None, dict[str, Array]] = (None, {})
    draws: tuple[tuple[Any, Any], ...] = ()

    def forward(self, x: Array) -> Array:
        """The output for another input, with the same random draws."""
        return self.run(x)[0]

    def run(self, x: Array) -> tuple[Array, Any]:
        """The output, and the cache that comes with it, if any."""
        for generator, state in self.draws:
            set_state(generator, state)
        np.random.seed(1)
        random.seed(1)
        result = self.layer.forward(x.copy(), **_switches(self.layer.forward))
        output, cache = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
        return np.array(output), cache

    def backward(self, u: Array) -> Array | None:
        """dx for another upstream gradient."""
        return _once(replace(self, u=u), [], seed=2)[0]

    def total(self) -> float:
        """sum(forward(x)·u), at the parameters as they are."""
        return float(np.sum(self.forward(self.x) * self.u))

    @property
    def short(self) -> bool:
        """Whether the layer computes in float32 whatever it is given."""
        return self.y.dtype.itemsize < 8

    @property
    def tolerance(self) -> float:
        """Of a right gradient, beside its size."""
        return 1e-2 if self.short else 1e-6


def tried(layer: Any, given: Array, generator: np.random.Generator) -> LayerCall:
    """Forward and backward for one input, at drawn parameters.

    Raises whatever the layer's code raises, and Unusable where the output cannot be used.
    """
    kept = tuple((thing, state_of(thing)) for thing in everything_in([layer]) if isinstance(thing, GENERATORS))
    call = LayerCall(layer, given, given, given, {}, draws=kept)
    call.y = call.forward(given)
    if call.y.dtype.kind != "f" or not np.all(np.isfinite(call.y)) or call.y.ndim == 0:
        raise Unusable
    call.u = generator.normal(0, 1, call.y.shape)
    _as_floats(layer)
    places = with_effect(arrays_in(layer), call.total)
    for place in places:
        fan_in = place.value[..., 0].size if place.value.ndim > 1 else 4
        place.value[...] = generator.normal(0.2, 1 / np.sqrt(fan_in), place.value.shape)
    call.params = {place.name: place.value for place in places}
    call.y = call.forward(given)
    if not np.all(np.isfinite(call.y)) or not np.array_equal(call.y, call.forward(given)):
        raise Unusable
    _backward(call, places)
    return call


def inputs(layer: Any, x: Array | None, rows: int, generator: np.random.Generator) -> Iterator[Array]:
    """What forward may take: of the shape of x, and of shapes that fit what the layer holds."""
    if x is not None and x.dtype.kind in "iu" and x.dtype.itemsize > 1:
        yield x[:rows]  # class or word numbers, as an embedding takes them
    shapes = list(dict.fromkeys([*([x.shape[1:]] if x is not None else []), *_shapes(layer)]))
    for shape in shapes:
        yield generator.normal(0, 1, (rows, *shape))
    for shape in shapes:
        yield generator.uniform(0.1, 0.9, (rows, *shape))
    yield from single_inputs(shapes, generator)


def single_inputs(shapes: list[tuple[int, ...]], generator: np.random.Generator) -> Iterator[Array]:
    """One sample: as a vector, and as a column."""
    for shape in shapes:
        if len(shape) == 1:
            yield from (generator.normal(0, 1, shape), generator.normal(0, 1, (*shape, 1)))


def _shapes(layer: Any) -> Iterator[tuple[int, ...]]:
    """Of one sample, by the shapes of what the layer holds."""
    arrays = [place.value for place in arrays_in(layer)]
    for array in arrays:
        if array.ndim == 4:
            yield array.shape[1], array.shape[2] + 3, array.shape[3] + 2
    for array in arrays:
        if array.ndim == 2 and 1 not in array.shape:
            yield from ((array.shape[0],), (array.shape[1],))
    for array in arrays:
        if array.ndim == 1 or 1 in array.shape:
            yield (array.size,)
    yield from ((5,), (3, 6, 6), (2, 4, 4), (784,))


def _as_floats(layer: Any) -> None:
    """Have the layer hold float64 where it holds integers or shorter numbers, in all places alike."""
    made: dict[int, Array] = {}
    kept = []
    for place in places_in(layer):
        value = place.value
        if isinstance(value, np.ndarray) and value.dtype != np.float64 and value.dtype.kind in "fiu" and value.ndim:
            kept.append(value)  # so that no id is used twice
            place.put(made.setdefault(id(value), value.astype(float)))


def _backward(call: LayerCall, places: list[Place]) -> None:
    """Call backward twice, and keep what it says; parameters are put back after each."""
    before = {name: array.copy() for name, array in call.params.items()}
    call.dx, call.grads, call.changed = _once(call, places, seed=2)
    call.after = {place.name: np.array(place.value) for place in places}
    _put_back(call, places, before)
    call.again = _once(call, places, seed=3)[:2]
    _put_back(call, places, before)


def _put_back(call: LayerCall, places: list[Place], values: Arrays) -> None:
    for place in places:
        if place.value is not call.params[place.name]:
            place.put(call.params[place.name])
        call.params[place.name][...] = values[place.name]


def _once(call: LayerCall, places: list[Place], seed: int) -> tuple[Array | None, dict[str, Array], Array | None]:
    """dx, the gradients of parameters, and the upstream gradient where backward has written into it."""
    before = {place.name: np.array(place.value) for place in places}
    cache = call.run(call.x)[1]
    upstream = call.u.copy()
    np.random.seed(seed)
    random.seed(seed)
    second = [RATE if role_of(name) == "rate" else cache for name in _given(call.layer.backward)[1:]]
    result = call.layer.backward(upstream, *second, **_switches(call.layer.backward))
    dx, *rest = result if isinstance(result, tuple) else (result,)
    dx = np.array(dx, dtype=float) if isinstance(dx, np.ndarray | float | np.floating) else None
    gradients = matched(tuple(rest), call.params) | _gradients(call, places)
    if not gradients and second == [RATE]:
        gradients = {place.name: (before[place.name] - place.value) / RATE for place in places}
    changed = None if np.array_equal(upstream, call.u) else upstream
    return dx, {name: np.array(array, dtype=float) for name, array in gradients.items()}, changed


def _gradients(call: LayerCall, places: list[Place]) -> dict[str, Any]:
    """What the layer keeps as gradients: under the parameter's name with a mark, or at its place in another list."""
    everywhere = places_in(call.layer)
    found: dict[str, Any] = {}
    for place in places:
        for other in everywhere:
            if _is_gradient(other, place):
                found.setdefault(place.name, other.value)
    return found


def _is_gradient(other: Place, place: Place) -> bool:
    if not isinstance(other.value, np.ndarray | float | np.floating):
        return False
    if isinstance(place.holder, list) and isinstance(other.holder, list):
        return bool(place.key == other.key and "grad" in other.path)
    marked = str(other.key) != str(place.key) or (other.holder is not place.holder and other.value is not place.value)
    return marked and belongs(str(other.key), str(place.key))


def differences(call: LayerCall, array: Array) -> Array:
    """∂sum(forward(x)·u)/∂array by differences at five points; NaN where the function bends, or time was short.

    Args:
        array: x, or one of the parameters; moved in place and put back.
    """
    found = np.full(array.shape, np.nan)
    if array.dtype.kind != "f":
        return found  # numbers of words or classes have no derivative
    until = time.perf_counter() + SECONDS
    for done, number in enumerate(np.random.default_rng(array.size).permutation(array.size)):
        if done >= FEWEST and time.perf_counter() > until:
            break
        index = np.unravel_index(number, array.shape)
        found[index] = _slope(call, array, index, 30 * STEP if call.short else STEP)
    return found


def _slope(call: LayerCall, array: Array, index: tuple[Any, ...], step: float) -> float:
    kept, values = array[index], {}
    try:
        for k in (-2, -1, 1, 2):
            array[index] = kept + k * step
            values[k] = call.total()
    finally:
        array[index] = kept
    near, far = (values[1] - values[-1]) / (2 * step), (values[2] - values[-2]) / (4 * step)
    allowed = KINK * (abs(near) + abs(far) + float(np.sqrt(np.mean(call.u**2))))
    return float("nan") if abs(near - far) > allowed and not call.short else (4 * near - far) / 3
