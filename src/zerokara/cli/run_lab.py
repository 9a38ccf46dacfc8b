"""`zerokara run --lab`: a learner's file is run as ever, and a page shows what it trains.

Standard output is the script's alone. What is said of the page goes to standard error, through a descriptor of our own:
the script may close its own, and give its number to a file.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO, TextIOWrapper
from typing import Any, TextIO

import numpy as np

from zerokara.cli import lab_page
from zerokara.cli.failure import tell
from zerokara.lab.own import OwnLab
from zerokara.runner.checkup import sources_of
from zerokara.runner.run import cells_to_run, checked_path
from zerokara.runs.interrupt import SIGNALS, stop_on_signals
from zerokara.words import sentence, to_install


@contextmanager
def shown(
    file: str, cells: str | None = None, *, port: int | None = None, browser: bool = True, stay: bool = True
) -> Iterator[OwnLab | None]:
    """Meanwhile a page shows what is told to the lab; None where there can be no page, which is said.

    When all has gone well, the page stays until a signal comes. This is no function that runs the script, which then
    would have fewer frames left than without a page.

    Args:
        cells: which of them are run; None for all.
        port: 0 for any that is free; None for the usual one, or any where that is taken.
        browser: whether to open one; stay: whether the page stays when the script has ended.

    Raises UsageError for a file or cells that cannot be run, and where the port cannot be had.
    """
    path = checked_path(file).absolute()
    sources = sources_of(path, cells_to_run(path, cells)[1])
    serving = lab_page.server_class()
    if serving is None:
        text = sentence(
            "The lab's page needs websockets 17 or newer; so the script runs without it. To get it: {install}",
            install=to_install("--upgrade", "websockets"),
        )
        tell(text)
        yield None
        return
    lab, owner = OwnLab(path, sources), os.getpid()
    handlers = {signum: signal.getsignal(signum) for signum in SIGNALS}
    stop = np.zeros(1, np.uint8)
    with ExitStack() as ending, _own_stderr() as stream, lab_page.served(server := serving(lab, port)):
        with suppress(OSError):  # who reads it may be gone; that ends no script
            print(server.address, file=stream, flush=True)
            tell(sentence("A page at that address shows what this script trains, on this machine alone."), stream)
        if browser:
            lab_page.open_browser(server.address_for_browser(), stream)
        yield lab
        if os.getpid() == owner and stay:  # a script may fork, and both go on from there
            with suppress(KeyboardInterrupt):
                _take_back_from_the_script(handlers)
                ending.enter_context(stop_on_signals(stop))
                with suppress(OSError):
                    tell(sentence("The script has ended; its page stays until Ctrl-C."), stream)
                lab_page.wait_for(stop)


def _take_back_from_the_script(handlers: dict[signal.Signals, Any]) -> None:
    """Its output goes out, its clock is stopped, and signals are heard as before it."""
    with suppress(OSError, ValueError):  # what nobody takes, Python complains about at its end
        sys.stdout.flush()
    if hasattr(signal, "alarm"):
        signal.alarm(0)
    for signum, handler in handlers.items():
        signal.signal(signum, signal.SIG_DFL if handler is None else handler)


@contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """Standard error as it is now; as far as it is a file, by a descriptor that the script does not know."""
    stderr = sys.stderr
    try:
        number = os.dup(stderr.fileno())
    except (OSError, ValueError):
        yield stderr
        return
    raw: Any = FileIO(number, "w")  # without a buffer, which could only be lost
    with TextIOWrapper(raw, stderr.encoding, stderr.errors, write_through=True) as stream:
        yield stream
