"""What learners write for the derivative of an activation: a small grammar over z, a and f."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from zerokara.nn.formulas import Formula
from zerokara.own_gradients.elementwise import ACTIVATIONS, activated, slope
from zerokara.own_gradients.subject import Array


def derivatives(formula: Formula, z: Array, a: Array, bias: Array) -> dict[str, Array]:
    """Each form by how it is written, f′(z) first, then the likelier first; (n, units)."""
    forms = {"f′(z)": slope(formula, z), "1": np.ones_like(z)}
    arguments = {"a": a, "z": z, "f(a)": activated(formula, a), "z − b": z - bias, "f′(z)": slope(formula, z)}
    for name, v in arguments.items():
        forms[f"f′({name})"] = slope(formula, v)
    for name, v in arguments.items():
        forms |= {f"{key}": value for key, value in _polynomials(name, v)}
    forms |= _of_others(formula, arguments)
    right = slope(formula, z)
    forms |= {"f′(z)²": right**2, "f′(z)³": right**3, "√f′(z)": np.sqrt(np.abs(right)), "1 − f′(z)": 1 - right}
    forms |= {"z(1 − a)": z * (1 - a), "a(1 − z)": a * (1 - z), "a f′(z)": a * right, "z f′(z)": z * right}
    forms |= {"mean-of-f′(z)": np.broadcast_to(right.mean(axis=0), z.shape)}
    forms |= {"f′(z) by sample": np.broadcast_to(right.mean(axis=1, keepdims=True), z.shape)}
    with np.errstate(all="ignore"):
        forms |= {"1/f′(z)": 1 / right, "1/a": 1 / a, "1/z": 1 / z}
    return {key: value for key, value in forms.items() if np.isfinite(value).all()}


def _polynomials(v: str, value: Array) -> Iterator[tuple[str, Array]]:
    with np.errstate(all="ignore"):
        yield f"{v}", value
        yield f"1 − {v}", 1 - value
        yield f"{v}(1 − {v})", value * (1 - value)
        yield f"1 − {v}²", 1 - value**2
        yield f"1 + {v}", 1 + value
        yield f"{v}(1 + {v})", value * (1 + value)
        yield f"1 + {v}²", 1 + value**2
        yield f"{v}²", value**2
        yield f"{v}²(1 − {v})", value**2 * (1 - value)
        yield f"{v}(1 − {v})²", value * (1 - value) ** 2
        yield f"{v}(1 − {v}²)", value * (1 - value**2)
        yield f"(1 − {v})²", (1 - value) ** 2
        yield f"{v} − {v}³", value - value**3
        yield f"1 − {v}³", 1 - value**3
        yield f"{v} > 0", (value > 0) * 1.0
        yield f"{v} < 0", (value < 0) * 1.0
        yield f"{v} > 1/2", (value > 0.5) * 1.0
        yield f"sign({v})", np.sign(value)
        yield f"|{v}|", np.abs(value)
        yield f"exp({v})", np.exp(np.minimum(value, 50.0))
        yield f"exp(−{v})", np.exp(np.minimum(-value, 50.0))
        yield f"where({v} > 0, {v}, 1)", np.where(value > 0, value, 1.0)


def _of_others(formula: Formula, arguments: Mapping[str, Array]) -> dict[str, Array]:
    forms = {}
    for name in ("z", "a"):
        v = arguments[name]
        for other in ACTIVATIONS:
            if other != formula:
                forms[f"{called(other)}′({name})"] = slope(other, v)
            forms[f"{called(other)}({name})"] = activated(other, v)
            if other.name == "leaky-relu":
                leak = other.parameters[0]
                forms[f"where({name} > 0, {name}, {leak})"] = np.where(v > 0, v, leak)
                forms[f"where({name} > 0, {leak}, 1)"] = np.where(v > 0, leak, 1.0)
                forms[f"where({name} > 0, 1, −{leak})"] = np.where(v > 0, 1.0, -leak)
    return forms


def called(formula: Formula) -> str:
    """Its name with its numbers."""
    if formula.name == "gelu":
        return formula.name
    return f"{formula.name}{formula.parameters or ''}".replace(",)", ")")
