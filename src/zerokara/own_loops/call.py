"""A call of a learner's own function that looks like a numerical gradient, and what answers it without its loop."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import Enum
from types import FunctionType
from typing import Any


class Left(Enum):
    """To the plain loop: for this call, or for every call of this code, which then is not asked about again."""

    NOT_FOUND = "not found"
    HOPELESS = "hopeless"


NOT_FOUND, HOPELESS = Left.NOT_FOUND, Left.HOPELESS


@dataclass(frozen=True)
class OwnCall:
    """One call of a learner's function, before its first line has run.

    Attributes:
        plain: the function as plain Python would have compiled it: its code is that of the learner's source and nothing
            else, with the globals of the function and the present values of its free variables, in cells of its own. It
            has no defaults: `arguments` has every parameter.
        arguments: the value of every parameter by its name, in the order of the signature, as the call or the defaults
            gave it; `*args` is a tuple and `**keywords` a dict.
    """

    plain: FunctionType
    arguments: dict[str, Any]

    def run(self, **instead: Any) -> Any:
        """Call the plain function with these arguments, but for those that are given `instead`."""
        bound = inspect.BoundArguments(inspect.signature(self.plain), {**self.arguments, **instead})
        return self.plain(*bound.args, **bound.kwargs)
