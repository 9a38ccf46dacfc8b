"""zerokara (ゼロから, "from zero"): a small neural network, readable as the textbook, trained in an instant.

>>> import zerokara
>>> net = zerokara.TwoLayerNet(784, 50, 10)        # the network of the textbook, chapters 4 and 5
>>> digits = zerokara.load("digits")               # 1,797 handwritten digits that are always there
>>> digits.train.x.shape[1], len(digits.class_names)
(64, 10)

Everything public is here; what is not in `__all__` may change.
"""

import logging
from typing import TYPE_CHECKING, Any, overload

from numpy.typing import ArrayLike

from zerokara.data import Dataset, load
from zerokara.engine.choosing import fastest_gradient
from zerokara.errors import DataError, DownloadError, EngineError, RunError, UsageError, ZerokaraError
from zerokara.nn import Network, TwoLayerNet, gradient_descent, numerical_gradient
from zerokara.nn import check as _check
from zerokara.nn import network as _network
from zerokara.nn import numerical as _numerical
from zerokara.runs import in_lab as _runs_in_lab
from zerokara.version import VERSION
from zerokara.words import set_language


@overload
def gradient_check(  # type: ignore[overload-overlap]
    network: Network, x: ArrayLike, t: ArrayLike, *, h: float = ...
) -> _check.GradientCheck: ...
@overload
def gradient_check(network: object, x: ArrayLike, t: ArrayLike) -> "OwnCheck": ...
def gradient_check(network: Any, x: ArrayLike, t: ArrayLike, *, h: float = 1e-5) -> "_check.GradientCheck | OwnCheck":
    """Compare backpropagation with central differences, in float64, and say what is wrong with it.

    Args:
        network: a network of zerokara's; or anything of your own: an object with parameters, a loss and a gradient, a
            layer with forward and backward, a class of these, or a function or module. It is left as it was.
        x: (n, features), or as your code takes it.
        t: (n,) class indices, or (n, classes), or as your code takes it.
        h: scales the steps for a network of zerokara's. For others they are chosen by what is measured.

    Returns:
        Either has a `verdict` ("agrees", "DISAGREES", "cannot be told"), `agrees`, and `rows`, one for each parameter;
        of your own it also has `findings`: what is wrong and where, named where that could be proven.

    Raises UsageError for x and t that do not fit, and where there is nothing to check.

    >>> x, t = load("digits").train.rows(range(7)), load("digits").train.t[:7]
    >>> class Linear:
    ...     def __init__(self):
    ...         self.W = np.full((64, 10), 0.1)
    ...     def loss(self, x, t):
    ...         return 0.5 * np.sum((x @ self.W - t) ** 2)
    ...     def gradient(self, x, t):
    ...         return x.T @ (x @ self.W - t)
    >>> import numpy as np
    >>> gradient_check(Linear(), x, np.eye(10)[t]).verdict
    'agrees'
    """
    if isinstance(network, Network):
        return _check.gradient_check(network, x, t, h=h)
    from zerokara.own_gradients.any_object import check_object

    return check_object(network, x, t)


def _recognised(f: Any, x: Any, h: float) -> Any:
    """`zerokara.numerical_gradient(f, x, accelerate=True)` asks recognise/, imported only then."""
    from zerokara.recognise import accelerated

    return accelerated(f, x, h)


def _in_lab(run: Any) -> "OpenLab":
    """`run.lab()` asks lab/, imported only then."""
    from zerokara.lab.notebook import open_run_in_lab

    return open_run_in_lab(run)


logging.getLogger("zerokara").addHandler(logging.NullHandler())  # silent unless somebody asks

_network.fast_gradient = fastest_gradient
_numerical.faster_function = _recognised
_runs_in_lab.open_in_lab = _in_lab

if TYPE_CHECKING:
    from zerokara.handwriting.own_network import predict, prepare
    from zerokara.handwriting.prediction import Prediction
    from zerokara.lab.notebook import OpenLab, open_lab
    from zerokara.own_gradients.results import OwnCheck
    from zerokara.runs.diagnosis import diagnose
    from zerokara.runs.opening import open_run
    from zerokara.runs.run import Run
    from zerokara.runs.side_by_side import compare
    from zerokara.runs.train import train
    from zerokara.runs.verification import verify
    from zerokara.training.recipe import Recipe

__version__ = VERSION

__all__ = [
    "DataError",
    "Dataset",
    "DownloadError",
    "EngineError",
    "Network",
    "Prediction",
    "Recipe",
    "Run",
    "RunError",
    "TwoLayerNet",
    "UsageError",
    "ZerokaraError",
    "compare",
    "diagnose",
    "gradient_check",
    "gradient_descent",
    "load",
    "numerical_gradient",
    "open_lab",
    "open_run",
    "predict",
    "prepare",
    "set_language",
    "train",
    "verify",
]

_ON_FIRST_USE = {
    "Prediction": "zerokara.handwriting.prediction",
    "Recipe": "zerokara.training.recipe",
    "Run": "zerokara.runs.run",
    "compare": "zerokara.runs.side_by_side",
    "diagnose": "zerokara.runs.diagnosis",
    "open_lab": "zerokara.lab.notebook",
    "open_run": "zerokara.runs.opening",
    "predict": "zerokara.handwriting.own_network",
    "prepare": "zerokara.handwriting.own_network",
    "train": "zerokara.runs.train",
    "verify": "zerokara.runs.verification",
}

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        """Import on first use what a plain `import zerokara` has no need of."""
        if name not in _ON_FIRST_USE:
            raise AttributeError(f"module 'zerokara' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_ON_FIRST_USE[name]), name)


def __dir__() -> list[str]:
    """What completion offers: the public names, those included that are imported on first use."""
    return list(__all__)
