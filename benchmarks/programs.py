"""Random learners' programs, run with and without acceleration: no number may differ, nothing may be lost.

    python benchmarks/programs.py --programs 2000

Each is a small network (30-12-5 and the like) put together from what learners write and from what an adversary would:
activations, losses, small constants in logarithms, clips, forms of labels, inputs from 1e-6 to 1e8, weights that are
zero, large or saturated, caches, counters, changes in place, and something that changes between two updates. The plain
loop is the witness: gradients may differ by its rounding only, and everything else (warnings, errors, what was printed,
the learner's arrays and attributes, NumPy's random state) not at all.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.numerical import numerical_gradient
from zerokara.recognise import accelerated, mode

UPDATES = 3
EPS = float(np.finfo(float).eps)

ACTIVATIONS = (
    "1 / (1 + np.exp(-a))",
    "1 / (1 + np.exp(-np.clip(a, -{clip}, {clip})))",
    "np.where(a >= 0, 1 / (1 + np.exp(-a)), np.exp(a) / (1 + np.exp(a)))",
    "0.5 * (1 + np.tanh(a / 2))",
    "np.tanh(a)",
    "(np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))",
    "np.tanh(np.clip(a, -{clip}, {clip}))",
    "np.maximum(0, a)",
    "np.maximum(a, 0)",
    "a * (a > 0)",
    "(a + np.abs(a)) / 2",
    "np.clip(np.maximum(0, a), 0, {clip})",
    "np.where(a > 0, a, 0.01 * a)",
    "np.minimum(np.maximum(0, a), 6)",
    "a",
    "np.maximum(0.01 * a, a)",
    "0.5 * a * (1 + np.tanh(0.7978845608 * (a + 0.044715 * a ** 3)))",
)
"""The last six are other functions, and are to be left to the loop; so are the last of all that follow."""

SOFTMAXES = (
    "e = np.exp(s - np.max(s, axis=1, keepdims=True))\n    return e / np.sum(e, axis=1, keepdims=True)",
    "e = np.exp((s.T - np.max(s.T, axis=0)).T)\n    return (e.T / np.sum(e.T, axis=0)).T",
    "e = np.exp(s)\n    return e / e.sum(axis=1, keepdims=True)",
    "e = np.exp(s - np.max(s))\n    return e / np.sum(e, axis=1).reshape(-1, 1)",
    "e = np.exp(np.clip(s, -{clip}, {clip}))\n    return e / np.sum(e, axis=1, keepdims=True)",
    "return 1 / (1 + np.exp(-s))",
)
LOSSES = (
    "-np.sum(np.log(y[np.arange(len(y)), {index}] + {delta})) / len(y)",
    "-np.sum({rows} * np.log(y + {delta})) / len(y)",
    "-np.sum({rows} * np.log(y + {delta}))",
    "-np.mean(np.sum({rows} * np.log(y + {delta}), axis=1))",
    "-np.sum({rows} * np.log(y))",
    "0.5 * np.sum((y - {rows}) ** 2)",
    "np.mean((y - {rows}) ** 2)",
    "np.sum((y - {rows}) ** 2) / len(y)",
    "-np.sum({rows} * np.log(np.clip(y, 1e-7, 1)))",
    "-np.sum(class_weights(t) * np.sum({rows} * np.log(y + {delta}), axis=1)) / len(y)",
    "-np.sum({rows} * np.log(y + {delta})) / len(y) + 0.5 * 0.01 * sum([np.sum(W ** 2) for W in self.weights])",
)
DELTAS = ("1e-7", "DELTA", "0", "1e-15", "1e-12", "1e-8")
BEFORE = (
    "if x.max() > 1:\n            x = x / 255",
    "x = (x > 0.5) * 1.0",
    "x = x ** 2 if np.max(x) > 3 else x",
    "x = x - np.mean(x, axis=0)",
    "x = x / 255.0",
    "if t.max() < 1:\n            t = t / t.sum(axis=1, keepdims=True)",
    "t = 0.9 * t + 0.02 if self.smooth else t",
    "x = np.float64(x)\n        x -= 0.25",
    "x = x.conj()\n        x *= 0.5",
    "x = np.diff(x, 0)\n        x += 1",
    "x = max([x])\n        x[0, 0] = 3.0",
    "x = np.asarray(x)\n        x[x > 0.9] = 0.9",
    "x = np.positive(x)\n        x -= 0.25",
)
AFTER = (
    "self.y = y",
    "self.value = np.sum(y)\n        self.t = t",
    "self.calls += 1",
    "seen.append(1)",
    "self.mean = 0.9 * self.mean + 0.1 * np.mean(y)",
    "print('.', end='')",
    "if np.max(y) > 0.9:\n            self.sure = np.max(y)",
    "np.random.rand()",
)
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
    "net.weights[-1][...] = 0",
    "[w.fill(0) for w in net.weights]",
    "net.weights[0] *= 1e3",
    "net.weights[0][0, 0] = 1e7",
    "net.weights = [w.copy() for w in net.weights]",
    "globals().__setitem__('activation', np.tanh)",
    "x = x[:4]; t = t[:4]",
)

PROGRAM = """
import numpy as np

