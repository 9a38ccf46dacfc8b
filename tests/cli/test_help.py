"""What --help prints, and how it is laid out."""

import re
from collections.abc import Callable
from dataclasses import fields

import pytest

from zerokara import words
from zerokara.cells import width
from zerokara.cli import main
from zerokara.cli.app import app
from zerokara.cli.help import Panel, help_page, told, wrapped
from zerokara.nn.activations import ACTIVATIONS
from zerokara.training.recipe import Recipe

COMMANDS = [
    [], ["train"], ["lab"], ["resume"], ["run"], ["book"], ["doctor"], ["check"], ["verify"], ["report"], ["evaluate"],
    ["compare"], ["predict"], ["info"], ["kit"], ["data"], ["data", "list"], ["data", "fetch"], ["data", "show"],
    ["runs"], ["runs", "list"], ["runs", "show"], ["runs", "draw"], ["runs", "rm"],
]  # fmt: skip


@pytest.fixture
def page(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], str]:
    """page(command): its help, on a terminal so wide that nothing is broken into lines."""
    monkeypatch.setenv("COLUMNS", "400")

    def page(command: list[str]) -> str:
        assert main([*command, "--help"]) == 0
        printed = capsys.readouterr()
        assert not printed.err
        return printed.out

    return page


def test_there_is_a_page_for_every_command() -> None:
    assert {command[0] for command in COMMANDS if command} == {name for name in app if not name.startswith("-")}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_page_has_usage_language_and_help(command, page) -> None:
    text = page(command)
    assert text.startswith(" ".join(["Usage: zerokara", *command]))
    assert re.search(r"\n  --lang LANG +The language of all texts.* \[choices: en, ja, ko\]\n", text)
    assert re.search(r"\n  --help, -h +Show this help\.\n", text)
    assert ("--version" in text) is (not command)
    assert text.count("--help") == 1


def test_the_options_of_train_are_the_fields_of_a_recipe_with_their_defaults_and_names(page) -> None:
    text = page(["train"])
    for field in fields(Recipe):
        line = next(line for line in text.splitlines() if f"--{field.name.replace('_', '-')} " in line)
        default = ",".join(map(str, field.default)) if field.name == "hidden" else field.default
        assert (f"[default: {default}]" in line) is (field.default is not None), line
        assert ("[choices: " in line) is (bool(field.metadata["names"]) and field.metadata["rule"] is None), line
    assert "[choices: auto, compiled, reference] [default: auto]" in text
    assert "[default: False]" not in text
    assert re.search(r"--quiet +Print nothing but errors\.\n", text)


def test_names_that_somebody_adds_are_choices(page, monkeypatch) -> None:
    monkeypatch.setitem(ACTIVATIONS, "mine", ACTIVATIONS["relu"])
    assert ", leaky-relu, mine] [default: relu]" in page(["train"])


def test_what_must_be_given_is_said_to_be_required(page) -> None:
    assert re.search(r"RUN, --run +The run's folder.* \[required\]\n", page(["resume"]))
    assert "[required]" not in page(["check"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_all_of_a_page_is_translated_when_it_is_shown(command, page, marked) -> None:
    """Titles too, and those of cyclopts; what stands outside is only how an option is written."""
    text = page(command)
    for line in text.splitlines():
        left = re.sub(r"⟦[^⟦⟧]*⟧", "⟦⟧", line)
        assert re.fullmatch(r"|⟦⟧|⟦⟧:|( ?⟦⟧)+|  [A-Z, a-z0-9|.-]+  +( ?⟦⟧)+", left), line


PANELS = [
    Panel("データ", [("--dataset STR", "データセットの名前、またはフォルダ。 [default: mnist]")]),
    Panel("学習", [("--learning-rate FLOAT", "学習率。"), ("--画像", "one two three four five six seven eight")]),
]


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_columns_line_up_by_cells_and_no_line_is_wider_than_the_terminal(columns, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = help_page("zerokara x", ["これは説明です。" * 12], PANELS).splitlines()
    wide = 2 + len("--learning-rate FLOAT") + 2
    assert max(map(width, lines)) <= max(columns, wide + 24)
    rows = [line for line in lines if line.startswith("  ")]
    assert len(rows) >= 5
    for row in rows:
        at = len(row) - len(row.lstrip()) if row.startswith(" " * 4) else row.index("  ", 2) + 2
        assert width(row[:at].ljust(at)) == wide or row[at:].startswith(" "), row


@pytest.mark.parametrize(
    ("text", "cells", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two", 3, ["one", "two"]),
        ("unbreakable", 3, ["unbreakable"]),
        ("", 9, [""]),
        ("重みの初期値。", 8, ["重みの初", "期値。"]),
        ("重みの初期。値", 10, ["重みの初", "期。値"]),  # 。 begins no line
        ("これは「重み」です", 8, ["これは", "「重み」", "です"]),
        ("학습률은 양수", 8, ["학습률은", "양수"]),  # Korean has blanks between its words
        ("以上 [default: 0.1]", 14, ["以上", "[default: 0.1]"]),
        ("of the loss.[既定値: 0.0]", 18, ["of the loss.", "[既定値: 0.0]"]),
        ("[network]、[data]、[training]", 11, ["[network]、", "[data]、", "[training]"]),
        ("[選択肢: relu, sigmoid, tanh, gelu]", 19, ["[選択肢: relu,", "sigmoid, tanh,", "gelu]"]),
        ("[choices: relu, sigmoid, tanh]", 20, ["[choices: relu,", "sigmoid, tanh]"]),
        ("勾配。[選択肢: float32, float64]", 13, ["勾配。[選択", "肢: float32,", "float64]"]),  # : begins no line
        ("zerokara train は", 14, ["zerokara train", "は"]),
    ],
)
def test_wrapping(text: str, cells: int, lines: list[str]) -> None:
    assert wrapped(text, cells) == lines


def test_labels_follow_the_text() -> None:
    assert told("What is done.", ["a", "b"], "a", required=True) == (
        "What is done. [choices: a, b] [default: a] [required]"
    )
    assert told("What is done.") == "What is done."


def test_help_is_that_of_the_language_at_that_moment(page, monkeypatch) -> None:
    """Not of when the commands were loaded."""
    before = page(["train"])

    class Shouting(words.English):
        def gettext(self, message: str) -> str:
            return re.sub(r"[a-z](?![^{]*\})", lambda found: found[0].upper(), message)

    monkeypatch.setattr(words, "_spoken", ("en", Shouting()))
    assert "HOW GRADIENTS ARE COMPUTED. [CHOICES: backprop, numerical]" in page(["train"])
    monkeypatch.undo()
    monkeypatch.setenv("COLUMNS", "400")
    assert page(["train"]) == before
