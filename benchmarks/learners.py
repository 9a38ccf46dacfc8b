"""Random learners' programs: small networks put together from what learners write and from what an adversary would.

Each part of a program is one of several forms, by name; a form has several ways to be written. What is usual is drawn
more often, so that programs are recognised as a whole; but any form may meet any other.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Forms = Mapping[str, tuple[str, ...]]

SCIPY = importlib.util.find_spec("scipy") is not None

ACTIVATIONS: Forms = {
    "sigmoid": (
        "1 / (1 + np.exp(-a))",
        "1 / (1 + np.exp(-np.clip(a, -{clip}, {clip})))",
        "np.where(a >= 0, 1 / (1 + np.exp(-a)), np.exp(a) / (1 + np.exp(a)))",
        "0.5 * (1 + np.tanh(a / 2))",
        *(("special.expit(a)",) if SCIPY else ()),
    ),
    "tanh": (
        "np.tanh(a)",
        "(np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))",
        "np.tanh(np.clip(a, -{clip}, {clip}))",
    ),
    "ReLU": (
        "np.maximum(0, a)",
        "np.maximum(a, 0)",
        "a * (a > 0)",
        "(a + np.abs(a)) / 2",
        "np.clip(np.maximum(0, a), 0, {clip})",
        "np.clip(a, 0, None)",
    ),
    "leaky ReLU": (
        "np.where(a > 0, a, 0.01 * a)",
        "np.where(a >= 0, a, a * {slope})",
        "np.maximum({slope} * a, a)",
        "a * (a > 0) + {slope} * a * (a <= 0)",
        "np.maximum(0, a) + {slope} * np.minimum(0, a)",
        "np.where(a > 1e-3, a, {slope} * a)",
    ),
    "ReLU6": ("np.minimum(np.maximum(0, a), 6)", "np.clip(a, 0, 6)", "a.clip(0, 6.0)", "np.clip(a, 0.001, 6)"),
    "softplus": (
        "np.log(1 + np.exp(a))",
        "np.log1p(np.exp(a))",
        "np.logaddexp(0, a)",
        "np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))",
        "np.where(a > {clip}, a, np.log1p(np.exp(np.minimum(a, {clip}))))",
    ),
    "GELU": (
        "0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a ** 3)))",
        "0.5 * a * (1 + np.tanh(0.7978845608 * (a + 0.044715 * np.power(a, 3))))",
        "a / (1 + np.exp(-1.702 * a))",
        *(("0.5 * a * (1 + special.erf(a / np.sqrt(2)))",) if SCIPY else ()),
    ),
    "SiLU": ("a / (1 + np.exp(-a))", "a * (1 / (1 + np.exp(-a)))"),
    "ELU": ("np.where(a > 0, a, np.exp(a) - 1)", "np.where(a > 0, a, {slope} * np.expm1(np.minimum(a, 0)))"),
    "another": ("a", "a / (1 + np.abs(a))", "np.sin(a)", "np.clip(a, -1, 1)", "a - np.mean(a, axis=0)", "a ** 2"),
}
OUTPUTS: Forms = {
    "softmax": (
        "e = np.exp(s - np.max(s, axis=1, keepdims=True))\n    return e / np.sum(e, axis=1, keepdims=True)",
        "e = np.exp((s.T - np.max(s.T, axis=0)).T)\n    return (e.T / np.sum(e.T, axis=0)).T",
        "e = np.exp(s)\n    return e / e.sum(axis=1, keepdims=True)",
        "e = np.exp(s - np.max(s))\n    return e / np.sum(e, axis=1).reshape(-1, 1)",
        "e = np.exp(np.clip(s, -{clip}, {clip}))\n    return e / np.sum(e, axis=1, keepdims=True)",
        *(("return special.softmax(s, axis=1)",) if SCIPY else ()),
    ),
    "identity": ("return s",),
    "sigmoids": ("return 1 / (1 + np.exp(-s))", "return 0.5 * (1 + np.tanh(0.5 * s))"),
    "another": ("return np.tanh(s)", "return s / 2", "return np.maximum(0, s)", "return s + 0.1 * np.sum(s)"),
}
LOGARITHMS: Forms = {
    "1e-7": ("np.log({p} + 1e-7)", "np.log({p} + DELTA)"),
    "another delta": ("np.log({p} + {delta})", "np.log({p} + {delta})", "np.log({p} + np.finfo(float).eps)"),
    "nothing": ("np.log({p})",),
    "clip": ("np.log(np.clip({p}, 1e-7, 1))", "np.log(np.clip({p}, {delta}, 1 - {delta}))"),
    "maximum": ("np.log(np.maximum({p}, {delta}))",),
}
ENTROPIES = (
    "-np.sum({log_picked}) / len(y)",
    "-np.sum({rows} * {log}) / len(y)",
    "-np.sum({rows} * {log})",
    "-np.mean(np.sum({rows} * {log}, axis=1))",
    "np.sum({rows} * {log}) / -y.shape[0]",
)
LOSSES: Forms = {
    "cross entropy": ENTROPIES,
    "squared error": (
        "0.5 * np.sum((y - {rows}) ** 2)",
        "np.mean((y - {rows}) ** 2)",
        "np.sum((y - {rows}) ** 2) / len(y)",
        "np.mean(np.sum(np.square({rows} - y), axis=1)) / 2",
    ),
    "binary cross entropy": (
        "-np.sum({rows} * {log} + (1 - {rows}) * {log_other}) / len(y)",
        "-np.mean({rows} * {log} + (1 - {rows}) * {log_other})",
    ),
    "another": (
        "-np.sum(class_weights(t) * np.sum({rows} * {log}, axis=1)) / len(y)",
        "np.mean(np.maximum(0, 1 - (2 * {rows} - 1) * y))",
        "-np.mean((1 - np.sum({rows} * y, axis=1)) ** 2 * np.sum({rows} * {log}, axis=1))",
        "np.mean(np.abs(y - {rows}))",
    ),
}
FITTING = {"softmax": "cross entropy", "identity": "squared error", "sigmoids": "binary cross entropy"}

DECAYS: Forms = {
    "none": ("",),
    "weights": (
        " + 0.5 * LAMBDA * sum([np.sum(W ** 2) for W in self.weights])",
        " + 0.5 * LAMBDA * sum(np.sum(W * W) for W in self.weights)",
        " + LAMBDA * self.decay()",
        " + LAMBDA / (2 * len(x)) * (np.sum(np.square(self.weights[0])) + np.sum(self.weights[-1] ** 2))",
    ),
    "weights and biases": (" + 0.05 * sum([np.sum(p ** 2) for p in [*self.weights, *self.biases]])",),
    "one layer": (" + 1e-3 * np.sum(self.weights[0] ** 2)", " + 0.05 * np.sum(self.biases[-1] ** 2)"),
    "another": (" + 1e-3 * np.sum(np.abs(self.weights[0]))", " + 1e-3 * np.sum(self.weights[0])"),
}
INPUTS: Forms = {
    "as they are": ("pass",),
    "affine": (
        "x = x / 255.0",
        "x = (x - 0.1307) / 0.3081",
        "x = (x / 255.0 - 0.1307) / 0.3081",
        "x = 2 * x - 1",
        "x = (x - MEANS) / SPREADS",
        "x = x.astype(np.float32) / 255",
        "x = np.float64(x)\n        x -= 0.25",
        "x = x.conj()\n        x *= 0.5",
        "x = np.positive(x)\n        x -= 0.25",
    ),
    "checked": (
        "assert x.ndim == 2, x.shape",
        "if x.ndim != 2:\n            raise ValueError('x has %d axes' % x.ndim)",
        "if len(x) != len(t):\n            raise ValueError(f'{len(x)} and {len(t)}')",
        "if x.ndim == 1:\n            x = x.reshape(1, -1)",
        "x = x.reshape(x.shape[0], -1)",
    ),
    "another": (
        "if x.max() > 1:\n            x = x / 255",
        "x = (x > 0.5) * 1.0",
        "x = x ** 2 if np.max(x) > 3 else x",
        "x = x - np.mean(x, axis=0)",
        "if t.max() < 1:\n            t = t / t.sum(axis=1, keepdims=True)",
        "t = 0.9 * t + 0.02 if self.smooth else t",
        "x = np.diff(x, 0)\n        x += 1",
        "x = max([x])\n        x[0, 0] = 3.0",
        "x = np.asarray(x)\n        x[x > 0.9] = 0.9",
    ),
}
SMOOTHED: Forms = {
    "none": ("{rows}",),
    "smoothed": (
        "(0.9 * {rows} + 0.02)",
        "((1 - LAMBDA) * {rows} + LAMBDA / y.shape[1])",
        "np.where({rows} > 0, 0.9, 0.025)",
    ),
}
PREDICTIONS: Forms = {
    "at once": ("self.predict(x)",),
    "by sample": (
        "np.vstack([self.predict(row.reshape(1, -1)) for row in x])",
        "np.array([self.predict(x[i:i + 1])[0] for i in range(len(x))])",
    ),
}
AFTER: Forms = {
    "nothing": ("pass",),
    "kept": ("self.y = y", "self.value = np.sum(y)\n        self.t = t"),
    "counted": (
        "self.calls += 1",
        "self.calls = self.calls + len(x)",
        "global count\n        count += 1",
        "Net.calls += 1",
        "counts[0] += 1",
    ),
    "another": (
        "seen.append(1)",
        "self.mean = 0.9 * self.mean + 0.1 * np.mean(y)",
        "print('.', end='')",
        "if np.max(y) > 0.9:\n            self.sure = np.max(y)",
        "np.random.rand()",
        "self.calls += int(np.max(y) > 0.9)",
    ),
}
FACTORS: Forms = {
    "none": ("{loss}",),
    "private names": ("__shift * {loss}", "self.__scale * {loss}"),
    "factor": ("100 * {loss}", "{loss} * 1.0", "-(-{loss})"),
    "constant": ("{loss} + 3.0", "{loss} - np.log(5)"),
}
PRODUCTS: Forms = {
    "x W + b": ("np.dot(x, W) + b", "x @ W + b", "b + x.dot(W)"),
    "no bias": ("np.matmul(x, W)", "x @ W"),
    "x Wᵀ + b": ("np.dot(x, W.T) + b", "x @ W.T + b", "np.dot(W, x.T).T + b"),
}
FUNCTIONS: Forms = {
    "lambda": ("    return lambda W: net.loss(x, t)",),
    "nested": ("    def loss_W(W):\n        return net.loss(x, t)\n    return loss_W",),
    "partial": ("    return functools.partial(loss_with, net, x, t)",),
    "object": ("    return Loss(net, x, t)",),
    "try": (
        "    def f(W):\n        try:\n            return net.loss(x, t)\n"
        "        finally:\n            pass\n    return f",
        "    def f(W):\n        with np.errstate(over='ignore'):\n            return net.loss(x=x, t=t)\n    return f",
    ),
    "super": ("    return lambda W: net.loss(x, t)",),
}

SCALES = (0.3, 1.0, 0.01, 0.3, 1.0, 3.0, 30.0, 1000.0, 0.0)
KINDS_OF_INPUTS = ("pixels", "normal", "binary", "bytes", "normal", "incomes", "tiny", "mixed", "thousands")
STEP_SIZES = (1e-4, 1e-3, 1e-4, 1e-4, 1e-5, 1e-2, 1e-6, 1e-8, 1e-10)
"""What half of all programs start from, tame ones only from the first two or three."""

CHANGES = (
    "pass",
    "pass",
    "x[...] = rng.random(x.shape)",
    "x = rng.random(x.shape) * 255",
    "x = (rng.random(x.shape) > 0.5) * 1.0",
    "x = x * 3",
    "t = 0.5 * t + 0.05 if t.ndim == 2 else t",
    "t = np.roll(t, 1, axis=0)",
    "t[...] = np.roll(t, 1, axis=0)",
    "t = t + 3 if t.ndim == 1 else t",
    "t = t - 1 if t.ndim == 1 else t",
    "net.smooth = not net.smooth",
    "globals().__setitem__('DELTA', 1e-3)",
    "globals().__setitem__('LAMBDA', 0.2)",
    "MEANS[:3] += 0.5",
    "net.weights[-1][...] = 0",
    "[w.fill(0) for w in net.weights]",
    "net.weights[0] *= 1e3",
    "net.weights[0][0, 0] = 1e7",
    "net.weights = [w.copy() for w in net.weights]",
    "near(net, x, 0)",
    "near(net, x, 6)",
    "globals().__setitem__('activation', np.tanh)",
    "x = x[:4]; t = t[:4]",
)
"""What happens between two updates."""

PROGRAM = """
import functools
import numpy as np
{imports}

