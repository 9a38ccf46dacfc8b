"""`two_layer_net`: chapter 4's network, or chapter 5's for an importer in a folder named like chapter 5.

Both chapters have a file of that name, and Python keeps one module per name; so the class is chosen anew each time it
is asked for, by where the asking code lies. Code without a file, such as a notebook's, lies in the working folder.
"""

import os
import sys
from pathlib import Path
from typing import Any

from zerokara.book import chapter4, chapter5
from zerokara.book.chapters import chapter_of

__all__ = ["TwoLayerNet"]  # noqa: F822  (found by __getattr__)


def __getattr__(name: str) -> Any:
    if name != "TwoLayerNet":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    file = sys._getframe(1).f_globals.get("__file__")
    folder = Path(file).absolute().parent if file else Path(os.getcwd())
    return chapter5.TwoLayerNet if chapter_of(folder) == 5 else chapter4.TwoLayerNet
