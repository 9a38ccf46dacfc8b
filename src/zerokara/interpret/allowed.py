"""The functions, methods and classes of NumPy and Python that change nothing and depend on nothing but their arguments.

Each comes with how many positional arguments it may have (one more is `out=` for many of them) and with what it does to
its numbers. A function that is not here, because nobody thought of it or because it was replaced, is unknown.
"""

from __future__ import annotations

import builtins
import math
import os
import sys
from enum import Enum, auto
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from zerokara.interpret.guards import is_made_in_python
from zerokara.interpret.interpreted_code import is_from_library


class Kind(Enum):
    """What a function does to its numbers."""

    NEW = auto()  # a smooth function of its arguments, in memory of its own
    BLANK = auto()  # numbers that depend on shapes only
    SHAPE = auto()  # says something about shapes
    VIEW = auto()  # the same numbers, perhaps in the same memory
    PRODUCT = auto()  # a matrix product
    EXTREME = auto()  # the largest or smallest along an axis
    KINK = auto()  # switches from one formula to another at a threshold between its arguments, or at 0
    CLIP = auto()  # switches at bounds
    CUT = auto()  # jumps somewhere, or, as a product of many, runs out of numbers
    CHOICE = auto()  # one of its arguments itself, chosen at a threshold between them
    CAST = auto()  # rounded to another class of numbers; of that class already, the argument itself
    SEQUENCE = auto()  # makes something to go through in a loop


MAY_SHARE = (Kind.VIEW, Kind.CHOICE, Kind.CAST)
"""The kinds whose result may share memory with an argument, so that writing into it may write into that."""


class Operation(NamedTuple):
    """A function that is allowed: its kind, and how many positional arguments it may have at most."""

    kind: Kind
    most: int


def _table(entries: dict[Kind, dict[int, str]]) -> dict[str, Operation]:
    return {
        name: Operation(kind, most)
        for kind, names_by_most in entries.items()
        for most, names in names_by_most.items()
        for name in names.split(",")
    }


_NUMPY = _table(
    {
        Kind.NEW: {
            1: "exp,log,log2,log10,log1p,expm1,sqrt,square,tanh,negative,reciprocal,positive,copy,exp2,array,diff,"
            "cbrt,sin,cos,sinh,cosh,arctan,arcsinh,average,trace,column_stack",
            2: "add,subtract,multiply,divide,true_divide,power,float_power,logaddexp,outer,inner,vdot,sum,mean,"
            "var,std,cumsum,tensordot,concatenate,stack,vstack,hstack,take,repeat,append,tile",
            3: "where,take_along_axis",
        },
        Kind.BLANK: {1: "identity", 2: "zeros,ones,zeros_like,ones_like,eye,full,full_like", 3: "arange"},
        Kind.SHAPE: {1: "shape,ndim,size"},
        Kind.VIEW: {
            1: "asarray,atleast_1d,atleast_2d,ravel,asanyarray,ascontiguousarray",
            2: "reshape,transpose,squeeze,expand_dims,broadcast_to,flip",
            3: "swapaxes,moveaxis",
        },
        Kind.PRODUCT: {2: "dot,matmul"},
        Kind.EXTREME: {2: "max,min,amax,amin"},
        Kind.KINK: {1: "abs,absolute,fabs", 2: "maximum,minimum,fmax,fmin"},
        Kind.CLIP: {3: "clip"},
        Kind.CUT: {
            1: "sign,floor,ceil,isnan,isfinite,isinf,logical_not,nonzero,count_nonzero,rint,trunc",
            2: "round,around,argmax,argmin,equal,not_equal,less,less_equal,greater,greater_equal,logical_and,"
            "logical_or,any,all,prod",
        },
    }
)

METHODS = _table(
    {
        Kind.NEW: {0: "copy,flatten,item,trace", 1: "sum,mean,var,std,cumsum,repeat,take"},
        Kind.VIEW: {0: "ravel,conj", 1: "squeeze", 2: "swapaxes", 9: "reshape,transpose"},
        Kind.PRODUCT: {1: "dot"},
        Kind.EXTREME: {1: "max,min"},
        Kind.CLIP: {2: "clip"},
        Kind.CUT: {1: "prod,argmax,argmin,any,all,round", 0: "nonzero"},
    }
)
"""Methods of arrays, without those that write. `astype` is looked at by itself."""

