"""`zerokara run`: a file sees what `python FILE` would show it, and its own mistakes appear as they are."""

import errno
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from zerokara.cli.run import run_command
from zerokara.errors import UsageError
from zerokara.runner.run import Options, run_file
from zerokara.sources import cells

Run = Callable[..., Any]

SHOWS_ITSELF = """
import os, sys
print(__name__, __file__, sys.argv, sys.path[0], os.getcwd(), __doc__, __spec__, __package__)
print(sys.modules['__main__'].__dict__ is globals(), __loader__.get_filename())
"""


@pytest.mark.parametrize("file", ["train.py", "./my folder/train.py"])
def test_looks_like_python_itself(run_apart: Run, tmp_path: Path, file: str) -> None:
    import subprocess

    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(SHOWS_ITSELF)
    python = subprocess.run([sys.executable, file, "a", "--seed", "-x"], cwd=tmp_path, capture_output=True, text=True)
    ours = run_apart(file, "a", "--seed", "-x", cwd=tmp_path)
    assert ours.out == python.stdout
    assert (ours.status, ours.err) == (0, "")


def test_everything_is_put_back(run: Run, tmp_path: Path) -> None:
    before = sys.argv, list(sys.path), sys.modules["__main__"]
    run("import os, sys\nos.mkdir('x')\nos.chdir('x')\nsys.path.append('y')\nsys.argv.append('z')")
    assert (sys.argv, sys.path, sys.modules["__main__"]) == before
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize(
    ("source", "status", "err"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit()", 0, ""),
        ("exit(True)", 1, ""),
        ("raise SystemExit('終わり')", 1, "終わり\n"),
        ("x = 1", 0, ""),
    ],
)
def test_exit_status_is_the_scripts(run: Run, source: str, status: int, err: str) -> None:
    result = run(source)
    assert (result.status, result.err) == (status, err)


def test_traceback_shows_the_learners_lines_only(run: Run, tmp_path: Path) -> None:
    result = run("def f(x):\n    return 1 / x  # 零除算\n\nf(0)\n")
    assert result.status == 1
    unmarked = "".join(line for line in result.err.splitlines(True) if line.strip(" ~^\n"))  # marks differ by version
    assert unmarked == dedent(f"""\
        Traceback (most recent call last):
          File "{tmp_path}/train.py", line 4, in <module>
            f(0)
          File "{tmp_path}/train.py", line 2, in f
            return 1 / x  # 零除算
        ZeroDivisionError: division by zero
        """)


def test_traceback_goes_through_the_textbooks_modules(run: Run) -> None:
    result = run("from common.layers import *\nAffine(np.zeros((3, 2)), np.zeros(2)).forward(np.zeros((4, 5)))")
    assert "line 2, in <module>" in result.err
    assert "common/layers.py" in result.err
    assert "ValueError: shapes (4,5) and (3,2) not aligned" in result.err


def test_what_zerokara_refuses_is_said_without_its_insides(run: Run) -> None:
    result = run("from common.multi_layer_net import MultiLayerNet\nMultiLayerNet(2, [3], 4, activation='rleu')")
    assert "line 2, in <module>" in result.err
    assert "multi_layer_net.py" not in result.err
    assert "activation must be one of sigmoid, relu. Got 'rleu'. Did you mean relu?" in result.err


def test_a_syntax_error_is_pythons_own(run: Run, tmp_path: Path) -> None:
    result = run("x = 1\nprint('a'\n")
    assert result.status == 1
    assert f'File "{tmp_path}/train.py", line 2' in result.err
    assert "SyntaxError: '(' was never closed" in result.err
    assert "zerokara/runner" not in result.err


def test_the_scripts_own_excepthook_is_called(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    result = run("import sys\nsys.excepthook = lambda kind, value, trace: print('mine', value)\nraise ValueError('x')")
    assert (result.status, result.out, result.err) == (1, "mine x\n", "")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("encoding", "cookie"),
    [("utf-8", ""), ("utf-8-sig", ""), ("cp932", "# -*- coding: cp932 -*-\n"), ("utf-8", "# coding: utf-8\n")],
)
def test_encodings_and_line_endings(run: Run, encoding: str, cookie: str, newline: str) -> None:
    source = f"{cookie}s = '日本語'\nprint(s, len(s))\n".replace("\n", newline)
    assert run(source.encode(encoding)).out == "日本語 3\n"


def test_korean_encoding_with_cookie(run: Run) -> None:
    assert run("# -*- coding: euc-kr -*-\nprint('한글')".encode("euc-kr")).out == "한글\n"


@pytest.mark.parametrize(("text", "encoding"), [("日本語のコメントです", "cp932"), ("한글 주석입니다", "cp949")])
def test_an_encoding_without_cookie_is_refused_as_by_python_and_named(run: Run, text: str, encoding: str) -> None:
    result = run(f"x = 1  # {text}\n".encode(encoding))
    assert result.status == 1
    assert "SyntaxError" in result.err
    assert f"looks like {encoding}" in result.err


