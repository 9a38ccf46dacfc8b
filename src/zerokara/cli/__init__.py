"""The command line: parse, call, print. No command computes anything itself."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status.

    `run` and `book` read their arguments themselves, because what follows a script's name is the script's.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv[:1] == ["run"]:
        from zerokara.cli.run import run_command

        return run_command(argv[1:])
    if argv[:1] == ["book"]:
        from zerokara.cli.run import book_command

        return book_command(argv[1:])
    from zerokara.cli.app import main as other_command

    return other_command(argv)


__all__ = ["main"]
