"""The gradient of whatever somebody hands over: a network, a layer, a class, functions."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from zerokara.errors import UsageError
from zerokara.nn.arguments import array, real_numbers
from zerokara.own_gradients.checking import checked
from zerokara.own_gradients.construction import Data, guesses
from zerokara.own_gradients.isolation import quietly, raised
from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.layer_alone import is_layer, layer_findings
from zerokara.own_gradients.reading import subjects_of
from zerokara.own_gradients.results import OwnCheck
from zerokara.own_gradients.subject import Array

MOST_ROWS = 1000
FEW_ROWS = 100
"""What is taken of a larger batch, such as of all training data."""


def check_object(obj: Any, x: ArrayLike, t: ArrayLike) -> OwnCheck:
    """Compare the gradient of an object's own code with central differences of its own loss.

    Args:
        obj: an object with parameters, a loss and a gradient; a layer with forward and backward; a class, which is made
            first; a function, a module or a dict of names, whose functions are taken.
        x: (n, features), or as the code takes it.
        t: labels in the form that the code takes.

    Raises UsageError where there is nothing to check.
    """
    batch, labels = real_numbers("x", array("x", x)), real_numbers("t", array("t", t))
    if batch.ndim == 1:
        batch, labels = batch[np.newaxis], labels[np.newaxis]
    if len(batch) > MOST_ROWS and len(labels) == len(batch):
        batch, labels = batch[:FEW_ROWS], labels[:FEW_ROWS]
    snapshot = Snapshot([obj])
    try:
        with quietly():
            made = _made(obj, batch, labels) if isinstance(obj, type) else obj
            return _check(made.__globals__ if isinstance(made, FunctionType) else made, batch, labels)
    finally:
        snapshot.restore()


def _check(obj: Any, x: Array, t: Array) -> OwnCheck:
    try:
        subjects = subjects_of(obj, x, t)
    except UsageError:
        if not is_layer(obj):
            raise
        return OwnCheck(type(obj).__name__, findings=layer_findings(obj, x), of_layer=True)
    return checked(subjects[0])


def _made(kind: type, x: Array, t: Array) -> Any:
    classes = t.shape[1] if t.ndim == 2 else int(t.max()) + 1
    failure: BaseException | None = None
    for values, named in guesses(kind, Data("", x.reshape(len(x), -1), t, classes), []):
        try:
            return kind(*values, **named)
        except (Exception, SystemExit) as error:
            failure = failure or error
    assert failure is not None
    raise UsageError(raised(failure)) from failure
