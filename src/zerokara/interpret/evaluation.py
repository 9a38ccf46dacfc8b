"""A call with its arguments, as a function of the one array that is moved: `net.loss(x, t)`, while W1 is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a loop evaluates that is not simply f(x).

    Attributes:
        function: what is called.
        arguments, keywords: what with.
        place: the position, or the keyword, at which the array that is moved stands; None where it is no argument, but
            something that the function finds by itself.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)
    place: int | str | None = None

    def __call__(self, x: Any) -> Any:
        """The call, with x at its place."""
        if isinstance(self.place, int):
            return replace(self, arguments=_put(self.arguments, self.place, x), place=None)(x)
        keywords = {**self.keywords, self.place: x} if isinstance(self.place, str) else self.keywords
        return self.function(*self.arguments, **keywords)


def _put(arguments: tuple[Any, ...], place: int, x: Any) -> tuple[Any, ...]:
    return (*arguments[:place], x, *arguments[place + 1 :])
