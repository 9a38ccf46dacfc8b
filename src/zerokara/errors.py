"""The errors zerokara raises, and the one function that words them.

Every sentence a user may read is written where it is raised and goes through `sentence`, so that one
place can translate them later. A good sentence says what was wrong, what was got, what was expected,
what was done about it, and what to do next.
"""

import difflib
import importlib.util
import shlex
import sys
from collections.abc import Iterable

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""


class ZerokaraError(Exception):
    """Anything zerokara refuses or cannot do. Its text is for the user; the command line prints only that."""

    exit_status = 1


class UsageError(ZerokaraError, ValueError):
    """An option or an argument has a value that cannot be used."""

    exit_status = 2


class DataError(ZerokaraError):
    """A data set is missing, damaged, or not what its name promises."""


class DownloadError(DataError):
    """No mirror delivered a data set."""


class EngineError(ZerokaraError):
    """The engine that was asked for cannot do this work here."""


class RunError(ZerokaraError):
    """A run's folder cannot be written, read, or trusted."""


def sentence(template: str, /, **facts: object) -> str:
    """Fill a template with the facts of the case.

    >>> sentence("{name} must be a positive number. Got {got}.", name="learning_rate", got=-0.1)
    'learning_rate must be a positive number. Got -0.1.'
    """
    return template.format(**facts)


def to_install(*packages: str) -> str:
    """The command that brings packages to the Python that is running, wherever the user's shell is."""
    pip = [sys.executable, "-m", "pip", "install"]
    uv = ["uv", "pip", "install", "--python", sys.executable]
    return shlex.join([*(pip if importlib.util.find_spec("pip") else uv), *packages])


def unknown_name(what: str, got: object, known: Iterable[str]) -> UsageError:
    """The error for a name that is not in a table, with the nearest one that is.

    >>> print(unknown_name("activation", "rleu", ["relu", "sigmoid"]))
    activation must be one of relu, sigmoid. Got 'rleu'. Did you mean relu?
    """
    names = list(known)
    text = sentence("{what} must be one of {names}. Got {got!r}.", what=what, names=", ".join(names), got=got)
    near = difflib.get_close_matches(str(got).lower(), names, n=1)
    if near:
        text += sentence(" Did you mean {near}?", near=near[0])
    return UsageError(text)
