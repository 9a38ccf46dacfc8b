"""Which engine a run gets."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import zerokara
from zerokara.engine import choose_engine, compiled
from zerokara.engine.compiled import CompiledEngine, core
from zerokara.engine.reference import ReferenceEngine
from zerokara.nn.activations import ACTIVATIONS, Tanh
from zerokara.nn.functions import LOSSES
from zerokara.training.optimizers import OPTIMIZERS, SGD, optimizer_named

needs_core = pytest.mark.skipif(core() is None, reason="the compiled core is not built")
NETWORK = zerokara.Network([784, 50, 10], dtype=np.float32)


def test_the_reference_engine_when_asked_for() -> None:
    assert isinstance(choose_engine("reference", NETWORK, 100), ReferenceEngine)


def test_auto_without_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "core", lambda: None)
    assert choose_engine("auto", NETWORK, 100).name == "reference"
    assert NETWORK.copy(np.float64).numerical_gradient(np.zeros((1, 784)), [0], only="b2")["b2"].shape == (10,)
    with pytest.raises(zerokara.EngineError, match="zerokara was installed without a C\\+\\+ compiler"):
        choose_engine("compiled", NETWORK, 100)


@needs_core
@pytest.mark.parametrize(
    ("density", "batch", "expected"),
    [(0.19, 100, "compiled"), (0.19, 1000, "compiled"), (1.0, 100, "compiled"), (1.0, 1000, "reference")],
)
def test_auto_by_density_and_batch(density: float, batch: int, expected: str) -> None:
    assert choose_engine("auto", NETWORK, batch, density=density).name == expected


@needs_core
@pytest.mark.parametrize(
    ("hidden", "batch", "expected"),
    [(4096, 100, "compiled"), (1000, 1000, "compiled"), (4096, 1000, "reference"), (3999, 1000, "compiled")],
)
def test_auto_by_width_and_batch(hidden: int, batch: int, expected: str) -> None:
    assert choose_engine("auto", zerokara.Network([784, hidden, 10], init=0.0), batch).name == expected


@needs_core
def test_compiled_that_cannot_be_honoured_says_why() -> None:
    wide = zerokara.Network([70_000, 2, 2])
    assert choose_engine("auto", wide, 1).name == "reference"
    with pytest.raises(zerokara.EngineError, match="at most 65535 features"):
        choose_engine("compiled", wide, 1)


class Bent(Tanh):
    """An activation that somebody adds in Python alone."""


@dataclass
class Patient(SGD):
    """An optimizer that somebody adds in Python alone."""

    name = "patient"


@needs_core
@pytest.mark.parametrize("name", ["bent", "relu"])
@pytest.mark.parametrize("kind", ["activation", "loss"])
def test_what_was_added_in_python_alone_is_trained_by_the_reference_engine(
    kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a name of its own, or in the place of one that the core knows."""
    if kind == "activation":
        monkeypatch.setitem(ACTIVATIONS, name, Bent)
        network = zerokara.Network([784, 50, 10], activation=name)
    else:
        name = "bent" if name == "bent" else "squared"
        monkeypatch.setitem(LOSSES, name, LOSSES["textbook"])
        network = zerokara.Network([784, 50, 10], loss=name)
    assert choose_engine("auto", network, 100).name == "reference"
    reason = "knows the (activations|losses)" if name == "bent" else "own layers, losses and methods only"
    with pytest.raises(zerokara.EngineError, match=reason):
        choose_engine("compiled", network, 100)


@needs_core
@pytest.mark.parametrize("name", ["patient", "sgd"])
def test_so_is_what_an_optimizer_added_in_python_alone_trains(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patient, "name", name)
    monkeypatch.setitem(OPTIMIZERS, name, Patient)
    assert choose_engine("auto", NETWORK, 100, optimizer=optimizer_named(name)).name == "reference"
    assert choose_engine("auto", NETWORK, 100, optimizer=optimizer_named("momentum")).name == "compiled"
    reason = "knows the optimizers" if name == "patient" else "own optimizers only"
    with pytest.raises(zerokara.EngineError, match=reason):
        choose_engine("compiled", NETWORK, 100, optimizer=optimizer_named(name))


