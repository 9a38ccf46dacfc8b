"""What a page has a training do, and what it asks about runs, by the type of its message.

What cannot be done is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zerokara.errors import UsageError
from zerokara.lab import asked
from zerokara.lab.earlier_runs import curves, earlier_runs, overlay
from zerokara.lab.form import Filled, RefusedRecipe, filled
from zerokara.lab.messages import Message
from zerokara.lab.session import Session
from zerokara.words import sentence


def _pace(session: Session, fields: Mapping[str, Any]) -> None:
    mode = asked.word(fields, "mode", ("rate", "full"))
    session.training.conductor.pace(None if mode == "full" else asked.number(fields, "rate", 0.01, 1e6))


def _start(session: Session, fields: Mapping[str, Any]) -> None:
    answer = filled(asked.mapping(fields, "values"))
    if answer.recipe is None:
        raise RefusedRecipe(answer.errors)
    session.start(answer.recipe)


def _step(session: Session, fields: Mapping[str, Any]) -> None:
    training = session.training
    at = training.conductor.iteration
    if "epochs" in fields:
        until = (at // training.per_epoch + asked.whole(fields, "epochs", 1)) * training.per_epoch
    else:
        until = at + asked.whole(fields, "updates", 1)
    session.go(until=min(until, training.total))


def _until(session: Session, fields: Mapping[str, Any]) -> None:
    accuracy = asked.number(fields, "accuracy", 0.0, 1.0)
    latest = session.training.evaluations.latest
    if latest is not None and latest.test_accuracy >= accuracy:
        raise UsageError(sentence("The test accuracy is {accuracy:.4f} already.", accuracy=latest.test_accuracy))
    session.go(goal=accuracy)


def _change(session: Session, fields: Mapping[str, Any]) -> None:
    session.change(asked.word(fields, "field"), asked.number(fields, "value", 0.0, float("inf")))


COMMANDS: Mapping[str, Callable[[Session, Mapping[str, Any]], None]] = {
    "start": _start,
    "pause": lambda session, _: session.pause(),
    "go": lambda session, _: session.go(),
    "stop": lambda session, _: session.stop(),
    "pace": _pace,
    "step": _step,
    "until": _until,
    "change": _change,
    "rewind": lambda session, fields: session.rewind(asked.whole(fields, "iteration", 0)),
}
"""What changes the training, by the type of the message."""


def _check(session: Session, fields: Mapping[str, Any]) -> Message:
    answer, per_epoch = filled(asked.mapping(fields, "values")), None
    if answer.recipe is not None and answer.recipe.dataset == session.recipe.dataset:
        try:
            data = answer.recipe.data_from(session.dataset)
            per_epoch = -(-len(data.train) // answer.recipe.batch_size)
        except UsageError as error:
            answer = Filled(None, {"samples": str(error)})
    return Message("recipe", answer.to_json(per_epoch))


def _overlay(session: Session, fields: Mapping[str, Any]) -> Message:
    run = asked.word(fields, "run")
    left = session.left.get(run)
    return overlay(session.out, run) if left is None else curves(run, *left)


QUESTIONS: Mapping[str, Callable[[Session, Mapping[str, Any]], Message]] = {
    "recipe": _check,
    "runs": lambda session, _: Message("runs", {"runs": earlier_runs(session.out)}),
    "overlay": _overlay,
}
"""What any view may ask, by the type of the message."""
