"""A benchmark of mistakes: correct sources, edits that spoil them, the true cause and line of each, and a witness.

A style is a source as learners write one (`styles/`), a mistake a text edit of it (`edits/`) of a certain kind. `KINDS`
has the causes that name a kind rightly. The witness knows nothing of the code under test: it calls the learner's loss
and gradient, and takes central differences with a loop of its own.
"""

from __future__ import annotations

import copy
import difflib
import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SMALL = (9, 6, 4)
LARGE = (784, 50, 10)
ROWS = 30

KINDS: dict[str, set[str]] = {
    "batch factor missing": {"batch-factor"},
    "batch factor twice": {"batch-factor"},
    "batch factor in dx": {"batch-factor"},
    "classes for batch": {"batch-factor", "constant-factor"},
    "batch for classes": {"batch-factor", "constant-factor"},
    "features for batch": {"batch-factor", "constant-factor"},
    "times two": {"constant-factor"},
    "times two of squares": {"constant-factor", "loss-mismatch"},
    "half": {"constant-factor"},
    "rate in the gradient": {"constant-factor"},
    "mean for sum in a bias": {"bias-sum", "batch-factor"},
    "one mean for all biases": {"bias-sum"},
    "one sum for all biases": {"bias-sum"},
    "bias along the wrong axis": {"bias-sum"},
    "bias not summed": {"bias-sum"},
    "bias from one sample": {"bias-sum", "samples-ignored"},
    "derivative missing": {"activation-derivative"},
    "derivative at the wrong place": {"activation-derivative"},
    "derivative of the wrong argument": {"activation-derivative", "upstream-dropped", "wrong-operand"},
    "derivative of another layer": {"activation-derivative", "wrong-operand", "wrong-mask"},
    "derivative inverted": {"activation-derivative"},
    "derivative zero": {"activation-derivative", "missing-gradient"},
    "derivative wrong": {"activation-derivative"},
    "derivative twice": {"activation-derivative"},
    "derivative turned round": {"activation-derivative", "sign"},
    "derivative of another": {"activation-derivative"},
    "output derivative missing": {"activation-derivative", "loss-mismatch"},
    "output derivative added": {"activation-derivative", "loss-mismatch"},
    "softmax over the batch": {"softmax-over-batch"},
    "softmax along the wrong axis": {"softmax-axis"},
    "softmax derivative twice": {"softmax-derivative", "activation-derivative"},
    "softmax derivative forgotten": {"softmax-derivative"},
    "updated too early": {"updated-too-early"},
    "overwritten": {"overwritten", "changed-in-place", "wrong-operand"},
    "overwritten parameter": {"overwritten", "updated-too-early", "gradient-is-parameter"},
    "wrong operand": {"wrong-operand"},
    "wrong layer": {"wrong-operand", "wrong-mask", "activation-derivative"},
    "delta below in W1": {"wrong-operand", "activation-derivative"},
    "delta below in b1": {"wrong-operand", "activation-derivative", "bias-sum"},
    "scores for output": {"wrong-operand", "loss-mismatch", "softmax-derivative"},
    "transposed": {"transposed"},
    "upstream dropped": {"upstream-dropped"},
    "error dropped": {"upstream-dropped", "loss-mismatch", "wrong-operand"},
    "error absolute": {"loss-mismatch", "wrong-operand"},
    "weights not passed": {"upstream-dropped", "wrong-operand"},
    "absolute weights": {"wrong-operand"},
    "loss of squares, delta of cross entropy": {"loss-mismatch", "softmax-derivative"},
    "delta of squares, loss of cross entropy": {"loss-mismatch", "softmax-derivative", "activation-derivative"},
    "loss without its half": {"constant-factor", "loss-mismatch"},
    "loss a mean of all": {"constant-factor", "loss-mismatch", "batch-factor"},
    "loss of absolute values": {"loss-mismatch"},
    "loss of both classes": {"loss-mismatch"},
    "sign": {"sign"},
    "missing": {"missing-gradient"},
    "gradient is parameter": {"gradient-is-parameter"},
    "gradient of another parameter": {"gradient-is-parameter"},
    "wrong mask": {"wrong-mask"},
    "shared arrays": {"shared-arrays"},
    "forward differs": {"forward-differs"},
    "samples ignored": {"samples-ignored"},
    "stale": {"samples-ignored", "forward-differs", "wrong-operand", "accumulates"},
    "decay in the gradient only": {"decay-not-in-loss"},
    "decay in the loss only": {"decay-not-in-loss"},
    "decay of another strength": {"decay-not-in-loss"},
    "random": {"random-gradient"},
    "accumulates": {"accumulates"},
    "changes the caller's arrays": {"changed-in-place"},
    "dtype": {"dtype"},
    "rounded to zero": {"dtype", "missing-gradient"},
}
"""Of each kind, the causes that name it rightly."""


