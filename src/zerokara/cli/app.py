"""The commands, and what happens when one of them fails: a sentence on standard error and an exit status.

0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Sequence
from io import TextIOWrapper

from cyclopts import App, CycloptsError, MissingArgumentError, UnusedCliTokensError

import zerokara
from zerokara.errors import INTERRUPTED, UsageError, ZerokaraError
from zerokara.words import sentence, translatable

app = App(
    name="zerokara",
    version=zerokara.__version__,
    help="Train a small neural network, readable as the textbook, in an instant.",
    help_format="plaintext",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
data = App(name="data", help="Data sets: what there is, fetching it, looking at it.")
app.command("zerokara.cli.train:train", name="train", help="Train a network on a data set, and keep it in a folder.")
app.command("zerokara.cli.resume:resume", name="resume", help="Go on with a run, exactly where it stopped.")
app.command("zerokara.cli.run:run_command", name="run", help="Run a learner's script, notebook or note as it is.")
app.command("zerokara.cli.run:book_command", name="book", help="Write the files that the textbook's scripts open.")
app.command(
    "zerokara.cli.check:check",
    name="check",
    help="Check backpropagation against the numerical gradient.\n\nThe weights of each input are judged by themselves. "
    "Exits with 1 where they disagree, and where none can be told, as in a network that is not finite; otherwise with "
    "0, and says how many cannot be told.",
)
app.command(
    "zerokara.cli.info:info", name="info", help="Print versions, the engine, threads, and the data that are here."
)
app.command(
    "zerokara.cli.kit:kit",
    name="kit",
    help=translatable(
        "Collect everything for PCs without internet or rights in a folder, with an installer. On Windows and macOS, "
        "kits were never tried."
    ),
)
app.command(data)
runs = App(name="runs", help="Runs: which there are, looking at one, drawing it, removing it.")
app.command(runs)
runs.command("zerokara.cli.runs:list_", name="list", help="A table of the runs, broken ones too.")
runs.command("zerokara.cli.runs:show", name="show", help="Print what a run is and how it went.")
runs.command("zerokara.cli.runs:draw", name="draw", help="Draw a run's pictures anew.")
runs.command("zerokara.cli.runs:rm", name="rm", help="Remove runs, after asking.")
data.command("zerokara.cli.data:list_", name="list", help="List the data sets that have a name, and where each one is.")
data.command(
    "zerokara.cli.data:fetch", name="fetch", help="Fetch a data set into the cache, unless it is already here."
)
data.command(
    "zerokara.cli.data:show", name="show", help="Print samples per class, and draw a contact sheet of examples."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        return _status_of(argv)
    except MissingArgumentError as error:
        return _failed(argv, _missing(argv, error), 2)
    except UnusedCliTokensError as error:
        return _failed(
            argv, sentence("There is no place for {words}.", words=" ".join(map(repr, error.unused_tokens or []))), 2
        )
    except CycloptsError as error:
        ours = error.__cause__  # what a converter of ours says needs no words of the parser's around it
        return _failed(argv, str(ours if isinstance(ours, UsageError) else error), 2)
    except ZerokaraError as error:
        return _failed(argv, str(error), error.exit_status)
    except KeyboardInterrupt:
        return _failed(argv, sentence("Stopped."), INTERRUPTED)
    except BrokenPipeError:
        _close_quietly()
        return 1
    except OSError as error:
        what = (
            sentence("{file} cannot be used", file=error.filename)
            if error.filename
            else sentence("Output cannot be written")
        )
        return _failed(argv, sentence("{what}: {reason}.", what=what, reason=error.strerror or error), 1)
    except (RuntimeError, ImportError) as error:
        if not _was_interrupted(error):
            raise
        return _failed(argv, sentence("Stopped."), INTERRUPTED)
    except MemoryError:
        text = sentence("There is not enough memory for this. Try a smaller network, batch or data set.")
        return _failed(argv, text, 1)


def _status_of(argv: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        status = app(argv, exit_on_error=False, print_error=False, result_action="return_value")
    sys.stdout.flush()
    return int(status or 0)


def _missing(argv: Sequence[str], error: MissingArgumentError) -> str:
    """What to say where an argument is missing: cyclopts names a positional one as if it were an option."""
    name = (error.argument.names or ("",))[0] if error.argument else ""
    if name.startswith("--") and name in argv:
        return str(error)
    words = " ".join(["zerokara", *(error.command_chain or ())])
    return sentence("{words} needs {name}. See {words} --help.", words=words, name=name.lstrip("-").upper() or "more")


def _show_warning(message: Warning | str, *where: object, **more: object) -> None:
    """A warning as a sentence, without the line of code that gave it."""
    print(f"zerokara: {message}", file=sys.stderr)


def _failed(argv: Sequence[str], text: str, status: int) -> int:
    """Say what went wrong: a sentence for people, and one JSON object for programs that asked for one."""
    print(f"zerokara: {text}", file=sys.stderr)
    try:
        if "--json" in argv:
            print(json.dumps({"error": text, "exit_status": status}, ensure_ascii=False))
        sys.stdout.flush()
    except OSError:
        _close_quietly()
    return status


def _was_interrupted(error: BaseException) -> bool:
    """Whether it was Ctrl-C after all: in the middle of an import Python may wrap it in another error."""
    cause = error.__cause__ or error.__context__
    return isinstance(error, KeyboardInterrupt) or (cause is not None and _was_interrupted(cause))


def _close_quietly() -> None:
    """Nobody can have standard output any more; keep Python from complaining about that at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
