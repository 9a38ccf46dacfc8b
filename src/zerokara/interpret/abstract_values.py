"""The abstract values of the interpretation: what is known of a value without computing it.

That is an object that exists (`Concrete`), numbers to be computed (`Abstract`), or a few of these (`Items`). Where two
branches meet, what is known after either is their `join`; where they have nothing in common, that is `Unknown`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from zerokara.interpret.guards import class_name, is_plain_array, is_scalar, is_told_apart
from zerokara.interpret.refusal import Refused
from zerokara.words import sentence

CONSTANT = -1
NEVER = -1

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False)
class Concrete:
    """An object that exists before the function is called.

    Attributes:
        origin: its number among the values that were read (see `guards`); CONSTANT for one that the code itself states.
    """

    value: Any
    origin: int = CONSTANT

    @cached_property
    def is_scalar(self) -> bool:
        return is_scalar(self.value)

    @cached_property
    def is_array(self) -> bool:
        return is_plain_array(self.value)

    @cached_property
    def as_abstract(self) -> Abstract | None:
        """A number or an array as numbers; None for what is neither."""
        if self.is_scalar:
            return Abstract(about_shape=True, form=_form_of(self.value), is_scalar=True)
        if self.is_array:
            form = Form(self.value.shape, self.value.dtype)
            origins = frozenset([self.origin])
            return Abstract(origins, fresh=False, form=form, read=self.origin, mapped=Mapped(self.origin))
        return Abstract(about_shape=True) if type(self.value) in (slice, type(...)) else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Concrete):
            return NotImplemented
        if self.value is other.value:
            return True
        # By repr, as in `guards._equal`: 0.0 == -0.0, and == of other objects would run a learner's `__eq__`.
        return self.is_scalar and type(self.value) is type(other.value) and repr(self.value) == repr(other.value)

    __hash__ = None  # type: ignore[assignment]


class Form(NamedTuple):
    """The shape and the class of numbers that are not known themselves."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Origin(int):
    """The number of an array that was read, in the place of that array."""


class Step(NamedTuple):
    """One operation on inputs: `function(*before, inputs, *after, **keywords)`, each a number, a shape or an Origin."""

    function: Callable[..., Any]
    before: tuple[Any, ...] = ()
    after: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()


class Mapped(NamedTuple):
    """The number of an array that was read, and what was done to it since, element by element."""

    origin: int
    steps: tuple[Step, ...] = ()

    def renumbered(self, numbers: dict[int, int]) -> Mapped:
        """The same with other numbers for its arrays."""

        def other(part: Any) -> Any:
            return Origin(numbers.get(part, part)) if isinstance(part, Origin) else part

        steps = (s._replace(before=tuple(map(other, s.before)), after=tuple(map(other, s.after))) for s in self.steps)
        return Mapped(numbers.get(self.origin, self.origin), tuple(steps))

    @property
    def others(self) -> frozenset[int]:
        """The numbers of the other arrays that the steps compute with."""
        return frozenset(
            int(part) for step in self.steps for part in (*step.before, *step.after) if isinstance(part, Origin)
        )


class Local(NamedTuple):
    """What is known of numbers of which each comes from one sample alone, through a = x W + b.

    Attributes:
        product: which a. Each product has a number of its own, and each bias that is added to one.
        epoch: see `Arithmetic.local_epoch`.
        axis: of the samples, counted from the last axis, 0; ALONE where there is but one, LOST where some were picked.
        scale: the numbers are this times a, element by element; None for any other function of a.
        clamped: the numbers are that between two bounds only, and one of these elsewhere.
        weights: the numbers of the arrays that were multiplied, and added, for a, as far as they were read.
    """

    product: int
    epoch: int
    axis: int
    scale: float | None = 1.0
    clamped: bool = False
    weights: frozenset[int] = frozenset()


ALONE, LOST = -1, -2


class Comparison(NamedTuple):
    """What a mask came from: whether `value` is above or below `number`."""

    value: Abstract
    number: float


