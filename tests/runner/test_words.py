"""Whatever the runner says is whole sentences, each in one pair of brackets; what Python says stays as it is."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.errors import ZerokaraError
from zerokara.findings import Findings
from zerokara.runner import checkup
from zerokara.runner.hints import hints_in_cell
from zerokara.runner.prelude import PRELUDE
from zerokara.runner.run import Options, run_file

from .test_hints import HINTS
from .test_own_gradient import SCRIPT
from .test_remarks import IN_ORDER, LOOP, SIZES, TWICE

Run = Callable[..., Any]
Outside = Callable[[str], str]


def hint_of(result: Any, marked: Outside) -> str:
    """The one hint, the last line, below what Python says."""
    *python, hint = result.err.splitlines()
    assert result.status == 1
    assert "⟦" not in "\n".join(python), "Python's own words are not ours to translate"
    assert marked(hint) == ""
    return hint


@pytest.mark.parametrize(("source", "hint"), HINTS)
def test_a_hint(run: Run, marked: Outside, source: str, hint: str) -> None:
    result = run(source)
    supplied = [line for line in result.err.splitlines() if line.startswith("⟦zerokara supplied ")]
    result.err = "".join(line for line in result.err.splitlines(True) if line.rstrip("\n") not in supplied)
    assert hint_of(result, marked).startswith("⟦Hint: ")


def test_a_hint_with_a_cell(run: Run, marked: Outside) -> None:
    result = run("```python\nprint(size)\n```\n```python\nsize = 1\n```\n", name="note.md")
    assert hint_of(result, marked).startswith("⟦Hint: size is defined only in cell 2 (line 5), ")


def test_a_hint_on_an_encoding(run: Run, marked: Outside) -> None:
    """Also where zerokara says that it does not fit, in the words that Python has for it."""
    for source in ("s = '重み'\nprint(s)\n", "# 重みと損失\nprint(1)\n"):
        result = run(source.encode("cp932"))
        assert "SyntaxError: " in result.err
        assert hint_of(result, marked).startswith("⟦Hint: the file is not UTF-8; it looks like cp932. ")


@pytest.mark.parametrize("name", ["size", "np", "softmax", *PRELUDE])
def test_a_hint_in_jupyter(marked: Outside, clean_imports: None, name: str) -> None:
    names: dict[str, Any] = {}
    with pytest.raises(NameError) as caught:
        exec(compile(name, "cell", "exec"), names)
    (hint,) = hints_in_cell(caught.value, Path("cell"), [], names)
    assert marked(hint) == ""
    brings = re.match(
        rf"⟦Hint: {name} is not defined yet\. (?:Run the cell that defines it first|(.*) brings it)\.⟧", hint
    )
    assert brings
    if brings[1]:
        exec(f"{brings[1]}\n{name}", names)


def test_hints_on_own_files(run: Run, tmp_path: Path, marked: Outside) -> None:
    for folder, module in (("common", "functions"), ("dataset", "mnist")):
        (tmp_path / folder).mkdir()
        failing = "from urllib.error import URLError\ndef load_mnist():\n    raise URLError('down')\n"
        (tmp_path / folder / f"{module}.py").write_text(failing)
    for source in ("from common.functions import softmax\n", "from dataset.mnist import *\nload_mnist()"):
        assert hint_of(run(source), marked).startswith(f"⟦Hint: {tmp_path}")


REMARKS = {
    "true rarely": f"{SIZES}batch_size = 128\niter_per_epoch = train_size / batch_size\n{LOOP}",
    "true at first": f"{SIZES}batch_size = 70\niter_per_epoch = train_size / batch_size\n{LOOP}",
    "iterations per batch": f"{SIZES}batch_size = 100\niter_per_epoch = max(iters_num / batch_size,1)\n{LOOP}",
    "trained twice": TWICE.format(between="losses = []\n"),
    "integers": "numerical_gradient(f, np.array([3, 4]))",
    "in order": IN_ORDER.format(shuffle=""),
    "shuffled alone": "np.random.shuffle(x_train)\nnet.fit(x_train, t_train)",
    "indexed alone": "mask = np.random.choice(60000, 100)\nx_batch = x_train[mask]\nt_batch = t_train[:100]",
}


@pytest.mark.parametrize("source", REMARKS.values(), ids=REMARKS.keys())
def test_a_remark(run: Run, marked: Outside, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """Its place stands before it, as compilers have it, and is no prose."""
    monkeypatch.setattr(checkup, "found_in", lambda *given: Findings())  # else some say the same, and are said instead
    (remark,) = run(f"raise SystemExit\n{source}").err.splitlines()
    place = re.match(r"train\.py:\d+: ⟦Remark: ", remark)
    assert place
    assert marked(remark) == place[0].removesuffix(" ⟦Remark: ")


def said(result: Any, marked: Outside, count: int) -> list[str]:
    assert marked(result.err) == ""
    lines = result.err.splitlines()
    assert len(lines) == count
    return lines


def test_what_was_supplied_and_recognised(run: Run, marked: Outside) -> None:
    recognised, supplied = said(run(SCRIPT), marked, 2)
    assert supplied == "⟦zerokara supplied common.functions, common.gradient.⟧"
    assert recognised.count("⟧ ⟦") == 2
    assert all("⟦Verified: " in line for line in said(run(SCRIPT, "--verify"), marked, 14)[1:-1])


@pytest.mark.parametrize(
    ("body", "which"), [("sum(W * len(dir()))", "(line 2)"), ("'a'", "(line 2)")], ids=["unknown", "text"]
)
def test_what_was_left_to_the_loop(run: Run, marked: Outside, body: str, which: str) -> None:
    source = f"from common.gradient import *\ndef f(W):\n    return float(np.sum({body}))\n"
    source += "try:\n    numerical_gradient(f, np.ones(60))\nexcept TypeError:\n    pass\n"
    left, _ = said(run(source), marked, 2)
    assert left.startswith(f"⟦The plain loop computes the gradient of f {which}.⟧ ⟦It ")


def test_ctrl_c(run: Run, marked: Outside) -> None:
    stop = "def f(x):\n    raise KeyboardInterrupt\n"
    loop = f"from common.gradient import *\n{stop}numerical_gradient(f, np.ones(3))\n"
    (stopped, _) = said(run(loop), marked, 3)[1:]
    assert re.search(r"in line 4 of train\.py\.⟧ ⟦The numerical gradient had done 0 of 3 elements\.⟧$", stopped)
    assert "in line 1 of note.md.⟧" in run("raise KeyboardInterrupt", name="note.md").err


def test_findings(run: Run, marked: Outside) -> None:
    source = f"{SIZES}batch_size = 128\niter_per_epoch = train_size / batch_size\n{LOOP}"
    assert marked(run(f"raise SystemExit\n{source}").err) == "[epoch-test] train.py:8:"
    _, stopped = said(run("raise KeyboardInterrupt", "--findings", "found.json"), marked, 3)[1:]
    assert stopped.startswith("⟦What was stopped is not looked into: ")


def test_pictures(run: Run, monkeypatch: pytest.MonkeyPatch, marked: Outside) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"):
        monkeypatch.delenv(name, raising=False)
    show = "from zerokara.runner.gallery import current\nfrom PIL import Image\n"
    show += "current.save_picture(Image.fromarray(np.uint8([[0, 200]])))\n"
    (saved,) = said(run(f"import numpy as np\n{show}"), marked, 1)
    assert saved.startswith("⟦Figure 1 saved: ")
    (failed,) = said(run(f"import numpy as np\n{show}", "--figures", "train.py"), marked, 1)
    assert failed.startswith("⟦Figure 1 could not be saved: ")
    monkeypatch.setenv("MPLBACKEND", "agg")
    said(run("", "--figures", "pictures"), marked, 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_notebook(run: Run, marked: Outside) -> None:
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("IPython")
    cells = [nbformat.v4.new_code_cell(source) for source in ("%cd nowhere", "raise KeyboardInterrupt")]
    result = run(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), name="n.ipynb")
    cd, _, stopped = said(result, marked, 3)
    assert cd.startswith("⟦%cd nowhere: ")
    assert stopped.endswith("in line 1 of cell 2 of n.ipynb.⟧")


NOT_RUN = {
    "a.md": ("no code, but prose", {}),
    "a.txt": (bytes([0xFF, 0xFE, 0xFF]), {}),
    "a.ipynb": ("no json", {}),
    "r.ipynb": (json.dumps({"metadata": {"kernelspec": {"language": "R"}}, "nbformat": 4, "cells": []}), {}),
    "a.csv": ("", {}),
    "a.py": ("", {"cells": "1"}),
    "b.md": ("```python\n1\n```", {"cells": "x"}),
    "c.md": ("```python\n1\n```", {"cells": "7"}),
}


@pytest.mark.parametrize("name", NOT_RUN)
def test_what_cannot_be_run(tmp_path: Path, marked: Outside, name: str) -> None:
    content, options = NOT_RUN[name]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ZerokaraError, match=r"^⟦") as refused:
        run_file(str(tmp_path / name), [], Options(**options))
    assert marked(str(refused.value)) == ""


def test_what_is_not_there(marked: Outside) -> None:
    for asked in (lambda: run_file("nowhere.py", [], Options()), lambda: Options(seed=-1)):
        with pytest.raises(ZerokaraError, match=r"^⟦") as refused:
            asked()
        assert marked(str(refused.value)) == ""


def test_a_missing_package(run: Run, monkeypatch: pytest.MonkeyPatch, marked: Outside) -> None:
    for name in ("IPython", "IPython.core.interactiveshell", "nbformat"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    for text, name in (("In [1]:\n%cd x\n", "a.txt"), ("{}", "a.ipynb")):
        Path(name).write_text(text)
        with pytest.raises(ZerokaraError, match=r"^⟦") as refused:
            run_file(name, [], Options())
        assert marked(str(refused.value)) == ""
        assert refused.value.code == "missing-package"


def test_a_shape_stays_as_python_writes_it(run: Run, marked: Outside) -> None:
    """A fact of a sentence, not words of it."""
    result = run("import numpy as np\nnp.dot(np.ones((9, 28, 28)), np.ones((784, 50)))")
    assert f"{np.ones((9, 28, 28)).shape}" in hint_of(result, marked)
