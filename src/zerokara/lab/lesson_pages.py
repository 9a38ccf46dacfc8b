"""The text of a lesson in one language, en.md, ja.md or ko.md, taken apart; see `zerokara.lab.lesson_files`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zerokara.errors import UsageError
from zerokara.lab.lesson_rules import Template
from zerokara.words import in_english, paragraph, sentence, translatable

PREDICTION, ACTION, CAME = "Prediction", "Action", in_english("What came")
PARTS = (PREDICTION, ACTION, CAME)
CHOICE = re.compile(r"- ([a-z][a-z0-9_]*): (\S.*)")
PLACE = translatable("{file}, line {line}: {text!r:.60} cannot be used.")


@dataclass(frozen=True)
class StepText:
    """What is said in one step.

    Attributes:
        text, question, action, came: "" where nothing is said.
        choices: by their names.
        line: of its heading.
    """

    line: int
    text: Template
    question: Template
    action: Template
    came: Template
    choices: Mapping[str, Template] = field(default_factory=dict)


@dataclass(frozen=True)
class LessonText:
    """All that a lesson says in one language."""

    file: Path
    title: str
    about: str
    steps: Mapping[str, StepText]


def read_page(text: str, file: Path) -> LessonText:
    """Take a text apart. Raises UsageError that names file and line of what does not fit."""
    sections = list(_sections(text.removeprefix("\ufeff").splitlines(), file))
    if not sections or sections[0][0] != 1 or not sections[0][1]:
        first = next(iter(text.splitlines()), "")
        raise _wrong(file, 1, first, sentence("A lesson's text begins with its title: # Title"))
    title, about = sections[0][1], _joined(sections[0][3], file)
    steps: dict[str, StepText] = {}
    at = 1
    while at < len(sections):
        level, name, line, lines = sections[at]
        if level != 2 or name in steps:
            raise _wrong(file, line, name, sentence("Each step has one heading of its own: ## NAME"))
        parts, at = {}, at + 1
        while at < len(sections) and sections[at][0] == 3:
            _, part, where, inner = sections[at]
            if part not in PARTS or part in parts:
                expected = sentence("The headings in a step are once each: {parts}.", parts=", ".join(_headings()))
                raise _wrong(file, where, part, expected)
            parts[part], at = (where, inner), at + 1
        steps[name] = _step(line, lines, parts, file)
    return LessonText(file, title, about, steps)


def _headings() -> list[str]:
    return [f"### {part}" for part in PARTS]


def _sections(lines: list[str], file: Path) -> Iterator[tuple[int, str, int, list[str]]]:
    """Each heading: its level, its text, its line from 1, and the lines below it."""
    found: tuple[int, str, int, list[str]] | None = None
    for number, line in enumerate(lines, 1):
        marks = len(line) - len(line.lstrip("#"))
        if marks and line[marks : marks + 1] in ("", " "):
            if found:
                yield found
            if marks > 3:
                raise _wrong(file, number, line, sentence("Headings have one to three # marks."))
            found = marks, line[marks:].strip(), number, []
        elif found:
            found[3].append(line)
        elif line.strip():
            raise _wrong(file, number, line, sentence("A lesson's text begins with its title: # Title"))
    if found:
        yield found


def _step(line: int, lines: list[str], parts: Mapping[str, tuple[int, list[str]]], file: Path) -> StepText:
    question, choices = _asked(*parts.get(PREDICTION, (line, [])), file)

    def template(of: list[str], at: int) -> Template:
        return _template(_joined(of, file), at, file)

    where, inner = parts.get(ACTION, (line, []))
    action = template(inner, where)
    where, inner = parts.get(CAME, (line, []))
    return StepText(line, template(lines, line), question, action, template(inner, where), choices)


def _asked(line: int, lines: list[str], file: Path) -> tuple[Template, dict[str, Template]]:
    """A question, and its choices."""
    choices: dict[str, Template] = {}
    question: list[str] = []
    for number, one in enumerate(lines, line + 1):
        match = CHOICE.fullmatch(one.strip())
        if match and match[1] not in choices:
            choices[match[1]] = _template(match[2], number, file)
        elif one.lstrip().startswith("- ") or (choices and one.strip()):
            raise _wrong(file, number, one, sentence("A choice is written once, on one line: - NAME: TEXT"))
        else:
            question.append(one)
    return _template(_joined(question, file), line, file), choices


def _template(text: str, line: int, file: Path) -> Template:
    try:
        return Template.of(text)
    except UsageError as error:
        raise _wrong(file, line, text, str(error)) from error


def _joined(lines: list[str], file: Path) -> str:
    """Paragraphs, parted by an empty line; the lines of one are joined, in Japanese without a space."""
    space = "" if file.stem == "ja" else " "
    paragraphs = "\n".join(line.strip() for line in lines).split("\n\n")
    return "\n\n".join(filter(None, (space.join(filter(None, one.split("\n"))) for one in paragraphs)))


def _wrong(file: Path, line: int, text: str, why: str) -> UsageError:
    return UsageError(paragraph(sentence(PLACE, file=file, line=line, text=text), why), "wrong-value")
