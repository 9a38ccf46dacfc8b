"""Learners' own loops for a numerical gradient: ways to write one, mistakes in one, and places to put it.

A way is the source of one function with gaps: `NAME` is what it is called, `(SELF` begins its parameters and becomes
`(self, ` in a class, and `STEP` is where an h of its own comes from. Each file trains a small network for a few updates
and leaves in seen.npz every gradient, and all parameters before, after and between.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

HEAD = """
import time
import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def softmax(x):
    x = x - np.max(x, axis=-1, keepdims=True)
    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)

def cross_entropy_error(y, t):
    return -np.sum(np.log(y[np.arange(len(y)), t] + 1e-7)) / len(y)

def loss_of(x, t, W1, b1, W2, b2):
    return cross_entropy_error(softmax(np.dot(sigmoid(np.dot(x, W1) + b1), W2) + b2), t)
"""

CLASS = """
class TwoLayerNet:
    h = 1e-3
    def __init__(self, sizes):
        rng = np.random.RandomState(0)
        a, b, c = sizes
        self.params = {}
        self.params['W1'] = 0.1 * rng.randn(a, b)
        self.params['b1'] = np.zeros(b)
        self.params['W2'] = 0.1 * rng.randn(b, c)
        self.params['b2'] = np.zeros(c)
    def loss(self, x, t):
        p = self.params
        return loss_of(x, t, p['W1'], p['b1'], p['W2'], p['b2'])
"""

GRADIENTS = """
    def gradients(self, x, t):
        loss_W = lambda W: self.loss(x, t)
        grads = {}
        for key in self.params:
            grads[key] = CALL(loss_W, self.params[key])
        return grads
"""

WITH_ARGUMENT = """
    def gradients(self, x, t):
        W1, b1, W2, b2 = self.params['W1'], self.params['b1'], self.params['W2'], self.params['b2']
        grads = {}
        grads['W1'] = CALL(lambda W: loss_of(x, t, W, b1, W2, b2), W1)
        grads['b1'] = CALL(lambda b: loss_of(x, t, W1, b, W2, b2), b1)
        grads['W2'] = CALL(lambda W: loss_of(x, t, W1, b1, W, b2), W2)
        grads['b2'] = CALL(lambda b: loss_of(x, t, W1, b1, W2, b), b2)
        return grads
"""
"""For ways that hand another array to f, which has to look at it."""

AT_ONCE = """
    def gradients(self, x, t):
        return CALL(lambda W: self.loss(x, t), self.params)
"""

OF_THE_NETWORK = """
    def gradients(self, x, t):
        return CALL(NETx, t)
"""

SMALL = """
def batch(i):
    rng = np.random.RandomState(i)
    return rng.rand(10, 20) * (rng.rand(10, 20) > 0.3), rng.randint(0, 3, 10)