@dataclass(frozen=True)
class Abstract:
    """Numbers, in an array or alone, that the function computes, or plain containers of such.

    Attributes:
        origins: numbers of the arrays that it was computed from, or, of shapes, of the arrays that have them.
        fresh: it shares no memory with anything that was there before the call, so it may be written to.
        about_shape: it depends on shapes and classes of arrays, not on the numbers in them.
        affine: it is x W + b, the input a of an activation, as long as this is the epoch (see `Arithmetic`).
        shared: it may be a part of something affine or local, so that writing to it writes to that.
        may_be_list: writing to it may keep what is written itself, instead of its numbers.
        masked: how many numbers there are may depend on numbers.
        form: their shape and class, where they are known.
        read: the number of the array that these are a view of, every element of it.
        mapped: of inputs, how they came from an array that was read.
        local: how they came from x W + b, sample by sample.
        comparison: of a mask, what was compared.
        is_scalar: it is a number of NumPy's, which nobody can write to.
        unmapped_at: the line where something else was done to an array that was read than `mapped` can say.
        lost_at: the line where what came from each sample alone no longer did.
    """

    origins: frozenset[int] = frozenset()
    fresh: bool = True
    about_shape: bool = False
    affine: int = NEVER
    shared: bool = False
    may_be_list: bool = False
    masked: bool = False
    form: Form | None = None
    read: int = NEVER
    mapped: Mapped | None = None
    local: Local | None = None
    comparison: Comparison | None = None
    is_scalar: bool = False
    unmapped_at: int | None = None
    lost_at: int | None = None

    @property
    def touches_affine(self) -> bool:
        return self.shared or self.affine != NEVER

    def computed(self, affine: int = NEVER, form: Form | None = None) -> Abstract:
        """Numbers computed from these by a function of NumPy's, in memory of their own."""
        return Abstract(
            self.origins,
            about_shape=self.about_shape,
            affine=affine,
            may_be_list=self.may_be_list,
            masked=self.masked,
            form=form,
            is_scalar=form is not None and not form.shape,
        )


def replace(data: Abstract, **changes: Any) -> Abstract:
    """The same numbers, but for these attributes: `dataclasses.replace`, ten times as fast."""
    made: Abstract = object.__new__(Abstract)
    vars(made).update(vars(data), **changes)
    return made


@dataclass(frozen=True)
class Items:
    """A tuple or list whose elements are known one by one."""

    elements: tuple[Value, ...]


@dataclass(frozen=True)
class Bound:
    """Something to call with what stands before the dot: a function, or by name a method of numbers or dicts."""

    receiver: Value
    function: Concrete | str


@dataclass(frozen=True)
class Fresh:
    """A list or dict that the function makes; what is in it now, `Objects` knows by its number."""

    number: int
    kind: type


@dataclass(frozen=True)
class Entries:
    """What is in such a dict."""

    keys: tuple[Any, ...]
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Once:
    """What can be gone through, but not kept: a zip or the like, which is used up, or a view of a dict that may change.

    Attributes:
        sources: the lists and dicts that it goes through.
    """

    elements: tuple[Value, ...]
    sources: tuple[Fresh, ...]


@dataclass(frozen=True, eq=False)
class Closure:
    """A function that is defined inside the interpreted code, with the scope around it."""

    node: ast.FunctionDef | ast.Lambda
    code: CodeType
    frame: Any  # a Frame, which holds such values itself
    defaults: tuple[Value, ...]
    keyword_defaults: Mapping[str, Value]


@dataclass(frozen=True)
class Partial:
    """A function that some of the arguments are given to already, as by `functools.partial`."""

    function: Value
    arguments: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Super:
    """What `super()` gives: an instance, seen through the classes that come after one of its own."""

    after: Concrete
    owner: Concrete


@dataclass(frozen=True)
class Counted:
    """A number of the learner's to which one call adds so much, and that nothing else reads."""

    step: int


@dataclass(frozen=True)
class Text:
    """A text that is made of numbers, for an error's message."""


@dataclass(frozen=True)
class Unknown:
    """What two branches left differently (⊤, the top of the lattice); it must not be used."""


