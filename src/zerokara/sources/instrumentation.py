"""Code whose functions first ask whether somebody else has their result, and are in all else the learner's own.

No function is wrapped or replaced: its code begins with one statement more,

    if nobody_looks_on() and hook((x, y)): return take()

on the line of the first of its own. The functions it calls are constants of the code, so no name is looked up that the
learner could have given, and names, variables, lines, signature and source of the function stay as they were. The first
part calls nothing but functions of C and is false under a tracer, a profiler, a debugger or a coverage tool, so that
these see nothing of it. The plain code is kept in the hook.

Other functions only note what they are called with: `note((x, y))`, where `note` is of C. Nothing of it is to be seen,
and it takes a tenth of a microsecond.

A loop may begin each turn with a statement, too,

    if None in due and nobody_looks_on(): any(look())

on the line of its body's first instruction. While the list `due` is empty, nothing is called at all, and it takes a
hundredth of a microsecond. `look` gives functions of C; that they are called here lets what they raise look as if the
learner's own line had raised it.
"""

from __future__ import annotations

import ast
import dis
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from opcode import opmap
from types import CodeType, FunctionType
from typing import Any, NamedTuple

Function = ast.FunctionDef | ast.Lambda
"""A function that a statement of its own can answer for; a coroutine cannot."""
Loop = ast.For | ast.While

_MARK = f"zerokara:{os.urandom(16).hex()}:"
"""How the constants begin that are replaced after compiling; in nobody's source."""


class Hook:
    """What an instrumented function asks before its first line. Here it always answers no.

    Attributes:
        plain: the code of the function without the question.
    """

    def __init__(self, plain: CodeType) -> None:
        self.plain = plain

    def __call__(self, values: tuple[Any, ...]) -> bool:
        """Whether there is a result for a call with these values of the parameters, in the order of the code."""
        return False

    def __reduce__(self) -> tuple[Any, ...]:
        # Code is only ever pickled to be sent to another process, where zerokara may not be: `[].count` answers 0.
        return getattr, ([], "count")


class Note(list[Any]):
    """What a function was called with last.

    The function calls `note.__init__((x, y))`, which puts these into the list in place of what was there: it is written
    in C, and a profiler takes it for no call.

    Code objects are not seen by Python's garbage collector, and the arguments may lead back to the code: whoever makes
    a note empties it.

    Attributes:
        plain: the code of the function without it.
    """

    def __init__(self, plain: CodeType) -> None:
        self.plain = plain

    @property
    def take(self) -> Callable[[tuple[Any, ...]], None]:
        """What the function calls."""
        return super().__init__

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ()  # in another process, where zerokara may not be: (0).__init__ does nothing


