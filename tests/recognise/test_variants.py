"""Networks and losses as learners write them, over five updates, each with the plain loop as its witness."""

import importlib.util
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pytest

from zerokara.book.common import gradient as book


def beside(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


variants = beside("variants")
BASE, VARIANTS, TRAPS = variants.BASE, variants.VARIANTS, beside("traps").TRAPS

UPDATES = 5
FEW = 50
"""Elements of an array for which nothing new is proven: the loop is over sooner."""

MAY_BE_LEFT = {
    "L2 weight decay: a norm",
    "inputs: each sample minus its mean",
    "inputs: black or white",
    "curve: softplus, where",
    "curve: SELU",
    "curve: scaled tanh",
    "curve: hard tanh",
    "curve: softsign",
    "curve: another for each layer",
    "no bias: as a column of ones",
    "f: a simpleNet",
    "check: assert that it is a number",
    "by sample: two halves",
    "scipy: xlogy",
    "counter: of floats",
    "network: einsum",
    "network: sums in place",
    "network: scores that are scaled",
    *(name for name in VARIANTS if name.startswith("left: ")),
}
"""What may be left to the loop, with a sentence that names a line; of those that are `left`, the one marked there."""


def share_of(names: dict[str, str], every: int) -> list[Any]:
    """All of them; of so many each time one in the fast tests, and the others in the slow ones."""
    return [pytest.param(name, marks=[pytest.mark.slow] * (n % every > 0)) for n, name in enumerate(names)]


@dataclass
class Learner:
    """A variant that is running: its names, its network, and what an update of it showed."""

    names: dict[str, Any]
    net: Any
    rng: np.random.Generator
    scale: float
    gradients: list[np.ndarray] = field(default_factory=list)
    shown: dict[str, Any] = field(default_factory=dict)
    size: float = 1.0

    @classmethod
    def of(cls, source: str, path: Path, scale: float) -> "Learner":
        path.write_text(source, encoding="utf-8")
        names: dict[str, Any] = {"__name__": "learner"}
        exec(compile(source, str(path), "exec", dont_inherit=True), names)
        rng = np.random.default_rng(7)
        learner = cls(names, names["make_net"](rng), rng, scale)
        for array in learner.parameters:
            array *= scale
        return learner

    @property
    def parameters(self) -> list[np.ndarray]:
        return list(self.names["params_of"](self.net))

    def update(self, gradient: Callable[[Any, np.ndarray], np.ndarray]) -> None:
        """All gradients at a new batch, and all that they left behind."""
        x, t = self.names["make_batch"](self.rng)
        f = self.names["loss_of"](self.net, x, t)
        out, errors = io.StringIO(), []
        np.random.seed(1)
        self.gradients = []
        with warnings.catch_warnings(record=True) as caught, redirect_stdout(out):
            warnings.simplefilter("always")
            try:
                self.gradients += [gradient(f, parameter) for parameter in self.parameters]
            except Exception as error:
                errors.append(repr(error))
        self.shown = {
            "errors": errors,
            "what NumPy warns of": np.geterr(),
            "warnings": sorted({f"{found.category.__name__}: {found.message}" for found in caught}),
            "printed": out.getvalue(),
            "random numbers": bits(np.random.get_state()),
            "f": bits(f),
            "batch": bits((x, t)),
            "network": bits(self.net),
            **{name: bits(value) for name, value in self.names.items() if not name.startswith("__")},
        }
        with np.errstate(all="ignore"), redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                value = abs(complex(f(self.parameters[0])))  # last: it may count
            except Exception:
                value = 0
        self.size = 1 + value if np.isfinite(value) else 1

    def step(self, gradients: list[np.ndarray], number: int) -> None:
        for parameter, gradient in zip(self.parameters, gradients, strict=False):  # of an error there are fewer
            finite = np.nan_to_num(gradient, posinf=1, neginf=-1)
            parameter -= 0.5 * finite / max(1, np.abs(finite).max())
        if between := self.names.get("between"):
            between(self.net, number)


def plain_loop(f: Any, x: np.ndarray) -> np.ndarray:
    """The textbook's own loop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book, "faster", None)
        return book.numerical_gradient(f, x)


def bits(value: Any, met: tuple[int, ...] = ()) -> Any:
    """All that can be seen of a value, and of what it refers to, with every bit."""
    if id(value) in met or isinstance(value, ModuleType):
        return "…"
    met = (*met, id(value))
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.strides, value.tobytes()
    if isinstance(value, dict):
        return type(value).__name__, [(repr(key), bits(inner, met)) for key, inner in value.items()]
    if isinstance(value, list | tuple | set):
        return type(value).__name__, [bits(inner, met) for inner in value]
    if isinstance(value, np.random.Generator):
        return bits(value.bit_generator.state, met)
    if isinstance(value, MethodType):
        return bits(value.__func__, met), bits(value.__self__, met)
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        return value.__qualname__, bits([cells, value.__defaults__, value.__kwdefaults__, vars(value)], met)
    if isinstance(value, type):
        kept = {k: v for k, v in vars(value).items() if not k.startswith("__") and not callable(v)}
        return value.__qualname__, bits({k: v for k, v in kept.items() if not hasattr(v, "__get__")}, met)
    return _bits_of_object(value, met)


def _bits_of_object(value: Any, met: tuple[int, ...]) -> Any:
    slots = [name for kind in type(value).__mro__ for name in vars(kind).get("__slots__", ())]
    held = {**{name: getattr(value, name, None) for name in slots}, **getattr(value, "__dict__", {})}
    parts = [getattr(value, name) for name in ("func", "args", "keywords") if hasattr(value, name)]
    if held or parts:
        return type(value).__qualname__, bits([held, parts], met)
    return type(value).__qualname__, re.sub(" at 0x[0-9a-f]+", "", repr(value))


@dataclass
class Outcome:
    """Of all updates: what differed, how many gradients there were of each kind, and what was said."""

    differences: list[str]
    large: int
    fast: int
    said: str

    @property
    def recognised(self) -> bool:
        """Every gradient of a size that is worth it came without the loop."""
        return self.fast >= self.large > 0


@pytest.fixture
def compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """compared(source, scale): train it twice, by the loop and by the book's function, with the loop's gradients."""
    answered: list[bool] = []
    real = book.faster

    def faster(f: Any, x: np.ndarray) -> np.ndarray | None:
        gradient = real(f, x)
        if x.size >= FEW:
            answered.append(gradient is not None)
        return gradient

    monkeypatch.setattr(book, "faster", faster)

    def compared(source: str, scale: float = 1.0) -> Outcome:
        loop, fast = (Learner.of(source, tmp_path / f"{name}.py", scale) for name in ("loop", "fast"))
        answered.clear()
        found = []
        for number in range(UPDATES):
            for learner, gradient in ((loop, plain_loop), (fast, book.numerical_gradient)):
                with np.errstate(all="warn", under="ignore"):
                    learner.update(gradient)
            found += [f"update {number}: {text}" for text in differing(loop, fast)]
            for learner in (loop, fast):
                learner.step(loop.gradients, number)
        said = capfd.readouterr().err
        assert "Looking into it failed" not in said
        return Outcome(found, len(answered), sum(answered), said)

    return compared


def differing(loop: Learner, fast: Learner) -> Iterator[str]:
    for what in loop.shown:
        if loop.shown[what] != fast.shown[what]:
            yield f"{what}: {loop.shown[what]!r:.500} became {fast.shown[what]!r:.500}"
    assert loop.size == fast.size
    assert len(loop.gradients) == len(fast.gradients)
    for number, (expected, got) in enumerate(zip(loop.gradients, fast.gradients, strict=True)):
        assert (got.dtype, got.shape, got.strides) == (expected.dtype, expected.shape, expected.strides)
        # The loop's own rounding: some 1e-16 of the loss, divided by 2h.
        if not np.allclose(got, expected, rtol=1e-8, atol=1e-10 * loop.size, equal_nan=True):
            yield f"gradient {number} by {np.abs(got - expected).max():.1e}"


def needs(source: str) -> None:
    if "scipy" in source:
        pytest.importorskip("scipy.special")


@pytest.mark.parametrize("name", share_of(VARIANTS, 4))
def test_a_variant_gets_the_loops_numbers_without_the_loop(compared, name):
    source = BASE + VARIANTS[name]
    needs(source)
    outcome = compared(source)
    print(f"{name}: {'without the loop' if outcome.recognised else outcome.said}")
    assert not outcome.differences
    if outcome.recognised or is_explained(name, source, outcome.said):
        return
    pytest.fail(f"{outcome.fast} of {outcome.large} gradients without the loop. {outcome.said}")


def is_explained(name: str, source: str, said: str) -> bool:
    """Whether a variant that may be left was left with a line: the one that is marked, if one is."""
    if name not in MAY_BE_LEFT:
        return False
    reason = re.sub(r"The plain loop computes the gradient of \S+ \(line \d+\)\.", "", said)
    lines = {int(number) for number in re.findall(r"[Ll]ines? (\d+)", reason)}
    marked = {number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# here")}
    return bool(lines & marked if marked else lines)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [0.0, 20.0, 1e3])
@pytest.mark.parametrize("name", VARIANTS)
def test_no_number_is_wrong_at_other_weights(compared, name, scale):
    """Dead and saturated units, probabilities of 0 and 1, kinks at all inputs at once."""
    source = BASE + VARIANTS[name]
    needs(source)
    assert not compared(source, scale).differences


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # of a return in a finally
@pytest.mark.parametrize("name", share_of(TRAPS, 6))
def test_what_only_looks_like_one_gets_the_loops_numbers(compared, name):
    assert not compared(BASE + TRAPS[name]).differences


def test_a_difference_would_be_noticed(compared, monkeypatch):
    """A millionth too much in one element; one call of f too many."""
    real = book.faster

    def wrong(f: Any, x: np.ndarray) -> np.ndarray | None:
        gradient = real(f, x)
        if gradient is not None:
            gradient.flat[np.abs(gradient).argmax()] *= 1 + 1e-6
        return gradient

    def once_more(f: Any, x: np.ndarray) -> np.ndarray:
        gradient = plain_loop(f, x)
        f(x)
        return gradient

    monkeypatch.setattr(book, "faster", wrong)
    assert any("gradient 0 by" in text for text in compared(BASE).differences)
    monkeypatch.setattr(book, "faster", once_more)
    for name in (name for name in VARIANTS if name.startswith("counter: ")):
        assert compared(BASE + VARIANTS[name]).differences, name
