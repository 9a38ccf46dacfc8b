"""Which functions of a file look like a numerical gradient, by their syntax."""

import ast
import os
from pathlib import Path

import pytest

from zerokara.runner.own_loops import is_worth_parsing
from zerokara.sources.differences import difference_loops, quotient_parts

ROOT = Path(__file__).parents[2]


def found(source: str) -> list[str]:
    """The names of the functions found, in the order of the lines."""
    functions = difference_loops(ast.parse(source))
    functions.sort(key=lambda function: function.lineno)
    return [getattr(function, "name", "lambda") for function in functions]


LOOPS = {
    "nditer, as in the textbook": """
def numerical_gradient(f, x):
    h = 1e-4
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'], op_flags=['readwrite'])
    while not it.finished:
        idx = it.multi_index
        tmp_val = x[idx]
        x[idx] = float(tmp_val) + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2*h)
        x[idx] = tmp_val
        it.iternext()
    return grad
""",
    "nested for": """
def grad_check(loss, W):
    out = np.zeros(W.shape)
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            old = W[i, j]
            W[i, j] = old + 1e-4
            up = loss(W)
            W[i, j] = old - 1e-4
            out[i, j] = (up - loss(W)) / 2e-4
            W[i, j] = old
    return out
""",
    "flat": """
def 数値勾配(関数, x):
    g = np.empty_like(x)
    for i in range(x.size):
        v = x.flat[i]
        x.flat[i] = v + h; a = 関数(x)
        x.flat[i] = v - h; b = 関数(x)
        x.flat[i] = v
        g.flat[i] = (a - b) / (h + h)
    return g
""",
    "reshape": """
def g(f, x):
    flat, out = x.reshape(-1), []
    for i, v in enumerate(flat):
        flat[i] = v + h
        above = f(x)
        flat[i] = v - h
        below = f(x)
        flat[i] = v
        out.append((above - below) / (2 * h))
    return np.array(out).reshape(x.shape)
""",
    "copies": """
def g(f, x, h=1e-5):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        xp, xm = x.copy(), x.copy()
        xp[i] += h
        xm[i] -= h
        grad[i] = (f(xp) - f(xm)) / (2 * h)
    return grad
""",
    "unit vectors in a comprehension": """
def g(f, x, h=1e-5):
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)])
""",
    "a generator in fromiter": """
def g(f, x):
    return np.fromiter(((f(x + e) - f(x - e)) / 2e-4 for e in 1e-4 * np.eye(len(x))), float)
""",
    "a lambda": "g = lambda f, x: np.array([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(len(x))])\n",
    "a lambda handed to map": """
def g(f, x):
    return list(map(lambda e: (f(x + e) - f(x - e)) / (2 * h), h * np.eye(len(x))))
""",
    "vectorize": """
def g(f, x):
    def one(i):
        e = np.zeros_like(x)
        e[i] = h
        return (f(x + e) - f(x - e)) / (2 * h)
    return np.vectorize(one)(np.arange(x.size))
""",
    "a method, with the loss of the object": """
class Net:
    def gradient(self, x, t):
        grads = {}
        for key, W in self.params.items():
            grads[key] = np.zeros_like(W)
            for idx in np.ndindex(W.shape):
                keep = W[idx]
                W[idx] = keep + self.h
                plus = self.loss(x, t)
                W[idx] = keep - self.h
                minus = self.loss(x, t)
                W[idx] = keep
                grads[key][idx] = (plus - minus) / (2 * self.h)
        return grads
""",
    "a static method without arguments of the loss": """
class Tools:
    @staticmethod
    def numgrad(loss, W, eps=1e-6):
        dW = np.zeros_like(W)
        with np.nditer(W, flags=['multi_index']) as it:
            for _ in it:
                k = it.multi_index
                W[k] += eps
                right = loss()
                W[k] -= 2 * eps
                left = loss()
                W[k] += eps
                dW[k] = (right - left) / (2 * eps)
        return dW
""",
    "forward, with f(x) hoisted": """
def g(f, x):
    fx = f(x)
    grad = np.zeros_like(x)
    for i in range(x.size):
        old = x[i]
        x[i] = old + h
        grad[i] = (f(x) - fx) / h
        x[i] = old
    return grad
""",
    "a reciprocal": """
def g(f, x):
    inv = 1.0 / (2 * h)
    for i in range(x.size):
        old = x[i]
        x[i] = old + h
        d = f(x)
        x[i] = old - h
        d -= f(x)
        x[i] = old
        grad[i] = d * inv
    return grad
""",
    "half the difference over h": """
def g(f, x):
    for i in range(x.size):
        x[i] += h
        p = f(x)
        x[i] -= 2 * h
        m = f(x)
        x[i] += h
        grad[i] = 0.5 * (p - m) / h
    return grad
""",
    "divided at the end": """
def g(f, x):
    grad = np.zeros_like(x)
    for i in range(x.size):
        old = x[i]
        x[i] = old + h
        grad[i] = f(x)
        x[i] = old - h
        grad[i] -= f(x)
        x[i] = old
    grad /= 2 * h
    return grad
""",
    "divided before": """
def g(f, x):
    for i in range(x.size):
        xp = x.copy(); xp[i] += h
        xm = x.copy(); xm[i] -= h
        grad[i] = f(xp) / (2 * h) - f(xm) / (2 * h)
    return grad
""",
    "two values in a list": """
def g(f, x):
    for i in range(x.size):
        old, values = x[i], []
        for s in (1, -1):
            x[i] = old + s * h
            values.append(f(x))
        x[i] = old
        grad[i] = (values[0] - values[1]) / (2 * h)
    return grad
""",
    "two values comprehended": """
def g(f, x):
    for i in range(x.size):
        above, below = [f(x + s * unit(i)) for s in (h, -h)]
        grad[i] = (above - below) / (2 * h)
    return grad
""",
    "numbers made plain": """
def g(f, x):
    for i in range(x.size):
        old = x[i]
        x[i] = old + h
        p = float(f(x))
        x[i] = old - h
        m = np.float64(f(x).item())
        x[i] = old
        grad[i] = np.divide(np.subtract(p, m), 2 * h)
    return grad
""",
    "summed up with another gradient": """
def eval_numerical_gradient_array(f, x, df, h=1e-5):
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + h
        pos = f(x).copy()
        x[ix] = oldval - h
        neg = f(x).copy()
        x[ix] = oldval
        grad[ix] = np.sum((pos - neg) * df) / (2 * h)
        it.iternext()
    return grad
""",
    "minus first": """
def g(f, x):
    return np.array([(-f(x - e) + f(x + e)) / (2 * h) for e in h * np.eye(len(x))])
""",
    "try and finally": """
def g(f, x):
    for i in range(x.size):
        old = x[i]
        try:
            x[i] = old + h
            if (up := f(x)) is None:
                raise ValueError
            x[i] = old - h
            grad[i] = (up - f(x)) / (2 * h)
        finally:
            x[i] = old
    return grad
""",
    "elements that are moved themselves": """
def g(f, x):
    out = []
    for e in np.nditer(x, op_flags=["readwrite"]):
        e += h
        up = f(x)
        e -= 2 * h
        down = f(x)
        e += h
        out.append((up - down) / (2 * h))
    return out
""",
    "a nested function that moves": """
def g(net, x, t, W):
    def at(i, v):
        old = W.flat[i]
        W.flat[i] = v
        loss = net.loss(x, t)
        W.flat[i] = old
        return loss
    return [(at(i, W.flat[i] + h) - at(i, W.flat[i] - h)) / (2 * h) for i in range(W.size)]
""",
    "a predicted loss": """
def g(net, x, t, W):
    for i in np.ndindex(W.shape):
        old = W[i]
        W[i] = old + h
        up = cross_entropy_error(net.predict(x), t)
        W[i] = old - h
        down = cross_entropy_error(net.predict(x), t)
        W[i] = old
        grad[i] = (up - down) / (2 * h)
    return grad
""",
    "a dict that is comprehended": """
def g(f, x):
    d = {i: (f(x + e) - f(x - e)) / (2 * h) for i, e in enumerate(h * np.eye(3))}
    return d
""",
}


