"""The statements of a loop's body that some names depend on: what prints, draws, measures or saves is left out."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Collection, Iterable

from zerokara.own_training.program import names_in, root_of
from zerokara.sources.data_flow import last_name

SHOWING = re.compile(r"print|plot|show|save|dump|write|log|summary|display|savefig|pause|sleep|clear|input|close|exit")
SHOWN = ("print", "plt", "logging", "logger", "tqdm", "pbar", "bar", "display", "sys", "os", "wandb", "writer", "time")


def sliced(
    body: Iterable[ast.stmt], names: Collection[str], *, kept: Collection[int] = (), dropped: Collection[int] = ()
) -> tuple[list[ast.stmt], set[str]]:
    """(statements, names): those that give `names` their values, and all names that they read or write.

    Args:
        kept: ids of statements that are part of it in any case.
        dropped: ids of statements that are left out.
    """
    needed = set(names)
    while True:
        before = len(needed)
        found = _slice(list(body), needed, kept, dropped)
        if len(needed) == before:
            return found, needed


def _slice(body: list[ast.stmt], needed: set[str], kept: Collection[int], dropped: Collection[int]) -> list[ast.stmt]:
    found = []
    for statement in body:
        if id(statement) in dropped:
            continue
        part = _part(statement, needed, kept, dropped)
        if part is not None:
            found.append(part)
    return found


def _part(statement: ast.stmt, needed: set[str], kept: Collection[int], dropped: Collection[int]) -> ast.stmt | None:
    """What is needed of a statement; None for nothing."""
    if id(statement) in kept or gives(statement, needed):
        needed |= names_in(statement)
        return statement
    if not isinstance(statement, ast.If | ast.For | ast.While | ast.With | ast.Try):
        return None
    blocks = {
        field: _slice(getattr(statement, field), needed, kept, dropped)
        for field in ("body", "orelse")
        if hasattr(statement, field)
    }
    if not any(blocks.values()) and not _skips(statement):
        return None
    return _with_blocks(statement, blocks, needed)


def _with_blocks(statement: ast.stmt, blocks: dict[str, list[ast.stmt]], needed: set[str]) -> ast.stmt:
    part = copy.copy(statement)
    for field, block in blocks.items():
        setattr(part, field, block)
    if not getattr(part, "body"):  # noqa: B009
        setattr(part, "body", [ast.copy_location(ast.Pass(), statement)])  # noqa: B010
    if isinstance(part, ast.Try):
        part.handlers, part.finalbody, part.orelse = [], [ast.copy_location(ast.Pass(), statement)], []
    for field in ("test", "iter", "target"):
        if hasattr(part, field):
            needed |= names_in(getattr(part, field))
    for item in getattr(part, "items", []):
        needed |= names_in(item)
    return part


def _skips(statement: ast.stmt) -> bool:
    """Whether it goes on with the next turn: `if len(x_batch) < batch_size: continue`."""
    return isinstance(statement, ast.If) and any(isinstance(part, ast.Continue) for part in statement.body)


def gives(statement: ast.stmt, needed: Collection[str]) -> bool:
    """Whether a simple statement may change what one of the names stands for."""
    match statement:
        case ast.Assign(targets=targets):
            return any(_roots(target) & set(needed) for target in targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return bool(_roots(target) & set(needed))
        case ast.Expr(value=ast.Call() as call):
            return _may_change(call, needed)
        case ast.FunctionDef(name=name):
            return name in needed
        case ast.Continue():
            return True
    return False


def _roots(target: ast.expr) -> set[str]:
    if isinstance(target, ast.Tuple | ast.List):
        return set[str]().union(*map(_roots, target.elts))
    return {root_of(target)} - {""}


def _may_change(call: ast.Call, needed: Collection[str]) -> bool:
    name, root = last_name(call.func), root_of(call.func)
    if root in SHOWN or SHOWING.search(name):
        return False
    given = {root_of(argument) for argument in call.args}
    return bool(({root} | given) & set(needed))
