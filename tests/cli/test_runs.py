"""`zerokara runs`: a table that lines up whatever the names, states in the user's language and in a program's."""

import json
import shutil
from pathlib import Path

import pytest

import zerokara
from zerokara import words
from zerokara.cells import width
from zerokara.cli import main
from zerokara.cli.runs import STATES_IN_WORDS
from zerokara.runs.listing import STATES

NAMES = ["a", "実行その1", "야간", "a-longer-name"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "runs"
    zerokara.train("digits", out=out, name=NAMES[0], hidden=1, batch_size=500, iterations=2, plots=False)
    for name in NAMES[1:]:
        shutil.copytree(out / NAMES[0], out / name)
    (out / NAMES[1] / "run.json").write_text('{"state": "unfinished"}')
    return out


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs"))


class Longer(words.English):
    """A language whose words are longer, and wider."""

    def gettext(self, message: str) -> str:
        return f"「{message}」"


@pytest.mark.parametrize("language", [words.English(), Longer()], ids=["english", "wider"])
def test_the_columns_line_up(
    language: words.English, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "_spoken", ("en", language))
    assert main(["runs", "list", "--out", str(out)]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(NAMES)
    optimizer = width(head[: head.index(language.gettext("optimizer"))])
    data = width(head[: head.index(language.gettext("dataset"))])
    for line in lines:
        assert width(line[: line.index("sgd")]) == optimizer
        assert width(line[: line.index("digits")]) == data


def test_states_are_words_in_the_table_and_names_for_programs(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "_spoken", ("en", Longer()))
    assert main(["runs", "list", "--out", str(out), "--state", "unfinished"]) == 0
    _, line = capsys.readouterr().out.splitlines()
    assert line.split()[:2] == [NAMES[1], "「unfinished」"]
    assert main(["runs", "list", "--out", str(out), "--state", "unfinished", "--json"]) == 0
    assert [run["state"] for run in json.loads(capsys.readouterr().out)] == ["unfinished"]
    assert set(STATES_IN_WORDS) == set(STATES)


@pytest.mark.parametrize(("answer", "removed"), [("y", True), ("yes", True), (" Y ", True), ("n", False), ("", False)])
def test_asking_is_one_sentence_and_the_answer_the_same_in_every_language(
    answer: str,
    removed: bool,
    out: Path,
    marked: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: print(question, end="") or answer)
    assert main(["runs", "rm", "a", "--out", str(out)]) == (0 if removed else 1)
    asked, _, said = capsys.readouterr().out.partition("⟧ ")
    assert asked == f"⟦Remove {out / 'a'} for good? [y/N]"
    assert said == (f"⟦removed {out / 'a'}⟧\n" if removed else "⟦Nothing was removed.⟧\n")
    assert (out / "a").exists() is not removed


def test_the_table_of_a_run_lines_up_below_wider_heads(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "_spoken", ("en", Longer()))
    assert main(["runs", "show", "a", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(line for line in lines if "「mean loss」" in line)
    rows = lines[lines.index(head) + 1 :]
    assert len(rows) >= 2
    assert {width(row) for row in rows} == {width(head)}
    column = width(head[: head.index("「mean loss」") + len("「mean loss」")])
    for row in rows:
        loss = row.split()[2]
        assert width(row[: row.index(loss) + len(loss)]) == column
