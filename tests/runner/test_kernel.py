"""A notebook in a real kernel, as Jupyter and VS Code start one, in the language that a cell has chosen."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zerokara import words
from zerokara.words import sentence

pytest.importorskip("ipykernel", reason="the extra notebook is not installed")

Cell = Callable[[str], dict[str, str]]

TRAINING = """
from two_layer_net import TwoLayerNet
import numpy as np

train = zerokara.load("digits").train
x, t = train.x[:50].astype(float), np.eye(10)[train.t[:50]]
np.random.seed(0)
net = TwoLayerNet(64, 6, 10)
for i in range(3):
    grads = net.numerical_gradient(x, t)
    for key in net.params:
        net.params[key] -= 0.5 * grads[key]
    print(net.loss(x, t))
net.loss(x, t)
"""


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[Cell]:
    """cell(source): run it in the kernel; what arrived, by "stdout", "stderr", "result" and "error"."""
    from jupyter_client.manager import KernelManager

    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    env = {**os.environ, **dict.fromkeys(folders, str(tmp_path)), "ZEROKARA_LANG": "en"}
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable  # whatever other Python's kernel the user has under this name
    manager.start_kernel(env=env, cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()

    def cell(source: str) -> dict[str, str]:
        arrived: dict[str, str] = {}

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            told = {
                "stream": lambda: (content["name"], content["text"]),
                "execute_result": lambda: ("result", content["data"]["text/plain"]),
                "error": lambda: ("error", content["evalue"]),
            }.get(message["msg_type"])
            if told:
                name, text = told()
                arrived[name] = arrived.get(name, "") + text

        client.execute_interactive(source, timeout=60, output_hook=hear)
        return arrived

    try:
        client.wait_for_ready(timeout=60)
        yield cell
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def in_japanese() -> Iterator[None]:
    words.set_language("ja")
    yield
    words.set_language("en")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own
def test_a_notebook_speaks_the_language_that_a_cell_has_chosen(cell: Cell, in_japanese: None) -> None:
    """The texts are compared with `sentence`, so that this holds whatever the translation says."""
    assert cell('import zerokara, zerokara.book\nzerokara.set_language("ja")') == {"result": "'ja'"}
    assert cell("from zerokara.words import language\nlanguage()") == {"result": "'ja'"}

    trained = cell(TRAINING)
    assert "error" not in trained
    losses = [float(line) for line in trained["stdout"].split()]
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == 3
    assert str(losses[-1]) in trained["result"]
    assert (
        sentence("Its numerical gradient is computed without the loop, by the same differences.") in trained["stderr"]
    )

    mistake = cell('zerokara.load("digts")')
    assert sentence("Did you mean {near}?", near="digits") in mistake["error"]
    assert cell("zerokara.set_language('en')") == {"result": "'en'"}
    words.set_language("en")
    assert "Did you mean digits?" in cell('zerokara.load("digts")')["error"]


OWN = """
def slope(f, x):
    return np.array([(f(x + e) - f(x - e)) / 2e-4 for e in 1e-4 * np.eye(x.size)])
"""
CALL = "slope(lambda x: float(np.sum(x ** 2)), np.array([1.0, 2.0])).round(6)"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own
def test_a_loop_in_a_later_cell_asks(cell: Cell) -> None:
    assert cell(f"import numpy as np{OWN}{CALL}") == {"result": "array([2., 4.])"}
    assert cell("import zerokara.book") == {}
    assert cell("from zerokara import own_loops\nown_loops.own_loop_result = lambda call: np.array([3, 7])") == {}
    assert cell(CALL) == {"result": "array([2., 4.])"}  # compiled before
    assert cell(OWN) == {}
    assert cell(CALL) == {"result": "array([3, 7])"}
    assert cell("import inspect\nprint(inspect.getsource(slope))")["stdout"].strip() == OWN.strip()
    assert cell(f"%%time\n{OWN}{CALL}")["result"] == "array([3, 7])"
    assert "loop" in cell(f"%timeit -n1 -r1 {CALL}")["stdout"]
    assert cell("own_loops.own_loop_result = lambda call: own_loops.NOT_FOUND") == {}
    assert cell(CALL) == {"result": "array([2., 4.])"}
    assert cell("slope(lambda x: 1 / 0, np.ones(2))") == {"error": "division by zero"}
    cell("%unload_ext zerokara.book")
    assert cell(f"{OWN}{CALL}") == {"result": "array([2., 4.])"}
