"""The commands, and what happens when one of them fails: a sentence on standard error and an exit status.

0 done, 1 failed, 2 wrong usage, 3 cannot be told (`zerokara verify` alone), 130 interrupted.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import zerokara
from zerokara.cli.failure import close_quietly, fail, failure_of, print_every_letter, tell
from zerokara.cli.parser_help import HelpPage
from zerokara.words import translatable

HELP = HelpPage()
app = App(
    name="zerokara",
    version=zerokara.__version__,
    help=translatable("Train a small neural network, readable as the textbook, in an instant."),
    help_format="plaintext",
    help_formatter=HELP,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
data = App(name="data", help=translatable("Data sets: what there is, fetching it, looking at it."))
runs = App(name="runs", help=translatable("Runs: which there are, looking at one, drawing it, removing it."))
app.command(
    "zerokara.cli.train:train",
    name="train",
    help=translatable("Train a network on a data set, and keep it in a folder."),
)
app.command(
    "zerokara.cli.lab:lab",
    name="lab",
    help="\n\n".join(
        [
            translatable("Open a page on which a network learns while you look, and can be touched."),
            translatable(
                "The page's address is the first line of standard output, and the only one. It is for this machine "
                "alone, and with its token for you alone. Ctrl-C ends the lab with exit status 0; its runs are kept."
            ),
        ]
    ),
)
app.command(
    "zerokara.cli.resume:resume", name="resume", help=translatable("Go on with a run, exactly where it stopped.")
)
app.command(
    "zerokara.cli.predict:predict", name="predict", help=translatable("Ask a run's network about your own pictures.")
)
app.command(
    "zerokara.cli.run:run_command",
    name="run",
    help=translatable("Run a learner's script, notebook or note as it is."),
)
app.command(
    "zerokara.cli.run:book_command",
    name="book",
    help=translatable("Write the files that the textbook's scripts open."),
)
app.command(
    "zerokara.cli.evaluate:evaluate",
    name="evaluate",
    help=translatable("Ask a run's network about test images: accuracy, precision, recall, confusion matrix."),
)
app.command(
    "zerokara.cli.compare:compare",
    name="compare",
    help=translatable("Runs side by side: only what differs, and how far their accuracies are apart."),
)
app.command(
    "zerokara.cli.doctor:doctor",
    name="doctor",
    help=translatable("Ask why a run does not learn, and try what heals it."),
)
app.command(
    "zerokara.cli.report:report",
    name="report",
    help=translatable("Show a run, or several side by side, as a page for a browser."),
)
app.command(
    "zerokara.cli.check:check",
    name="check",
    help="\n\n".join(
        [
            translatable("Ask whether a gradient is right: of a network, of a run, or of your own FILE."),
            translatable(
                "The weights of each input are judged by themselves. Exits with 1 where they disagree, and where none "
                "can be told, as in a network that is not finite; otherwise with 0, and says how many cannot be told."
            ),
        ]
    ),
)
app.command(
    "zerokara.cli.verify:verify",
    name="verify",
    help="\n\n".join(
        [
            translatable("Ask whether runs can be reproduced, bit for bit: train them again and compare."),
            translatable(
                "It asks about reproducing, the doctor about learning, and check about a gradient. Exits with 0 where "
                "all are the same bits, 1 where one differs, and otherwise 3 where one cannot be told here."
            ),
        ]
    ),
)
app.command(
    "zerokara.cli.info:info",
    name="info",
    help=translatable("Print versions, the engine, threads, and the data that are here."),
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
app.command(runs)
runs.command("zerokara.cli.runs:list_", name="list", help=translatable("A table of the runs, broken ones too."))
runs.command("zerokara.cli.runs:show", name="show", help=translatable("Print what a run is and how it went."))
runs.command("zerokara.cli.runs:draw", name="draw", help=translatable("Draw a run's pictures anew."))
runs.command("zerokara.cli.runs:rm", name="rm", help=translatable("Remove runs, after asking."))
data.command(
    "zerokara.cli.data:list_",
    name="list",
    help=translatable("List the data sets that have a name, and where each one is."),
)
data.command(
    "zerokara.cli.data:fetch",
    name="fetch",
    help=translatable("Fetch a data set into the cache, unless it is already here."),
)
data.command(
    "zerokara.cli.data:show",
    name="show",
    help=translatable("Print samples per class, and draw a contact sheet of examples."),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        return _status_of(argv)
    except BrokenPipeError:
        close_quietly()
        return 1
    except CycloptsError as error:
        from zerokara.cli.parser_errors import refusal

        failure = failure_of(refusal(error))
    except BaseException as error:
        failure = failure_of(error)
        if failure is None:
            raise
    assert failure is not None
    return fail(failure, as_json="--json" in argv)


def _status_of(argv: list[str]) -> int:
    print_every_letter()
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        status = app(argv, exit_on_error=False, print_error=False, result_action="return_value")
    HELP.print()
    sys.stdout.flush()
    return int(status or 0)


def _show_warning(message: Warning | str, *where: object, **more: object) -> None:
    """A warning as a sentence, without the line of code that gave it."""
    tell(str(message))
