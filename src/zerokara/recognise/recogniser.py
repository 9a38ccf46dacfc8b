"""Decides what to do with a function that asks for its numerical gradient, and remembers what was proven of it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import CodeType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import unknown_name
from zerokara.interpret.counters import counting
from zerokara.interpret.guards import ARGUMENT
from zerokara.interpret.interpreted_code import is_from_elsewhere
from zerokara.interpret.interpreter import Purity, code_of, purity_of
from zerokara.interpret.refusal import Refused, RefusedNow
from zerokara.nn.numerical import numerical_gradient
from zerokara.recognise.description import described, network_of
from zerokara.recognise.identification import Model
from zerokara.recognise.layout import Arrays
from zerokara.recognise.plan import Plan, signature_of
from zerokara.recognise.proof import proven_model
from zerokara.recognise.record import Record, Records
from zerokara.recognise.sampling import Function, in_silence
from zerokara.recognise.verification import compare
from zerokara.recognise.walk import Walk, textbook_walk
from zerokara.say import say
from zerokara.words import in_english, language, paragraph, sentence

logger = logging.getLogger(__name__)

MODES = ("on", "off", "verify")

FEW = 50
"""Weights for which the loop is over sooner than a proof."""

MANY = 1_000
"""Weights for which the loop takes so long that looking into a function costs nothing."""

MOST_PLANS = 16


class Recogniser:
    """Plans by the code they were made for, and what was said.

    Attributes:
        mode: "on", "off", or "verify" for both the engine and the loop, and a comparison of every weight.
        lock: held while plans are made and used; of two threads that ask, one waits.
        hopeless: why functions were refused for good, by their code, the shapes of their arrays, and the language.
        tries: how often a function that was never recognised has been looked at.
        records: what became of each function; own_loops: what is known of the learner's own loops, by their code.
    """

    def __init__(self, mode: str = "on") -> None:
        # One for all functions, since two of them may read the same arrays, and a proof moves these in place: another
        # thread's proof would take values at weights that nobody chose. Reentrant, since a signal handler that asks
        # for a gradient may interrupt the very thread that holds it.
        self.lock = threading.RLock()
        self.mode = mode
        self.plans: dict[CodeType, list[Plan]] = {}
        self.hopeless: dict[Any, str] = {}
        self.tries: dict[CodeType | None, int] = {}
        self.said: set[tuple[CodeType | None, str]] = set()
        self.records = Records()
        self.own_loops: dict[CodeType, Any] = {}

    def gradient(self, f: Function, x: Any, walk: Walk) -> NDArray[Any] | None:
        """The gradient that such a loop would find, or None for what only the loop can do."""
        if self.mode == "off":
            return None
        code = code_of(f)
        try:
            with self.lock, in_silence():
                return self._found(f, code, x, walk)
        except Refused as reason:
            self._explain(code, str(reason))
            return None
        except Exception as error:  # whatever goes wrong in here, the loop does not need it
            if is_from_elsewhere(error):
                raise
            logger.info("looking into %s failed", _name_of(code), exc_info=True)
            self._explain(code, sentence("Looking into it failed ({error!r}).", error=error))
            return None

    def _explain(self, code: CodeType | None, reason: str) -> None:
        if code is not None and not self.records.of(code).recognised:
            self.records.of(code).reason = reason
        if code is None:
            what = sentence("The plain loop computes the gradient of f.")
        else:
            name, line = code.co_qualname, code.co_firstlineno
            what = sentence("The plain loop computes the gradient of {name} (line {line}).", name=name, line=line)
        self.say(code, paragraph(what, reason))

    def _found(self, f: Function, code: CodeType | None, x: Any, walk: Walk) -> NDArray[Any] | None:
        if type(x) is not np.ndarray or x.size == 0:
            return None
        for plan in list(self.plans.get(code, [])) if code else []:
            arrays = plan.arrays(f, x)
            gradient = self._by(plan, f, x, arrays, walk) if arrays is not None else None
            if gradient is not None:
                return gradient
        # A small x, such as a bias, may use a proof that a larger one has made, but is not worth one of its own.
        if x.size < FEW or not self._is_worth_a_proof(code, x):
            return None
        gradient = self._proven(f, code, x, walk)
        self.tries.pop(code, None)
        return gradient

    def _is_worth_a_proof(self, code: CodeType | None, x: NDArray[Any]) -> bool:
        """A function that was refused is looked at again, but for small x only the 2nd, 4th, 8th, … time."""
        self.tries[code] = self.tries.get(code, 0) + 1
        return x.size >= MANY or self.tries[code].bit_count() == 1

    def _by(self, plan: Plan, f: Function, x: NDArray[Any], arrays: Arrays, walk: Walk) -> NDArray[Any] | None:
        """By a plan of before; None, and no such plan any more, where it does not hold for this batch."""
        if not any(arrays[number] is x for number in plan.model.layout.parameters):
            raise Refused(sentence("x is none of the arrays it reads as weights."))
        _check_walk(walk, plan.purity, arrays)
        try:
            with self._counting(plan.purity, f, x, walk):
                return plan.gradient(f, x, arrays, walk)
        except RefusedNow:
            raise
        except Refused as reason:
            # Something that no guard sees has changed. What the function is now, a new proof may find.
            logger.info("a proof of %s holds no longer: %s", _name_of(code_of(f)), reason)
            self.plans[code_of(f)].remove(plan)  # type: ignore[index]
            return None

    def _proven(self, f: Function, code: CodeType | None, x: NDArray[Any], walk: Walk) -> NDArray[Any]:
        if x.dtype != np.float64:
            raise Refused(sentence("Its weights are {dtype}, not float64.", dtype=x.dtype))
        began = time.perf_counter()
        purity = purity_of(f, x)
        values = purity.guards.check(f, x)  # at once: what does not hold now never will
        if values is None or code is None:
            raise Refused(sentence("What it reads changes by itself."))
        arrays: Arrays = {number: values[number] for number in purity.arrays}
        if not any(array is x for array in arrays.values()):
            raise Refused(sentence("It does not read the array whose gradient is asked for."))
        _check_walk(walk, purity, arrays)
        signature = signature_of(arrays)
        key = (code, tuple(signature.items()), language())
        if key in self.hopeless:
            raise Refused(self.hopeless[key])
        try:
            with self._counting(purity, f, x, walk):
                proven = proven_model(f, x, arrays, purity.threshold_on, purity.clues)
                plan = Plan(purity, _checked(proven, purity, arrays, x), signature)
                gradient = plan.gradient(f, x, arrays, walk, sample=True)
        except RefusedNow:
            raise
        except Refused as reason:
            self.hopeless[key] = str(reason)
            raise
        self.plans[code] = [plan, *self.plans.get(code, [])][:MOST_PLANS]
        record = self.records.of(code)
        record.recognised, record.network, record.reason = True, network_of(plan.model, plan.sizes), None
        self.say(code, described(code, plan.model, plan.sizes))
        logger.info("proving %s took %.1f ms", _name_of(code), 1e3 * (time.perf_counter() - began))
        return gradient

    def _counting(self, purity: Purity, f: Function, x: NDArray[Any], walk: Walk) -> AbstractContextManager[None]:
        """What counts calls of f shall stand as after the loop's; `verify` runs the loop itself, and f once more."""
        values = purity.guards.check(f, x) if purity.counters else None
        calls = walk.calls_for(x.size)
        return counting(purity.counters, values, -1 if self.mode == "verify" and calls else calls)

    def counting_as(self, f: Function, x: Any, calls: int) -> AbstractContextManager[None]:
        """However often a function that is proven is called meanwhile, it has counted so many calls in the end."""
        for plan in self.plans.get(code_of(f), []):  # type: ignore[arg-type]
            values = plan.purity.guards.check(f, x)
            if values is not None:
                return counting(plan.purity.counters, values, calls)
        return nullcontext()

    def say(self, code: CodeType | None, text: str) -> None:
        """Once for every function: the four gradients of one update are one piece of news."""
        logger.debug("%s", text)
        if (code, text) not in self.said:
            self.said.add((code, text))
            say(text)