sizes, updates = (20, 7, 3), 3
"""

MNIST = """
from dataset.mnist import load_mnist
(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
def batch(i):
    mask = np.random.RandomState(i).choice(60000, 100)
    return x_train[mask], t_train[mask]
sizes, updates = (784, 50, 10), 3
"""

TRAIN = """
net = TwoLayerNet(sizes)
seen, seconds = {}, []
np.random.seed(5)
for i in range(updates):
    x, t = batch(i)
    for key in net.params:
        seen['before %d %s' % (i, key)] = net.params[key].copy()
    began = time.perf_counter()
    grads = net.gradients(x, t)
    seconds.append(time.perf_counter() - began)
    for key in net.params:
        seen['after %d %s' % (i, key)] = net.params[key].copy()
        seen['gradient %d %s' % (i, key)] = np.array(grads[key])
        if np.shape(grads[key]) == net.params[key].shape:
            net.params[key] -= 0.1 * grads[key]
seen['random'] = np.random.get_state()[1]
np.savez('seen.npz', seconds=seconds, **seen)
"""


@dataclass(frozen=True)
class Way:
    """A function, how the network asks it, and what it does to an array besides.

    Attributes:
        source: with the gaps NAME, SELF and STEP.
        use: the network's method that asks for all gradients.
        h: its step.
        leaves: what an array is afterwards.
    """

    source: str
    use: str = GRADIENTS
    h: float = 1e-4
    leaves: Callable[[np.ndarray], np.ndarray] = np.copy


WAYS = {
    "nditer": Way("""
def NAME(SELFf, x):
    h = 1e-4 # 0.0001
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'], op_flags=['readwrite'])
    while not it.finished:
        idx = it.multi_index
        tmp_val = x[idx]
        x[idx] = float(tmp_val) + h
        fxh1 = f(x) # f(x+h)
        x[idx] = tmp_val - h
        fxh2 = f(x) # f(x-h)
        grad[idx] = (fxh1 - fxh2) / (2*h)
        x[idx] = tmp_val # 値を元に戻す
        it.iternext()
    return grad
"""),
    "nditer in a for": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'])
    for _ in it:
        i = it.multi_index
        old = x[i]
        x[i] = old + h
        above = f(x)
        x[i] = old - h
        below = f(x)
        x[i] = old
        grad[i] = (above - below) / (2 * h)
    return grad
"""),
    "nested for": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros(x.shape)
    if x.ndim == 1:
        for i in range(x.shape[0]):
            tmp = x[i]
            x[i] = tmp + h
            fxh1 = f(x)
            x[i] = tmp - h
            fxh2 = f(x)
            grad[i] = (fxh1 - fxh2) / (2 * h)
            x[i] = tmp
    else:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                tmp = x[i, j]
                x[i, j] = tmp + h
                fxh1 = f(x)
                x[i, j] = tmp - h
                fxh2 = f(x)
                grad[i, j] = (fxh1 - fxh2) / (2 * h)
                x[i, j] = tmp
    return grad
"""),
    "flat": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for i in range(x.size):
        tmp = x.flat[i]
        x.flat[i] = tmp + h
        f1 = f(x)
        x.flat[i] = tmp - h
        f2 = f(x)
        grad.flat[i] = (f1 - f2) / (2 * h)
        x.flat[i] = tmp
    return grad
"""),
    "reshape(-1)": Way("""
def NAME(SELFf, x):
    h = 1e-4
    flat = x.reshape(-1)
    grad = np.zeros(flat.shape)
    for i in range(len(flat)):
        tmp = flat[i]
        flat[i] = tmp + h
        f1 = f(x)
        flat[i] = tmp - h
        f2 = f(x)
        flat[i] = tmp
        grad[i] = (f1 - f2) / (2 * h)
    return grad.reshape(x.shape)
"""),
    "ravel": Way("""
def NAME(SELFf, x):
    eps = 1e-4
    v = x.ravel()
    g = np.zeros_like(v)
    for i in range(x.size):
        keep = v[i]
        v[i] = keep + eps
        plus = f(x)
        v[i] = keep - eps
        minus = f(x)
        v[i] = keep
        g[i] = (plus - minus) / (2.0 * eps)
    return g.reshape(x.shape)
"""),
    "ndindex": Way("""
def NAME(SELFf, x):
    grad = np.empty_like(x)
    for index in np.ndindex(x.shape):
        before = x[index]
        x[index] = before + 1e-4
        above = f(x)
        x[index] = before - 1e-4
        grad[index] = (above - f(x)) / 2e-4
        x[index] = before
    return grad
"""),
    "ndenumerate": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx, value in np.ndenumerate(x):
        x[idx] = value + h
        f1 = f(x)
        x[idx] = value - h
        f2 = f(x)
        x[idx] = value
        grad[idx] = (f1 - f2) / (2 * h)
    return grad
"""),
    "copies": Way(
        """
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[idx] += h
        down[idx] -= h
        grad[idx] = (f(up) - f(down)) / (2 * h)
    return grad
