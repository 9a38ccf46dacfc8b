"""What a call does besides computing, by which function it is, in words for whoever wrote the line."""

from __future__ import annotations

import builtins
import random
import time
from types import BuiltinFunctionType, MethodType
from typing import Any

import numpy as np

from zerokara.words import sentence, translatable

_PRINTS = translatable("Line {line} prints.")
_ASKS = translatable("Line {line} waits for an input.")
_OPENS = translatable("Line {line} opens a file.")
_RUNS = translatable("Line {line} runs code that is made of a text.")
_CLOCK = translatable("Line {line} looks at the clock.")
DRAWS = translatable("Line {line} draws random numbers, and so each call gives another value.")
_SETTINGS = translatable("Line {line} changes how NumPy speaks of errors or prints, for all that comes after.")

_BY_FUNCTION: dict[int, str] = {
    id(builtins.print): _PRINTS,
    id(builtins.input): _ASKS,
    id(builtins.open): _OPENS,
    id(builtins.exec): _RUNS,
    id(builtins.eval): _RUNS,
    **{id(vars(time)[name]): _CLOCK for name in ("time", "perf_counter", "monotonic", "process_time", "time_ns")},
    id(time.sleep): translatable("Line {line} sleeps."),
    id(np.load): _OPENS,
    id(np.save): _OPENS,
    id(np.savetxt): _OPENS,
    id(np.loadtxt): _OPENS,
    id(np.seterr): _SETTINGS,
    id(np.set_printoptions): _SETTINGS,
}


def effect_of(function: Any, line: int) -> str | None:
    """A sentence about a call in this line; None where nothing is known of the function."""
    template = _BY_FUNCTION.get(id(function))
    if template is None and type(function) in (BuiltinFunctionType, MethodType) and draws(function.__self__):
        template = DRAWS
    return None if template is None else sentence(template, line=line)


def draws(owner: Any) -> bool:
    """Whether the methods of an object are those of a source of random numbers."""
    return any(type(owner) is kind for kind in (np.random.RandomState, np.random.Generator, random.Random))
