"""Lessons as files: what is read of them, and that what does not fit is refused with file and place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zerokara.errors import UsageError
from zerokara.lab.lesson_files import read_lesson
from zerokara.lab.lesson_shelf import Shelf
from zerokara.words import LANGUAGES, set_language

TOML = """
[[step]]
name = "one"
begin = "untrained"
predict = ["rises", "falls"]
do = "update > start.update + 10"
came = [{ choice = "rises", when = "loss > start.loss" }, { choice = "falls" }]

[[step]]
name = "two"
show = "untrained"
predict = { number = "test_accuracy", near = 0.05, format = ".0%" }
overlay = "one"
"""
PAGE = """# A title

About it,
in two lines.

## one
Text.

### Prediction
What happens?
- rises: Up.
- falls: Down.
### Action
Train.
### What came
From {start.loss:.2f} to {loss:.2f}.

## two
It was {one.gradient.W1:.2e} and {one.loss / one.epoch:.1f}.
### Prediction
How good?
"""
STATE = "[data]\ndataset = 'digits'\n[training]\niterations = 120\n"
Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """made(toml=…, en=…): the folder of a lesson with these files in place of good ones; None leaves one out."""

    def made(**other: str | bytes | None) -> Path:
        folder = tmp_path / "lessons" / "a-lesson"
        folder.mkdir(parents=True)
        files = {"lesson.toml": TOML, "en.md": PAGE, "untrained.toml": STATE}
        names = {"toml": "lesson.toml", "state": "untrained.toml", "en": "en.md", "ja": "ja.md"}
        files |= {names[name]: text for name, text in other.items()}
        for name, text in files.items():
            if text is not None:
                (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder

    return made


def test_a_lesson_is_read_and_knows_what_to_measure(made: Made) -> None:
    lesson = read_lesson(made(en=PAGE.replace("\n", "\r\n")))
    one, two = lesson.steps
    assert lesson.name == "a-lesson"
    assert (lesson.text.title, lesson.text.about) == ("A title", "About it, in two lines.")
    assert one.measures == {"update", "loss", "gradient.W1", "epoch", "run"}
    assert one.started == {"update", "loss"}
    assert two.measures == {"test_accuracy"}
    assert two.started == set()
    assert list(lesson.states) == ["untrained"]
    assert lesson.text.steps["one"].choices["rises"].text == "Up."


def test_lines_of_a_paragraph_are_joined_without_a_space_in_japanese(made: Made) -> None:
    folder = made(en=None, ja=PAGE.replace("About it,\n", "これは、\n"))
    assert read_lesson(folder).text.about == "これは、in two lines."


def replaced(text: str, *pairs: str) -> str:
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    return text


WRONG_TOML = [
    ("x", "lesson.toml cannot be read: "),
    ("", "a lesson has 1 to 20 steps"),
    ("title = 'x'\n" + TOML, "a lesson has 1 to 20 steps"),
    ("step = [3]", "[[step]] 1: step cannot be used. Got 3."),
    (replaced(TOML, "begin", "begins"), "[[step]] 1: a step has the fields name, begin,"),
    (replaced(TOML, '"one"', '"One"'), "[[step]] 1: name cannot be used. Got 'One'."),
    (replaced(TOML, '"one"', '"probe"'), "[[step]] 1: name cannot be used. Got 'probe'."),
    (replaced(TOML, '"one"', '"start"'), "[[step]] 1: name cannot be used."),
    (replaced(TOML, '"two"', '"one"'), "[[step]] 2: name cannot be used. Got 'one'."),
    (replaced(TOML, '"untrained"', '"../untrained"'), "[[step]] 1: begin cannot be used. Got '../untrained'."),
    (replaced(TOML, '"untrained"', '"untraind"'), "[[step]] 1: begin must be one of untrained. Got 'untraind'."),
    (replaced(TOML, 'begin = "untrained"', "tab = 'x'"), "[[step]] 1: tab must be one of train, draw, probe, step."),
    (replaced(TOML, 'overlay = "one"', 'overlay = "two"'), "[[step]] 2: overlay must be one of one. Got 'two'."),
    (replaced(TOML, '["rises", "falls"]', '["rises"]'), "[[step]] 1: predict cannot be used."),
    (replaced(TOML, '["rises", "falls"]', '["rises", "rises"]'), "[[step]] 1: predict cannot be used."),
    (replaced(TOML, "near = 0.05", "near = -1"), "[[step]] 2: predict.near cannot be used. Got -1."),
    (replaced(TOML, ".0%", "x"), "[[step]] 2: predict.format cannot be used. Got 'x'."),
    (
        replaced(TOML, '"test_accuracy"', '"f()"'),
        "[[step]] 2: predict.number cannot be used. Got 'f()'. f() is no rule.",
    ),
    (replaced(TOML, '"test_accuracy"', '"two.loss"'), "[[step]] 2 names what is not measured. measure must be one of"),
    (replaced(TOML, '"update > start', '"update ! start'), "[[step]] 1: do cannot be used."),
    (replaced(TOML, "loss > start.loss", "los > start.loss"), "[[step]] 1 names what is not measured."),
    (replaced(TOML, "loss > start.loss", "two.loss > 1"), "[[step]] 1 names what is not measured."),
    (replaced(TOML, 'choice = "falls"', 'choice = "fall"'), "came 2.choice must be one of rises, falls. Got 'fall'."),
    (replaced(TOML, ', { choice = "falls" }', ""), "[[step]] 1: each of came has a rule, when, but the last"),
    (
        replaced(TOML, ', { choice = "falls" }', ', { choice = "falls", when = "1 < 2" }'),
        "each of came has a rule, when",
    ),
    (replaced(TOML, "came = [", "came = [{ choice = 'falls' }, "), "[[step]] 1: each of came has a rule, when"),
    ("[[step]]\nname = 'a'\n" * 21, "a lesson has 1 to 20 steps"),
    ("[[step]]\nname = 'one'\ndo." + "a." * 20_000 + "a = 1", "The file is nested too deeply."),
    ("#" * 70_000, "The file has more than 64,000 bytes."),
    (b"\xff", "lesson.toml cannot be used: "),
]


@pytest.mark.parametrize(("toml", "message"), WRONG_TOML, ids=range(len(WRONG_TOML)))
def test_a_wrong_toml(made: Made, toml: str | bytes, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_lesson(made(toml=toml))
    assert message in str(refused.value)
    assert "a-lesson" in str(refused.value)


WRONG_PAGES = [
    ("", "en.md, line 1: '' cannot be used. A lesson's text begins with its title: # Title"),
    ("Text", "en.md, line 1: 'Text' cannot be used. A lesson's text begins"),
    (replaced(PAGE, "## one", "#### one"), "en.md, line 6: '#### one' cannot be used. Headings have one to three"),
    (replaced(PAGE, "## two", "## one"), "en.md, line 18: 'one' cannot be used. Each step has one heading of its own"),
    (replaced(PAGE, "### Action", "### Do"), "line 13: 'Do' cannot be used. The headings in a step are once each: ###"),
    (replaced(PAGE, "### Action", "### Prediction"), "line 13: 'Prediction' cannot be used."),
    (
        replaced(PAGE, "- falls: Down.", "- rises: Down."),
        "line 12: '- rises: Down.' cannot be used. A choice is written",
    ),
    (replaced(PAGE, "- falls: Down.", "and more"), "line 12: 'and more' cannot be used."),
    (
        replaced(PAGE, "- falls: Down.\n", ""),
        "en.md:6: the choices are rises. Expected those of lesson.toml: rises, falls.",
    ),
    (replaced(PAGE, "## two", "## three"), "en.md:18: ## must be one of one, two. Got 'three'."),
    (PAGE[: PAGE.index("## two")], "en.md: step two has no text. Expected it below a line ## two"),
    (replaced(PAGE, "### Action\nTrain.\n", ""), "en.md:6: a step has a text below ### Action if lesson.toml has do"),
    (
        replaced(PAGE, "### Prediction\nHow good?", ""),
        "en.md:18: a step has a text below ### Prediction if lesson.toml",
    ),
    (PAGE + "### Action\nGo.\n", "en.md:18: a step has a text below ### Action if lesson.toml has do"),
    (replaced(PAGE, "Train.", "Train from {update}."), "en.md:6: update is not known yet where this is read."),
    (replaced(PAGE, "Train.", "Train from {start.update}."), "en.md:6: start.update is not known yet"),
    (replaced(PAGE, "{loss:.2f}", "{los:.2f}"), "en.md:6 names what is not measured. measure must be one of"),
    (replaced(PAGE, "gradient.W1", "gradient.w1"), "en.md:18 names what is not measured."),
    (replaced(PAGE, "{loss:.2f}", "{two.loss:.2f}"), "en.md:6 names what is not measured."),
    (replaced(PAGE, "{loss:.2f}", "{loss:>999999999}"), "line 15: 'From {start.loss"),
    (replaced(PAGE, "{loss:.2f}", "{loss"), "line 15: 'From {start.loss"),
]


@pytest.mark.parametrize(("page", "message"), WRONG_PAGES, ids=range(len(WRONG_PAGES)))
def test_a_wrong_text(made: Made, page: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_lesson(made(en=page))
    assert message in str(refused.value)


def test_texts_of_all_languages_must_fit_and_one_must_be_there(made: Made) -> None:
    folder = made(en=PAGE, ja=PAGE.replace("- falls: Down.\n", ""))
    with pytest.raises(UsageError, match=r"ja\.md:6: the choices are rises\."):
        read_lesson(folder)
    for name in ("en.md", "ja.md"):
        (folder / name).unlink()
    with pytest.raises(UsageError, match=r"a-lesson has no text: none of en\.md, ja\.md and ko\.md is there\."):
        read_lesson(folder)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("[state]\nupdate = -1", "untrained.toml: state.update cannot be used"),
        ("[data]\ndataset = '/etc'", "untrained.toml: dataset must be one of digits, mnist,"),
        (None, "untrained.toml cannot be used: No such file or directory"),
    ],
)
def test_a_wrong_state(made: Made, state: str | None, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_lesson(made(state=state))
    assert message in str(refused.value)


@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
def test_links_and_pipes_are_not_read(made: Made) -> None:
    folder = made(state=None)
    (folder / "untrained.toml").symlink_to("/etc/hostname")
    with pytest.raises(UsageError, match="links are not followed"):
        read_lesson(folder)
    (folder / "untrained.toml").unlink()
    os.mkfifo(folder / "untrained.toml")
    with pytest.raises(UsageError, match="not a plain file"):
        read_lesson(folder)


def test_a_teachers_folder_comes_before_zerokaras_own_lessons(made: Made, tmp_path: Path) -> None:
    folder = made(en=PAGE)
    (tmp_path / "lessons" / "broken").mkdir()
    (tmp_path / "lessons" / "broken" / "lesson.toml").write_text("")
    (tmp_path / "lessons" / "no lesson").mkdir()
    (tmp_path / "lessons" / "linked").symlink_to(folder)
    shelf = Shelf(tmp_path / "lessons")
    lessons, problems = shelf.all()
    assert [lesson.name for lesson in lessons][:2] == ["a-lesson", "what-loss-is"]
    assert [problem for problem in problems if "broken" in problem] == problems != []
    assert (shelf.is_own("a-lesson"), shelf.is_own("what-loss-is")) == (True, False)
    assert next(iter(Shelf(folder).folders())) == "a-lesson", "a folder of one"
    with pytest.raises(UsageError, match=r"lesson must be one of a-lesson, broken, .* Did you mean a-lesson\?"):
        shelf.lesson("a-leson")
    with pytest.raises(UsageError, match=r"is not a folder\. Expected one with lessons"):
        Shelf(tmp_path / "nowhere")


def test_zerokaras_own_lessons_fit_in_all_languages() -> None:
    lessons, problems = Shelf().all()
    assert problems == []
    assert lessons
    for lesson in lessons:
        assert set(lesson.texts) == set(LANGUAGES), lesson.name
        titles = {set_language(one) and lesson.text.title for one in LANGUAGES}
        assert len(titles) == 3
    set_language("en")
