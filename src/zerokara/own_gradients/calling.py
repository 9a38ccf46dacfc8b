"""Calls a learner's functions: every argument gets what its name asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.own_gradients.layouts import Layout
from zerokara.own_gradients.roles import named_for, plain, role_of, roles_in
from zerokara.own_gradients.subject import Array
from zerokara.words import sentence

RATE = 0.125
"""A learning rate to read a gradient off an update: a power of two, so that dividing by it rounds nothing."""

Function = Callable[..., Any]


class Unreadable(Exception):
    """A way of calling a learner's code that does not go."""


class NoLoss(Exception):
    """A loss is no finite number. Its text is for the user."""


class Exited(Exception):
    """A learner's code called sys.exit()."""


@dataclass
class Code:
    """What a learner wrote for one network.

    Attributes:
        name: of the class or file.
        functions: methods or functions by their names.
        holder: the object or dict in which parameters are looked for.
        given: arguments by role or name, such as "params", that functions are called with.
        beside: functions of the file beside a class, for a loss that is no method.
    """

    name: str
    functions: Mapping[str, Function]
    holder: Any
    given: dict[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Function] = field(default_factory=dict)
    file: Path | None = None

    def named(self, purpose: str) -> list[Function]:
        """Its functions for a purpose of `METHODS`, the likeliest first."""
        return [self.functions[name] for name in named_for(purpose, self.functions)]


@dataclass(frozen=True)
class Way:
    """One loss and one gradient of a learner's."""

    loss: Function
    gradient: Function
    output: Function | None
    updates: bool


@dataclass
class Calls:
    """Calls of a way with a batch in one layout."""

    code: Code
    way: Way
    layout: Layout

    def loss(self, x: Array, t: Array) -> float:
        """The loss as a number: of the batch, or the mean of single samples."""
        return float(np.mean([self._loss(*one) for one in self.batches(x, t)]))

    def result(self, x: Array, t: Array) -> Any:
        """What the gradient's function returns for what is one batch to the code."""
        if _needs_forward(self.way):
            self._loss(x, t)
        values = self._values(x, t)
        if self.way.output is not None and {"output", "cache"} & set(roles_in(self.way.gradient).values()):
            values |= self._output(values)
        return self._call(self.way.gradient, values)

    def scores(self, x: Array) -> Array:
        """The output of the network for rows x, or an error of the learner's."""
        assert self.way.output is not None
        rows = [self._output(self._values(one, None))["output"] for one, _ in self.batches(x, np.zeros(len(x)))]
        if self.layout.one_by_one:
            return np.stack([np.ravel(row) for row in rows])
        return np.asarray(rows[0]).T if self.layout.rows == "columns" else np.asarray(rows[0])

    def batches(self, x: Array, t: Array) -> list[tuple[Array, Array]]:
        """What is one call each: the whole, or every sample."""
        pieces = [(x[i : i + 1], t[i : i + 1]) for i in range(len(x))] if self.layout.one_by_one else [(x, t)]
        return [(self.layout.x(one), self.layout.t(other)) for one, other in pieces]

    def _values(self, x: Array, t: Array | None) -> dict[str, Any]:
        n = 1 if self.layout.one_by_one else x.shape[1] if self.layout.rows == "columns" else len(x)
        values = {"x": x, "n": n, "once": 1, "training": True, "rate": RATE, "decay": 0.0, **self.code.given}
        return values if t is None else {**values, "t": t}

    def _loss(self, x: Array, t: Array) -> float:
        values, loss = self._values(x, t), self.way.loss
        roles = set(roles_in(loss, values).values())
        if self.way.output is not None and self.way.output is not loss and "x" not in roles:
            values |= self._output(values)
        return number_in(self._call(loss, values))

    def _output(self, values: dict[str, Any]) -> dict[str, Any]:
        assert self.way.output is not None
        return output_in(self._call(self.way.output, values))

    def _call(self, function: Function, values: Mapping[str, Any]) -> Any:
        roles = roles_in(function, values)
        if lacking := [name for name, role in roles.items() if role not in values]:
            raise Unreadable(lacking[0])
        try:
            return function(**{name: values[role] for name, role in roles.items()})
        except SystemExit as error:
            raise Exited(str(error)) from error


def _needs_forward(way: Way) -> bool:
    """Whether people call the forward pass before: `backward` relies on it, `gradient(x, t)` does it itself."""
    if way.gradient is way.loss or way.updates:
        return False
    return "back" in plain(way.gradient.__name__) or "x" not in roles_in(way.gradient).values()


def number_in(result: Any) -> float:
    """The number that a loss returned, alone or first in a tuple. Raises NoLoss where there is none."""
    if isinstance(result, tuple) and result:
        result = result[0]
    array = np.asarray(result)
    if array.dtype.kind not in "fiu":
        raise NoLoss(sentence("The loss is {got!r:.80}. Expected one number.", got=result))
    if array.size != 1:
        text = sentence(
            "The loss has the shape {shape}. Expected one number: a function that returns the network's output is no "
            "loss, and the losses of samples are to be summed or averaged.",
            shape=array.shape,
        )
        raise NoLoss(text)
    return float(array.reshape(()))


def output_in(result: Any) -> dict[str, Any]:
    """The network's output and what else its forward pass returned, for the backward pass.

    (output, cache); (z1, a1, z2, output); or a dict of all, where the output has a name of one, or is the last.
    """
    if isinstance(result, dict):
        names = [name for name in result if role_of(str(name)) == "output"] or list(result)
        return {"output": result[names[-1]], "cache": result}
    if not isinstance(result, tuple) or not result:
        return {"output": result}
    if len(result) == 2 and not isinstance(result[1], np.ndarray):
        return {"output": result[0], "cache": result[1]}
    return {"output": result[-1], "cache": result}
