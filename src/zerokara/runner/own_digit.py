"""`zerokara run --predict PICTURE FILE`: at the end, the network that a script leaves behind is asked about a picture.

It is asked as it was trained: on a copy, and on inputs of the size of those that it was given.
"""

from __future__ import annotations

import copy
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from zerokara.errors import UsageError, ZerokaraError
from zerokara.handwriting.bars import has_blocks
from zerokara.handwriting.own_network import PIXELS, Asked, is_run, predict
from zerokara.handwriting.predicting import each_of, what_it_knows
from zerokara.handwriting.prediction import Prediction
from zerokara.runner.checkup import learners_names, nothing_left_behind
from zerokara.words import sentence

LOOKED_AT = 100
"""Rows of the inputs whose range tells what the network was trained on."""

_PREDICTS = re.compile(r"predict|forward|infer|classify|recogni[sz]e", re.IGNORECASE)
_INPUT = re.compile(r"x|imgs?|images?|inputs?|data|batch|pixels", re.IGNORECASE)


class Candidate(NamedTuple):
    """What may be asked.

    Attributes:
        name: how the script calls it, such as net or networks['he'].
        network: an object with `predict(x)`, or a function of x.
    """

    name: str
    network: Any


class Range(NamedTuple):
    """Of what values a network was trained on."""

    low: float
    high: float

    @property
    def scale(self) -> float:
        """What a picture of 0 to 1 is multiplied by for it."""
        return 255.0 if self.low >= 0 and 1 < self.high <= 255 else 1.0


def check_picture(path: Path) -> None:
    """Raises UsageError where there is nothing: a run of hours shall not end with that."""
    if not path.exists():
        text = sentence("--predict needs a picture that is there. Got {path}. Nothing was run.", path=path)
        raise UsageError(text, "wrong-value")


def answers(picture: Path, names: Mapping[str, Any], noted: Sequence[Any]) -> Iterator[str]:
    """What the last network that answers takes the picture for, or each of a folder; else why there is no answer.

    Args:
        names: those that the script left behind.
        noted: what its functions were called with last, where it trains within one.
    """
    own = learners_names(names)
    found = list(candidates(own)) or list(_with_predict(enumerate(noted), "{1.__class__.__name__}"))
    if not found:
        yield sentence(
            "Nobody could be asked about {picture}: the script left no object with a method predict(x) behind, and no "
            "function predict(x).",
            picture=picture,
        )
        return
    of = input_range(noted, own)
    try:
        with nothing_left_behind():
            name, told = _first_answer(picture, reversed(found), of.scale)
    except (ZerokaraError, OSError) as error:
        yield str(error)
        return
    yield from _as_told(name, told, of)


def _as_told(name: str, told: Sequence[Prediction], of: Range) -> Iterator[str]:
    yield sentence("{name} was asked:", name=name)
    for answer in told:
        short = replace(answer, file=Path(answer.file).name)
        yield f"{short.in_text(blocks=has_blocks(sys.stderr))}\n"
    if of.scale != 1:
        yield sentence("It was given 0 to 255, as its training data are.")
    elif of.low < 0 or of.high > 1:
        yield sentence(
            "It was given 0 to 1, but its training data are from {low:.3g} to {high:.3g}: do not believe this answer.",
            low=of.low,
            high=of.high,
        )
    yield what_it_knows(told[0].class_names)


def _first_answer(picture: Path, found: Iterator[Candidate], scale: float) -> tuple[str, list[Prediction]]:
    """The first of some candidates that takes 784 pixels and gives a score for each class. Errors of the first."""
    pictures = each_of(picture) or [picture]
    refused: UsageError | None = None
    for name, network in found:
        try:
            return name, [_asked(network, scale, one) for one in pictures]
        except UsageError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _asked(network: Any, scale: float, picture: Any) -> Prediction:
    if is_run(network):
        return predict(network, picture)  # type: ignore[no-any-return]
    return Asked(_copied(network), scale).about(picture)


def _copied(network: Any) -> Any:
    """A copy: what asking leaves behind in it is not the learner's."""
    if isinstance(network, FunctionType):
        return network
    try:
        return copy.deepcopy(network)
    except Exception as error:
        text = sentence("{got} cannot be copied, so it was not asked: {error}", got=type(network).__name__, error=error)
        raise UsageError(text) from error


# What a script leaves behind


def candidates(names: Mapping[str, Any]) -> Iterator[Candidate]:
    """Objects with `predict(x)`, those in lists and dicts too, in their order; else functions for that."""
    parts: list[Candidate] = []
    for name, value in names.items():
        parts += _with_predict([(name, value)], "{0}")
        if isinstance(value, dict) and len(value) < LOOKED_AT:
            parts += _with_predict(value.items(), name + "[{0!r}]")
        elif isinstance(value, list | tuple) and len(value) < LOOKED_AT:
            parts += _with_predict(enumerate(value), name + "[{0!r}]")
    yield from parts or _functions(names)


def _with_predict(values: Any, called: str) -> Iterator[Candidate]:
    for key, value in values:
        if not isinstance(value, type | ModuleType) and callable(getattr(type(value), "predict", None)):
            yield Candidate(called.format(key, value), value)


def _functions(names: Mapping[str, Any]) -> Iterator[Candidate]:
    """Functions of x, and those that need parameters as well, which lie beside them."""
    for name, function in names.items():
        if isinstance(function, FunctionType) and _PREDICTS.search(name) and not _is_zerokaras(function):
            asked = _of_x_alone(function, names)
            if asked is not None:
                yield Candidate(name, asked)


def _is_zerokaras(function: FunctionType) -> bool:
    return str(function.__module__).split(".")[0] == "zerokara"


def _of_x_alone(function: FunctionType, names: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    """The function with copies of what it takes beside x: what has the name of an argument, or the last parameters."""
    given = inspect.signature(function).parameters.values()
    needed = [one.name for one in given if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD]
    if not needed:
        return None
    inputs = next((name for name in needed if _INPUT.match(name)), needed[-1])
    others = {name: names[name] for name in needed if name != inputs and name in names}
    missing = [name for name in needed if name != inputs and name not in names]
    dicts = [value for value in names.values() if isinstance(value, dict) and _are_parameters(value)]
    if len(missing) > 1 or (missing and not dicts):
        return None
    if missing:
        others[missing[0]] = dicts[-1]
    return lambda x: function(**copy.deepcopy(others), **{inputs: x})


def _are_parameters(values: Mapping[Any, Any]) -> bool:
    return any(isinstance(value, np.ndarray) and value.ndim == 2 for value in values.values())


def input_range(given: Sequence[Any], names: Mapping[str, Any]) -> Range:
    """Of pictures of 784 pixels: of the first that were given to a function; else of the largest that lie about.

    0 to 1 where there are none.
    """
    batches = [value for name, value in names.items() if "batch" in name]
    asked_with = [value for value in (*given, *batches) if _are_pictures(value)]
    others = sorted(filter(_are_pictures, names.values()), key=len, reverse=True)
    for pictures in (*asked_with, *others):
        rows = pictures[:LOOKED_AT]
        return Range(float(rows.min()), float(rows.max()))
    return Range(0.0, 1.0)


def _are_pictures(value: Any) -> bool:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "buif" or value.ndim not in (2, 3, 4):
        return False
    return len(value) > 0 and value.shape[1:] in ((PIXELS,), (28, 28), (1, 28, 28))
