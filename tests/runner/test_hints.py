"""Hints below the traceback: there for the known mistakes, absent for all others; [13] and [14] of docs/BOOK.md."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

NET = """
from two_layer_net import *
import numpy as np
net, x, t = TwoLayerNet(6, 4, 3), np.ones((5, 6)), np.array([0, 1, 2, 0, 1])
"""
CONV = (
    "from common.layers import *\nimage = np.ones((1, 8, 8))\nconv = Convolution(np.ones((2, 1, 3, 3)), np.zeros(2))\n"
)


def hints(result: Any) -> list[str]:
    return [line.removeprefix("Hint: ") for line in result.err.splitlines() if line.startswith("Hint: ")]


HINTS = [
    ("a = np.zeros(3)", "zerokara run --prelude"),
    ("plt.plot([1])", "supplies np, plt, load_mnist, TwoLayerNet"),
    ("import numpy as np\nprint(x)\nx = 3\n", "x is defined only in line 3"),
    ("def f():\n    return size\n\nprint(f())\nif True:\n    size = 3\n", "size is defined only in line 6"),
    ("net.train()", "net is defined nowhere in this file"),
    ("softmax(3)", "from common.functions import softmax brings it"),
    ("open('ch03/sample_weight.pkl')", "zerokara book init FOLDER makes sample_weight.pkl"),
    (
        NET + "net.accuracy(x, t)",
        "t has shape (5,): one class index per sample. This code expects one-hot rows",
    ),
    (NET + "net.gradient(x, t)", "t has shape (5,)"),
    (
        "from common.functions import *\ncross_entropy_error(np.ones((5, 3)), np.array([1, 2]))",
        "there are 5 rows of scores, but 2 labels.",
    ),
    ("from common.function import *", "there is no module common.function. Did you mean common.functions?"),
    ("from dataset.minst import load_mnist", "there is no module dataset.minst. Did you mean dataset.mnist?"),
    ("if True:\n    import comon.layers", "there is no module comon.layers. Did you mean common.layers?"),
    (
        "from common.functions import softmx",
        "common.functions, which zerokara supplies, has no softmx. Did you mean",
    ),
    ("from common.functions import qqq", "common.functions, which zerokara supplies, has no qqq."),
    ("from dataset.mnist import *\nload_mnist(normalise=True)", "load_mnist takes normalize, not normalise."),
    (
        "from two_layer_net import *\nTwoLayerNet(input_sise=3)",
        "takes input_size, not input_sise.",
    ),
    ("from numpy import *\narray([1.0], dtyp=int)", "array takes dtype, not dtyp."),
    ("def f(size):\n    pass\n\nf(sise=3)", "f takes size, not sise."),
    (NET + "net.accuracy(x[0], t)", "x has shape (6,): a single sample"),
    (
        CONV + "conv.forward(image)",
        "x has shape (1, 8, 8): a single sample",
    ),
    (
        "import numpy as np\nnp.dot(np.ones((9, 28, 28)), np.ones((784, 50)))",
        "reshape it to (9, 784)",
    ),
    ("import numpy as np\nnp.dot(np.ones((28, 28)), np.ones((784, 50)))", "reshape it to (1, 784)"),
]


@pytest.mark.parametrize(("source", "hint"), HINTS)
def test_hint(run: Run, source: str, hint: str) -> None:
    result = run(source)
    assert result.status == 1
    assert "Traceback" in result.err
    (only,) = hints(result)
    assert hint in only


@pytest.mark.parametrize(
    "source",
    [
        "1 / 0",
        "open('my own.csv')",
        "import no_such_module",
        "x = 1\nprint(y for y in x)",
        "import numpy as np\nnp.ones(3) + np.ones(4)",
        "import numpy as np\nnp.dot(np.ones((2, 3)), np.ones((4, 5)))",
        "a, b = [1, 2, 3]",
        "a, b, c = [1]",
        "import numpy as np\ny = np.zeros((3, 4))\ny.sum(axis=2)",
        "import numpy as np\ny = np.zeros(3)\na, b, c = y.shape",
        "def f(size):\n    pass\n\nf(other=3)",
        "print(ende='')",
        "from numpy import no_such_name",
        "max = max\nraise TypeError(\"max() got an unexpected keyword argument 'kei'\")",
        "raise NameError('mine')",
        "from common.time_layers import *",
        "import numpy as np\ntarget_sizes = np.array([1, 2])\nnp.ones((2, 3)) * target_sizes",
        "import numpy as np\nlabel = np.array([1, 2])\nnp.zeros((3, 4)) + label",
        "raise ImportError(\"cannot import name 'x'\")",
        "raise TypeError(\"f.g() got an unexpected keyword argument 'x'\")",
        "def f():\n    x += 1\n\nf()",
        "x = 1\nprint('a'\n",
    ],
)
def test_no_hint(run: Run, source: str) -> None:
    result = run(source)
    assert result.status == 1
    assert hints(result) == []


def test_a_name_that_another_file_lacks(run: Run, tmp_path: Path) -> None:
    """What would help in this file would not help there."""
    (tmp_path / "my_functions.py").write_text("def f():\n    return np.ones(3)\n")
    assert hints(run("import my_functions\nmy_functions.f()")) == []


def test_a_name_used_before_its_cell(run: Run) -> None:
    text = "```python\nprint(batch_size)\n```\ntext\n```python\nbatch_size = 100\n```\n"
    result = run(text, name="note.md")
    assert "NameError: name 'batch_size' is not defined" in result.err
    assert hints(result) == ["batch_size is defined only in cell 2 (line 6), which has not been run before this line."]


def test_a_name_of_a_cell_that_was_not_chosen(run: Run) -> None:
    result = run("```python\nimport numpy as np\n```\n```python\nprint(np.pi)\n```\n", "--cells", "2", name="note.md")
    assert hints(result) == ["np is defined only in cell 1 (line 2), which has not been run before this line."]


def test_an_own_copy_of_mnist_that_cannot_download(run: Run, tmp_path: Path) -> None:
    """The 403 that the notes' authors met: their file wins, and the hint says what leaving it out would do."""
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mnist.py").write_text(
        "from urllib.error import HTTPError\n\n"
        "def load_mnist():\n    raise HTTPError('http://x', 403, 'Forbidden', {}, None)\n"
    )
    result = run("from dataset.mnist import load_mnist\nload_mnist()")
    assert "HTTP Error 403: Forbidden" in result.err
    (hint,) = hints(result)
    assert hint.startswith(str(tmp_path / "dataset" / "mnist.py"))


def test_an_own_module_that_lacks_what_the_textbooks_has(run: Run, tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "functions.py").write_text("def sigmoid(x):\n    return x\n")
    result = run("from common.functions import softmax\n")
    assert "ImportError: cannot import name 'softmax'" in result.err
    (hint,) = hints(result)
    assert hint.startswith(str(tmp_path / "common" / "functions.py"))
    assert "lacks softmax" in hint
