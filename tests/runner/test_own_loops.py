"""A learner's own gradient loops, wherever they are compiled: they ask first, and are in all else the learner's own."""

import ast
import functools
import importlib
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from zerokara import own_loops, recognise
from zerokara.errors import ZerokaraError
from zerokara.own_loops import HOPELESS, NOT_FOUND, OwnCall
from zerokara.runner import import_hooks, start, stop
from zerokara.runner.own_loops import OwnLoop, is_worth_parsing, quotient_parts_of, with_questions
from zerokara.sources.instrumentation import plain_code_of

Run = Callable[..., Any]

LOOP = '''
def slope(f, x, h=1e-4):
    """By central differences."""
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + h
        above = f(x)
        x[i] = before - h
        grad[i] = (above - f(x)) / (2 * h)
        x[i] = before
    return grad
'''
CALL = "print(slope(lambda x: float(np.sum(x ** 2)), np.array([1.0, 2.0])).round(6))\n"
PLAIN = "[2. 4.]\n"
SCRIPT = "import numpy as np\n" + LOOP + CALL
FAKE = """
from zerokara import own_loops
own_loops.own_loop_result = lambda call: np.array([len(call.arguments), 7])
"""
"""At the top of a script, this answers for every loop."""
ANSWER = "[3 7]\n"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[OwnCall]]:
    """answers(value or function of the call): all that ask are told this; the calls are collected."""

    def answers(answer: Any) -> list[OwnCall]:
        calls: list[OwnCall] = []

        def own_loop_result(call: OwnCall) -> Any:
            calls.append(call)
            return answer(call) if callable(answer) else answer

        monkeypatch.setattr(own_loops, "own_loop_result", own_loop_result)
        return calls

    return answers


def names_of(source: str, path: Path | None = None) -> dict[str, Any]:
    """The names that a file leaves behind when it is compiled as the runner does."""
    filename = str(path or "learner.py")
    if path is not None:
        path.write_text(source, encoding="utf-8")
    names: dict[str, Any] = {"np": np, "__name__": "learner"}
    exec(with_questions(compile(source, filename, "exec", dont_inherit=True), source), names)
    return names


def asks(function: Any) -> bool:
    return plain_code_of(function.__code__) is not function.__code__


# The question


def test_what_is_handed_over(answers: Any) -> None:
    source = """
def outer(scale, unset=True):
    def own(a, /, f, *rest, h=1e-4, key, **more):
        return [(f(a + e) - f(a - e)) / (2 * h) * scale * later for e in np.eye(2)]
    if not unset:
        later = 1
    return own
"""
    calls = answers("answer")
    own = names_of(source)["outer"](3)
    assert own(1, 2, 4, 5, key=6, z=7) == "answer"
    (call,) = calls
    assert call.arguments == {"a": 1, "f": 2, "rest": (4, 5), "h": 1e-4, "key": 6, "more": {"z": 7}}
    assert list(call.arguments) == ["a", "f", "rest", "h", "key", "more"]
    assert call.plain.__code__ == plain_code_of(own.__code__)
    assert (call.plain.__name__, call.plain.__qualname__) == ("own", "outer.<locals>.own")
    assert call.plain.__globals__ is own.__globals__
    cells = dict(zip(call.plain.__code__.co_freevars, call.plain.__closure__ or (), strict=True))
    assert cells["scale"].cell_contents == 3
    with pytest.raises(ValueError, match="empty"):
        _ = cells["later"].cell_contents


def test_the_plain_function_computes(answers: Any) -> None:
    x = np.array([1.0, 2.0])
    calls = answers(lambda call: ("plain", call.run(), call.run(h=1e-2)))
    own = names_of(LOOP)["slope"]
    _, found, wide = own(lambda x: x @ x, x)
    np.testing.assert_allclose(found, [2, 4], rtol=1e-9)
    np.testing.assert_allclose(wide, [2, 4], rtol=1e-9)
    assert len(calls) == 1


