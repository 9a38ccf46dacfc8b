"""A layer alone: backward for a random upstream gradient u, against central differences of sum(forward(x)·u)."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.errors import UsageError
from zerokara.findings import Finding, Findings
from zerokara.own_gradients.isolation import quietly, raised
from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.layer_call import LayerCall, Unusable, inputs, is_layer, single_inputs, tried
from zerokara.own_gradients.layer_kinds import INPUT, UNKNOWN, Quantity, quantities
from zerokara.own_gradients.layer_mistakes import by_calling_twice, named
from zerokara.own_gradients.parameters import arrays_in
from zerokara.own_gradients.subject import Array
from zerokara.words import paragraph, sentence

__all__ = ["is_layer", "layer_findings"]

ROWS = (7, 5)
"""Of the batches: primes, so that a factor of the batch is no other number."""

ELSEWHERE = ("updated-too-early", "changed-in-place")
"""Causes that stand on another line than the gradient that shows them."""


def layer_findings(layer: Any, x: Array | None = None) -> Findings:
    """What is wrong with the backward pass of an object with `forward(x)` and `backward(dout)`. It is left as it was.

    Args:
        layer: made by its constructor already. Its parameters are the arrays that its output depends on, and their
            gradients are found by names such as dW, `grads["W"]`, or in what `backward` returns after dx.
        x: an input whose shape forward takes; where it is None, shapes are tried.

    Raises UsageError where it cannot be called.
    """
    before = Snapshot([layer])
    try:
        with quietly():
            return _found(layer, x)
    finally:
        before.restore()


def _found(layer: Any, x: Array | None) -> Findings:
    calls = _Calls(layer, x)
    judged = [wrong for rows, seed in zip(ROWS, (1, 2), strict=True) if (wrong := calls.judged(rows, seed)) is not None]
    if not judged:
        raise UsageError(
            paragraph(
                sentence(
                    "{name} cannot be checked by itself. Expected forward(x), which takes an array of numbers, and "
                    "backward(dout). Give an input that it takes as x.",
                    name=type(layer).__name__,
                ),
                raised(calls.error) if calls.error is not None else "",
            )
        )
    differing = list(_agreed(judged))
    if differing and _takes_single_samples(calls, differing):
        return Findings()
    return Findings(_finding(layer, quantity) for quantity in _named_first(differing))


def _takes_single_samples(calls: _Calls, wrong: list[Quantity]) -> bool:
    """Whether gradients of a batch have the wrong shapes, and those of single samples are right: meant for these."""
    return not any(quantity.has_right_shape() for quantity in wrong) and calls.is_right_for_one()


class _Calls:
    """Batches through one layer, which is as before after each."""

    def __init__(self, layer: Any, x: Array | None) -> None:
        self.layer = layer
        self.x = x
        self.error: Exception | None = None

    def judged(self, rows: int, seed: int) -> dict[str, Quantity] | None:
        """The wrong gradients, by name; None where forward and backward go with no input of so many rows."""
        generator = np.random.default_rng(seed)  # one for all: an x equal to u would hide who takes one for the other
        for given in inputs(self.layer, self.x, rows, generator):
            wrong = self._judged(given, generator)
            if wrong is not None:
                return wrong
        return None

    def is_right_for_one(self) -> bool:
        """Whether nothing is wrong with some form of one sample, of those that its biases do not contradict."""
        generator = np.random.default_rng(3)
        arrays = [place.value for place in arrays_in(self.layer)]
        shapes = [(n,) for array in arrays if array.ndim == 2 for n in array.shape if n > 1]
        flat = any(array.ndim == 1 for array in arrays)
        for given in single_inputs(list(dict.fromkeys(shapes)), generator):
            forms = [given] if flat else [given, given.reshape(1, -1)]
            if any(self._judged(form, generator) == {} for form in forms if form.ndim == 1 or not flat):
                return True
        return False

    def _judged(self, given: Array, generator: np.random.Generator) -> dict[str, Quantity] | None:
        before = Snapshot([self.layer])
        try:
            call = tried(self.layer, given, generator)
        except Exception as error:
            if not isinstance(error, Unusable) and self.error is None:
                self.error = error
            return None
        else:
            return _wrong(call)
        finally:
            before.restore()


def _agreed(judged: list[dict[str, Quantity]]) -> Iterator[Quantity]:
    """What is wrong on any batch, with the name that holds on every one."""
    for name, quantity in {name: entry for wrong in reversed(judged) for name, entry in wrong.items()}.items():
        causes = {wrong[name].cause if name in wrong else "" for wrong in judged}
        yield quantity if len(causes) == 1 else quantity.unnamed()


def _named_first(wrong: Iterable[Quantity]) -> list[Quantity]:
    """One for each cause, the named ones first."""
    found: dict[str, Quantity] = {}
    for quantity in wrong:
        found.setdefault(quantity.cause, quantity)
    return sorted(found.values(), key=lambda quantity: quantity.cause == UNKNOWN)


def _wrong(call: LayerCall) -> dict[str, Quantity]:
    """The wrong gradients of one batch, by name."""
    all_of_it = [(quantity, by_calling_twice(quantity, call)) for quantity in quantities(call)]
    wrong = [replace(quantity, cause=cause) if cause else quantity for quantity, cause in all_of_it]
    wrong = [quantity for quantity in wrong if quantity.cause != UNKNOWN or not quantity.is_right()]
    if _averages_in_the_layer(call, wrong):
        return {}
    return {quantity.name: named(quantity, call) for quantity in wrong}


def _averages_in_the_layer(call: LayerCall, wrong: list[Quantity]) -> bool:
    """Whether every parameter's gradient is that of the mean over the batch: right where the loss is left summed."""
    if not wrong or {quantity.parameter for quantity in wrong} != set(call.params):
        return False
    return all(quantity.equals(quantity.right / len(call.x)) for quantity in wrong)


