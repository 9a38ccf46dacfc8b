"""`import zerokara.book` in a real kernel says below each cell what `zerokara run` says at the end."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zerokara.runner.listener import trains

from .kernel import Kernel, kernel
from .test_checkup import NEVER, TRAINING

pytest.importorskip("ipykernel", reason="the extra notebook is not installed")
pytest.importorskip("nbclient", reason="the extra test is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of Jupyter's own


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[Kernel]:
    with kernel(tmp_path) as started:
        yield started


def test_what_is_said_below_cells(cell: Kernel) -> None:
    """One kernel for all of it: to start one takes longer than all that it does here."""
    assert cell("import zerokara.book").all == []
    assert cell("from common.functions import *\nimport common.util").all == [
        ("stderr", "zerokara supplied common.functions, common.util.\n")
    ]
    assert cell("from common.functions import softmax").all == []

    # Hints stand below the traceback.
    assert cell("print(size)").all == [
        ("error", "name 'size' is not defined"),
        ("stderr", "Hint: size is not defined yet. Run the cell that defines it first.\n"),
    ]
    plot = cell("%%time\nplt.plot([1])").all
    assert plot[-2:] == [
        ("error", "name 'plt' is not defined"),
        ("stderr", "Hint: plt is not defined yet. import matplotlib.pyplot as plt brings it.\n"),
    ]
    assert cell("TwoLayerNet")["stderr"].endswith("from two_layer_net import TwoLayerNet brings it.\n")
    assert "x is defined only in line 2" in cell("print(x)\nx = 1")["stderr"]
    assert "Did you mean common.layers?" in cell("import comon.layers")["stderr"]
    assert cell("1 / 0").all == [("error", "division by zero")]
    assert cell("raise KeyboardInterrupt").all == [("error", "")]
    assert cell("print('a'").all[0][0] == "error"
    assert cell("import asyncio\nawait asyncio.sleep(0)\n3").all == [("result", "3")]

    # A training that is right; the same with a mistake, in another cell; each thing once.
    assert cell(TRAINING).all == []
    first, second = NEVER.split("losses = []\n")
    assert cell(first).all == []
    found = cell("losses = []\n" + second)
    assert "<code>In[13]:7</code> iter_per_epoch is 5.46875" in found["html"]
    assert "In[13]:7: iter_per_epoch is 5.46875" in found["plain"]
    assert found["stderr"] == ""
    assert cell("losses = []\n" + second).all == []
    assert cell("%%capture\nprint(1)\n" + second).all == []

    # And all of it can be taken away.
    assert cell("zerokara.book.uninstall()\nprint(size)").all == [("error", "name 'size' is not defined")]
    assert cell("get_ipython().events.callbacks['post_run_cell'] == []").all == [("result", "True")]
    assert cell("'showtraceback' in vars(get_ipython())").all == [("result", "False")]


INTEGERS = (
    "import numpy as np\ndef numerical_gradient(f, x):\n    return x\nnumerical_gradient(None, np.array([3, 4]))\n"
)
REMARK = "Remark: numerical_gradient gets the integers np.array([3, 4])"


@pytest.mark.slow
def test_magics_threads_and_ends_of_cells(cell: Kernel) -> None:
    cell("import zerokara.book\nimport zerokara.book\nzerokara.book.install()\n%load_ext zerokara.book")
    assert cell("len(get_ipython().events.callbacks['post_run_cell'])").all == [("result", "1")]

    assert REMARK not in cell(f"%%writefile lib.py\n{INTEGERS}")["stderr"]
    assert f"lib.py:4: {REMARK}" in cell("%run lib.py")["stderr"]
    assert cell("%run lib.py").all == []
    assert cell("%load_ext autoreload\n%autoreload 2\nimport lib").all == []
    cell("open('lib.py', 'a').write('four = 4\\n')")
    assert cell("lib.four").all == [("result", "4")]
    assert "In[9]:2: Remark" in cell("%%capture\nnumerical_gradient(None, np.array([3, 4]))")["stderr"]
    assert "error" in dict(cell("%%capture\nfor i in range(3): 1 / 0").all)

    thread = "import threading, time\nthread = threading.Thread(target=time.sleep, args=(0.3,))\nthread.start()\n"
    assert cell(f"{thread}for i in range(2): pass").all == []
    assert cell("thread.join()").all == []
    assert cell("%%bash\necho hello").all == [("stdout", "hello\n")]
    assert "1 loop each" in cell("%timeit -n1 -r1 sum([1, 2])")["stdout"]
    assert cell("import asyncio\nfor i in range(2): await asyncio.sleep(0)").all == []
    assert cell("for i in range(2): pass\nraise SystemExit").all[0][0] == "error"
    assert cell("%reset -f").all == []
    assert cell("for i in range(2): print(i)").all == [("stdout", "0\n1\n")]
    assert cell("x = 1\nx").all == [("result", "1")]


@pytest.mark.slow
def test_what_goes_wrong_in_here_bothers_nobody(cell: Kernel) -> None:
    cell("import zerokara.book\nfrom zerokara.runner import checkup, listener")
    cell("def fail(*given, **named): raise SystemExit('ours')\nchecked = checkup.found_in\ncheckup.found_in = fail")
    assert cell("n = 0\nfor i in range(2): n += 1").all == []
    cell("def fail(*given, **named): raise KeyboardInterrupt\ncheckup.found_in = fail")
    assert cell("for i in range(2): n += 1").all == []
    cell("checkup.found_in = checked\nlistener.hints_in_cell = lambda *given: 1 / 0")
    assert cell("nothing").all == [("error", "name 'nothing' is not defined")]
    assert cell("from common.functions import relu").all == [("stderr", "zerokara supplied common.functions.\n")]


@pytest.mark.slow
def test_ctrl_c_in_a_cell(cell: Kernel) -> None:
    cell("import zerokara.book, os, signal, threading")
    cell(NEVER.split("losses = []")[0])
    loop = "seen = []\nfor i in range(10):\n    if i % iter_per_epoch == 0: seen.append(i)\n"
    stop = "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
    stopped = cell(f"{stop}{loop}while True: pass").all
    assert [kind for kind, _ in stopped] == ["error"]
    assert "[epoch-test]" in cell(loop)["plain"]


NO_MEAN = """

