"""From a code object to the syntax tree it was compiled from, proven by compiling that source again.

The file may have changed since, a decorator or a notebook may have rewritten it: only a source that gives the very same
code, byte for byte and position for position, is believed.
"""

from __future__ import annotations

import ast
import linecache
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType

from zerokara.errors import UsageError
from zerokara.sources.cells import TEXTS, cells_of
from zerokara.sources.instrumentation import plain_code_of
from zerokara.words import sentence

Definition = ast.FunctionDef | ast.Lambda


class UnprovenSource(Exception):
    """Why the source of a code object is not believed, as a sentence in the user's language."""


@lru_cache(maxsize=256)
def any_tree_of(code: CodeType) -> Definition:
    """The definition that a code object comes from. Raises UnprovenSource where that cannot be proven."""
    code = plain_code_of(code)
    for text in texts_of(code.co_filename):
        found = _found_in(code, text)
        if found is not None:
            return found
    raise UnprovenSource(sentence("The source of {name} is not at hand.", name=code.co_name))


def tree_of(code: CodeType) -> Definition:
    """The same, of code that writes to no names but its own."""
    found = any_tree_of(code)
    if any(isinstance(part, ast.Global | ast.Nonlocal) for part in ast.walk(found)):
        raise UnprovenSource(sentence("{name} writes to names that are not its own.", name=code.co_name))
    return found


def code_inside(outer: CodeType, node: Definition) -> CodeType:
    """The code of a definition that stands inside another. Raises UnprovenSource where several fit."""
    fitting = [code for code in _all_codes(outer) if code is not outer and _fits(node, code)]
    if len(fitting) != 1:
        name = node.name if isinstance(node, ast.FunctionDef) else "<lambda>"
        raise UnprovenSource(sentence("The source of {name} is not at hand.", name=name))
    return fitting[0]


def texts_of(filename: str) -> Iterator[str]:
    """What the file may have been when it was compiled: all of it, or, of a note, one of its cells."""
    if Path(filename).suffix.lower() not in TEXTS:
        linecache.checkcache(filename)  # a module that was edited and reloaded
        yield "".join(linecache.getlines(filename))
    elif Path(filename).is_file():
        try:
            cells = cells_of(Path(filename))
        except UsageError:
            return
        for cell in cells:
            yield cell.in_place


@lru_cache(maxsize=64)
def _parsed(text: str, filename: str) -> tuple[list[Definition], list[CodeType]]:
    """All functions of a source, and all code it gives: compiled at once or, as in IPython, by statements.

    That makes a difference: until Python 3.12, `np.dot` was compiled differently where `np` was imported.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whoever ran the source has seen them
            tree = ast.parse(text)
            units = [tree, *(ast.Module([statement], []) for statement in tree.body)]
            codes = [compile(unit, filename, "exec", dont_inherit=True) for unit in units]
    except (SyntaxError, ValueError):
        return [], []
    _mangle(tree, "")
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    return functions, [inner for code in codes for inner in _all_codes(code)]


_NAMES: dict[type[ast.AST], str] = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg"}


def _mangle(node: ast.AST, class_name: str) -> None:
    """Give private names the form they have in the code: inside `class Net`, `__h` means `_Net__h`.

    See "Private name mangling" in the Python reference, 6.2.1. The keywords of a call stay as they are.
    """
    field = _NAMES.get(type(node), "")
    name = getattr(node, field, "")
    if class_name.strip("_") and name.startswith("__") and not name.endswith("__"):
        setattr(node, field, f"_{class_name.lstrip('_')}{name}")
    for child in ast.iter_child_nodes(node):
        _mangle(child, node.name if isinstance(node, ast.ClassDef) and child in node.body else class_name)


def _all_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_codes(constant)


def _found_in(code: CodeType, text: str) -> Definition | None:
    functions, codes = _parsed(text, code.co_filename)
    if not any(_same(code, other) for other in codes):
        return None
    # Where two definitions fit, either could be meant, and neither is believed.
    fitting = [node for node in functions if _fits(node, code)]
    return fitting[0] if len(fitting) == 1 else None


def _same(code: CodeType, other: CodeType) -> bool:
    # Not every Python's == compares positions, and two lambdas of one line may differ in nothing else.
    return code == other and list(code.co_positions()) == list(other.co_positions())


def _fits(node: Definition, code: CodeType) -> bool:
    """Whether the code's instructions cover just this node's lines and columns."""
    if isinstance(node, ast.FunctionDef):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        return node.name == code.co_name and first == code.co_firstlineno
    if code.co_name != "<lambda>":
        return False
    places = [(a, c, b, d) for a, b, c, d in code.co_positions() if None not in (a, b, c, d) and (b, d) != (a, c)]
    body = node.body
    return bool(places) and (
        min((a, c) for a, c, _, _ in places) == (body.lineno, body.col_offset)
        and max((b, d) for _, _, b, d in places) == (body.end_lineno, body.end_col_offset)
    )
