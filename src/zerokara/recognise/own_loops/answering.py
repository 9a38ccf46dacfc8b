"""The result of a call whose loop is proven: what it would return, fill and leave behind, without the loop."""

from __future__ import annotations

import logging
import statistics
import time
from dataclasses import dataclass, field
from types import CodeType, MethodType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import ZerokaraError
from zerokara.progress import duration
from zerokara.recognise import recogniser
from zerokara.recognise.evaluation import Evaluation
from zerokara.recognise.own_loops.call import HOPELESS, NOT_FOUND, OwnCall
from zerokara.recognise.own_loops.form import Asked, Block, Formula, Given, Made, moved_by
from zerokara.recognise.own_loops.mistakes import check_class, check_formulas, check_steps
from zerokara.recognise.own_loops.watching import Proof, holds_for, proven
from zerokara.recognise.recogniser import FEW, Recogniser
from zerokara.recognise.record import Mistaken
from zerokara.recognise.refusal import Refused
from zerokara.recognise.sampling import in_silence, restoring
from zerokara.recognise.verification import compare
from zerokara.recognise.walk import NEVER, Walk
from zerokara.words import paragraph, sentence

logger = logging.getLogger(__name__)

MOST_PROOFS = 16
MOST_TRIES = 4
"""How often a loop that was never proven is looked into, in calls with other arguments."""


@dataclass
class Known:
    """What is known of one learner's function: its proofs, and how often it was looked into in vain."""

    proofs: list[Proof] = field(default_factory=list)
    tries: int = 0
    refused: dict[Any, str] = field(default_factory=dict)
    was_fast: bool = False


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
            found = _proof_for(call, known)
        if found is None:
            return NOT_FOUND
        return _Answer(call, current, known, *found).result()
    except Mistaken as mistake:
        record.mistake, record.remark, record.reason = mistake.kind, str(mistake), str(mistake)
    except Refused as reason:
        logger.debug("%s is left to its loop: %s", code.co_qualname, reason)
        if not record.recognised:
            record.reason = str(reason)
    return NOT_FOUND


def _proof_for(call: OwnCall, known: Known) -> tuple[Proof, list[Any]] | None:
    """A proof that covers this call, and the values it reads; None for one that is over before it is proven."""
    for proof in known.proofs:
        values = proof.guards.check(call.plain, call.arguments)
        if values is not None and holds_for(proof, values):
            return proof, values
    if _is_small(call) and not known.proofs:
        return None
    known.tries += 1
    proof = proven(call)
    values = proof.guards.check(call.plain, call.arguments)
    if values is None:
        raise Refused(sentence("What it reads changes by itself."))
    known.proofs = [proof, *known.proofs][:MOST_PROOFS]
    known.tries = 0
    return proof, values


def _is_small(call: OwnCall) -> bool:
    """Whether all it can move are a few numbers that it is given."""
    values = call.arguments.values()
    return all(type(v) is np.ndarray or callable(v) or isinstance(v, float | int | str | None) for v in values) and (
        sum(v.size for v in values if type(v) is np.ndarray) < FEW
    )