class Net:
    def __init__(self):
        self.params = {"W1": 0.1 * np.random.randn(3, 4), "b1": np.zeros(4)}

    def predict(self, x):
        return np.dot(x, self.params["W1"]) + self.params["b1"]

    def loss(self, x, t):
        return 0.5 * np.sum((self.predict(x) - t) ** 2) / len(x)

    def gradient(self, x, t):
        dy = self.predict(x) - t
        return {"W1": np.dot(x.T, dy), "b1": np.sum(dy, axis=0)}


net, losses = Net(), []
x, t = np.random.rand(20, 3), np.random.rand(20, 4)
for i in range(30):
    grads = net.gradient(x, t)
    for key in grads:
        net.params[key] -= 0.001 * grads[key]
    losses.append(net.loss(x, t))
"""
"""Its gradient is not divided by the size of the batch; it begins with two empty lines."""


@pytest.mark.slow
def test_lines_are_counted_as_the_cell_shows_them(cell: Kernel) -> None:
    """IPython leaves out the empty lines at the beginning of a cell, and compiles what is left."""
    cell("import zerokara.book\nimport numpy as np")
    dy = NO_MEAN.splitlines().index("        dy = self.predict(x) - t") + 1
    assert f"In[2]:{dy}" in cell(NO_MEAN, "a")["plain"]
    assert f"In[3]:{dy - 2}" in cell(NO_MEAN.lstrip(), "a")["plain"]


@pytest.mark.slow
def test_a_cell_that_is_run_again_is_told_again(cell: Kernel) -> None:
    """Jupyter takes what stood below it away."""
    cell("import zerokara.book")
    for _ in range(2):
        assert "[epoch-test]" in cell(NEVER, "a")["plain"]
    assert cell("seen = []\nfor i in range(2): seen.append(i)", "b").all == []
    assert cell(NEVER.replace("train_size / batch_size", "5"), "a").all == []  # mended
    assert "[epoch-test]" in cell(NEVER, "c")["plain"]  # and made again


def test_a_notebook_under_zerokara_run_says_everything_once(run: Callable[..., Any]) -> None:
    nbformat = pytest.importorskip("nbformat")
    first, second = NEVER.split("losses = []\n")
    sources = ("import zerokara.book\nfrom common.util import *", first, "losses = []\n" + second)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    result = run(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), name="n.ipynb")
    assert result.status == 0
    assert result.err.count("zerokara supplied common.util.") == 1
    assert result.err.count("[epoch-test]") == 1
    assert "n.ipynb, cell 2:7: iter_per_epoch is 5.46875" in result.err
    assert "Remark" not in result.err


@pytest.mark.parametrize(
    ("source", "training"),
    [
        ("for i in range(3):\n    w -= g", True),
        ("while loss > 1:\n    for b in batches:\n        losses.append(b)", True),
        ("for x in xs:\n    optimizer.update(params, grads)", True),
        ("train(net, x, t)", True),
        ("print(net.gradient(x, t))", True),
        ("model.fit(x, t)", True),
        ("def train():\n    for i in x:\n        w -= g", False),
        ("class Net:\n    def learn(self):\n        self.W -= self.gradient()", False),
        ("for layer in net.layers: print(layer)", False),
        ("losses.append(1); total += 1; params.update(a=1)", False),
        ("x_train, x_test = train_test_split(x)", False),
        ("net.loss(x, t)", False),
        ("plt.plot(losses)", False),
    ],
)
def test_which_cells_train(source: str, training: bool) -> None:
    assert trains(ast.parse(source)) is training
