"""Calls in code whose functions are constants of it: put in as marks, and replaced after compiling."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable
from functools import partial
from types import CodeType
from typing import Any

MARK = f"zerokara:{os.urandom(16).hex()}:"
"""How the constants begin that are replaced after compiling; in nobody's source."""


def marked_call(name: str, *given: ast.expr) -> ast.Call:
    """A call of what takes the place of this mark."""
    return ast.Call(ast.Constant(MARK + name), list(given), [])


def place(question: ast.AST, at: ast.stmt | ast.expr, line: int | None) -> None:
    """Where a statement of one line would stand; what is the learner's own has its place already."""
    for node in ast.walk(question):
        if "lineno" in node._attributes and not hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line or at.lineno  # type: ignore[attr-defined]
            node.col_offset = node.end_col_offset = at.col_offset  # type: ignore[attr-defined]


def codes_in(code: CodeType) -> list[CodeType]:
    """The codes of the functions and classes in a code."""
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def marks_in(code: CodeType) -> list[str]:
    """The marks that are among the constants of a code."""
    return [c.removeprefix(MARK) for c in code.co_consts if isinstance(c, str) and c.startswith(MARK)]


class Sendable(partial[Any]):
    """A function in code that may be sent to another process, where zerokara may not be; there it answers None.

    It is called without a line of Python more, as `partial` is.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, ({}, "get")


LOOKERS_ON: list[tuple[str, Callable[..., Any], tuple[int, ...]]] = [
    ("gettrace", sys.gettrace, ()),
    ("getprofile", sys.getprofile, ()),
]
"""What tells of a tracer, a profiler or, from Python 3.12 on, a tool for monitoring; None where there is none."""
if sys.version_info >= (3, 12):
    LOOKERS_ON += [("get_tool", Sendable(sys.monitoring.get_tool), (number,)) for number in range(6)]