def test_private_names_and_methods(answers: Any) -> None:
    source = """
class Net:
    def __gradient(self, __f, x):
        return [(__f(x + e) - __f(x - e)) / self.__h for e in np.eye(2)]
    def gradient(self, f, x):
        return self.__gradient(f, x)
    @staticmethod
    def static(f, x):
        return [(f(x + e) - f(x - e)) / 2e-4 for e in np.eye(2)]
    @classmethod
    def of_class(cls, f, x):
        return [(f(x + e) - f(x - e)) / cls.h for e in np.eye(2)]
    @property
    def slopes(self):
        return [(self.f(e) - self.f(-e)) / 2e-4 for e in np.eye(2)]
"""
    calls = answers(8)
    net = names_of(source)["Net"]()
    assert net.gradient(1, 2) == net.static(1, 2) == net.of_class(1, 2) == net.slopes == 8
    assert [list(call.arguments) for call in calls] == [
        ["self", "_Net__f", "x"],
        ["f", "x"],
        ["cls", "f", "x"],
        ["self"],
    ]


@pytest.mark.parametrize("answer", [None, False, 0, np.zeros(3), NOT_FOUND.value])
def test_any_value_is_an_answer(answers: Any, answer: Any) -> None:
    answers(lambda call: answer)
    assert names_of(LOOP)["slope"](lambda x: x @ x, np.ones(2)) is answer


def test_not_found_is_asked_again_and_hopeless_is_not(answers: Any) -> None:
    own = names_of(LOOP)["slope"]
    calls = answers(NOT_FOUND)
    for _ in range(3):
        np.testing.assert_allclose(own(lambda x: x @ x, np.ones(2)), 2, rtol=1e-9)
    assert len(calls) == 3
    calls = answers(HOPELESS)
    for _ in range(3):
        np.testing.assert_allclose(own(lambda x: x @ x, np.ones(2)), 2, rtol=1e-9)
    assert len(calls) == 1


def test_inside_of_a_question_nothing_asks(answers: Any) -> None:
    own = names_of(LOOP)["slope"]
    calls = answers(lambda call: ("found", own(lambda x: x @ x, np.ones(2))))
    kind, inner = own(None, None)
    assert kind == "found"
    np.testing.assert_allclose(inner, 2, rtol=1e-9)
    assert len(calls) == 1
    with recognise.mode("off"):
        assert isinstance(own(lambda x: x @ x, np.ones(2)), np.ndarray)


def test_a_proof_of_another_gradient_asks_nothing(answers: Any) -> None:
    from zerokara.recognise.sampling import in_silence

    own = names_of(LOOP)["slope"]
    calls = answers("found")
    with in_silence():
        assert isinstance(own(lambda x: x @ x, np.ones(2)), np.ndarray)
    assert calls == []
    assert own(None, None) == "found"


def test_answers_of_threads_are_kept_apart(answers: Any) -> None:
    both_ask = threading.Barrier(2, timeout=20)

    def wait(call: OwnCall) -> Any:
        both_ask.wait()
        return call.arguments["x"]

    answers(wait)
    own, found = names_of(LOOP)["slope"], {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: own(None, n)})) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1: 1, 2: 2}


def test_recursion(answers: Any) -> None:
    source = """
def slope(f, x):
    if x.ndim > 1:
        return np.array([slope(f, row) for row in x])
    return np.array([(f(x + e) - f(x - e)) / 2e-4 for e in 1e-4 * np.eye(x.size)])
"""
    calls = answers(lambda call: NOT_FOUND if call.arguments["x"].ndim > 1 else np.ones(2))
    assert names_of(source)["slope"](None, np.zeros((3, 2))).tolist() == [[1, 1]] * 3
    assert len(calls) == 4


# What goes wrong in a question


def test_an_error_of_ours_does_not_reach_the_learner(answers: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fail(call: OwnCall) -> Any:
        raise ZeroDivisionError("ours")

    answers(fail)
    own = names_of(LOOP)["slope"]
    with caplog.at_level(logging.INFO, logger="zerokara"):
        np.testing.assert_allclose(own(lambda x: x @ x, np.ones(2)), 2, rtol=1e-9)
    assert "looking into a call of slope failed" in caplog.text
    answers("found")
    assert own(None, None) == "found"


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), SystemExit(3), ZerokaraError("differs", "not-verified")],
    ids=["Ctrl-C", "exit", "verify"],
)
def test_what_does_reach_the_learner(answers: Any, error: BaseException) -> None:
    def fail(call: OwnCall) -> Any:
        raise error

    answers(fail)
    own = names_of(LOOP)["slope"]
    with pytest.raises(type(error)):
        own(None, None)
    answers("found")
    assert own(None, None) == "found"


