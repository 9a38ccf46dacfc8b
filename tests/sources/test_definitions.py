"""The syntax tree of a code object, found and proven."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zerokara.sources.definitions import UnprovenSource, tree_of

Names = dict[str, Any]


@pytest.fixture
def ran(tmp_path: Path) -> Callable[[str], Names]:
    """ran(source): the names that a file with this source leaves behind."""

    def ran(source: str, name: str = "learner.py") -> Names:
        path, names = tmp_path / name, {}
        path.write_text(source, encoding="utf-8")
        exec(compile(source, str(path), "exec", dont_inherit=True), names)
        return names

    return ran


def test_lambdas_of_one_line_are_told_apart(ran: Callable[[str], Names]) -> None:
    names = ran("pair = (lambda x: x + 1), (lambda x: x + 2)\nsame = [lambda x: x for _ in range(2)]\n")
    assert [ast.unparse(tree_of(f.__code__).body) for f in names["pair"]] == ["x + 1", "x + 2"]  # type: ignore[arg-type]
    assert ast.unparse(tree_of(names["same"][0].__code__)) == "lambda x: x"


def test_methods_and_closures(ran: Callable[[str], Names]) -> None:
    names = ran("""
class A:
    def f(self):
        return 1
class B:
    def f(self):
        return lambda x: x + 2
""")
    assert ast.unparse(tree_of(names["B"].f.__code__).body[0]) == "return lambda x: x + 2"  # type: ignore[index]
    assert ast.unparse(tree_of(names["B"]().f().__code__)) == "lambda x: x + 2"


def test_a_cell_of_a_note(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# 学習\n\n```python\ndef f(x):\n    return x * 3.25\n```\n\nprose that is no Python\n")
    names: Names = {}
    exec(compile("\n\n\ndef f(x):\n    return x * 3.25", str(note), "exec"), names)
    assert ast.unparse(tree_of(names["f"].__code__)) == "def f(x):\n    return x * 3.25"


@pytest.mark.parametrize("change", [("3.75", "3.5"), ("x *", "x +"), ("def g", "\ndef g"), ("(x)", "(y)")])
def test_a_source_that_gives_other_code_is_not_believed(tmp_path: Path, change: tuple[str, str]) -> None:
    path = tmp_path / "changed.py"
    text = "def g(x):\n    return x * 3.75\n"
    path.write_text(text.replace(*change))
    names: Names = {}
    exec(compile(text, str(path), "exec"), names)
    with pytest.raises(UnprovenSource, match="source of g"):
        tree_of(names["g"].__code__)


def test_code_without_a_file() -> None:
    names: Names = {}
    exec("def h(x): return x * 4.125", names)
    with pytest.raises(UnprovenSource, match="source of h"):
        tree_of(names["h"].__code__)


def test_private_names_have_their_form_in_the_code(ran: Callable[[str], Names]) -> None:
    names = ran("class _Net:\n    def f(self):\n        return self.__h + self.__dunder__\n")
    assert ast.unparse(tree_of(names["_Net"].f.__code__).body[0]) == "return self._Net__h + self.__dunder__"  # type: ignore[index]


def test_code_that_writes_to_names_of_others(ran: Callable[[str], Names]) -> None:
    names = ran("count = 0\ndef f(x):\n    global count\n    count += 1\n    return x\n")
    with pytest.raises(UnprovenSource, match="f writes to names that are not its own"):
        tree_of(names["f"].__code__)


def test_a_file_that_is_edited_and_run_again(tmp_path):
    path = tmp_path / "helper.py"
    for source in ("def f(x):\n    return x\n", "def f(x):\n    return 3 * x\n"):
        path.write_text(source, encoding="utf-8")
        names: dict = {}
        exec(compile(source, str(path), "exec", dont_inherit=True), names)
        assert ast.unparse(tree_of(names["f"].__code__)) == source.rstrip()