DELTA, LAMBDA = 1e-7, 0.1
MEANS, SPREADS = np.linspace(0, 0.5, 30), np.linspace(0.5, 2, 30)
seen, counts, count = [], [0], 0
__shift, _Net__shift = 2.0, 1.0

def activation(a):
    return {activation}

def output(s):
    {output}

def class_weights(t):
    labels = t if t.ndim == 1 else t.argmax(axis=1)
    counts = np.sum(labels[:, np.newaxis] == np.arange(5), axis=0)
    return len(t) / (5.0 * np.sum((labels[:, np.newaxis] == np.arange(5)) * counts, axis=1))

class Net:
    calls = 0
    mean = 0.0
    smooth = False
    __scale = 1.0

    def __init__(self, weights, biases):
        self.weights, self.biases = weights, biases

    def predict(self, x):
        for i in range(len(self.weights) - 1):
            W, b = self.weights[i], self.biases[i]
            x = activation({product})
        W, b = self.weights[-1], self.biases[-1]
        return output({product})

    def decay(self):
        total = 0
        for i in range(len(self.weights)):
            total += np.sum(self.weights[i] ** 2)
        return total / 2

    def loss(self, x, t):
        {before}
        y = {prediction}
        {after}
        return {loss}

class Child(Net):
    def loss(self, x, t):
        return super().loss(x, t)