class Late(Exception):
    pass


class Alarm:
    def __call__(self, number: int, frame: Any) -> None:
        raise Late

    def method(self, number: int, frame: Any) -> None:
        raise Late


def alarm(number: int, frame: Any) -> None:
    raise Late


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no SIGALRM")
@pytest.mark.parametrize(
    "handler",
    [alarm, Alarm(), Alarm().method, functools.partial(alarm)],
    ids=["function", "object", "method", "partial"],
)
def test_a_signal_handler_of_the_learners(answers: Any, handler: Any) -> None:
    answers(lambda call: os.kill(os.getpid(), signal.SIGALRM) or sum(range(1000)))
    own = names_of(LOOP)["slope"]
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(Late):
            own(None, None)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_the_learners_own_errors_look_as_ever(run: Run, answers: Any) -> None:
    source = "import numpy as np\n" + LOOP + "slope(lambda x: 1 / 0, np.ones(2))\n"
    answers(NOT_FOUND)
    ours, plain = run(source), run(source, "--no-accelerate")
    assert (ours.status, ours.err) == (1, plain.err)
    assert "line 9, in slope\n    above = f(x)" in plain.err


# Where code is compiled


def test_a_script(run: Run, answers: Any) -> None:
    calls = answers(np.array([3, 7]))
    assert run(SCRIPT).out == ANSWER
    assert len(calls) == 1
    assert run(SCRIPT, "--no-accelerate").out == PLAIN
    assert len(calls) == 1
    assert run(SCRIPT, "--accelerate").out == ANSWER
    assert run("# -*- coding: euc-jp -*-\n# 勾配\n".encode("euc-jp") + SCRIPT.encode()).out == ANSWER
    assert run("from __future__ import annotations\n" + SCRIPT).out == ANSWER
    assert run(SCRIPT.encode("utf-8-sig")).out == ANSWER


def test_a_note(run: Run, answers: Any) -> None:
    answers(np.array([3, 7]))
    note = f"# 題\n\n```python\nimport numpy as np\n{LOOP}```\n\n```python\n{CALL}```\n"
    assert run(note, name="note.md").out == ANSWER
    assert run(note, "--no-accelerate", name="note.md").out == PLAIN


PART = """
def part(f, x, e):
    return (f(x + e) - f(x - e)) / 2e-4
"""
WHOLE = """
def whole(f, x):
    return np.array([part(f, x, e) for e in 1e-4 * np.eye(x.size)])
whole(lambda x: float(np.sum(x ** 2)), np.array([1.0, 2.0])).round(6)
"""


def test_a_loop_in_two_cells(run: Run, answers: Any) -> None:
    calls = answers(np.array([3, 7]))
    note = f"```python\nimport numpy as np\n{PART}```\n\n```python\n{WHOLE}```\n"
    assert run(note, name="note.md").out == "array([3, 7])\n"
    assert [call.plain.__name__ for call in calls] == ["whole"]


def notebook(*cells: str) -> str:
    code = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for i, source in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code})


@pytest.mark.slow
def test_a_notebook(run_apart: Run, tmp_path: Path) -> None:
    pytest.importorskip("IPython", reason="the extra notebook is not installed")
    pytest.importorskip("nbformat", reason="the extra notebook is not installed")
    (tmp_path / "used.py").write_text(SCRIPT)
    cells = [
        "import numpy as np\n" + FAKE,
        LOOP,
        CALL,
        f"%%time\n{CALL}",
        PART,
        WHOLE,
        "%run used.py",
        "%timeit -n1 -r1 " + CALL,
    ]
    (tmp_path / "n.ipynb").write_text(notebook(*cells))
    result = run_apart("n.ipynb", cwd=tmp_path)
    assert result.status == 0, result.err
    lines = [line + "\n" for line in result.out.splitlines() if "ime" not in line and "loop" not in line]
    assert lines == [ANSWER, ANSWER, "Out[6]: array([2, 7])\n", ANSWER, ANSWER]
    plain = run_apart("--no-accelerate", "n.ipynb", cwd=tmp_path)
    assert plain.out.count(PLAIN) == 4, plain.out + plain.err
    error = notebook("import numpy as np\n" + LOOP, "slope(lambda x: 1 / 0, np.ones(2))")
    (tmp_path / "n.ipynb").write_text(error)
    assert run_apart("n.ipynb", cwd=tmp_path).err == run_apart("--no-accelerate", "n.ipynb", cwd=tmp_path).err


