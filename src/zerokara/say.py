"""Telling the user something beside what a program prints itself."""

import sys


def say(text: str) -> None:
    """Print a line on standard error: standard output is the script's own."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