_BUILTINS = _table(
    {
        Kind.NEW: {1: "float,sum", 2: "pow"},
        Kind.SHAPE: {1: "len"},
        Kind.KINK: {1: "abs"},
        Kind.CHOICE: {2: "max,min"},
        Kind.CUT: {1: "int,bool", 2: "round"},
        Kind.SEQUENCE: {1: "reversed,list,tuple", 2: "enumerate", 3: "range", 9: "zip"},
    }
)

_LINEAR_ALGEBRA = _table({Kind.NEW: {1: "norm"}})

_MATH = _table(
    {
        Kind.NEW: {1: "exp,log2,log10,log1p,expm1,sqrt,tanh,sin,cos,sinh,cosh,erf,fsum", 2: "log,pow"},
        Kind.KINK: {1: "fabs"},
        Kind.CUT: {1: "floor,ceil,trunc,isnan,isinf,isfinite,prod"},
    }
)
"""Of single numbers. What is not finite is an error there, where NumPy warns: as loud."""

_SCIPY = _table(
    {Kind.NEW: {1: "expit,erf,erfc,log_expit,exprel,log1p,expm1", 2: "softmax,log_softmax,logsumexp,xlogy,xlog1py"}}
)
"""Of `scipy.special`, where the learner has imported it. `xlogy(t, y)` is t log y wherever y is more than 0."""

KEYWORDS = ("axis", "keepdims", "dtype", "ddof")
"""The keyword arguments that may be given. `out` writes, `where` leaves memory as it was."""

_FLOATS = (float, np.float64)
_OTHER_DTYPES = (int, bool, np.float32, np.float16, np.int64, np.int32, np.int16, np.int8, np.uint8, np.intp, np.bool_)


def _is_genuine(function: Any) -> bool:
    """Whether a name of NumPy still means NumPy's own function, and not one that somebody has put there."""
    if type(function) is FunctionType:
        # NumPy's `np.sum` and the like are Python functions; somebody's own in their place comes from another file.
        return function.__code__.co_filename.startswith(os.path.dirname(np.__file__))
    return type(function).__module__ in ("builtins", "numpy") and not is_made_in_python(type(function))


OPERATIONS: dict[int, Operation] = {
    **{id(f): o for name, o in _NUMPY.items() if _is_genuine(f := getattr(np, name))},
    **{id(f): o for name, o in _LINEAR_ALGEBRA.items() if _is_genuine(f := getattr(np.linalg, name))},
    **{id(f): o for name, o in _MATH.items() if _is_genuine(f := getattr(math, name))},
    **{id(f): o for name, o in _BUILTINS.items() if _is_genuine(f := getattr(builtins, name))},
    **{id(kind): Operation(Kind.VIEW if kind in _FLOATS else Kind.CAST, 1) for kind in (*_FLOATS, *_OTHER_DTYPES)},
}
"""By identity: comparing, or hashing, what a learner calls could run the learner's code."""

_OF_MATH = {id(getattr(math, name)) for name in _MATH}
_DTYPES = {id(kind) for kind in (*_FLOATS, *_OTHER_DTYPES)}


def operation(function: Any) -> Operation | None:
    """What is known of a function or class; None for an unknown one."""
    found = OPERATIONS.get(id(function))
    return _of_scipy(function) if found is None else found


def is_of_math(function: Any) -> bool:
    """Whether it is one of the module math, whose results are floats."""
    return id(function) in _OF_MATH


def _of_scipy(function: Any) -> Operation | None:
    """The same of scipy's, which may be imported late: only compiled code, or code from its own file, is believed."""
    if type(function) is np.ufunc:
        ufunc: np.ufunc = function
        own = vars(sys.modules.get(_UFUNCS, builtins)).get(ufunc.__name__)
        # What `np.frompyfunc` makes of Python code is a ufunc, too: of objects.
        return _SCIPY.get(ufunc.__name__) if own is ufunc and "O" not in "".join(ufunc.types) else None
    if type(function) is FunctionType and function.__code__.co_filename.endswith(_LOGSUMEXP):
        is_own = is_from_library(function.__code__.co_filename) and function.__code__.co_name == function.__name__
        return _SCIPY.get(function.__code__.co_name) if is_own else None
    return None


_UFUNCS = "scipy.special._ufuncs"
_LOGSUMEXP = os.path.join("scipy", "special", "_logsumexp.py")


def is_dtype(value: Any) -> bool:
    """Whether a value is one of the classes that say what numbers an array holds."""
    return id(value) in _DTYPES


def is_float_dtype(value: Any) -> bool:
    """Whether it says float64: casting to that moves no number."""
    return any(value is kind for kind in _FLOATS)
