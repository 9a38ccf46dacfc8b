"""What cyclopts cannot parse, in our sentences, made of the fields of its errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cyclopts import CycloptsError

from zerokara.errors import UsageError, unknown_name
from zerokara.words import sentence, translatable

NO_OPTION = translatable("{command} has no option {got}. See {command} --help.")
NO_COMMAND = translatable("{command} has no command {got!r}. It has {names}.")
WRONG_VALUES: dict[Any, str] = {
    int: translatable("{name} must be a whole number. Got {got!r}."),
    float: translatable("{name} must be a number. Got {got!r}."),
    bool: translatable("{name} takes no value. Got {got!r}."),
    Path: translatable("{name} must be the path of a file or a folder. Got {got!r}."),
}
"""By the type that cyclopts was to make of it."""


def refusal(error: CycloptsError) -> UsageError:
    """What is said of a command line that cannot be parsed: of every kind of error a whole sentence of its own."""
    ours = error.__cause__
    if isinstance(ours, UsageError):  # what a converter of ours says needs no words of the parser's around it
        return ours
    kinds = (kind.__name__ for kind in type(error).__mro__)
    return next((REFUSALS[kind] for kind in kinds if kind in REFUSALS), _unforeseen)(error)


def _unknown_option(error: Any) -> UsageError:
    known = [name for argument in error.argument_collection for name in argument.names if name.startswith("-")]
    return _no_option(error, error.token.keyword or error.token.value, known)


def _unknown_command(error: Any) -> UsageError:
    """Of `zerokara --x` too: what comes before a command can only be one."""
    got, names = error.unused_tokens[0], list(error.app)
    if got.startswith("-"):
        return _no_option(error, got, [name for name in names if name.startswith("-")])
    commands = [name for name in names if not name.startswith("-")]
    refused = unknown_name("command", got, commands, NO_COMMAND, command=_command(error))
    refused.code = "unknown-option"
    return refused


def _no_option(error: CycloptsError, got: str, known: list[str]) -> UsageError:
    name = got.partition("=")[0]
    refused = unknown_name("option", name, [*known, "--lang", "--help"], NO_OPTION, command=_command(error))
    refused.code = "unknown-option"
    return refused


def _missing(error: Any) -> UsageError:
    """cyclopts names what is given by its place as if it were an option, so that what was typed must tell."""
    command, name = _command(error), error.argument.name
    if name.startswith("-") and name in (error.unused_tokens or ()):
        text = sentence("{name} needs a value. See {command} --help.", name=name, command=command)
    else:
        text = sentence("{command} needs {name}. See {command} --help.", command=command, name=_by_place(name))
    return UsageError(text, "missing-argument")


def _unused(error: CycloptsError) -> UsageError:
    words = " ".join(map(repr, error.unused_tokens or []))
    return UsageError(sentence("There is no place for {words}.", words=words), "unused-argument")


def _wrong_value(error: Any) -> UsageError:
    if error.token is None or error.target_type not in WRONG_VALUES:
        return _unforeseen(error)
    name = error.token.keyword or _by_place(error.argument.name)
    return UsageError(sentence(WRONG_VALUES[error.target_type], name=name, got=error.token.value), "wrong-value")


def _repeated(error: Any) -> UsageError:
    name = error.token.keyword
    return UsageError(sentence("{name} is given more than once. Give it once.", name=name), "unused-argument")


def _by_place_and_name(error: Any) -> UsageError:
    text = sentence("{name} is given by its place and by its name. Give it once.", name=_by_place(error.argument.name))
    return UsageError(text, "unused-argument")


def _unforeseen(error: CycloptsError) -> UsageError:
    """Of a later cyclopts, or of a kind of option that no command has yet: its own words, in a sentence of ours."""
    error.verbose = False
    return UsageError(sentence("The command line cannot be read: {reason}", reason=" ".join(str(error).split())))


def _command(error: CycloptsError) -> str:
    return " ".join(["zerokara", *(error.command_chain or ())])


def _by_place(name: str) -> str:
    """The name of an argument as help has it where it is given by its place."""
    return name.lstrip("-").upper()


REFUSALS: dict[str, Callable[[Any], UsageError]] = {
    "UnknownOptionError": _unknown_option,
    "UnknownCommandError": _unknown_command,
    "MissingArgumentError": _missing,
    "UnusedCliTokensError": _unused,
    "CoercionError": _wrong_value,
    "RepeatArgumentError": _repeated,
    "ArgumentOrderError": _by_place_and_name,
    "MixedArgumentError": _by_place_and_name,
}
"""By the name of the error's class, some of which only some versions of cyclopts have."""