def _check_walk(walk: Walk, purity: Purity, arrays: Arrays) -> None:
    """Raises Refused where the function would see of the loop more, or less, than that an array is moved."""
    if walk.copies and not purity.reads_only_argument:
        raise Refused(sentence("It reads the array itself, and its loop moves a copy."))
    if walk.parts and purity.guards.first == ARGUMENT:
        raise Refused(sentence("It reads its argument, which is a part of the array only."))
    if any(np.may_share_memory(array, apart) for array in arrays.values() for apart in walk.apart):
        raise Refused(sentence("It reads the array that its loop writes the gradient into."))
    if walk.reads & purity.writes:
        raise Refused(sentence("It writes to {name}, which its loop reads.", name=min(walk.reads & purity.writes)))


def _checked(model: Model, purity: Purity, arrays: Arrays, x: NDArray[Any]) -> Model:
    if not any(arrays[number] is x for number in model.layout.parameters):
        raise Refused(sentence("x is none of the arrays it reads as weights."))
    if not all(numbers & set(model.layout.parameters) for numbers in purity.assumed):
        raise Refused(sentence("It computes with its inputs or labels as if they were weights."))
    return model


def _name_of(code: CodeType | None) -> str:
    """For the log."""
    return "f" if code is None else in_english("{name} (line {line})", name=code.co_qualname, line=code.co_firstlineno)


current = Recogniser()


def _after_fork() -> None:
    """A thread that held the lock is not there in the child, and would never let go of it."""
    current.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def accelerated(f: Function, x: Any, h: float = 1e-4) -> NDArray[Any] | None:
    """The numerical gradient of f at x without the loop, or None where only the loop will do.

    Args:
        f: called with x, like the textbook's; how often is up to this function only where f is proven to be pure.
        x: the array whose elements would be moved.

    Returns:
        An array of the shape and dtype of x, equal to the loop's but for rounding.
    """
    walk = textbook_walk(h)
    gradient = current.gradient(f, x, walk)
    if gradient is None or current.mode == "on":
        return gradient
    slow = numerical_gradient(f, x, h=h)
    compare(slow, gradient, float(f(x)), walk.difference.width)
    return slow


def mode_now() -> str:
    """What gradients are computed by: "on" and "off" say whether without the loop, "verify" both ways."""
    return current.mode


def records() -> list[Record]:
    """What was found out about each function that was looked into, in this process or in this run."""
    return [record for record in current.records if record.recognised or record.reason]


def reason_of(code: CodeType) -> str | None:
    """Why a function was left to its loop, in whole sentences; None where nothing was found."""
    return current.records.of(code).reason


@contextmanager
def mode(wanted: str) -> Iterator[None]:
    """A recogniser of its own for the time of a run: "on", "off" or "verify". Raises UsageError for another word."""
    global current
    if wanted not in MODES:
        raise unknown_name("mode", wanted, MODES)
    before, current = current, Recogniser(wanted)
    try:
        yield
    finally:
        current = before