""",
        WITH_ARGUMENT,
    ),
    "unit vectors": Way(
        """
def NAME(SELFf, x):
    h = 1e-4
    def e(i):
        v = np.zeros(x.size)
        v[i] = 1.0
        return v.reshape(x.shape)
    return np.array([(f(x + h * e(i)) - f(x - h * e(i))) / (2 * h) for i in range(x.size)]).reshape(x.shape)
""",
        WITH_ARGUMENT,
    ),
    "+= and -=": Way(
        """
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        x[idx] += h
        f1 = f(x)
        x[idx] -= 2 * h
        f2 = f(x)
        x[idx] += h
        grad[idx] = (f1 - f2) / (2 * h)
    return grad
""",
        leaves=lambda x: x + 1e-4 - 2e-4 + 1e-4,
    ),
    "while": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros(x.size)
    flat = x.reshape(x.size)
    i = 0
    while i < x.size:
        tmp = flat[i]
        flat[i] = tmp + h
        f1 = f(x)
        flat[i] = tmp - h
        f2 = f(x)
        grad[i] = (f1 - f2) / (2 * h)
        flat[i] = tmp
        i += 1
    return grad.reshape(x.shape)
"""),
    "a dict at once": Way(
        """
def NAME(SELFf, params):
    h = 1e-4
    grads = {}
    for key in params:
        p = params[key]
        grads[key] = np.zeros_like(p)
        for idx in np.ndindex(p.shape):
            tmp = p[idx]
            p[idx] = tmp + h
            f1 = f(p)
            p[idx] = tmp - h
            f2 = f(p)
            grads[key][idx] = (f1 - f2) / (2 * h)
            p[idx] = tmp
    return grads
""",
        AT_ONCE,
    ),
    "the network's own loss": Way(
        """
def NAME(NET, x, t):
    h = 1e-4
    grads = {}
    for key, p in NET.params.items():
        grad = np.zeros_like(p)
        it = np.nditer(p, flags=['multi_index'], op_flags=['readwrite'])
        while not it.finished:
            idx = it.multi_index
            tmp = p[idx]
            p[idx] = tmp + h
            loss1 = NET.loss(x, t)
            p[idx] = tmp - h
            loss2 = NET.loss(x, t)
            grad[idx] = (loss1 - loss2) / (2 * h)
            p[idx] = tmp
            it.iternext()
        grads[key] = grad
    return grads
""",
        OF_THE_NETWORK,
    ),
    "an array to fill": Way(
        """
def NAME(SELFf, x, grad):
    h = 1e-4
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp + h
        f1 = f(x)
        x[idx] = tmp - h
        f2 = f(x)
        x[idx] = tmp
        grad[idx] = (f1 - f2) / (2 * h)
""",
        GRADIENTS.replace(
            "grads[key] = CALL(loss_W, self.params[key])",
            "grads[key] = np.zeros_like(self.params[key])\n            CALL(loss_W, self.params[key], grads[key])",
        ),
    ),
    "a tuple": Way(
        """
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp + h
        f1 = f(x)
        x[idx] = tmp - h
        f2 = f(x)
        x[idx] = tmp
        grad[idx] = (f1 - f2) / (2 * h)
    return grad, 2 * x.size
""",
        GRADIENTS.replace("grads[key] = CALL", "grads[key], calls = CALL"),
    ),
    "below first": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp - h
        below = f(x)
        x[idx] = tmp + h
        above = f(x)
        x[idx] = tmp
        grad[idx] = (above - below) / (2 * h)
    return grad
"""),
    "h by default": Way(
        """
def NAME(SELFf, x, h=1e-3):
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp + h
        f1 = f(x)
        x[idx] = tmp - h
        f2 = f(x)
        x[idx] = tmp
        grad[idx] = (f1 - f2) / (2 * h)
    return grad
