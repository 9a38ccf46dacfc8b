"""Python's end while daemon threads work: real processes, which keep their exit status and say nothing of their own."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

WORK = {
    "advance": "engine.advance(network, SGD(0.01), digits, rows, stop=np.zeros(1, np.uint8))",
    "train": "zerokara.train('digits', iterations=10**8, plots=False)",
    "train, reference": "zerokara.train('digits', iterations=10**8, plots=False, engine='reference')",
    "short runs": "zerokara.train('digits', iterations=9, plots=False)",
    "classify": "engine.classify(network, digits)",
    "predict": "engine.predict(network, digits)",
    "numerical": "network.numerical_gradient(digits.x[:100], digits.t[:100])",
    "learn": "zerokara.TwoLayerNet(64, 500, 10).learn(digits.x, digits.t)",
}
END = {"return": ("", 0), "exit": ("sys.exit(3)", 3), "raise": ("raise KeyError('theirs')", 1)}

SCRIPT = """
import sys, threading, time
import numpy as np
import zerokara
from zerokara.engine import choose_engine
from zerokara.training.optimizers import SGD

digits, rows = zerokara.load("digits").train, np.zeros((10**5, 100), np.int64)
def work():
    network = zerokara.Network([64, 200, 10])
    engine = choose_engine("auto", network, 100, threads=2)
    while True:
        {work}
for _ in range({threads}):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.15)
{end}
"""


def check_end(work: str, end: str, threads: int, folder: Path) -> None:
    statement, status = END[end]
    script = SCRIPT.format(work=WORK[work], end=statement, threads=threads)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
    said = done.stderr.strip().splitlines()[-1:]
    assert (done.returncode, said) == (status, ["KeyError: 'theirs'"] if end == "raise" else []), done.stderr


@pytest.mark.parametrize(
    ("work", "end"),
    [("advance", "return"), ("train", "exit"), ("short runs", "return"), ("numerical", "raise"), ("predict", "exit")],
)
def test_python_ends_quietly_while_a_daemon_thread_works(work: str, end: str, tmp_path: Path) -> None:
    check_end(work, end, 2, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("work", "end"), list(itertools.product(WORK, END)))
def test_python_ends_quietly_again_and_again(work: str, end: str, tmp_path: Path) -> None:
    """Whether a thread is met at a bad moment is chance: 24 times for each kind of work, 64 for each end."""
    for _ in range(8):
        check_end(work, end, 4 if end == "return" else 1, tmp_path)


def test_what_waits_for_the_thread_at_the_end_waits_no_longer_than_the_rest(tmp_path: Path) -> None:
    """A function of `atexit` older than zerokara runs after ours. It joins a thread that is at rest then."""
    script = """
import atexit, threading
atexit.register(lambda: (ended.set(), thread.join(), print("joined")))
import zerokara, zerokara.finalization
zerokara.finalization.REST_SECONDS = 0.3
ended, begun = threading.Event(), threading.Event()
x, t = zerokara.load("digits").train.x[:100], zerokara.load("digits").train.t[:100]
def work():
    network = zerokara.TwoLayerNet(64, 50, 10)
    while not ended.is_set():
        network.learn(x, t)
        begun.set()
thread = threading.Thread(target=work, daemon=True)
thread.start()
begun.wait()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stderr, done.stdout, done.returncode) == ("", "joined\n", 0)
