"""Code whose functions first ask whether somebody else has their result, and are in all else the learner's own.

No function is wrapped or replaced: its code begins with one statement more,

    if nobody_looks_on() and hook((x, y)): return take()

on the line of the first of its own. The functions it calls are constants of the code, so no name is looked up that the
learner could have given, and names, variables, lines, signature and source of the function stay as they were. The first
part calls nothing but functions of C and is false under a tracer, a profiler, a debugger or a coverage tool, so that
these see nothing of it. The plain code is kept in the hook.

Other functions only note what they are called with: `note((x, y))`, where `note` is of C. Nothing of it is to be seen,
and it takes a tenth of a microsecond.

Loops may be looked at, too: see `zerokara.sources.turns`.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from opcode import opmap
from types import CodeType, FunctionType
from typing import Any

from zerokara.sources.marks import LOOKERS_ON, MARK, Sendable, codes_in, marked_call, marks_in, place
from zerokara.sources.turns import Look, Loop, Turns, given_to_turns, lines_of_looks, looking

Function = ast.FunctionDef | ast.Lambda
"""A function that a statement of its own can answer for; a coroutine cannot."""


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


def plain_code_of(code: CodeType) -> CodeType:
    """The code as plain Python has it: of an instrumented function without the question, else itself."""
    for constant in code.co_consts:
        note = constant if isinstance(constant, Hook | Look) else getattr(constant, "__self__", None)
        if isinstance(note, Hook | Note | Look):
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
    ends: Sequence[Loop] = (),
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
        ends: loops that may be looked at where they have ended.
        turns: what tells when, and looks.

    Raises ValueError where the tree does not give that code.
    """
    asking = len(functions)
    functions = [*functions, *noted]
    trained = (loops, ends) if turns is not None else ((), ())
    code = _compiled(tree, functions, asking, {}, trained, {}, plain.co_filename, flags)
    pairs = list(_instrumented_codes(plain, code))
    later = {number: line for number, one, _ in pairs if (line := _first_line(one)) != _line_of(functions[number])}
    looks = {mark: line for mark, line, _ in lines_of_looks(code)}
    if later or not all(is_there for *_, is_there in lines_of_looks(code)):
        # Their first instruction stands on another line than their first statement.
        code = _compiled(tree, functions, asking, later, trained, looks, plain.co_filename, flags)

    def asked(number: int, plain: CodeType) -> Callable[[tuple[Any, ...]], Any]:
        return hook(plain) if number < asking or note is None else note(plain).take

    return _merged(plain, code, asked, take, turns)


# The question


def _compiled(
    tree: Any,
    functions: Sequence[Function],
    asking: int,
    lines: dict[int, int | None],
    trained: tuple[Sequence[Loop], Sequence[Loop]],
    looks: dict[str, int | None],
    filename: str,
    flags: int,
) -> CodeType:
    mode = {ast.Interactive: "single", ast.Expression: "eval"}.get(type(tree), "exec")
    # Of what there is to warn of, compiling the plain code has warned.
    with looking(tree, *trained, looks), _asking(functions, asking, lines), warnings.catch_warnings(action="ignore"):
        code: CodeType = compile(tree, filename, mode, flags, dont_inherit=True)
    return code


@contextmanager
def _asking(functions: Sequence[Function], asking: int, lines: dict[int, int | None]) -> Iterator[None]:
    """For the time of a `with`, the functions of a tree begin with the question; those from `asking` on, by noting."""
    before = [function.body for function in functions]
    try:
        for number, function in enumerate(functions):
            if isinstance(function, ast.Lambda):
                otherwise = ast.IfExp(_question(function, number), marked_call("take"), function.body)
                place(otherwise, function.body, lines.get(number))
                function.body = otherwise
            else:
                first = _first(function)
                question: ast.stmt = ast.Expr(_told(function, number))
                if number < asking:
                    question = ast.If(_question(function, number), [ast.Return(marked_call("take"))], [])
                place(question, function.body[first], lines.get(number))
                function.body = [*function.body[:first], question, *function.body[first:]]
        yield
    finally:
        for function, body in zip(functions, before, strict=True):
            function.body = body


def _question(function: Function, number: int) -> ast.expr:
    asked = [marked_call(name, *map(ast.Constant, given)) for name, _, given in LOOKERS_ON]
    nobody: list[ast.expr] = [ast.Compare(call, [ast.Is()], [ast.Constant(None)]) for call in asked]
    return ast.BoolOp(ast.And(), [*nobody, _told(function, number)])


def _told(function: Function, number: int) -> ast.Call:
    names: list[ast.expr] = [ast.Name(name, ast.Load()) for name in _parameters(function.args)]
    return marked_call(str(number), ast.Tuple(names, ast.Load()))


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


def _first_line(code: CodeType) -> int | None:
    """The line where a tracer sees the function begin."""
    started = False
    for operation, (line, *_) in zip(code.co_code[::2], code.co_positions(), strict=True):
        if started and line is not None:
            return line
        started = started or operation == opmap["RESUME"]
    return None


# The code


def _number(code: CodeType) -> int | None:
    """Which of the functions asks in this code; None if it asks nothing."""
    return next((int(mark) for mark in marks_in(code) if mark.isdecimal()), None)


def _instrumented_codes(plain: CodeType, other: CodeType) -> Iterator[tuple[int, CodeType, CodeType]]:
    """(number, plain code, code that asks) of every function that asks. Raises ValueError where they do not match."""
    if any(getattr(plain, name) != getattr(other, name) for name in _SAME):
        raise ValueError(plain.co_qualname)
    if (number := _number(other)) is not None:
        yield number, plain, other
    for one, another in zip(codes_in(plain), codes_in(other), strict=True):
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
    codes = zip(codes_in(plain), codes_in(other), strict=True)
    inner = [_merged(one, another, hook, take, turns) for one, another in codes]
    marks = marks_in(other)
    if not marks and all(one is merged for one, merged in zip(codes_in(plain), inner, strict=True)):
        return plain
    given: dict[str, Any] = {name: function for name, function, _ in LOOKERS_ON}
    if (number := _number(other)) is not None:
        given |= {str(number): hook(number, plain), "take": Sendable(take)}
    if turns is not None:
        given |= given_to_turns(plain, marks, turns)
    base, merged = other if marks else plain, iter(inner)
    given = {MARK + name: function for name, function in given.items()}
    replaced = (next(merged) if isinstance(constant, CodeType) else constant for constant in base.co_consts)
    return base.replace(co_consts=tuple(given.get(c, c) if isinstance(c, str) else c for c in replaced))