IN_THE_LOSS = {
    "methods": ("dy = (y - t)", "grads['W1'] = "),
    "layers": ("dx = (self.y - self.t)", "self.dW = "),
    "functions": ('delta2 = cache["out"]', "dw2 = cache"),
    "loops": ("d2 = p - t", "self.dw1 += "),
    "cells": ("delta2 = (y - t)", "dW1 = np.dot"),
    "tanh_squares": ("delta = (y - t)", "self.weight_grads[i] = "),
    "leaky": ("dZ2 = self.A2", "dW2 = (1 / m)"),
}
"""Where the gradient can be mended as well, when the loss was edited: at its error, or where a decay would be added."""


@dataclass
class Network:
    """What a source defines, made: the object to check, and how the witness reaches its arrays, loss and gradient."""

    obj: Any
    arrays: Callable[[], list[Any]]
    loss: Callable[[Any, Any], Any]
    gradient: Callable[[Any, Any], Sequence[Any]]


def _by_keys(keys: Sequence[str], grads: Any) -> list[Any]:
    return [grads.get(key) for key in keys]


def _methods(module: ModuleType, sizes: tuple[int, int, int]) -> Network:
    net = module.TwoLayerNet(*sizes)
    keys = ["W1", "b1", "W2", "b2"]
    return Network(net, lambda: _by_keys(keys, net.params), net.loss, lambda x, t: _by_keys(keys, net.gradient(x, t)))


def _layers(module: ModuleType, sizes: tuple[int, int, int]) -> Network:
    net = module.ThreeLayerNet(*sizes)
    keys = ["W1", "b1", "W2", "b2", "W3", "b3"]
    return Network(net, lambda: _by_keys(keys, net.params), net.loss, lambda x, t: _by_keys(keys, net.gradient(x, t)))


def _functions(module: ModuleType, sizes: tuple[int, int, int]) -> Network:
    params = module.params = module.init_params(*sizes)
    keys = ["w1", "b1", "w2", "b2"]
    return Network(
        module,
        lambda: _by_keys(keys, params),
        lambda x, t: module.compute_loss(params, x, t),
        lambda x, t: _by_keys(keys, module.backward(params, x, t)),
    )


def _loops(module: ModuleType, sizes: tuple[int, int, int]) -> Network:
    net = module.Network(*sizes)

    def gradient(x: Any, t: Any) -> list[Any]:
        net.backward(x, t)
        return [net.dw1, net.db1, net.dw2, net.db2]

    return Network(net, lambda: [net.w1, net.b1, net.w2, net.b2], net.loss, gradient)


def _cells(module: ModuleType, sizes: tuple[int, int, int]) -> Network:
    return Network(module, lambda: [module.W1, module.b1, module.W2, module.b2], module.loss, module.gradient)


def _tanh_squares(module: ModuleType, sizes: tuple[int, int, int]) -> Network:
    inputs, hidden, outputs = sizes
    net = module.MLP((inputs, hidden, hidden, outputs))

    def gradient(x: Any, t: Any) -> list[Any]:
        weights, biases = net.gradient(x, t)
        return [*weights, *biases]

    return Network(net, lambda: [*net.weights, *net.biases], net.loss, gradient)