DELTA = 1e-7
seen = []
__shift, _Net__shift = 2.0, 1.0

def activation(a):
    return {activation}

def softmax(s):
    {softmax}

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
        return softmax({product})

    def loss(self, x, t):
        {before}
        y = self.predict(x)
        {after}
        return {private}{loss}

def loss_of(net, x, t):
    return lambda W: net.loss(x, t)

def change(net, x, t, rng):
    {change}
    return x, t
"""


@dataclass
class Program:
    """A learner's source, and what it starts from: scales of weights and inputs, labels, a step, NumPy's state."""

    source: str
    seed: int
    sizes: tuple[int, ...]
    weights: tuple[float, ...]
    inputs: str
    labels: str
    h: float
    underflow: Literal["ignore", "warn"]


def random_program(rng: np.random.Generator) -> Program:
    """One of very many programs."""

    def one(choices: Any) -> Any:
        return choices[int(rng.integers(len(choices)))]

    def usual(choices: tuple[str, ...], last: int) -> str:
        return str(one(choices[:-last] if rng.random() < 0.85 else choices))

    labels = one(("one-hot", "one-hot", "index", "soft", "balanced"))
    index, rows = ("t", "np.eye(5)[t]") if labels == "index" else (one(("t.argmax(axis=1)", "np.argmax(t, 1)")), "t")
    fills = {"clip": one(("500", "500", "50", "20", "3")), "delta": usual(DELTAS, 3), "index": index, "rows": rows}
    layers = one((1, 2, 2, 2, 3))
    source = PROGRAM.format(
        activation=usual(ACTIVATIONS, 6).format(**fills),
        softmax=usual(SOFTMAXES, 1).format(**fills),
        product=usual(("np.dot(x, W) + b", "x @ W + b", "b + x.dot(W)", "np.matmul(x, W)"), 1),
        before=one(BEFORE) if rng.random() < 0.25 else "pass",
        after=one(AFTER) if rng.random() < 0.25 else "pass",
        loss=usual(LOSSES, 3).format(**fills),
        private=one(("", "", "", "", "", "__shift * ", "self.__scale * ")),
        change=one(CHANGES),
    )
    scale = one((0.01, 0.3, 0.3, 1.0, 1.0, 3.0, 30.0, 1000.0, 0.0))
    weights = [scale] * layers
    if rng.random() < 0.2:
        weights[-1] = 0.0
    inputs = one(("pixels", "pixels", "binary", "bytes", "normal", "normal", "incomes", "tiny", "mixed", "thousands"))
    h = one((1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-2, 1e-6, 1e-8, 1e-10))
    sizes = {1: (30, 5), 2: (30, 12, 5), 3: (30, 8, 6, 5)}[layers]
    underflow: Literal["ignore", "warn"] = "warn" if rng.random() < 0.1 else "ignore"
    return Program(source, int(rng.integers(2**32)), sizes, tuple(weights), inputs, labels, h, underflow)


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


class Learner:
    """A program that is running: its namespace, its network, its batch."""

    def __init__(self, program: Program, path: Path) -> None:
        path.write_text(program.source, encoding="utf-8")
        self.names: dict[str, Any] = {"__name__": "learner"}
        exec(compile(program.source, str(path), "exec", dont_inherit=True), self.names)
        self.rng = np.random.default_rng(program.seed)
        pairs = list(zip(program.sizes, program.sizes[1:], program.weights, strict=False))
        weights = [scale * self.rng.standard_normal((a, b)) for a, b, scale in pairs]
        self.net = self.names["Net"](weights, [0.1 * min(1, s) * self.rng.standard_normal(b) for _, b, s in pairs])
        self.x, self.t = inputs_of(program.inputs, self.rng), labels_of(program.labels, self.rng)
        self.h = program.h

    def change(self) -> None:
        self.x, self.t = self.names["change"](self.net, self.x, self.t, self.rng)

    def gradients(self, *, accelerate: bool) -> Seen:
        """All gradients of one update, as `zerokara.numerical_gradient` makes them, and all that can be seen of it."""
        seen = Seen()
        f = self.names["loss_of"](self.net, self.x, self.t)
        out = io.StringIO()
        np.random.seed(1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                for parameter in [*self.net.weights, *self.net.biases]:
                    gradient = accelerated(f, parameter, self.h) if accelerate else None
                    seen.fast += gradient is not None
                    try:
                        found = numerical_gradient(f, parameter, h=self.h) if gradient is None else gradient
                        seen.gradients.append(found)
                    except Exception as error:
                        seen.errors.append(repr(error))
        seen.warnings = sorted({f"{found.category.__name__}: {found.message}" for found in caught})
        seen.printed = out.getvalue()
        seen.left = _bits((vars(self.net), self.x, self.t, self.names["seen"], np.random.get_state()))
        return seen

    def rounding(self, gradient: NDArray[Any]) -> float:
        """What rounding may do to one of the loop's quotients: ulps of the loss, and of the scores' summands."""
        x = np.abs(self.x).astype(float)
        for W, b in zip(self.net.weights, self.net.biases, strict=True):
            x = x @ np.abs(W) + np.abs(b)
        summands = len(self.x) * (20 + float(x.max()))
        return 32 * EPS * summands / self.h + 3e-8 * float(np.abs(gradient).max())


@dataclass
class Seen:
    """What an update showed."""

    gradients: list[NDArray[Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    printed: str = ""
    fast: int = 0
    left: Any = None


def _bits(value: Any) -> Any:
    """Arrays as bytes, so that `==` compares every bit."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: _bits(inner) for key, inner in value.items()}
    return [_bits(inner) for inner in value] if isinstance(value, list | tuple) else repr(value)


