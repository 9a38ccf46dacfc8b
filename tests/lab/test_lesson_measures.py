"""What a lesson measures, beside what NumPy, the network itself or other commands say."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zerokara.errors import UsageError
from zerokara.lab.core import Lab
from zerokara.lab.lesson_measures import BY_LAYER, GROUPS, MEASURES, Looked, check_measure
from zerokara.training.recipe import Recipe


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """After 60 updates, and evaluated there; nobody here trains it any further."""
    recipe = Recipe(dataset="digits", hidden=12, iterations=120, evaluate_every=30, seed=3)
    lab = Lab(recipe, out=tmp_path_factory.mktemp("runs"), plots=False)
    lab.training.conductor.pace(None)
    lab.go(until=60)
    lab.training.wait_until_it_rests(lambda: False)
    yield lab
    lab.close()


def looked(lab: Lab, **chosen: Any) -> Looked:
    return Looked(lab.training, lab.subject(), chosen)


def test_each_measure_is_a_number_or_a_text_of_a_network_that_is_there(trained: Lab) -> None:
    names = [*MEASURES, *(f"{of}1" for of in BY_LAYER)]
    for name in names:
        check_measure(name)
    values = looked(trained, draw={"sample": 3, "unit": [1, 2]}).values(names)
    assert list(values) == sorted(names)
    assert [name for name, value in values.items() if value is None] == ["momentum"], "sgd has none"
    assert {"probe", "draw", "step", "weights"} <= GROUPS


def test_the_training_is_measured_as_it_is(trained: Lab) -> None:
    at, network, dataset = looked(trained), trained.subject().network, trained.dataset
    values = at.values([*MEASURES, "weights.W1", "weights.W2", "weights.W3", "dead.layer1", "gradient.W1"])
    accuracy = {
        name: network.accuracy(part.rows(np.arange(len(part)), network.dtype), part.t)
        for name, part in (("train", dataset.train), ("test", dataset.test))
    }
    assert values["train_accuracy"] == pytest.approx(accuracy["train"])
    assert values["test_accuracy"] == pytest.approx(accuracy["test"])
    assert values["gap"] == pytest.approx(accuracy["train"] - accuracy["test"])
    assert (values["update"], values["evaluated"], values["epoch"]) == (60, 60, 4)
    assert values["weights.W2"] == pytest.approx(np.linalg.norm(network.params["W2"]))
    assert values["weights.W3"] is None, "there is none"
    losses = trained.training.prepared.trainer.history.losses
    assert values["loss.lowest"] == losses.min()
    assert values["loss.highest"] == losses.max()
    assert values["loss"] == trained.training.curve.piece().smoothed[-1]
    assert losses[-20:].min() < values["loss"] < losses[-20:].max()
    batch = trained.training.batch
    x = batch.rows(np.arange(len(batch)), network.dtype)
    a1 = x @ network.params["W1"] + network.params["b1"]
    assert values["dead.layer1"] == np.mean((a1 <= 0).all(axis=0))
    assert values["gradient.W1"] == pytest.approx(np.linalg.norm(network.gradient(x, batch.t)["W1"]), rel=1e-5)
    assert values["run"] == trained.training.folder.name
    assert (values["running"], values["diverged"], values["finished"], values["learning_rate"]) == (0, 0, 0, 0.1)
    assert values["momentum"] is None
    assert values["samples"] == 1438


def test_of_a_diverged_training_no_loss_is_known(tmp_path: Path) -> None:
    """The curve ends at a small one: a lesson would say that nothing happened, however high the learning rate was."""
    lab = Lab(Recipe(dataset="digits", hidden=4, learning_rate=1e30, iterations=20), out=tmp_path, plots=False)
    lab.training.conductor.pace(None)
    lab.go()
    lab.training.wait_until_it_rests(lambda: False)
    values = looked(lab).values(["loss", "diverged", "update"])
    assert len(lab.training.curve.piece().smoothed), "there is a curve"
    assert (values["loss"], values["diverged"]) == (None, 1)
    lab.close()


def test_before_the_first_update_the_loss_is_that_of_its_batch(lab: Lab) -> None:
    values = looked(lab).values(["loss", "loss.lowest", "test_accuracy", "run", "update"])
    assert values["loss"] == pytest.approx(lab.training.prepared.trainer._first_loss())
    assert (values["loss.lowest"], values["test_accuracy"], values["run"], values["update"]) == (None, None, "", 0)


def test_the_tab_probe_is_measured_where_the_weight_was_dragged_to(trained: Lab) -> None:
    chosen = {"parameter": "W1", "index": [20, 3], "at": 0.7, "h": 0.01, "samples": 50, "precision": "float64"}
    values = looked(trained, probe=chosen).values([name for name in MEASURES if name.startswith("probe.")])
    network = trained.subject().network.copy("float64")
    batches = trained.recipe.make_batches(len(trained.dataset.train)).rows(0, 1)[0][:50]
    x, t = trained.dataset.train.rows(batches, np.float64), trained.dataset.train.t[batches]

    def loss(w: float) -> float:
        network.params["W1"][20, 3] = w
        return network.loss(x, t)

    kept = float(network.params["W1"][20, 3])
    assert values["probe.value"] == kept
    assert values["probe.loss_before"] == pytest.approx(loss(kept), rel=1e-12)
    assert values["probe.numerical"] == pytest.approx((loss(0.71) - loss(0.69)) / 0.02, rel=1e-9)
    assert values["probe.loss"] == pytest.approx(loss(0.7), rel=1e-12)
    assert values["probe.backprop"] == pytest.approx(network.gradient(x, t)["W1"][20, 3], rel=1e-9)
    assert values["probe.error"] == pytest.approx(abs(values["probe.numerical"] - values["probe.backprop"]))
    assert values["probe.accuracy"] == pytest.approx(network.accuracy(x, t))
    assert (values["probe.at"], values["probe.h"], values["probe.samples"]) == (0.7, 0.01, 50)
    assert values["probe.precision"] == "float64"


def test_the_tab_draw_is_measured_with_units_off(trained: Lab) -> None:
    network, test = trained.subject().network, trained.dataset.test
    x = test.rows(np.array([5]), network.dtype)
    p, all_on = {name: array.astype(np.float64) for name, array in network.params.items()}, x.astype(np.float64)
    z = np.maximum(all_on @ p["W1"] + p["b1"], 0)
    unit = int(z.argmax())

    def shares(z: Any) -> Any:
        scores = np.exp(z @ p["W2"] + p["b2"])
        return (scores / scores.sum())[0]

    without = z.copy()
    without[0, unit] = 0
    names = [name for name in MEASURES if name.startswith("draw.")]
    values = looked(trained, draw={"sample": 5, "off": [[1, unit]], "unit": [1, unit]}).values(names)
    assert values["draw.label"] == str(test.t[5])
    assert values["draw.answer"] == str(shares(without).argmax())
    assert values["draw.probability"] == pytest.approx(shares(without).max(), rel=1e-4)
    assert values["draw.label_probability"] == pytest.approx(shares(without)[test.t[5]], rel=1e-4)
    assert values["draw.answer_before"] == str(shares(z).argmax())
    assert values["draw.probability_before"] == pytest.approx(shares(z).max(), rel=1e-4)
    assert values["draw.unit_total"] == pytest.approx(z[0, unit], rel=1e-3)
    assert (values["draw.off"], values["draw.layer"], values["draw.unit"], values["draw.unit_activity"]) == (
        1,
        1,
        unit,
        0,
    )
    on = looked(trained, draw={"sample": 5, "unit": [1, unit]}).values(["draw.unit_activity", "draw.off"])
    assert on["draw.unit_activity"] == pytest.approx(z[0, unit], rel=1e-3)
    assert on["draw.off"] == 0


def test_a_drawing_is_asked_about_as_it_was_drawn(trained: Lab) -> None:
    ink = np.zeros((280, 280), np.uint8)
    ink[40:240, 130:150] = 255
    file = io.BytesIO()
    Image.fromarray(ink).save(file, "PNG")
    kept = {"ink": base64.b64encode(file.getvalue()).decode()}
    values = looked(trained, draw=kept).values(["draw.answer", "draw.label", "draw.label_probability"])
    from zerokara.lab.drawing import ANSWERS
    from zerokara.lab.messages import Message

    assert (
        values["draw.answer"] == ANSWERS["draw"](trained.subject(), Message("draw", {}, {"ink": ink})).fields["answer"]
    )
    assert (values["draw.label"], values["draw.label_probability"]) == ("", None)


def test_what_is_no_drawing_is_refused(trained: Lab) -> None:
    damaged = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
    for ink in ("x", "eA==", "A" * 6000, 3, damaged):
        with pytest.raises(UsageError, match="A drawing in a state of the lab is a PNG of at most 4 kB"):
            looked(trained, draw={"ink": ink}).values(["draw.answer"])


def test_a_small_file_of_a_huge_picture_is_no_drawing(trained: Lab) -> None:
    file = io.BytesIO()
    Image.new("1", (20_000, 1_000)).save(file, "PNG", optimize=True)
    assert len(file.getvalue()) < 4000
    with pytest.raises(UsageError, match="at most 4 kB"):
        looked(trained, draw={"ink": base64.b64encode(file.getvalue()).decode()}).values(["draw.answer"])


def test_the_tab_step_is_measured(trained: Lab) -> None:
    subject = trained.subject()
    network, test = subject.network.copy("float64"), trained.dataset.test
    x, label = test.rows(np.array([9]), np.float64), int(test.t[9])
    y = network.probabilities(x)[0]
    t = np.eye(10)[label]
    names = [name for name in MEASURES if name.startswith("step.")]
    values = looked(trained, step={"sample": 9, "chosen": [None, None, 4]}).values(names)
    assert values["step.label"] == str(label)
    assert values["step.answer"] == str(y.argmax())
    assert values["step.chosen"] == "4"
    assert values["step.y"] == pytest.approx(y[4], rel=1e-4)
    assert values["step.difference"] == pytest.approx((y - t)[4], rel=1e-4)
    assert values["step.delta"] == pytest.approx((y - t)[4], rel=1e-4)
    assert values["step.numerical"] == pytest.approx((y - t)[4], rel=1e-4)
    assert values["step.error"] < 1e-5
    assert values["step.loss"] == pytest.approx(-np.log(y[label]), rel=1e-4)
    network.weight_decay = 0.0
    for name, slope in network.gradient(x, test.t[[9]]).items():
        network.params[name] -= 0.1 * slope
    assert values["step.loss_after"] == pytest.approx(network.loss(x, test.t[[9]]), rel=1e-4)
    first = looked(trained, step={"sample": 9}).values(["step.chosen"])
    assert first == {"step.chosen": str(label)}


def test_of_a_drawing_without_a_label_the_step_knows_no_loss(trained: Lab) -> None:
    drawing = base64.b64encode(bytes(range(64))).decode()
    names = ["step.answer", "step.loss", "step.loss_after", "step.difference", "step.error", "step.label"]
    values = looked(trained, step={"drawing": drawing}).values(names)
    assert values["step.answer"] in set("0123456789")
    assert [values[name] for name in names[1:]] == [None, None, None, None, ""]
    with_label = looked(trained, step={"drawing": drawing, "label": 3}).values(names)
    assert with_label["step.label"] == "3"
    with pytest.raises(UsageError, match="drawing cannot be used"):
        looked(trained, step={"drawing": "eA=="}).values(names)


@pytest.mark.parametrize(
    "name", ["los", "gradient", "gradient.W", "gradient.W0", "gradient.W100", "weights.1", "dead.1", ""]
)
def test_another_name_is_no_measure(name: str) -> None:
    with pytest.raises(UsageError, match="measure must be one of update, epoch, loss"):
        check_measure(name)