@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS.keys())
def test_a_loop_is_found(source: str) -> None:
    assert len(found(source)) == 1
    assert is_worth_parsing(source)


SPLIT = {
    "rows": (
        """
def _numerical_gradient_1d(f, x):
    grad = np.zeros_like(x)
    for idx in range(x.size):
        tmp_val = x[idx]
        x[idx] = float(tmp_val) + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2*h)
        x[idx] = tmp_val
    return grad

def numerical_gradient_2d(f, X):
    if X.ndim == 1:
        return _numerical_gradient_1d(f, X)
    grad = np.zeros_like(X)
    for idx, x in enumerate(X):
        grad[idx] = _numerical_gradient_1d(f, x)
    return grad
""",
        ["_numerical_gradient_1d", "numerical_gradient_2d"],
    ),
    "elements": (
        """
class Net:
    def partial(self, f, x, i):
        e = np.zeros_like(x)
        e[i] = 1e-4
        return (f(x + e) - f(x - e)) / 2e-4

    def gradient(self, f, x):
        grad = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            d = self.partial(f, x, i)
            grad[i] = d
        return grad
""",
        ["gradient"],
    ),
    "comprehended": (
        """
partial = lambda f, x, e: (f(x + e) - f(x - e)) / 2e-4
def gradient(f, x):
    return np.array([partial(f, x, e) for e in np.eye(3)])
""",
        ["gradient"],
    ),
    "while": (
        """
def partial(f, x, i):
    old = x[i]
    x[i] = old + h
    up = f(x)
    x[i] = old - h
    down = f(x)
    x[i] = old
    return (up - down) / (2 * h)

def gradient(f, x):
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        grad[it.multi_index] = partial(f, x, it.multi_index)
        it.iternext()
    return grad

def elsewhere(f, x):
    i = 0
    while i < x.size:
        grad[i] = partial(f, x, i)
        i += 1
    return grad
""",
        ["gradient", "elsewhere"],
    ),
    "map": (
        """
def partial(f, x, e):
    return (f(x + e) - f(x - e)) / 2e-4
def gradient(f, x):
    return list(map(lambda e: partial(f, x, e), np.eye(3)))
""",
        ["gradient"],
    ),
    "all parameters": (
        LOOPS["nditer, as in the textbook"]
        + """
class Net:
    def numerical_gradient(self, x, t):
        grads = {}
        for key in self.params:
            grads[key] = numerical_gradient(lambda W: self.loss(x, t), self.params[key])
        return grads
""",
        ["numerical_gradient", "numerical_gradient"],
    ),
}


