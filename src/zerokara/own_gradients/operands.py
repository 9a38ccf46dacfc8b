"""What a learner multiplies δ by in the gradient of W, and how the product can be turned."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zerokara.own_gradients.match import RIGHT
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Array


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
            yield "reshaped-as-stored", gradient.T.reshape(shape)
        yield "reversed", gradient[::-1]
    elif gradient.shape == shape[::-1]:
        yield "transposed", gradient.T
