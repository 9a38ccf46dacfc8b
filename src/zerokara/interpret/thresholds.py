"""Where numbers decide, and which of these places are harmless.

A proof by numbers sees only what happens at the weights it tries. Something that starts to matter elsewhere, such as
`np.minimum(a, 6)` or `if loss > 3`, could hide from it. So every place where numbers decide is noted as a threshold,
and what depends on weights may have only these:

- 0 for a = x W + b, which half of all random a cross, and the choice between two multiples of one a;
- the maximum that softmax takes off;
- other numbers, as bounds of a, or of something that comes from each sample alone and is kept where it lies within
  them: these are noted as `limits`, for the network that is found must have them as well, or never come near.
"""

from __future__ import annotations

import ast
import math
from typing import NamedTuple

from zerokara.interpret.abstract_values import (
    Abstract,
    Comparison,
    Concrete,
    Local,
    Value,
    as_abstract,
    combine,
    replace,
)
from zerokara.interpret.allowed import Kind
from zerokara.interpret.locality import Locality, is_plain_number

FIRST_BLANK = -2


class Threshold(NamedTuple):
    """A place where numbers decide.

    Attributes:
        what: as code names it: `a // b`, `if`.
        origins: the arrays that these numbers come from.
        line: where it stands; since: from where on they are nothing that is followed.
    """

    what: str
    origins: frozenset[int]
    line: int | None = None
    since: int | None = None


class Limit(NamedTuple):
    """A number at which something of a sample is cut off, or another formula begins.

    Attributes:
        what: as of a threshold; line: where.
        number: the bound.
        of_input: it is one of a = x W + b itself; else of some other number that comes from a.
        site: the place in the code, told apart from others on the same line.
        weights: W and b of that a, by the numbers of these arrays, and x, where it was read as well.
    """

    what: str
    line: int | None
    number: float
    of_input: bool
    site: int
    weights: frozenset[int] = frozenset()

    def renumbered(self, numbers: dict[int, int]) -> Limit:
        """The same with other numbers for its arrays."""
        return self._replace(weights=frozenset(numbers.get(number, number) for number in self.weights))


