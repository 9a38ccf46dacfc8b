"""Random learners' programs, run with and without acceleration: no number may differ, nothing may be lost.

    python benchmarks/programs.py --programs 2000

Each is a small network (30-12-5 and the like) put together from what learners write and from what an adversary would
(`learners.py`): activations, outputs, losses, decay, clips, forms of labels, loops of their own, inputs from 1e-6 to
1e8, weights that are zero, large or saturated, caches, counters, changes in place, and something that changes between
two updates. The plain loop is the witness: gradients may differ by its rounding only, and everything else (warnings,
errors, what was printed, the learner's arrays and attributes, NumPy's random state) not at all.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import io
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from learners import Program, inputs_of, labels_of, random_program
from numpy.typing import NDArray

from zerokara.nn.numerical import numerical_gradient
from zerokara.own_loops import HOPELESS, NOT_FOUND, OwnCall, own_loop_result
from zerokara.recognise import accelerated, mode

UPDATES = 3
EPS = float(np.finfo(float).eps)


class Learner:
    """A program that is running: its namespace, its network, its batch."""

    def __init__(self, program: Program, path: Path) -> None:
        path.write_text(program.source, encoding="utf-8")
        self.program = program
        self.names: dict[str, Any] = {"__name__": "learner"}
        exec(compile(program.source, str(path), "exec", dont_inherit=True), self.names)
        self.rng = np.random.default_rng(program.seed)
        pairs = list(zip(program.sizes, program.sizes[1:], program.weights, strict=False))
        weights = [scale * self.rng.standard_normal((a, b)) for a, b, scale in pairs]
        weights = [W.T.copy() for W in weights] if program.transposed else weights
        biases = [0.1 * min(1, s) * self.rng.standard_normal(b) for _, b, s in pairs]
        self.net = self.names["Child" if program.forms["f"] == "super" else "Net"](weights, biases)
        self.x, self.t = inputs_of(program.inputs, self.rng), labels_of(program.labels, self.rng)
        self.h = program.h

    @property
    def parameters(self) -> list[NDArray[Any]]:
        return [*self.net.weights, *self.net.biases]

    def change(self) -> None:
        self.x, self.t = self.names["change"](self.net, self.x, self.t, self.rng)

    def gradients(self, *, accelerate: bool) -> Seen:
        """All gradients of one update, and all that can be seen of it."""
        seen = Seen()
        f = self.names["loss_of"](self.net, self.x, self.t)
        out = io.StringIO()
        np.random.seed(1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                for differences in self._asked(f, accelerate):
                    try:
                        found, fast = differences()
                        seen.gradients += found
                        seen.fast += len(found) * fast
                    except Exception as error:
                        seen.errors.append(repr(error))
        seen.warnings = sorted({f"{found.category.__name__}: {found.message}" for found in caught})
        seen.printed = out.getvalue()
        kept = {name: self.names[name] for name in ("seen", "counts", "count")}
        seen.left = _bits((vars(self.net), self.names["Net"].calls, f, self.x, self.t, kept, np.random.get_state()))
        seen.size = _size(f, self.parameters[0])
        return seen

    def _asked(self, f: Any, accelerate: bool) -> list[Callable[[], tuple[list[NDArray[Any]], bool]]]:
        """Of each call that gives gradients, what makes it: these, and whether it was without the loop."""
        if not self.program.own:
            return [lambda x=x: _textbook(f, x, self.h, accelerate) for x in self.parameters]  # type: ignore[misc]
        if self.program.own == "a dict":
            return [lambda: _own(self.names["own"], (f, dict(enumerate(self.parameters))), accelerate)]
        if self.program.own == "filled":
            blanks = [np.zeros_like(x) for x in self.parameters]
            return [
                lambda x=x, grad=grad: _own(self.names["own"], (f, x, grad), accelerate)  # type: ignore[misc]
                for x, grad in zip(self.parameters, blanks, strict=True)
            ]
        return [lambda x=x: _own(self.names["own"], (f, x), accelerate) for x in self.parameters]  # type: ignore[misc]

    def rounding(self, gradient: NDArray[Any], seen: Seen) -> float:
        """What rounding may do to one of the loop's quotients: ulps of the loss, and of the scores' summands."""
        x = np.abs(self.x).astype(float)
        for W, b in zip(self.net.weights, self.net.biases, strict=True):
            x = x @ np.abs(W.T if self.program.transposed else W) + np.abs(b) + 1
        largest = 20 + float(x.max())
        factor = 100 if self.program.forms["factor"] == "factor" else 2
        summands = factor * len(self.x) * (largest**2 if self.program.quadratic else largest)
        h = self.h / 2 if self.program.own else self.h  # of a one-sided difference
        return 32 * EPS * (summands + seen.size) / h + 3e-8 * float(np.abs(gradient).max())


def _textbook(f: Any, x: NDArray[Any], h: float, accelerate: bool) -> tuple[list[NDArray[Any]], bool]:
    """By `zerokara.numerical_gradient`."""
    gradient = accelerated(f, x, h) if accelerate else None
    return [numerical_gradient(f, x, h=h) if gradient is None else gradient], gradient is not None


def _own(own: FunctionType, arguments: tuple[Any, ...], accelerate: bool) -> tuple[list[NDArray[Any]], bool]:
    """By the learner's own function, which `zerokara run` would ask about before its first line."""
    bound = inspect.signature(own).bind(*arguments)
    bound.apply_defaults()
    plain = FunctionType(own.__code__, own.__globals__, own.__name__, None, own.__closure__)
    result = own_loop_result(OwnCall(plain, bound.arguments)) if accelerate else NOT_FOUND
    fast = result is not NOT_FOUND and result is not HOPELESS
    result = result if fast else own(*arguments)
    if isinstance(result, tuple | dict):
        return [np.array(part) for part in (result.values() if isinstance(result, dict) else result)], fast
    return [np.array(arguments[-1] if result is None else result)], fast


