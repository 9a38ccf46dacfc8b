"""Lets a learner's own numerical gradients be answered without their loops, wherever the learner's code is compiled.

Functions that look like one (`sources.differences`) ask before their first line (`sources.instrumentation`), and what
they ask is here: nothing is answered that `own_loops.own_loop_result` has not proven.
"""

from __future__ import annotations

import ast
import functools
import gc
import inspect
import logging
import sys
import threading
import warnings
from collections.abc import Collection, Iterator
from importlib.util import decode_source
from types import CellType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Literal

import numpy as np

from zerokara import own_loops, recognise
from zerokara.errors import ZerokaraError
from zerokara.own_loops import HOPELESS, NOT_FOUND, OwnCall
from zerokara.runner.looks import looks
from zerokara.runner.noted_calls import is_worth_noting, noted_calls, noted_functions
from zerokara.runner.slow_loops import slow_loops
from zerokara.runner.training_turns import Found, may_train, training_loops
from zerokara.sources.instrumentation import Function, Hook, instrumented, plain_code_of

logger = logging.getLogger(__name__)


class _Thread(threading.local):
    """What is going on in a thread.

    Attributes:
        asks: a call is being looked into; what this calls is plain.
        results: those found and not yet taken. A signal handler may ask in between, so the last comes first.
    """

    def __init__(self) -> None:
        self.asks = False
        self.results: list[Any] = []


_thread = _Thread()


def _take() -> Any:
    return _thread.results.pop()


class OwnLoop(Hook):
    """What a function of the learner's asks.

    Attributes:
        hopeless: whether this code will never be answered.
    """

    def __init__(self, plain: CodeType) -> None:
        super().__init__(plain)
        self.hopeless = False

    def __call__(self, values: tuple[Any, ...]) -> bool:
        """Whether a result lies ready to be taken."""
        if _thread.asks or recognise.mode_now() == "off" or recognise.is_in_silence():
            return False
        if self.hopeless:
            return self._left(values, sys._getframe(1))
        _thread.asks = True
        try:
            result = own_loops.own_loop_result(_call(self.plain, values, sys._getframe(1)))
        except Exception as error:  # whatever goes wrong in here, the loop does not need it
            if _is_for_the_learner(error):
                raise
            logger.info("looking into a call of %s failed", self.plain.co_qualname, exc_info=True)
            return False
        finally:
            _thread.asks = False
        if result is HOPELESS:
            self.hopeless = True
        if result is HOPELESS or result is NOT_FOUND:
            return self._left(values, sys._getframe(1))
        _thread.results.append(result)
        return True

    def _left(self, values: tuple[Any, ...], frame: FrameType) -> Literal[False]:
        """To its loop, which may be slow; `frame` is that of the function itself."""
        if self.plain not in slow_loops.timed and frame.f_back is not None:
            shapes = tuple(value.shape for value in values if type(value) is np.ndarray)
            reason = recognise.reason_of(self.plain) or ""
            slow_loops.left_to_loop(self.plain, shapes, reason, frame.f_back)
        return False


def _call(plain: CodeType, values: tuple[Any, ...], frame: FrameType) -> OwnCall:
    count = len(values)
    names = plain.co_varnames[:count]
    order = _order(plain, count)
    present = frame.f_locals if plain.co_freevars else {}
    cells = tuple(CellType(present[name]) if name in present else CellType() for name in plain.co_freevars)
    function = FunctionType(plain, frame.f_globals, plain.co_name, None, cells)
    return OwnCall(function, {names[number]: values[number] for number in order})


def _order(plain: CodeType, count: int) -> list[int]:
    """The order of a signature: in the code, `*args` comes after the parameters that only a keyword gives."""
    positional = plain.co_argcount
    keywords = range(positional, positional + plain.co_kwonlyargcount)
    rest = list(range(positional + plain.co_kwonlyargcount, count))
    starred = [rest.pop(0)] if plain.co_flags & inspect.CO_VARARGS else []
    return [*range(positional), *starred, *keywords, *rest]


def _is_for_the_learner(error: Exception) -> bool:
    """Whether it was raised by a signal handler of the learner's, or says that --verify found a difference."""
    if isinstance(error, ZerokaraError):
        return error.code == "not-verified"
    import signal  # takes a millisecond, which a script that nobody interrupts need not wait for

    handlers = {code for number in signal.valid_signals() for code in _codes_of(signal.getsignal(number))}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def _codes_of(handler: Any) -> Iterator[CodeType]:
    while isinstance(handler, functools.partial | MethodType):
        handler = handler.func if isinstance(handler, functools.partial) else handler.__func__
    if not isinstance(handler, FunctionType) and callable(handler):
        handler = vars(type(handler)).get("__call__")
    if isinstance(handler, FunctionType):
        yield handler.__code__


