"""`zerokara run --lab`: what a learner's file prints, writes and returns is the same, while somebody looks on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("websockets")

from ..own_training.mistakes import CLASSIC, SCRIPTS, Mistake
from .watching import ENDED, LAB, Page, Twice, address_of, different, ended, losses, started

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="processes and signals as Linux has them"),
]

EXAMPLES = Path(__file__).parents[2] / "examples" / "book"
NOTES = Path(os.environ.get("ZEROKARA_NOTES", "nowhere"))


@pytest.fixture
def twice(tmp_path: Path) -> Twice:
    return Twice(tmp_path)


# Learners' notes and mistakes, and the examples


def shortened(name: str, iterations: int) -> dict[str, str]:
    """A script of the notes that trains for fewer updates, and draws a random number when it has."""
    text, count = re.subn(r"(?m)^iters_num = 10_?00+", f"iters_num = {iterations}", (NOTES / name).read_text())
    assert count
    return {name: text + "\nprint(repr(np.random.rand()), repr(train_loss_list))\n"}


@pytest.mark.notes
@pytest.mark.mnist
@pytest.mark.parametrize(
    ("name", "updates", "options"),
    [
        ("001_all.py", 200, []),
        ("003_all_in_order.py", 1200, ["--prelude"]),
        ("004_train.py", 200, []),
    ],
)
def test_notes(twice: Twice, name: str, updates: int, options: list[str]) -> None:
    shown = twice(shortened(name, updates), *options, "--seed", "0", name)
    assert shown.status == 0, shown.err
    assert moves(shown.frames)
    printed = [float(text) for text in re.findall(r"\d\.\d+(?:e-\d+)?", shown.out.decode().splitlines()[-1])][1:]
    assert len(printed) == updates


def moves(frames: list[Any]) -> bool:
    """Whether a page has seen a network learn: more of its losses each time, and other weights."""
    return different(frames, "losses") > 1 and different(frames, "W1") > 1 and len(losses(frames)) > 1


@pytest.mark.notes
@pytest.mark.mnist
@pytest.mark.parametrize(("note", "cells"), [("001", "1,2"), ("004", "1-3")])
def test_notes_by_cells(twice: Twice, note: str, cells: str) -> None:
    source = next(NOTES.parent.glob(f"{note}_*.txt"))
    assert twice({source.name: source}, "--cells", cells, "--seed", "1", source.name).status == 0


@pytest.mark.mnist
@pytest.mark.parametrize("mistake", CLASSIC, ids=lambda mistake: mistake.name)
def test_classic_mistakes(twice: Twice, mistake: Mistake) -> None:
    shown = twice({"train.py": mistake.source + "print(repr(np.random.rand()))\n"}, "train.py")
    assert shown.status == int(mistake.fails)
    assert any(f"[{cause}]" in shown.err for cause in mistake.causes)


TRAINING = (
    "ch04/train_neuralnet.py",
    "ch06/overfit_dropout.py",
    "ch06/weight_init_compare.py",
)
OTHERS = (
    *("ch04/gradient_method.py", "ch05/buy_apple_orange.py", "ch05/gradient_check.py", "ch05/train_and_save.py"),
    *("ch06/optimizer_compare_naive.py", "ch07/train_convnet.py", "ch08/train_deepnet.py"),
)


@pytest.mark.mnist
@pytest.mark.parametrize("file", [*TRAINING, *OTHERS])
def test_examples(twice: Twice, file: str) -> None:
    shown = twice({f"{file[:4]}/{file[5:]}": EXAMPLES / file}, "--seed", "3", file)
    assert shown.status == 0
    assert file not in TRAINING or moves(shown.frames)


# What scripts do beside training

NET = """
import sys, os, time
import numpy as np
rng = np.random.RandomState(0)
x = rng.rand(500, 30)
t = np.eye(3)[(x @ rng.randn(30, 3)).argmax(axis=1)]


