"""The proof: a loop is read, line by line, and run among stand-ins, and what it did must be one form in all runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret import guards
from zerokara.interpret.guards import Guards
from zerokara.interpret.interpreted_code import is_from_elsewhere, tree_of
from zerokara.interpret.refusal import Refused
from zerokara.own_loops.blocks import TWICE, Block, Numbers, element_order, moves_in, place_of
from zerokara.own_loops.call import OwnCall
from zerokara.own_loops.code import Loop
from zerokara.own_loops.formula import Formula, formula_of, moved_by
from zerokara.own_loops.outline import Outline, Seen, seen_in
from zerokara.own_loops.stand_ins import Enough, Reader, Shape, World
from zerokara.recognise.record import Mistaken
from zerokara.words import sentence

SMALL = ((3, 4, 2, 5, 6), (4, 2, 5, 3, 7), (2, 5, 3, 6, 4))
"""What the different lengths of axes become in each run."""
WATCHED = 32
"""Elements that are watched in arrays of their real size; all of them would take as long as the loop."""
MOST_TRIES = 5


@dataclass
class Proof:
    """A loop that is proven to take difference quotients.

    Attributes:
        guards: what it depends on; shapes: of all arrays that it reads, by number.
        reads: the names of the attributes, globals and items that it reads.
        asks: whether a part of it is such a loop itself, and asks when it is called.
    """

    guards: Guards
    shapes: dict[int, Any]
    reads: frozenset[str]
    asks: bool
    blocks: list[Block]
    formulas: list[Formula]
    outline: Outline


def proven(call: OwnCall) -> Proof:
    """The proof for a call. Raises Refused, with the reason, where there is none."""
    reader = Reader(call)
    reasons: list[Refused] = []
    with_extents = False
    for _ in range(MOST_TRIES):
        watched = _Watched(reader, with_extents)
        try:
            return watched.proof()
        except Mistaken as mistake:
            raise (Refused(str(mistake)) if reader.asks else mistake) from None
        except Refused as refusal:
            reasons.append(refusal)
            # What was taken for a part of the loop may be the function that is differentiated, and a whole number that
            # it was given may be the length of an axis.
            with_extents = not watched.innermost()
            if with_extents and watched.lengths == reader.lengths():
                break
    raise reasons[0]


class _Watched:
    """All runs of one call among stand-ins."""

    def __init__(self, reader: Reader, with_extents: bool) -> None:
        self.reader = reader
        self.lengths = reader.lengths() if with_extents else frozenset()
        self.tokens: frozenset[int] = frozenset()
        self.step = 0.0
        self.reading: Loop | None = None

    def innermost(self) -> bool:
        """Take the function whose code was refused for one that is called as a whole; whether there was any."""
        number = self.reading.entered[-1] if self.reading and self.reading.entered else None
        if number is None:
            return False
        self.reader.evaluated.add(self.reader.plain(number).__code__)
        return True

    def proof(self) -> Proof:
        self._find_out()
        runs = [seen for run in range(len(SMALL)) for seen in self._seen(run)]
        first = runs[0]
        if any(run.blocks != first.blocks or run.outline != first.outline for run in runs):
            raise Refused(sentence("What it does is not the same for arrays of all shapes and numbers."))
        formulas = [formula_of(block, [run.numbers[i] for run in runs]) for i, block in enumerate(first.blocks)]
        for i in range(len(first.blocks)):
            self._check_real_size(first, formulas, i)
            first.blocks[i] = replace(first.blocks[i], signed=all(run.blocks[i].signed for run in runs))
        recorder = self.reader.recorder
        shapes = {n: _shape_of(value) for n, value in enumerate(recorder.values) if type(value) is np.ndarray}
        found = recorder.guards(with_argument=True)
        return Proof(found, shapes, _names_read(found), self.reader.asks, first.blocks, formulas, first.outline)

    def world(self, run: int, fill: Any = None, **options: Any) -> World:
        """A world of small arrays."""
        shapes = _Shapes(SMALL[run % len(SMALL)])
        return self._world(run, shapes, fill or self._fill, **options)

    def _world(self, run: int, shapes: _Shapes, fill: Any, **options: Any) -> World:
        shapes.add(sorted(self.lengths))
        extents = {length: shapes.known[length] for length in self.lengths}
        return World(self.reader, shapes, fill, self._is_part, seed=run, tokens=self.tokens, extents=extents, **options)

    def _fill(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        """Numbers of both signs, from much smaller than h to much larger; zeros, too, since code may ask for them."""
        made = rng.choice((-1.0, 1.0), shape) * self.step * 10.0 ** rng.uniform(-3, 7, shape)
        flat = made.reshape(-1)
        if flat.size:
            flat[rng.integers(flat.size)] = 0.0
            flat[rng.integers(flat.size)] = rng.choice((-0.0, 0.0))
        return made

    def _is_part(self, number: int) -> bool:
        function = self.reader.value(number)
        if type(function) is not FunctionType or self.reader.plain(number).__code__ in self.reader.evaluated:
            return False
        return is_part(self.reader.plain(number).__code__)

    def _read(self, world: World) -> Any:
        self.reading = Loop(world)
        return _quietly(self.reading.read)

    def _find_out(self) -> None:
        """How far it moves elements, and which arrays it only hands on."""
        world = self.world(0, lambda rng, shape: np.zeros(shape))
        self._read(world)
        moved = [
            np.abs(a).max() for call in world.calls for a in (*call.stands.values(), *call.given.values()) if a.size
        ]
        # What is filled holds quotients, of any size; what is moved comes back.
        self.step = min((float(size) for size in moved if size > 0), default=1.0)
        world = self.world(0)
        seen = seen_in(world, self._read(world))
        used = {block.array for block in seen.blocks} | {filled.number for filled in seen.outline.filled}
        self.tokens = frozenset(id(self.reader.value(number)) for number in world.arrays if number not in used)

    def _seen(self, run: int) -> list[Seen]:
        """What it does in one world, by its code and by running it, which must be the same."""
        read, ran = self.world(run), self.world(run)
        by_code = seen_in(read, self._read(read))
        by_running = seen_in(ran, _quietly(ran.run))
        same = [_are_same(*pair) for pair in zip(by_code.numbers, by_running.numbers, strict=True)]
        if by_code.blocks != by_running.blocks or by_code.outline != by_running.outline or not all(same):
            raise Refused(sentence("It does something else than its code says."))
        other = self.world(run + len(SMALL), answer_as=float)
        return [by_running, seen_in(other, _quietly(other.run))]

    def _check_real_size(self, seen: Seen, formulas: list[Formula], which: int) -> None:
        """Watch the first elements of one array in its real size; the arrays before it are small."""
        block = seen.blocks[which]
        real: NDArray[Any] = self.reader.value(block.array)
        shapes = _Shapes(SMALL[0], real.shape, every=not self.lengths)
        world = self._world(0, shapes, self._fill)
        sizes = [int(np.prod(shapes(self.reader.value(b.array)))) for b in seen.blocks]
        twice = 1 if block.pattern in ("once", "each") else 2
        # "Apart", the second half of the calls comes too late to be watched.
        world.limit = twice * (sum(sizes[:which]) + min(WATCHED, sizes[which])) + which + 1
        with suppress(Enough):
            _quietly(world.run)
        pairs = zip(seen.blocks, formulas, strict=True)
        world.far = {b.array: f.difference.width for b, f in pairs if b.array in world.initial and not b.copies}
        moves = moves_in(world)
        each = 2 if block.pattern in TWICE and block.pattern != "apart" else 1
        found = [(i, move) for i, move in enumerate(moves) if move and move[0] == block.array]
        expected = [element for element in element_order(real.shape, block.axes)[:WATCHED] for _ in range(each)]
        found = found[: len(expected)]
        if [move[1] for _, move in found] != expected:
            raise Refused(sentence("It does not go through the elements from the first to the last."))
        before = world.initial[block.array].reshape(-1)
        for turn, (i, move) in enumerate(found):
            place = place_of(world, world.calls[i], move)
            if place != float(moved_by(formulas[which].points[turn % each], before[move[1]])):
                raise Refused(sentence("How far it moves an element is not the same h for all."))


def _names_read(found: Guards) -> frozenset[str]:
    """Names of what may change between two calls of a function; the loop's arguments do not."""
    ways = (guards.own_attribute, guards.own_class_attribute, guards.class_attribute, guards.global_name, guards.cell)
    items = (guards.mapping_item, guards.module_name)
    return frozenset(
        str(guard.key)
        for guard in found.all
        if guard.how in ways or (guard.how in items and guard.parent != guards.ARGUMENT)
    )


