"""What the code does to an array that it read, as steps that can be done again: see `inputs`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zerokara.interpret.abstract_values import (
    Abstract,
    Concrete,
    Items,
    Mapped,
    Origin,
    Step,
    Value,
    as_abstract,
    is_number,
)
from zerokara.interpret.allowed import is_dtype
from zerokara.interpret.locality import is_plain_number


def mapped_step(function: Callable[..., Any] | None, operands: list[Value]) -> Mapped | None:
    """Inputs after one more step, with a number or another array that was read."""
    if function is None:
        return None
    sources = [as_abstract(operand).mapped if is_number(operand) else None for operand in operands]
    # Of two arrays that were read, the one that was already computed with is x, or the first; numbers decide.
    places = sorted((i for i, found in enumerate(sources) if found), key=lambda i: -len(sources[i].steps))  # type: ignore[union-attr]
    for place in places:
        others = [_known(operand) for i, operand in enumerate(operands) if i != place]
        if all(other is not None for other in others):
            origin, steps = sources[place]  # type: ignore[misc]
            step = Step(function, tuple(others[:place]), tuple(others[place:]))
            return Mapped(origin, (*steps, step))
    return None


def mapped_by(
    function: Callable[..., Any] | str, first: Abstract, arguments: list[Value], keywords: dict[str, Value]
) -> Mapped | None:
    """Inputs after a view, a copy or a cast."""
    after, named = [_known(value) for value in arguments[1:]], {k: _known(v) for k, v in keywords.items()}
    if first.mapped is None or None in after or None in named.values():
        return None
    step = Step(_Method(function) if isinstance(function, str) else function, (), tuple(after), tuple(named.items()))
    return Mapped(first.mapped.origin, (*first.mapped.steps, step))


class _Method(str):
    """A method of arrays, by its name."""

    __slots__ = ()

    def __call__(self, array: Any, *arguments: Any, **keywords: Any) -> Any:
        return getattr(array, str(self))(*arguments, **keywords)


def _known(value: Value) -> Any:
    """A number, a class of numbers, a shape, or the Origin of an array that was read; None for anything else."""
    if isinstance(value, Concrete) and (is_dtype(value.value) or is_plain_number(value)):
        return value.value
    if isinstance(value, Concrete) and value.is_array:
        return Origin(value.origin)
    if isinstance(value, Items):
        parts = tuple(map(_known, value.elements))
        return None if None in parts else parts
    return None
