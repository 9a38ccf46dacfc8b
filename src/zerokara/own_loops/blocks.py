"""What a loop did among stand-ins: whose elements it moved, in which order, and which function it called.

All that is found here was seen, and is the same, in every run: in arrays of several shapes, with numbers of all sizes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret.guards import is_scalar
from zerokara.interpret.refusal import Refused
from zerokara.own_loops.stand_ins import Evaluated, FunctionStandIn, ObjectStandIn, World, places_of
from zerokara.recognise.record import Mistake, Mistaken
from zerokara.words import sentence

Floats = NDArray[np.float64]
MOVED = 1e-3
"""The share of the largest move that is a move; what is less is rounding."""
TWICE = ("both", "both, and f(x)", "apart")
"""The patterns in which each element is moved twice."""


@dataclass(frozen=True)
class Given:
    """An argument, or an object: what was there before, by its number, a constant, or a copy of an array."""

    what: str  # "value", "constant", "copy", "part", "items"
    number: int = -1
    constant: str = ""
    items: tuple[Given, ...] = ()
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
        pattern: "both", where each element is moved twice; "both, and f(x)", where f(x) is evaluated in advance, too;
            "apart", where all elements are moved one way, and then all the other; "first" or "second" where one of the
            two values is f(x), evaluated for each element before or after the other; "once" where f(x) is evaluated in
            advance, and "each" where it is for each array.
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


# Which element each call has moved

Calls = list[tuple[int, tuple[int, int]]]
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
            raise Mistaken(
                Mistake.NOT_RESTORED,
                sentence(
                    "Remark: {name} does not put each element back before it moves the next: its numbers are "
                    "those of other weights.",
                    name=world.reader.call.plain.__code__.co_qualname,
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
        is_like = given.shape == initial.shape and given.dtype == initial.dtype
        if is_like and (given != initial).sum() <= 1 and np.array_equal(world.stand(call, number), initial):
            return number
    return None


def _pattern(world: World, moves: list[Move], order: list[int]) -> tuple[str, dict[int, list[int]]]:
    """How the calls follow one another, and of each array the elements in their order."""
    elements = {number: list(dict.fromkeys(m[1] for m in moves if m and m[0] == number)) for number in order}
    if any(len(elements[number]) != world.initial[number].size for number in order):
        raise Refused(sentence("It does not move every element of an array."))
    found = [(number, i) for number in order for i in elements[number]]
    twice: list[Move] = [move for move in found for _ in range(2)]
    expected: dict[str, Sequence[Move]] = {
        "both": twice,
        "both, and f(x)": [None, *twice],
        "apart": [move for number in order for _ in range(2) for move in ((number, i) for i in elements[number])],
        "once": [None, *found],
        "each": [move for number in order for move in [None, *((number, i) for i in elements[number])]],
        "first": [move for one in found for move in (None, one)],
        "second": [move for one in found for move in (one, None)],
    }
    for name, calls in expected.items():
        if calls == moves:
            return name, elements
    raise Refused(sentence("It does not evaluate the function at two points for each element in turn."))


def blocks_in(world: World) -> list[tuple[Block, Numbers]]:
    """Each array's part of the loop. Raises Refused for what is no loop over elements."""
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
    found = [_block(world, number, moves, pattern, used[number]) for number in order]
    if len({(block.asked.function, block.asked.receiver) for block, _ in found}) > 1:
        raise Refused(sentence("It calls different functions, or hands on different objects."))
    return found


def _block(world: World, number: int, moves: list[Move], pattern: str, elements: list[int]) -> tuple[Block, Numbers]:
    calls: Calls = [(i, move) for i, move in enumerate(moves) if move and move[0] == number]
    asked = {_asked(world, world.calls[i], number) for i, _ in calls}
    others = {_asked(world, world.calls[i], number) for i, move in enumerate(moves) if move is None}
    if len(asked) != 1 or not {_without_copies(a) for a in others} <= {_without_copies(a) for a in asked}:
        raise Refused(sentence("It calls different functions, or hands on different objects."))
    one = asked.pop()
    kinds = [given.what for given in (*one.arguments, *(g for _, g in one.keywords))]
    copied = [i for i, _ in calls] if "copy" in kinds else []
    block = Block(
        number,
        one,
        _axes(world.initial[number].shape, elements),
        pattern,
        bool(copied),
        _check_copies(world, number, copied),
        "part" in kinds,
        all(_keeps_signs(world, world.calls[i], number) for i in copied),
    )
    return block, _numbers(world, number, calls, pattern, elements)


def _copy_in(world: World, call: Evaluated) -> Any:
    places = places_of(call.arguments, call.keywords)
    return next((places[p] for p, g in call.given.items() if _source_of_copy(world, call, g) is not None), None)


def _check_copies(world: World, number: int, calls: list[int]) -> bool:
    """Whether all copies are one. Raises Refused where one is written to after the function has seen, or kept, it."""
    copies = [_copy_in(world, world.calls[i]) for i in calls]
    is_one = len(copies) > 1 and len(set(map(id, copies))) == 1
    for i, copy in zip(calls, copies, strict=True):
        then = [given for given in world.calls[i].given.values() if given.shape == copy.shape]
        if not any(np.array_equal(copy, world.initial[number] if is_one else given) for given in then):
            raise Refused(sentence("It changes a copy after the function was called with it."))
    return is_one


def _keeps_signs(world: World, call: Evaluated, number: int) -> bool:
    initial = world.initial[number]
    copies = [g for g in call.given.values() if g.shape == initial.shape]
    return all((np.signbit(c) == np.signbit(initial))[c == initial].all() for c in copies)


def _asked(world: World, call: Evaluated, moved: int) -> Asked:
    places = places_of(call.arguments, call.keywords)
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
    if type(value) in (list, tuple):
        items = tuple(_given(world, call, place, item, moved) for item in value)
        return Given("items", constant=type(value).__name__, items=items, raw=type(value))
    if is_scalar(value):
        return Given("constant", constant=f"{type(value).__name__} {value!r}", raw=value)
    raise Refused(sentence("It hands on what it has made itself."))


def _without_copies(asked: Asked) -> Any:
    def bare(given: Given) -> Any:
        return given.number, given.constant, given.items

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


def _numbers(world: World, number: int, calls: Calls, pattern: str, elements: list[int]) -> Numbers:
    before = world.initial[number].reshape(-1)[elements]
    places = [place_of(world, world.calls[i], move) for i, move in calls]
    answers = [world.calls[i].answer for i, _ in calls]
    after = world.arrays[number].reshape(-1)[elements]
    if pattern in TWICE:
        half = len(calls) // 2
        parts = [slice(half), slice(half, None)] if pattern == "apart" else [slice(0, None, 2), slice(1, None, 2)]
        both = [np.array(places[part]) for part in parts]
        return Numbers(before, both, after, [np.array(answers[part]) for part in parts])
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
