"""A person's own network is asked about a picture: `zerokara.prepare` and `zerokara.predict`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from zerokara.cells import printable
from zerokara.data.description import DataDescription, description_by_name
from zerokara.errors import UsageError
from zerokara.handwriting.predicting import each_of, file_of, predicted
from zerokara.handwriting.preparing import prepare_picture
from zerokara.nn.functions import softmax
from zerokara.nn.network import Network
from zerokara.words import sentence

if TYPE_CHECKING:
    from PIL.Image import Image

    from zerokara.handwriting.prediction import Prediction

PIXELS, SIDE = 784, 28
SHAPES = ((1, PIXELS), (PIXELS,), (1, 1, SIDE, SIDE))
"""Of x, in the order in which they are tried: a batch, a single row, what convolutions take."""

ROUNDING = 0.02
"""By how much ten probabilities of float16 may miss 1."""


def prepare(picture: str | os.PathLike[str] | Image | Any) -> NDArray[np.float32]:
    """A picture of a digit as MNIST has it: (784,) float32, 0 background to 1 ink, what `load_mnist` gives for a row.

    Args:
        picture: a path, a Pillow image, or an array of pixels (height, width) or (height, width, 3). Any size, dark ink
            on light paper or light on dark: a photo, a scan, a screenshot, a drawing.

    Whatever there is to doubt (no ink, two digits, one that is cut off) comes as a warning. Errors as in `predict`.
    """
    prepared = prepare_picture(picture, _mnist())
    for doubt in prepared.doubts:
        warnings.warn(doubt.text, stacklevel=2)
    first: NDArray[np.float32] = prepared.inputs[0]
    return first


@overload
def predict(network: Any, picture: list[Any] | tuple[Any, ...]) -> list[Prediction]: ...
@overload
def predict(network: Any, picture: Any) -> Any: ...
def predict(network: Any, picture: Any) -> Any:
    """What your own network takes a picture of a digit for.

    Args:
        network: an object with `predict(x)`, or a function of x: (1, 784) or (784,), 0 to 1, as `load_mnist` gives it.
            It returns scores or probabilities of each class.
        picture: as `prepare` takes it; or a list of pictures, or a folder with some.

    Returns:
        A `Prediction`, which shows itself in a notebook; a list of them for a list or a folder.

    Raises:
        UsageError: network or picture is none; it says what was expected.
        DataError: the file cannot be read as a picture.
        OSError: a file cannot be opened.
    """
    if is_run(network):
        return network.predict(picture)
    several = each_of(picture)
    if several is not None:
        return [predict(network, one) for one in several]
    return Asked(network).about(picture)


def is_run(network: Any) -> bool:
    """Whether it is a run, which prepares a picture as its own data were."""
    return isinstance(getattr(network, "described", None), DataDescription)


def _mnist() -> DataDescription:
    return description_by_name("mnist", (PIXELS, 10))


class Asked:
    """Somebody's network, as a function of rows.

    Args:
        network: as for `predict`.
        scale: what the inputs are multiplied by, for a network that was trained on 0 to 255.

    Raises UsageError for what cannot be one.
    """

    def __init__(self, network: Any, scale: float = 1.0) -> None:
        self.network, self.scale = network, scale
        self.ask = _question(network)

    def about(self, picture: Any) -> Prediction:
        """What it takes a picture for. Errors as in `predict`."""
        prepared = prepare_picture(picture, _mnist())
        rows = self.probabilities_of(prepared.inputs)
        return predicted(prepared, lambda _: rows, self.class_names(rows.shape[1]), file_of(picture))

    def class_names(self, classes: int) -> tuple[str, ...]:
        """Those that the network knows itself, as scikit-learn's do; else numbers."""
        known = getattr(self.network, "classes_", None)
        if isinstance(known, np.ndarray) and known.shape == (classes,):
            return tuple(printable(str(name)) for name in known)
        return tuple(map(str, range(classes)))

    def probabilities_of(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """x (ways, 784) → (ways, classes), row by row: not everybody's code takes several."""
        rows = [as_probabilities(self._answer(row)) for row in x]
        if len({row.shape for row in rows}) > 1:
            raise _no_scores(rows[-1].shape)
        return np.array(rows)

    def _answer(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """What it makes of one row, in the first of the shapes that it takes."""
        first: Exception | None = None
        for shape in SHAPES:
            x = (row * np.float32(self.scale)).reshape(shape)  # a copy: their code may write to it
            try:
                answer = self.ask(x)
            except Exception as error:
                first = first or error
                continue
            return _scores(answer)
        shapes = " ".join(map(str, SHAPES))
        text = sentence(
            "The network could not be asked about x of the shapes {shapes}: {kind}: {error}",
            shapes=shapes,
            kind=type(first).__name__,
            error=first,
        )
        raise UsageError(text, "wrong-shape") from first


def _question(network: Any) -> Callable[[Any], Any]:
    if isinstance(network, Network):
        return network.probabilities
    if not isinstance(network, type):
        for name in ("predict_proba", "predict"):  # scikit-learn's predict gives no scores
            if callable(method := getattr(network, name, None)):
                return method  # type: ignore[no-any-return]
        if callable(network):
            return network  # type: ignore[no-any-return]
    got = network.__name__ if isinstance(network, type) else type(network).__name__
    if isinstance(network, type):
        text = sentence("A network is needed, which {got}(…) makes. Got the class {got} itself.", got=got)
    else:
        text = sentence("A network is an object with a method predict(x), or a function of x. Got {got}.", got=got)
    raise UsageError(text, "wrong-value")


def _scores(answer: Any) -> NDArray[np.float64]:
    """(classes,) of what somebody's code returned."""
    try:
        array = np.asarray(answer)
        numbers = array.astype(np.float64) if array.dtype.kind in "biuf" else None
    except Exception as error:
        raise _no_scores(type(answer).__name__) from error
    if numbers is None:
        raise _no_scores(type(answer).__name__)
    if numbers.size < 2 or numbers.size != numbers.shape[-1]:
        raise _no_scores(array.shape)
    return numbers.reshape(-1)


def _no_scores(got: object) -> UsageError:
    text = sentence(
        "A network must give a score or a probability for each class, of the shape (1, 10) or (10,). Got {got}.",
        got=got,
    )
    return UsageError(text, "wrong-shape")


def as_probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(classes,) probabilities, of whatever the last layer gives.

    Numbers from 0 to 1 are taken for probabilities: those of softmax sum to 1 already, those of sigmoids are divided by
    their sum. Any other numbers are scores, of which softmax makes probabilities. What is not finite stays so.

    >>> as_probabilities(np.array([0.25, 0.75])), as_probabilities(np.array([0.25, 0.25]))
    (array([0.25, 0.75]), array([0.5, 0.5]))
    >>> as_probabilities(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    if not np.isfinite(scores).all():
        return np.full(len(scores), np.nan)
    total = float(scores.sum())
    if scores.min() >= 0 and scores.max() <= 1 + ROUNDING and total > 0:
        return scores / total
    return softmax(scores)
