"""What an engine does, and nothing else about it.

An engine works on whole chunks, never layer by layer. The trainer knows only this contract, so it is the
same loop for every engine; which batches there are and where a chunk ends is decided before an engine is called.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Split
from zerokara.nn.network import Network


class Optimizer(Protocol):
    """What an engine needs to know of an optimizer (zerokara.training.optimizers has them).

    `name` and `settings` (its numbers, such as `learning_rate`) say which formula; `is_standard`, whether they say all
    of it, so that an engine may compute it by itself. `steps` counts the updates done; `state` maps slot name (such as
    "v") → parameter name → array of that parameter's shape and dtype.
    """

    steps: int
    state: dict[str, dict[str, NDArray[Any]]]

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, float]: ...

    @property
    def is_standard(self) -> bool: ...

    def update(self, params: Mapping[str, NDArray[Any]], grads: Mapping[str, NDArray[Any]]) -> None:
        """One update of every parameter by its gradient, of the same name and shape, in place; counts in `steps`."""
        ...


class Engine(Protocol):
    """One way to compute. All engines agree with the reference one within rounding.

    It is made with the number of threads it may use, or None: see `zerokara.engine.choosing.ENGINES`.
    """

    name: str

    def advance(
        self,
        network: Network,
        optimizer: Optimizer,
        split: Split,
        batches: NDArray[np.int64],
        *,
        gradient: str = "backprop",
        stop: NDArray[np.uint8],
    ) -> NDArray[np.float64]:
        """Do one update per row of `batches`, in place, and return the loss of each batch before its update.

        Args:
            network: its `params` (W1, b1, …) are updated in place; its loss, penalty included, is minimised.
            optimizer: its `state` and `steps` are updated in place.
            split: the samples.
            batches: (n, batch_size) int64 indices of samples, as `Batches.rows` gives them.
            gradient: "backprop", or "numerical" for central differences of every parameter.
            stop: (1,) flag, polled between updates and inside a numerical gradient; not 0 means stop.

        Returns:
            (m,) float64 losses of the updates that were done: m = n, or fewer when `stop` was raised.

        Raises UsageError where weights or the optimizer's arrays are read-only.
        """
        ...

    def predict(self, network: Network, split: Split) -> NDArray[Any]:
        """Scores, before softmax, of every sample of the split, in its order: (n, classes) in the network's dtype."""
        ...

    def classify(self, network: Network, split: Split) -> NDArray[np.int64]:
        """The class of every sample's highest score: (n,), `zerokara.nn.functions.decided(predict(...))`.

        It is -1, the class of nothing, for a sample whose highest score is not finite: one of its scores is NaN or
        +∞, or all are -∞. NumPy's argmax would say 0 or so, and a network of NaN would be right where the label is.
        """
        ...

    def numerical_gradient(
        self,
        network: Network,
        x: NDArray[Any],
        t: NDArray[Any],
        *,
        h: float = 1e-4,
        only: str | None = None,
        stop: NDArray[np.uint8] | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """The central-difference gradient of the loss, (L(w + h) - L(w - h)) / 2h, penalty included.

        Args:
            x: (n, features) or (features,); t: (n,) class indices, or (n, classes) one-hot or soft rows.
            h: the step.
            only: the name of one parameter, to compute no other.
            stop: (1,) flag; not 0 means stop, and what is returned is unfinished.

        Returns:
            A dict like `params`, float64, or of `only` that one; all NaN where the loss itself is not finite.
        """
        ...