@needs_core
@pytest.mark.parametrize("option", [{"activation": "bent"}, {"optimizer": "patient"}])
def test_a_run_says_so_before_it_makes_a_folder(
    option: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIVATIONS, "bent", Bent)
    monkeypatch.setitem(OPTIMIZERS, "patient", Patient)
    out = tmp_path / "run"
    with pytest.raises(zerokara.EngineError, match="use the reference engine"):
        zerokara.train("digits", epochs=1, engine="compiled", out=out, **option)
    assert not out.exists()
    zerokara.train("digits", epochs=1, out=out, plots=False, **option)
    assert len(list(out.rglob("weights.safetensors"))) == 1


@needs_core
def test_as_many_threads_as_were_asked_for() -> None:
    assert [choose_engine("compiled", NETWORK, 100, threads=threads).threads for threads in (1, 3)] == [1, 3]  # type: ignore[attr-defined]


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_threads_that_make_no_sense(threads: int) -> None:
    with pytest.raises(zerokara.UsageError, match=f"threads must be a whole number from 1 to 1024. Got {threads}"):
        choose_engine("auto", NETWORK, 100, threads=threads)


def test_an_unknown_engine() -> None:
    with pytest.raises(zerokara.UsageError, match="Did you mean compiled"):
        choose_engine("compield", NETWORK, 100)


REFUSED: dict[str, Callable[[], object]] = {
    "features": lambda: choose_engine("compiled", zerokara.Network([70_000, 2, 2]), 1),
    "batch": lambda: choose_engine("compiled", NETWORK, 70_000),
    "activation": lambda: choose_engine("compiled", zerokara.Network([784, 50, 10], activation="bent"), 1),
    "loss": lambda: choose_engine("compiled", zerokara.Network([784, 50, 10], loss="bent"), 1),
    "layers": lambda: choose_engine("compiled", Own([784, 50, 10]), 1),
    "optimizer": lambda: choose_engine("compiled", NETWORK, 1, optimizer=Patient()),
    "an optimizer's name": lambda: choose_engine("compiled", NETWORK, 1, optimizer=Impatient()),
    "differences": lambda: CompiledEngine().numerical_gradient(Own([4, 2]), np.zeros(4), 0),
    "pixels": lambda: CompiledEngine().predict(NETWORK, zerokara.load("digits").test),
}


class Own(zerokara.Network):
    """A network with a way forward of its own."""

    def _forward(self, x: np.ndarray) -> np.ndarray:
        return super()._forward(x)


class Impatient(SGD):
    """Another optimizer under a name that the core knows."""


@needs_core
@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_whole_sentences_with_a_code(
    case: str, marked: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIVATIONS, "bent", Bent)
    monkeypatch.setitem(LOSSES, "bent", LOSSES["textbook"])
    with pytest.raises(zerokara.EngineError, match="⟦") as caught:
        REFUSED[case]()
    assert marked(str(caught.value)) == ""
    assert caught.value.code == "engine-unsuitable"


def test_a_core_that_is_not_there_is_another_code(
    marked: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "core", lambda: None)
    for refused in (CompiledEngine, REFUSED["features"], REFUSED["differences"]):
        with pytest.raises(zerokara.EngineError, match="⟦") as caught:
            refused()
        assert marked(str(caught.value)) == ""
        assert caught.value.code == "engine-unavailable"


@needs_core
def test_what_the_binding_says_is_a_fact(marked: Callable[[str], str]) -> None:
    with pytest.raises(zerokara.EngineError, match=r"failed: predict\(\): incompatible function arguments") as caught:
        CompiledEngine(1)._call("predict", "no arrays")
    assert marked(str(caught.value)) == ""
