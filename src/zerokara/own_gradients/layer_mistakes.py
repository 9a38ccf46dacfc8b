"""The mistake in a layer's gradient, by what the gradient equals: a name needs equality on every element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, permutations

import numpy as np

from zerokara.own_gradients.layer_call import LayerCall
from zerokara.own_gradients.layer_kinds import (
    INPUT,
    UNKNOWN,
    Normalization,
    Quantity,
    affine_of,
    bias_axis,
    kind_of,
    normalization_of,
    slope,
    softmax_axes,
)
from zerokara.own_gradients.subject import Array

Candidate = tuple[str, str, Array]
"""A cause, the formula of the mistake, and what it gives."""


CLEARING = ("zero", "clear", "reset")
"""In the name of a method that a layer has whose gradients are meant to add up."""


def named(quantity: Quantity, call: LayerCall) -> Quantity:
    """The quantity with its cause, where one is proven."""
    if quantity.cause != UNKNOWN:
        return quantity
    if quantity.got is None or not np.any(quantity.got):
        return replace(quantity, cause="missing-gradient")
    for cause, formula, mistaken in chain(_of_kind(quantity, call), _of_any(quantity, call)):
        if quantity.equals(mistaken):
            shares = () if formula else shares_of(quantity, call)
            return replace(quantity, cause=cause, equal_to=formula, shares=shares)
    if quantity.parameter == INPUT and _is_a_multiple_of_u(call):
        return replace(quantity, cause="activation-derivative", equal_to="dout * g(x)")
    return quantity


def by_calling_twice(quantity: Quantity, call: LayerCall) -> str:
    """The cause that shows when forward and backward are called once more with the same batch; "" where none does."""
    dx, grads = call.again
    again = dx if quantity.parameter == INPUT else grads.get(quantity.parameter)
    if (
        quantity.got is None
        or again is None
        or again.shape != quantity.got.shape
        or np.array_equal(again, quantity.got)
    ):
        return ""
    if again.size == quantity.right.size and _equal_where_known(again - quantity.got, quantity.right):
        return "" if any(word in name for name in dir(call.layer) for word in CLEARING) else "accumulates"
    return "random-gradient"


def _equal_where_known(got: Array, right: Array) -> bool:
    known = np.isfinite(right).ravel()
    return bool(np.allclose(got.ravel()[known], right.ravel()[known], rtol=1e-6, atol=1e-9))


def _of_kind(quantity: Quantity, call: LayerCall) -> Iterator[Candidate]:
    kind = kind_of(call)[1]
    if kind == "affine":
        yield from _of_affine(quantity, call)
    elif kind == "softmax":
        yield from _of_softmax(call)
    elif kind == "normalization" and quantity.parameter == INPUT:
        yield from _of_normalization(quantity, call)
    elif kind == "elementwise" and quantity.parameter == INPUT:
        yield from _of_elementwise(call)


def _of_affine(quantity: Quantity, call: LayerCall) -> Iterator[Candidate]:
    parts = affine_of(call)
    assert parts is not None
    u, W, x = call.u, parts.matrix, call.x.reshape(len(call.x), -1)
    ones = np.ones_like(u)
    if quantity.parameter == INPUT:
        after = call.after[parts.W].T if parts.turned else call.after[parts.W]
        if not np.array_equal(after, W):
            yield "updated-too-early", f"np.dot(dout, {parts.W}.T)", (u @ after.T).reshape(call.x.shape)
        matrices = [("transposed", f"np.dot(dout, {parts.W})", W)] if W.shape[0] == W.shape[1] else []
        matrices += [("transposed", f"np.dot(dout, {parts.W}.reshape(…))", W.reshape(W.shape[::-1]))]
        matrices += [("wrong-operand", f"np.dot(dout, np.abs({parts.W}).T)", np.abs(W).T)]
        for cause, formula, matrix in matrices:
            yield cause, formula, (u @ matrix).reshape(call.x.shape)
        yield "upstream-dropped", f"np.sum({parts.W}, axis=1)", (ones @ W.T).reshape(call.x.shape)
        if call.changed is not None:
            yield "changed-in-place", "dout", (call.changed @ W.T).reshape(call.x.shape)
    elif quantity.parameter == parts.W:
        yield from ((cause, formula, parts.as_kept(value)) for cause, formula, value in _of_weights(call, x, u, ones))
        yield "transposed", "np.dot(dout.T, x).reshape(…)", (u.T @ x).reshape(parts.as_kept(W).shape)


def _of_weights(call: LayerCall, x: Array, u: Array, ones: Array) -> Iterator[Candidate]:
    if call.changed is not None:
        yield "changed-in-place", "np.dot(x.T, dout)", x.T @ call.changed
    yield "wrong-operand", "np.dot(np.abs(x).T, dout)", np.abs(x).T @ u
    yield "wrong-operand", "np.dot((x ** 2).T, dout)", (x**2).T @ u
    if call.y.shape == x.shape:
        yield "wrong-operand", "np.dot(y.T, dout)", call.y.T @ u
    yield "upstream-dropped", "np.sum(x, axis=0)", x.T @ ones
    for formula, rows in (
        ("[1:]", slice(1, None)),
        ("[:-1]", slice(None, -1)),
        ("[:1]", slice(1)),
        ("[-1:]", slice(-1, None)),
    ):
        yield "samples-ignored", f"np.dot(x{formula}.T, dout{formula})", x[rows].T @ u[rows]


def _of_softmax(call: LayerCall) -> Iterator[Candidate]:
    y, u, axis = call.y, call.u, softmax_axes(call)
    yield "softmax-derivative", "dout * y * (1 - y)", u * y * (1 - y)
    yield "softmax-derivative", "dout", u
    yield "softmax-derivative", "dout * y", u * y
    yield "softmax-derivative", "y * (1 - y)", y * (1 - y)
    yield "softmax-over-batch", "y * (dout - np.sum(dout * y))", y * (u - np.sum(u * y))
    for other in range(y.ndim):
        if other != axis:
            yield (
                "softmax-axis",
                f"y * (dout - np.sum(dout * y, axis={other}))",
                y * (u - np.sum(u * y, axis=other, keepdims=True)),
            )
    yield "softmax-derivative", "y * (dout - np.sum(dout))", y * (u - np.sum(u, axis=axis, keepdims=True))


def _of_normalization(quantity: Quantity, call: LayerCall) -> Iterator[Candidate]:
    """By its three ways: how much of each is in dx."""
    parts = normalization_of(call)
    if parts is None or quantity.got is None or quantity.got.shape != call.x.shape:
        return
    if parts.gamma is not None:
        without = sum(parts.ways(call.u), np.zeros_like(call.x))
        yield "wrong-operand", f"backward(dout / {parts.gamma})", without
    ways, shares = _shares(quantity.got, call, parts)
    if cause := _cause_of(shares, len(call.x)):
        yield cause, "", (ways @ shares).reshape(call.x.shape)


def _shares(dx: Array, call: LayerCall, parts: Normalization) -> tuple[Array, Array]:
    """The three ways as columns, and how much of each is in dx."""
    ways = np.stack([way.ravel() for way in parts.ways(call.u * parts.scale)], axis=1)
    return ways, np.linalg.lstsq(ways, dx.ravel(), rcond=None)[0]


def shares_of(quantity: Quantity, call: LayerCall) -> tuple[float, ...]:
    """How much of each of the three ways is in the dx of a layer that normalizes; () of others."""
    parts = normalization_of(call) if quantity.parameter == INPUT else None
    if parts is None or quantity.got is None or quantity.got.shape != call.x.shape:
        return ()
    return tuple(float(share) for share in _shares(quantity.got, call, parts)[1])


def _cause_of(shares: Array, n: int) -> str:
    """What is wrong with the shares of the three ways, each of which should be 1."""
    wrong = [share for share in shares if abs(share - 1) > 1e-6]
    if all(abs(share) < 1e-6 for share in wrong):
        return "upstream-dropped"
    if all(min(abs(share - n), abs(share * n - 1)) < 1e-6 * n for share in wrong):
        return "batch-factor"
    if all(abs(share + 1) < 1e-6 for share in wrong):
        return "sign"
    return "constant-factor" if all(min(abs(share - c) for c in (2, 0.5, -2, -0.5)) < 1e-6 for share in wrong) else ""


def _of_elementwise(call: LayerCall) -> Iterator[Candidate]:
    x, y, u = call.x, call.y, call.u
    right = slope(call.forward, x)
    yield "sign", "-dout * f'(x)", -u * right
    yield "upstream-dropped", "f'(x)", right
    derivatives = {
        "1": np.ones_like(x),
        "f'(y)": slope(call.forward, y),
        "f'(x) ** 2": right**2,
        "y": y,
        "1 - y": 1 - y,
    }
    derivatives |= {"f(x)": y, "x": x, "x * (1 - x)": x * (1 - x), "y * (1 + y)": y * (1 + y), "1 - y ** 2": 1 - y**2}
    derivatives |= {"y * (1 - y)": y * (1 - y), "x > 0": x > 0, "x < 0": x < 0, "1 - f'(x)": 1 - right}
    derivatives |= {"(dout > 0)": u > 0, "f'(dout)": slope(call.forward, u)}
    for formula, derivative in derivatives.items():
        yield (
            "activation-derivative",
            f"dout * {formula}".replace("dout * 1", "dout") if formula == "1" else f"dout * ({formula})",
            u * derivative,
        )
    yield "activation-derivative", "f'(dout)", slope(call.forward, u)
    with np.errstate(divide="ignore", invalid="ignore"):
        yield "activation-derivative", "dout / f'(x)", u / right


def _is_a_multiple_of_u(call: LayerCall) -> bool:
    """Whether the layer works element by element and dx is u times something that u has no part in."""
    if kind_of(call)[1] != "elementwise" or call.dx is None or call.dx.shape != call.u.shape:
        return False
    other = call.u[::-1] + 0.5
    dx = call.backward(other)
    return (
        dx is not None
        and dx.shape == call.u.shape
        and bool(np.allclose(dx * call.u, call.dx * other, rtol=1e-9, atol=1e-12))
    )


def _of_any(quantity: Quantity, call: LayerCall) -> Iterator[Candidate]:
    right, n = quantity.right, len(call.x)
    formula = quantity.formula or quantity.name
    yield "sign", f"-{formula}", -right
    yield from _of_bias(quantity, call)
    yield "batch-factor", f"{formula} / {n}", right / n
    yield "batch-factor", f"{formula} * {n}", right * n
    if quantity.parameter != INPUT:
        yield "gradient-is-parameter", quantity.parameter, call.params[quantity.parameter]
    yield from _turned(formula, right)
    if quantity.got is not None and quantity.got.size == right.size and np.isfinite(right).sum() > 3:
        factor = _factor(quantity.got.ravel(), right.ravel())
        yield "constant-factor", f"{factor:.9g} * {formula}", factor * right
        if quantity.parameter != INPUT:
            rest = quantity.got.ravel() - right.ravel()
            decay = _factor(rest, call.params[quantity.parameter].ravel())
            yield (
                "decay-not-in-loss",
                f"{formula} + {decay:.9g} * {quantity.parameter}",
                right + decay * call.params[quantity.parameter],
            )


def _factor(got: Array, right: Array) -> float:
    known = np.isfinite(right) & np.isfinite(got)
    square = float(np.sum(right[known] ** 2))
    return float(np.sum(got[known] * right[known]) / square) if square else 0.0


def _of_bias(quantity: Quantity, call: LayerCall) -> Iterator[Candidate]:
    axis = None if quantity.parameter == INPUT else bias_axis(call, quantity.right)
    if axis is None or quantity.got is None:
        return
    rest = tuple(i for i in range(call.u.ndim) if i != axis)
    sums = [("np.mean(dout)", call.u.mean(axis=rest)), ("np.sum(dout)", np.full(quantity.right.shape, call.u.sum()))]
    sums += [
        ("np.sum(dout)", np.array(call.u.sum())),
        ("dout", call.u),
        ("dout[0]", call.u[0]),
        ("dout[-1]", call.u[-1]),
    ]
    for count in range(1, call.u.ndim):
        for axes in combinations(range(call.u.ndim), count):
            sums += [
                (f"np.sum(dout, axis={axes})", call.u.sum(axis=axes)),
                (f"np.mean(dout, axis={axes})", call.u.mean(axis=axes)),
            ]
    for formula, value in sums:
        yield "bias-sum", formula, value


def _turned(name: str, right: Array) -> Iterator[Candidate]:
    """The same numbers at other places: axes exchanged or reversed."""
    if not 2 <= right.ndim <= 4:
        return
    for axes in list(permutations(range(right.ndim)))[1:]:
        yield "transposed", f"{name}.transpose({axes})", right.transpose(axes).reshape(right.shape)
    for count in range(1, right.ndim + 1):
        for reversed_axes in combinations(range(right.ndim), count):
            yield "transposed", f"np.flip({name}, {reversed_axes})", np.flip(right, reversed_axes)