def test_half_a_letter_that_looks_like_a_backslash_hides_no_encoding(run: Run) -> None:
    """The second byte of 表 in cp932 is that of a backslash: to Python the string does not end."""
    result = run("# 日\nprint('表')\n".encode("cp932"))
    assert result.status == 1
    assert "looks like cp932" in result.err


def test_a_file_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(path: Path, mode: str = "r") -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    (tmp_path / "a.py").write_text("print(1)")
    monkeypatch.setattr(Path, "open", refused)
    assert run_command([str(tmp_path / "a.py")]) == 2
    assert capsys.readouterr().err.endswith("a.py cannot be read: Permission denied.\n")


def test_guard_input_relative_files_and_arguments(run_apart: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("7")
    (tmp_path / "main.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float)\n"
        "if __name__ == '__main__':\n"
        "    print(p.parse_args().lr, input('名前？'), open('data/a.txt').read())\n"
    )
    result = run_apart("main.py", "--lr", "0.5", cwd=tmp_path, stdin="山田\n")
    assert (result.status, result.out) == (0, "名前？0.5 山田 7\n")


def test_pickles_name_main_and_the_textbooks_classes(run: Run, tmp_path: Path) -> None:
    source = """
import pickle
from two_layer_net import TwoLayerNet
class Own:
    pass
own, net = pickle.loads(pickle.dumps((Own(), TwoLayerNet(3, 2, 2))))
print(type(own) is Own, type(net) is TwoLayerNet)
with open('params.pkl', 'wb') as f:
    pickle.dump(net.params, f)
"""
    assert run(source).out == "True True\n"
    assert list(pickle.loads((tmp_path / "params.pkl").read_bytes())) == ["W1", "b1", "W2", "b2"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_child_processes_find_the_modules_too(run_apart: Run, tmp_path: Path, method: str) -> None:
    (tmp_path / "many.py").write_text(
        "import multiprocessing\nfrom common.functions import *\n\ndef f(x):\n    return float(sigmoid(x))\n\n"
        f"if __name__ == '__main__':\n    with multiprocessing.get_context('{method}').Pool(1) as pool:\n"
        "        print(pool.map(f, [0.0]))\n"
    )
    result = run_apart("many.py", cwd=tmp_path)
    assert (result.status, result.out) == (0, "[0.5]\n"), result.err


def test_seed_comes_before_the_first_line(run: Run) -> None:
    source = "import random, numpy as np\nprint(random.random(), np.random.rand())"
    first = run(source, "--seed", "5").out
    assert run(source, "--seed=5").out == first
    assert run(source, "--seed", "6").out != first


def test_prelude_supplies_what_slides_leave_out(run: Run) -> None:
    assert run("print(np.arange(3), TwoLayerNet.__module__)", "--prelude").out == "[0 1 2] zerokara.book.chapter4\n"
    assert run("np = 'mine'\nprint(np)", "--prelude").out == "mine\n"


def test_supplied_modules_are_listed_once_at_the_end(run: Run) -> None:
    result = run("from common.functions import *\nfrom common.functions import softmax\nimport common.util\nprint('x')")
    assert result.out == "x\n"
    assert result.err == "zerokara supplied common.functions, common.util.\n"


def test_warnings_of_numpy_pass(run_apart: Run, tmp_path: Path) -> None:  # [11]
    (tmp_path / "overflow.py").write_text(
        "import numpy as np\nprint(np.exp(np.array([1000.0])) / np.exp(np.array([1000.0])))"
    )
    result = run_apart("overflow.py", cwd=tmp_path)
    assert result.out == "[nan]\n"
    assert "RuntimeWarning: overflow" in result.err
    assert "overflow.py:2: RuntimeWarning" in result.err


MARKDOWN = """# 学習

~~~python
import numpy as np
x = np.array([1, 2])
x
~~~

```
not run
```

```python
x.sum()
if x[0]:
    1 / 0
```
"""


def test_markdown_runs_its_fences_in_order_and_shows_last_values(run: Run, tmp_path: Path) -> None:
    result = run(MARKDOWN, name="note.md")
    assert (result.status, result.out) == (1, "array([1, 2])\n")
    assert f'File "{tmp_path}/note.md", line 16, in <module>\n    1 / 0\n' in result.err


def test_cells_of_a_note_are_chosen(run: Run) -> None:
    text = "".join(f"```python\nprint({n})\n```\n" for n in range(1, 6))
    assert run(text, "--cells", "5,1-2", name="note.md").out == "1\n2\n5\n"
    assert run(text, "--list", name="note.md").out.splitlines()[2] == "   2     5  print(2)"


def test_cells_see_a_file_only_when_they_ask(run: Run) -> None:
    assert run("```python\nimport os\nprint(os.path.basename(__file__))\n```", name="note.md").out == "note.md\n"
    assert run("```python\nprint('__fi' + 'le__' in globals())\n```", name="note.md").out == "False\n"


@pytest.mark.parametrize(
    ("argv", "match"),
    [
        ([], "needs a FILE"),
        (["nothing.py"], "There is no file nothing.py"),
        (["a.csv"], "must end in .py, .ipynb, .md or .txt"),
        (["--sed", "1", "a.py"], "Did you mean --seed"),
        (["--seed", "-1", "a.py"], "--seed must be"),
        (["--seed", "4294967296", "a.py"], "--seed must be a whole number from 0 to 4294967295"),
        (["--seed"], "needs a value"),
        (["--cells", "1", "a.py"], "is one script"),
        (["--list", "a.py"], "is one script"),
        (["--cells", "x", "a.md"], "--cells must"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str], match: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "a.csv"):
        (tmp_path / name).write_text("print('run')")
    (tmp_path / "a.md").write_text("```python\nprint('run')\n```")
    assert run_command(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert match in err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(option in out for option in ("--list", "--cells", "--prelude", "--seed", "--figures", "--no-remarks"))


def test_a_double_dash_ends_the_options(run: Run, tmp_path: Path) -> None:
    (tmp_path / "-odd.py").write_text("print('odd')")
    assert run("", "--", name="-odd.py").status == 0


LOOP = "import time\nprint('begun', flush=True)\nwhile True:\n    time.sleep(0.001)\n"


def test_ctrl_c_ends_a_script_at_once(interrupted: Any, tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(LOOP)
    result, seconds = interrupted("loop.py", cwd=tmp_path, after="begun")
    assert result.status == 130
    assert "Traceback" not in result.out
    assert "Stopped by Ctrl-C after 0." in result.out
    assert "of loop.py." in result.out
    assert seconds < 1  # 0.1 s on an idle machine; the rest is for a busy one and for Python's own end


def test_ctrl_c_in_a_numerical_gradient_says_how_far_it_was(interrupted: Any, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(
        "import time\nfrom common.gradient import *\nx = np.zeros(40000)\n"
        "numerical_gradient(lambda x: time.sleep(1e-3) or 0.0, x)\n"
    )
    result, _ = interrupted("long.py", cwd=tmp_path, after="left")
    assert result.status == 130
    assert "numerical gradient: " in result.out  # the forecast
    assert "in line 4 of long.py. The numerical gradient had done " in result.out
    assert "of 40,000 elements." in result.out


def test_a_scripts_own_handling_of_ctrl_c_stays(run: Run) -> None:
    result = run("try:\n    raise KeyboardInterrupt\nexcept KeyboardInterrupt:\n    print('mine')")
    assert (result.status, result.out) == (0, "mine\n")


def test_without_ipython_plain_cells_run_and_others_say_what_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IPython", "IPython.core.interactiveshell", "nbformat"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run("```python\nprint(1)\n```", name="note.md").out == "1\n"
    for text, name, package in (("In [1]:\n%cd x\n", "a.txt", "IPython"), ("{}", "a.ipynb", "nbformat")):
        result = run(text, name=name)
        assert result.status == 1
        assert package in result.err
        assert "-m pip install ipython nbformat brings it" in result.err
        assert result.err.startswith("zerokara: ")


def test_suffixes_are_told_apart() -> None:
    assert not set(cells.SCRIPTS) & {*cells.TEXTS, *cells.NOTEBOOKS}


@pytest.mark.parametrize("seed", [-1, 2**32, "1", 1.0, True])
def test_a_seed_that_is_none(seed: Any) -> None:
    with pytest.raises(UsageError, match=rf"--seed must be a whole number from 0 to 4294967295\. Got {seed!r}"):
        Options(seed=seed)


@pytest.mark.parametrize("file", [None, 3, b"train.py"])
def test_a_file_that_is_no_name(file: Any) -> None:
    with pytest.raises(UsageError, match="FILE must be a script, a notebook or a note"):
        run_file(file, [], Options())


def test_a_way_of_accelerating_that_is_none(tmp_path: Path, clean_imports: None) -> None:
    """It is said before the file runs."""
    (tmp_path / "train.py").write_text("raise RuntimeError")
    with pytest.raises(UsageError, match=r"mode must be one of on, off, verify\. Got 'fast'"):
        run_file(str(tmp_path / "train.py"), [], Options(accelerate="fast"))


def test_a_gettext_beside_the_script_is_not_zerokaras(run_apart: Run, tmp_path: Path) -> None:
    """What zerokara needs to speak Japanese it has read before the script's folder comes first."""
    (tmp_path / "ch04").mkdir()
    (tmp_path / "ch04" / "gettext.py").write_text("raise RuntimeError('theirs')")
    (tmp_path / "ch04" / "train.py").write_text("from common.functions import *\nprint(7)")
    result = run_apart("ch04/train.py", cwd=tmp_path, env={"ZEROKARA_LANG": "ja"})
    assert (result.status, result.out) == (0, "7\n")
    assert "common.functions" in result.err
    assert "theirs" not in result.err
