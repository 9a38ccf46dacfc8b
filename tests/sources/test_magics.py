"""IPython's own lines: which they are, and the syntax tree of the lines around them."""

import ast

import pytest

from zerokara.sources.magics import syntax_tree

MIXED = {
    "a magic": ("%matplotlib inline\nx = 1", "pass\nx = 1"),
    "a magic in a loop": ("for i in x:\n    %time f(i)\n    y = i", "for i in x:\n    pass\n    y = i"),
    "a shell command": ("!ls | head\nx = 1", "pass\nx = 1"),
    "questions": ("?np.dot\nnp.exp??\nx = 1", "pass\npass\nx = 1"),
    "a format that goes on": ("print('%d'\n  % x)", "print('%d' % x)"),
    "text": ("s = '''\n!no\n%no\nno?\n'''", "s = '\\n!no\\n%no\\nno?\\n'"),
}


@pytest.mark.parametrize(("source", "expected"), MIXED.values(), ids=MIXED.keys())
def test_the_tree_around_them(source: str, expected: str) -> None:
    tree = syntax_tree(source)
    assert tree is not None
    assert ast.unparse(tree) == expected


@pytest.mark.parametrize("source", ["def f(:", "文章 です", "x = \0", "%%bash\nfor i in x; do y; done"])
def test_what_is_not_python(source: str) -> None:
    assert syntax_tree(source) is None


def test_lines_stay_where_they_are() -> None:
    tree = syntax_tree("\n\n%cd x\n\ny = 1\n")
    assert tree is not None
    assert [statement.lineno for statement in tree.body] == [3, 5]
