"""A learner's program: the sources of its file or cells, as one syntax tree, and the names that its run left behind."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

from zerokara.sources.magics import syntax_tree
from zerokara.sources.syntax import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Loop = ast.For | ast.While


@dataclass(frozen=True)
class SourceText:
    """A piece of a learner's source.

    Attributes:
        path: of the file that it stands in.
        text: the code.
        line: of the file, where the text starts; 1 for a cell of a notebook, whose lines are its own.
        cell: the number of the cell; None for a script.
    """

    path: Path
    text: str
    line: int = 1
    cell: int | None = None


class Place(TypedDict):
    """Where a finding points to, by the names of `Finding`."""

    file: Path | None
    line: int | None


class Program(Source):
    """A learner's program, its cells one after the other.

    Attributes:
        texts: its sources. One that is no Python is left out.
    """

    def __init__(self, texts: Sequence[SourceText], names: Mapping[str, Any]) -> None:
        self.texts = tuple(texts)
        self._text_of: dict[int, SourceText] = {}
        self._parent: dict[int, ast.AST] = {}
        body: list[ast.stmt] = []
        for text in texts:
            tree = syntax_tree("\n" * (text.line - 1) + text.text)
            body += tree.body if tree else []
            self._text_of |= {id(statement): text for statement in (tree.body if tree else [])}
        self._read(body, names)

    @classmethod
    def of_statements(cls, body: Sequence[ast.stmt]) -> Program:
        """A program that is a syntax tree already, of which nothing has run yet."""
        program = cls.__new__(cls)
        program.texts, program._text_of, program._parent = (), {}, {}
        program._read(list(body), {})
        return program

    def _read(self, body: list[ast.stmt], names: Mapping[str, Any]) -> None:
        super().__init__(ast.Module(body, []), dict(names))
        for node in self.nodes:
            self._parent |= {id(child): node for child in ast.iter_child_nodes(node)}

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node stands in, the innermost first; the module is left out."""
        while (node := self._parent.get(id(node), self.tree)) is not self.tree:
            yield node

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The smallest statement that a node is in."""
        return next(part for part in (node, *self.around(node)) if isinstance(part, ast.stmt))

    def function_of(self, node: ast.AST) -> ast.FunctionDef | None:
        """The function that a node stands in; None for the top level."""
        return next((part for part in self.around(node) if isinstance(part, ast.FunctionDef)), None)

    def loops_of(self, node: ast.AST) -> list[Loop]:
        """The loops that a node stands in, within its function, the innermost first."""
        found: list[Loop] = []
        for part in self.around(node):
            if isinstance(part, Function):
                break
            if isinstance(part, ast.For | ast.While):
                found.append(part)
        return found

    def place(self, node: ast.AST) -> Place:
        """The file and line of a node."""
        top = [node, *self.around(node)][-1]
        text = self._text_of.get(id(top))
        return Place(file=text.path if text else None, line=getattr(node, "lineno", None))

    def position(self, node: ast.AST) -> tuple[int, int]:
        """Where a node stands in the program, to be compared: each cell of a notebook counts its lines anew."""
        top = [node, *self.around(node)][-1]
        number = next((n for n, text in enumerate(self.texts) if text is self._text_of.get(id(top))), -1)
        return number, getattr(node, "lineno", 0)

    @cached_property
    def functions(self) -> dict[str, list[ast.FunctionDef]]:
        """The functions and methods that it defines, by name."""
        found: dict[str, list[ast.FunctionDef]] = {}
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
        return found

    @cached_property
    def written(self) -> str:
        """All of it as it was written, comments included."""
        return "\n".join(text.text for text in self.texts)


def names_in(node: ast.AST) -> set[str]:
    """The names that an expression or statement reads or writes."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def words_in(node: ast.AST) -> set[str]:
    """The names, attributes and texts in a piece of code."""
    found = names_in(node)
    found |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    return found | {p.value for p in ast.walk(node) if isinstance(p, ast.Constant) and isinstance(p.value, str)}


def root_of(node: ast.expr) -> str:
    """`net` of `net.params["W1"]`; empty where it is no name."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