def _are_same(a: Numbers, b: Numbers) -> bool:
    pairs = zip((a.before, *a.places, a.after, a.quotients), (b.before, *b.places, b.after, b.quotients), strict=True)
    return all(one.tobytes() == other.tobytes() for one, other in pairs)


class _Shapes:
    """Gives small arrays in place of large ones: equal lengths stay equal, and an axis of length 1 stays one.

    Args:
        lengths: what lengths become, one after the other.
        real: a shape that stays as it is; with `every`, only where it is the whole shape of an array.
    """

    def __init__(self, lengths: tuple[int, ...], real: Shape = (), *, every: bool = False) -> None:
        self.lengths, self.real = lengths, real if every else None
        self.known: dict[int, int] = {0: 0, 1: 1} | ({} if every else {length: length for length in real})
        self.used = 0

    def add(self, lengths: Iterable[int]) -> None:
        """Choose what these become."""
        for length in lengths:
            if length not in self.known:
                self.known[length] = self.lengths[self.used % len(self.lengths)]
                self.used += 1

    def __call__(self, array: NDArray[Any]) -> Shape:
        if array.shape == self.real:
            return array.shape
        self.add(array.shape)
        return tuple(self.known[length] for length in array.shape)


def _shape_of(array: NDArray[Any]) -> Any:
    return array.shape, array.dtype.str, array.flags.c_contiguous


def holds_for(proof: Proof, values: list[Any]) -> bool:
    """Whether the arrays are of the shapes and classes of numbers that were proven."""
    return all(type(values[n]) is np.ndarray and _shape_of(values[n]) == shape for n, shape in proof.shapes.items())


def _quietly(run: Callable[[], Any]) -> Any:
    """A run among stand-ins. Raises Refused where it raises or warns."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            return run()
    except (Refused, Enough):
        raise
    except RecursionError:
        raise Refused(sentence("It calls itself.")) from None
    except Exception as error:
        if is_from_elsewhere(error):
            raise
        raise Refused(sentence("Among small arrays it raises {error!r:.120}.", error=error)) from error


@lru_cache(maxsize=256)
def is_part(code: CodeType) -> bool:
    """Whether a function is a part of a loop, by its code: it calls what it is given, or writes into it."""
    try:
        tree = tree_of(code)
    except Refused:
        return False
    arguments = tree.args
    names = {p.arg for p in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            return True
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _root(node) in names:
            return True
    return False


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