def _finding(layer: Any, quantity: Quantity) -> Finding:
    file, line = _place(layer, quantity)
    return Finding(
        cause=quantity.cause,
        text=_seen(type(layer).__name__, quantity),
        file=file,
        line=line,
        parameter=None if quantity.parameter == INPUT else quantity.parameter,
        evidence={"gradient": quantity.name, "difference": quantity.difference, "size": quantity.size},
        remedy=sentence("The right one is {formula}.", formula=quantity.formula) if quantity.formula else "",
        proof=({"equals": quantity.equal_to} if quantity.equal_to else {})
        | ({"ways": quantity.shares} if quantity.shares else {}),
        proven=_proven(quantity),
    )


def _proven(quantity: Quantity) -> str:
    if quantity.shares:
        direct, variance, mean = quantity.shares
        return sentence(
            "It is {direct:.6g} times the direct way to x, {variance:.6g} times that through the variance, and "
            "{mean:.6g} times that through the mean. Each should be there once.",
            direct=direct,
            variance=variance,
            mean=mean,
        )
    if quantity.equal_to:
        return sentence("It equals {formula} on other inputs and weights too.", formula=quantity.equal_to)
    return ""


def _seen(layer: str, quantity: Quantity) -> str:
    names = {"layer": layer, "gradient": quantity.name}
    if quantity.got is None:
        return sentence("{layer}.backward gives no {gradient}.", **names)
    if not quantity.has_right_shape():
        return sentence(
            "In {layer}.backward, {gradient} has the shape {got}. It should be {right}.",
            **names,
            got=quantity.got.shape,
            right=quantity.right.shape,
        )
    if quantity.is_right():
        return sentence("In {layer}.backward, {gradient} is another when it is called once more.", **names)
    return sentence(
        "In {layer}.backward, {gradient} is not the derivative of what forward computes: they differ by "
        "{difference:.1e}, where the largest value is {size:.1e}.",
        **names,
        difference=quantity.difference,
        size=quantity.size,
    )


def _place(layer: Any, quantity: Quantity) -> tuple[Path | None, int | None]:
    """The line where backward computes a gradient from what is given and kept alone: no other line can be wrong."""
    backward = type(layer).backward
    try:
        lines, first = inspect.getsourcelines(backward)
        tree = ast.parse(textwrap.dedent("".join(lines)))
        file = Path(inspect.getsourcefile(backward) or "")
    except (OSError, TypeError, SyntaxError):
        return None, None
    if quantity.cause in ELSEWHERE:
        return file, None
    local = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    values = _values_of(tree, quantity)
    if len(values) == 1 and not any(isinstance(n, ast.Name) and n.id in local for n in ast.walk(values[0])):
        return file, first + values[0].lineno - 1
    return file, None


def _values_of(tree: ast.Module, quantity: Quantity) -> list[ast.expr]:
    """The expressions that backward makes a gradient from, wherever they go."""
    ends = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None]
    ends = [end.elts[0] if isinstance(end, ast.Tuple) and end.elts else end for end in ends]
    names = {f"self.{quantity.name}", f"self.grads['{quantity.parameter}']"}
    if quantity.parameter == INPUT:
        if not all(isinstance(end, ast.Name) for end in ends):
            return ends
        names = {ast.unparse(end) for end in ends}
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AugAssign)]
    return [node.value for node in made if any(_is_part_of(target, names) for target in _targets(node))]


def _targets(node: ast.Assign | ast.AugAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _is_part_of(target: ast.expr, names: set[str]) -> bool:
    text = ast.unparse(target)
    return text in names or any(text.startswith(f"{name}[") for name in names)
