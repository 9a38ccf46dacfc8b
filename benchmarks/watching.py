"""A lab in a process of its own, and pages that look at it: one that is scripted, others in Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from zerokara.lab.core import Lab
from zerokara.lab.messages import Message, packed, unpacked
from zerokara.lab.server import LabServer
from zerokara.training.recipe import Recipe

SECONDS_TO_PAINT = 0.016
USUAL_PACE = 500.0
"""Updates a second."""
WARM = 1_000
"""Updates before the clock starts."""
TICKS = os.sysconf("SC_CLK_TCK")

LOOK = """
const bytes = new TextDecoder();
window.measured = { seen: 0, strokes: [] };
let moved = 0;
const asked = new Map();
addEventListener("pointermove", () => { moved = performance.now(); }, true);
const read = data => {
  const view = new DataView(data.buffer ?? data, data.byteOffset ?? 0);
  return JSON.parse(bytes.decode(new Uint8Array(view.buffer, view.byteOffset + 4, view.getUint32(0, true))));
};
window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    this.addEventListener("message", event => {
      const began = asked.size && asked.get(read(event.data).id), answered = performance.now();
      if (!began) return;
      const { moved, asked: at } = began;
      requestAnimationFrame(() => setTimeout(() => {
        window.measured.strokes.push([at - moved, answered - at, performance.now() - moved]);
      }));
    });
  }
  send(data) {
    const { type, id } = read(data);
    if (type === "seen") window.measured.seen += 1;
    if (type === "draw" && moved) asked.set(id, { moved, asked: performance.now() });
    super.send(data);
  }
};
"""
"""What a page counts of itself: frames that it has painted, and how long strokes took."""


class Server:
    """A lab on MNIST in a process of its own."""

    def __init__(self, folder: Path, updates: int) -> None:
        command = [sys.executable, __file__, str(folder), str(updates)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self._line()

    def train(self, pace: str = "full") -> float:
        """Train once more from the beginning; updates a second."""
        self._tell(pace)
        return float(self._line())

    def keep_training(self) -> None:
        """Train at the usual pace until the next `train`."""
        self._tell("usual")

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)

    def _tell(self, text: str) -> None:
        assert self.process.stdin is not None
        print(text, file=self.process.stdin, flush=True)

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the server has ended")
        return line.strip()


def serve(folder: Path, updates: int) -> None:
    """What the server's process does: each line it reads begins a training."""
    recipe = Recipe(iterations=updates)
    lab = Lab(recipe, out=folder, plots=False)
    server = LabServer(lab, 0)
    threading.Thread(target=server.serve, daemon=True).start()
    print(server.address, flush=True)
    for line in sys.stdin:
        pace = None if line.strip() == "full" else USUAL_PACE
        lab.training.conductor.pace(pace)
        lab.start(recipe)
        lab.training.conductor.pace(pace)
        if pace is None:
            print(_updates_per_second(lab), flush=True)
    lab.close()
    server.stop()


def _updates_per_second(lab: Lab) -> float:
    """By the clock on the wall, from the first thousand updates to the end of training."""
    training = lab.training
    began = first = 0.0
    while training.conductor.iteration < training.total:
        if not began and training.conductor.iteration >= WARM:
            began, first = time.perf_counter(), training.conductor.iteration
        time.sleep(0.002)
    seconds = time.perf_counter() - began
    while training.is_busy():
        time.sleep(0.002)
    return (training.total - first) / seconds


@dataclass
class ScriptedPage:
    """A client that answers `seen` 16 ms after each frame; how many there were, and how large."""

    address: str
    sizes: list[int] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this lasts, it watches."""
        base, query = self.address.split("/?")
        address = f"{base.replace('http', 'ws')}/ws?{query}"
        with connect(address, origin=Origin(base), compression=None, max_size=None) as socket:
            reader = threading.Thread(target=self._read, args=[socket], daemon=True)
            reader.start()
            yield
        reader.join()

    def _read(self, socket: Any) -> None:
        try:
            for frame in socket:
                self.sizes.append(len(frame))
                number = unpacked(frame).fields.get("frame")
                if number is not None:
                    time.sleep(SECONDS_TO_PAINT)
                    socket.send(packed(Message("seen", {"frame": number})))
        except ConnectionClosed:
            pass


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser that has started."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Any, address: str) -> Any:
    """A page of the lab that counts, with its Start button there."""
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    page.add_init_script(LOOK)
    page.goto(address)
    page.locator("canvas").first.wait_for()
    return page


def browser_seconds() -> float:
    """Seconds of CPU that all Chromium processes below this one have used so far."""
    parents, used = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(")")
        except OSError:  # it has ended
            continue
        fields, number = rest.split(), int(stat.parent.name)
        parents[number] = int(fields[1])
        used[number] = (int(fields[11]) + int(fields[12])) / TICKS if "chrom" in name else 0.0
    return sum(seconds for number, seconds in used.items() if _is_below(number, os.getpid(), parents))


def _is_below(number: int, above: int, parents: dict[int, int]) -> bool:
    while number in parents:
        number = parents[number]
        if number == above:
            return True
    return False


def of_process(number: int) -> tuple[int, float]:
    """Threads of a process, and the MB that it holds."""
    facts = dict(line.split(":", 1) for line in Path(f"/proc/{number}/status").read_text().splitlines())
    return int(facts["Threads"]), int(facts["VmRSS"].split()[0]) / 1000


@dataclass
class Counted:
    """What a page did in some time."""

    frames: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of CPU for a frame."""
        return 1000 * self.cpu_seconds / self.frames


@contextmanager
def counted(page: Any) -> Iterator[Counted]:
    """What the page and its browser do meanwhile."""
    result = Counted()
    seen, cpu, began = page.evaluate("measured.seen"), browser_seconds(), time.perf_counter()
    yield result
    result.seconds = time.perf_counter() - began
    result.cpu_seconds = browser_seconds() - cpu
    result.frames = page.evaluate("measured.seen") - seen


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
