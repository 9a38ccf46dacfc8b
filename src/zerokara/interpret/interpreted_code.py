"""Which code was interpreted, and so whether an error comes from there."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from types import CodeType
from weakref import WeakSet

import numpy as np

from zerokara.interpret.refusal import Refused
from zerokara.sources import definitions
from zerokara.sources.definitions import Definition, UnprovenSource

_interpreted: WeakSet[CodeType] = WeakSet()
_LIBRARIES = tuple(
    os.path.realpath(folder) + os.sep
    for folder in (Path(__file__).parents[1], sys.prefix, sys.base_prefix, os.path.dirname(np.__file__))
)


def tree_of(code: CodeType, *, writes: bool = False) -> Definition:
    """The definition that a code object comes from, to be interpreted. Raises Refused where that cannot be proven.

    Args:
        writes: whether it may declare names `global` or `nonlocal`.
    """
    try:
        tree = definitions.any_tree_of(code) if writes else definitions.tree_of(code)
    except UnprovenSource as reason:
        raise Refused(str(reason)) from None
    _interpreted.add(code)
    return tree


def code_inside(outer: CodeType, node: Definition) -> CodeType:
    """The code of a definition inside interpreted code. Raises Refused where it is not clear which that is."""
    try:
        code = definitions.code_inside(outer, node)
    except UnprovenSource as reason:
        raise Refused(str(reason)) from None
    _interpreted.add(code)
    return code


def is_from_elsewhere(error: BaseException) -> bool:
    """Whether an error was raised by code that was neither interpreted nor is a library's: by a signal handler."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace is not None else None
    return not (code is None or code in _interpreted or is_from_library(code.co_filename))


@lru_cache(maxsize=256)
def is_from_library(file: str) -> bool:
    """Whether a file is Python's, NumPy's, zerokara's or another library's."""
    return os.path.realpath(file).startswith(_LIBRARIES)
