"""Random edits of the syntax tree of backward code: mistakes that nobody thought of, and edits that change nothing."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .planted import STYLES, changed_lines, correct, is_wrong, made

BACKWARD = {
    "methods": {"gradient", "sigmoid_grad"},
    "layers": {"backward", "gradient"},
    "functions": {"backward", "relu_derivative"},
    "loops": {"backward"},
    "cells": {"gradient", "d_sigmoid"},
    "tanh_squares": {"gradient"},
    "leaky": {"gradients", "leaky_relu_backward"},
}
"""The functions of each style that its gradient consists of."""

OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}
Position = tuple[int, int, int, int]


@dataclass(frozen=True)
class RandomEdit:
    """A source after one edit.

    Attributes:
        style: of the source.
        what: the edit in words.
        source, lines: as of a `Mistake`.
        wrong: whether the gradient changed, to the witness.
    """

    style: str
    what: str
    source: str
    lines: frozenset[int]
    wrong: bool

    def __str__(self) -> str:
        return f"{self.style}: {self.what}"


def random_edits(count: int, seed: int, folder: Path) -> list[RandomEdit]:
    """So many that change a gradient, evenly of all styles, and those met meanwhile that change none."""
    rng = np.random.default_rng(seed)
    per_style = -(-count // len(STYLES))
    return [edit for style in STYLES for edit in _of_style(style, per_style, rng, folder)]


def _of_style(style: str, count: int, rng: np.random.Generator, folder: Path) -> Iterator[RandomEdit]:
    source = correct(style)
    possible = sorted(set(_edits(style, source)))
    for number in rng.permutation(len(possible)):
        position, old, new = possible[number]
        spoilt = _replaced(source, position, new)
        wrong = _judged(style, spoilt, folder)
        if wrong is not None:
            yield RandomEdit(style, f"{old} → {new}", spoilt, changed_lines(source, spoilt), wrong)
            count -= wrong
        if not count:
            return


def _judged(style: str, source: str, folder: Path) -> bool | None:
    """Whether its gradient is wrong; None where it does not run."""
    try:
        with redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            return is_wrong(made(style, source, folder))
    except Exception:
        return None


def _edits(style: str, source: str) -> Iterator[tuple[Position, str, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name in BACKWARD[style]:
            names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} - {"self", "np", "len"}
            names -= {"range", "enumerate", "reversed", "list"}
            for statement in node.body:
                for inner in ast.walk(statement):
                    for new in _instead(inner, sorted(names), source):
                        old = ast.get_source_segment(source, inner)
                        if old is not None and new != old:
                            yield _position(inner), old, new


def _position(node: Any) -> Position:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _replaced(source: str, position: Position, new: str) -> str:
    lines = source.splitlines(keepends=True)
    first, start, last, stop = position
    before, after = lines[first - 1][:start], lines[last - 1][stop:]
    return "".join([*lines[: first - 1], before + new + after, *lines[last:]])


def _instead(node: ast.AST, names: list[str], source: str) -> Iterator[str]:
    """What may stand in place of a node."""
    if isinstance(node, ast.BinOp):
        yield from _other_operations(node, source)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from names
    elif isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        yield from (repr(node.value + 1), repr(1 - node.value))
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield _text(node.value, source)
    elif isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Starred):
        yield _text(node.args[0], source)
    elif isinstance(node, ast.UnaryOp):
        yield _text(node.operand, source)
    elif isinstance(node, ast.Compare):
        yield f"({_text(node.left, source)} < {_text(node.comparators[0], source)})"


def _other_operations(node: ast.BinOp, source: str) -> Iterator[str]:
    left, right = _text(node.left, source), _text(node.right, source)
    for kind, sign in OPERATORS.items():
        if not isinstance(node.op, kind):
            yield f"({left} {sign} {right})"
    yield from (left, right)
    if isinstance(node.op, ast.Sub | ast.Div):
        yield f"({right} {OPERATORS[type(node.op)]} {left})"


def _text(node: ast.AST, source: str) -> str:
    return ast.get_source_segment(source, node) or ast.unparse(node)
