"""The form of a loop, from what it did among stand-ins: which points it takes, in which order, what it makes of them.

All that is found here was seen, and is the same, in every run: in arrays of several shapes, with numbers of all sizes.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.finite_difference import FiniteDifference
from zerokara.recognise.guards import is_scalar
from zerokara.recognise.own_loops.stand_ins import Evaluated, FunctionStandIn, ObjectStandIn, World
from zerokara.recognise.record import Mistaken
from zerokara.recognise.refusal import Refused
from zerokara.words import sentence

Floats = NDArray[np.float64]
Chain = tuple[float, ...]
"""What is added to an element, one number after the other, each time rounded."""

MOST_STEPS = 4
MOVED = 1e-3
"""The share of the largest move that is a move; what is less is rounding."""
SAME_QUOTIENT = 1e-12


@dataclass(frozen=True)
class Given:
    """An argument, or an object: what was there before, by its number, a constant, or a copy of an array."""

    what: str  # "value", "constant", "copy", "own copy", "part"
    number: int = -1
    constant: str = ""
    raw: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Asked:
    """The call in which the moved array's elements are moved: function, receiver, arguments."""

    function: int
    receiver: int | None
    arguments: tuple[Given, ...]
    keywords: tuple[tuple[str, Given], ...]


@dataclass(frozen=True)
class Block:
    """One array's part of the loop.

    Attributes:
        array: its number.
        asked: the call; of one whose arguments are copies, the call with a copy.
        axes: the order of its axes, the slowest first.
        pattern: "both", where each element is moved twice; "first" or "second" where one of the two values is f(x),
            evaluated for each element before or after the other; "once" where it is evaluated in advance.
        copies: whether copies are moved; own_copy: whether one copy is, all along.
        part: whether the function is given a part, or another form, of the array.
        signed: whether zeros keep their sign in the copies.
    """

    array: int
    asked: Asked
    axes: tuple[int, ...]
    pattern: str
    copies: bool
    own_copy: bool
    part: bool
    signed: bool = field(compare=False)


@dataclass
class Seen:
    """One run: its blocks, and of each the elements' numbers."""

    blocks: list[Block]
    outline: Any
    numbers: list[Numbers]


@dataclass
class Numbers:
    """Of each element, in the order of the loop: where it was, both points, where it was left, and its quotient.

    Attributes:
        answers: f at the first and at the second point; quotients: what the loop made of them, in the result.
    """

    before: Floats
    places: list[Floats]
    after: Floats
    answers: list[Floats]
    quotients: Floats = field(default_factory=lambda: np.zeros(0))


def seen_in(world: World, result: Any) -> Seen:
    """What one run has done. Raises Refused for what is no loop over elements."""
    world.check_containers()
    if not world.calls:
        raise Refused(sentence("Its loop evaluates nothing."))
    world.far = _moved_in_place(world)
    _check_restored(world)
    moves = moves_in(world)
    order = list(dict.fromkeys(number for number, _ in filter(None, moves)))
    if not order:
        raise Refused(sentence("It does not move the elements of an array."))
    pattern, used = _pattern(world, moves, order)
    seen = Seen([], None, [])
    for number in order:
        _add_block(seen, world, number, moves, pattern, used[number])
    seen.outline = _outline(world, result, seen)
    return seen


# Which element each call has moved

Move = tuple[int, int] | None
"""The number of an array, and which element; None where all stands as it was."""


def _moved_in_place(world: World) -> dict[int, float]:
    """The arrays whose elements are moved and come back, with how far. Others are filled once, or never touched."""
    found = {}
    for number, before in world.initial.items():
        if before.dtype != np.float64:
            continue
        stands = np.array([world.stand(call, number) for call in world.calls])
        is_filled = (stands == before) | (stands == world.arrays[number])
        if not is_filled.all():
            found[number] = float(np.abs(stands - before).max())
    return found


def _check_restored(world: World) -> None:
    for number, far in world.far.items():
        if np.abs(world.arrays[number] - world.initial[number]).max() > MOVED * far:
            code = world.reader.call.plain.__code__
            raise Mistaken(
                "not-restored",
                sentence(
                    "{name} (line {line}) does not put each element back before it moves the next: its numbers are "
                    "those of other weights.",
                    name=code.co_qualname,
                    line=code.co_firstlineno,
                ),
            )


def moves_in(world: World) -> list[Move]:
    """Which element each call has moved. Raises Refused where it is more than one."""
    return [_move(world, call) for call in world.calls]


def _move(world: World, call: Evaluated) -> Move:
    moved = [
        (number, int(i))
        for number in world.far
        for i in np.flatnonzero(np.abs(world.stand(call, number) - world.initial[number]) > MOVED * world.far[number])
    ]
    for given in call.given.values():
        source = _source_of_copy(world, call, given)
        if source is not None:
            moved += [(source, int(i)) for i in np.flatnonzero(given != world.initial[source])]
    if len(moved) > 1:
        raise Refused(sentence("It moves several elements at once, or does not put them back."))
    return moved[0] if moved else None


