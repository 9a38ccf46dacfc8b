"""`--lang`, which stands anywhere in a command, and is read before it: in that language the command speaks."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from zerokara.cli.failure import fail, failure_of, tell
from zerokara.errors import UsageError
from zerokara.words import LANGUAGES, is_spoken, sentence, set_language


def in_language(argv: list[str], command: Callable[[list[str]], Callable[[], int]]) -> Callable[[], int]:
    """The command of these words in the language that they ask for, also of every process that it starts.

    An unknown language gets English, and a line on standard error that says so.
    """
    try:
        words, asked = without_language(argv)
    except UsageError as error:
        failure = failure_of(error)
        assert failure is not None
        return partial(fail, failure, as_json="--json" in argv)
    for name in asked[-1:]:
        os.environ["ZEROKARA_LANG"] = set_language(name)
        if not is_spoken(name):
            known = ", ".join(LANGUAGES)
            tell(
                sentence(
                    "The languages are {languages}. Got --lang {got}, so this is English.", languages=known, got=name
                )
            )
    return command(words)


def without_language(argv: list[str]) -> tuple[list[str], list[str]]:
    """The words without --lang and what follows it; the languages that followed it.

    What comes after `--`, and after the FILE of `zerokara run`, is not looked at. Raises UsageError where no language
    follows.

    >>> without_language(["--lang", "ja", "run", "--seed", "1", "a.py", "--lang", "fr"])
    (['run', '--seed', '1', 'a.py', '--lang', 'fr'], ['ja'])
    """
    left: list[str] = []
    asked: list[str] = []
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--" or _is_script(word, left):
            left += [word, *words]
        elif name == "--lang":
            asked.append(_checked(value if equals else next(words, "")))
        else:
            left.append(word)
    return left, asked


def _checked(language: str) -> str:
    if not language or language.startswith("-"):
        known = ", ".join(LANGUAGES)
        raise UsageError(sentence("--lang needs a language: one of {languages}.", languages=known), "missing-argument")
    return language


def _is_script(word: str, before: list[str]) -> bool:
    """Whether a word is the FILE of `zerokara run`."""
    if before[:1] != ["run"] or (word.startswith("-") and word != "-"):
        return False
    from zerokara.cli.run import VALUES

    return before[-1] not in VALUES
