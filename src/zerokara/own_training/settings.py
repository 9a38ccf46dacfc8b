"""Settings that keep a training from learning: its initial weights and its learning rate, tried on copies."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.findings import Finding
from zerokara.own_training.copies import CannotWatch
from zerokara.own_training.data import ill_data
from zerokara.own_training.entering import call_of
from zerokara.own_training.left_behind import Course, course_of
from zerokara.own_training.program import Place, Program, names_in, words_in
from zerokara.own_training.slices import gives
from zerokara.own_training.steps import Watched, updated
from zerokara.own_training.training_loops import RATE, Training
from zerokara.sources.data_flow import last_name
from zerokara.words import sentence, translatable

Array = NDArray[Any]

TRIAL = 60
"""Updates of a trial at most."""
LAST = 5
"""Losses that say what a trial has reached."""

ALIKE = translatable(
    "All columns of {parameter} are alike: its {n} units compute the same and get the same gradient, so that together "
    "they are one unit."
)
DRAW = translatable("Draw initial weights at random, such as 0.01 * np.random.randn(inputs, outputs).")


def symmetric(program: Program, training: Training, seen: Watched) -> Iterator[Finding]:
    """Hidden units whose weights were alike at the start, and so are at the end; outputs part by their labels."""
    read = {path: array for path, array in seen.watch.own.items() if path in seen.read and array.ndim == 2}
    for path, array in read.items():
        hidden = any(other.shape[0] == array.shape[1] for other in read.values() if other is not array)
        if hidden and array.shape[1] >= 2 and array.shape[0] >= 2 and _is_alike(array):
            yield Finding(
                cause="symmetric-weights",
                text=sentence(ALIKE, parameter=path, n=array.shape[1]),
                remedy=sentence(DRAW),
                parameter=path,
                evidence={"units": array.shape[1]},
                **_place_of_weights(program, training, path),
            )
            return


def _is_alike(array: Array) -> bool:
    largest = np.abs(array).max()
    return bool(np.isfinite(largest) and np.abs(array - array[:, :1]).max() <= 1e-5 * largest)


def _place_of_weights(program: Program, training: Training, path: str) -> Place:
    """Where initial weights are decided: the argument of the call that makes the network, or the assignment."""
    key = re.findall(r"\w+", path)[-1]
    assigned = [node for node in program.nodes if isinstance(node, ast.Assign) and _assigns(node, key)]
    makers = _making(program, training)
    for node in assigned:
        function = program.function_of(node)
        if function is None:
            return program.place(node)
        given = names_in(node.value) & {argument.arg for argument in function.args.args} - {"self"}
        scales = {name for name in given if re.search(r"std|scale|init|sigma|weight", name)}
        for maker in makers:
            if _passes(maker, function, scales):
                return program.place(maker)
        return program.place(node)
    return program.place(makers[-1]) if makers else Place(file=None, line=None)


def _assigns(node: ast.Assign, key: str) -> bool:
    target = node.targets[0]
    if isinstance(target, ast.Subscript):
        return isinstance(target.slice, ast.Constant) and target.slice.value == key
    return last_name(target) == key if isinstance(target, ast.Name | ast.Attribute) else False


def _passes(maker: ast.stmt, function: ast.FunctionDef, scales: set[str]) -> bool:
    """Whether a call gives an argument of one of these names."""
    names = [argument.arg for argument in function.args.args if argument.arg != "self"]
    for call in ast.walk(maker):
        if isinstance(call, ast.Call):
            given = set(names[: len(call.args)]) | {keyword.arg for keyword in call.keywords if keyword.arg}
            if given & scales:
                return True
    return False


def _making(program: Program, training: Training) -> list[ast.stmt]:
    """The statements of the top level, before the loop, that make what it updates."""
    outermost: ast.stmt = (training.loop, *training.outer)[-1]
    roots = updated(training)
    if training.function is not None:
        call = call_of(program, training.function)
        outermost, roots = program.statement_of(call), names_in(call)
    before = program.tree.body[: program.tree.body.index(outermost)] if outermost in program.tree.body else []
    roots = {root for root in roots if not isinstance(program.names.get(root), np.ndarray) or root in updated(training)}
    simple = [statement for statement in before if isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr)]
    return [statement for statement in simple if gives(statement, roots) and "load_mnist" not in ast.unparse(statement)]


@dataclass
class Trials:
    """Trainings with other settings, from new initial weights, on the copies of a watch."""

    program: Program
    training: Training
    seen: Watched

    def losses(self, *, factor: float = 1.0, updates: int = TRIAL) -> Array:
        """The last losses, after their updates; `factor` times the learner's step. Raises CannotWatch."""
        watch = self.seen.watch
        self.make()
        found = []
        for number in range(updates):
            before = {path: array.copy() for path, array in watch.arrays().items()} if factor != 1 else {}
            watch.turn()
            for path, array in watch.arrays().items():
                if path in before and array.shape == before[path].shape:
                    array[...] = before[path] + factor * (array - before[path])
            if number >= updates - LAST:
                found.append(watch.loss())
        return np.array(found)

    def make(self) -> None:
        """Give the copies the initial weights of the learner's program. Raises CannotWatch where that fails."""
        making = _making(self.program, self.training)
        if not making and self.training.function is None:
            raise CannotWatch
        np.random.seed(0)
        self.seen.watch.run(making)
        self.seen.watch.enter()


