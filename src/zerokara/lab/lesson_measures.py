"""What a lesson can measure: numbers of the training and of the tabs, by name.

They come from the functions that the tabs ask, so they are those on the page. A value is a number, a text, or null
where there is none (a loss that is not finite, an accuracy before the first evaluation).

    of the training, as the tab Train shows it
    update, epoch               updates and epochs done
    loss                        the smoothed loss at the end of the curve; before the first update that of its batch
    loss.lowest, loss.highest   of all updates so far
    train_accuracy, test_accuracy, evaluated     of the latest evaluation, and the update that it was at
    gap                         train_accuracy - test_accuracy
    learning_rate, momentum, weight_decay        in use
    running, diverged, finished                  1 if that is how the training stands, else 0
    run                         name of its folder, a text; "" where it has none
    samples                     that are trained on
    weights.W1, gradient.W1, next_update.W1      size of W1, of its gradient and next update; likewise of W2, W3, …
    dead.layer1, saturated.layer1                share of the units of hidden layer 1, 2, … as the doctor counts them

    of the tab Probe, for what is chosen there
    probe.at, probe.value       where the weight was dragged to, and what it is in the network
    probe.loss, probe.loss_before                the loss there, and with the weight as it is in the network
    probe.h, probe.numerical, probe.backprop, probe.error
    probe.accuracy, probe.samples, probe.precision

    of the tab Draw
    draw.answer, draw.probability                name of the class that is answered, and its probability
    draw.label, draw.label_probability           those of the test sample that is looked at; "" and null without one
    draw.answer_before, draw.probability_before  the answer with all units on, and its probability
    draw.off                    how many units are switched off
    draw.layer, draw.unit       of the unit that is looked at; null without one
    draw.unit_activity, draw.unit_total, draw.unit_bias     what it hands on; its sum of inputs × weights + bias; bias

    of the tab Step
    step.label                  what the picture is, "" where nobody has said
    step.answer, step.probability                the name of the class that is answered, and its probability
    step.loss, step.loss_after  of this picture, before and after the update; null without a label
    step.stage                  name of the stage that is shown
    step.chosen                 name of the class that is chosen among the scores, at first the label; and of it
    step.y, step.t, step.difference              y, t and y - t
    step.delta, step.numerical  ∂L/∂a by backprop, and by a central difference with h = 1e-4
    step.error                  the largest |delta - numerical| of all classes
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from zerokara.doctor.probes import Probe, Samples, probe
from zerokara.errors import unknown_name
from zerokara.lab import drawing, probing
from zerokara.lab.chosen_picture import question_of, step_question_of
from zerokara.lab.curve import Piece
from zerokara.lab.lesson_rules import Value
from zerokara.lab.messages import Message
from zerokara.lab.one_update import update_of
from zerokara.lab.one_update_numbers import OneUpdate
from zerokara.lab.one_update_stages import stage_names
from zerokara.lab.samples import sample_of
from zerokara.lab.subject import Subject
from zerokara.lab.training_source import settings_of
from zerokara.lab.watched_training import DIVERGED, FINISHED, RUNNING, WatchedTraining

Chosen = Mapping[str, Mapping[str, Any]]
"""What is chosen in the tabs, by their names."""
FIRST_STAGE = stage_names(1)[0]


class Looked:
    """One look at a training and at the tabs; each thing is asked for at most once, when a measure needs it.

    Args:
        subject: the network that is looked at; training: whose it is.
        chosen: what the tabs' `state()` said.
    """

    def __init__(self, training: WatchedTraining, subject: Subject, chosen: Chosen) -> None:
        self.training, self.subject, self._chosen = training, subject, chosen

    def values(self, names: Iterable[str]) -> dict[str, Value]:
        """Measures by their names, which `check_measure` knows. Raises UsageError where one cannot be had."""
        return {name: _finite(self._value(name)) for name in sorted(names)}

    def _value(self, name: str) -> Any:
        if name in MEASURES:
            return MEASURES[name](self)
        match = A_LAYER.fullmatch(name)
        assert match is not None, "it has been checked"
        values, place = BY_LAYER[match[1]](self), int(match[2]) - 1
        return values[place] if place < len(values) else None

    @cached_property
    def settings(self) -> dict[str, float | None]:
        """Those in use."""
        return settings_of(self.training.snapshot())

    @cached_property
    def curve(self) -> Piece:
        """All of it."""
        return self.training.curve.piece()

    def evaluation(self, field: str) -> float | None:
        """A number of the latest one."""
        latest = self.training.evaluations.latest
        return None if latest is None else getattr(latest, field)

    @cached_property
    def gap(self) -> float | None:
        """How much better the network knows what it was trained on."""
        train, test = self.evaluation("train_accuracy"), self.evaluation("test_accuracy")
        return None if train is None or test is None else train - test

    @cached_property
    def loss(self) -> float | None:
        """The smoothed one at the end of the curve; at first that of the batch that the first update will take."""
        if self.training.state == DIVERGED:
            return None  # the curve ends at the last loss that was a number: small still, and not what came of it
        if len(self.curve.smoothed):
            return float(self.curve.smoothed[-1])
        network, batch = self.subject.network, self.training.batch
        return network.loss(batch.rows(np.arange(len(batch)), network.dtype), batch.t)

    def layers(self, field: str) -> list[float]:
        """Sizes of each layer, as the tab Train has them."""
        return [one[field] for one in self.training.layer_sizes(self.training.snapshot())]

    @cached_property
    def inside(self) -> Probe:
        """What the doctor measures, on the samples that layers are measured with."""
        network, batch = self.subject.network, self.training.batch
        x = batch.rows(np.arange(len(batch)), network.dtype)
        return probe(network, Samples(x, batch.t), self.subject.iteration, gradients=False)

    @cached_property
    def probed(self) -> Mapping[str, Any]:
        """What the tab Probe is told."""
        return probing.ANSWERS["probe"](self.subject, Message("probe", dict(self._chosen.get("probe", {})))).fields

    @cached_property
    def drawn(self) -> Message:
        """What the tab Draw is told."""
        return drawing.ANSWERS["draw"](self.subject, question_of(self.subject, self._chosen.get("draw", {})))

    @cached_property
    def label(self) -> str:
        """Of the sample that is drawn, or "" where it is none."""
        sample = self._chosen.get("draw", {}).get("sample")
        if sample is None:
            return ""
        return str(sample_of(self.subject, Message("sample", {"which": sample})).fields["label"])

    def probability(self, name: str, array: str = "probabilities") -> float | None:
        """Of the class of that name, if it is one of those that are shown."""
        names = [one["name"] for one in self.drawn.fields["classes"]]
        return float(self.drawn.arrays[array][names.index(name)]) if name in names else None

    @property
    def units_off(self) -> int:
        """How many units are switched off."""
        off = self._chosen.get("draw", {}).get("off", [])
        return len(off) if isinstance(off, list) else 0

    @property
    def unit(self) -> Mapping[str, Any]:
        """The one that is looked at, as the tab Draw is told; without one, nothing."""
        return self.drawn.fields["unit"] or {}

    def of_unit(self, field: str) -> float | None:
        """A number of the unit, as it is printed."""
        text = self.unit.get(field)
        return None if text is None else float(text)

    @cached_property
    def stepped(self) -> tuple[OneUpdate, list[int]]:
        """What the tab Step tells of, and what is chosen there."""
        return update_of(self.subject, step_question_of(self.subject, self._chosen.get("step", {})))

    @property
    def stage(self) -> str:
        """What is shown in the tab Step."""
        return str(self._chosen.get("step", {}).get("stage", FIRST_STAGE))

    def of_class(self, term: str) -> Any:
        """A number of the class that is chosen in the tab Step."""
        update, chosen = self.stepped
        return self.scores[term][chosen[-1]] if update.back is not None else None

    @cached_property
    def scores(self) -> Mapping[str, Any]:
        """Of all classes: y, t, y - t and both slopes."""
        update = self.stepped[0]
        assert update.back is not None, "without a label there is no loss"
        y, t, delta = update.y, update.back.t, update.back.deltas[-1]
        return {"y": y, "t": t, "difference": y - t, "delta": delta, "numerical": self.slopes}

    @cached_property
    def slopes(self) -> Any:
        """The numerical ones of all classes."""
        update = self.stepped[0]
        return update.numerical_slopes(list(range(len(update.y))))

    @property
    def step_error(self) -> float | None:
        """How far the slopes by backprop are from the numerical ones."""
        back = self.stepped[0].back
        return None if back is None else float(np.abs(back.deltas[-1] - self.slopes).max())

    def named(self, number: int) -> str:
        """What a class is called."""
        return str(self.subject.described.class_names[number])

    @property
    def step_label(self) -> str:
        """What the picture of the tab Step is."""
        back = self.stepped[0].back
        return "" if back is None else self.named(int(back.t.argmax()))

    @property
    def answer_before(self) -> str:
        """The class with all units on."""
        before = self.drawn.arrays["before"]
        return str(self.drawn.fields["classes"][int(before.argmax())]["name"])


MEASURES: Mapping[str, Callable[[Looked], Any]] = {
    "update": lambda at: at.training.conductor.iteration,
    "epoch": lambda at: at.training.conductor.iteration / at.training.per_epoch,
    "loss": lambda at: at.loss,
    "loss.lowest": lambda at: _extreme(np.nanmin, at.curve.losses[:, 0]),
    "loss.highest": lambda at: _extreme(np.nanmax, at.curve.losses[:, 2]),
    "train_accuracy": lambda at: at.evaluation("train_accuracy"),
    "test_accuracy": lambda at: at.evaluation("test_accuracy"),
    "evaluated": lambda at: at.evaluation("iteration"),
    "gap": lambda at: at.gap,
    "learning_rate": lambda at: at.settings["learning_rate"],
    "momentum": lambda at: at.settings["momentum"],
    "weight_decay": lambda at: at.settings["weight_decay"],
    "running": lambda at: at.training.state == RUNNING,
    "diverged": lambda at: at.training.state == DIVERGED,
    "finished": lambda at: at.training.state == FINISHED,
    "run": lambda at: "" if at.training.folder is None else at.training.folder.name,
    "samples": lambda at: len(at.subject.dataset.train),
    "probe.at": lambda at: at.probed["at"],
    "probe.value": lambda at: at.probed["value"],
    "probe.loss": lambda at: at.probed["loss"],
    "probe.loss_before": lambda at: at.probed["loss_before"],
    "probe.h": lambda at: at.probed["h"],
    "probe.numerical": lambda at: at.probed["numerical"],
    "probe.backprop": lambda at: at.probed["backprop"],
    "probe.error": lambda at: at.probed["error"],
    "probe.accuracy": lambda at: at.probed["accuracy"],
    "probe.samples": lambda at: at.probed["samples"],
    "probe.precision": lambda at: at.probed["precision"],
    "draw.answer": lambda at: at.drawn.fields["answer"],
    "draw.probability": lambda at: at.probability(at.drawn.fields["answer"]),
    "draw.label": lambda at: at.label,
    "draw.label_probability": lambda at: at.probability(at.label),
    "draw.answer_before": lambda at: at.answer_before,
    "draw.probability_before": lambda at: at.probability(at.answer_before, "before"),
    "draw.off": lambda at: at.units_off,
    "draw.layer": lambda at: at.unit.get("layer"),
    "draw.unit": lambda at: at.unit.get("unit"),
    "draw.unit_activity": lambda at: at.of_unit("activity"),
    "draw.unit_total": lambda at: at.of_unit("total"),
    "draw.unit_bias": lambda at: at.of_unit("bias"),
    "step.stage": lambda at: at.stage,
    "step.label": lambda at: at.step_label,
    "step.answer": lambda at: at.named(int(at.stepped[0].y.argmax())),
    "step.probability": lambda at: at.stepped[0].y.max(),
    "step.loss": lambda at: at.stepped[0].back and at.stepped[0].back.loss,
    "step.loss_after": lambda at: at.stepped[0].new and at.stepped[0].new.loss,
    "step.chosen": lambda at: at.named(at.stepped[1][-1]),
    "step.y": lambda at: at.of_class("y"),
    "step.t": lambda at: at.of_class("t"),
    "step.difference": lambda at: at.of_class("difference"),
    "step.delta": lambda at: at.of_class("delta"),
    "step.numerical": lambda at: at.of_class("numerical"),
    "step.error": lambda at: at.step_error,
}
BY_LAYER: Mapping[str, Callable[[Looked], list[float]]] = {
    "weights.W": lambda at: at.layers("weights"),
    "gradient.W": lambda at: at.layers("gradient"),
    "next_update.W": lambda at: at.layers("update"),
    "dead.layer": lambda at: list(at.inside.dead),
    "saturated.layer": lambda at: list(at.inside.saturated),
}
"""Of each layer, whose number comes after it, from 1."""
A_LAYER = re.compile(f"({'|'.join(map(re.escape, BY_LAYER))})([1-9][0-9]?)")
GROUPS = frozenset(name.partition(".")[0] for name in (*MEASURES, *BY_LAYER))


def check_measure(name: str) -> None:
    """Raise UsageError for a name that is no measure."""
    if name not in MEASURES and not A_LAYER.fullmatch(name):
        raise unknown_name("measure", name[:60], [*MEASURES, *(f"{of}1" for of in BY_LAYER)])


def _extreme(of: Callable[[Any], Any], losses: Any) -> float | None:
    return float(of(losses)) if np.isfinite(losses).any() else None


def _finite(value: Any) -> Value:
    """A value that JSON has; None for what is not finite."""
    if value is None or isinstance(value, str):
        return value
    return float(value) if math.isfinite(value) else None