class Due(list[None]):
    """Holds None while the next turn of a loop is to be looked at; else it is empty."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)  # a code's hash is made of those of its constants

    def __reduce__(self) -> tuple[Any, ...]:
        return list, ()  # in another process, where zerokara may not be, nothing is ever due


class Turns(NamedTuple):
    """What loops do at the beginning of each turn.

    Attributes:
        due: whether to look at the next one.
        look: called by it then, with nothing; the frame that calls it is the loop's. It gives what `any` is to go
            through in that frame, mostly nothing.
    """

    due: Due
    look: Callable[[], Iterable[Any]]


def plain_code_of(code: CodeType) -> CodeType:
    """The code as plain Python has it: of an instrumented function without the question, else itself."""
    for constant in code.co_consts:
        note = constant if isinstance(constant, Hook | _Look) else getattr(constant, "__self__", None)
        if isinstance(note, Hook | Note | _Look):
            return note.plain
    return code


def plain_function_of(function: FunctionType) -> FunctionType:
    """The function without the question, with the same globals, defaults and cells; itself where it asks nothing."""
    code = plain_code_of(function.__code__)
    if code is function.__code__:
        return function
    plain = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    plain.__kwdefaults__ = function.__kwdefaults__
    return plain


def instrumented(
    plain: CodeType,
    tree: ast.Module | ast.Interactive | ast.Expression,
    functions: Sequence[Function],
    hook: Callable[[CodeType], Hook],
    take: Callable[[], Any],
    flags: int = 0,
    *,
    noted: Sequence[ast.FunctionDef] = (),
    note: Callable[[CodeType], Note] | None = None,
    loops: Sequence[Loop] = (),
    turns: Turns | None = None,
) -> CodeType:
    """The code of a file or cell with a question at the start of these functions, and looks in these loops.

    Args:
        plain: what the file was compiled to.
        tree: its syntax tree; as before when this returns.
        functions: of that tree.
        hook: makes what a function asks, from its plain code.
        take: called by a function whose question was answered with yes, for its result.
        flags: those that the file was compiled with.
        noted: others of that tree, which note what they are called with.
        note: makes what one of these does, from its plain code.
        loops: of that tree, each of whose turns may be looked at.
        turns: what tells when, and looks.

    Raises ValueError where the tree does not give that code.
    """
    asking = len(functions)
    functions = [*functions, *noted]
    loops = loops if turns is not None else ()
    code = _compiled(tree, functions, asking, {}, loops, {}, plain.co_filename, flags)
    pairs = list(_instrumented_codes(plain, code))
    later = {number: line for number, one, _ in pairs if (line := _first_line(one)) != _line_of(functions[number])}
    begun = {number: line for number, line in _lines_of_turns(code) if line != loops[number].body[0].lineno}
    if later or begun:  # their first instruction stands on another line than their first statement
        code = _compiled(tree, functions, asking, later, loops, begun, plain.co_filename, flags)

    def asked(number: int, plain: CodeType) -> Callable[[tuple[Any, ...]], Any]:
        return hook(plain) if number < asking or note is None else note(plain).take

    return _merged(plain, code, asked, take, turns)


# The question


def _compiled(
    tree: Any,
    functions: Sequence[Function],
    asking: int,
    lines: dict[int, int | None],
    loops: Sequence[Loop],
    begun: dict[int, int | None],
    filename: str,
    flags: int,
) -> CodeType:
    mode = {ast.Interactive: "single", ast.Expression: "eval"}.get(type(tree), "exec")
    # Of what there is to warn of, compiling the plain code has warned.
    with _looking(loops, begun), _asking(functions, asking, lines), warnings.catch_warnings(action="ignore"):
        code: CodeType = compile(tree, filename, mode, flags, dont_inherit=True)
    return code


@contextmanager
def _looking(loops: Sequence[Loop], lines: dict[int, int | None]) -> Iterator[None]:
    """For the time of a `with`, each turn of these loops of a tree may be looked at."""
    before = [loop.body for loop in loops]
    try:
        for number, loop in enumerate(loops):
            nobody = [ast.Compare(_call(f"unheard {name}"), [ast.Is()], [ast.Constant(None)]) for name, _ in _UNHEARD]
            due = ast.Compare(ast.Constant(None), [ast.In()], [ast.Constant(f"{_MARK}due")])
            look = ast.Expr(_call("any", _call(f"{_TURN}{number}")))
            turn = ast.If(ast.BoolOp(ast.And(), [due, *nobody]), [look], [])
            _place(turn, loop.body[0], lines.get(number))
            loop.body = [turn, *loop.body]
        yield
    finally:
        for loop, body in zip(loops, before, strict=True):
            loop.body = body


_TURN = "turn "


@contextmanager
def _asking(functions: Sequence[Function], asking: int, lines: dict[int, int | None]) -> Iterator[None]:
    """For the time of a `with`, the functions of a tree begin with the question; those from `asking` on, by noting."""
    before = [function.body for function in functions]
    try:
        for number, function in enumerate(functions):
            if isinstance(function, ast.Lambda):
                otherwise = ast.IfExp(_question(function, number), _call("take"), function.body)
                _place(otherwise, function.body, lines.get(number))
                function.body = otherwise
            else:
                first = _first(function)
                question: ast.stmt = ast.Expr(_told(function, number))
                if number < asking:
                    question = ast.If(_question(function, number), [ast.Return(_call("take"))], [])
                _place(question, function.body[first], lines.get(number))
                function.body = [*function.body[:first], question, *function.body[first:]]
        yield
    finally:
        for function, body in zip(functions, before, strict=True):
            function.body = body


def _question(function: Function, number: int) -> ast.expr:
    asked = [_call(name, *map(ast.Constant, given)) for name, _, given in _LOOKERS_ON]
    nobody: list[ast.expr] = [ast.Compare(call, [ast.Is()], [ast.Constant(None)]) for call in asked]
    return ast.BoolOp(ast.And(), [*nobody, _told(function, number)])


def _told(function: Function, number: int) -> ast.Call:
    names: list[ast.expr] = [ast.Name(name, ast.Load()) for name in _parameters(function.args)]
    return _call(str(number), ast.Tuple(names, ast.Load()))


class _Sendable(partial[Any]):
    """A function in code that may be sent to another process, where zerokara may not be; there it answers None.

    It is called without a line of Python more, as `partial` is.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, ({}, "get")


_LOOKERS_ON: list[tuple[str, Callable[..., Any], tuple[int, ...]]] = [
    ("gettrace", sys.gettrace, ()),
    ("getprofile", sys.getprofile, ()),
]
"""What tells of a tracer, a profiler or, from Python 3.12 on, a tool for monitoring; None where there is none."""
if sys.version_info >= (3, 12):
    _LOOKERS_ON += [("get_tool", _Sendable(sys.monitoring.get_tool), (number,)) for number in range(6)]

_UNHEARD = [(f"{name}{given}", _Sendable(function, *given)) for name, function, given in _LOOKERS_ON]
"""The same, in such a way that a profiler does not take it for a call. It takes longer."""


