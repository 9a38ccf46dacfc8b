"""The page of a lab: served to this machine, opened in a browser, and there until a signal comes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import sleep
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from zerokara.cli.failure import tell
from zerokara.words import sentence

if TYPE_CHECKING:
    from zerokara.lab.server import LabServer

SECONDS_BETWEEN_LOOKS = 0.1
"""At whether a signal has come."""
OPEN = "import sys; import webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def server_class() -> type[LabServer] | None:
    """What serves a page; None where `websockets` is not there, or too old."""
    try:
        from zerokara.lab.server import LabServer
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "websockets":
            raise
        return None
    return LabServer


@contextmanager
def served(server: LabServer) -> Iterator[None]:
    """Pages are answered meanwhile, and their lab is closed at the end.

    In a process that was forked off meanwhile there is no server; what it closed would be its parent's.
    """
    owner = os.getpid()
    threading.Thread(target=server.serve, name="lab-server", daemon=True).start()
    try:
        yield
    finally:
        if os.getpid() == owner:
            server.lab.close()
            server.stop()


def wait_for(stop: NDArray[np.uint8]) -> None:
    """Until a signal has set it."""
    while not stop[0]:
        sleep(SECONDS_BETWEEN_LOOKS)


def open_browser(address: str, stream: TextIO | None = None) -> None:
    """Show a page in the user's browser, and say on the stream (standard error if not given) where none is."""
    threading.Thread(target=_open, args=[address, stream], name="lab-browser", daemon=True).start()


def _open(address: str, stream: TextIO | None) -> None:
    """Some browsers wait until they are closed, and some print: so, a process of its own, and no file of the user's."""
    apart: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    start = [sys.executable, "-P", "-c", OPEN, address]
    if not _is_there_a_browser() or subprocess.call(start, **apart, start_new_session=True):
        with suppress(OSError, ValueError):  # all may be over by now
            tell(sentence("No browser could be opened. Open the address in one yourself, on this machine."), stream)


def _is_there_a_browser() -> bool:
    """Whether there is one that has a window, or that the user has named."""
    try:
        return type(webbrowser.get()) is not webbrowser.GenericBrowser or "BROWSER" in os.environ
    except webbrowser.Error:
        return False