def _leaky(module: ModuleType, sizes: tuple[int, int, int]) -> Network:
    net = module.Model(*sizes)
    keys = ["dW1", "db1", "dW2", "db2"]
    return Network(
        net,
        lambda: [net.W1, net.b1, net.W2, net.b2],
        net.compute_cost,
        lambda x, t: _by_keys(keys, net.gradients(x, t)),
    )


STYLES: dict[str, Callable[[ModuleType, tuple[int, int, int]], Network]] = {
    "methods": _methods,
    "layers": _layers,
    "functions": _functions,
    "loops": _loops,
    "cells": _cells,
    "tanh_squares": _tanh_squares,
    "leaky": _leaky,
}
"""How a network is made of each style's source."""


@dataclass(frozen=True)
class Mistake:
    """A correct source, spoilt.

    Attributes:
        style, kind: names in `STYLES` and `KINDS`.
        number: which edit of its style.
        source: after the edit.
        lines: of `source`, where it differs from the correct one.
    """

    style: str
    kind: str
    number: int
    source: str
    lines: frozenset[int]

    @property
    def causes(self) -> set[str]:
        """The names that are right."""
        return KINDS[self.kind]

    def __str__(self) -> str:
        return f"{self.style}-{self.number}-{self.kind.replace(' ', '_')}"


@cache
def correct(style: str) -> str:
    """The source of a style, as its author meant it."""
    return (HERE / "styles" / f"{style}.py").read_text(encoding="utf-8")


@cache
def edits(style: str) -> list[tuple[str, ...]]:
    """The edits of a style: kind, old, new, and more pairs of old and new."""
    name = f"edits_of_{style}"
    return list(_loaded(name, HERE / "edits" / f"{style}.py").EDITS)


def edited(source: str, pairs: Sequence[str]) -> str:
    """`source` after the replacements; each old text must stand there exactly once."""
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the source"
        source = source.replace(old, new)
    return source


def changed_lines(before: str, after: str) -> frozenset[int]:
    """Numbers of the lines of `after` that are new; where lines only went, of those around the gap."""
    lines: set[int] = set()
    matcher = difflib.SequenceMatcher(a=before.splitlines(), b=after.splitlines(), autojunk=False)
    for tag, _, _, start, stop in matcher.get_opcodes():
        if tag == "delete":
            lines |= {start, start + 1}
        elif tag != "equal":
            lines |= set(range(start + 1, stop + 1))
    return frozenset(lines)


def mistakes(style: str) -> list[Mistake]:
    """All of a style."""
    source = correct(style)
    made = []
    for number, (kind, *pairs) in enumerate(edits(style)):
        spoilt = edited(source, pairs)
        lines = changed_lines(source, spoilt) | _mending_lines(style, kind, spoilt)
        if kind == "missing":  # it can be mended wherever the name of the gradient stands
            lines |= _lines_with(pairs[0].split("=")[0].strip(" +"), spoilt)
        made.append(Mistake(style, kind, number, spoilt, lines))
    return made


def _lines_with(text: str, source: str) -> set[int]:
    return {number for number, line in enumerate(source.splitlines(), start=1) if text in line}


def _mending_lines(style: str, kind: str, spoilt: str) -> set[int]:
    if not kind.startswith(("loss ", "decay in the loss", "decay of another")):
        return set()
    text = IN_THE_LOSS[style][kind.startswith("decay")]
    return _lines_with(text, spoilt)


def all_mistakes() -> list[Mistake]:
    """Of all styles."""
    return [mistake for style in STYLES for mistake in mistakes(style)]


