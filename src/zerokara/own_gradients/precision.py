"""Learners' networks in float64 for the time of a check: a difference of float32 numbers is mostly rounding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from zerokara.own_gradients.keeping import Snapshot, attributes_of, everything_in
from zerokara.own_gradients.subject import Array, Subject


@contextmanager
def in_float64(subject: Subject) -> Iterator[Subject]:
    """The same subject while its parameters of fewer bits are float64, wherever its objects hold them.

    Afterwards the arrays are the old ones again. A subject of float64 is handed through; so is one of integers, whose
    type is a mistake to be told.
    """
    short = {id(a): a.astype(np.float64) for a in subject.params.values() if a.dtype.kind == "f" and a.itemsize < 8}
    if not short:
        yield subject
        return
    snapshot = Snapshot(subject.state)
    try:
        _replace(subject.state, short)
        params = {name: short.get(id(array), array) for name, array in subject.params.items()}
        x = subject.x.astype(np.float64) if subject.x.dtype.kind == "f" else subject.x
        yield replace(subject, params=params, x=x)
    finally:
        snapshot.restore()


def _replace(roots: tuple[Any, ...], new: Mapping[int, Array]) -> None:
    for thing in everything_in(roots):
        for key, value in _entries(thing).items():
            if id(value) in new:
                _put(thing, key, new[id(value)])


def _entries(thing: Any) -> dict[Any, Any]:
    if isinstance(thing, dict):
        return dict(thing)
    if isinstance(thing, list):
        return dict(enumerate(thing))
    return {} if isinstance(thing, tuple | set | frozenset | np.ndarray) else attributes_of(thing)


def _put(thing: Any, key: Any, value: Array) -> None:
    if isinstance(thing, dict | list):
        thing[key] = value
    else:
        object.__setattr__(thing, key, value)
