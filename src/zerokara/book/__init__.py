"""The textbook's modules, for files written against 『ゼロから作るDeep Learning』.

`import zerokara.book` (or `%load_ext zerokara.book`) as the first line of a notebook is all that is needed:
from then on `from common.functions import *` or `from dataset.mnist import load_mnist` find zerokara's modules,
wherever the learner's own folders have none. And what `zerokara run FILE` says of a file at its end is said below each
cell: what was supplied, hints below tracebacks, remarks, and what was found about a training.
"""

from typing import Any

from zerokara.runner import start as install
from zerokara.runner import stop as uninstall
from zerokara.runner.finder import supplied

__all__ = ["install", "supplied", "uninstall"]


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext zerokara.book`: all stands since this package was imported, unless it was taken away."""
    install()


def unload_ipython_extension(ipython: Any) -> None:
    """`%unload_ext zerokara.book`."""
    uninstall()


install()