@pytest.mark.parametrize(("source", "names"), SPLIT.values(), ids=SPLIT.keys())
def test_a_loop_in_two_functions_is_found(source: str, names: list[str]) -> None:
    assert found(source) == names


def test_a_loop_in_two_cells_is_found() -> None:
    source, _ = SPLIT["elements"]
    first, second = source.split("\n    def gradient")
    parts = quotient_parts(ast.parse(first))
    assert parts == {"partial"}
    cell = ast.parse(f"def gradient{second}".replace("\n    ", "\n"))
    assert difference_loops(cell) == []
    assert len(difference_loops(cell, parts)) == 1


OTHERS = {
    "a scalar": "def numerical_diff(f, x):\n    h = 1e-4\n    return (f(x + h) - f(x - h)) / (2 * h)\n",
    "a tangent": """
def numerical_diff(f, x):
    return (f(x + h) - f(x - h)) / (2 * h)
def tangent_line(f, x):
    d = numerical_diff(f, x)
    y = f(x) - d * x
    return lambda t: d * t + y
""",
    "descent": LOOPS["flat"]
    + """
def gradient_descent(f, init_x, lr=0.01, step_num=100):
    x = init_x
    x_history = []
    for i in range(step_num):
        x_history.append(x.copy())
        grad = 数値勾配(f, x)
        x -= lr * grad
    return x, np.array(x_history)
""",
    "training": """
def train(net, x_train, t_train, x_test, t_test):
    start = time.time()
    train_loss_list = []
    for i in range(iters_num):
        batch_mask = np.random.choice(train_size, batch_size)
        x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
        grad = net.gradient(x_batch, t_batch)
        for key in ('W1', 'b1', 'W2', 'b2'):
            net.params[key] -= learning_rate * grad[key]
        train_loss_list.append(net.loss(x_batch, t_batch))
        if i % iter_per_epoch == 0:
            train_acc = net.accuracy(x_train, t_train)
            test_acc = net.accuracy(x_test, t_test)
            print(train_acc, test_acc, train_acc - test_acc, (time.time() - start) / 60)
""",
    "an early stop": """
def train(net, x, t):
    before = net.loss(x, t)
    for i in range(iters_num):
        net.W[...] -= lr * net.gradient(x, t)
        now = net.loss(x, t)
        if abs(before - now) / before < 1e-6:
            break
        before = now
""",
    "a mean of gaps": """
def gap(net, folds):
    total = 0
    for x, t, x_test, t_test in folds:
        total += net.accuracy(x, t) - net.accuracy(x_test, t_test)
    return total / len(folds)
""",
    "times": """
def timed(f, n):
    times = []
    for i in range(n):
        began = perf_counter()
        f(i)
        times[i:] = [(perf_counter() - began) / 1e3]
    return times
""",
    "a loss in a loop": """
def mean_squared_error(net, x, t):
    total = 0
    for i in range(len(x)):
        y = net.predict(x[i])
        total += np.sum((y - t[i]) ** 2) / 2
    return total
""",
    "softmax": """
def softmax(x):
    out = []
    for row in x:
        row = row - np.max(row)
        out.append(np.exp(row) / np.sum(np.exp(row)))
    return np.array(out)
""",
    "tanh": """
def tanh(x):
    return [(np.exp(v) - np.exp(-v)) / (np.exp(v) + np.exp(-v)) for v in x]
""",
    "normalised": """
def normalise(x):
    x = load(x)
    for i in range(len(x)):
        x[i] = (x[i] - x.mean()) / x.std()
    return x
""",
    "the slope of data": """
def slopes(xs):
    ys = measure(xs)
    out = []
    for i in range(len(xs) - 1):
        out.append((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]))
    return out
""",
    "an update rule": """
class Adam:
    def update(self, params, grads):
        self.iter += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2**self.iter) / (1.0 - self.beta1**self.iter)
        for key in params.keys():
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)
""",
    "a gradient check": """
def check(net, x, t):
    numerical, backprop = net.numerical_gradient(x, t), net.gradient(x, t)
    for key in numerical:
        diff = np.average(np.abs(backprop[key] - numerical[key]))
        print(key, diff / len(x))
""",
    "backpropagation": """
def gradient(self, x, t):
    y = softmax(self.predict(x))
    dy = (y - t) / x.shape[0]
    for layer in self.layers:
        dy = layer.backward(dy)
    return dy
""",
    "im2col": """
def im2col(x, fh, fw, stride=1, pad=0):
    N, C, H, W = x.shape
    out_h = (H + 2*pad - fh)//stride + 1
    col = np.zeros((N, C, fh, fw, out_h, (W + 2*pad - fw)//stride + 1))
    for y in range(fh):
        col[:, :, y] = x[:, :, y:y + stride*out_h:stride] / 1
    return col
""",
    "a generator": "def g(f, x):\n    for e in np.eye(3):\n        yield (f(x + e) - f(x - e)) / 2\n",
    "a generator by a step": "def g(f, x):\n    for e in np.eye(3):\n        yield (f(x + e) - f(x - e)) / (2 * h)\n",
    "a coroutine": "async def g(f, x):\n    return [(f(x + e) - f(x - e)) / (2 * h) for e in np.eye(3)]\n",
    "compiled by numba": "@nb.njit(cache=True)\ndef g(f, x):\n    return [(f(x + e) - f(x)) / h for e in I]\n",
    "a program that defines one": "def main():\n"
    + LOOPS["flat"].replace("\n", "\n    ")
    + """
    for i in range(1000):
        W -= lr * 数値勾配(loss, W)
        print(i, loss(W) - 1, loss(W) / 2)
""",
    "a loop at the top": "for e in np.eye(3):\n    print((f(x + e) - f(x - e)) / (2 * h))\n",
    "a class that has one": "def make():\n    for _ in range(3):\n        class A:\n"
    + "            def f(self, g):\n                return [(g(e + h) - g(e - h)) / h for e in x]\n        use(A)\n",
    "a distance": """
def nearest(x_train, x_test):
    for i in range(len(x_test)):
        d = np.sqrt(((x_train - x_test[i]) ** 2).sum(axis=1)) / 255
        yes[i] = np.argmin(d)
    return yes
""",
}
INNER = {"descent": ["数値勾配"], "a program that defines one": ["数値勾配"], "a class that has one": ["f"]}
"""What else is in these sources is found, and is not what they are here for."""


