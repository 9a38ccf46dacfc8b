"""What the core refuses: whatever name it raises has a sentence, with the facts of the case; nothing was changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara
from zerokara.engine.refusals import REFUSALS, worded

pytest.importorskip("zerokara._core", reason="the compiled core was not built")

from zerokara import _core as core
from zerokara.engine.compiled import CompiledEngine
from zerokara.training.optimizers import optimizer_named

from .test_compiled import going, make_batches, make_network, make_split
from .test_numerical import arguments as of_differences

CPP = Path(__file__).parents[2] / "cpp"


def of_an_update() -> dict[str, Any]:
    """A call of `advance` for a network of 40, 30 and 5 units."""
    network, split = make_network((40, 30, 5), "float32"), make_split("bytes", 40, 5)
    return {
        "weights": [network.params["W1"], network.params["W2"]],
        "biases": [network.params["b1"], network.params["b2"]],
        "activation": "relu",
        "loss": "squared",
        "weight_decay": 0.0,
        "optimizer": "sgd",
        "settings": {"learning_rate": 0.1},
        "steps": 0,
        "weight_slots": {},
        "bias_slots": {},
        "pixels": split.pixels,
        "full": 255.0,
        "labels": split.t,
        "batches": make_batches(split, 3, 4),
        "losses": np.empty(3),
        "stop": going(),
        "threads": 1,
        "adaptive": False,
    }


def of_momentum(**shapes: list[tuple[int, ...]]) -> dict[str, Any]:
    """What is another in the same call with momentum, whose slots of the weights have these shapes."""
    return {
        "optimizer": "momentum",
        "settings": {"learning_rate": 0.1, "momentum": 0.9},
        "weight_slots": {name: [np.zeros(shape, np.float32) for shape in of] for name, of in shapes.items()},
        "bias_slots": {"v": [np.zeros(30, np.float32), np.zeros(5, np.float32)]},
    }


UPDATES: list[tuple[str, dict[str, Any], str]] = [
    ("unknown-name", {"activation": "glue"}, "activation must be one of sigmoid, relu, tanh, .*. Got 'glue'"),
    ("unknown-name", {"loss": "hinge"}, "loss must be one of cross-entropy, textbook, squared.*. Got 'hinge'"),
    ("unknown-name", {"optimizer": "lion"}, "optimizer must be one of sgd, momentum, .*adam.*. Got 'lion'"),
    ("weight-decay-negative", {"weight_decay": -1.0}, "weight_decay must be 0 or a positive number. Got -1"),
    ("weight-decay-negative", {"weight_decay": np.inf}, "weight_decay must be 0 or a positive number. Got inf"),
    ("weight-decay-negative", {"weight_decay": np.nan}, "weight_decay must be 0 or a positive number. Got nan"),
    ("settings-differ", {"optimizer": "adam"}, r"the settings \['learning_rate', 'beta1', 'beta2'\], and no other"),
    ("settings-differ", {"settings": {}}, r"has the settings \['learning_rate'\], and no other"),
    ("settings-differ", {"settings": {"learning_rate": 0.1, "momentum": 0.9}}, r"\['learning_rate'\], and no other"),
    ("slots-differ", {"weight_slots": {"v": []}}, r"has the slots \[\], and no other"),
    ("slots-differ", of_momentum(), r"has the slots \['v'\], and no other"),
    ("slots-differ", of_momentum(m=[(40, 30), (30, 5)]), r"has the slots \['v'\], and no other"),
    ("slot-length", of_momentum(v=[(40, 30)]), "one array for each parameter"),
    ("slot-shape", of_momentum(v=[(40, 30), (30, 6)]), "shapes of the parameters"),
    ("labels-range", {"labels": np.full(60, 5)}, "Labels must lie from 0 to 4. Got 5"),
    ("labels-range", {"labels": np.full(60, -1)}, "Labels must lie from 0 to 4. Got -1"),
    ("labels-length", {"labels": np.zeros(59, int)}, "one label per sample"),
    ("batches-range", {"batches": np.full((3, 4), 60)}, "Sample indices must lie from 0 to 59. Got 60"),
    ("batches-range", {"batches": np.full((3, 4), -2)}, "Sample indices must lie from 0 to 59. Got -2"),
    ("batch-size", {"batches": np.zeros((3, 0), int)}, "batches of 1 to 65535"),
    ("losses-length", {"batches": np.zeros((2, 4), int)}, "one element per batch"),
    ("pixels-columns", {"pixels": np.zeros((60, 41), np.uint8)}, "as many columns as W1 has rows"),
    ("pixels-dtype", {"pixels": np.zeros((60, 40), np.int16)}, "pixels must be uint8, float32 or float64"),
    ("full-negative", {"full": -1.0}, "full must be positive"),
    ("threads-range", {"threads": 0}, "threads must lie from 1 to 1024. Got 0"),
]
"""Arguments of an update, by what they are refused as and what is said."""

DIFFERENCES: list[tuple[str, Callable[[dict[str, Any]], dict[str, Any]], str]] = [
    ("x-columns", lambda c: {"x": c["x"][:, :-1].copy()}, "as many columns as W1 has rows"),
    ("x-empty", lambda c: {"x": c["x"][:0], "targets": c["targets"][:0]}, "at least one row"),
    ("targets-rows", lambda c: {"targets": c["targets"][1:]}, "one row per row of x"),
    ("targets-columns", lambda c: {"targets": c["targets"][:, 1:].copy()}, "one column per class"),
    ("weights-empty", lambda c: {"weights": [np.zeros((5, 0)), c["weights"][1]]}, "^W1 must not be empty"),
    (
        "weights-rows",
        lambda c: {"weights": c["weights"][:1] * 2, "biases": c["biases"][:1] * 2},
        "^W2 must have as many rows as the layer before",
    ),
    ("biases-length", lambda c: {"biases": c["biases"][::-1]}, "^b1 must have one element per column of W1"),
    ("layers-differ", lambda c: {"biases": c["biases"][:1]}, "lists of the same length"),
    ("layers-differ", lambda c: {"weights": [], "biases": []}, "lists of the same length, at least 1"),
    ("gradient-shape", lambda c: {"bias_gradients": c["bias_gradients"][::-1]}, "shape of its parameter"),
    ("gradients-missing", lambda c: {"weight_gradients": c["weight_gradients"][:1]}, "for each parameter"),
    ("unknown-name", lambda c: {"activation": "rleu"}, "activation must be one of sigmoid, relu, tanh, .*. Got 'rleu'"),
    ("unknown-name", lambda c: {"loss": "hinge"}, "loss must be one of"),
    (
        "weight-decay-negative",
        lambda c: {"weight_decay": -0.1},
        "weight_decay must be 0 or a positive number. Got -0.1",
    ),
    ("points-order", lambda c: {"above": 0.0, "below": 0.0}, "above must be larger than below, .*. Got 0.0 and 0.0"),
    ("points-order", lambda c: {"above": -1e-4, "below": 1e-4}, "larger than below, .*. Got -0.0001 and 0.0001"),
    ("points-order", lambda c: {"above": np.nan}, "both finite. Got nan and -0.0001"),
    ("points-order", lambda c: {"above": np.inf}, "both finite. Got inf and -0.0001"),
    ("parameters-differ", lambda c: {"activation_parameters": [0.1]}, r"formula tanh has the parameters \[\], and"),
    ("parameters-differ", lambda c: {"loss_parameters": [1.0, 2.0]}, r"cross-entropy has the parameters \[\], and no"),
    (
        "parameters-differ",
        lambda c: {"activation": "gelu", "activation_parameters": [0.8]},
        r"gelu has the parameters \['rate', 'cube'\], and no other",
    ),
    ("threads-range", lambda c: {"threads": 0}, "threads must lie from 1"),
]

WIDE = (np.zeros((65_536, 1)), np.zeros(1))
NARROW = (np.ones((3, 2)), np.ones(2))
FORWARD: list[tuple[str, str, tuple[np.ndarray, np.ndarray], np.ndarray, str]] = [
    ("too-many-features", "predict", WIDE, np.zeros((1, 1)), "at most 65535 features"),
    ("scores-shape", "predict", NARROW, np.zeros((4, 3)), r"scores must have shape \(samples, classes\)"),
    ("classes-length", "classify", NARROW, np.zeros(3, int), "classes must have one element per sample"),
]

LEVELS = [
    ("level-unknown", "v5", "ZEROKARA_LEVEL must be v4, v3 or baseline. Got v5. Unset it to take the best."),
    ("level-too-high", "v4", "ZEROKARA_LEVEL asks for v4, but this machine and this build go no further than "),
]


def refused(name: str, call: Callable[[], object]) -> str:
    with pytest.raises(core.Refusal, match=rf"^\('{name}', ") as caught:
        call()
    assert isinstance(caught.value, ValueError)
    assert caught.value.args[0] == name
    return worded(caught.value)


@pytest.mark.parametrize(("name", "changes", "said"), UPDATES)
def test_an_update_that_does_not_fit(name: str, changes: dict[str, Any], said: str) -> None:
    call = of_an_update()
    before = [array.tobytes() for array in call["weights"]]
    assert re.search(said, refused(name, lambda: core.advance(**{**call, **changes})))
    assert [array.tobytes() for array in call["weights"]] == before


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("weights", lambda w: [w[0].astype(np.float16), w[1]]),
        ("weights", lambda w: [w[0].astype(np.float64), w[1]]),
        ("weights", lambda w: [np.asfortranarray(w[0]), w[1]]),
        ("weights", lambda w: [w[0].ravel(), w[1]]),
        ("weights", lambda w: [w[0].tolist(), w[1]]),
        ("pixels", lambda x: x[:, ::-1]),
        ("labels", lambda t: t.astype(np.uint8)),
        ("batches", lambda b: b.astype(np.int32)),
        ("losses", lambda a: a.astype(np.float32)),
        ("stop", lambda _: np.zeros(2, np.uint8)),
    ],
)
def test_arrays_of_another_kind_are_not_copied_but_refused(name: str, change: Any) -> None:
    call = of_an_update()
    with pytest.raises(TypeError, match="incompatible function arguments"):
        core.advance(**{**call, name: change(call[name])})


def test_read_only_weights_are_refused() -> None:
    call = of_an_update()
    before = [array.tobytes() for array in call["weights"]]
    call["weights"][0].flags.writeable = False
    with pytest.raises(TypeError, match="incompatible function arguments"):
        core.advance(**call)
    assert [array.tobytes() for array in call["weights"]] == before


@pytest.mark.parametrize(("name", "changes", "said"), DIFFERENCES)
def test_differences_that_do_not_fit(name: str, changes: Any, said: str) -> None:
    call = of_differences((5, 4, 3))
    assert re.search(said, refused(name, lambda: core.numerical_gradient(**(call | changes(call)))))


@pytest.mark.parametrize(("name", "verb", "layer", "result", "said"), FORWARD)
def test_a_result_or_a_network_that_does_not_fit(name: str, verb: str, layer: Any, result: Any, said: str) -> None:
    weights, biases = layer
    pixels = np.ones((4, len(weights)), np.uint8)
    call = lambda: getattr(core, verb)([weights], [biases], "relu", pixels, 1.0, result, 1)  # noqa: E731
    assert re.search(said, refused(name, call))


@pytest.mark.parametrize(("name", "level", "said"), LEVELS)
def test_a_level_that_is_not_there(name: str, level: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if level == core.best_level():
        pytest.skip("this machine goes as far as there is")
    monkeypatch.setenv("ZEROKARA_LEVEL", level)
    assert refused(name, core.level).startswith(said)


def thrown() -> set[str]:
    """The names in the sources of the binding and the runtime: texts of words with hyphens between."""
    sources = [path.read_text(encoding="utf-8") for room in ("bind", "runtime") for path in (CPP / room).iterdir()]
    return {name for source in sources for name in re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', source)}


def test_every_name_has_its_sentence_and_its_case() -> None:
    assert thrown() == set(REFUSALS)
    assert {case[0] for case in (*UPDATES, *DIFFERENCES, *FORWARD, *LEVELS)} == set(REFUSALS)


def test_facts_name_what_the_sentence_names() -> None:
    """Also that of the one that no machine with the best level can have."""
    facts = {"got": "v4", "best": "v3"}
    assert worded(core.Refusal("level-too-high", facts)).endswith("no further than v3. Unset it to take the best.")
    source = (CPP / "runtime" / "level.cpp").read_text(encoding="utf-8")
    assert set(re.findall(r'\{"(\w+)", std::string', source)) == set(facts)


def test_a_user_reads_whole_sentences(marked: Callable[[str], str]) -> None:
    engine, split = CompiledEngine(1), make_split("bytes", 40, 5)
    with pytest.raises(zerokara.EngineError, match="Got 4") as caught:
        engine.advance(make_network((40, 9, 4)), optimizer_named("sgd"), split, np.arange(60)[None], stop=going())
    assert str(caught.value) == "⟦Labels must lie from 0 to 3. Got 4.⟧ ⟦Nothing was changed.⟧"
    assert caught.value.code == "engine-unsuitable"
    for name in REFUSALS:
        facts = dict.fromkeys(re.findall(r"\{(\w+)", REFUSALS[name]), 1)
        assert marked(worded(core.Refusal(name, facts))) == ""
