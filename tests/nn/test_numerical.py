"""The numerical gradient keeps its promises, and backpropagation agrees with it for everything in the tables."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.errors import UsageError
from zerokara.nn import Network, TwoLayerNet, gradient_descent, numerical_gradient
from zerokara.nn import network as networks
from zerokara.nn.functions import LOSSES
from zerokara.nn.layers import ACTIVATIONS

DEPTHS = [(4, 3), (4, 6, 3), (4, 5, 4, 3)]


# numerical_gradient of any function


@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (2, 3, 4), (2, 1, 3, 2)])
def test_any_shape(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    grad = numerical_gradient(lambda x: (x**3).sum(), x)
    assert grad.shape == shape
    assert_allclose(grad, 3 * x**2 + 1e-8, rtol=1e-8, atol=1e-11)  # a central difference of x³ is 3x² + h²


def test_by_hand():
    """∂(x₀² + 2x₀x₁)/∂x = (2x₀ + 2x₁, 2x₀): central differences are exact for quadratics, but for rounding."""
    assert_allclose(
        numerical_gradient(lambda x: x[0] ** 2 + 2 * x[0] * x[1], np.array([3.0, 4.0])), [14, 6], atol=1e-10
    )


def test_twice_as_many_calls_as_elements_each_with_one_of_them_moved():
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    start, moves = x.copy(), []

    def f(given):
        assert given is x
        moves.append(given - start)
        return 0.0

    numerical_gradient(f, x, h=0.5)
    assert len(moves) == 2 * x.size
    for i, index in enumerate(np.ndindex(x.shape)):
        up, down = np.zeros_like(x), np.zeros_like(x)
        up[index], down[index] = 0.5, -0.5
        assert_array_equal(moves[2 * i], up)
        assert_array_equal(moves[2 * i + 1], down)


def test_a_function_that_ignores_its_argument_and_reads_the_array():
    """As in the notes: numerical_gradient(lambda w: net.loss(x, t), net.W)."""
    W = np.array([[0.5, -1.0], [2.0, 0.0]])
    assert_allclose(numerical_gradient(lambda _: (W**2).sum(), W), 2 * W, atol=1e-10)


def test_x_is_restored_bit_for_bit():
    x = np.array([0.1, 1e-20, -0.0, 1e20, np.pi, np.nan, np.inf])
    before = x.tobytes()
    with np.errstate(invalid="ignore"):
        numerical_gradient(lambda x: 0.0, x)
    assert x.tobytes() == before


@pytest.mark.parametrize("call", [1, 2, 5, 6])
def test_x_is_restored_when_f_raises(call):
    x = np.array([0.1, 0.2, 0.3])
    before, calls = x.tobytes(), []

    def f(x):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return x.sum()

    with pytest.raises(KeyboardInterrupt):
        numerical_gradient(f, x)
    assert x.tobytes() == before
    assert len(calls) == call


@pytest.mark.parametrize(
    "view", [lambda a: a.T, lambda a: a[::2], lambda a: a[:, ::-1], lambda a: np.asfortranarray(a)]
)
def test_arrays_that_are_not_contiguous(view):
    base = np.random.default_rng(0).standard_normal((4, 6))
    x = view(base)
    before = x.copy()
    assert_allclose(numerical_gradient(lambda x: (x**2).sum(), x), 2 * x, atol=1e-9)
    assert_array_equal(x, before)


@pytest.mark.parametrize("f", [lambda x: x, lambda x: x.reshape(1), lambda x: x[...], lambda x: x.reshape(1, 1)])
def test_a_function_that_returns_a_view_of_its_argument(f):
    """The value after +h must be kept before the element moves to -h."""
    assert numerical_gradient(f, np.array(3.0)) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("value", [1, np.float32(1), np.int64(1), np.array(1.0), np.array([[1.0]]), [1.0], True])
def test_one_number_in_any_clothes(value):
    assert_array_equal(numerical_gradient(lambda x: value, np.zeros(2)), [0, 0])


def test_small_unsigned_results_do_not_wrap():
    assert numerical_gradient(lambda x: np.uint8(1 if x > 0 else 3), np.array(0.0), h=0.5) == -2


@pytest.mark.parametrize("value", [np.zeros(2), np.zeros(0), None, "1", 1j])
def test_not_one_number(value):
    with pytest.raises(UsageError, match=r"f must return one number\. Got .* of shape "):
        numerical_gradient(lambda x: value, np.zeros(2))


@pytest.mark.parametrize("x", [np.array([3, 4]), [3, 4], 3, np.array([True]), np.array([1j]), np.array(["1"])])
def test_integers_are_refused_with_the_reason(x):
    with pytest.raises(UsageError, match=r"x must be an array of floats\. Got .*silently come out wrong. Use x.astype"):
        numerical_gradient(lambda x: 0.0, x)


def test_read_only_arrays_are_refused():
    x = np.zeros(3)
    x.flags.writeable = False
    with pytest.raises(UsageError, match=r"x is read-only.*Use x\.copy\(\)"):
        numerical_gradient(lambda x: x.sum(), x)


@pytest.mark.parametrize("h", [0, -1e-4, np.nan, np.inf])
def test_what_is_not_a_step(h):
    with pytest.raises(UsageError, match=r"h must be a positive number\. Got "):
        numerical_gradient(lambda x: 0.0, np.zeros(1), h=h)


@pytest.mark.parametrize("h", ["a", None, True, 1j, [1e-4]])
def test_a_step_that_is_no_number(h):
    with pytest.raises(UsageError, match=r"h must be a positive number\. Got "):
        numerical_gradient(lambda x: x.sum(), np.ones(2), h=h)
    with pytest.raises(UsageError, match=r"h must be a positive number\. Got "):
        TwoLayerNet(2, 2, 2).numerical_gradient(np.zeros(2), 0, h=h)


@pytest.mark.parametrize("f", [None, 3.0, "x ** 2", np.ones(2)])
def test_a_function_that_is_none(f):
    for call in (lambda: numerical_gradient(f, np.ones(2)), lambda: gradient_descent(f, [1.0])):
        with pytest.raises(UsageError, match=r"f must be a function of x that returns one number\. Got "):
            call()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x0": ["a"]}, r"x0 must be an array of numbers\. Got <U1"),
        ({"x0": [1j]}, r"x0 must be an array of numbers\. Got complex128"),
        ({"x0": [[1], [1, 2]]}, r"x0 must be an array, with rows of equal length"),
        ({"learning_rate": "0.1"}, r"learning_rate must be a number\. Got '0\.1'"),
        ({"learning_rate": np.nan}, r"learning_rate must be a number\. Got nan"),
        ({"steps": 2.5}, r"steps must be a whole number of 0 or more\. Got 2\.5"),
        ({"steps": -1}, r"steps must be a whole number of 0 or more\. Got -1"),
        ({"steps": True}, r"steps must be a whole number of 0 or more\. Got True"),
    ],
)
def test_a_walk_that_cannot_be_walked(given, words):
    with pytest.raises(UsageError, match=words):
        gradient_descent(lambda x: (x**2).sum(), **{"x0": [1.0], **given})


def test_a_list_of_floats_will_do():
    assert_allclose(numerical_gradient(lambda x: (x**2).sum(), [3.0, 4.0]), [6, 8])


def test_float32_stays_float32():
    assert numerical_gradient(lambda x: (x**2).sum(), np.ones(2, np.float32), h=1e-2).dtype == np.float32


def test_an_empty_array_has_an_empty_gradient():
    assert numerical_gradient(lambda x: 0.0, np.zeros((0, 3))).shape == (0, 3)


def test_the_note_001():
    """W, loss and gradient as its author printed them."""
    from zerokara.nn.functions import TEXTBOOK_EPSILON

    W = np.array([[0.81712406, 0.99336792, 0.80548288], [0.74296342, 0.23464375, 0.46333048]])
    x, t = np.array([0.6, 0.9]), np.array([0, 0, 1])

    def loss(_):
        z = np.exp(x @ W - (x @ W).max())
        return -(t * np.log(z / z.sum() + TEXTBOOK_EPSILON)).sum()

    assert_allclose(x @ W, [1.15894151, 0.80720013, 0.90028716], atol=1e-8)
    assert loss(W) == pytest.approx(1.1651173773773003, abs=1e-8)
    dW = [[0.24237012, 0.17049818, -0.4128683], [0.36355518, 0.25574726, -0.61930244]]
    assert_allclose(numerical_gradient(loss, W), dW, atol=1e-8)
    net = Network([2, 3], loss="textbook")
    net.params["W1"] = W
    assert_allclose(net.gradient(x, t)["W1"], dW, atol=1e-8)


# gradient_descent


def test_every_step_of_a_quadratic_is_known():
    """x² and rate 0.1: x ← 0.8 x, so step k is 0.8ᵏ x₀."""
    x0 = np.array([-3.0, 4.0])
    path = gradient_descent(lambda x: (x**2).sum(), x0, learning_rate=0.1, steps=100)
    assert path.shape == (101, 2)
    assert_allclose(path, 0.8 ** np.arange(101)[:, np.newaxis] * x0, rtol=1e-7, atol=1e-12)
    assert_array_equal(x0, [-3, 4])


def test_too_large_a_rate_walks_away():
    path = gradient_descent(lambda x: (x**2).sum(), [1.0], learning_rate=1.5, steps=10)
    assert path[-1] == pytest.approx((-2.0) ** 10, rel=1e-6)


def test_a_path_of_any_shape_and_of_no_steps():
    assert gradient_descent(lambda x: (x**2).sum(), np.ones((2, 3)), steps=4).shape == (5, 2, 3)
    assert_array_equal(gradient_descent(lambda x: x.sum(), [1.0, 2.0], steps=0), [[1, 2]])


def test_whole_numbers_may_be_the_start():
    """The path is float64, so here nothing is lost."""
    assert_allclose(gradient_descent(lambda x: (x**2).sum(), [10], learning_rate=0.1, steps=1)[-1], [8], rtol=1e-9)


# Networks: the tables of activations and losses, at every depth


def kinkless(activation, loss, sizes, seed=0):
    """A network and a batch of which no pre-activation lies near a kink of ReLU, so that differences are smooth."""
    net = Network(sizes, activation=activation, loss=loss, init=0.7, seed=seed)
    rng = np.random.default_rng(seed)
    for name, p in net.params.items():
        if name.startswith("b"):
            p += rng.standard_normal(p.shape)
    x = rng.random((6, sizes[0]))
    z = x
    for i in range(1, len(sizes) - 1):
        a = z @ net.params[f"W{i}"] + net.params[f"b{i}"]
        assert np.abs(a).min() > 1e-3, "choose another seed"
        z = {"relu": lambda a: a.clip(min=0), "sigmoid": lambda a: 1 / (1 + np.exp(-a)), "tanh": np.tanh}.get(
            activation, lambda a: a
        )(a)
    return net, x, rng


@pytest.mark.parametrize("labels", ["indices", "soft"])
@pytest.mark.parametrize("sizes", DEPTHS, ids=str)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_backpropagation_is_a_central_difference(activation, loss, sizes, labels):
    net, x, rng = kinkless(activation, loss, sizes)
    t = rng.integers(3, size=6) if labels == "indices" else rng.random((6, 3))
    exact, numerical = net.gradient(x, t), net.numerical_gradient(x, t, method="loop")
    assert list(exact) == list(numerical) == list(net.params)
    for name in exact:
        # truncation: h²/6 f''' with h = 1e-4; the third derivatives here are of order 1
        assert_allclose(exact[name], numerical[name], rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("method", ["auto", "loop"])
def test_one_parameter_only_and_nothing_changed(method):
    net, x, _ = kinkless("sigmoid", "cross-entropy", (4, 6, 3))
    before = {name: p.tobytes() for name, p in net.params.items()}
    t = np.array([0, 1, 2, 0, 1, 2])
    whole = net.numerical_gradient(x, t, method=method)
    only = net.numerical_gradient(x, t, only="b1", method=method)
    assert list(only) == ["b1"]
    assert_array_equal(only["b1"], whole["b1"])
    assert {name: p.tobytes() for name, p in net.params.items()} == before


def test_the_faster_way_is_the_same_differences():
    """Whatever the package root put into the slot."""
    import zerokara  # noqa: F401  (fills the slot)

    net, x, _ = kinkless("relu", "textbook", (4, 6, 3))
    t = np.array([0, 1, 2, 0, 1, 2])
    loop, auto = net.numerical_gradient(x, t, method="loop"), net.numerical_gradient(x, t)
    for name in loop:
        assert_allclose(auto[name], loop[name], atol=1e-10)


def test_the_slot_is_used_and_told_everything(monkeypatch):
    seen = []

    def fast(network, x, t, *, h, only):
        seen.append((network, x.shape, t.shape, h, only))
        return {"b1": np.zeros(6)}

    monkeypatch.setattr(networks, "fast_gradient", fast)
    net, x, _ = kinkless("relu", "squared", (4, 6, 3))
    assert list(net.numerical_gradient(x, [0] * 6, h=1e-3, only="b1")) == ["b1"]
    assert seen == [(net, (6, 4), (6,), 1e-3, "b1")]
    net.numerical_gradient(x, [0] * 6, method="loop", only="b1")
    assert len(seen) == 1


def test_nn_works_alone(monkeypatch):
    monkeypatch.setattr(networks, "fast_gradient", None)
    net, x, _ = kinkless("tanh", "cross-entropy", (4, 6, 3))
    t = np.array([0, 1, 2, 0, 1, 2])
    for name, grad in net.numerical_gradient(x, t).items():
        assert_allclose(grad, net.gradient(x, t)[name], atol=1e-8)


def test_a_float32_network_is_refused_with_the_reason():
    net = Network([2, 2], dtype=np.float32)
    with pytest.raises(
        UsageError, match=r"needs a float64 network: in float32 .*rounding. Use network.copy\(np.float64\)"
    ):
        net.numerical_gradient(np.zeros(2), 0)


@pytest.mark.parametrize("option", [{"only": "W3"}, {"only": ["W1"]}, {"method": "fast"}, {"method": 1}, {"h": 0.0}])
def test_options_that_do_not_exist(option):
    with pytest.raises(UsageError, match=rf"{next(iter(option))} must be .*\. Got "):
        TwoLayerNet(2, 2, 2).numerical_gradient(np.zeros(2), 0, **option)