Value = (
    Concrete | Abstract | Items | Bound | Fresh | Once | Entries | Closure | Partial | Super | Counted | Text | Unknown
)


def is_number(value: Value) -> bool:
    """Whether a value can take part in arithmetic without running a learner's code."""
    if isinstance(value, Concrete):
        return value.is_scalar or value.is_array
    return isinstance(value, Abstract) or (isinstance(value, Items) and all(map(is_number, value.elements)))


def as_abstract(value: Value) -> Abstract:
    """A value as numbers. Raises Refused for what is none."""
    if isinstance(value, Abstract):
        return value
    if isinstance(value, Concrete) and value.as_abstract is not None:
        return value.as_abstract
    if isinstance(value, Items):
        return combine([as_abstract(element) for element in value.elements])
    raise Refused(
        sentence(
            "It computes with an object of the class {kind}, which is no plain number or array.", kind=class_of(value)
        )
    )


def _form_of(scalar: Any) -> Form | None:
    return None if scalar is None or type(scalar) is str else Form((), np.asarray(scalar).dtype)


def combine(parts: list[Abstract]) -> Abstract:
    """Numbers that may come from any of the parts."""
    # What only lends its shape decides no number: `loss / t.shape[0]` does not come from t. Only where all parts are
    # about shapes are those their origins.
    shapes_only = all(part.about_shape for part in parts)
    return Abstract(
        origins=frozenset().union(*(part.origins for part in parts if shapes_only or not part.about_shape)),
        fresh=all(part.fresh for part in parts),
        about_shape=shapes_only,
        shared=any(part.touches_affine or part.local is not None for part in parts),
        may_be_list=any(part.may_be_list for part in parts),
        masked=any(part.masked for part in parts),
    )


def join(one: Value, other: Value) -> Value:
    """What is known of a value after either of two branches. Whose memory it has is not: nobody may write to it."""
    if one == other and _is_one(one, other):
        return one
    if isinstance(one, Items) and isinstance(other, Items) and len(one.elements) == len(other.elements):
        return Items(tuple(map(join, one.elements, other.elements)))
    if isinstance(one, Entries) and isinstance(other, Entries) and repr(one.keys) == repr(other.keys):
        return Entries(one.keys, tuple(map(join, one.values, other.values)))
    if is_number(one) and is_number(other):
        a, b = as_abstract(one), as_abstract(other)
        # Affine only if both are, in the same epoch: NEVER, or an older epoch, is the smaller.
        common = {
            name: getattr(a, name)
            for name in ("form", "read", "mapped", "local", "is_scalar")
            if getattr(a, name) == getattr(b, name)
        }
        if a.is_scalar and b.is_scalar and "form" not in common:
            common["form"] = _either_form(a.form, b.form)
        return replace(combine([a, b]), affine=min(a.affine, b.affine), fresh=False, **common)
    return Unknown()


def _is_one(one: Value, other: Value) -> bool:
    """Whether a guard tells if two that are one and the same object are so no longer; see `guards.Guards`."""
    if not (isinstance(one, Concrete) and isinstance(other, Concrete)) or one.origin == other.origin:
        return True
    return one.is_scalar or is_told_apart(one.value)


def _either_form(one: Form | None, other: Form | None) -> Form | None:
    """Of a whole number or a float, as a sum has that begins with 0: it counts as a float."""
    known = one is not None and other is not None and {one.dtype, other.dtype} == {np.dtype(int), np.dtype(float)}
    return Form((), np.dtype(float)) if known else None


def join_all(one: dict[Key, Value], other: dict[Key, Value]) -> dict[Key, Value]:
    """What is known of names, or of attributes, after either of two branches."""
    return {key: join(one[key], other[key]) if key in one and key in other else Unknown() for key in one | other}


def class_of(value: Value) -> str:
    """The name of a value's class, for a refusal. Classes are named, never shown: showing runs their code."""
    if isinstance(value, Concrete):
        return class_name(type(value.value))
    if isinstance(value, Fresh):
        return value.kind.__name__
    names = {Abstract: "ndarray", Items: "tuple", Bound: "method", Closure: "function", Text: "str"}
    return names.get(type(value), "object")
