"""The syntax tree of a code object, found and proven."""

import ast

import pytest

from zerokara.recognise.interpreted_code import tree_of
from zerokara.recognise.refusal import Refused


def test_lambdas_of_one_line_are_told_apart(learner):
    names = learner("pair = (lambda x: x + 1), (lambda x: x + 2)\nsame = [lambda x: x for _ in range(2)]\n")
    trees = [tree_of(f.__code__) for f in names.pair]
    assert [ast.unparse(tree.body) for tree in trees] == ["x + 1", "x + 2"]
    assert ast.unparse(tree_of(names.same[0].__code__)) == "lambda x: x"


def test_methods_and_closures(learner):
    names = learner("""
class A:
    def f(self):
        return 1
class B:
    def f(self):
        return lambda x: x + 2
""")
    assert ast.unparse(tree_of(names.B.f.__code__).body[0]) == "return lambda x: x + 2"
    assert ast.unparse(tree_of(names.B().f().__code__)) == "lambda x: x + 2"


def test_a_cell_of_a_note(tmp_path):
    note = tmp_path / "note.md"
    note.write_text("# 学習\n\n```python\ndef f(x):\n    return x * 3.25\n```\n\nprose that is no Python\n")
    names = {}
    exec(compile("\n\n\ndef f(x):\n    return x * 3.25", str(note), "exec"), names)
    assert ast.unparse(tree_of(names["f"].__code__).body[0]) == "return x * 3.25"


@pytest.mark.parametrize("change", [("3.75", "3.5"), ("x *", "x +"), ("def g", "\ndef g"), ("(x)", "(y)")])
def test_a_source_that_gives_other_code_is_not_believed(tmp_path, change):
    path = tmp_path / "changed.py"
    text = "def g(x):\n    return x * 3.75\n"
    path.write_text(text.replace(*change))
    names = {}
    exec(compile(text, str(path), "exec"), names)
    with pytest.raises(Refused, match="source of g"):
        tree_of(names["g"].__code__)


def test_code_without_a_file():
    names = {}
    exec("def h(x): return x * 4.125", names)
    with pytest.raises(Refused, match="source of h"):
        tree_of(names["h"].__code__)
