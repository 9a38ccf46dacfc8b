"""Which difference a learner's own gradient function computes, and with which h: proven by its code and by watching it.

Its code may name nothing but NumPy's ways to make and walk through arrays, so it prints, counts and remembers nothing.
And f is all it learns numbers from: given an f that answers with random numbers, it must move each element of x once to
x + h and once to x - h, put all back, and return just the quotients of those numbers. The formula is in what it did.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.recognise.refusal import Refused
from zerokara.words import sentence

GradientFunction = Callable[[Callable[[Any], Any], NDArray[Any]], Any]

_NAMES = (
    "zeros,zeros_like,empty_like,full_like,ndarray,ndindex,nditer,ndenumerate,shape,size,ndim,dtype,float64,flat,"
    "finished,multi_index,iternext,index,astype,copy,item,itemset,reshape,ravel,T,prod,"
    "float,int,range,len,enumerate,list,tuple,zip,abs"
)
_STORES = ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR")
_HARMLESS = frozenset(_NAMES.split(","))
"""The names of NumPy's, of arrays' and of Python's own that a loop over the elements of an array needs."""


SMALL = 100
"""Elements of an x that is compared in full in every call; a larger one would take longer than the loop it spares."""


class _Call(NamedTuple):
    """One call of f: which element of x was moved, where to, and what f answered."""

    element: int
    place: float
    value: float


def step_of(own: Any) -> float:
    """The h of a function that computes (f(x + h) - f(x - h)) / 2h. Raises Refused, with the reason, for any other."""
    if type(own) is not FunctionType:
        raise Refused(sentence("It is not a plain function."))
    for code in _codes_of(own):
        _check_names(own, code)
    step = _first_step(own)
    for shape in ((7,), (3, 4), (2, 3, 2)):
        for scale in (1e-3, 1.0, 1e3):
            check_shape(own, shape, step, scale)
    return step


def check_shape(own: GradientFunction, shape: tuple[int, ...], step: float, scale: float = 1.0) -> None:
    """Raises Refused where it is not that central difference for an x of this shape: code may look at the size of x."""
    rng = np.random.default_rng(0)
    x = scale * rng.standard_normal(shape)
    x[rng.random(shape) < 0.1] = 0  # code may treat zeros by themselves
    _check(own, x, step, rng)


def _codes_of(function: FunctionType) -> Iterator[CodeType]:
    """The code of a function, and of what is defined inside it."""
    left = [function.__code__]
    while left:
        code = left.pop()
        yield code
        left += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _check_names(function: FunctionType, code: CodeType) -> None:
    """Raises Refused for code that may do more than move numbers."""
    for name in code.co_names:
        is_numpy = function.__globals__.get(name) is np
        if not (is_numpy or (name in _HARMLESS and name not in function.__globals__)):
            # Globals and attributes stand in `co_names` alike, so a global of the file's own makes its name unknown.
            raise Refused(sentence("It uses {name}, and may do more than compute.", name=name))
    if any(instruction.opname in _STORES for instruction in dis.get_instructions(code)):
        raise Refused(sentence("It keeps something beyond the call."))
    if code.co_freevars or function.__defaults__ or function.__kwdefaults__:
        raise Refused(sentence("It uses more than its f and its x."))


def _first_step(own: GradientFunction) -> float:
    """How far it moves an element that is 0."""
    calls, _ = _watched(own, np.zeros(1), np.random.default_rng(1))
    places = [call.place for call in calls]
    if len(places) != 2 or places[0] <= 0 or places[1] != -places[0]:
        raise Refused(_what_else(places))
    return places[0]


def _what_else(places: list[float]) -> str:
    """A formula that is no central difference, by where it evaluates f around 0."""
    if sorted(places)[:1] == [0.0] and len(places) == 2:
        return sentence("It computes a forward difference, (f(x + h) - f(x)) / h, with h = {h:g}.", h=max(places))
    if sorted(places)[-1:] == [0.0] and len(places) == 2:
        return sentence("It computes a backward difference, (f(x) - f(x - h)) / h, with h = {h:g}.", h=-min(places))
    return sentence("It does not evaluate f once at x + h and once at x - h for each element.")


def _check(own: GradientFunction, x: NDArray[Any], step: float, rng: np.random.Generator) -> None:
    """Raises Refused where it is not, for this x, the central difference in the textbook's order."""
    calls, gradient = _watched(own, x, rng)
    flat = x.reshape(-1)
    expected = [(i, place) for i in range(x.size) for place in (flat[i] + step, flat[i] - step)]
    if [(call.element, call.place) for call in calls] != expected:
        raise Refused(sentence("It does not go through x element by element, first to x + h and then to x - h."))
    values = np.array([call.value for call in calls]).reshape(-1, 2)
    quotients = ((values[:, 0] - values[:, 1]) / (2 * step)).reshape(x.shape)
    if type(gradient) is not np.ndarray or gradient.shape != x.shape or gradient.dtype != x.dtype:
        raise Refused(sentence("What it returns is not an array like x."))
    if np.shares_memory(gradient, x) or not np.allclose(gradient, quotients, rtol=1e-12, atol=0):
        raise Refused(sentence("What it returns is not (f(x + h) - f(x - h)) / 2h with h = {h:g}.", h=step))


def _watched(own: GradientFunction, x: NDArray[Any], rng: np.random.Generator) -> tuple[list[_Call], Any]:
    """Its calls of an f that answers at random, and what it returns. Raises Refused where x is not put back.

    f answers with numbers of both signs and all sizes. It looks at all of a small x; of a large one, at the element
    whose turn it is, and at the one before.
    """
    before, flat = x.copy(), x.reshape(-1)
    calls: list[_Call] = []

    def f(given: Any) -> float:
        turn = min(len(calls) // 2, x.size - 1)
        moved = np.flatnonzero(x != before) if x.size <= SMALL else [turn] if flat[turn] != before.flat[turn] else []
        restored = x.size <= SMALL or not turn or flat[turn - 1] == before.flat[turn - 1]
        if given is not x or len(moved) > 1 or not restored:
            raise Refused(sentence("It does not call f with x itself, moved in one element."))
        element = int(moved[0]) if len(moved) else 0
        # All sizes and both signs, so that a bound, a rounding or an abs in the formula shows in some quotient.
        value = float(rng.choice((-1, 1)) * rng.uniform(1, 2) * 10.0 ** rng.integers(-12, 13))
        calls.append(_Call(element, float(flat[element]), value))
        return value

    try:
        gradient = own(f, x)
    except Exception as error:
        raise (
            error if isinstance(error, Refused) else Refused(sentence("It raises {error}.", error=repr(error)))
        ) from error
    if x.tobytes() != before.tobytes():
        raise Refused(sentence("It does not put x back as it was."))
    return calls, gradient
