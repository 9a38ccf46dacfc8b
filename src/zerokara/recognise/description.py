"""What is said of a network that was recognised."""

from __future__ import annotations

from types import CodeType

from zerokara.nn.formulas import Formula
from zerokara.recognise.identification import Model
from zerokara.words import in_english, paragraph, sentence, translatable

_LOSSES = {
    "cross-entropy": translatable("It is the cross entropy."),
    "textbook": translatable("It is the cross entropy with {delta} in the logarithm."),
    "clipped-cross-entropy": translatable("It is the cross entropy of probabilities kept between {lo} and {hi}."),
    "squared": translatable("It is the squared error."),
    "identity-squared": translatable("It is the squared error."),
    "sigmoid-squared": translatable("It is the squared error."),
    "sigmoid-cross-entropy": translatable("It is the cross entropy with {delta} in the logarithm."),
    "sigmoid-clipped-cross-entropy": translatable(
        "It is the cross entropy of probabilities kept between {lo} and {hi}."
    ),
    "binary": translatable("It is the binary cross entropy with {delta} in the logarithm."),
    "binary-clipped": translatable("It is the binary cross entropy of probabilities kept between {lo} and {hi}."),
}
"""What is said of a function that computes a loss of `zerokara.nn.formulas`."""

_OF_NONE = {
    "sigmoid-cross-entropy": translatable("It is the cross entropy."),
    "binary": translatable("It is the binary cross entropy."),
}
"""With a delta of 0."""


def described(code: CodeType, model: Model, sizes: list[int]) -> str:
    """Which function, which network, which loss, and what is added to it."""
    return paragraph(
        # Translators: such as "loss (line 12) is the loss of a network 784-50-10 (relu, softmax), proven …"
        sentence(
            "{name} (line {line}) is the loss of a network {network}, proven by its code and at random weights.",
            name=code.co_qualname,
            line=code.co_firstlineno,
            network=network_of(model, sizes),
        ),
        _loss(model.loss),
        _smoothing(model, sizes[-1]),
        _decay(model),
        sentence("Its inputs are shifted or scaled first.") if model.input_map.mapped is not None else "",
        sentence("Its numerical gradient is computed without the loop, by the same differences."),
    )


def network_of(model: Model, sizes: list[int]) -> str:
    """Its layers and functions, such as 784-50-10 (sigmoid, softmax)."""
    activations = [_named(model.activation)] if len(model.layout.weights) > 1 else []
    functions = ", ".join([*activations, _output(model.loss)])
    return in_english("{sizes} ({functions})", sizes="-".join(map(str, sizes)), functions=functions)


def _named(activation: Formula) -> str:
    """Names are data: sigmoid, relu, leaky-relu 0.01."""
    return in_english("{name}", name=" ".join([activation.name, *(f"{number:g}" for number in activation.parameters)]))


def _output(loss: Formula) -> str:
    if loss.name.startswith(("sigmoid", "binary")):
        return "sigmoid"
    return "identity" if loss.name.startswith("identity") else "softmax"


def _loss(loss: Formula) -> str:
    if loss.parameters == (0.0,) and loss.name in _OF_NONE:
        return sentence(_OF_NONE[loss.name])
    if len(loss.parameters) == 2:
        return sentence(_LOSSES[loss.name], lo=_written(loss.parameters[0]), hi=_written(loss.parameters[1]))
    return sentence(_LOSSES[loss.name], **({"delta": _written(loss.parameters[0])} if loss.parameters else {}))


def _written(number: float) -> str:
    """As people write it: 1e-7, 0.9999999."""
    return repr(number).replace("e-0", "e-")


def _smoothing(model: Model, classes: int) -> str:
    if model.terms.keep == 1 and model.terms.rest == 0:
        return ""
    return sentence(
        "Labels are smoothed: each counts {keep:g} times, and each of {classes} classes {rest:g} more.",
        keep=model.terms.keep,
        rest=model.terms.rest,
        classes=classes,
    )


def _decay(model: Model) -> str:
    rates = {rate for rate in model.terms.decay if rate}
    if not rates:
        return ""
    if len(rates) == 1:
        return sentence("It has an L2 weight decay of {rate:g}.", rate=rates.pop())
    return sentence("It has L2 weight decays of {rates}.", rates=", ".join(f"{rate:g}" for rate in sorted(rates)))