def _source_of_copy(world: World, call: Evaluated, given: NDArray[Any]) -> int | None:
    """The array that a new one is a copy of, but for one element."""
    for number, initial in world.initial.items():
        if given.shape == initial.shape and given.dtype == initial.dtype and (given != initial).sum() <= 1:
            if np.array_equal(world.stand(call, number), initial):
                return number
    return None


def _pattern(world: World, moves: list[Move], order: list[int]) -> tuple[str, dict[int, list[int]]]:
    """How the calls follow one another, and of each array the elements in their order."""
    elements = {number: list(dict.fromkeys(m[1] for m in moves if m and m[0] == number)) for number in order}
    if any(len(elements[number]) != world.initial[number].size for number in order):
        raise Refused(sentence("It does not move every element of an array."))
    found = [(number, i) for number in order for i in elements[number]]
    expected: dict[str, list[Move]] = {
        "both": [move for move in found for _ in range(2)],
        "once": [None, *found],
        "each": [move for number in order for move in [None, *((number, i) for i in elements[number])]],
        "first": [move for one in found for move in (None, one)],
        "second": [move for one in found for move in (one, None)],
    }
    for name, calls in expected.items():
        if calls == moves:
            return name, elements
    raise Refused(sentence("It does not evaluate the function at two points for each element in turn."))


def _add_block(seen: Seen, world: World, number: int, moves: list[Move], pattern: str, elements: list[int]) -> None:
    calls = [(i, move) for i, move in enumerate(moves) if move and move[0] == number]
    asked = {_asked(world, world.calls[i], number) for i, _ in calls}
    others = {_asked(world, world.calls[i], number) for i, move in enumerate(moves) if move is None}
    if len(asked) != 1 or not {_without_copies(a) for a in others} <= {_without_copies(a) for a in asked}:
        raise Refused(sentence("It calls different functions, or hands on different objects."))
    one = asked.pop()
    kinds = [given.what for given in (*one.arguments, *(g for _, g in one.keywords))]
    copied = [i for i, _ in calls] if "copy" in kinds else []
    own_copy = len(copied) > 1 and len({id(_copy_in(world, world.calls[i])) for i in copied}) == 1
    block = Block(
        number,
        one,
        _axes(world.initial[number].shape, elements),
        pattern,
        bool(copied),
        own_copy,
        "part" in kinds,
        all(_keeps_signs(world, world.calls[i], number) for i in copied),
    )
    seen.blocks.append(block)
    seen.numbers.append(_numbers(world, number, calls, pattern, elements))


def _copy_in(world: World, call: Evaluated) -> Any:
    places = {**dict(enumerate(call.arguments)), **call.keywords}
    return next((places[p] for p, g in call.given.items() if _source_of_copy(world, call, g) is not None), None)


def _keeps_signs(world: World, call: Evaluated, number: int) -> bool:
    initial = world.initial[number]
    copies = [g for g in call.given.values() if g.shape == initial.shape]
    return all((np.signbit(c) == np.signbit(initial))[c == initial].all() for c in copies)


def _asked(world: World, call: Evaluated, moved: int) -> Asked:
    places = {**dict(enumerate(call.arguments)), **call.keywords}
    given = {place: _given(world, call, place, value, moved) for place, value in places.items()}
    positional = tuple(given[i] for i in range(len(call.arguments)))
    keywords = tuple((name, given[name]) for name in call.keywords)
    return Asked(call.function.number, call.function.receiver, positional, keywords)


def _given(world: World, call: Evaluated, place: int | str, value: Any, moved: int) -> Given:
    number = world.number_of(value)
    if number is not None and not isinstance(value, FunctionStandIn | ObjectStandIn):
        return Given("value", number)
    if isinstance(value, ObjectStandIn) and number is not None:
        return Given("value", number)
    if isinstance(value, FunctionStandIn) and value.receiver is None and not value.is_part:
        return Given("value", value.number)
    if place in call.given:
        if np.shares_memory(value, world.arrays[moved]):
            same = value.shape == world.arrays[moved].shape and value.size == world.arrays[moved].size
            return Given("value" if same else "part", moved)
        source = _source_of_copy(world, call, call.given[place])
        if source is not None:
            return Given("copy", source)
    if is_scalar(value):
        return Given("constant", constant=f"{type(value).__name__} {value!r}", raw=value)
    raise Refused(sentence("It hands on what it has made itself."))


def _without_copies(asked: Asked) -> Any:
    def bare(given: Given) -> Any:
        return (given.number, given.constant) if given.what != "copy" else (given.number, "")

    return asked.function, asked.receiver, *map(bare, asked.arguments), *((n, bare(g)) for n, g in asked.keywords)