@pytest.mark.parametrize("name", OTHERS)
def test_another_loop_is_not(name: str) -> None:
    assert found(OTHERS[name]) == INNER.get(name, [])


def test_the_whole_is_found_inside_of_a_function() -> None:
    source = "def outer():\n    def middle():\n" + LOOPS["nested for"].replace("\n", "\n        ")
    assert found(source) == ["grad_check"]


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "book").rglob("*.py")), ids=lambda path: path.name)
def test_the_examples_have_none(path: Path) -> None:
    assert found(path.read_text(encoding="utf-8")) == []


@pytest.mark.notes
def test_the_notes_have_none() -> None:
    for path in sorted(Path(os.environ["ZEROKARA_NOTES"]).glob("*.py")):
        assert found(path.read_text(encoding="utf-8")) == [], path


def test_our_own_code_has_none_but_its_own() -> None:
    """A large sample of other code, with many loops and differences: the textbook's loop, and those of checks.

    One takes means by `np.diff`, and only looks like them.
    """
    names = [name for path in sorted((ROOT / "src").rglob("*.py")) for name in found(path.read_text(encoding="utf-8"))]
    assert names == [
        "numerical_gradient",
        "_fitting",
        "numerical_slopes",
        "_looped",
        "differences",
        "_slope",
        "slope",
        "_by_steps",
        "_slope",
    ]