def differences(program: Program, folder: Path) -> tuple[list[str], int, int]:
    """What differs over a few updates, how many gradients there were, and how many of them came without the loop."""
    found: list[str] = []
    gradients = recognised = 0
    with mode("on"), np.errstate(all="warn", under=program.underflow):
        loop, fast = (
            Learner(program, folder / f"{name}.py") for name in (f"loop{program.seed}", f"fast{program.seed}")
        )
        for update in range(UPDATES):
            if update:
                for learner in (loop, fast):
                    learner.change()
            slow, quick = loop.gradients(accelerate=False), fast.gradients(accelerate=True)
            recognised += quick.fast
            gradients += len(slow.gradients)
            found += [f"update {update}: {text}" for text in _compared(loop, slow, quick)]
            _go_on(loop, fast, slow)
    return found, gradients, recognised


def _compared(loop: Learner, slow: Seen, quick: Seen) -> list[str]:
    found = [name for name in ("errors", "warnings", "printed", "left") if getattr(slow, name) != getattr(quick, name)]
    texts = [f"{name}: {getattr(slow, name)!r:.300} became {getattr(quick, name)!r:.300}" for name in found]
    for number, (one, other) in enumerate(zip(slow.gradients, quick.gradients, strict=False)):
        if one.tobytes() == other.tobytes():
            continue
        largest = float(np.abs(one - other).max())
        if not largest <= loop.rounding(one):
            texts.append(f"gradient {number} by {largest:.1e}, where rounding explains {loop.rounding(one):.1e}")
    return texts


def _go_on(loop: Learner, fast: Learner, slow: Seen) -> None:
    """An update of the loop's weights; the other network gets the same, so that rounding does not add up."""
    if not slow.errors:
        for weights, gradient in zip([*loop.net.weights, *loop.net.biases], slow.gradients, strict=True):
            weights -= 0.5 * np.nan_to_num(gradient)
    for kind in ("weights", "biases"):
        for theirs, ours in zip(getattr(fast.net, kind), getattr(loop.net, kind), strict=True):
            theirs[...] = ours


def tried(count: int, seed: int, folder: Path) -> tuple[int, int, list[tuple[Program, list[str]]]]:
    """Run so many programs: how many gradients, how many of them without the loop, and the programs that differed."""
    rng = np.random.default_rng(seed)
    gradients = recognised = 0
    failures = []
    for _ in range(count):
        program = random_program(rng)
        found, made, fast = differences(program, folder)
        gradients += made
        recognised += fast
        if found:
            failures.append((program, found))
    return gradients, recognised, failures


def main() -> int:
    parser = argparse.ArgumentParser(description="Random programs, with and without acceleration.")
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        gradients, recognised, failures = tried(given.programs, given.seed, Path(folder))
    for program, found in failures:
        print(program.source, *found, sep="\n")
        print(program)
    print(
        f"{given.programs} programs, {gradients} gradients, {recognised} of them without the loop, "
        f"{len(failures)} programs that differ, {time.monotonic() - began:.0f} s"
    )
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