def _size(f: Any, x: NDArray[Any]) -> float:
    """Of the loss; 0 where it has none. At the end of all that is compared, for it may count or print."""
    with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        try:
            size = abs(float(f(x)))
        except Exception:
            return 0.0
    return size if np.isfinite(size) else 0.0


@dataclass
class Seen:
    """What an update showed."""

    gradients: list[NDArray[Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    printed: str = ""
    fast: int = 0
    left: Any = None
    size: float = 0.0


def _bits(value: Any) -> Any:
    """Arrays as bytes, so that `==` compares every bit; of what is called, what it holds."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: _bits(inner) for key, inner in value.items()}
    if callable(value):
        return type(value).__name__, {
            key: _bits(v) for key, v in vars(value).items() if isinstance(v, np.ndarray | int)
        }
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
    if len(slow.gradients) != len(quick.gradients):
        texts.append(f"{len(slow.gradients)} gradients became {len(quick.gradients)}")
    for number, (one, other) in enumerate(zip(slow.gradients, quick.gradients, strict=False)):
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            texts.append(f"gradient {number}, {one.dtype} {one.shape}, became {other.dtype} {other.shape}")
            continue
        if one.tobytes() == other.tobytes():
            continue
        largest, rounding = float(np.abs(one - other).max()), loop.rounding(one, slow)
        if not largest <= rounding:
            texts.append(f"gradient {number} by {largest:.1e}, where rounding explains {rounding:.1e}")
    return texts


def _go_on(loop: Learner, fast: Learner, slow: Seen) -> None:
    """An update of the loop's weights; the other network gets the same, so that rounding does not add up."""
    gradients = [gradient for gradient in slow.gradients if gradient.ndim]  # a tuple has a number, too
    if len(gradients) == len(loop.parameters):
        for weights, gradient in zip(loop.parameters, gradients, strict=True):
            weights -= 0.5 * np.nan_to_num(gradient)
    for theirs, ours in zip(fast.parameters, loop.parameters, strict=True):
        theirs[...] = ours


@dataclass
class Tried:
    """What became of so many programs.

    Attributes:
        gradients, recognised: how many there were, and how many of them came without the loop.
        failures: the programs that differed, and in what.
        of, without: programs by the form of each of their parts; of these, those without the loop at least once.
    """

    gradients: int = 0
    recognised: int = 0
    failures: list[tuple[Program, list[str]]] = field(default_factory=list)
    of: Counter[tuple[str, str]] = field(default_factory=Counter)
    without: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, program: Program, found: list[str], gradients: int, recognised: int) -> None:
        self.gradients += gradients
        self.recognised += recognised
        if found:
            self.failures.append((program, found))
        self.of.update(program.forms.items())
        if recognised:
            self.without.update(program.forms.items())

    def table(self) -> str:
        """By part and form: how many programs, and the share without the loop. It depends on their other parts, too."""
        lines = []
        for part in dict.fromkeys(part for part, _ in self.of):
            forms = sorted((form for other, form in self.of if other == part), key=lambda form: -self.of[part, form])
            shares = [
                f"{form} {self.without[part, form] / self.of[part, form]:.0%} of {self.of[part, form]}"
                for form in forms
            ]
            lines.append(f"{part}: {', '.join(shares)}")
        return "\n".join(lines)


def tried(count: int, seed: int, folder: Path) -> Tried:
    """Run so many programs."""
    rng = np.random.default_rng(seed)
    all_of_them = Tried()
    for _ in range(count):
        program = random_program(rng)
        all_of_them.add(program, *differences(program, folder))
    return all_of_them


def main() -> int:
    parser = argparse.ArgumentParser(description="Random programs, with and without acceleration.")
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = tried(given.programs, given.seed, Path(folder))
    for program, texts in found.failures:
        print(program.source, *texts, sep="\n")
        print(program)
    print(found.table())
    print(
        f"{given.programs} programs, {found.gradients} gradients, {found.recognised} of them without the loop, "
        f"{len(found.failures)} programs that differ, {time.monotonic() - began:.0f} s"
    )
    return bool(found.failures)


if __name__ == "__main__":
    sys.exit(main())
