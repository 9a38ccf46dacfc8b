"""Tells a transcript's code from the output and the prose that follow it.

A transcript has no mark where a cell's code ends:

    In [6]:
    net = TwoLayerNet(784, 100, 10)
    print(net.params['b1'].shape)

    (100,)

    #### 推論処理の例

The code of a cell is as many of its blocks, separated by blank lines, as make up Python together, less those at the
end that only state a value, such as `(100,)`, or name what nothing has named before, such as a line of prose.
"""

import ast
import re

from zerokara.sources.magics import syntax_tree

PROMPT = re.compile(r"^\s*In ?\[[\d* ]*\] ?: ?(?P<rest>.*)$")
_OUTPUT = re.compile(r"^\s*Out ?\[[\d* ]*\] ?:")


def cut_code(lines: list[str], seen: set[str]) -> tuple[list[str], set[str]]:
    """The lines that are code, from the first on, and the names they use.

    Args:
        lines: what follows a prompt, up to the next one.
        seen: the names that earlier cells used.
    """
    lines = lines[: next((i for i, line in enumerate(lines) if _OUTPUT.match(line)), len(lines))]
    ends = _block_ends(lines)
    last = max((end for end in ends if _tree(lines[:end]) is not None), default=ends[0] if ends else 0)
    last = _with_broken_block(lines, ends, last)
    tree = _tree(lines[:last])
    if tree is None:
        return lines[:last], set()
    statements = _without_output(tree.body, lines, seen)
    code = lines[: statements[-1].end_lineno] if statements else lines[:last]
    return code, _names(statements)


def is_code(lines: list[str]) -> bool:
    """Whether a text as it stands is Python, with or without magics, and not prose."""
    tree = _tree(lines)
    return tree is not None and any(not _is_output(statement, set()) for statement in tree.body)


def _tree(lines: list[str]) -> ast.Module | None:
    return syntax_tree("\n".join(lines))


def _block_ends(lines: list[str]) -> list[int]:
    """After which lines a block ends: a blank line or nothing follows."""
    return [i + 1 for i, line in enumerate(lines) if line.strip() and not "".join(lines[i + 1 : i + 2]).strip()]


def _with_broken_block(lines: list[str], ends: list[int], last: int) -> int:
    """One block more, where an indented one follows: it is a learner's syntax error inside a class, not output."""
    later = [end for end in ends if end > last]
    following = next((line for line in lines[last:] if line.strip()), "")
    inside = bool(re.match(r"\s+(?:def|class|if|for|while|return|self\b|#|\w+\s*=)", following))
    return later[0] if later and inside else last


def _without_output(statements: list[ast.stmt], lines: list[str], seen: set[str]) -> list[ast.stmt]:
    """The statements without the blocks at their end that are nothing but output; the first block always stays."""
    start = _block_start(statements, lines)
    code, block = statements[:start], statements[start:]
    known = seen | _names(code)
    return _without_output(code, lines, seen) if code and all(_is_output(s, known) for s in block) else statements


def _block_start(statements: list[ast.stmt], lines: list[str]) -> int:
    """The index of the first statement of the last block."""
    for i in range(len(statements) - 1, 0, -1):
        if not lines[statements[i].lineno - 2].strip():
            return i
    return 0


def _is_output(statement: ast.stmt, known: set[str]) -> bool:
    if isinstance(statement, ast.AnnAssign):  # 損失関数: 1.165
        return statement.value is None
    return isinstance(statement, ast.Expr) and (_is_value(statement.value) or _is_prose(statement.value, known))


def _is_value(node: ast.expr) -> bool:
    """Whether the expression is what Python prints for a value: literals, or array(…) and the like of literals."""
    inner = [n for n in ast.walk(node) if not isinstance(n, ast.Load)]
    functions = {n.func for n in inner if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    plain = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.UnaryOp, ast.USub, ast.Call, ast.keyword)
    values = {"nan", "inf", "float32", "float64", "uint8", "int64"}
    printed = {"array", "tensor", "OrderedDict", "dict_keys", "dict_values", "dtype", "Index"}
    return all(
        isinstance(n, plain) or (isinstance(n, ast.Name) and (n.id in values or (n in functions and n.id in printed)))
        for n in inner
    )


def _is_prose(node: ast.expr, known: set[str]) -> bool:
    """Whether it is Japanese or Korean that happens to be an expression, such as `文章` or `- 箇条書き`."""
    words = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    calls = any(isinstance(n, ast.Call | ast.Attribute | ast.Subscript) for n in ast.walk(node))
    return not calls and any(not word.isascii() and word not in known for word in words)


def _names(statements: list[ast.stmt]) -> set[str]:
    """Every name that these statements use or define."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return names | {(node.asname or node.name) for node in nodes if isinstance(node, ast.alias)}
