"""Messages of lessons, and of states that are copied and opened.

The page keeps what was measured, `before`: {step name: values}, and sends it along; Python remembers nothing of it.
Steps are numbered from 0. All texts are in the language that is spoken, filled in, plain, paragraphs parted by an empty
line. Those with (S) are for a view that steers, or any while none does.

    lessons {}                          → {lessons: [{name, title, about, own}], problems: [sentence]}
        own: from the folder of --lessons. problems: why lessons of that folder cannot be used

    lesson {lesson}                     → {lesson, title, about, steps: [name]}

    lesson_step {lesson, step, before, confirmed} (S)
        a step begins: the lab goes to its state `begin`
        → {lesson, step, name, last, text, predict, shows, action, where}
          last: whether it is the last one
          predict: null, {question, choices: [{name, text}]} to choose of, or {question, unit: "" or "%"} to type a
          number
          shows: whether `lesson_show` is to be asked after the prediction
          action: what the learner is to do in the lab; "" where nothing
          where: null to leave all as it is, or {tab, fields, iteration, training, running}, see below
        or → {ask}: a sentence; nothing has been done yet. If the learner agrees, send it again with confirmed: true

    lesson_show {lesson, step, before, confirmed} (S)
        after the prediction, or at once where none is asked for: the lab goes to the state `show`
        → {where, overlay}              overlay: null, or the run to ask `overlay` {run} for
        or → {ask}

    lesson_measure {lesson, step, before, start, prediction, fields}
        start: null at first, then what the answer before said; prediction: name of a choice, the number typed, or null;
        fields: {tab: state()} of all tabs. To be asked after `where` was reached and restored, at most 5 times a
        second, until it is done
        → {done: false, start}          what the learner is to do has not happened, or the training is not there yet
        → {done: true, start, values, text, predicted, came, right}
          values: what to keep as before[step name]
          text: What came; "" where there is none
          predicted, came: both as texts, "" where nothing was predicted; right: whether they agree, else null

    state {tab, fields: {tab: state()}}  → {toml}
    open_state {toml, confirmed} (S)     → {where} or {ask}

`where` is {tab, fields: {tab: …}, iteration, training, running}. The page waits for a frame of that `training` (its
number) whose state is paused, untrained or any that has ended, with that iteration, or where `running`, one that has
come so far; shows the tab; and calls `restore` of each tab in `fields` with what stands there ({} for all others, where
`fields` is not null; null: they stay as they are, and `iteration` is null too: nothing is to be waited for).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zerokara.errors import UsageError
from zerokara.lab import asked
from zerokara.lab.going_to import has_come
from zerokara.lab.lesson_files import START, Lesson, NumberAsked, Step
from zerokara.lab.lesson_measures import Looked
from zerokara.lab.lesson_pages import StepText
from zerokara.lab.lesson_rules import Value, printed
from zerokara.lab.lesson_shelf import Shelf
from zerokara.lab.messages import Message
from zerokara.lab.session import Session
from zerokara.lab.states import TABS, State, checked_fields
from zerokara.runs.untrusted import command
from zerokara.words import sentence

Fields = Mapping[str, Any]
PASTED = Path("state.toml")
"""What a state that was pasted is called in errors."""
LONGEST_VALUE = 200


def lessons(session: Session, shelf: Shelf, fields: Fields) -> dict[str, Any]:
    """All there are."""
    found, problems = shelf.all()
    listed = [
        {"name": one.name, "title": one.text.title, "about": one.text.about, "own": shelf.is_own(one.name)}
        for one in found
    ]
    return {"lessons": listed, "problems": problems}


def lesson(session: Session, shelf: Shelf, fields: Fields) -> dict[str, Any]:
    """One of them."""
    found = shelf.lesson(asked.word(fields, "lesson"))
    steps = [step.name for step in found.steps]
    return {"lesson": found.name, "title": found.text.title, "about": found.text.about, "steps": steps}


def lesson_step(session: Session, shelf: Shelf, fields: Fields) -> dict[str, Any]:
    """A step begins."""
    found, step, said = _at(shelf, fields)
    shown = _gone_to(session, found, step.begin, step, fields)
    if shown is not None and "ask" in shown:
        return shown
    values = _before(fields)
    return {
        "lesson": found.name,
        "step": found.steps.index(step),
        "name": step.name,
        "last": step is found.steps[-1],
        "text": said.text.filled(values),
        "predict": _prediction(step, said, values),
        "shows": step.show is not None or step.overlay is not None,
        "action": said.action.filled(values),
        "where": shown,
    }


def lesson_show(session: Session, shelf: Shelf, fields: Fields) -> dict[str, Any]:
    """The prediction has been made."""
    found, step, _ = _at(shelf, fields)
    shown = _gone_to(session, found, step.show, None, fields)
    if shown is not None and "ask" in shown:
        return shown
    return {"where": shown, "overlay": _before(fields).get(f"{step.overlay}.run") if step.overlay else None}


def lesson_measure(session: Session, shelf: Shelf, fields: Fields) -> dict[str, Any]:
    """What is to be done has been done, or not yet; and what came of it."""
    found, step, said = _at(shelf, fields)
    training, chosen = session.training, _chosen(fields)
    start = None if fields.get("start") is None else _values(asked.mapping(fields, "start"))
    state = found.states.get(step.show or step.begin or "")
    waits = state is not None and start is None and not has_come(training, state)
    if waits or training.returning is not None:
        return {"done": False, "start": None if waits else start}
    looked = Looked(training, session.subject(), chosen)
    if start is None:
        start = looked.values(step.started)
    known = {**_before(fields), **{f"{START}.{name}": value for name, value in start.items()}}
    if step.do is not None and not step.do.holds({**known, **looked.values(step.do.names & step.measures)}):
        return {"done": False, "start": start}
    measured = looked.values(step.measures)
    values = {**known, **measured}
    return {"done": True, "start": start, "values": measured, "text": said.came.filled(values)} | _compared(
        step, said, fields.get("prediction"), values
    )


def state(session: Session, shelf: Shelf, fields: Fields) -> dict[str, Any]:
    """What is shown, as TOML."""
    training = session.training
    snapshot = training.snapshot()
    at = snapshot.iteration
    made = tuple(change for change in training.changes if change.iteration <= at)
    chosen = {tab: kept for tab, kept in _chosen(fields).items() if kept}
    tab = asked.word(fields, "tab", TABS)
    return {"toml": State(training.prepared.recipe, at, made, tab, fields=chosen).to_toml()}


def open_state(session: Session, shelf: Shelf, fields: Fields) -> dict[str, Any]:
    """Go to a state that somebody pasted."""
    found = State.of_toml(asked.word(fields, "toml"), PASTED)
    shown = _shown(session, found, fields)
    return shown if "ask" in shown else {"where": shown}


def _at(shelf: Shelf, fields: Fields) -> tuple[Lesson, Step, StepText]:
    """The lesson and the step that a message is about."""
    found = shelf.lesson(asked.word(fields, "lesson"))
    number = asked.whole(fields, "step", 0)
    if number >= len(found.steps):
        raise UsageError(sentence("{name} cannot be used. Got {got!r}.", name="step", got=number), "wrong-value")
    step = found.steps[number]
    return found, step, found.text.steps[step.name]


def _gone_to(
    session: Session, found: Lesson, name: str | None, step: Step | None, fields: Fields
) -> dict[str, Any] | None:
    """Where the lab goes to, or what has to be asked first; None where all stays."""
    if name is not None:
        return _shown(session, found.states[name], fields)
    if step is None or step.tab is None:
        return None
    return {"tab": step.tab, "fields": None, "iteration": None, "training": None, "running": False}


def _shown(session: Session, state: State, fields: Fields) -> dict[str, Any]:
    """Go to a state, unless a training would stop that somebody began for its own sake and has not been asked about."""
    minded = session.minded(state)
    if minded is not None and fields.get("confirmed") is not True:
        return {
            "ask": sentence(
                "{run} is being trained. It would stop after update {iteration:,}, and be kept. To go on with it "
                "later: {command}",
                run=minded.name,
                iteration=minded.conductor.iteration,
                command=command("resume", minded.folder),
            )
        }
    return where(session, state)


def where(session: Session, state: State) -> dict[str, Any]:
    """Show a state; where the page finds it."""
    training = session.show(state)
    return {
        "tab": state.tab,
        "fields": _fitting(state, is_instead=session.recipe.dataset != state.recipe.dataset),
        "iteration": state.update,
        "training": training.serial,
        "running": state.running,
    }


def _fitting(state: State, *, is_instead: bool) -> dict[str, dict[str, Any]]:
    """What is chosen in the tabs; without places in pictures where other data took the place of those of the state."""
    fields = {tab: dict(chosen) for tab, chosen in state.fields.items()}
    probe = fields.get("probe", {})
    if is_instead and "W1" in (probe.get("parameter"), probe.get("other")):
        for name in ("index", "other", "other_index", "at"):
            probe.pop(name, None)
    return fields


def _prediction(step: Step, said: StepText, values: Mapping[str, Value]) -> dict[str, Any] | None:
    if not (step.choices or step.asked):
        return None
    asks = {"question": said.question.filled(values)}
    if step.asked is not None:
        return {**asks, "unit": "%" if step.asked.format.endswith("%") else ""}
    return {**asks, "choices": [{"name": name, "text": said.choices[name].filled(values)} for name in step.choices]}


def _compared(step: Step, said: StepText, prediction: Any, values: Mapping[str, Value]) -> dict[str, Any]:
    """What was predicted beside what came."""
    if step.asked is not None:
        return _number_compared(step.asked, prediction, values)
    predicted = prediction if isinstance(prediction, str) and prediction in step.choices else None
    name = next((name for name, rule in step.came if rule is None or rule.holds(values)), None)
    return {
        "predicted": said.choices[predicted].filled(values) if predicted else "",
        "came": said.choices[name].filled(values) if name else "",
        "right": None if predicted is None or name is None else predicted == name,
    }


def _number_compared(number: NumberAsked, prediction: Any, values: Mapping[str, Value]) -> dict[str, Any]:
    came = number.rule.value(values)
    predicted: float | None = None
    if isinstance(prediction, int | float) and not isinstance(prediction, bool) and math.isfinite(prediction):
        predicted = float(prediction) / (100 if number.format.endswith("%") else 1)
    right = None
    if predicted is not None and isinstance(came, float):
        right = abs(predicted - came) <= number.near
    return {
        "predicted": "" if predicted is None else printed(predicted, number.format),
        "came": printed(came, number.format),
        "right": right,
    }


def _before(fields: Fields) -> dict[str, Value]:
    """What earlier steps measured, as first.loss, which the page has kept."""
    found: dict[str, Value] = {}
    for step, measured in asked.mapping({"before": fields.get("before", {})}, "before").items():
        if not isinstance(measured, dict):
            raise UsageError(sentence("{name} cannot be used. Got {got!r}.", name="before", got=str(measured)[:40]))
        found |= {f"{step}.{name}": value for name, value in _values(measured).items()}
    return found


def _values(measured: Fields) -> dict[str, Value]:
    """Numbers and short texts, whoever sends them."""
    for value in measured.values():
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        is_text = isinstance(value, str) and len(value) <= LONGEST_VALUE
        if not (value is None or is_number or is_text):
            raise UsageError(sentence("{name} cannot be used. Got {got!r}.", name="before", got=str(value)[:40]))
    return dict(measured)


def _chosen(fields: Fields) -> dict[str, dict[str, Any]]:
    """What is chosen in the tabs."""
    tabs = asked.mapping({"fields": fields.get("fields", {})}, "fields")
    return {tab: checked_fields(tabs[tab], tab, PASTED) for tab in TABS if tab in tabs}


ANSWERS: Mapping[str, Callable[[Session, Shelf, Fields], dict[str, Any]]] = {
    "lessons": lessons,
    "lesson": lesson,
    "lesson_step": lesson_step,
    "lesson_show": lesson_show,
    "lesson_measure": lesson_measure,
    "state": state,
    "open_state": open_state,
}
STEERING = frozenset({"lesson_step", "lesson_show", "open_state"})
"""What only a view that steers may ask."""


def answered(session: Session, type: str, fields: Fields) -> Message:
    """The answer to one of these messages."""
    return Message(type, ANSWERS[type](session, session.shelf, fields))