def _axes(shape: tuple[int, ...], elements: list[int]) -> tuple[int, ...]:
    """The order of the axes in which the elements are gone through, the slowest first."""
    for axes in itertools.permutations(range(len(shape))):
        if elements == element_order(shape, axes):
            return axes
    raise Refused(sentence("It does not go through the elements from the first to the last."))


def element_order(shape: tuple[int, ...], axes: tuple[int, ...]) -> list[int]:
    """The elements of an array, by their place in memory, axis by axis."""
    found: list[int] = np.arange(np.prod(shape, dtype=int)).reshape(shape).transpose(axes).reshape(-1).tolist()
    return found


def _numbers(world: World, number: int, calls: list[tuple[int, Move]], pattern: str, elements: list[int]) -> Numbers:
    before = world.initial[number].reshape(-1)[elements]
    places = [place_of(world, world.calls[i], move) for i, move in calls]
    answers = [world.calls[i].answer for i, _ in calls]
    after = world.arrays[number].reshape(-1)[elements]
    if pattern == "both":
        both = [np.array(places[k::2]) for k in (0, 1)]
        return Numbers(before, both, after, [np.array(answers[k::2]) for k in (0, 1)])
    step = {"first": -1, "second": 1}.get(pattern)
    first = calls[0][0] - 1
    unmoved = [world.calls[0 if pattern == "once" else first if step is None else i + step].answer for i, _ in calls]
    return Numbers(before, [np.array(places), before], after, [np.array(answers), np.array(unmoved)])


def place_of(world: World, call: Evaluated, move: Move) -> float:
    """Where the element stood that a call has moved."""
    assert move is not None
    number, element = move
    stands = world.stand(call, number).reshape(-1)[element]
    if stands != world.initial[number].reshape(-1)[element]:
        return float(stands)
    copies = [g for g in call.given.values() if g.shape == world.initial[number].shape]
    return float(copies[0].reshape(-1)[element]) if copies else float(stands)


# What comes out


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


# The numbers of all runs together


@dataclass(frozen=True)
class Formula:
    """The two points of a block, as they are rounded, and what becomes of the element.

    Attributes:
        points: the first and the second; last: the last one that is evaluated; after: None where x is as it was.
        factor: by which its quotients are not (f(above) - f(below)) / (above - below), 1 for what is right.
    """

    difference: FiniteDifference
    points: tuple[Chain, Chain]
    last: Chain
    after: Chain | None
    factor: float


def formula_of(block: Block, runs: list[Numbers]) -> Formula:
    """The formula of a block, from all its runs. Raises Refused where they have none in common."""
    before = np.concatenate([run.before for run in runs])
    places = [np.concatenate([run.places[k] for run in runs]) for k in (0, 1)]
    after = np.concatenate([run.after for run in runs])
    zero = np.flatnonzero(before == 0)
    steps = [float(place[zero[0]]) for place in places]
    known = sorted({size for size in (*map(abs, steps), abs(steps[0] - steps[1])) if size})
    if not known or steps[0] == steps[1]:
        raise Refused(sentence("It does not move the elements of an array."))
    points = [_chain(before, place, known) for place in places]
    left = None if after.tobytes() == before.tobytes() else _chain(before, after, known)
    last = points[1] if block.pattern == "both" else points[0]
    if block.pattern == "second":
        last = left or ()
    above, below = max(steps), min(steps)
    values = [np.concatenate([run.answers[k] for run in runs]) for k in (0, 1)]
    rise = (values[0] - values[1]) if steps[0] > steps[1] else (values[1] - values[0])
    factor = _factor(np.concatenate([run.quotients for run in runs]), rise / (above - below))
    return Formula(FiniteDifference(above, below), (points[0], points[1]), last, left, factor)


def _factor(got: Floats, expected: Floats) -> float:
    if np.abs(got - expected).max() <= 0 or np.abs(got / expected - 1).max() <= SAME_QUOTIENT:
        return 1.0
    factor = float((got / expected)[0])
    if np.abs(got / expected - factor).max() > SAME_QUOTIENT * abs(factor):
        raise Refused(sentence("What it returns is not the difference of two values over their distance."))
    return factor


def _chain(before: Floats, place: Floats, known: list[float]) -> Chain:
    """The additions that lead there, to the last bit. Raises Refused where there are none: h depends on x, or so."""
    signed = [sign * size for size in known for sign in (1, -1)]
    for length in range(MOST_STEPS + 1):
        for chain in itertools.product(signed, repeat=length):
            if moved_by(chain, before).tobytes() == place.tobytes():
                return chain
    raise Refused(sentence("How far it moves an element is not the same h for all."))


def moved_by(chain: Chain, x: Any) -> Any:
    """x after these additions."""
    for step in chain:
        x = x + step
    return x
