"""Words for the mistakes that were named: what a gradient equals, how it should read, what was computed to show it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.findings import Finding
from zerokara.own_gradients.factors import Law
from zerokara.own_gradients.forward import Model
from zerokara.own_gradients.notation import written
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Subject
from zerokara.words import sentence, translatable


@dataclass(frozen=True)
class Named:
    """A mistake that holds on all observations.

    Attributes:
        cause: a name of `CAUSES`.
        form: how it is written, a formula or a name of `deltas.py` and `match.py`.
        places: where it shows, (layer, "W" or "b") each, the topmost first.
        law: of a factor.
        digits: to how many the gradients equal what the mistake makes of them.
    """

    cause: str
    form: str
    places: tuple[tuple[int, str], ...]
    law: Law | None = None
    digits: float = 9.0

    @property
    def layer(self) -> int:
        """The topmost where it shows."""
        return self.places[0][0]

    @property
    def of_bias(self) -> bool:
        """Whether it shows in biases only."""
        return all(letter == "b" for _, letter in self.places)


WITH = translatable(
    "The gradient of {names} equals, to {digits} digits, what comes out with {form} where {right} belongs."
)

EQUALS: Mapping[str, str] = {
    "activation-derivative": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out with another factor where {right}, the "
        "derivative of {function}, belongs."
    ),
    "softmax-over-batch": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out where softmax divides by the sum over the "
        "whole batch. Each sample has a sum of its own."
    ),
    "softmax-axis": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out where softmax divides by the sum over the "
        "samples. It divides by the sum over the classes of each sample."
    ),
    "softmax-derivative": WITH,
    "loss-mismatch": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out with the derivative of another loss, where "
        "{right} belongs."
    ),
    "wrong-operand": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out with a wrong array in it, where {right} "
        "belongs."
    ),
    "transposed": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out with a matrix that is transposed, or "
        "reshaped, where {right} belongs."
    ),
    "bias-sum": translatable(
        "The gradient of {names} equals, to {digits} digits, something else than the sum of {right} over the samples."
    ),
    "upstream-dropped": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out without {right}, the gradient that comes "
        "from the layer above."
    ),
    "updated-too-early": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out with {right} as it is after its update."
    ),
    "wrong-mask": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out with a mask of other numbers than {right}."
    ),
    "gradient-is-parameter": translatable("Where the gradient of {names} belongs stands {form}, a parameter."),
    "samples-ignored": translatable(
        "The gradient of {names} equals, to {digits} digits, what comes out if some of the samples are left out."
    ),
    "forward-differs": translatable(
        "The gradient of {names} equals, to {digits} digits, that of another forward pass than the loss has."
    ),
    "unknown-difference": translatable(
        "The gradient of {names} is wrong: its length is {ratio} times that of the right one. It equals nothing that a "
        "known mistake makes of it."
    ),
}

SUMS: Mapping[str, str] = {
    "b one-sum": translatable("The gradient of {names} is one sum over all units. Each unit has a sum of its own."),
    "b one-number": translatable("The gradient of {names} is one sum over all units. Each unit has a sum of its own."),
    "b wrong-axis": translatable(
        "The gradient of {names} is summed over the units of each sample. It is summed over the samples, for each unit."
    ),
    "b not-summed": translatable("The gradient of {names} is not summed over the samples."),
    "b first": translatable("The gradient of {names} is that of one sample. It is the sum over all of them."),
    "b last": translatable("The gradient of {names} is that of one sample. It is the sum over all of them."),
}

FUNCTIONS = frozenset(
    {"sigmoid", "tanh", "relu", "leaky", "swish", "elu", "gelu", "softplus", "identity", "softmax", "exp", "log"}
    | {"sign", "where"}
)


def finding_of(subject: Subject, model: Model, seen: list[Observation], mistake: Named) -> Finding:
    """The finding of a mistake."""
    names = [_name(model, *place) for place in mistake.places]
    ratio = _ratio(seen[0], names[0])
    rows = sorted({each.n for each in seen})
    known = mistake.cause != "unknown-difference"
    return Finding(
        cause=mistake.cause,
        text=_text(subject, model, seen, mistake, names, ratio),
        parameter=names[0],
        remedy=sentence("Right is {formula}.", formula=written(formula(model, mistake), subject)) if known else "",
        evidence={"parameters": names, "layer": mistake.layer, "ratio": ratio, **_factor(mistake.law)},
        proof={"digits": round(mistake.digits, 1), "rows": rows, "own_weights": len(seen) > 3} if known else {},
        proven=_proven(rows, len(seen) > 3) if known else "",
    )


def _name(model: Model, layer: int, letter: str) -> str:
    place = model.layers[layer - 1]
    return place.weight if letter == "W" else place.bias or ""


def _ratio(seen: Observation, name: str) -> float | None:
    gradient = seen.gradient.get(name)
    size = float(np.linalg.norm(seen.truth.gradient[name]))
    return None if gradient is None or not size else float(np.linalg.norm(gradient)) / size


def _factor(law: Law | None) -> dict[str, Any]:
    return {} if law is None else {"factor": law.constant, "power_of_samples": law.power}


def _proven(rows: list[int], own: bool) -> str:
    if own:
        return sentence(
            "That is so at random weights with {rows} and with {more} samples, and at the network's own weights.",
            rows=rows[0],
            more=rows[-1],
        )
    return sentence("That is so at random weights, with {rows} and with {more} samples.", rows=rows[0], more=rows[-1])


def _text(
    subject: Subject, model: Model, seen: list[Observation], mistake: Named, names: list[str], ratio: float | None
) -> str:
    facts: dict[str, Any] = {
        "names": ", ".join(names),
        "digits": min(int(mistake.digits), 9),  # more of them is rounding, another on each machine
        "form": written(_form(model, mistake), subject),
        "right": written(right_of(model, mistake), subject),
        "function": _activation(model, mistake.layer),
        "ratio": "0" if ratio is None else f"{ratio:.4g}",
    }
    special = _SPECIAL.get(mistake.cause)
    if special is not None and (told := special(mistake, facts, seen)) is not None:
        return told
    if facts["form"] and mistake.cause in OF_FORMULAS:
        return sentence(WITH, **facts)
    return sentence(EQUALS[mistake.cause], **facts)


OF_FORMULAS = frozenset({"activation-derivative", "softmax-derivative", "loss-mismatch", "wrong-operand"})


def _form(model: Model, mistake: Named) -> str:
    """What stands there as a formula; "" where it has no short one."""
    form = mistake.form.removesuffix(" alone").removesuffix(" afterwards")
    words = set(re.findall(r"[A-Za-z]{3,}", form))
    if not form or not words <= FUNCTIONS or "," in form.replace("where(", ""):
        return ""
    name = _activation(model, mistake.layer)
    return form.replace("f′", f"{name}′").replace("f(", f"{name}(")


def _activation(model: Model, layer: int) -> str:
    if layer <= len(model.activations):
        return model.activations[layer - 1].name
    return model.output


def _of_batch(mistake: Named, facts: Mapping[str, Any], seen: list[Observation]) -> str | None:
    assert mistake.law is not None
    n, more = seen[0].n, seen[1].n
    constant, power = mistake.law.constant, 0 if mistake.law.by_rows else mistake.law.power
    if (constant, power) == (1, 1):
        return sentence(
            "The gradient of {names} is not divided by the number of samples: with {n} of them it is {n} times too "
            "large.",
            n=n,
            **facts,
        )
    if (constant, power) == (1, -1):
        return sentence(
            "The gradient of {names} is divided by the number of samples once too often: with {n} of them it is {n} "
            "times too small.",
            n=n,
            **facts,
        )
    factors = [mistake.law.at(rows) for rows in (n, more)]
    return sentence(
        "The gradient of {names} is {factor:.6g} times the right one with {n} samples, and {other:.6g} times with "
        "{more}.",
        n=n,
        more=more,
        factor=factors[0],
        other=factors[1],
        **facts,
    )


def _of_constant(mistake: Named, facts: Mapping[str, Any], seen: list[Observation]) -> str | None:
    assert mistake.law is not None
    return sentence(
        "The gradient of {names} is {factor:.6g} times the right one, whatever the weights and the number of samples.",
        factor=mistake.law.constant,
        **facts,
    )


def _of_sign(mistake: Named, facts: Mapping[str, Any], seen: list[Observation]) -> str | None:
    return sentence("The gradient of {names} has the wrong sign.", **facts)


def _of_derivative(mistake: Named, facts: Mapping[str, Any], seen: list[Observation]) -> str | None:
    if mistake.form != "1":
        return None
    return sentence(
        "The gradient of {names} equals, to {digits} digits, what comes out without the factor {right}, the derivative "
        "of {function}.",
        **facts,
    )


def _of_sum(mistake: Named, facts: Mapping[str, Any], seen: list[Observation]) -> str | None:
    if mistake.law is not None:
        return sentence(
            "The gradient of {names} is a mean over the samples where it should be a sum: with {n} of them it is {n} "
            "times too small.",
            n=seen[0].n,
            **facts,
        )
    return sentence(SUMS[mistake.form], **facts) if mistake.form in SUMS else None


def _of_missing(mistake: Named, facts: Mapping[str, Any], seen: list[Observation]) -> str | None:
    if mistake.form == "zero":
        return sentence("The gradient of {names} is zero everywhere.", **facts)
    return sentence("There is no gradient of {names}.", **facts)


def _of_decay(mistake: Named, facts: Mapping[str, Any], seen: list[Observation]) -> str | None:
    assert mistake.law is not None
    rate = mistake.law.at(seen[0].n)
    if rate > 0:
        return sentence(
            "The gradient of {names} has {rate:.6g} · {form} in it, weight decay that is not in the loss.",
            rate=rate,
            **facts,
        )
    return sentence(
        "The gradient of {names} lacks {rate:.6g} · {form}, weight decay that is in the loss.", rate=-rate, **facts
    )


def _of_type(mistake: Named, facts: Mapping[str, Any], seen: list[Observation]) -> str | None:
    name = facts["names"].split(", ")[0]
    if mistake.form in ("integer", "trunc", "floor", "rint"):
        return sentence("The gradient of {names} is rounded to whole numbers.", **facts)
    return sentence(
        "The gradient of {names} is right but for its type, {dtype}, which holds too few digits.",
        dtype=str(seen[0].dtypes.get(name, mistake.form)),
        **facts,
    )


_SPECIAL: Mapping[str, Callable[[Named, Mapping[str, Any], list[Observation]], str | None]] = {
    "batch-factor": _of_batch,
    "constant-factor": _of_constant,
    "sign": _of_sign,
    "activation-derivative": _of_derivative,
    "bias-sum": _of_sum,
    "missing-gradient": _of_missing,
    "decay-not-in-loss": _of_decay,
    "dtype": _of_type,
}

SLOPES = {
    "sigmoid": "a{l} * (1 - a{l})",
    "tanh": "(1 - a{l}**2)",
    "relu": "(z{l} > 0)",
    "identity": "1",
}
OF_DELTA = frozenset(
    {"activation-derivative", "softmax-over-batch", "softmax-axis", "softmax-derivative", "loss-mismatch"}
    | {"upstream-dropped", "updated-too-early", "wrong-mask", "samples-ignored", "forward-differs"}
)


def right_of(model: Model, mistake: Named) -> str:
    """What belongs there, in short."""
    layer = mistake.layer
    if mistake.cause in ("activation-derivative", "wrong-mask"):
        return slope_code(model, layer)
    if mistake.cause == "updated-too-early":
        return model.layers[min(layer, len(model.layers) - 1)].weight
    if mistake.cause == "upstream-dropped":
        return f"dz{layer + 1} @ {_turned(model, layer + 1)}"
    if mistake.cause == "bias-sum":
        return f"dz{layer}"
    if mistake.cause == "wrong-operand" and not mistake.of_bias and not mistake.form.startswith("δ"):
        return _input(layer)
    return delta_code(model, layer) if mistake.cause in OF_DELTA else f"dz{layer}"


def slope_code(model: Model, layer: int) -> str:
    """The derivative of a layer's activation, in Python."""
    if layer > len(model.activations):
        return {"sigmoid": "y * (1 - y)", "tanh": "(1 - y**2)", "relu": "(y > 0)"}.get(model.output, "1")
    name = model.activations[layer - 1].name
    return SLOPES.get(name, "{name}_grad(z{l})").format(l=layer, name=name.replace("-", "_"))


