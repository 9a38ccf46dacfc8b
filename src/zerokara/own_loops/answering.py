"""The result of a call whose loop is proven: what it would return, fill and leave behind, without the loop."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import ZerokaraError
from zerokara.interpret.evaluation import Evaluation
from zerokara.interpret.interpreter import code_of
from zerokara.interpret.refusal import Refused
from zerokara.own_loops.blocks import Asked, Block, Given
from zerokara.own_loops.call import HOPELESS, NOT_FOUND, OwnCall
from zerokara.own_loops.formula import Formula, moved_by
from zerokara.own_loops.mistakes import check_class, check_formulas, check_steps
from zerokara.own_loops.outline import Made, Value, leaves
from zerokara.own_loops.watching import Proof, holds_for, proven
from zerokara.progress import duration
from zerokara.recognise import recogniser
from zerokara.recognise.recogniser import FEW, Recogniser
from zerokara.recognise.record import Mistaken
from zerokara.recognise.sampling import in_silence
from zerokara.recognise.threads import one_thread
from zerokara.recognise.verification import compare
from zerokara.recognise.walk import Walk
from zerokara.words import paragraph, sentence

logger = logging.getLogger(__name__)

TIMED = 7
"""Calls of which the fastest is taken, on one thread: with threads of a matrix library that wait for a core, a call may
take a hundred times as long."""

WORTH_TELLING = 0.1
"""Seconds that somebody would notice."""

MOST_PROOFS = 16
_PLAIN = (FunctionType, MethodType, float, int, str, type(None))
MOST_TRIES = 4
"""How often a loop that was never proven is looked into, in calls with other arguments."""


@dataclass
class Known:
    """What is known of one learner's function.

    Attributes:
        tries: how often it was looked into in vain; asked: how often it asked in vain, by the form of its arguments.
        was_fast: whether a call of it was answered.
        small: the classes of numbers in calls with few of them, which were looked into for mistakes only.
    """

    proofs: list[Proof] = field(default_factory=list)
    tries: int = 0
    asked: dict[Any, int] = field(default_factory=dict)
    was_fast: bool = False
    small: set[Any] = field(default_factory=set)

    def is_small(self, call: OwnCall) -> bool:
        """Whether it has a few numbers to move, which is done sooner than a proof."""
        values = call.arguments.values()
        plain = all(type(value) is np.ndarray or isinstance(value, _PLAIN) for value in values)
        size = sum(value.size for value in values if type(value) is np.ndarray)
        return plain and size < FEW and not self.proofs

    def is_worth_a_look(self, call: OwnCall) -> bool:
        """The 1st, 2nd, 4th, … time that it is called like that."""
        values = call.arguments.values()
        form = tuple(value.shape if type(value) is np.ndarray else type(value) for value in values)
        self.asked[form] = self.asked.get(form, 0) + 1
        return self.asked[form].bit_count() == 1


def own_loop_result(call: OwnCall) -> Any:
    """What the call would return, without its loop; NOT_FOUND or HOPELESS where only the loop will do.

    What it raises, but for KeyboardInterrupt and a signal handler's own, is logged, and the loop does it. Called with
    every further call of such functions switched off in this thread.
    """
    current = recogniser.current
    code = call.plain.__code__
    if current.mode == "off":
        return NOT_FOUND
    known: Known = current.own_loops.setdefault(code, Known())
    if not known.proofs and known.tries >= MOST_TRIES:
        return HOPELESS
    record = current.records.of(code)
    try:
        with current.lock, in_silence():
            if known.is_small(call):
                _look_for_mistakes(call, known)
                return NOT_FOUND
            found = _proof_for(call, known)
        if found is None:
            return NOT_FOUND
        answer = _Answer(call, current, known, *found)
        try:
            return answer.result()
        except Mistaken as mistake:
            if answer.proof.asks:  # its part will be asked, and is remarked on
                raise Refused(str(mistake)) from None
            raise
    except Mistaken as mistake:
        record.mistake, record.remark, record.reason = mistake.kind, str(mistake), str(mistake)
    except Refused as reason:
        logger.debug("%s is left to its loop: %s", code.co_qualname, reason)
        if not record.recognised:
            record.reason = str(reason)
    return NOT_FOUND


def _look_for_mistakes(call: OwnCall, known: Known) -> None:
    """Raises Mistaken for a loop that computes something else than its author meant; once for each class of numbers."""
    classes = tuple(value.dtype for value in call.arguments.values() if type(value) is np.ndarray)
    if classes in known.small:
        return
    known.small.add(classes)
    try:
        proof = proven(call)
        values = proof.guards.check(call.plain, call.arguments)
        if values is not None:
            check_formulas(call, proof, values)
            check_class(call, proof, values)
            check_steps(call, proof, values)
    except Mistaken:
        raise
    except Refused as reason:  # its loop is over at once, so nobody misses a proof
        logger.debug("%s: %s", call.plain.__code__.co_qualname, reason)


def _proof_for(call: OwnCall, known: Known) -> tuple[Proof, list[Any]] | None:
    """A proof that covers this call, and the values it reads; None for one that is over before it is proven."""
    for proof in known.proofs:
        values = proof.guards.check(call.plain, call.arguments)
        if values is not None and holds_for(proof, values):
            return proof, values
    if not known.is_worth_a_look(call):
        return None
    known.tries += 1
    proof = proven(call)
    values = proof.guards.check(call.plain, call.arguments)
    if values is None:
        raise Refused(sentence("What it reads changes by itself."))
    known.proofs = [proof, *known.proofs][:MOST_PROOFS]
    known.tries = 0
    return proof, values


class _Answer:
    """One call that is covered by a proof."""

    def __init__(self, call: OwnCall, current: Recogniser, known: Known, proof: Proof, values: list[Any]) -> None:
        self.call, self.current, self.known, self.proof, self.values = call, current, known, proof, values
        self.code: CodeType = call.plain.__code__
        self.arrays: list[NDArray[Any]] = [values[block.array] for block in proof.blocks]
        self.value: Any = None
        self.filled: list[NDArray[Any]] = [values[filled.number] for filled in proof.outline.filled]

    def result(self) -> Any:
        """What the call returns. Raises Refused, with all as it was, where the loop must do it."""
        check_formulas(self.call, self.proof, self.values)
        check_class(self.call, self.proof, self.values)
        self._check_arrays()
        check_steps(self.call, self.proof, self.values)
        self._rehearse()
        return self._verified() if self.current.mode == "verify" else self._assembled(self._answered())

    def _rehearse(self) -> None:
        """Let all gradients be proven, with all put back; so whatever is refused is refused before anything is left."""
        order = sorted(
            zip(self.proof.blocks, self.proof.formulas, self.arrays, strict=True), key=lambda part: -part[2].size
        )
        for block, formula, array in order:
            if self._gradient(block, formula, array, self._walk(block, formula)._replace(after=None)) is None:
                raise Refused(self._why_not())
            if not self.known.was_fast:
                self._introduce(block, formula, array)
        if not self._is_steady():
            raise Refused(self._why_not())

    def _answered(self, *, counts: bool = True) -> list[NDArray[Any]]:
        """The gradients, with everything left as the loop leaves it, but for what it fills."""
        before = [array.copy() for array in self.arrays]
        evaluate = self._evaluation(self.proof.blocks[0], self.arrays[0])
        with self.current.counting_as(evaluate, self.arrays[0], self._all_calls() if counts else 0):
            if any(isinstance(part, Value) for part in leaves(self.proof.outline.result)):
                self.value = evaluate(self.arrays[0])
            gradients = self._gradients()
            if gradients is None:
                self._put_back(before)
                raise Refused(self._why_not())
        return gradients

    # What it is about

    def _check_arrays(self) -> None:
        """Raises Refused for arrays that cannot be moved, or whose moves would be seen in another."""
        for array in (*self.arrays, *self.filled):
            if array.dtype != np.float64:
                raise Refused(sentence("Its weights are {dtype}, not float64.", dtype=array.dtype))
            if not (array.flags.c_contiguous and array.flags.writeable and array.flags.aligned and array.ndim):
                raise Refused(sentence("Its arrays cannot be written to element by element in their order."))
        for array in (*self.arrays, *self.filled):
            for other in self.values:
                if type(other) is np.ndarray and other is not array and np.may_share_memory(other, array):
                    raise Refused(sentence("Two of the arrays it reads share memory."))
        for block, array in zip(self.proof.blocks, self.arrays, strict=True):
            if block.copies and not block.signed and (np.signbit(array) & (array == 0)).any():
                raise Refused(sentence("It drops the sign of zeros."))

    def _function(self, asked: Asked) -> Any:
        function = self.values[asked.function]
        return function if asked.receiver is None else MethodType(function, self.values[asked.receiver])

    def _evaluation(self, block: Block, array: NDArray[Any]) -> Any:
        """What is evaluated, as a function of the array that is moved."""
        function = self._function(block.asked)
        arguments = tuple(self._real(given, block, array) for given in block.asked.arguments)
        keywords = {name: self._real(given, block, array) for name, given in block.asked.keywords}
        moved = "copy" if block.copies else "value"
        places: list[tuple[int | str, Given]] = [*enumerate(block.asked.arguments), *block.asked.keywords]
        which = (p for p, given in places if given.number == block.array and given.what in (moved, "part"))
        place = next(which, None)
        if place == 0 and len(arguments) == 1 and not keywords:
            return function
        return Evaluation(function, arguments, keywords, place)

    def _real(self, given: Given, block: Block, array: NDArray[Any]) -> Any:
        if given.what == "constant":
            return given.raw
        if given.what == "items":
            return given.raw(self._real(item, block, array) for item in given.items)
        if given.number != block.array or (block.copies and given.what == "value"):
            return self.values[given.number]
        return array

    def _walk(self, block: Block, formula: Formula) -> Walk:
        return Walk(
            formula.difference,
            lambda x: moved_by(formula.last, x),
            None if formula.after is None else lambda x: moved_by(formula.after or (), x),
            copies=block.copies and not block.own_copy,
            calls=(0, 0),  # they are counted once for all arrays
            parts=block.part,
            apart=tuple(self.filled),
            reads=self.proof.reads,
        )

    def _all_calls(self) -> int:
        """How often the loop calls the function."""
        pattern = self.proof.blocks[0].pattern
        each = 1 if pattern in ("once", "each") else 2
        besides = {"once": 1, "both, and f(x)": 1, "each": len(self.arrays)}.get(pattern, 0)
        return each * sum(array.size for array in self.arrays) + besides

    def _gradient(self, block: Block, formula: Formula, array: NDArray[Any], walk: Walk) -> NDArray[Any] | None:
        moved = array.copy() if block.own_copy else array
        return self.current.gradient(self._evaluation(block, moved), moved, walk)

    def _gradients(self) -> list[NDArray[Any]] | None:
        """Of all arrays, in their order, each left as the loop leaves it; None where one is not recognised."""
        found = []
        for block, formula, array in zip(self.proof.blocks, self.proof.formulas, self.arrays, strict=True):
            gradient = self._gradient(block, formula, array, self._walk(block, formula))
            if gradient is None:
                return None
            found.append(gradient)
        return found

    def _put_back(self, before: list[NDArray[Any]]) -> None:
        for array, copy in zip(self.arrays, before, strict=True):
            array[...] = copy

    def _is_steady(self) -> bool:
        """Whether the function has left alone what the loop reads."""
        now = self.proof.guards.check(self.call.plain, self.call.arguments)
        return now is not None and all(
            a is b for a, b in zip(now, self.values, strict=True) if not isinstance(a, float | int | str | tuple)
        )

    def _why_not(self) -> str:
        asked = self.proof.blocks[0].asked
        function = self.values[asked.function]
        name = getattr(function, "__qualname__", type(function).__name__)
        return sentence("It differentiates {name}, which is not recognised.", name=name)

    # The first time

    def _introduce(self, block: Block, formula: Formula, array: NDArray[Any]) -> None:
        """Say once what is spared."""
        self.known.was_fast = True
        record = self.current.records.of(self.code)
        record.recognised, record.reason = True, None
        differentiated = code_of(self._evaluation(block, array))
        record.network = None if differentiated is None else self.current.records.of(differentiated).network
        evaluate = self._evaluation(block, array)
        times = []
        # It is proven to be pure, so that calling it again cannot be seen.
        with in_silence(), one_thread(), self.current.counting_as(evaluate, array, 0):
            for _ in range(TIMED):
                began = time.perf_counter()
                evaluate(array)
                times.append(time.perf_counter() - began)
        self.current.say(self.code, self._introduction(formula, min(times) * self._all_calls()))

    def _introduction(self, formula: Formula, seconds: float) -> str:
        points = formula.difference
        facts: dict[str, Any] = {"name": self.code.co_qualname, "line": self.code.co_firstlineno, "h": points.farthest}
        if points.below == 0:
            what = sentence("{name} (line {line}) is proven to be the forward difference with h = {h:g}.", **facts)
        elif points.above == 0:
            what = sentence("{name} (line {line}) is proven to be the backward difference with h = {h:g}.", **facts)
        else:
            what = sentence("{name} (line {line}) is proven to be the central difference with h = {h:g}.", **facts)
        if seconds < WORTH_TELLING:
            return what
        return paragraph(what, sentence("Your loop would take about {time}.", time=duration(seconds)))

    # The result

    def _assembled(self, gradients: list[NDArray[Any]]) -> Any:
        for filled, array in zip(self.proof.outline.filled, self.filled, strict=True):
            array[...] = gradients[filled.block].reshape(array.shape)
        return self._built(self.proof.outline.result, gradients)

    def _built(self, made: Any, gradients: list[NDArray[Any]]) -> Any:
        if isinstance(made, Made):
            gradient = gradients[made.block]
            if made.is_view:
                gradient = gradient.reshape(-1).copy().reshape(gradient.shape)
            return gradient.reshape(-1).copy() if made.is_flat else gradient
        if isinstance(made, Value):
            return self.value
        if isinstance(made, Given):
            return made.raw if made.what == "constant" else self.values[made.number]
        kind, items = made
        if issubclass(kind, dict):
            return kind((key, self._built(item, gradients)) for key, item in items)
        return kind(self._built(item, gradients) for item in items)

    def _verified(self) -> Any:
        """The loop's own result, compared with the other."""
        before = [array.copy() for array in self.arrays]
        gradients = self._answered(counts=False)
        fast_after = [array.copy() for array in self.arrays]
        self._put_back(before)
        evaluate = self._evaluation(self.proof.blocks[0], self.arrays[0])
        with self.current.counting_as(evaluate, self.arrays[0], 0):
            value = float(evaluate(self.arrays[0]))
        result = self.call.run()
        slow = self._slow(result)
        for i, (fast, formula) in enumerate(zip(gradients, self.proof.formulas, strict=True)):
            compare(slow[i], fast, value, formula.difference.width)
            if self.arrays[i].tobytes() != fast_after[i].tobytes():
                raise ZerokaraError(
                    sentence(
                        "--verify found an array of shape {shape} that the plain loop leaves otherwise. Use "
                        "--no-accelerate, and please report this.",
                        shape=self.arrays[i].shape,
                    ),
                    "not-verified",
                )
        return result

    def _slow(self, result: Any) -> dict[int, NDArray[Any]]:
        """The loop's quotients of each block, in what it returned and filled."""
        found: dict[int, NDArray[Any]] = {}

        def look(made: Any, part: Any) -> None:
            if isinstance(made, Made):
                found[made.block] = part.reshape(self.arrays[made.block].shape)
            elif isinstance(made, tuple):
                parts = part.values() if issubclass(made[0], dict) else part
                for item, inner in zip(made[1], parts, strict=True):
                    look(item[1] if issubclass(made[0], dict) else item, inner)

        look(self.proof.outline.result, result)
        for filled, array in zip(self.proof.outline.filled, self.filled, strict=True):
            found[filled.block] = array.reshape(self.arrays[filled.block].shape)
        return found
