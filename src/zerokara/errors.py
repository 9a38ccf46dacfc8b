"""The errors zerokara raises.

Each is worded where it is raised, through `zerokara.words.sentence`: what was wrong, what was got, what was expected,
what was done about it, and what to do next.
"""

import difflib
from collections.abc import Iterable

from zerokara.words import sentence

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
