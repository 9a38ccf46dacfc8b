"""Notebooks in IPython: magics, shell lines, displayed values, errors; and `import zerokara.book` inside one."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("IPython", reason="the extra notebook is not installed")
pytest.importorskip("nbformat", reason="the extra notebook is not installed")

Run = Callable[..., Any]


def notebook(*cells: str, language: str = "python") -> str:
    """A notebook as Jupyter writes it, a Markdown cell first."""
    code = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for i, source in enumerate(cells)
    ]
    text = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "# 題\n```python\nnot run\n```"}
    kernel = {"kernelspec": {"language": language, "name": "k", "display_name": "k"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": [text, *code]})


def test_a_learners_notebook(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "学習.ipynb").write_text(
        notebook(
            "%cd ../deep-learning-from-scratch/ch04",
            "%matplotlib inline\nimport sys, os\nsys.path.append(os.pardir)\nfrom common.functions import *",
            "x = np.array([0.0, 0.0])\nsoftmax(x)",
            "!echo from the shell",
            "%%time\nprint(os.path.basename(os.getcwd()), __name__, '__fi' + 'le__' in globals())",
            "import matplotlib.pyplot as plt\nplt.plot(x);",
            "plt.plot(x)\nplt.show()",
            "display(x)\n_",
        )
    )
    result = run_apart("notes/学習.ipynb", cwd=tmp_path)
    assert result.status == 0, result.err
    lines = [line for line in result.out.splitlines() if "time" not in line.lower() and "times" not in line]
    assert lines == [
        "Out[3]: array([0.5, 0.5])",
        "from the shell",
        "notes __main__ False",
        "array([0., 0.])",
        "Out[8]: array([0.5, 0.5])",
    ]
    assert result.err.startswith(
        "%cd ../deep-learning-from-scratch/ch04: there is no such folder. Passed over; the working folder is still"
    )
    pictures = sorted(path.name for path in (tmp_path / "notes").glob("*.png"))
    assert pictures == ["学習-figure-1.png", "学習-figure-2.png"]


def test_a_byte_order_mark(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text(notebook("print(7)"), encoding="utf-8-sig")
    assert run_apart("n.ipynb", cwd=tmp_path).out == "7\n"


@pytest.mark.slow
def test_a_notebook_that_does_not_say_its_language(run_apart: Run, tmp_path: Path) -> None:
    for metadata in ({"kernelspec": {"name": "python3", "language": None}}, {"kernelspec": None}, {}):
        content = {**json.loads(notebook("print(7)")), "metadata": metadata}
        (tmp_path / "n.ipynb").write_text(json.dumps(content))
        assert run_apart("n.ipynb", cwd=tmp_path).out == "7\n"


def test_pylab_brings_its_names(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text(notebook("%pylab inline", "plot(linspace(0, 1, 5))", "print(np.pi)"))
    result = run_apart("n.ipynb", cwd=tmp_path)
    assert result.status == 0, result.err
    assert result.out.endswith("\n3.141592653589793\n")
    assert (tmp_path / "n-figure-1.png").exists()


def test_an_existing_folder_is_entered(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "n.ipynb").write_text(
        notebook("%cd 'a b'", "import os\nprint(os.path.basename(os.getcwd()))", "%cd -", "%cd ..")
    )
    result = run_apart("n.ipynb", cwd=tmp_path)
    assert "a b\n" in result.out
    assert (result.status, result.err) == (0, "")


def test_an_error_ends_the_run_and_shows_the_cells_lines(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text(
        notebook("def f():\n    return batch_size", "f()", "batch_size = 1", "print('never')")
    )
    result = run_apart("n.ipynb", cwd=tmp_path)
    assert (result.status, result.out) == (1, "")
    assert 'File "n.ipynb, cell 2", line 1, in <module>\n    f()' in result.err
    assert 'File "n.ipynb, cell 1", line 2, in f\n    return batch_size' in result.err
    assert "site-packages" not in result.err
    assert "Hint: batch_size is defined only in cell 3 (line 1), which has not been run before this line." in result.err


@pytest.mark.parametrize(("cell", "status"), [("import sys\nsys.exit(4)", 4), ("exit()", 0), ("x = (", 1)])
def test_exit_and_syntax_errors(run_apart: Run, tmp_path: Path, cell: str, status: int) -> None:
    (tmp_path / "n.ipynb").write_text(notebook(cell, "print('never')"))
    result = run_apart("n.ipynb", cwd=tmp_path)
    assert (result.status, result.out) == (status, "")


def test_nothing_is_left_in_the_home_folder(run_apart: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "n.ipynb").write_text(notebook("1 + 1"))
    result = run_apart("n.ipynb", cwd=tmp_path, env={"HOME": str(home)})
    assert (result.out, result.err) == ("Out[1]: 2\n", "")
    assert list(home.iterdir()) == []


def test_ctrl_c_in_a_cell(interrupted: Any, tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text(
        notebook("x = 1", "import time\nwhile True:\n    print('begun', flush=True)\n    time.sleep(0.001)")
    )
    result, _ = interrupted("n.ipynb", cwd=tmp_path, after="begun")
    assert result.status == 130
    assert re.search(r" in line [234] of cell 2 of n\.ipynb\.$", result.out.strip())  # what was printed may come first
    assert "Traceback" not in result.out


@pytest.mark.parametrize(
    ("text", "match"),
    [
        *(
            (text, "is not a notebook that can be read")
            for text in ("no json", "", "[]", "3", '{"cells": 3, "nbformat": 4}', '{"cells": [1], "nbformat": 4}')
        ),
        ('{"cells": [], "nbformat": 99, "metadata": {}, "nbformat_minor": 2}', "is not a notebook that can be read"),
        ('{"cells": [], "nbformat": 4, "metadata": {"kernelspec": 5}}', "is not a notebook that can be read"),
        (notebook("x", language="R"), "is a notebook in R"),
    ],
)
def test_what_is_no_python_notebook(run: Run, text: str, match: str) -> None:
    result = run(text, name="n.ipynb")
    assert result.status == 2
    assert match in result.err


@pytest.mark.parametrize("first", ["import zerokara.book", "%load_ext zerokara.book"])
def test_first_line_of_a_notebook(tmp_path: Path, first: str) -> None:
    """In plain IPython, as in Jupyter, without `zerokara run`."""
    import subprocess
    import sys

    source = f"{first}\nfrom common.functions import softmax\nprint(softmax.__module__)\n%unload_ext zerokara.book\n"
    (tmp_path / "s.ipy").write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--ipython-dir", str(tmp_path), "--HistoryManager.enabled=False", "s.ipy"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.startswith("zerokara.book.common.functions"), done.stderr
