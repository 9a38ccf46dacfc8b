"""The errors zerokara raises.

Each is worded where it is raised, through `zerokara.words.sentence`: what was wrong, what was got, what was expected,
what was done about it, and what to do next. A program tells them apart by their `code`, never by their text, which is
in the user's language.
"""

import difflib
from collections.abc import Iterable
from typing import Literal

from zerokara.words import paragraph, sentence, translatable

Code = Literal[
    "failed",
    "interrupted",
    "out-of-memory",
    "file-error",
    # wrong usage
    "usage",
    "unknown-option",
    "missing-argument",
    "unused-argument",
    "unknown-name",
    "wrong-value",
    "wrong-shape",
    "wrong-recipe",
    # data
    "data",
    "data-missing",
    "data-damaged",
    "download-failed",
    # engines
    "engine",
    "engine-unavailable",
    "engine-unsuitable",
    # runs
    "run",
    "run-missing",
    "run-of-script",
    "run-exists",
    "run-busy",
    "run-damaged",
    "run-edited",
    "run-finished",
    "run-customized",
    "run-newer",
    "run-lost",
    "run-not-written",
    "diverged",
    # more
    "kit-folder",
    "missing-package",
    "not-verified",
]
"""What `--json` calls an error. A code once given stays; docs/engineer.md has the meaning of each."""

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""


class ZerokaraError(Exception):
    """Anything zerokara refuses or cannot do. Its text is for the user; the command line prints only that.

    Args:
        text: whole sentences, in the user's language.
        code: what a program may go by, where it is more exact than that of the class.
    """

    exit_status = 1
    code: Code = "failed"

    def __init__(self, text: str, code: Code | None = None) -> None:
        super().__init__(text)
        if code is not None:
            self.code = code


class UsageError(ZerokaraError, ValueError):
    """An option or an argument has a value that cannot be used."""

    exit_status = 2
    code: Code = "usage"


class DataError(ZerokaraError):
    """A data set is missing, damaged, or not what its name promises."""

    code: Code = "data"


class DownloadError(DataError):
    """No mirror delivered a data set."""

    code: Code = "download-failed"


class EngineError(ZerokaraError):
    """The engine that was asked for cannot do this work here."""

    code: Code = "engine"


class RunError(ZerokaraError):
    """A run's folder cannot be written, read, or trusted."""

    code: Code = "run"


IN_A_TABLE = translatable("{name} must be one of {names}. Got {got!r}.")


def unknown_name(
    name: str, got: object, known: Iterable[str], template: str = IN_A_TABLE, **facts: object
) -> UsageError:
    """The error for a name that is not in a table, with the nearest one that is.

    Args:
        name: what the name is for, as the user writes it, such as "activation".
        template: a sentence of its own, with {names} and {got!r}, where "name must be one of" does not say it.
        facts: what else that sentence names.

    >>> print(unknown_name("activation", "rleu", ["relu", "sigmoid"]))
    activation must be one of relu, sigmoid. Got 'rleu'. Did you mean relu?
    """
    names = list(known)
    near = difflib.get_close_matches(str(got).lower(), names, n=1)
    text = paragraph(
        sentence(template, name=name, names=", ".join(names), got=got, **facts),
        sentence("Did you mean {near}?", near=near[0]) if near and near[0] != got else "",
    )
    return UsageError(text, "unknown-name")