""",
        h=1e-3,
    ),
    "h as an argument": Way(
        """
def NAME(SELFf, x, eps):
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp + eps
        f1 = f(x)
        x[idx] = tmp - eps
        f2 = f(x)
        x[idx] = tmp
        grad[idx] = (f1 - f2) / (2 * eps)
    return grad
""",
        GRADIENTS.replace("self.params[key])", "self.params[key], 1e-5)"),
        h=1e-5,
    ),
    "h of the network or global": Way(
        """
def NAME(SELFf, x):
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp + STEP
        f1 = f(x)
        x[idx] = tmp - STEP
        f2 = f(x)
        x[idx] = tmp
        grad[idx] = (f1 - f2) / (2 * STEP)
    return grad
""",
        h=1e-3,
    ),
    "h of 1e-5": Way(
        """
def NAME(SELFf, x):
    h = 1e-5
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp + h
        f1 = f(x)
        x[idx] = tmp - h
        f2 = f(x)
        x[idx] = tmp
        grad[idx] = (f1 - f2) / 2 / h
    return grad
""",
        h=1e-5,
    ),
    "row by row": Way("""
def NAME(SELFf, X):
    def one_row(x):
        h = 1e-4
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
    if X.ndim == 1:
        return one_row(X)
    grad = np.zeros_like(X)
    for idx, x in enumerate(X):
        grad[idx] = one_row(x)
    return grad
"""),
    "try and finally": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        try:
            x[idx] = tmp + h
            f1 = f(x)
            x[idx] = tmp - h
            f2 = f(x)
        finally:
            x[idx] = tmp
        grad[idx] = (f1 - f2) / (2 * h)
    return grad
"""),
    "a list": Way("""
def NAME(SELFf: 'function', x: np.ndarray) -> np.ndarray:
    \"\"\"数値微分\"\"\"
    h = 1e-4
    grads = []
    for i in range(x.size):
        tmp = float(x.flat[i])
        x.flat[i] = tmp + h
        f1 = f(x)
        x.flat[i] = tmp - h
        f2 = f(x)
        x.flat[i] = tmp
        grads.append((f1 - f2) * (1 / (2 * h)))
    return np.array(grads).reshape(x.shape)
"""),
    "a difference of its own": Way("""
def NAME(SELFf, x):
    h = 1e-4
    def difference(idx):
        tmp = x[idx]
        x[idx] = tmp + h
        f1 = f(x)
        x[idx] = tmp - h
        f2 = f(x)
        x[idx] = tmp
        return (f1 - f2) / (2 * h)
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        grad[idx] = difference(idx)
    return grad
"""),
}

STEPS = """
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp + h
        f1 = f(x)
        x[idx] = tmp - h
        f2 = f(x)
        grad[idx] = (f1 - f2) / (2 * h)
        x[idx] = tmp
    return grad
"""
QUOTIENT = "(f1 - f2) / (2 * h)"


def _wrong(old: str, new: str, use: str = GRADIENTS) -> Way:
    assert old in STEPS
    return Way(STEPS.replace(old, new), use)