class Thresholds(Locality):
    """What is known of where numbers decide.

    Attributes:
        node: the expression that is being evaluated.
        thresholds: all but the harmless ones.
        limits: see `Limit`.
        spilled: origins of numbers that were written into memory that came from elsewhere.
        blanks: of each array that was made anew, such as zeros, the origins of what was written into it. Whatever is
            made of it has its number, which is below those of arrays that were read, among its origins.
    """

    def __init__(self) -> None:
        super().__init__()
        self.node: ast.AST | None = None
        self.thresholds: list[Threshold] = []
        self.limits: list[Limit] = []
        self.spilled: set[int] = set()
        self.blanks: dict[int, set[int]] = {}
        self._waiting: list[tuple[Comparison, Limit, Threshold]] = []

    @property
    def line(self) -> int | None:
        """Of the expression that is being evaluated."""
        return getattr(self.node, "lineno", None)

    def threshold(self, what: str, data: Abstract) -> None:
        """Note that numbers decide here, unless shapes do."""
        if not data.about_shape:
            self.thresholds.append(Threshold(what, data.origins, self.line, data.lost_at))

    def threshold_on(self, weights: set[int]) -> Threshold | None:
        """The first threshold that depends on one of these arrays."""
        for threshold in [*self.thresholds, *(threshold for _, _, threshold in self._waiting)]:
            if (self._reached(threshold.origins) | self.spilled) & weights:
                return threshold
        return None

    def _reached(self, origins: frozenset[int]) -> set[int]:
        """Origins, with those of what was written into blank arrays among them."""
        reached, left = set(origins), list(origins)
        while left:
            new = self.blanks.get(left.pop(), set()) - reached
            reached |= new
            left += new
        return reached

    def blank(self, data: Abstract) -> Abstract:
        """An array that was made anew."""
        number = FIRST_BLANK - len(self.blanks)
        self.blanks[number] = set()
        return replace(data, origins=data.origins | {number})

    def spill(self, base: Abstract, parts: list[Value]) -> None:
        """Numbers are written into `base`. Who else looks at that memory is not followed, but by its origins."""
        new = combine([as_abstract(part) for part in parts]).origins - base.origins
        blanks = [self.blanks[number] for number in base.origins if number in self.blanks]
        for blank in blanks or [self.spilled]:
            blank |= new

    # Kinks

    def note(self, name: str, kind: Kind, arguments: list[Value], first: Abstract, data: Abstract) -> None:
        """Note the threshold in a function of numbers, if there is one."""
        if first.form is not None and first.form.shape:  # of one number for all samples that is no news
            data = replace(data, lost_at=first.lost_at)
        # The maximum that softmax takes off changes nothing; another use of it shows in numbers, as any formula does.
        if kind is Kind.EXTREME and len(arguments) and self._crosses_zero(first):
            return
        if kind in (Kind.KINK, Kind.CHOICE) and self._is_known_kink(name, arguments):
            return
        if kind is Kind.CLIP and self._is_known_clip(name, arguments):
            return
        if name == "where" and len(arguments) == 3:
            self.show(*arguments)
        if kind is Kind.BLANK and not name.endswith(("_like", "full")):
            self.threshold(name, data)  # how long `arange` is depends on them
        if kind in (Kind.EXTREME, Kind.KINK, Kind.CHOICE, Kind.CLIP, Kind.CUT, Kind.CAST):
            self.threshold(name, data)

    def _is_known_kink(self, name: str, arguments: list[Value]) -> bool:
        if len(arguments) == 1:
            return isinstance(arguments[0], Abstract) and self._crosses_zero(arguments[0])
        one, other = arguments
        if is_plain_number(one):
            return self._is_bound(name, other, one)
        if is_plain_number(other):
            return self._is_bound(name, one, other)
        a, b = self.local(one), self.local(other)
        return (
            a is not None
            and b is not None
            and a[:3] == b[:3]
            and not (a.clamped or b.clamped or a.scale is None or b.scale is None)
        )

    def _is_known_clip(self, name: str, arguments: list[Value]) -> bool:
        value, *bounds = arguments
        given = [bound for bound in bounds if not (isinstance(bound, Concrete) and bound.value is None)]
        return bool(given) and all(is_plain_number(b) and self._is_bound(name, value, b) for b in given)

    def _is_bound(self, name: str, value: Value, bound: Value) -> bool:
        """Whether a bound of `value`, which is kept where it lies within, is harmless, or noted as a bound."""
        if not isinstance(value, Abstract):
            return False
        number, local = float(bound.value), self.local(value)  # type: ignore[union-attr]
        if number == 0 and self._crosses_zero(value):
            return True
        if math.isinf(number):
            return True
        if local is None:
            return False
        self.limits.append(self._limit(name, local, number))
        return True

    def _limit(self, what: str, local: Local, number: float) -> Limit:
        of_input = local.scale is not None
        return Limit(
            what, self.line, number / local.scale if local.scale else number, of_input, id(self.node), local.weights
        )

    def _crosses_zero(self, value: Abstract) -> bool:
        local = self.local(value)
        return self.is_affine(value) or (local is not None and local.scale is not None)

    def compared(self, kind: ast.cmpop, left: Value, right: Value) -> Comparison | None:
        """What a comparison with a number says; None for a threshold that is not noted yet."""
        for value, bound in ((left, right), (right, left)):
            if not (is_plain_number(bound) and isinstance(value, Abstract)):
                continue
            number, local = float(bound.value), self.local(value)  # type: ignore[union-attr]
            if number == 0 and self._crosses_zero(value):
                return Comparison(value, number)
            if local is None or isinstance(kind, ast.Eq | ast.NotEq):
                return None
            comparison = Comparison(value, number)
            noted = self._limit(ast.unparse(ast.Compare(_A, [kind], [_B])), local, number)
            if noted.of_input:
                self.limits.append(noted)
            else:
                self._waiting.append((comparison, noted, Threshold(noted.what, value.origins, self.line)))
            return comparison
        return None

    def show(self, mask: Value, *branches: Value) -> None:
        """`where(y > c, y, c)`, or `y[y < c] = c`, keeps y on one side of c: so a jump there is at a bound of y."""
        comparison = mask.comparison if isinstance(mask, Abstract) else None
        if comparison is None or not any(branch is comparison.value for branch in branches):
            return
        if self.local(comparison.value) is None:  # it was written to since
            return
        if any(is_plain_number(b) and float(b.value) == comparison.number for b in branches):  # type: ignore[union-attr]
            self.limits += [noted for waiting, noted, _ in self._waiting if waiting is comparison]
            self._waiting = [waiting for waiting in self._waiting if waiting[0] is not comparison]


_A, _B = ast.Name("a"), ast.Name("b")