class Net:
    def __init__(self):
        self.params = {'W1': rng.randn(30, 8) * 0.3, 'b1': np.zeros(8), 'W2': rng.randn(8, 3) * 0.3, 'b2': np.zeros(3)}

    def predict(self, x):
        p = self.params
        self.z = np.maximum(0, x @ p['W1'] + p['b1'])
        s = self.z @ p['W2'] + p['b2']
        e = np.exp(s - s.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.sum(t * np.log(self.predict(x) + 1e-7)) / len(x)

    def gradient(self, x, t):
        d = (self.predict(x) - t) / len(x)
        da = d @ self.params['W2'].T * (self.z > 0)
        return {'W1': x.T @ da, 'b1': da.sum(axis=0), 'W2': self.z.T @ d, 'b2': d.sum(axis=0)}


net = Net()
losses = []


def train(updates, seconds=0.0):
    for i in range(updates):
        rows = rng.choice(500, 50)
        grads = net.gradient(x[rows], t[rows])
        for key in net.params:
            net.params[key] -= 0.5 * grads[key]
        losses.append(net.loss(x[rows], t[rows]))
        time.sleep(seconds)


"""
"""A network of one's own, which needs no data; `train` takes some time if it is told to."""

BESIDE = {
    "ends at once": "",
    "a status": "train(50)\nsys.exit(4)",
    "a word at the end": "train(50)\nsys.exit('もう終わり')",
    "an error in the loop": "for i in range(200):\n    train(1, 0.005)\n    1 / (100 - i)",
    "an error far below": "train(200, 0.005)\ndef f(n):\n    return f(n + 1)\nsys.setrecursionlimit(150)\nf(0)",
    "no Python": "for i in range(3)\n    pass",
    "ends from below": "train(200, 0.005)\nprint('x', flush=True)\nos._exit(5)",
    "reads": "name = input('name? ')\ntrain(100, 0.002)\nprint(name, sys.stdin.read())",
    "closes standard error": "sys.stderr.close()\ntrain(100, 0.002)",
    "gives its number away": "os.close(2)\nf = open('log', 'w')\nprint(f.fileno())\ntrain(100, 0.002)\nf.write('mine')",
    "writes errors elsewhere": "import io\nsys.stderr = io.StringIO()\ntrain(100, 0.002)\nprint(sys.stderr.getvalue())",
    "closes standard output": "train(100, 0.002)\nsys.stdout.close()",
    "goes elsewhere": "os.mkdir('a')\nos.chdir('a')\ntrain(100, 0.002)\nopen('b', 'w').write(os.getcwd())",
    "prints megabytes": "for i in range(40):\n    print('zero' * 25000)\n    train(5)",
    "handles signals": """
import signal
def on_alarm(number, frame):
    print('alarm in', frame.f_code.co_name in ('train', 'loss', 'gradient', 'predict', '<module>'))
signal.signal(signal.SIGALRM, on_alarm)
signal.signal(signal.SIGINT, lambda *_: print('no'))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.raise_signal(signal.SIGINT)
signal.setitimer(signal.ITIMER_REAL, 0.1)
train(200, 0.002)
os.kill(os.getpid(), signal.SIGTERM)
print(signal.getsignal(signal.SIGTERM), np.random.RandomState(1).rand())
""",
    "threads": """
import threading
def other():
    train(100, 0.002)
    print('other')
thread = threading.Thread(target=other)
thread.start()
thread.join()
def late():
    time.sleep(0.3)
    print('late')
threading.Thread(target=late).start()
""",
    "a process by fork": """
import multiprocessing
def work(seed):
    global rng
    rng = np.random.RandomState(seed)
    train(60, 0.002)
    return losses[-1]
if __name__ == '__main__':
    train(60, 0.002)
    with multiprocessing.get_context('fork').Pool(2, maxtasksperchild=1) as pool:
        print(pool.map(work, [1, 2, 3], 1))
""",
    "a process by spawning": """
import multiprocessing
def work(seed):
    global rng
    rng = np.random.RandomState(seed)
    train(60, 0.002)
    return losses[-1]
if __name__ == '__main__':
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        print(pool.map(work, [1]))
""",
    "forks, and both go on": """
train(60, 0.002)
child = os.fork()
train(60, 0.002)
if child:
    print(os.waitpid(child, 0)[1])
else:
    print('child', flush=True)
train(60, 0.002)
sys.exit(3 if child else 2)
""",
    "another program": """
import subprocess
import sys
print(subprocess.run([sys.executable, '-c', 'import os; print(sorted(os.listdir("/proc/self/fd")))'],
      close_fds=False, capture_output=True, text=True).stdout)
""",
    "at exit": "import atexit\natexit.register(lambda: print('end', len(losses)))\ntrain(60, 0.002)",
    "is strict": """
import warnings, logging
warnings.simplefilter('error')
np.seterr(all='raise')
logging.basicConfig(level=logging.DEBUG)
train(200, 0.005)
""",
    "looks at itself": """
seen = set()
def trace(frame, event, arg):
    if 'train.py' in frame.f_code.co_filename:
        seen.add((frame.f_code.co_name, event, frame.f_lineno))
        return trace
    seen.add(frame.f_code.co_filename)
sys.settrace(trace)
train(30, 0.01)
sys.settrace(None)
import dis, gc, inspect
print(sorted(seen, key=str))
print(inspect.getsource(train), train.__code__.co_varnames, train.__code__.co_names)
print(sorted(globals()), sys.getrefcount(net.params['W1']), sys.getrefcount(net), sys.argv, sys.path[0], __file__)
""",
    "draws at random": """
import random
np.random.seed(0)
random.seed(0)
for i in range(100):
    rows = np.random.choice(500, 50)
    grads = net.gradient(x[rows], t[rows])
    for key in net.params:
        net.params[key] -= 0.5 * grads[key]
    losses.append(net.loss(x[rows], t[rows]))
    time.sleep(0.003)
print(np.random.get_state()[1].sum(), np.random.rand(), random.random(), losses[-1])
""",
}
"""Ends of scripts that begin with `NET`."""


def without_seconds(text: str) -> str:
    return re.sub(r"\d+(\.\d+)? (milli)?seconds?", "", text)


@pytest.mark.parametrize("name", BESIDE)
def test_what_scripts_do_beside_training(twice: Twice, name: str) -> None:
    twice({"train.py": NET + BESIDE[name]}, "train.py", stdin="零\nmore\n", same=without_seconds)


# How files are run

CELLS = (NET, "%pwd\ntrain(80, 0.005)", "import matplotlib.pyplot as plt\nplt.plot(losses)\nlosses[-1]", "nothing[0]")
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": cell}
            for n, cell in enumerate(CELLS)
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)
NOTE = f"# 学習\n\n```python\n{NET}```\n\n```python\ntrain(80, 0.005)\nlosses[-1]\n```\n\n```python\n1 / 0\n```\n"