WRONG = {
    "forward, divided by 2h": _wrong("x[idx] = tmp - h", "x[idx] = tmp"),
    "forward": Way(STEPS.replace("x[idx] = tmp - h", "x[idx] = tmp").replace(QUOTIENT, "(f1 - f2) / h")),
    "backward": Way(STEPS.replace("x[idx] = tmp + h", "x[idx] = tmp").replace(QUOTIENT, "(f1 - f2) / h")),
    "divided by h": _wrong(QUOTIENT, "(f1 - f2) / h"),
    "not in brackets": _wrong(QUOTIENT, "(f1 - f2) / 2*h"),
    "turned around": _wrong(QUOTIENT, "(f2 - f1) / (2 * h)"),
    "h of 1e-50": _wrong("1e-4", "1e-50"),
    "h of 1e-15": _wrong("1e-4", "1e-15"),
    "h of 10": _wrong("1e-4", "10"),
    "h of 0": Way("import warnings\nwarnings.simplefilter('ignore')\n" + STEPS.replace("1e-4", "np.float64(0)")),
    "h that shrinks": _wrong("        tmp = x", "        h = h * 0.999\n        tmp = x"),
    "random h": _wrong("        tmp = x", "        h = np.random.uniform(1e-5, 1e-3)\n        tmp = x"),
    "h relative to x": _wrong("        tmp = x", "        h = 1e-4 * max(1.0, abs(x[idx]))\n        tmp = x"),
    "not put back": _wrong("        x[idx] = tmp\n    return", "    return"),
    "put back too late": _wrong("        x[idx] = tmp\n    return", "    x[idx] = tmp\n    return"),
    "put back by a view": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros(x.size)
    flat = x.reshape(-1)
    for i in range(x.size):
        tmp = flat[i:i + 1]
        flat[i:i + 1] = tmp + h
        f1 = f(x)
        flat[i:i + 1] = tmp - h
        f2 = f(x)
        grad[i] = (f1 - f2) / (2 * h)
        flat[i:i + 1] = tmp
    return grad.reshape(x.shape)
"""),
    "a copy, and f reads the network's own": Way(WAYS["copies"].source),
    "x + h kept in a list": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        x[idx] = tmp + h
        points = [x]
        x[idx] = tmp - h
        points.append(x)
        grad[idx] = (f(points[0]) - f(points[1])) / (2 * h)
        x[idx] = tmp
    return grad
"""),
    "abs": _wrong(QUOTIENT, "abs((f1 - f2) / (2 * h))"),
    "rounded": _wrong(QUOTIENT, "round((f1 - f2) / (2 * h), 4)"),
    "clipped": _wrong(QUOTIENT, "np.clip((f1 - f2) / (2 * h), -0.01, 0.01)"),
    "normed": _wrong("return grad", "return grad / np.linalg.norm(grad)"),
    "returns too early": _wrong("        x[idx] = tmp\n    return", "        x[idx] = tmp\n        return"),
    "leaves the last": _wrong("np.ndindex(x.shape)", "list(np.ndindex(x.shape))[:-1]"),
    "leaves small ones": _wrong(
        "        x[idx] = tmp + h", "        if abs(tmp) < 1e-2: continue\n        x[idx] = tmp + h"
    ),
    "stops at zero": _wrong("        grad[idx]", "        if f1 == f2: break\n        grad[idx]"),
    "whole rows": Way(STEPS.replace("x[idx]", "x[idx[0]]").replace("tmp = x[idx[0]]", "tmp = np.copy(x[idx[0]])")),
    "a gradient of float32": _wrong("np.zeros_like(x)", "np.zeros(x.shape, dtype=np.float32)"),
    "a gradient of integers": _wrong("np.zeros_like(x)", "np.zeros(x.shape, dtype=int)"),
    "x as float32": _wrong(
        "    h = 1e-4\n",
        "    h = 1e-4\n    x = x.astype(np.float32)\n",
        WITH_ARGUMENT,
    ),
    "x as integers": _wrong(
        "    h = 1e-4\n",
        "    h = 1e-4\n    x = np.round(10 * x).astype(int)\n",
        WITH_ARGUMENT,
    ),
    "float16": _wrong("f1 = f(x)", "f1 = np.float16(f(x))"),
    "prints": _wrong("        x[idx] = tmp\n    return", "        x[idx] = tmp\n    print(grad.shape)\n    return"),
    "calls f once more": _wrong("    return grad", "    f(x)\n    return grad"),
    "added up in a global": Way(
        "total = 0\n"
        + STEPS.replace("    h = 1e-4", "    global total\n    h = 1e-4")
        .replace("        x[idx] = tmp\n", "        x[idx] = tmp\n        total += f1\n")
        .replace("    return grad", "    print(total)\n    return grad")
    ),
    "four points": Way("""
def NAME(SELFf, x):
    h = 1e-3
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        tmp = x[idx]
        values = []
        for k in (-2, -1, 1, 2):
            x[idx] = tmp + k * h
            values.append(f(x))
        x[idx] = tmp
        grad[idx] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    return grad
"""),
    "a random element each time": Way("""
def NAME(SELFf, x):
    h = 1e-4
    grad = np.zeros_like(x)
    flat, g = x.reshape(-1), grad.reshape(-1)
    for i in np.random.permutation(x.size)[:x.size // 2]:
        tmp = flat[i]
        flat[i] = tmp + h
        f1 = f(x)
        flat[i] = tmp - h
        f2 = f(x)
        flat[i] = tmp
        g[i] = (f1 - f2) / (2 * h)
    return grad
"""),
}
"""Mistakes, and other formulas: each is to give its own numbers, whatever they are."""

