"""Lessons as files: a folder of each, with lesson.toml, a text in each language, and states of the lab.

    what-loss-is/               the folder's name is that of the lesson: small letters, digits, hyphens
        lesson.toml             the steps
        en.md  ja.md  ko.md     the texts; one language is enough
        trained.toml            a state, as the lab copies it (`zerokara.lab.states`); any number of them

lesson.toml has the steps, in order:

    [[step]]
    name = "first"              small letters, digits, _ ; texts and later steps call it so
    begin = "trained"           the state that the lab goes to when the step begins: trained.toml
    show = "broken"             the state that it goes to after the prediction
    tab = "train"               the tab that is shown, where no state says it
    predict = ["rises", "falls"]                    a prediction to be chosen of these, before anything is shown,
    predict = { number = "loss", near = 0.1, format = ".2f" }     or a number, which is right if it is that near
    do = "abs(probe.at - start.probe.at) > 0.2"     what the learner does in the lab; the step waits until it is so
    came = [                                        what came, of the choices: the first whose rule holds
        { choice = "rises", when = "probe.loss > start.probe.loss" },
        { choice = "falls" },                       the last one has no rule
    ]
    overlay = "first"           the curve of the training that was measured in that step is drawn over this one

All but the name may be left out. Steps go like this: the lab goes to `begin`; the text is read, and a prediction is
made; the lab goes to `show`; what is to be done is done; then numbers are measured, and what came is told, beside the
prediction. What has to be measured follows from the rules and texts that mention it: `zerokara.lab.lesson_rules`,
`zerokara.lab.lesson_measures`.

en.md, ja.md and ko.md have the same headings, which stay English but for the title and the texts themselves:

    # What the loss is          the title; below it one paragraph for the list of lessons

    ## first                    the step of that name, and its text
    One weight is the dot on the curve. …

    ### Prediction              where the step has `predict`: the question, and for choices a list of all of them
    You drag the dot to the right. What happens to the loss?
    - rises: It rises.
    - falls: It falls.

    ### Action                  where the step has `do`: what to do, in one sentence
    Drag the dot.

    ### What came               told at the end of the step; without it nothing is
    The loss was {start.probe.loss:.3f}, and is {probe.loss:.3f} now.

Texts are plain text in paragraphs; a line break within a paragraph is a space. {loss:.3f} is a measure, or anything
that a rule can compute of several, {first.loss / loss:.0f}, as Python formats it: `,`, `.3f`, `.2e`, `.3g`, `.1%`.
Before "What came", only those of earlier steps can stand. Braces themselves are {{ and }}.

Files may be a stranger's. Sizes are bounded, links are not followed, nothing outside the folder is read, and nothing is
executed. What is wrong is refused with a sentence that names file and place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zerokara.data.entries import ENTRIES
from zerokara.errors import RunError, UsageError, unknown_name
from zerokara.lab.lesson_measures import GROUPS, check_measure
from zerokara.lab.lesson_pages import CAME, LessonText, StepText, read_page
from zerokara.lab.lesson_rules import FORMAT, Rule
from zerokara.lab.states import TABS, State, tables_of
from zerokara.runs.untrusted import read_text
from zerokara.words import LANGUAGES, language, paragraph, sentence, translatable

BUILT_IN = Path(__file__).with_name("lessons")
FILE = "lesson.toml"
MOST_BYTES = 64_000
"""Of a file of a lesson."""
MOST_LESSONS, MOST_STEPS, MOST_CHOICES = 100, 20, 10
LESSON_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
STEP_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
START = "start"
"""Stands before measures as they were when a step began to wait for the learner."""
KEYS = ("name", "begin", "show", "tab", "predict", "do", "came", "overlay")
A_KEY = translatable("{place}: a step has the fields {names}. Got {got!r:.60}.")
NAMED = translatable("{place}: {field} must be one of {names}. Got {got!r:.60}.")
WRONG = translatable("{place}: {field} cannot be used. Got {got!r:.60}.")


@dataclass(frozen=True)
class NumberAsked:
    """A number that is to be predicted.

    Attributes:
        rule: what comes; near: how far off a prediction may be; format: how both are printed.
    """

    rule: Rule
    near: float
    format: str


@dataclass(frozen=True)
class Step:
    """One step; see above.

    Attributes:
        choices: names of those that can be predicted; asked: the number that is, instead.
        came: choices and the rules by which they came; None: it always does.
        measures: that later steps, and this one at its end, need; started: those when it begins to wait.
    """

    name: str
    begin: str | None
    show: str | None
    tab: str | None
    choices: tuple[str, ...]
    asked: NumberAsked | None
    do: Rule | None
    came: tuple[tuple[str, Rule | None], ...]
    overlay: str | None
    measures: frozenset[str] = frozenset()
    started: frozenset[str] = frozenset()

    def rules(self) -> Iterator[Rule]:
        """All of them."""
        yield from filter(None, [self.do, self.asked and self.asked.rule, *(rule for _, rule in self.came)])


@dataclass(frozen=True)
class Lesson:
    """A lesson whose files fit together.

    Attributes:
        states: by name; texts: by language.
    """

    name: str
    steps: tuple[Step, ...]
    states: Mapping[str, State]
    texts: Mapping[str, LessonText]

    @property
    def text(self) -> LessonText:
        """In the language that is spoken; else in English, else in any that there is."""
        return next(self.texts[one] for one in (language(), *LANGUAGES) if one in self.texts)


def read_lesson(folder: Path) -> Lesson:
    """The lesson in a folder. Raises UsageError that names file and place of what is wrong."""
    file = folder / FILE
    tables = tables_of(_read(file), file)
    listed = tables.pop("step", None)
    if tables or not isinstance(listed, list) or not 1 <= len(listed) <= MOST_STEPS:
        raise UsageError(
            sentence(
                "{file}: a lesson has 1 to {most} steps, each below a line [[step]], and nothing else.",
                file=file,
                most=MOST_STEPS,
            ),
            "wrong-value",
        )
    steps: list[Step] = []
    for number, table in enumerate(listed, 1):
        steps.append(_step(table, f"{file}, [[step]] {number}", steps))
        _check_states(steps[-1], folder, f"{file}, [[step]] {number}")
    texts = {one: read_page(_read(folder / f"{one}.md"), folder / f"{one}.md") for one in _languages(folder)}
    if not texts:
        raise UsageError(
            sentence("{folder} has no text: none of en.md, ja.md and ko.md is there.", folder=folder), "wrong-value"
        )
    for text in texts.values():
        _check_text(text, steps)
    states = {name: _state(folder, name) for name in _states(steps)}
    return Lesson(folder.name, _with_measures(steps, texts.values(), file), states, texts)


def _read(file: Path) -> str:
    try:
        return read_text(file, MOST_BYTES)
    except RunError as error:
        raise UsageError(str(error), "wrong-value") from error


def _languages(folder: Path) -> list[str]:
    return [one for one in LANGUAGES if os.path.lexists(folder / f"{one}.md")]


def _states(steps: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(name for step in steps for name in (step.begin, step.show) if name))


def _check_states(step: Step, folder: Path, place: str) -> None:
    """Refuse the name of a state that is not there, where others are."""
    there = sorted(file.stem for file in folder.glob("*.toml") if file.name != FILE)
    for field_name, name in (("begin", step.begin), ("show", step.show)):
        if name and there and not os.path.lexists(folder / f"{name}.toml"):
            raise unknown_name(field_name, name, there, NAMED, place=place, field=field_name)


def _state(folder: Path, name: str) -> State:
    """A state beside the lesson. Its data must have a name: a path would lead out of the folder."""
    file = folder / f"{name}.toml"
    state = State.of_toml(_read(file), file)
    if state.recipe.dataset not in ENTRIES:
        raise unknown_name("dataset", state.recipe.dataset, ENTRIES, NAMED, place=file, field="dataset")
    return state


def _step(table: Any, place: str, before: Sequence[Step]) -> Step:
    """One step of lesson.toml."""
    if not isinstance(table, dict):
        raise _wrong(place, "step", table)
    for name in table:
        if name not in KEYS:
            raise unknown_name("field", name, KEYS, A_KEY, place=place)
    name, earlier = table.get("name"), [step.name for step in before]
    if not isinstance(name, str) or not STEP_NAME.fullmatch(name) or name in (*earlier, START) or _is_group(name):
        raise _wrong(place, "name", name)
    for field_name in ("begin", "show"):
        got = table.get(field_name)
        if got is not None and not (isinstance(got, str) and STEP_NAME.fullmatch(got.replace("-", "_"))):
            raise _wrong(place, field_name, got)
    for field_name, names in (("tab", TABS), ("overlay", earlier)):
        if field_name in table and table[field_name] not in names:
            raise unknown_name(field_name, table[field_name], names, NAMED, place=place, field=field_name)
    choices, number = _predicted(table.get("predict"), place)
    return Step(
        name,
        table.get("begin"),
        table.get("show"),
        table.get("tab"),
        choices,
        number,
        _rule(table["do"], place, "do") if "do" in table else None,
        _came(table.get("came"), choices, place),
        table.get("overlay"),
    )


def _predicted(got: Any, place: str) -> tuple[tuple[str, ...], NumberAsked | None]:
    if got is None:
        return (), None
    if isinstance(got, list):
        fits = all(isinstance(name, str) and STEP_NAME.fullmatch(name) for name in got)
        if not fits or not 2 <= len(got) <= MOST_CHOICES or len(set(got)) < len(got):
            raise _wrong(place, "predict", got)
        return tuple(got), None
    if not isinstance(got, dict) or not {"number", "near"} <= set(got) <= {"number", "near", "format"}:
        raise _wrong(place, "predict", got)
    near, format = got["near"], got.get("format", "")
    if not isinstance(near, int | float) or isinstance(near, bool) or not 0 <= near < float("inf"):
        raise _wrong(place, "predict.near", near)
    if not isinstance(format, str) or not FORMAT.fullmatch(format):
        raise _wrong(place, "predict.format", format)
    return (), NumberAsked(_rule(got["number"], place, "predict.number"), float(near), format)


def _came(got: Any, choices: Sequence[str], place: str) -> tuple[tuple[str, Rule | None], ...]:
    """Every choice may come, and one always does."""
    if not choices and got is None:
        return ()
    if not isinstance(got, list) or not choices or len(got) > 3 * MOST_CHOICES:
        raise _wrong(place, "came", got)
    found: list[tuple[str, Rule | None]] = []
    for number, one in enumerate(got, 1):
        where = f"came {number}"
        if not isinstance(one, dict) or not {"choice"} <= set(one) <= {"choice", "when"}:
            raise _wrong(place, where, one)
        if one["choice"] not in choices:
            raise unknown_name("choice", one["choice"], choices, NAMED, place=place, field=f"{where}.choice")
        if ("when" in one) != (number < len(got)):
            raise UsageError(
                sentence("{place}: each of came has a rule, when, but the last, which has none.", place=place),
                "wrong-value",
            )
        found.append((one["choice"], _rule(one["when"], place, f"{where}.when") if "when" in one else None))
    if not found:
        raise _wrong(place, "came", got)
    return tuple(found)


def _rule(got: Any, place: str, field_name: str) -> Rule:
    try:
        return Rule.of(got if isinstance(got, str) else repr(got)[:80])
    except UsageError as error:
        raise UsageError(paragraph(str(_wrong(place, field_name, got)), str(error)), "wrong-value") from error


def _wrong(place: object, field_name: str, got: object) -> UsageError:
    return UsageError(sentence(WRONG, place=place, field=field_name, got=got), "wrong-value")


def _is_group(name: str) -> bool:
    """Whether measures begin with it, so that no step may."""
    return name in GROUPS


def _check_text(text: LessonText, steps: Sequence[Step]) -> None:
    """Refuse a text that lacks something, or says something that no step has."""
    names = [step.name for step in steps]
    for name, said in text.steps.items():
        if name not in names:
            raise unknown_name("step", name, names, NAMED, place=_place(text, said), field="##")
    for step in steps:
        told = text.steps.get(step.name)
        if told is None or not (told.text.text or told.question.text or told.action.text or told.came.text):
            raise UsageError(
                sentence(
                    "{file}: step {step} has no text. Expected it below a line {heading}",
                    file=text.file,
                    step=step.name,
                    heading=f"## {step.name}",
                ),
                "wrong-value",
            )
        asks = bool(step.choices or step.asked)
        for wanted, heading, template in (
            (asks, "### Prediction", told.question),
            (bool(step.do), "### Action", told.action),
        ):
            if wanted != bool(template.text):
                raise UsageError(
                    sentence(
                        "{place}: a step has a text below {heading} if lesson.toml has {field} in it, and only then.",
                        place=_place(text, told),
                        heading=heading,
                        field="predict" if template is told.question else "do",
                    ),
                    "wrong-value",
                )
        if set(told.choices) != set(step.choices):
            raise UsageError(
                sentence(
                    "{place}: the choices are {got}. Expected those of lesson.toml: {expected}.",
                    place=_place(text, told),
                    got=", ".join(told.choices) or "–",
                    expected=", ".join(step.choices) or "–",
                ),
                "wrong-value",
            )


def _place(text: LessonText, told: StepText) -> str:
    """Where it stands, as compilers write it."""
    return f"{text.file}:{told.line}"


def _with_measures(steps: Sequence[Step], texts: Iterable[LessonText], file: Path) -> tuple[Step, ...]:
    """The steps, with what has to be measured in each of them. Raises UsageError for a name that is none."""
    taken: dict[str, set[str]] = {step.name: set() for step in steps}
    started: dict[str, set[str]] = {step.name: set() for step in steps}
    for number, step in enumerate(steps, 1):
        earlier = [one.name for one in steps[: number - 1]]
        mentions = [(rule.names, f"{file}, [[step]] {number}", True) for rule in step.rules()]
        for text in texts:
            said = text.steps[step.name]
            before = [said.text, said.question, said.action, *said.choices.values()]
            mentions += [(template.names, _place(text, said), False) for template in before]
            mentions.append((said.came.names, _place(text, said), True))
        for names, place, is_measured in mentions:
            for name in sorted(names):
                owner, measure = _owner(name, earlier)
                _check_mention(measure, place)
                if owner in earlier:
                    taken[owner].add(measure)
                elif not is_measured:
                    raise UsageError(
                        sentence(
                            "{place}: {name} is not known yet where this is read. Before {heading}, only measures of "
                            "earlier steps can stand, such as {example}.",
                            place=place,
                            name=name,
                            heading=f"### {CAME}",
                            example="first.loss",
                        ),
                        "wrong-value",
                    )
                else:
                    (started if owner == START else taken)[step.name].add(measure)
        if step.overlay:
            taken[step.overlay].add("run")
    made = (replace(s, measures=frozenset(taken[s.name]), started=frozenset(started[s.name])) for s in steps)
    return tuple(made)


def _owner(name: str, earlier: Sequence[str]) -> tuple[str, str]:
    """The step that a measure is of, or `START`, or "" for the step itself; and the measure."""
    head, _, rest = name.partition(".")
    return (head, rest) if rest and head in (*earlier, START) else ("", name)


def _check_mention(measure: str, place: str) -> None:
    try:
        check_measure(measure)
    except UsageError as error:
        # Translators: {place} is a file, and a place in it.
        raise UsageError(
            paragraph(sentence("{place} names what is not measured.", place=place), str(error)), error.code
        ) from error
