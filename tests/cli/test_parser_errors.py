"""What cyclopts cannot parse, in sentences of ours, with a code for programs."""

import json
import re
from collections.abc import Callable
from typing import Annotated, Literal

import cyclopts
import pytest
from cyclopts import App, CycloptsError, Parameter

from zerokara.cli import main
from zerokara.cli.parser_errors import REFUSALS, refusal


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("trian", "unknown-option", "zerokara has no command 'trian'. It has train, lab, resume, predict, run, book, "
         "evaluate, compare, doctor, report, check, verify, info, kit, data, runs. Did you mean train?"),
        ("runs lst", "unknown-option", "zerokara runs has no command 'lst'. It has list, show, draw, rm. "
         "Did you mean list?"),
        ("data x y", "unknown-option", "zerokara data has no command 'x'. It has list, fetch, show."),
        ("--x", "unknown-option", "zerokara has no option --x. See zerokara --help."),
        ("runs --sort=x list", "unknown-option", "zerokara runs has no option --sort. See zerokara runs --help."),
        ("train --x", "unknown-option", "zerokara train has no option --x. See zerokara train --help."),
        ("train -xy", "unknown-option", "zerokara train has no option -xy. See zerokara train --help."),
        ("info --x", "unknown-option", "zerokara info has no option --x. See zerokara info --help."),
        ("train --lerning-rate=1", "unknown-option", "zerokara train has no option --lerning-rate. "
         "See zerokara train --help. Did you mean --learning-rate?"),
        ("resume a --lung ja", "unknown-option", "zerokara resume has no option --lung. See zerokara resume --help. "
         "Did you mean --lang?"),
        ("train digits -- --lang ja", "unknown-option", "zerokara train has no option --lang. "
         "See zerokara train --help."),
        ("train --learning-rate fast", "wrong-value", "--learning-rate must be a number. Got 'fast'."),
        ("train --learning-rate=", "wrong-value", "--learning-rate must be a number. Got ''."),
        ("train --epochs 1e3", "wrong-value", "--epochs must be a whole number. Got '1e3'."),
        ("train --hidden x", "wrong-value", "hidden must be one or more positive whole numbers, such as 50 or 100,50. "
         "Got 'x'."),
        ("train --quiet=maybe", "wrong-value", "--quiet takes no value. Got 'maybe'."),
        ("train --seed", "missing-argument", "--seed needs a value. See zerokara train --help."),
        ("train --name --quiet", "missing-argument", "--name needs a value. See zerokara train --help."),
        ("runs show a --out", "missing-argument", "--out needs a value. See zerokara runs show --help."),
        ("resume", "missing-argument", "zerokara resume needs RUN. See zerokara resume --help."),
        ("data show --each 2", "missing-argument", "zerokara data show needs NAME. See zerokara data show --help."),
        ("train digits mnist", "unused-argument", "There is no place for 'mnist'."),
        ("info a b", "unused-argument", "There is no place for 'a' 'b'."),
        ("train --seed 1 --seed 2", "unused-argument", "--seed is given more than once. Give it once."),
        ("train --quiet --quiet", "unused-argument", "--quiet is given more than once. Give it once."),
    ],
)  # fmt: skip
def test_a_command_line_that_cannot_be_parsed(
    line: str, code: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"zerokara: {text}\n")
    if not line.startswith(("data show", "info a")):  # which do not take --json, and say that first
        assert main([*line.split(), "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["code"] == code


def error_of(command: Callable[..., None], *tokens: str) -> CycloptsError:
    """Of an app of its own: some kinds of arguments no command of zerokara has."""
    app = App(name="other")
    app.default(command)
    with pytest.raises(CycloptsError) as caught:
        app(tokens, exit_on_error=False, print_error=False)
    return caught.value


def places(a: int, b: int) -> None: ...


def choice(*, a: Literal["one", "two"] = "one") -> None: ...


def refuse(type_: object, value: object) -> None:
    raise ValueError("never right")


def validated(*, a: Annotated[int, Parameter(validator=refuse)] = 0) -> None: ...


def test_an_argument_by_its_place_and_by_its_name() -> None:
    error = refusal(error_of(places, "--a", "1", "2", "3"))
    assert (error.code, str(error)) == ("unused-argument", "B is given by its place and by its name. Give it once.")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (error_of(choice, "--a", "three"), "three"),
        (error_of(validated, "--a", "3"), "never right"),
        (CycloptsError(msg="Something\n  new."), "Something new."),
    ],
)
def test_what_is_not_foreseen_is_quoted_in_a_sentence_of_ours(error: CycloptsError, reason: str, marked: None) -> None:
    refused = refusal(error)
    assert refused.code == "usage"
    assert re.fullmatch(rf"⟦The command line cannot be read: [^⟦⟧\n]*{reason}[^⟦⟧\n]*⟧", str(refused))


def test_the_names_are_those_of_cyclopts() -> None:
    """A misspelt one would silently leave its errors to what is not foreseen."""
    assert all(issubclass(getattr(cyclopts, name), CycloptsError) for name in REFUSALS)
