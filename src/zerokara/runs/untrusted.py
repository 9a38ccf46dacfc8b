"""Reading what lies in a run's folder, whoever put it there: no link is followed, nothing is executed or unpickled, and
nothing is allocated for more than a file really holds. Whatever is wrong is a RunError that says what.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from zerokara.data.entries import ENTRIES
from zerokara.errors import Code, RunError, UsageError, ZerokaraError
from zerokara.runs.layout import LOCK_FILE, RECIPE, SCRIPT_JSON, UNFINISHED_FILE
from zerokara.training.recipe import Recipe, parse_toml
from zerokara.words import paragraph, sentence

MOST_TEXT = 256_000
"""Bytes of a small file such as a recipe; real ones have about a thousand."""
MOST_RUN_JSON = 2_000_000
"""The same of run.json, with as many changes as there may be."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class NothingBegun(RunError):
    """A run's folder holds no state: the run ended before the first update, or it never began."""

    code: Code = "run-missing"


def command(*words: object) -> str:
    """A command line of zerokara, as a shell wants it.

    >>> command("resume", Path("my runs/one"))
    "zerokara resume 'my runs/one'"
    """
    return shlex.join(["zerokara", *map(str, words)])


def damaged(path: Path, reason: str, code: Code = "run-damaged") -> RunError:
    """The error for a file that is not what it should be; `reason` says why, in whole sentences."""
    # Translators: "It" is the file or folder of a run that cannot be used.
    left = sentence("It was left as it is.")
    return RunError(paragraph(sentence("{path} cannot be used.", path=path), reason, left), code)


def impossible(path: Path, name: str) -> RunError:
    """The error for a file in which an entry of that name is missing, or holds what no run has there."""
    # Translators: {name} is the name of an entry in a file of a run, such as iteration or seconds.
    return damaged(path, sentence("The file's {name} is missing or impossible.", name=name))


def unreadable(path: Path, error: Exception) -> RunError:
    """The error for a file where the system, or whoever parses it, says what is wrong."""
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        # Translators: "It" is a path where a file or folder of a run is expected.
        return damaged(path, sentence("It is a link, and links are not followed."))
    reason = str(getattr(error, "strerror", None) or error).rstrip(".")
    text = sentence("{path} cannot be used: {reason}. It was left as it is.", path=path, reason=reason)
    return RunError(text, "run-damaged")


def checked_folder(path: str | os.PathLike[str]) -> Path:
    """The path of a folder. Raises UsageError for what is no path, RunError where there is no folder."""
    if not isinstance(path, str | os.PathLike):
        text = sentence("A run is named by its folder, such as runs/mnist-001. Got {got!r:.80}.", got=path)
        raise UsageError(text, "wrong-value")
    folder = Path(path)
    if not folder.is_dir():
        if os.path.lexists(folder):
            text = sentence(
                "{path} is not a folder. Expected the folder of a run, such as runs/mnist-001.", path=folder
            )
        else:
            text = sentence("{path} does not exist. Expected the folder of a run, such as runs/mnist-001.", path=folder)
        raise RunError(text, "run-missing")
    return folder


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A plain file, open for reading. A link, a device, a pipe or a folder is refused, and never waited for."""
    try:
        handle = os.open(path, _FLAGS)
    except OSError as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        # Translators: "It" is a path where a file of a run is expected.
        raise damaged(path, sentence("It is not a plain file."))
    with open(handle, "rb") as file:
        try:
            yield file
        except OSError as error:
            raise unreadable(path, error) from error


def read_text(path: Path, most: int = MOST_TEXT) -> str:
    """All of a text file of at most so many bytes. Raises RunError for anything else."""
    with opened(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise damaged(path, sentence("The file has more than {most:,} bytes.", most=most))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise unreadable(path, error) from error


def read_recipe(folder: Path) -> Recipe:
    """The complete recipe of a run. Raises RunError where it is missing, damaged, or asks for a path like ../data."""
    path = folder / RECIPE
    if not os.path.lexists(path):
        raise _not_a_run(folder)
    text = read_text(path)
    recipe: Recipe = attempt(path, lambda: Recipe.from_values(parse_toml(text, path)))
    if recipe != attempt(path, recipe.resolved):
        raise damaged(path, sentence("The recipe is not complete, as that of a run is."))
    if recipe.dataset not in ENTRIES and not _is_absolute(recipe.dataset):
        reason = sentence("The data set {name!r} is neither a name nor an absolute path.", name=recipe.dataset)
        raise damaged(path, reason)
    return recipe


def read_json(path: Path, most: int = MOST_TEXT) -> dict[str, Any]:
    """The object in a JSON file of at most so many bytes. Raises RunError for anything else."""
    return json_object(path, read_text(path, most))


def json_object(path: Path, text: str) -> dict[str, Any]:
    """The JSON object in a text that came from `path`. Raises RunError for anything else."""
    value = attempt(path, lambda: json.loads(text))
    if not isinstance(value, dict):
        raise damaged(path, sentence("The file holds no JSON object."))
    return value


def attempt(path: Path, parse: Callable[[], Any]) -> Any:
    """What a parser makes of the content of `path`, or RunError for whatever it stumbles over."""
    try:
        return parse()
    except RecursionError as error:
        raise damaged(path, sentence("The file is nested too deeply.")) from error
    except ZerokaraError as error:
        raise damaged(path, str(error)) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise unreadable(path, error) from error


def _is_absolute(text: str) -> bool:
    return "\0" not in text and os.path.isabs(text) and os.path.normpath(text) == text


def is_script(folder: Path) -> bool:
    """Whether a folder keeps what a learner's script left behind, and no run of a recipe."""
    return os.path.lexists(folder / SCRIPT_JSON) and not os.path.lexists(folder / RECIPE)


def _not_a_run(folder: Path) -> RunError:
    if is_script(folder):
        text = sentence(
            "{path} keeps what a learner's script left behind. There is no recipe by which it could be trained again "
            "or gone on with: run the script again. Look at what was kept with: {command}",
            path=folder,
            command=command("runs", "show", folder),
        )
        return RunError(text, "run-of-script")
    left = [name for name in os.listdir(folder) if name != LOCK_FILE and not UNFINISHED_FILE.fullmatch(name)]
    if not left:
        return NothingBegun(
            sentence("{path} is empty: nothing had begun. Start a run with zerokara train.", path=folder)
        )
    return RunError(
        sentence(
            "{path} is not the folder of a run: it has no recipe.toml. Expected one such as runs/mnist-001.",
            path=folder,
        ),
        "run-missing",
    )
