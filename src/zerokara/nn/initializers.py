"""Initial weights: normally distributed, with a standard deviation chosen by name or given as a number."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.nn.activations import activation_named
from zerokara.nn.arguments import is_number
from zerokara.words import sentence, translatable

INITIALIZERS = ("auto", "he", "xavier")


def standard_deviation(init: str | float, fan_in: int, activation: str, hidden_layers: int) -> float:
    """The standard deviation of a layer's initial weights.

    Args:
        init: a number, taken as it is; "he", √(2 / fan_in) (He et al. 2015, for ReLU and its like); "xavier",
            √(1 / fan_in) (the textbook, chapter 6.2; Glorot and Bengio 2010 use √(2 / (fan_in + fan_out))); or "auto":
            the textbook's 0.01 for at most one hidden layer, beyond that He for what it suits and Xavier for the rest.
        fan_in: inputs of the layer; hidden_layers: of the whole network.

    Raises UsageError for another name, and for a number that is none or negative.

    >>> standard_deviation("auto", 784, "relu", 1), standard_deviation("he", 50, "relu", 1)
    (0.01, 0.2)
    """
    if isinstance(init, str):
        if init not in INITIALIZERS:
            template = translatable("{name} must be one of {names}, or a number. Got {got!r}.")
            raise unknown_name("init", init, INITIALIZERS, template)
        if init == "auto" and hidden_layers <= 1:
            return 0.01
        he = init == "he" or (init == "auto" and getattr(activation_named(activation), "suits_he", False))
        return float(np.sqrt((2 if he else 1) / fan_in))
    if not (is_number(init) and init >= 0):
        raise UsageError(
            sentence(
                "init must be a standard deviation of 0 or more, or one of {names}. Got {got}.",
                names=", ".join(INITIALIZERS),
                got=init,
            ),
            "wrong-value",
        )
    return float(init)


def initial_params(
    sizes: tuple[int, ...], activation: str, init: str | float, rng: np.random.Generator, dtype: Any
) -> dict[str, NDArray[Any]]:
    """W1, b1, W2, b2, … for layers of these sizes: weights drawn in that order, biases zero.

    The weights are drawn as float64 and then rounded, so that a float32 network starts where the float64 one does.
    """
    params: dict[str, NDArray[Any]] = {}
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
        std = standard_deviation(init, fan_in, activation, len(sizes) - 2)
        params[f"W{layer}"] = (std * rng.standard_normal((fan_in, fan_out))).astype(dtype)
        params[f"b{layer}"] = np.zeros(fan_out, dtype)
    return params
