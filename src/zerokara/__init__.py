"""zerokara (ゼロから, "from zero"): a small neural network, readable as the textbook, trained in an instant.

>>> import zerokara
>>> net = zerokara.TwoLayerNet(784, 50, 10)        # the network of the textbook, chapters 4 and 5
>>> digits = zerokara.load("digits")               # 1,797 handwritten digits that are always there
>>> digits.train.x.shape[1], len(digits.class_names)
(64, 10)

Everything public is here; what is not in `__all__` may change.
"""

import logging
from typing import TYPE_CHECKING, Any

from zerokara.data import Dataset, load
from zerokara.engine.choosing import fastest_gradient
from zerokara.errors import DataError, DownloadError, EngineError, RunError, UsageError, ZerokaraError
from zerokara.nn import Network, TwoLayerNet, gradient_check, gradient_descent, numerical_gradient
from zerokara.nn import network as _network
from zerokara.nn import numerical as _numerical
from zerokara.version import VERSION
from zerokara.words import set_language


def _recognised(f: Any, x: Any, h: float) -> Any:
    """`zerokara.numerical_gradient(f, x, accelerate=True)` asks recognise/, imported only then."""
    from zerokara.recognise import accelerated

    return accelerated(f, x, h)


logging.getLogger("zerokara").addHandler(logging.NullHandler())  # silent unless somebody asks

_network.fast_gradient = fastest_gradient
_numerical.faster_function = _recognised

if TYPE_CHECKING:
    from zerokara.runs.diagnosis import diagnose
    from zerokara.runs.opening import open_run
    from zerokara.runs.run import Run
    from zerokara.runs.train import train
    from zerokara.training.recipe import Recipe

__version__ = VERSION

__all__ = [
    "DataError",
    "Dataset",
    "DownloadError",
    "EngineError",
    "Network",
    "Recipe",
    "Run",
    "RunError",
    "TwoLayerNet",
    "UsageError",
    "ZerokaraError",
    "diagnose",
    "gradient_check",
    "gradient_descent",
    "load",
    "numerical_gradient",
    "open_run",
    "set_language",
    "train",
]

_ON_FIRST_USE = {
    "Recipe": "zerokara.training.recipe",
    "Run": "zerokara.runs.run",
    "diagnose": "zerokara.runs.diagnosis",
    "open_run": "zerokara.runs.opening",
    "train": "zerokara.runs.train",
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
