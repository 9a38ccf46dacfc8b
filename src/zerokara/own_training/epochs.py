"""Conditions that are to hold once per epoch, and do not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from zerokara.findings import Finding
from zerokara.own_training.program import Program, names_in, words_in
from zerokara.sources.syntax import TRAINING_SIZES
from zerokara.words import sentence, translatable


class Test(NamedTuple):
    """`counter % step == rest` as the condition of an `if` in a loop; `rest` is None where nothing is compared."""

    node: ast.If
    counter: ast.expr
    step: ast.expr
    rest: ast.expr | None


def _tests(program: Program) -> Iterator[Test]:
    """The conditions by a remainder that stand in a loop."""
    for node in program.nodes:
        if isinstance(node, ast.If) and program.loops_of(node):
            test, rest = _compared(node.test)
            if isinstance(test, ast.BinOp) and isinstance(test.op, ast.Mod) and not _is_text(test.left):
                yield Test(node, test.left, test.right, rest)


def _compared(test: ast.expr) -> tuple[ast.expr, ast.expr | None]:
    """(left, right) of `left == right`; (test, None) of another condition."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        return test.left, test.comparators[0]
    return test, None


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_epoch(step: ast.expr) -> bool:
    return any("epoch" in word.lower() for word in words_in(step))


NEVER = translatable("`{code}` never holds in this loop: {counter} does not change in it.")
ALWAYS = translatable("`{code}` always holds in this loop: {counter} does not change in it.")
NEVER_SO_LARGE = translatable("`{code}` never holds: a remainder of {step} is always less than {step}.")
NEARLY_ALWAYS = translatable("`{code}` is true in every iteration but the first of each epoch.")
COMPARE = translatable("Ask for the iteration that the loop counts: `{right}`.")
ALWAYS_ONE = translatable("{name} is always 1, so `{code}` holds in every iteration: the division is upside down.")


def never_or_always(program: Program) -> Iterator[Finding]:
    """`1 % iter_per_epoch == 0`, `i % n == n`, `if i % iter_per_epoch:`, and iterations per epoch that are always 1."""
    for test in _tests(program):
        told = _constant(program, test) or _too_large(program, test) or _not_compared(test)
        if told:
            right = f"{_counter_of(program, test)} % {ast.unparse(test.step)} == 0"
            yield Finding(
                cause="epoch-test",
                text=told,
                remedy=sentence(COMPARE, right=right),
                evidence={"condition": ast.unparse(test.node.test)},
                **program.place(test.node),
            )
    yield from _upside_down(program)


def _counter_of(program: Program, test: Test) -> str:
    """What the innermost loop around a condition counts with."""
    for loop in program.loops_of(test.node):
        if isinstance(loop, ast.For):
            target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
            return ast.unparse(target)
    return "i"


def _constant(program: Program, test: Test) -> str | None:
    """A remainder of something that no loop around it changes."""
    loops = program.loops_of(test.node)
    changing = {
        part.id
        for loop in loops
        for part in ast.walk(loop)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    known = isinstance(test.counter, ast.Constant | ast.Name)
    if not known or not _is_epoch(test.step) or (names_in(test.counter) | names_in(test.step)) & changing:
        return None
    left, step = program.number(test.counter), program.number(test.step)
    rest = 0 if test.rest is None else program.number(test.rest)
    if left is None or not step or rest is None:
        return None
    holds = bool(left % step) if test.rest is None else left % step == rest
    code, counter = ast.unparse(test.node.test), ast.unparse(test.counter)
    if holds:
        return sentence(ALWAYS, code=code, counter=counter)
    return sentence(NEVER, code=code, counter=counter)


def _too_large(program: Program, test: Test) -> str | None:
    if test.rest is None:
        return None
    step, rest = program.number(test.step), program.number(test.rest)
    same = ast.unparse(test.rest) == ast.unparse(test.step)
    if same or (step is not None and rest is not None and rest >= step > 0):
        return sentence(NEVER_SO_LARGE, code=ast.unparse(test.node.test), step=ast.unparse(test.step))
    return None


def _not_compared(test: Test) -> str | None:
    skips = isinstance(test.node.body[0], ast.Continue | ast.Pass) or bool(test.node.orelse)
    if test.rest is None and _is_epoch(test.step) and not skips:
        return sentence(NEARLY_ALWAYS, code=ast.unparse(test.node.test))
    return None


def _upside_down(program: Program) -> Iterator[Finding]:
    """`iter_per_epoch = max(batch_size / train_size, 1)`."""
    tests = {ast.unparse(test.step): test for test in _tests(program)}
    for name, value, statement in program.assignments():
        for node in ast.walk(value):
            if name in tests and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv):
                batch, size = ast.unparse(node.left), ast.unparse(node.right)
                number = program.number(value)
                whole = "size" in size or size in TRAINING_SIZES
                if "batch" in batch.lower() and "batch" not in size.lower() and whole and number == 1:
                    yield Finding(
                        cause="epoch-test",
                        text=sentence(ALWAYS_ONE, name=name, code=ast.unparse(tests[name].node.test)),
                        remedy=sentence(DIVIDE, name=name, right=f"max({size} // {batch}, 1)"),
                        evidence={"name": name, "value": number},
                        **program.place(statement),
                    )


DIVIDE = translatable("An epoch is once through the training data: {name} = {right}.")
RARELY = translatable(
    "{name} is {value:g}, not a whole number, so `% {name} == 0` is true only every {again:,} iterations, not once per "
    "epoch."
)
AT_FIRST = translatable(
    "{name} is {value:g}, not a whole number, so `% {name} == 0` is true only at the very first iteration, not once "
    "per epoch."
)
WHOLE = translatable("max(int(train_size / batch_size), 1) is a whole number.")


def fractional(program: Program) -> Iterator[Finding]:
    """`i % iter_per_epoch == 0` with an iter_per_epoch that is not whole."""
    steps = {ast.unparse(test.step) for test in _tests(program)}
    for name, value, statement in program.assignments():
        number = program.number(value) if name in steps else None
        if number is not None and number > 1 and number != int(number):
            again = Fraction(number).numerator  # the first i > 0 that this very float divides
            rarely = sentence(RARELY, name=name, value=number, again=again)
            yield Finding(
                cause="epoch-test",
                text=rarely if again < 10**6 else sentence(AT_FIRST, name=name, value=number),
                remedy=sentence(WHOLE),
                evidence={"name": name, "value": number},
                **program.place(statement),
            )
