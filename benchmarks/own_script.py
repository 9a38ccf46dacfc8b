"""What `zerokara run --lab` costs a learner's own training: prints, and with --write keeps, its section of LAB.md.

python benchmarks/own_script.py           some three minutes; needs MNIST and the extra lab
python benchmarks/own_script.py --write   into benchmarks/LAB.md, whose other sections stay as they are
python benchmarks/own_script.py --tiny    one pair of short trainings, to see that it works; figures say nothing

Each training is a process of its own, by turns without a page and with one that a scripted page looks at: it reads
every message and answers `seen` 16 ms after each frame, as a browser would that paints at once. BLAS has one thread: on
two cores two of them wait for each other whenever anything else runs, and pairs of equal runs differ by half.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from compare import PACKAGES, check_all_is_here, machine
from environment import start_untuned
from watching import ScriptedPage

from zerokara.errors import ZerokaraError
from zerokara.files import replace_file

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "book" / "ch04" / "train_neuralnet.py"
HEADING = "## A learner's own script"
PROMISED = 1.1
LAB = ("--lab", "--exit", "--no-browser", "--port", "0")

# The clock runs from the first statement of a script to its last; what comes before is the start.
FIRST, LAST = (
    "import time as _time; _began = _time.perf_counter()\n",
    "\nprint('took', _time.perf_counter() - _began)\n",
)

LAYERS = """
import numpy as np
from dataset.mnist import load_mnist
from common.layers import *
from common.optimizer import Adam
from common.multi_layer_net import MultiLayerNet
(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
np.random.seed(0)
network, optimizer = MultiLayerNet(784, [50, 50], 10), Adam(lr=0.001)
train_loss_list, test_acc_list = [], []
for i in range({updates}):
    rows = np.random.choice(len(x_train), 100)
    optimizer.update(network.params, network.gradient(x_train[rows], t_train[rows]))
    train_loss_list.append(network.loss(x_train[rows], t_train[rows]))
    if i % 200 == 0:
        test_acc_list.append(network.accuracy(x_test, t_test))
"""


@dataclass(frozen=True)
class Run:
    """One process: the seconds of the script itself, and those before and after it."""

    script: float
    around: float


def scripts(updates: int) -> dict[str, str]:
    """What is measured, with so many updates: the example of chapter 4, and layers with an optimizer of chapter 6."""
    example = re.sub(r"(?m)^iters_num = \d+", f"iters_num = {updates}", EXAMPLE.read_text(encoding="utf-8"))
    return {
        "chapter 4's TwoLayerNet, 784-20-10": example,
        "chapter 6's MultiLayerNet, 784-50-50-10, Adam": LAYERS.replace("{updates}", str(updates)),
    }


def run(source: str, *options: str) -> Run:
    """Run a script, watched where there is a page."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "train.py").write_text(FIRST + source + LAST, encoding="utf-8")
        command = [sys.executable, "-m", "zerokara", "run", *options, "train.py"]
        began = time.perf_counter()
        with subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        ) as process:
            assert process.stderr is not None
            page = ScriptedPage(process.stderr.readline().strip()).watching() if options else nullcontext()
            with page:
                out, err = process.communicate()
        seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(err)
    took = float(out.rpartition("took ")[2])
    return Run(took, seconds - took)


def row(name: str, source: str, pairs: int) -> tuple[str, list[Run], list[Run]]:
    """A line of the table, and all that was run for it."""
    alone: list[Run] = []
    shown: list[Run] = []
    turns: list[Callable[[], None]] = [lambda: alone.append(run(source)), lambda: shown.append(run(source, *LAB))]
    for pair in range(pairs):
        for turn in turns if pair % 2 else turns[::-1]:
            turn()
        report(f"{name}: {shown[-1].script / alone[-1].script:.3f}")
    ratios = sorted(b.script / a.script for a, b in zip(alone, shown, strict=True))
    seconds = median(one.script for one in alone), median(one.script for one in shown)
    line = f"| {name} | {seconds[0]:.2f} | {seconds[1]:.2f} | {median(ratios):.3f} ({ratios[0]:.3f}–{ratios[-1]:.3f}) |"
    return line, alone, shown


def section(*, tiny: bool = False) -> str:
    """The table, and what starting and ending cost."""
    pairs = 1 if tiny else 9
    lines, alone, shown = [], [], []
    for name, source in scripts(200 if tiny else 3000).items():
        line, without, with_page = row(name, source, pairs)
        lines.append(line)
        alone += without
        shown += with_page
    starts = median(one.around for one in alone), median(one.around for one in shown)
    return "\n".join(
        [
            HEADING,
            "",
            "| `zerokara run`, MNIST | s alone | s with `--lab` | ÷ alone |",
            "|---|---|---|---|",
            *lines,
            "",
            f"`python benchmarks/own_script.py --write` on {machine()}: medians of {pairs} pairs, from the first "
            f"statement of the script to its last, with one BLAS thread, while a scripted page looks on; at most "
            f"{PROMISED} is promised for "
            "trainings of a few seconds. What is before and after the script, Python's start among it, takes "
            f"{starts[0]:.2f} s without a page and {starts[1]:.2f} s with one.",
        ]
    )


def report(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure, print, and keep what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="one pair of short trainings; the figures say nothing")
    parser.add_argument("--write", action="store_true", help="write the section into benchmarks/LAB.md")
    options = parser.parse_args()
    try:
        os.environ["ZEROKARA_DATA"] = str(check_all_is_here(PACKAGES))
    except ZerokaraError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    text = section(tiny=options.tiny)
    print(text)
    if options.write:
        page = HERE / "LAB.md"
        before = page.read_text(encoding="utf-8").partition(HEADING)[0].rstrip()
        replace_file(page, [f"{before}\n\n{text}\n".encode()])
    return 0


if __name__ == "__main__":
    start_untuned()
    sys.exit(main())