# Where code is compiled


def with_questions(
    plain: CodeType, source: str | bytes | ast.AST, parts: Collection[str] = (), flags: int = 0
) -> CodeType:
    """A learner's code in which functions that look like numerical gradients ask; the very same where none does.

    And in which those that look like gradients, losses or trainings note what they are called with, and in which a lab
    that wants to may look at the loops that train.

    Args:
        plain: the code as Python has compiled it.
        source: what it was compiled from, with these flags.
        parts: names of functions elsewhere that compute a difference quotient.
    """
    if _NUMBA in sys.modules:
        return plain
    try:
        tree, may_have_loops = _tree(source, plain.co_filename, flags)
        if tree is None:
            return plain
        asking = _difference_loops(tree, parts) if may_have_loops else []
        noted = [one for one in noted_functions(tree) if one not in asking]
        trained = _training_loops(tree, asking, parts)
        if not (asking or noted or trained.turning):
            return plain
        given: dict[str, Any] = {"noted": noted, "note": noted_calls.note}
        given |= {"loops": trained.turning, "ends": trained.ending, "turns": looks.turns}
        return instrumented(plain, tree, asking, OwnLoop, _take, flags, **given)
    except Exception:  # a file that Python runs is never stopped by being looked at
        logger.info("looking for numerical gradients in %s failed", plain.co_filename, exc_info=True)
        return plain


def _difference_loops(tree: Any, parts: Collection[str]) -> list[Function]:
    from zerokara.sources.differences import difference_loops  # most files need not wait for it

    return difference_loops(tree, parts)


def _training_loops(tree: Any, asking: list[Function], parts: Collection[str]) -> Found:
    """Those that a lab looks at; none inside of a numerical gradient, whose loops go over elements."""
    if not looks.wanted:
        return Found([], [])

    return training_loops(tree, asking or _difference_loops(tree, parts))


_NUMBA = "numba"
"""It compiles functions from their code, also such that were defined before, and knows no hook in it."""


def make_plain(numba: ModuleType) -> None:
    """Let all functions that ask or note be as they were before: Numba, just imported, may be given any of them."""
    for one in gc.get_objects():
        if type(one) is FunctionType and (plain := plain_code_of(one.__code__)) is not one.__code__:
            one.__code__ = plain


def quotient_parts_of(tree: ast.AST) -> set[str]:
    """The functions of a cell that compute a difference quotient, for the cells after it."""
    from zerokara.sources.differences import quotient_parts

    try:
        return quotient_parts(tree)
    except Exception:
        logger.info("looking for difference quotients failed", exc_info=True)
        return set()


_COMPILERS = (_NUMBA, "torch.compile", "_dynamo", "pythran")


def is_worth_parsing(text: str) -> bool:
    """Whether a file may have a function that looks like a numerical gradient: cheap, and never wrong about a no."""
    loops = ("for", "while", "map", "vectorize", "fromiter", "fromfunction", "apply_along_axis", "reduce")
    has = [
        any(word in text for word in words)
        for words in (("-", "subtract", "sub", "diff"), ("/", "**", "div"), ("def", "lambda"), loops)
    ]
    return all(has) and not any(word in text for word in _COMPILERS)


def _imports_numba(tree: ast.AST) -> bool:
    statements = [part for part in ast.iter_child_nodes(tree) if isinstance(part, ast.Import | ast.ImportFrom)]
    names = [getattr(part, "module", None) or alias.name for part in statements for alias in part.names]
    return any(name.split(".")[0] == _NUMBA for name in names)


def _tree(source: str | bytes | ast.AST, filename: str, flags: int) -> tuple[Any, bool]:
    """The syntax tree, None for a text that is not worth parsing; and whether to look for numerical gradients in it."""
    wanted = recognise.mode_now() != "off"
    if isinstance(source, ast.AST):
        return (None, False) if _imports_numba(source) else (source, wanted)
    text = source if isinstance(source, str) else decode_source(source)
    wanted = wanted and is_worth_parsing(text)
    compiles = any(word in text for word in _COMPILERS)
    may_turn = looks.wanted and may_train(text)
    if not wanted and (compiles or not (may_turn or is_worth_noting(text))):
        return None, False
    with warnings.catch_warnings(action="ignore"):  # compiling it has warned already
        return compile(source, filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True), wanted
