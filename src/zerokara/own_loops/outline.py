"""What comes out of a loop: which arrays it returns or fills with the quotients of which elements."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret.guards import is_scalar
from zerokara.interpret.refusal import Refused
from zerokara.own_loops.blocks import Block, Floats, Given, Numbers, blocks_in, element_order
from zerokara.own_loops.stand_ins import World
from zerokara.words import sentence

SAME_QUOTIENT = 1e-12


@dataclass(frozen=True)
class Made:
    """A new array of the quotients of one block."""

    block: int
    is_flat: bool
    is_view: bool


@dataclass(frozen=True)
class Filled:
    """An array that was there before and is filled with the quotients of one block."""

    number: int
    block: int
    is_flat: bool


@dataclass(frozen=True)
class Outline:
    """What a loop returns and fills, without its numbers: `result` is Made, Given, or a container of these."""

    result: Any
    filled: tuple[Filled, ...]


@dataclass(frozen=True)
class Value:
    """f(x), as it was in the beginning."""


@dataclass
class Seen:
    """One run: its blocks, of each the elements' numbers, and what came out."""

    blocks: list[Block]
    numbers: list[Numbers]
    outline: Outline


def seen_in(world: World, result: Any) -> Seen:
    """What one run has done. Raises Refused for what is no loop over elements that gives their quotients."""
    found = blocks_in(world)
    seen = Seen([block for block, _ in found], [numbers for _, numbers in found], Outline(None, ()))
    seen.outline = _outline(world, result, seen)
    return seen


def _outline(world: World, result: Any, seen: Seen) -> Outline:
    filled = tuple(_filled(world, seen))
    made = _result(world, result, seen, [])
    blocks = sorted([f.block for f in filled] + [m.block for m in leaves(made) if isinstance(m, Made)])
    if blocks != list(range(len(seen.blocks))):
        raise Refused(sentence("It does not return, or fill an array with, one quotient for each element."))
    return Outline(made, filled)


def _filled(world: World, seen: Seen) -> Iterator[Filled]:
    moved = {block.array for block in seen.blocks}
    for number, array in world.arrays.items():
        if number not in moved and array.tobytes() != world.initial[number].tobytes():
            block, is_flat = _quotients_in(array, world, seen)
            yield Filled(number, block, is_flat)


def _result(world: World, result: Any, seen: Seen, arrays: list[NDArray[Any]]) -> Any:
    number = world.number_of(result)
    if number is not None:
        return Given("value", number)
    in_advance = seen.blocks[0].pattern in ("once", "both, and f(x)")
    if in_advance and type(result) is world.answer_as and float(result) == world.calls[0].answer:
        return Value()
    if is_scalar(result):
        return Given("constant", constant=f"{type(result).__name__} {result!r}", raw=result)
    if type(result) is np.ndarray:
        if any(np.shares_memory(result, other) for other in (*world.arrays.values(), *arrays)):
            raise Refused(sentence("What it returns shares memory with something else."))
        arrays.append(result)
        block, is_flat = _quotients_in(result, world, seen)
        return Made(block, is_flat, result.base is not None)
    if type(result) in (dict, OrderedDict):
        return type(result), tuple((key, _result(world, item, seen, arrays)) for key, item in result.items())
    if type(result) in (list, tuple):
        return type(result), tuple(_result(world, item, seen, arrays) for item in result)
    raise Refused(sentence("What it returns is not an array like x."))


def leaves(made: Any) -> Iterator[Any]:
    """The parts of a result that are no containers."""
    if not isinstance(made, tuple):
        yield made
        return
    kind, items = made
    for item in items:
        yield from leaves(item[1] if issubclass(kind, dict) else item)


def _quotients_in(array: NDArray[Any], world: World, seen: Seen) -> tuple[int, bool]:
    """The block whose quotients an array holds, up to a factor; they are kept for the comparison."""
    if array.dtype != np.float64 or not array.flags.c_contiguous:
        raise Refused(sentence("What it returns is not an array like x."))
    for i, (block, numbers) in enumerate(zip(seen.blocks, seen.numbers, strict=True)):
        shape = world.initial[block.array].shape
        if array.shape not in (shape, (world.initial[block.array].size,)):
            continue
        quotients = array.reshape(-1)[element_order(shape, block.axes)]
        if _are_proportional(quotients, numbers.answers[0] - numbers.answers[1]):
            numbers.quotients = quotients
            return i, array.shape != shape
    raise Refused(sentence("What it returns is not the difference of two values over their distance."))


def _are_proportional(a: Floats, b: Floats) -> bool:
    if not (np.isfinite(a).all() and np.isfinite(b).all() and b.all()):
        return False
    factors = a / b
    return bool(np.abs(factors - factors[0]).max() <= SAME_QUOTIENT * abs(factors[0])) and factors[0] != 0