class _Look(_Sendable):
    """What a turn of a loop calls.

    Attributes:
        plain: the code that the loop stands in, without it.
    """

    plain: CodeType


def _call(name: str, *given: ast.expr) -> ast.Call:
    return ast.Call(ast.Constant(_MARK + name), list(given), [])


def _parameters(arguments: ast.arguments) -> list[str]:
    """In the order that their variables have in the code."""
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [argument.arg for argument in given if argument is not None]


def _first(function: ast.FunctionDef) -> int:
    """Which statement comes first, after the docstring."""
    return int(ast.get_docstring(function, clean=False) is not None)


def _line_of(function: Function) -> int:
    if isinstance(function, ast.Lambda):
        return function.body.lineno
    return function.body[_first(function)].lineno


def _place(question: ast.AST, at: ast.stmt | ast.expr, line: int | None) -> None:
    """Where a statement of one line would stand; what is the learner's own has its place already."""
    for node in ast.walk(question):
        if "lineno" in node._attributes and not hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line or at.lineno  # type: ignore[attr-defined]
            node.col_offset = node.end_col_offset = at.col_offset  # type: ignore[attr-defined]


def _first_line(code: CodeType) -> int | None:
    """The line where a tracer sees the function begin."""
    started = False
    for operation, (line, *_) in zip(code.co_code[::2], code.co_positions(), strict=True):
        if started and line is not None:
            return line
        started = started or operation == opmap["RESUME"]
    return None


# The code


def _codes(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _marks(code: CodeType) -> list[str]:
    return [c.removeprefix(_MARK) for c in code.co_consts if isinstance(c, str) and c.startswith(_MARK)]


def _number(code: CodeType) -> int | None:
    """Which of the functions asks in this code; None if it asks nothing."""
    return next((int(mark) for mark in _marks(code) if mark.isdecimal()), None)


def _lines_of_turns(code: CodeType) -> Iterator[tuple[int, int | None]]:
    """(number, line of the first instruction that is the learner's own) of every loop whose turns are looked at."""
    for inner in _codes(code):
        yield from _lines_of_turns(inner)
    if f"{_MARK}due" not in code.co_consts:
        return
    instructions = {instruction.offset: instruction for instruction in dis.get_instructions(code)}
    behind: int | None = None
    for one in instructions.values():
        if one.argval == f"{_MARK}due":
            behind = None
        elif behind is None and one.opcode in _JUMPS:
            behind = one.argval
        elif isinstance(one.argval, str) and one.argval.startswith(_MARK + _TURN) and behind is not None:
            positions = instructions[behind].positions
            yield int(one.argval.removeprefix(_MARK + _TURN)), positions.lineno if positions else None


_JUMPS = frozenset([*dis.hasjrel, *dis.hasjabs])


def _instrumented_codes(plain: CodeType, other: CodeType) -> Iterator[tuple[int, CodeType, CodeType]]:
    """(number, plain code, code that asks) of every function that asks. Raises ValueError where they do not match."""
    if any(getattr(plain, name) != getattr(other, name) for name in _SAME):
        raise ValueError(plain.co_qualname)
    if (number := _number(other)) is not None:
        yield number, plain, other
    for one, another in zip(_codes(plain), _codes(other), strict=True):
        yield from _instrumented_codes(one, another)


_SAME = (
    *("co_name", "co_qualname", "co_filename", "co_firstlineno", "co_flags"),
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount"),
    *("co_varnames", "co_names", "co_freevars", "co_cellvars"),
)


def _merged(
    plain: CodeType,
    other: CodeType,
    hook: Callable[[int, CodeType], Callable[[tuple[Any, ...]], Any]],
    take: Callable[[], Any],
    turns: Turns | None,
) -> CodeType:
    """The plain code with what asks and looks in the other; what holds none of it stays the very same."""
    codes = zip(_codes(plain), _codes(other), strict=True)
    inner = [_merged(one, another, hook, take, turns) for one, another in codes]
    marks = _marks(other)
    if not marks and all(one is merged for one, merged in zip(_codes(plain), inner, strict=True)):
        return plain
    given: dict[str, Any] = {name: function for name, function, _ in _LOOKERS_ON}
    if (number := _number(other)) is not None:
        given |= {str(number): hook(number, plain), "take": _Sendable(take)}
    if turns is not None:
        given |= {f"unheard {name}": function for name, function in _UNHEARD} | {"due": turns.due, "any": any}
        given |= {mark: _look(turns, plain) for mark in marks if mark.startswith(_TURN)}
    base, merged = other if marks else plain, iter(inner)
    given = {_MARK + name: function for name, function in given.items()}
    replaced = (next(merged) if isinstance(constant, CodeType) else constant for constant in base.co_consts)
    return base.replace(co_consts=tuple(given.get(c, c) if isinstance(c, str) else c for c in replaced))


def _look(turns: Turns, plain: CodeType) -> _Look:
    look = _Look(turns.look)
    look.plain = plain
    return look