@pytest.mark.parametrize("first", ["import zerokara.book", "%load_ext zerokara.book"])
def test_ipython_without_the_runner(tmp_path: Path, first: str) -> None:
    """Later cells, and what comes later in the same one; until it is taken away."""
    pytest.importorskip("IPython", reason="the extra notebook is not installed")
    (tmp_path / "used.py").write_text(SCRIPT)
    code = f"""{LOOP}{CALL}
{first}
{FAKE}{LOOP}{CALL}
%run used.py
%load_ext zerokara.book
%time {CALL}
type(get_ipython().compile).__mro__[1].__name__
%unload_ext zerokara.book
{LOOP}{CALL}
%run used.py
type(get_ipython().compile).__name__
"""
    (tmp_path / "s.ipy").write_text("import numpy as np\n" + code)
    options = ["--ipython-dir", str(tmp_path), "--HistoryManager.enabled=False", "--colors=NoColor"]
    command = [sys.executable, "-m", "IPython", *options, "s.ipy"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line + "\n" for line in done.stdout.splitlines() if line.startswith("[")]
    assert lines == [PLAIN, ANSWER, ANSWER, ANSWER, PLAIN, PLAIN], done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_imports: None) -> Iterator[Path]:
    """A folder of the learner's, first on sys.path."""
    monkeypatch.syspath_prepend(tmp_path)
    start()
    yield tmp_path
    start()


def write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    importlib.invalidate_caches()


def imported(name: str) -> ModuleType:
    sys.modules.pop(name, None)
    return importlib.import_module(name)


def test_a_module_of_the_learners(folder: Path) -> None:
    write(folder / "own_slopes.py", "import numpy as np\n" + LOOP)
    write(folder / "own_package" / "__init__.py", "from .inner import slope\n")
    write(folder / "own_package" / "inner.py", "import numpy as np\n" + LOOP)
    write(folder / "own_namespace" / "inner.py", "import numpy as np\n" + LOOP)
    write(folder / "own_plain.py", "def f(x):\n    return x\n")
    for name in ("own_slopes", "own_package", "own_package.inner", "own_namespace.inner"):
        assert asks(imported(name).slope), name
    module = imported("own_slopes")
    spec = module.__spec__
    assert spec is not None
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert set(vars(module.__loader__)) == {"name", "path"}
    assert spec.cached is not None
    assert not asks(imported("own_plain").f)
    assert pickle.loads(pickle.dumps(module.slope)) is module.slope
    assert asks(importlib.reload(module).slope)


def test_a_cache_is_used_and_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write(folder / "own_cached.py", "import numpy as np\n" + LOOP)
    stop()
    spec = imported("own_cached").__spec__
    assert spec is not None
    cache = Path(str(spec.cached))
    before = cache.read_bytes()
    start()
    assert asks(imported("own_cached").slope)
    assert cache.read_bytes() == before
    cache.unlink()
    assert asks(imported("own_cached").slope)
    assert cache.read_bytes()[16:] == before[16:]  # after its time stamp
    assert asks(imported("own_cached").slope)


def test_a_cache_of_another_source_is_what_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import py_compile

    write(folder / "own_stale.py", "import numpy as np\n" + LOOP.replace("(2 * h)", "(3 * h)"))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(folder / "own_stale.py"), invalidation_mode=mode)
    write(folder / "own_stale.py", "import numpy as np\n" + LOOP)
    slope = imported("own_stale").slope
    assert not asks(slope)
    assert slope(lambda x: x @ x, np.ones(1)) == pytest.approx(4 / 3)


def test_modules_of_others(folder: Path) -> None:
    write(folder / "site-packages" / "of_others.py", "import numpy as np\n" + LOOP)
    sys.path.insert(0, str(folder / "site-packages"))
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("of_archive.py", "import numpy as np\n" + LOOP)
    sys.path.insert(0, str(folder / "packed.zip"))
    assert not asks(imported("of_others").slope)
    assert not asks(imported("of_archive").slope)
    assert not import_hooks._is_learners_folder(os.path.dirname(os.__file__))
    assert not import_hooks._is_learners_folder(str(Path(np.__file__).parent))
    assert not import_hooks._is_learners_folder(str(Path(recognise.__file__).parent))
    assert import_hooks._is_learners_folder(str(folder))
    from zerokara.book.common.gradient import numerical_gradient

    assert not asks(numerical_gradient)