RATE_HIGH = translatable(
    "With the learning rate {rate:g} the loss ends at {loss:.3g}. With {other:g} it is {reached:.3g} after {n} updates."
)
RATE_HIGH_NAN = translatable(
    "With the learning rate {rate:g} the loss is not finite any more. With {other:g} it is {reached:.3g} after {n} "
    "updates."
)
RATE_LOW = translatable(
    "With the learning rate {rate:g} the loss hardly falls: from {first:.4g} to {loss:.4g} in {updates:,} updates, and "
    "ten times as many would not do. With {other:g} it is {reached:.3g} after {n} updates."
)
SET_RATE = translatable("Try the learning rate {other:g}.")
ON_COPY = translatable("Tried on a copy, from new initial weights.")
LARGE = translatable(
    "The loss begins at {loss:.3g}, where guessing has {guessing:.3g}: the initial weights are so large that the "
    "network is sure of wrong answers."
)
SMALLER = translatable("Try initial weights of a spread of 0.01, or 1/√inputs.")


def settings(program: Program, training: Training, seen: Watched) -> Iterator[Finding]:
    """Asked only where it went badly."""
    course = course_of(program, seen)
    if course is None or not course.is_bad:
        return
    trials = Trials(program, training, seen)
    facts = list(ill_data(program))
    large = _too_large(trials, course) if not facts else None
    if facts or large is not None:
        yield from facts or filter(None, [large])
        return
    rate = _rate(program, training)
    if rate is not None and not course.is_falling:
        found = (_too_low if course.is_still else _too_high)(trials, course, *rate)
        if found is not None:
            yield found


def _too_large(trials: Trials, course: Course) -> Finding | None:
    """Signal and threshold are measured: healthy trainings begin at 1.11 times the loss of guessing at most."""
    watch = trials.seen.watch
    trials.make()
    watch.turn()
    trials.make()
    first = watch.loss()
    if not (np.isfinite(first) and first > 2.5 * course.guessing and course.end > 0.13 * course.guessing):
        return None
    large = [path for path, array in watch.arrays().items() if path in trials.seen.read and _is_large(array)]
    if not large:
        return None
    return Finding(
        cause="weights-too-large",
        text=sentence(LARGE, loss=first, guessing=course.guessing),
        remedy=sentence(SMALLER),
        parameter=large[0],
        evidence={"first_loss": first},
        **_place_of_weights(trials.program, trials.training, large[0]),
    )


def _is_large(array: Array) -> bool:
    return array.ndim == 2 and float(array.std()) > 3 * np.sqrt(2 / array.shape[0])


@dataclass(frozen=True)
class Rate:
    """A learning rate, and the node that decides it."""

    value: float
    node: ast.AST


def _rate(program: Program, training: Training) -> tuple[Rate] | None:
    """The learning rate of a loop: a name, an argument called lr, or a number in the step."""
    used = set[str]().union(*(words_in(update.statement) for update in training.updates))
    named = [name for name in used if RATE.search(name)]
    for name, value, statement in program.assignments():
        number = program.number(value)
        if RATE.search(name) and number and number > 0 and (name in named or not named):
            return (Rate(float(number), statement),)
    for node in program.nodes:
        if isinstance(node, ast.keyword) and node.arg and RATE.search(node.arg):
            number = program.number(node.value)
            if number and number > 0:
                return (Rate(float(number), node.value),)
    for update in training.updates:
        for node in ast.walk(update.statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value > 0:
                return (Rate(node.value, node),)
    return None


def _too_high(trials: Trials, course: Course, rate: Rate) -> Finding | None:
    for factor in (0.1, 0.01, 0.001):
        reached = _reached(trials, factor, course)
        if reached is None:
            continue
        better = not np.isfinite(course.end) or reached < 0.7 * course.end
        if better and reached < 0.9 * course.guessing:
            template = RATE_HIGH if np.isfinite(course.end) else RATE_HIGH_NAN
            return _of_rate("rate-too-high", template, trials, course, rate, factor, reached)
    return None


def _too_low(trials: Trials, course: Course, rate: Rate) -> Finding | None:
    """The loss hardly fell, and ten times as many updates would not do: that is more than stopping early."""
    if course.updates < 50:
        return None
    as_long = 10 * course.updates / min(TRIAL, course.updates)
    if as_long > 1e4:
        return None
    reached = _reached(trials, as_long, course)
    if reached is None or reached < 0.95 * course.start:
        return None
    for other in (1.0, 0.1, 0.01):
        if other <= rate.value * as_long:
            continue
        reached = _reached(trials, other / rate.value, course)
        if reached is not None and reached < 0.8 * course.end:
            return _of_rate("rate-too-low", RATE_LOW, trials, course, rate, other / rate.value, reached)
    return None


def _reached(trials: Trials, factor: float, course: Course) -> float | None:
    """The loss that a trial ends with; None where it does not stay finite."""
    updates = min(TRIAL, course.updates)
    losses = trials.losses(factor=factor, updates=updates)
    return float(np.mean(losses)) if np.isfinite(losses).all() else None


def _of_rate(
    cause: str, template: str, trials: Trials, course: Course, rate: Rate, factor: float, reached: float
) -> Finding:
    other, n = rate.value * factor, min(TRIAL, course.updates)
    facts = {"rate": rate.value, "loss": course.end, "other": other, "reached": reached, "n": n}
    return Finding(
        cause=cause,
        text=sentence(template, **facts, first=course.start, updates=course.updates),
        remedy=sentence(SET_RATE, other=other),
        proven=sentence(ON_COPY),
        evidence={"learning_rate": rate.value, "first_loss": course.start, "last_loss": course.end},
        proof={"learning_rate": other, "loss": reached, "updates": n},
        **trials.program.place(rate.node),
    )
