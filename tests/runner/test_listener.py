"""`import zerokara.book` in a real kernel says below each cell what `zerokara run` says at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
    (captured,) = (text for kind, text in cell(f"%%capture\nprint(1)\n{second}").all)
    assert captured == ""

    # And all of it can be taken away.
    assert cell("zerokara.book.uninstall()\nprint(size)").all == [("error", "name 'size' is not defined")]
    assert cell("get_ipython().events.callbacks['post_run_cell'] == []").all == [("result", "True")]
    assert cell("'showtraceback' in vars(get_ipython())").all == [("result", "False")]