class _Answer:
    """One call that is covered by a proof."""

    def __init__(self, call: OwnCall, current: Recogniser, known: Known, proof: Proof, values: list[Any]) -> None:
        self.call, self.current, self.known, self.proof, self.values = call, current, known, proof, values
        self.code: CodeType = call.plain.__code__
        self.arrays: list[NDArray[Any]] = [values[block.array] for block in proof.blocks]
        self.filled: list[NDArray[Any]] = [values[filled.number] for filled in proof.outline.filled]

    def result(self) -> Any:
        """What the call returns. Raises Refused, with all as it was, where the loop must do it."""
        check_formulas(self.call, self.proof, self.values)
        check_class(self.call, self.proof, self.values)
        self._check_arrays()
        check_steps(self.call, self.proof, self.values)
        before = [array.copy() for array in self.arrays]
        if not self.known.was_fast:
            self._introduce()
        gradients = self._gradients()
        if gradients is None or not self._is_steady_after_counting():
            for array, copy in zip(self.arrays, before, strict=True):
                array[...] = copy
            raise Refused(self._why_not())
        if self.current.mode == "verify":
            return self._verified(gradients, before)
        return self._assembled(gradients)

    # What it is about

    def _check_arrays(self) -> None:
        """Raises Refused for arrays that cannot be moved, or whose moves would be seen in another."""
        for array in (*self.arrays, *self.filled):
            if array.dtype != np.float64:
                raise Refused(sentence("Its weights are {dtype}, not float64.", dtype=array.dtype))
            if not (array.flags.c_contiguous and array.flags.writeable and array.flags.aligned and array.ndim):
                raise Refused(sentence("Its arrays are not in an order of memory that is known here."))
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
        place = next((place for place, value in (*enumerate(arguments), *keywords.items()) if value is array), None)
        if place == 0 and len(arguments) == 1 and not keywords:
            return function
        return Evaluation(function, arguments, keywords, place)

    def _real(self, given: Given, block: Block, array: NDArray[Any]) -> Any:
        if given.what == "constant":
            return given.raw
        return array if given.number == block.array else self.values[given.number]

    def _walk(self, block: Block, formula: Formula) -> Walk:
        return Walk(
            formula.difference,
            lambda x: moved_by(formula.last, x),
            None if formula.after is None else lambda x: moved_by(formula.after or (), x),
            copies=block.copies and not block.own_copy,
            calls={"once": (1, 1 if block is self.proof.blocks[0] else 0), "each": (1, 1)}.get(block.pattern, (2, 0)),
            parts=block.part,
            apart=tuple(self.filled),
        )

    def _gradient(self, block: Block, formula: Formula, array: NDArray[Any], walk: Walk) -> NDArray[Any] | None:
        moved = array.copy() if block.own_copy else array
        return self.current.gradient(self._evaluation(block, moved), moved, walk._replace(calls=NEVER))

    def _count(self, sign: int) -> None:
        """Let what counts calls of the functions stand as after the loop, or as before it."""
        for block, formula, array in zip(self.proof.blocks, self.proof.formulas, self.arrays, strict=True):
            calls = self._walk(block, formula).calls_for(array.size)
            self.current.count(self._evaluation(block, array), array, sign * calls)

    def _gradients(self) -> list[NDArray[Any]] | None:
        """Of all arrays, in their order, each left as the loop leaves it; None where one is not recognised."""
        found = []
        for block, formula, array in zip(self.proof.blocks, self.proof.formulas, self.arrays, strict=True):
            gradient = self._gradient(block, formula, array, self._walk(block, formula))
            if gradient is None:
                return None
            found.append(gradient)
        return found

    def _is_steady(self) -> bool:
        """Whether the function has left alone what the loop reads."""
        now = self.proof.guards.check(self.call.plain, self.call.arguments)
        return now is not None and all(
            a is b for a, b in zip(now, self.values, strict=True) if not isinstance(a, float | int | str | tuple)
        )

    def _is_steady_after_counting(self) -> bool:
        """The same, where what counts calls of the functions stands as after the loop, which may read that."""
        self._count(1)
        is_steady = self._is_steady()
        if not is_steady or self.current.mode == "verify":  # the loop itself will count
            self._count(-1)
        return is_steady

    def _why_not(self) -> str:
        asked = self.proof.blocks[0].asked
        function = self.values[asked.function]
        name = getattr(function, "__qualname__", type(function).__name__)
        return sentence("It differentiates {name}, which is not recognised.", name=name)

    # The first time

    def _introduce(self) -> None:
        """Let the function be proven by the largest array, and say once what is spared."""
        largest = max(range(len(self.arrays)), key=lambda i: self.arrays[i].size)
        block, formula, array = self.proof.blocks[largest], self.proof.formulas[largest], self.arrays[largest]
        walk = replace_after(self._walk(block, formula))
        if self._gradient(block, formula, array, walk) is None:
            raise Refused(self._why_not())
        seconds = self._seconds(block, array)
        self.known.was_fast = True
        record = self.current.records.of(self.code)
        record.recognised, record.reason = True, None
        self.current.say(self.code, self._introduction(formula, seconds))

    def _seconds(self, block: Block, array: NDArray[Any]) -> float:
        """How long the loop would take: f is proven to be pure, so that calling it again cannot be seen."""
        evaluate = self._evaluation(block, array)
        times = []
        with in_silence(), self.current.unseen(evaluate, array):
            for _ in range(3):
                began = time.perf_counter()
                evaluate(array)
                times.append(time.perf_counter() - began)
        walks = [self._walk(b, f) for b, f in zip(self.proof.blocks, self.proof.formulas, strict=True)]
        calls = sum(walk.calls_for(array.size) for walk, array in zip(walks, self.arrays, strict=True))
        return statistics.median(times) * calls

    def _introduction(self, formula: Formula, seconds: float) -> str:
        points = formula.difference
        facts: dict[str, Any] = {"name": self.code.co_qualname, "line": self.code.co_firstlineno, "h": points.farthest}
        if points.below == 0:
            what = sentence("{name} (line {line}) is proven to be the forward difference with h = {h:g}.", **facts)
        elif points.above == 0:
            what = sentence("{name} (line {line}) is proven to be the backward difference with h = {h:g}.", **facts)
        else:
            what = sentence("{name} (line {line}) is proven to be the central difference with h = {h:g}.", **facts)
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
        if isinstance(made, Given):
            return made.raw if made.what == "constant" else self.values[made.number]
        kind, items = made
        if issubclass(kind, dict):
            return kind((key, self._built(item, gradients)) for key, item in items)
        return kind(self._built(item, gradients) for item in items)

    def _verified(self, gradients: list[NDArray[Any]], before: list[NDArray[Any]]) -> Any:
        """The loop's own result, compared with the other."""
        first = self.proof.blocks[0]
        with restoring(self.arrays):
            for array, copy in zip(self.arrays, before, strict=True):
                array[...] = copy
            evaluate = self._evaluation(first, self.arrays[0])
            with self.current.unseen(evaluate, self.arrays[0]):
                value = float(evaluate(self.arrays[0]))
        fast_after = [array.copy() for array in self.arrays]
        for array, copy in zip(self.arrays, before, strict=True):
            array[...] = copy
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


def replace_after(walk: Walk) -> Walk:
    """The same walk, that puts back what was there."""
    return walk._replace(after=None)