SAID_OF_MISTAKES = {
    "forward, divided by 2h": "0.5 times the gradient",
    "divided by h": "2 times the gradient",
    "h of 1e-50": "h = 1e-50 is lost beside x",
    "not put back": "does not put each element back",
}
"""What is said of some of them."""


def _named(way: Way, name: str, *, method: bool) -> tuple[str, str]:
    """The function, and the network's method that calls it."""
    source = way.source.replace("NAME", name).replace("SELF", "self, " if method else "")
    source = source.replace("NET", "self" if method else "net").replace("STEP", "self.h" if method else "H")
    use = way.use.replace("NETx", "x" if method else "self, x").replace("CALL", f"self.{name}" if method else name)
    return source, use


def _as_function(way: Way, data: str, name: str) -> tuple[list[str], str]:
    source, use = _named(way, name, method=False)
    return [HEAD, f"H = 1e-3\n{source}", CLASS + use, data, TRAIN], source


def same_file(way: Way, data: str = SMALL, name: str = "numerical_gradient") -> dict[str, str]:
    return {"train.py": "".join(_as_function(way, data, name)[0])}


def other_name(way: Way, data: str = SMALL) -> dict[str, str]:
    return same_file(way, data, name="slope_by_differences")


def helper_module(way: Way, data: str = SMALL) -> dict[str, str]:
    (head, own, *rest), _ = _as_function(way, data, "numerical_gradient")
    script = head + "from my_gradient import numerical_gradient\n" + "".join(rest)
    return {"train.py": script, "my_gradient.py": f"import numpy as np\n{own}"}


def note(way: Way, data: str = SMALL) -> dict[str, str]:
    cells = _as_function(way, data, "numerical_gradient")[0]
    return {"train.md": "# 学習\n" + "".join(f"\n```python{cell}```\n\n次。\n" for cell in _apart(cells))}


def notebook(way: Way, data: str = SMALL) -> dict[str, str]:
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
        for i, cell in enumerate(_apart(_as_function(way, data, "numerical_gradient")[0]))
    ]
    kernel = {"kernelspec": {"language": "python", "name": "python3", "display_name": "Python 3"}}
    return {"train.ipynb": json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells})}


def _apart(cells: list[str]) -> list[str]:
    return [f"\n{cell.strip()}\n" for cell in cells]


def method(way: Way, data: str = SMALL) -> dict[str, str]:
    source, use = _named(way, "numerical_gradient", method=True)
    indented = "".join(f"    {line}" if line.strip() else line for line in source.splitlines(keepends=True))
    return {"train.py": "".join([HEAD, CLASS, indented, use, data, TRAIN])}


PLACES: dict[str, Callable[..., dict[str, str]]] = {
    "same file": same_file,
    "helper module": helper_module,
    "note": note,
    "notebook": notebook,
    "other name": other_name,
    "method": method,
}
"""Each gives the files of a learner's folder: the first is the one to run."""
