"""Names that slides take as given: `np`, `plt`, `load_mnist` and chapter 4's `TwoLayerNet`."""

import importlib
import re
from types import ModuleType

from zerokara.runner.finder import HOME

PRELUDE = {
    "np": ("numpy", None),
    "plt": ("matplotlib.pyplot", None),
    "load_mnist": (f"{HOME}.dataset.mnist", "load_mnist"),
    "TwoLayerNet": (f"{HOME}.chapter4", "TwoLayerNet"),
}


def supply(main: ModuleType, source: str) -> None:
    """Put those of the names that the source mentions into `main`, before its first line."""
    for name, (module, attribute) in PRELUDE.items():
        if re.search(rf"\b{name}\b", source):
            found = importlib.import_module(module)
            setattr(main, name, getattr(found, attribute) if attribute else found)