def pairs_of(style: str, count: int, seed: int, folder: Path) -> Iterator[tuple[Mistake, Mistake, str]]:
    """Two mistakes of different kinds in one source, drawn by a seed, and that source.

    The edits must touch different texts, so that both are still there, and what comes out must run.
    """
    rng = np.random.default_rng(seed)
    known, raw, source = mistakes(style), edits(style), correct(style)
    while count:
        one, two = (int(i) for i in rng.choice(len(known), 2, replace=False))
        if known[one].kind == known[two].kind:
            continue
        try:
            both = edited(edited(source, raw[one][1:]), raw[two][1:])
            with np.errstate(all="ignore"):
                is_wrong(made(style, both, folder))
        except Exception:
            continue
        count -= 1
        yield known[one], known[two], both


_serial = itertools.count()


def _loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def written(source: str, folder: Path, sizes: tuple[int, int, int] = SMALL) -> Path:
    """A file with that source; numbers at its top level are those of `sizes`."""
    path = folder / f"learner_{next(_serial)}.py"
    path.write_text(source.replace("784, 50, 10\n", "{}, {}, {}\n".format(*sizes)), encoding="utf-8")
    return path


def made(style: str, source: str, folder: Path, sizes: tuple[int, int, int] = SMALL) -> Network:
    """The network of a source, in a module of a file of its own."""
    np.random.seed(7)
    path = written(source, folder, sizes)
    return STYLES[style](_loaded(path.stem, path), sizes)


def batch(sizes: tuple[int, int, int] = SMALL, rows: int = ROWS, seed: int = 0) -> tuple[Any, Any]:
    """x in [0, 1), a third of it 0, and one-hot t, as of pictures."""
    rng = np.random.default_rng(seed)
    x = rng.random((rows, sizes[0])) * (rng.random((rows, sizes[0])) > 1 / 3)
    return x, np.eye(sizes[2])[rng.integers(0, sizes[2], rows)]


def central_differences(network: Network, x: Any, t: Any, h: float = 1e-5) -> list[Any]:
    """∂loss/∂θ of every array, element by element."""
    gradients = []
    for array in network.arrays():
        gradient = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + h
            above = network.loss(x.copy(), t.copy())
            array[index] = kept - h
            below = network.loss(x.copy(), t.copy())
            array[index] = kept
            gradient[index] = (above - below) / (2 * h)
        gradients.append(gradient)
    return gradients


def drawn(network: Network, seed: int = 5) -> None:
    """Give its arrays random values, so that no layer is saturated and no bias 0."""
    rng = np.random.default_rng(seed)
    for array in network.arrays():
        array[...] = rng.normal(0, 0.6, array.shape)


def _differs(got: Sequence[Any], right: Sequence[Any], tolerance: float) -> bool:
    floor = 1e-4 * max(np.max(np.abs(truth)) for truth in right)
    for mine, truth in zip(got, right, strict=True):
        if mine is None or np.shape(mine) != np.shape(truth):
            return True
        if not np.max(np.abs(mine - truth)) <= tolerance * max(floor, np.max(np.abs(truth))):  # NaN is wrong too
            return True
    return False


def is_wrong(
    network: Network,
    tolerance: float = 1e-5,
    labelled: Callable[[Any, Any], tuple[Any, Any]] = lambda x, t: (x, t),
) -> bool:
    """Whether its gradient differs from central differences, on this batch or the next, or changes what it is given."""
    drawn(network)
    if any(array.dtype.kind in "iu" for array in network.arrays()):
        return True
    copies = [copy.deepcopy(array) for array in network.arrays()]
    for seed in (1, 2):
        x, t = labelled(*batch(rows=11, seed=seed))
        right = central_differences(network, x, t, 1e-5 if tolerance < 1e-3 else 1e-2)
        given = x.copy(), t.copy()
        with np.errstate(all="ignore"):
            got = [None if g is None else np.array(g, dtype=float) for g in network.gradient(*given)]
        unchanged = all(np.array_equal(a, b) for a, b in zip(copies, network.arrays(), strict=True))
        if _differs(got, right, tolerance) or not unchanged:
            return True
        if not (np.array_equal(given[0], x) and np.array_equal(given[1], t)):
            return True
    return False
