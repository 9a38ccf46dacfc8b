"""The compiled core of zerokara: arrays only. Use zerokara.engine."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, overload

import numpy
from numpy.typing import NDArray

def capabilities() -> dict[str, Any]:
    """
    What training knows by name: activations, losses, and optimizers with slots and settings; how large its input may be;
    and in "differences" the activations and losses of the numerical gradient, with the names of their parameters.
    """

class Refusal(ValueError):
    """
    What the core refuses: its name, and the facts of the case. zerokara.engine.refusals has the sentences.
    """

@overload
def advance(
    weights: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order="C", device="cpu")]],
    biases: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu")]],
    activation: str,
    loss: str,
    weight_decay: float,
    optimizer: str,
    settings: Mapping[str, float],
    steps: int,
    weight_slots: Mapping[
        str, Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None, None), order="C", device="cpu")]]
    ],
    bias_slots: Mapping[str, Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu")]]],
    pixels: Annotated[NDArray, dict(shape=(None, None), order="C", device="cpu", writable=False)],
    full: float,
    labels: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu", writable=False)],
    batches: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order="C", device="cpu", writable=False)],
    losses: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu")],
    stop: Annotated[NDArray[numpy.uint8], dict(shape=(1), order="C", device="cpu", writable=False)],
    threads: int,
    adaptive: bool,
) -> int: ...
@overload
def advance(
    weights: Sequence[Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu")]],
    biases: Sequence[Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu")]],
    activation: str,
    loss: str,
    weight_decay: float,
    optimizer: str,
    settings: Mapping[str, float],
    steps: int,
    weight_slots: Mapping[
        str, Sequence[Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu")]]
    ],
    bias_slots: Mapping[str, Sequence[Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu")]]],
    pixels: Annotated[NDArray, dict(shape=(None, None), order="C", device="cpu", writable=False)],
    full: float,
    labels: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu", writable=False)],
    batches: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order="C", device="cpu", writable=False)],
    losses: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu")],
    stop: Annotated[NDArray[numpy.uint8], dict(shape=(1), order="C", device="cpu", writable=False)],
    threads: int,
    adaptive: bool,
) -> int:
    """
    One update per row of `batches`, in place. Returns how many were done; `losses` has them.
    """

@overload
def predict(
    weights: Sequence[
        Annotated[NDArray[numpy.float32], dict(shape=(None, None), order="C", device="cpu", writable=False)]
    ],
    biases: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu", writable=False)]],
    activation: str,
    pixels: Annotated[NDArray, dict(shape=(None, None), order="C", device="cpu", writable=False)],
    full: float,
    scores: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order="C", device="cpu")],
    threads: int,
) -> None: ...
@overload
def predict(
    weights: Sequence[
        Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)]
    ],
    biases: Sequence[Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)]],
    activation: str,
    pixels: Annotated[NDArray, dict(shape=(None, None), order="C", device="cpu", writable=False)],
    full: float,
    scores: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu")],
    threads: int,
) -> None:
    """Writes the scores of all samples to `scores`."""

@overload
def classify(
    weights: Sequence[
        Annotated[NDArray[numpy.float32], dict(shape=(None, None), order="C", device="cpu", writable=False)]
    ],
    biases: Sequence[Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu", writable=False)]],
    activation: str,
    pixels: Annotated[NDArray, dict(shape=(None, None), order="C", device="cpu", writable=False)],
    full: float,
    classes: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu")],
    threads: int,
) -> None: ...
@overload
def classify(
    weights: Sequence[
        Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)]
    ],
    biases: Sequence[Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)]],
    activation: str,
    pixels: Annotated[NDArray, dict(shape=(None, None), order="C", device="cpu", writable=False)],
    full: float,
    classes: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu")],
    threads: int,
) -> None:
    """
    Writes the class of each sample's highest score to `classes`, -1 where it is not finite.
    """

def numerical_gradient(
    weights: Sequence[
        Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)]
    ],
    biases: Sequence[Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)]],
    activation: str,
    activation_parameters: Sequence[float] | None,
    loss: str,
    loss_parameters: Sequence[float] | None,
    weight_decay: float,
    x: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)],
    targets: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)],
    above: float,
    below: float,
    weight_gradients: Sequence[
        Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu")] | None
    ],
    bias_gradients: Sequence[Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu")] | None],
    stop: Annotated[NDArray[numpy.uint8], dict(shape=(1), order="C", device="cpu", writable=False)] | None,
    threads: int,
) -> float:
    """
    (L(w + above) - L(w + below)) / (above - below) of all parameters w whose gradient is not None.

    Formula parameters are None where a formula is as training has it. Worthless where `stop` was raised.
    Returns the loss at the parameters as they are.
    """

def keep_others_out() -> None:
    """Called as Python ends: calls of other threads come back no more."""

def level() -> str:
    """The processor level in use: v4, v3 or baseline."""

def best_level() -> str:
    """The best level of this machine and build."""
