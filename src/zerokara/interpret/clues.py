"""What the proof by numbers starts from: constants, functions, bounds, and what becomes of x, as the code has them."""

from __future__ import annotations

from typing import NamedTuple

from zerokara.interpret.abstract_values import Abstract, Concrete, Items, Mapped, Value, as_abstract, is_number, replace
from zerokara.interpret.locality import is_plain_number
from zerokara.interpret.thresholds import Limit, Thresholds

MOST_CONSTANTS = 60


class Clues(NamedTuple):
    """What code says about the network that it may compute, for the proof by numbers to begin with.

    Attributes:
        constants, operations, maps, transposed: as of `Gathered`.
        limits: see `thresholds.Limit`.
        input_lines: where something else was done to what may be inputs than a step of `maps`.
        activation_lines: where a curve was taken of a = x W + b that was multiplied by other weights then.
        loss_lines: where numbers that came from samples are added up.
        added_lines: where numbers are added up that come from these arrays, and from no sample.
    """

    constants: tuple[float, ...] = ()
    operations: frozenset[str] = frozenset()
    maps: tuple[Mapped, ...] = ()
    transposed: frozenset[int] = frozenset()
    limits: tuple[Limit, ...] = ()
    input_lines: tuple[int, ...] = ()
    activation_lines: tuple[int, ...] = ()
    loss_lines: tuple[int, ...] = ()
    added_lines: tuple[tuple[int, frozenset[int]], ...] = ()


class Gathered(Thresholds):
    """What was met so far.

    Attributes:
        constants: the numbers that it computes with, those that were folded included, in order.
        operations: names of the functions and classes of the operators that it uses.
        maps: what was multiplied by a matrix, where it came from an array that was read.
        transposed: origins of arrays of which a transposed view is used.
    """

    def __init__(self) -> None:
        super().__init__()
        self.constants: dict[float, None] = {}
        self.operations: set[str] = set()
        self.maps: dict[Mapped, None] = {}
        self.transposed: set[int] = set()
        self.input_lines: list[int] = []
        self.summed: list[int] = []
        self.added: list[tuple[int, frozenset[int]]] = []
        self.curves: dict[int, int] = {}

    def clues(self, first_of: dict[int, int]) -> Clues:
        """What was gathered; `first_of` gives the number that an array goes by, which may have been read twice."""
        maps = {mapped.renumbered(first_of): None for mapped in self.maps}
        transposed = frozenset(first_of.get(origin, origin) for origin in self.transposed)
        return Clues(
            tuple(self.constants),
            frozenset(self.operations),
            tuple(maps),
            transposed,
            tuple(limit.renumbered(first_of) for limit in self.limits),
            tuple(self.input_lines),
            tuple(line for product, line in self.curves.items() if product != self.products),
            tuple(self.summed),
            tuple((line, frozenset(first_of.get(n, n) for n in origins)) for line, origins in self.added),
        )

    def meet(self, what: str, *values: Value) -> None:
        """Note the name of an operation, and the numbers among its operands."""
        self.operations.add(what)
        for value in values:
            if is_plain_number(value) and len(self.constants) < MOST_CONSTANTS:
                self.constants[float(value.value)] = None  # type: ignore[union-attr]

    def traced(self, result: Abstract, operands: list[Value]) -> Abstract:
        """The same, having noted the line where it is no longer what its operands were; see `Clues`."""
        for operand in (
            part for value in operands for part in (value.elements if isinstance(value, Items) else [value])
        ):
            if self.line is None or not isinstance(operand, Abstract | Concrete) or not is_number(operand):
                continue
            data, local = as_abstract(operand), as_abstract(operand).local
            if (
                local is not None
                and local.scale is not None
                and (result.local is None or result.local[3:5] != local[3:5])
            ):
                self.curves.setdefault(local.product, self.line)
            if result.is_scalar and not data.is_scalar and (local is not None or data.lost_at):
                self.summed.append(self.line)
            if result.local is None and (local is not None or data.lost_at):
                result = replace(result, lost_at=data.lost_at or self.line)
            if result.is_scalar and not data.is_scalar and (data.mapped or data.unmapped_at):
                self.added.append((self.line, data.origins))
            if result.mapped is None and result.local is None and (data.mapped or data.unmapped_at):
                result = replace(result, unmapped_at=data.unmapped_at or self.line)
        return result

    def multiplied(self, left: Value, right: Value) -> Abstract:
        """A matrix product, of what may be inputs."""
        for operand in map(as_abstract, (left, right)):
            if operand.mapped is not None:
                self.maps[operand.mapped] = None
            if operand.local is None and operand.unmapped_at is not None:
                self.input_lines.append(operand.unmapped_at)
        return self.product(left, right)