def test_imports_that_fail_fail_as_before(folder: Path) -> None:
    write(folder / "own_broken.py", LOOP + "def (\n")
    write(folder / "own_raising.py", "import numpy as np\n" + LOOP + "slope(lambda x: 1 / 0, np.ones(2))\n")
    with pytest.raises(SyntaxError) as broken:
        imported("own_broken")
    assert broken.value.lineno == LOOP.count("\n") + 1
    with pytest.raises(ZeroDivisionError):
        imported("own_raising")
    assert "own_raising" not in sys.modules
    with pytest.raises(ModuleNotFoundError, match="own_missing"):
        imported("own_missing")


@pytest.mark.parametrize(
    "end", ["def (\n", "\0", "x = '\xff'\n", "slope(lambda x: 1 / 0, np.ones(2))\n", "import missing\n"]
)
def test_an_error_in_a_module_looks_as_ever(tmp_path: Path, end: str) -> None:
    (tmp_path / "own_broken.py").write_bytes(("import numpy as np\n" + LOOP + end).encode("latin-1"))
    texts = []
    for first in ("install", "uninstall"):
        (tmp_path / "main.py").write_text(f"import zerokara.book; zerokara.book.{first}()\nimport own_broken\n")
        done = subprocess.run([sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
        texts.append(done.stderr.replace("uninstall", "install"))
    assert texts[0] == texts[1]
    assert "Error" in texts[0]


def test_a_finder_of_another_age(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder / "own_slopes.py", "import numpy as np\n" + LOOP)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, object()])
    assert not asks(imported("own_slopes").slope)


def test_nothing_is_looked_through_when_it_is_off(folder: Path) -> None:
    write(folder / "own_off.py", "import numpy as np\n" + LOOP)
    with recognise.mode("off"):
        assert not asks(imported("own_off").slope)
    stop()
    assert not asks(imported("own_off").slope)
    start()
    assert asks(imported("own_off").slope)


def test_a_module_whose_main_it_is(run: Run, answers: Any, tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "gradient.py").write_text("import numpy as np\n" + LOOP)
    answers(np.array([3, 7]))
    assert run("import numpy as np\nfrom common.gradient import slope\n" + CALL).out == ANSWER


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_child_processes(run_apart: Run, tmp_path: Path, method: str) -> None:
    (tmp_path / "own_module.py").write_text("import numpy as np\n" + LOOP)
    (tmp_path / "many.py").write_text(
        "import multiprocessing\nimport numpy as np\nimport own_module\n"
        + FAKE
        + LOOP
        + "def work(n):\n    return [own(None, np.ones(n)).tolist() for own in (slope, own_module.slope)]\n"
        + f"if __name__ == '__main__':\n    with multiprocessing.get_context('{method}').Pool(1) as pool:\n"
        + "        print(pool.map(work, [2]))\n"
    )
    result = run_apart("many.py", cwd=tmp_path)
    assert (result.status, result.out) == (0, "[[[3, 7], [3, 7]]]\n"), result.err
    off = run_apart("--no-accelerate", "many.py", cwd=tmp_path)
    assert "TypeError: 'NoneType' object is not callable" in off.err


# Who looks on


@pytest.mark.parametrize("install", [sys.settrace, sys.setprofile])
def test_a_tracer_or_profiler_sees_the_loop(answers: Any, install: Any) -> None:
    calls = answers("found")
    own, seen = names_of(LOOP)["slope"], set()
    before = sys.gettrace() if install is sys.settrace else sys.getprofile()

    def look(frame: Any, event: str, argument: Any) -> Any:
        seen.add(frame.f_code.co_filename)
        return look

    install(look)
    try:
        found = own(lambda x: x @ x, np.ones(2))
    finally:
        install(before)
    np.testing.assert_allclose(found, 2, rtol=1e-9)
    assert calls == []
    assert not any("zerokara" in file and "tests" not in file for file in seen)
    assert own(None, None) == "found"


@pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon"])
def test_coverage_counts_the_lines_of_the_loop(tmp_path: Path, core: str) -> None:
    pytest.importorskip("coverage")
    if core == "sysmon" and sys.version_info < (3, 12):
        pytest.skip("sys.monitoring came with Python 3.12")
    (tmp_path / "learner.py").write_text(SCRIPT)
    (tmp_path / "starts.py").write_text(
        "import numpy as np, zerokara.book\n" + FAKE + "import learner\n"
        "from zerokara.sources.instrumentation import plain_code_of\n"
        "print(plain_code_of(learner.slope.__code__) is learner.slope.__code__)\n"
    )
    environment = {**os.environ, "COVERAGE_CORE": core}
    command = [sys.executable, "-m", "coverage", "run", "--include=learner.py", "starts.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == PLAIN + "False\n", done.stderr
    command = [sys.executable, "-m", "coverage", "json", "-o", "-", "-q"]
    report = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
    (file,) = json.loads(report.stdout)["files"].values()
    assert file["missing_lines"] == []


def test_a_debugger_stops_at_the_first_line(tmp_path: Path) -> None:
    (tmp_path / "learner.py").write_text(SCRIPT)
    (tmp_path / "starts.py").write_text(
        "import numpy as np, zerokara.book\n" + FAKE + "import learner\nprint('again')\n"
        "import pdb\npdb.run('learner.slope(lambda x: float(np.sum(x)), np.ones(1))', vars())\n"
    )
    commands = "break learner.slope\ncontinue\nnext\nnext\nnext\nprint(before)\nclear 1\ncontinue\n"
    done = subprocess.run(
        [sys.executable, "starts.py"], cwd=tmp_path, input=commands, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith(ANSWER), done.stderr
    assert "-> grad = np.zeros_like(x)" in done.stdout
    assert "-> x[i] = before + h" in done.stdout
    assert "zerokara" not in done.stdout.split("again")[1].replace("zerokara.book", "")


# What costs nothing


@pytest.mark.parametrize("text", ["", "x = 1 / 2 - 3", "def f(): return [a - b for a in c]", f"import numba\n{LOOP}"])
def test_what_is_not_even_parsed(text: str) -> None:
    assert not is_worth_parsing(text)
    assert is_worth_parsing(LOOP)


def test_code_without_a_loop_is_the_very_same(answers: Any) -> None:
    for source in ("x = 1\n", "def f(x):\n    return [x - i / 2 for i in range(3)]\n"):
        plain = compile(source, "learner.py", "exec")
        assert with_questions(plain, source) is plain
        assert with_questions(plain, ast.parse(source)) is plain


@pytest.mark.parametrize("line", ["import numba", "import numpy, numba.core as nb", "from numba import njit"])
def test_what_numba_may_compile_is_left_alone(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the code of a function, and would refuse the function for what it finds there."""
    source = f"{line}\n{LOOP}"
    plain = compile(source, "learner.py", "exec", dont_inherit=True)
    assert with_questions(plain, source) is with_questions(plain, ast.parse(source)) is plain
    plain = compile(LOOP, "learner.py", "exec", dont_inherit=True)
    assert with_questions(plain, LOOP) is not plain
    monkeypatch.setitem(sys.modules, "numba", ModuleType("numba"))
    assert with_questions(plain, LOOP) is plain


def test_a_tree_that_is_too_deep_for_us() -> None:
    source = f"def f(x):\n    return {'-'.join(['f(x) / x'] * 300)}\n"
    tree = ast.parse(source)
    node: ast.AST = ast.Name("x", ast.Load())
    for _ in range(100_000):
        node = ast.UnaryOp(ast.USub(), node)  # type: ignore[arg-type]
    tree.body.append(ast.Expr(node))  # type: ignore[arg-type]
    plain = compile(source, "learner.py", "exec", dont_inherit=True)
    assert with_questions(plain, tree) is plain
    assert quotient_parts_of(tree) == set()


def test_a_source_that_is_not_that_of_the_code(caplog: pytest.LogCaptureFixture) -> None:
    plain = compile("x = 1\n", "learner.py", "exec")
    with caplog.at_level(logging.INFO, logger="zerokara"):
        assert with_questions(plain, LOOP) is plain
        assert with_questions(plain, LOOP + "def (") is plain
    assert caplog.text.count("looking for numerical gradients in learner.py failed") == 2


def test_the_question_answers_no_by_itself() -> None:
    plain = compile("0", "learner.py", "eval")
    with recognise.mode("off"):
        assert OwnLoop(plain)((1, 2)) is False
