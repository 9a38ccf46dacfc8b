"""What was noted while a learner's file ran, for what it did not leave behind under a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Called:
    """The last call of a function or method that computes a loss or a gradient.

    Attributes:
        owner: the object whose method was called, or the function.
        name: of the method or function, such as "gradient".
        args: what it was called with, without the object itself.
    """

    owner: Any
    name: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Memory:
    """What was noted while it ran.

    Attributes:
        calls: the last call of each function.
        error: what the run ended with; None where it ended well.
        updates: how many steps of a training were taken; 0 where nobody counted.
    """

    calls: Sequence[Called] = field(default_factory=tuple)
    error: BaseException | None = None
    updates: int = 0
