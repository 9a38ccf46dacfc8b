"""What is said where a command fails: a sentence on standard error, one JSON object where one was asked for, a status.

0 done, 1 failed, 2 wrong usage, 3 cannot be told (`zerokara verify` alone), 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from io import TextIOWrapper
from typing import NamedTuple, TextIO

from zerokara.errors import INTERRUPTED, Code, ZerokaraError
from zerokara.words import sentence

PROGRAM = "zerokara"
"""What its lines on standard error begin with, beside those of a script that it runs."""


class Failure(NamedTuple):
    """Why a command ended: whole sentences for people, a code for programs, and its exit status."""

    text: str
    code: Code
    exit_status: int


def failure_of(error: BaseException) -> Failure | None:
    """What is said of an exception; None for one that only a mistake in zerokara can cause."""
    if isinstance(error, ZerokaraError):
        return Failure(str(error), error.code, error.exit_status)
    if isinstance(error, OSError):
        return Failure(_of_the_system(error), "file-error", 1)
    if isinstance(error, MemoryError):
        text = sentence("There is not enough memory for this. Try a smaller network, batch or data set.")
        return Failure(text, "out-of-memory", 1)
    if isinstance(error, KeyboardInterrupt | RuntimeError | ImportError) and _was_interrupted(error):
        return Failure(sentence("Stopped."), "interrupted", INTERRUPTED)
    return None


def fail(failure: Failure, *, as_json: bool) -> int:
    """Say what went wrong, to people and to a program that asked for JSON; the exit status."""
    tell(failure.text)
    told = {"error": failure.text, "code": failure.code, "exit_status": failure.exit_status}
    try:
        if as_json:
            print(json.dumps(told, ensure_ascii=False))
        sys.stdout.flush()
    except OSError:
        close_quietly()
    return failure.exit_status


def tell(text: str, stream: TextIO | None = None) -> None:
    """Print whole sentences on the stream, on standard error if none is given."""
    print(f"{PROGRAM}: {text}", file=stream or sys.stderr, flush=True)


def print_every_letter() -> None:
    """A terminal that lacks a letter is no reason to fail: it gets the letter's number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def close_quietly() -> None:
    """Nobody can have standard output any more; keep Python from complaining about that at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _of_the_system(error: OSError) -> str:
    reason = error.strerror or error
    if error.filename:
        return sentence("{file} cannot be used: {reason}.", file=error.filename, reason=reason)
    return sentence("Output cannot be written: {reason}.", reason=reason)


def _was_interrupted(error: BaseException) -> bool:
    """Whether it was Ctrl-C after all: in the middle of an import Python may wrap it in another error."""
    cause = error.__cause__ or error.__context__
    return isinstance(error, KeyboardInterrupt) or (cause is not None and _was_interrupted(cause))
