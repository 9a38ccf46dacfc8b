"""`zerokara run --accelerate`: a learner's own `common/gradient.py` without its loop, where its formula is proven."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from zerokara.recognise import Refused, accelerated, check_shape, step_of
from zerokara.recognise.formula import GradientFunction
from zerokara.runner import import_hooks
from zerokara.say import say
from zerokara.words import paragraph, sentence

logger = logging.getLogger(__name__)

MODULE, NAME = "common.gradient", "numerical_gradient"


@contextmanager
def own_gradient(wanted: bool) -> Iterator[None]:
    """For the time of a run, if that is wanted, look into the learner's own `common.gradient` when it is imported."""
    if not wanted:
        yield
        return
    import_hooks.after_import(MODULE, _look_into)
    try:
        yield
    finally:
        import_hooks.forget(MODULE)


def _look_into(module: ModuleType) -> None:
    """Let the fast way be asked first, if the module's function is proven to compute what that computes; say which."""
    own = vars(module).get(NAME)
    if own is None or module.__name__.startswith("zerokara."):
        return
    try:
        step = step_of(own)
    except Refused as reason:
        left = sentence("--accelerate leaves {name} of {file} as it is.", name=NAME, file=module.__file__)
        say(paragraph(left, str(reason)))
        return
    setattr(module, NAME, _faster(own, step))
    say(
        sentence(
            "{name} of {file} is proven to be the central difference with h = {h:g}: --accelerate computes that "
            "without its loop where it recognises the network.",
            name=NAME,
            file=module.__file__,
            h=step,
        )
    )


def _faster(own: GradientFunction, step: float) -> GradientFunction:
    signature = inspect.signature(own)
    proven: dict[tuple[int, ...], bool] = {}

    @functools.wraps(own)
    def numerical_gradient(*args: Any, **keywords: Any) -> Any:
        try:
            f, x = signature.bind(*args, **keywords).arguments.values()
        except (TypeError, ValueError):
            return own(*args, **keywords)
        gradient = accelerated(f, x, step) if _is_proven(own, x, step, proven) else None
        return own(f, x) if gradient is None else gradient

    return numerical_gradient


def _is_proven(own: GradientFunction, x: Any, step: float, proven: dict[tuple[int, ...], bool]) -> bool:
    """Whether its formula is proven for such an x; `proven` remembers for which shapes it was looked at."""
    # In another order of memory `x.reshape(-1)`, which many such functions move, is a copy, and f sees no move.
    if type(x) is not np.ndarray or not x.flags.c_contiguous:
        return False
    if x.shape not in proven:
        try:
            check_shape(own, x.shape, step)
            proven[x.shape] = True
        except Refused as reason:
            logger.info("%s is not proven for arrays of shape %s: %s", NAME, x.shape, reason)
            proven[x.shape] = False
    return proven[x.shape]
