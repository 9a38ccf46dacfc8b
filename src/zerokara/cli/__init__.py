"""The command line: parse, call, print. No command computes anything itself."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

__all__ = ["command", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    return command(argv)()


def command(argv: Sequence[str] | None = None) -> Callable[[], int]:
    """One command, loaded and ready to run.

    `--lang` is read before anything that speaks is loaded. `run` and `book` read their arguments themselves, because
    what follows a script's name is the script's.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us, as by >&-
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    if any(word.startswith("--lang") for word in argv):
        from zerokara.cli.language import in_language

        return in_language(argv, _of_words)
    return _of_words(argv)


def _of_words(argv: list[str]) -> Callable[[], int]:
    if argv[:1] == ["run"]:
        from zerokara.cli.run import run_command

        return partial(run_command, argv[1:])
    if argv[:1] == ["book"]:
        from zerokara.cli.run import book_command

        return partial(book_command, argv[1:])
    from zerokara.cli.app import main as other_command

    return partial(other_command, argv)