@pytest.mark.parametrize(
    ("name", "source", "options", "status"),
    [
        ("n.ipynb", NOTEBOOK, [], 1),
        ("n.ipynb", NOTEBOOK, ["--cells", "1-3", "--figures", "pictures"], 0),
        ("n.md", NOTE, [], 1),
        ("n.md", NOTE, ["--cells", "1,2", "--no-remarks"], 0),
        ("n.txt", "In [1]:\nx = 3\nx + 1\n\nIn [2]:\nx * 2\n", [], 0),
    ],
)
def test_cells(twice: Twice, name: str, source: str, options: list[str], status: int) -> None:
    assert twice({name: source}, *options, name, same=without_seconds).status == status


DIGIT = """
import numpy as np
from PIL import Image
paper = np.full((28, 28), 255, np.uint8)
paper[4:24, 13:16] = 0
Image.fromarray(paper).save("one.png")
"""


@pytest.mark.mnist
def test_all_that_is_said_and_kept_of_a_network(twice: Twice, tmp_path: Path) -> None:
    """Of what is kept, the times differ, and with them the digests of it."""
    subprocess.run([sys.executable, "-c", DIGIT], cwd=tmp_path, check=True)
    files = {"train.py": SCRIPTS["textbook"], "one.png": tmp_path / "one.png"}
    asked = ("--findings", "found.json", "--recognised", "recognised.json", "--predict", "one.png", "--seed", "2")
    shown = twice(files, *asked, "train.py")
    assert json.loads(shown.files["found.json"])["findings"] == []
    assert moves(shown.frames)
    alone = ended(started(twice.folder, "--keep", "alone", "train.py"), twice.folder).files
    shown = ended(started(twice.folder, "--keep", "shown", *LAB, "--exit", "train.py"), twice.folder)
    tables = [name for name in alone if name.endswith(".csv")]
    assert len(tables) == 2, alone.keys()
    assert all(shown.files[name.replace("alone", "shown")] == alone[name] for name in tables)


