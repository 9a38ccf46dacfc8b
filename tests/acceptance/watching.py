"""Learners' files run twice in processes of their own: as they are, and under `--lab` while a page without a browser
looks on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from zerokara.lab.messages import Message, packed, unpacked

START = [sys.executable, "-m", "zerokara", "run"]
LAB = ("--lab", "--no-browser", "--port", "0")
ADDRESS = r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}\n"
SHOWN = "zerokara: A page at that address shows what this script trains, on this machine alone.\n"
ENDED = "zerokara: The script has ended; its page stays until Ctrl-C.\n"
HIDDEN = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")
SECONDS = 120


@dataclass
class Ended:
    """What a process has left behind; the frames that a page was sent meanwhile."""

    status: int
    out: bytes
    err: str
    files: Mapping[str, bytes]
    frames: list[Message] = field(default_factory=list)


class Page:
    """Connects to an address, answers `seen` at once, and keeps what it is sent, in a thread."""

    def __init__(self, address: str) -> None:
        self.frames: list[Message] = []
        self._base, _, self._query = address.partition("/?")
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def until_there(self) -> None:
        """It has been greeted."""
        deadline = time.monotonic() + SECONDS
        while not self.frames:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def until_gone(self) -> list[Message]:
        """All that was sent, when the server is gone."""
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        return self.frames

    def _watch(self) -> None:
        address = f"{self._base.replace('http', 'ws')}/ws?{self._query}"
        try:
            with connect(address, origin=self._base, compression=None, max_size=None) as socket:  # type: ignore[arg-type]
                for frame in socket:
                    message = unpacked(frame)  # type: ignore[arg-type]
                    self.frames.append(message)
                    if "frame" in message.fields:
                        socket.send(packed(Message("seen", {"frame": message.fields["frame"]})))
        except (OSError, EOFError, WebSocketException):  # a script may be over before it is looked at
            pass


def started(folder: Path, *argv: str, stdin: str = "") -> subprocess.Popen[bytes]:
    """`zerokara run` in a folder, without a display."""
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    (folder.parent / "stdin").write_text(stdin)
    with open(folder.parent / "stdin") as given:
        return subprocess.Popen(
            [*START, *argv],
            cwd=folder,
            env=environment,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # what follows a line that was read is left to `communicate`
        )


def ended(process: subprocess.Popen[bytes], folder: Path) -> Ended:
    """What it has printed and written, when it has ended by itself."""
    out, err = process.communicate(timeout=SECONDS)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    kept = {name: content for name, content in files.items() if "__pycache__" not in name}
    return Ended(process.returncode, out, err.decode(), kept)


def address_of(process: subprocess.Popen[bytes]) -> str:
    """What it says first; the second line, which it says before the script begins, is read too."""
    assert process.stderr is not None
    address = _line(process.stderr)
    assert re.fullmatch(ADDRESS, address), address + process.stderr.read().decode()
    assert _line(process.stderr) == SHOWN
    return address.strip()


def _line(stream: IO[bytes]) -> str:
    return stream.readline().decode()


class Twice:
    """twice(files, *argv): run them alone and under `--lab --exit`, and compare all that is to be the same.

    Files are sources by name, or paths that are copied.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "here"  # the same for both, since tracebacks name it

    def __call__(
        self, files: Mapping[str, str | Path], *argv: str, stdin: str = "", same: Callable[[str], str] = str
    ) -> Ended:
        """The run under `--lab`. `same` takes away what differs from run to run, such as seconds."""
        alone = ended(started(self._filled(files), *argv, stdin=stdin), self.folder)
        process = started(self._filled(files), *LAB, "--exit", *argv, stdin=stdin)
        page = Page(address_of(process))
        shown = ended(process, self.folder)
        shown.frames = page.until_gone()
        assert shown.out == alone.out
        assert same(shown.err) == same(alone.err), (shown.err, alone.err)
        assert shown.status == alone.status
        assert shown.files.keys() == alone.files.keys()
        assert [name for name, content in alone.files.items() if shown.files[name] != content] == []
        return shown

    def _filled(self, files: Mapping[str, str | Path]) -> Path:
        shutil.rmtree(self.folder, ignore_errors=True)
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copy(content, path)
            else:
                path.write_text(content)
        return self.folder


def different(frames: list[Message], name: str) -> int:
    """How many different arrays of this name a page was sent."""
    return len({message.arrays[name].tobytes() for message in frames if name in message.arrays})


def losses(frames: list[Message]) -> Any:
    """The last curve of losses that a page can put together: (points, 3)."""
    curve: list[Any] = []
    for message in frames:
        if "losses" in message.fields:
            offset = message.fields["losses"]["offset"]
            curve = [*curve[:offset], *message.arrays["losses"]]
    return curve