class Loss:
    def __init__(self, net, x, t):
        self.net, self.x, self.t = net, x, t

    def __call__(self, W):
        return self.net.loss(self.x, self.t)

def loss_with(net, x, t, W):
    return net.loss(x, t)

def loss_of(net, x, t):
{function}

{own}

def near(net, x, edge):
    W = net.weights[0] if len(net.weights[0]) == x.shape[1] else net.weights[0].T
    net.biases[0] += edge - 5e-5 - (x @ W + net.biases[0]).max()

def change(net, x, t, rng):
    {change}
    return x, t
"""

# Loops of the learner's own

WALKS: Forms = {
    "ndindex": ("for i in np.ndindex(x.shape):|x[i]|grad[i]",),
    "nditer": (
        "it = np.nditer(x, flags=['multi_index'])\nfor _ in it:\n    i = it.multi_index|x[i]|grad[i]",
        "for _ in (it := np.nditer(x, ['multi_index'], ['readwrite'])):\n    i = it.multi_index|x[i]|grad[i]",
    ),
    "ndenumerate": ("for i, _ in np.ndenumerate(x):|x[i]|grad[i]",),
    "flat": ("for i in range(x.size):|x.flat[i]|grad.flat[i]",),
    "reshape(-1)": (
        "v, g = x.reshape(-1), grad.reshape(-1)\nfor i in range(len(v)):|v[i]|g[i]",
        "v, g = x.ravel(), grad.ravel()\nfor i in range(x.size):|v[i]|g[i]",
    ),
    "while": ("v, g, i = x.reshape(x.size), grad.reshape(x.size), -1\nwhile i < x.size - 1:\n    i += 1|v[i]|g[i]",),
    "nested for": (
        "x2, g2 = x.reshape(len(x), -1), grad.reshape(len(x), -1)\n"
        "for i in range(len(x2)):\n    for j in range(x2.shape[1]):|x2[i, j]|g2[i, j]",
    ),
    "another": (
        "for i in reversed(list(np.ndindex(x.shape))):|x[i]|grad[i]",
        "for i in list(np.ndindex(x.shape))[:-1]:|x[i]|grad[i]",
        "for i in zip(*np.nonzero(x)):|x[i]|grad[i]",
    ),
}
"""Lines before the body, the element that is moved, and where its difference goes."""

MOVES: Forms = {
    "above, below": (
        "old = X\nX = old + h\na = f(x)\nX = old - h\nb = f(x)\nX = old",
        "old = float(X)\nX = old + h\na = f(x)\nX = old - h\nb = f(x)\nX = old",
        "old = X\ntry:\n    X = old + h\n    a = f(x)\n    X = old - h\n    b = f(x)\nfinally:\n    X = old",
    ),
    "below, above": ("old = X\nX = old - h\nb = f(x)\nX = old + h\na = f(x)\nX = old",),
    "in place": ("X += h\na = f(x)\nX -= 2 * h\nb = f(x)\nX += h",),
    "forward": ("old = X\nX = old + h\na = f(x)\nX = old\nb = f(x)",),
    "backward": ("old = X\na = f(x)\nX = old - h\nb = f(x)\nX = old",),
    "another": (
        "X += h\na = f(x)\nX -= 2 * h\nb = f(x)",
        "old = X\nh = 1e-4 * max(1.0, abs(old))\nX = old + h\na = f(x)\nX = old - h\nb = f(x)\nX = old",
        "old = X\nX = old + h\na = f(x)\nX = old - h\nb = a if a > 1e3 else f(x)\nX = old",
        "old = X\nX = old + h\na = f(x)\nX = old - h / 2\nb = f(x)\nX = old",
    ),
}
QUOTIENTS: Forms = {
    "2h": ("(a - b) / (2 * h)", "(a - b) / 2 / h", "(a - b) / (h + h)", "(a - b) * (0.5 / h)"),
    "h": ("(a - b) / h",),
    "another": ("abs(a - b) / (2 * h)", "(b - a) / (2 * h)", "round((a - b) / (2 * h), 6)", "(a - b) / 2 * h"),
}
RESULTS: Forms = {
    "an array": ("grad",),
    "a tuple": ("(grad, x.size)",),
    "a dict": ("grads",),
    "filled": ("None",),
}
STEPS: Forms = {"in the body": ("    h = {h}\n",), "by default": ("",), "global": ("",)}
BLANKS = ("np.zeros_like(x)", "np.zeros(x.shape)", "np.full_like(x, 7)", "np.zeros(x.shape, np.float64)")
"""Not np.empty_like(x): where a walk leaves elements, no two runs would be equal."""


@dataclass
class Program:
    """A learner's source, and what it starts from: scales of weights and inputs, labels, a step, NumPy's state.

    Attributes:
        forms: which form each part has, by the part's name.
        own: what the loop of its own returns, a name among `RESULTS`; "" where the textbook's is used.
        quadratic: whether the loss grows as the square of the scores.
    """

    source: str
    seed: int
    sizes: tuple[int, ...]
    weights: tuple[float, ...]
    inputs: str
    labels: str
    h: float
    underflow: Literal["ignore", "warn"]
    forms: dict[str, str] = field(default_factory=dict)
    own: str = ""

    @property
    def transposed(self) -> bool:
        return self.forms["product"] == "x Wᵀ + b"

    @property
    def quadratic(self) -> bool:
        return self.forms["output"] in ("identity", "another")


class Choice:
    """Draws forms, and remembers which. Of a program's parts, none or up to half are not of the usual form."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.forms: dict[str, str] = {}
        self.unusual = float(rng.choice([0.0, 0.1, 0.25, 0.5]))

    def one(self, choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def form(self, part: str, forms: Forms, share: float = 1.0) -> str:
        """A way to write a part: mostly of the first form, and rarely `another`; for what is slow, a smaller share."""
        first, *others = (name for name in forms if name != "another")
        if self.rng.random() >= share * self.unusual:
            return self.written(part, forms, first)
        odd = "another" in forms and self.rng.random() < 0.15
        return self.written(part, forms, "another" if odd else self.one(others or [first]))

    def any_form(self, part: str, forms: Forms) -> str:
        """One of forms that are all usual, or rarely `another`."""
        odd = "another" in forms and self.rng.random() < 0.15 * self.unusual
        return self.written(part, forms, "another" if odd else self.one([name for name in forms if name != "another"]))

    def written(self, part: str, forms: Forms, name: str) -> str:
        self.forms[part] = name
        return str(self.one(forms[name]))


def random_program(rng: np.random.Generator) -> Program:
    """One of very many programs."""
    choice = Choice(rng)
    one = choice.one
    labels = one(("one-hot", "one-hot", "index", "soft", "balanced"))
    fills = {
        "clip": one(("500", "500", "50", "20", "3")),
        "slope": one(("0.01", "0.1", "0.2", "1.5", "-0.1")) if rng.random() < 0.5 else "0.01",
        "delta": one(("1e-8", "1e-10", "1e-12", "1e-15", "1e-5", "1e-3")),
    }
    tame = rng.random() < 0.5
    h = one(STEP_SIZES[:2] if tame else STEP_SIZES)
    layers = one((1, 2, 2, 2, 3))
    own = _own_loop(choice, h) if rng.random() < 0.3 else ""
    result = choice.forms.get("result", "")
    source = PROGRAM.format(
        imports="from scipy import special" if SCIPY else "",
        activation=_activation(choice).format(**fills),
        output=choice.form("output", OUTPUTS).format(**fills),
        product=choice.form("product", PRODUCTS),
        before=choice.form("inputs", INPUTS),
        prediction=choice.form("prediction", PREDICTIONS, 0.3),
        after=choice.form("after", AFTER),
        loss=_loss(choice, labels, fills),
        function=choice.form("f", FUNCTIONS),
        own=own,
        change=one(CHANGES),
    )
    scale = one((0.3, 1.0) if tame else SCALES)
    weights = [scale] * layers
    if not tame and rng.random() < 0.4:
        weights[-1] = 0.0
    inputs = one(KINDS_OF_INPUTS[:3] if tame else KINDS_OF_INPUTS)
    sizes = {1: (30, 5), 2: (30, 12, 5), 3: (30, 8, 6, 5)}[layers]
    underflow: Literal["ignore", "warn"] = "warn" if rng.random() < 0.1 else "ignore"
    seed = int(rng.integers(2**32))
    return Program(source, seed, sizes, tuple(weights), inputs, labels, h, underflow, choice.forms, result)


def _activation(choice: Choice) -> str:
    usual = list(ACTIVATIONS)[: 3 if choice.rng.random() < 0.9 - 2 * choice.unusual else None]
    return choice.written("activation", ACTIVATIONS, choice.one(usual))


def _loss(choice: Choice, labels: str, fills: dict[str, str]) -> str:
    """What the method returns: a loss that mostly fits the output, smoothing, decay, factors."""
    index, rows = (
        ("t", "np.eye(5)[t]") if labels == "index" else (choice.one(("t.argmax(axis=1)", "np.argmax(t, 1)")), "t")
    )
    rows = choice.form("smoothing", SMOOTHED).format(rows=rows)
    fitting = FITTING.get(choice.forms["output"])
    name = fitting if fitting and choice.rng.random() < 0.85 else choice.one(list(LOSSES))
    loss = choice.written("loss", LOSSES, name)
    if choice.forms["smoothing"] == "smoothed":
        loss = loss.replace(ENTROPIES[0], ENTROPIES[1])
    log = choice.form("logarithm", LOGARITHMS)
    logs = {"log": "y", "log_other": "(1 - y)", "log_picked": f"y[np.arange(len(y)), {index}]"}
    loss = loss.format(rows=rows, **{gap: log.format(p=p, **fills) for gap, p in logs.items()})
    return choice.form("factor", FACTORS).format(loss=loss) + choice.form("decay", DECAYS)


def _own_loop(choice: Choice, h: float) -> str:
    """A function `own` that takes the differences of f."""
    lines, element, place = choice.any_form("walk", WALKS).split("|")
    moves = choice.form("moves", MOVES).replace("X", element)
    central = choice.forms["moves"] not in ("forward", "backward")
    quotients = list(QUOTIENTS)
    odd = choice.rng.random() < choice.unusual / 4
    quotient = choice.written("quotient", QUOTIENTS, choice.one(quotients) if odd else quotients[not central])
    result = choice.form("result", RESULTS)
    step = choice.any_form("step", STEPS)
    last = lines.splitlines()[-1]
    inside = " " * (len(last) - len(last.lstrip()) + (8 if last.endswith(":") else 4))
    body = "\n".join(inside + line for line in [*moves.splitlines(), f"{place} = {quotient}"])
    blank = "" if choice.forms["result"] == "filled" else f"grad = {choice.one(BLANKS)}\n"
    loop = "\n".join("    " + line for line in (blank + lines).splitlines()) + "\n" + body
    parameters = {"a dict": "f, params", "filled": "f, x, grad"}.get(choice.forms["result"], "f, x")
    if choice.forms["step"] == "by default":
        parameters += f", h={h!r}"
    if choice.forms["result"] == "a dict":
        inner = "\n".join("    " + line for line in loop.splitlines())
        loop = f"    grads = {{}}\n    for key, x in params.items():\n{inner}\n        grads[key] = grad"
    before = f"h = {h!r}\n" if choice.forms["step"] == "global" else ""
    return f"{before}def own({parameters}):\n{step.format(h=repr(h))}{loop}\n    return {result}\n"


def inputs_of(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Ten samples of 30 features, the last of which is 0, as the corner of a handwritten digit is."""
    x = rng.random((10, 30)) * (rng.random((10, 30)) < 0.6)
    if kind == "binary":
        x = np.round(x)
    if kind == "normal":
        x = rng.standard_normal((10, 30))
    if kind == "mixed":
        x = x * 10.0 ** rng.integers(-6, 8, 30)
    x = x * {"bytes": 255.0, "incomes": 9e7, "tiny": 1e-6, "thousands": 5e3}.get(kind, 1.0)
    x[:, -1] = 0
    return x


def labels_of(kind: str, rng: np.random.Generator) -> NDArray[Any]:
    index = np.arange(10) % 5 if kind == "balanced" else rng.integers(0, 5, 10)
    return index if kind == "index" else rng.random((10, 5)) if kind == "soft" else np.eye(5)[index]