def test_every_gradient_by_its_loop(twice: Twice) -> None:
    source = """
import numpy as np
from common.functions import *
from common.gradient import numerical_gradient
from two_layer_net import TwoLayerNet
net = TwoLayerNet(6, 4, 3)
x, t = np.random.rand(20, 6), np.eye(3)[np.random.randint(0, 3, 20)]
for i in range(60):
    grads = net.numerical_gradient(x, t)
    for key in grads:
        net.params[key] -= grads[key]
print(net.loss(x, t), np.random.rand())
"""
    for option in ("--no-accelerate", "--verify"):
        assert twice({"train.py": source}, option, "--seed", "0", "train.py", same=without_seconds).status == 0


# How it ends


def shown_and_ended(folder: Path, source: str, *options: str) -> tuple[subprocess.Popen[bytes], Page, str]:
    """A script that has ended while its page stays; and what it has said of that."""
    (folder / "train.py").write_text(source)
    process = started(folder, *LAB, *options, "train.py")
    page = Page(address_of(process))
    return process, page, until(process, ENDED)


def until(process: subprocess.Popen[bytes], last: str) -> str:
    """What comes on standard error, up to a line."""
    assert process.stderr is not None
    said = ""
    while not said.endswith(last):
        line = process.stderr.readline().decode()
        assert line, said
        said += line
    return said


DEAF = """
import signal
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_page_stays_until_a_signal_and_the_status_is_the_scripts(tmp_path: Path, signum: signal.Signals) -> None:
    process, page, said = shown_and_ended(tmp_path, f"{NET}{DEAF}train(50)\nprint(losses[-1])\nsys.exit(4)\n")
    assert said == ENDED
    assert process.stdout is not None
    assert re.fullmatch(rb"0\.\d+\n", process.stdout.readline())  # whoever reads it has it already
    assert process.poll() is None
    process.send_signal(signum)
    process.send_signal(signum)
    rest = ended(process, tmp_path)
    assert (rest.status, rest.out, rest.err) == (4, b"", "")
    page.until_gone()


def test_an_error_is_shown_before_the_page_stays(tmp_path: Path) -> None:
    process, page, said = shown_and_ended(tmp_path, f"{NET}train(50)\n1 / 0\n")
    assert said.startswith("Traceback (most recent call last):\n")
    process.send_signal(signal.SIGINT)
    assert ended(process, tmp_path).status == 1
    page.until_gone()


def test_ctrl_c_ends_the_script_and_another_one_its_page(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(f"{NET}print('begun', flush=True)\ntrain(10**6, 0.001)\n")
    process = started(tmp_path, *LAB, "train.py")
    page = Page(address_of(process))
    assert process.stdout is not None
    process.stdout.readline()
    page.until_there()
    process.send_signal(signal.SIGINT)
    said = until(process, ENDED)
    assert re.match(r"\nStopped by Ctrl-C after [^\n]* in line \d+ of train.py\.", said)
    assert "Traceback" not in said
    process.send_signal(signal.SIGINT)
    rest = ended(process, tmp_path)
    assert (rest.status, rest.err) == (130, "")
    page.until_gone()


def test_without_websockets_the_script_runs_nevertheless(tmp_path: Path) -> None:
    (tmp_path / "websockets.py").write_text("raise ImportError('none', name='websockets')")
    (tmp_path / "train.py").write_text("print('runs')\nimport sys\nsys.exit(3)")
    command = [sys.executable, "-m", "zerokara", "run", "--lab", "train.py"]  # finds what lies in its folder
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "runs\n")
    assert done.stderr.startswith(
        "zerokara: The lab's page needs websockets 17 or newer; so the script runs without it."
    )
    assert done.stderr.endswith("install --upgrade websockets\n")
