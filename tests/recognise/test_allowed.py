"""Every function that is taken for harmless, called in every way that is allowed: what it returns and touches."""

import builtins
import copy
import itertools
import warnings

import numpy as np
import pytest

from zerokara.interpret import allowed
from zerokara.interpret.allowed import MAY_SHARE, Kind

CLASSES = (*allowed._FLOATS, *allowed._OTHER_DTYPES)
FUNCTIONS = {
    **{f"np.{name}": (getattr(np, name), operation) for name, operation in allowed._NUMPY.items()},
    **{name: (getattr(builtins, name), operation) for name, operation in allowed._BUILTINS.items()},
    **{f"np.{kind.__name__}": (kind, allowed.operation(kind)) for kind in CLASSES},
    **{
        f"array.{name}": (lambda x, *rest, _name=name, **options: getattr(x, _name)(*rest, **options), operation)
        for name, operation in allowed.METHODS.items()
    },
}
DTYPES = (np.float64, np.float32, np.int64)
KEYWORDS = [
    {},
    *({"axis": axis} for axis in (None, (), 0, -1)),
    {"keepdims": True},
    {"axis": (), "keepdims": True},
    {"ddof": 0},
]


def arrays_in(value):
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for element in value:
            yield from arrays_in(element)


def ways_to_call(dtype, most):
    """Argument lists of 1 to `most` arguments, with arrays bare and in lists, and numbers that mean "leave it so"."""
    square = np.arange(1, 10).reshape(3, 3).astype(dtype)
    for x in (square, square[0], square[:1, :1], np.array(2).astype(dtype)):
        rest = [0, 1, None, (), (0, 1), x.shape, x]
        for first in (x, [x], (x,), x > 1):
            for count in range(min(most, 3)):
                yield from ([first, *others] for others in itertools.product(rest, repeat=count))


def calls(name, dtype):
    """(arguments, a copy of them before, result) of every call that NumPy takes. Methods are those of arrays."""
    function, (_, most) = FUNCTIONS[name]
    is_method = name.startswith("array.")
    for arguments in ways_to_call(dtype, most + is_method):
        for keywords in [*KEYWORDS, {"dtype": dtype}]:
            if is_method and not isinstance(arguments[0], np.ndarray):
                continue
            before = copy.deepcopy(arguments)
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    yield arguments, before, function(*arguments, **keywords)
            except Exception:
                continue


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", [name for name, (_, operation) in FUNCTIONS.items() if operation.kind not in MAY_SHARE]
)
def test_only_what_is_said_to_share_memory_returns_its_argument(name, dtype):
    """But for what is made to loop over, whose elements are the very objects."""
    for arguments, _, result in calls(name, dtype):
        shared = any(np.shares_memory(a, b) for a in arrays_in(arguments) for b in arrays_in(result))
        assert not shared or FUNCTIONS[name][1].kind is Kind.SEQUENCE, arguments


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_is_written_into_an_argument(name):
    for arguments, before, _ in calls(name, np.float64):
        for now, then in zip(arrays_in(arguments), arrays_in(before), strict=True):
            assert now.tobytes() == then.tobytes()


SPOILED = {
    "np.float64": "np.float64(x)",
    "float, of one class already": "np.float32(x)",
    "conj": "x.conj()",
    "diff of order 0": "np.diff(x, 0)",
    "max of a list": "max([x])",
    "min of a list": "min([x])",
    "positive is a copy": "np.positive(x)",
    "astype is a copy": "x.astype(float)",
}


@pytest.mark.parametrize("expression", SPOILED.values(), ids=SPOILED.keys())
def test_a_change_in_place_reaches_the_learners_own_array_as_often_as_in_the_loop(learner, batch, expression):
    from zerokara.nn.numerical import numerical_gradient
    from zerokara.recognise import accelerated

    names = learner(f"""
class Halving(Net):
    def loss(self, x, t):
        x = {expression}
        x *= 0.999
        return cross_entropy_error(self.predict(x), t)
""")
    x, t = batch
    if "float32" in expression:
        x = x.astype(np.float32)
    ends = []
    for gradient in (lambda f, w: numerical_gradient(f, w), lambda f, w: accelerated(f, w)):
        own = x.copy()
        net = names.Halving(np.random.default_rng(0))
        f = names.loss_of(net, own, t)
        found = gradient(f, net.params["W1"])
        ends.append((numerical_gradient(f, net.params["W1"]) if found is None else found, own))
    assert ends[0][1].tobytes() == ends[1][1].tobytes()
    np.testing.assert_allclose(ends[1][0], ends[0][0], rtol=1e-8, atol=1e-10)