def _input(layer: int) -> str:
    return "x" if layer == 1 else f"a{layer - 1}"


def _turned(model: Model, layer: int) -> str:
    place = model.layers[layer - 1]
    return place.weight if place.transposed else f"{place.weight}.T"


def delta_code(model: Model, layer: int) -> str:
    """∂L/∂z of a layer, in Python."""
    if layer < len(model.layers):
        slope = slope_code(model, layer)
        return f"(dz{layer + 1} @ {_turned(model, layer + 1)}) * {slope}".removesuffix(" * 1")
    error = {("cross-entropy", "softmax"): "(y - t)", ("binary", "sigmoid"): "(y - t)"}.get((model.error, model.output))
    if error is None and model.error == "squared" and model.output != "softmax":
        error = f"(y - t) * {slope_code(model, layer)}".removesuffix(" * 1")
    scale = " / n" if model.mean else ""
    return (error or "dL/dz") + (f" * {model.scale:g}" if model.scale != 1 else "") + scale


def formula(model: Model, mistake: Named) -> str:
    """How the line should read, in Python: dz is ∂L/∂z of a layer, a its output."""
    layer = mistake.layer
    place = model.layers[layer - 1]
    of_operand = mistake.cause in ("wrong-operand", "transposed") and not mistake.form.startswith("δ ")
    if mistake.of_bias:
        return f"d{place.bias} = dz{layer}.sum(axis=0)"
    if (
        mistake.cause in OF_DELTA
        or (mistake.cause in ("transposed", "wrong-operand") and not of_operand)
        or (mistake.law is not None and len(mistake.places) > 1 and mistake.cause != "decay-not-in-loss")
    ):
        return f"dz{layer} = {delta_code(model, layer)}"
    product = f"dz{layer}.T @ {_input(layer)}" if place.transposed else f"{_input(layer)}.T @ dz{layer}"
    rate = model.decays(1).get(place.weight)
    return f"d{place.weight} = {product}" + (f" + {rate:.6g} * {place.weight}" if rate else "")
