"""What the lab costs, and how fast it answers: prints, and with --write keeps, tables in benchmarks/LAB.md.

python benchmarks/lab.py           some eight minutes; needs MNIST, Chromium, and the extras lab and test
python benchmarks/lab.py --write   into benchmarks/LAB.md
python benchmarks/lab.py --tiny    a few seconds of everything, to see that it works; figures say nothing

Server, scripted page and Chromium are processes of their own on the same cores. The scripted page reads every message
and answers `seen` 16 ms after each frame, as a browser would that paints at once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from statistics import median
from typing import Any

import own_script
from compare import PACKAGES, check_all_is_here, machine
from environment import start_untuned
from watching import ScriptedPage, Server, chromium, counted, of_process, opened

from zerokara.errors import ZerokaraError
from zerokara.files import replace_file

HERE = Path(__file__).parent
PROMISED = 0.85


@dataclass(frozen=True)
class Amount:
    """How much is measured."""

    pairs: int = 15
    updates: int = 40_000
    seconds: float = 8.0
    starts: int = 5
    tabs: int = 10
    minute: float = 60.0

    @classmethod
    def tiny(cls) -> Amount:
        """As little as shows that it works."""
        return cls(pairs=1, updates=4_000, seconds=1.0, starts=1, tabs=2, minute=2.0)


def training(server: Server, amount: Amount) -> tuple[float, str]:
    """Updates a second without a page, and the table of pairs with and without a scripted one."""
    page = ScriptedPage(server.address)
    alone: list[float] = []
    watched: list[float] = []

    def with_page() -> None:
        with page.watching():
            watched.append(server.train())

    turns: list[Callable[[], None]] = [lambda: alone.append(server.train()), with_page]
    server.train()
    for pair in range(amount.pairs):
        for turn in turns if pair % 2 else turns[::-1]:
            turn()
        report(f"pair {pair + 1} of {amount.pairs}: {watched[-1] / alone[-1]:.3f}")
    ratios = sorted(b / a for a, b in zip(alone, watched, strict=True))
    usual, largest = median(page.sizes) / 1000, max(page.sizes) / 1000
    lines = [
        "| 784-50-10, batch 100, MNIST, full speed | updates/s | ÷ without a page |",
        "|---|---|---|",
        f"| without a page | {median(alone):,.0f} | 1 |",
        f"| with a scripted page | {median(watched):,.0f} | {median(ratios):.3f} "
        f"({ratios[0]:.3f}–{ratios[-1]:.3f}; promised: {PROMISED}) |",
        f"\nMedians of {amount.pairs} pairs of {amount.updates:,} updates, by the clock on the wall, with an "
        f"evaluation every epoch. A message has {usual:,.1f} kB in the median and {largest:,.0f} kB at most.",
    ]
    return median(alone), "\n".join(lines)


def painting(server: Server, browser: Any, alone: float, amount: Amount) -> str:
    """What Chromium paints, and what that costs, at the usual pace and at full speed."""
    page = opened(browser, server.address)
    server.keep_training()
    page.wait_for_timeout(1000)
    with counted(page) as usual:
        page.wait_for_timeout(1000 * amount.seconds)
    rates: list[float] = []
    full_speed = threading.Thread(target=lambda: rates.append(server.train()))
    full_speed.start()
    page.wait_for_timeout(500)
    with counted(page) as full:
        while full_speed.is_alive():
            page.wait_for_timeout(50)
    page.context.close()
    lines = [
        "| Chromium on the same cores, 1280 × 1000 | frames painted/s | CPU of the browser, ms per frame |",
        "|---|---|---|",
        f"| 500 updates/s | {usual.rate:.1f} | {usual.cost:.0f} |",
        f"| full speed | {full.rate:.1f} | {full.cost:.0f} |",
        f"\nAt full speed it does {rates[0]:,.0f} updates/s meanwhile, {rates[0] / alone:.3f} of those without a page; "
        "this is reported, not promised.",
    ]
    return "\n".join(lines)


def strokes(server: Server, browser: Any) -> str:
    """From a movement of the mouse to the answer on the screen, while nothing is trained."""
    page = opened(browser, server.address)
    page.get_by_role("tab").nth(1).click()
    sheet = page.locator(".draw-sheet canvas").locator("visible=true").first.bounding_box()
    page.mouse.move(sheet["x"] + 0.3 * sheet["width"], sheet["y"] + 0.2 * sheet["height"])
    page.mouse.down()
    for step in range(60):
        page.mouse.move(
            sheet["x"] + (0.3 + 0.006 * step) * sheet["width"], sheet["y"] + (0.2 + 0.01 * step) * sheet["height"]
        )
        page.wait_for_timeout(50)
    page.mouse.up()
    page.wait_for_timeout(300)
    times = page.evaluate("measured.strokes")
    page.context.close()
    asked, answered, painted = (median([one[part] for one in times]) for part in range(3))
    return (
        f"A stroke with the mouse: the page asks after {asked:.1f} ms, the answer is there {answered:.1f} ms later, "
        f"and on the screen {painted:.1f} ms after the movement (medians of {len(times)} movements, while nothing is "
        "trained)."
    )


def first_paint(browser: Any, amount: Amount) -> str:
    """From the command to what is seen."""
    addresses, paints, ready = [], [], []
    for _ in range(amount.starts):
        with tempfile.TemporaryDirectory() as out:
            command = [sys.executable, "-m", "zerokara", "lab", "--no-browser", "--port", "0", "--out", out]
            began = time.perf_counter()
            lab = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            assert lab.stdout is not None
            address = lab.stdout.readline().strip()
            addresses.append(time.perf_counter() - began)
            page = opened(browser, address)
            ready.append(time.perf_counter() - began)
            first = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            paints.append(addresses[-1] + page.evaluate(first) / 1000)
            page.context.close()
            lab.terminate()
            lab.wait(30)
    return (
        f"`zerokara lab` prints its address after {median(addresses):.2f} s; a browser that runs already paints first "
        f"after {median(paints):.2f} s, and shows the untrained network after {median(ready):.2f} s ({min(ready):.2f}–"
        f"{max(ready):.2f}, {amount.starts} starts)."
    )


def many_tabs(server: Server, browser: Any, amount: Amount) -> str:
    """Whether a server grows while many pages look on."""
    number = server.process.pid
    before = of_process(number)
    server.keep_training()
    pages = [opened(browser, server.address) for _ in range(amount.tabs)]
    pages[0].wait_for_timeout(1000)
    begun = of_process(number)
    seen = [page.evaluate("measured.seen") for page in pages]
    pages[0].wait_for_timeout(1000 * amount.minute)
    ended = of_process(number)
    frames = [page.evaluate("measured.seen") - earlier for page, earlier in zip(pages, seen, strict=True)]
    for page in pages:
        page.context.close()
    time.sleep(1)
    after = of_process(number)
    rate = min(frames) / amount.minute
    rows = {
        "before": before,
        f"{amount.tabs} tabs, at first": begun,
        f"{amount.tabs} tabs, after {amount.minute:.0f} s": ended,
        "all closed": after,
    }
    lines = ["| server | threads | MB |", "|---|---|---|"]
    lines += [f"| {name} | {threads} | {megabytes:.0f} |" for name, (threads, megabytes) in rows.items()]
    return "\n".join(lines) + f"\n\nThe slowest of the tabs painted {rate:.1f} frames/s, at 500 updates/s."


def install_size() -> str:
    """What the extra `lab` adds to an installation."""
    brought = _closure("anywidget") - _closure("websockets") - _closure("ipykernel")
    parts = [
        f"{size_of({'websockets'}):.2f} MB of websockets, which brings nothing else",
        f"{size_of(brought):.1f} MB of anywidget with what a notebook does not have yet ({', '.join(sorted(brought))})",
    ]
    return "The extra `lab` adds " + " and ".join(parts) + "."


def _closure(name: str) -> set[str]:
    """A package with all that it needs here."""
    from packaging.requirements import Requirement

    known: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop().lower().replace("_", "-")
        if one in known:
            continue
        known.add(one)
        for text in distribution(one).requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return known


def size_of(names: set[str]) -> float:
    """MB of the files that packages install, without bytecode."""
    paths = [Path(str(file.locate())) for name in names for file in distribution(name).files or ()]
    return sum(path.stat().st_size for path in paths if path.suffix != ".pyc" and path.exists()) / 1e6


def report(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)


def measured(amount: Amount) -> Iterator[str]:
    """The sections of the page."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), amount.updates)
        try:
            alone, table = training(server, amount)
            yield f"## Training while somebody looks\n\n{table}"
            with chromium() as browser:
                report("painting")
                yield f"## Painting\n\n{painting(server, browser, alone, amount)}"
                report("strokes")
                yield f"## Answers\n\n{strokes(server, browser)}"
                report("starts")
                yield f"## Starting\n\n{first_paint(browser, amount)}\n\n{install_size()}"
                report("tabs")
                yield f"## Many tabs\n\n{many_tabs(server, browser, amount)}"
        finally:
            server.close()
    report("learners' own scripts")
    yield own_script.section(tiny=amount.pairs == 1)


def main() -> int:
    """Measure, print, and keep what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a little of everything; the figures say nothing")
    parser.add_argument("--write", action="store_true", help="write benchmarks/LAB.md")
    options = parser.parse_args()
    if shutil.which("chromium") is None:
        parser.error("no browser is here: apt install chromium")
    try:
        os.environ["ZEROKARA_DATA"] = str(check_all_is_here(PACKAGES))
    except ZerokaraError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    sections = []
    for section in measured(Amount.tiny() if options.tiny else Amount()):
        print(section, end="\n\n", flush=True)
        sections.append(section)
    if options.write:
        replace_file(HERE / "LAB.md", ["\n\n".join([heading(), *sections]).encode(), b"\n"])
    return 0


def heading() -> str:
    """When it was measured, and on what."""
    version = subprocess.run(["chromium", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return (
        f"# What the lab costs\n\n`python benchmarks/lab.py --write`, {datetime.now(UTC):%Y-%m-%d}, on {machine()}, "
        f"{version}. Server, scripted page and browser share the cores. No process has a setting of its matrix library "
        "(`benchmarks/environment.py`)."
    )


if __name__ == "__main__":
    start_untuned()
    sys.exit(main())
