"""What the documents say is tried: commands and code run, figures are right, links lead somewhere.

README and the pages of docs/ say the same in three languages: the same commands, code, tables, headings and links. So
the English ones are tried for all of them; what is printed in another language is tried in the slow stage.
"""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

import zerokara
from zerokara.errors import Code
from zerokara.findings import CAUSES
from zerokara.lab.lesson_files import KEYS, Lesson, read_lesson
from zerokara.lab.lesson_measures import BY_LAYER, MEASURES
from zerokara.lab.lesson_shelf import Shelf
from zerokara.runs.layout import EPOCHS_CSV, LAYOUT, LOSSES_CSV
from zerokara.runs.verdict import ReasonCode
from zerokara.words import LANGUAGES, set_language

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "docs/student.md", "docs/teacher.md", "docs/engineer.md")
OTHERS = (
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "benchmarks/RESULTS.md",
    "benchmarks/DOCTOR.md",
    "benchmarks/HANDWRITING.md",
    "docs/BOOK.md",
    "docs/GLOSSARY.md",
)
TRANSLATIONS = [(name, language) for name in DOCUMENTS for language in LANGUAGES if language != "en"]


def path(name: str, language: str = "en") -> Path:
    return ROOT / (name if language == "en" else name.replace(".md", f".{language}.md"))


def read(name: str, language: str = "en") -> str:
    if not path(name, language).exists():
        pytest.fail(f"{name} is not there in {language}")
    return path(name, language).read_text(encoding="utf-8")


class Block(NamedTuple):
    kind: str
    lines: list[str]


class Command(NamedTuple):
    """A line after `$ `, and the lines below it that show what it prints."""

    line: str
    printed: list[str]


def blocks(text: str) -> list[Block]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(kind, content.splitlines()) for kind, content in found]


def without_comment(line: str) -> str:
    return re.sub(r"(^|\s+)#.*", "", line)


def commands(text: str) -> list[Command]:
    found: list[Command] = []
    for line in (line for block in blocks(text) if block.kind == "console" for line in block.lines):
        if line.startswith("$ "):
            found.append(Command(without_comment(line.removeprefix("$ ")), []))
        elif line:
            found[-1].printed.append(line)
    return found


def code(text: str, kind: str = "python") -> list[str]:
    return ["\n".join(block.lines) + "\n" for block in blocks(text) if block.kind == kind]


def prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


# Commands

NOT_RUN = {
    r"make \w+": "needs the root of a clone; that the target is there is tested below, and .ci/run makes them",
    r"pip install .*": "installs; .ci/run does it in an environment of its own",
    r"uv run .*": "installs into a clone's .venv",
    r"export \w+=.*": "is for a shell; what the variable does is tested in test_words.py and data/test_search_paths.py",
    r"zerokara lab.*": "serves until it is ended; tests/cli/test_lab.py does it",
    r"zerokara run --lab .*": "serves likewise; tests/acceptance/test_own_lab.py does it",
    r"(zerokara kit|sh install.sh|sh start.sh).*": "fetches and installs packages; tests/kit does it",
}
"""A pattern of commands that are not run here → why. Whatever is in none of them is run."""
STATUS = {
    "zerokara resume mnist-001": 1,  # here nothing interrupted it
    "zerokara train digits --learning-rate -1 --json": 2,
    "zerokara train digits --hidden 50,50,50,50 --init 1.0 --epochs 50": 1,
    "zerokara check net.py": 1,  # its gradient is wrong, on purpose
}
"""The exit status where it is not 0."""
FOR_FILE = "ch05/gradient_check.py"
NOTE = "```python\nprint(1)\n```\n" * 5
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
TIMED = r"\d (s|min|h)\b|per second"
"""Lines with times in them: only what comes before their first digit is compared."""


def why_not_run(command: str) -> str | None:
    return next((reason for pattern, reason in NOT_RUN.items() if re.fullmatch(pattern, command)), None)


def prepare(folder: Path, name: str) -> None:
    """What a reader has before the first command: the book's examples, MNIST in data/, what code blocks write."""
    for chapter in (ROOT / "examples" / "book").iterdir():
        shutil.copytree(chapter, folder / chapter.name)
    (folder / "notes.md").write_text(NOTE)
    (folder / "notebook.ipynb").write_text(json.dumps(NOTEBOOK))
    network = next(source for source in code(read("docs/student.md")) if "def gradient(" in source)
    (folder / "net.py").write_text(network)
    drawing = next(source for source in code(read("docs/student.md")) if "my.png" in source)
    exec(drawing.replace("my.png", str(folder / "my.png")), {})
    for recipe in code(read(name), "toml"):
        (folder / "recipe.toml").write_text(recipe)
    for number, source in enumerate(source for source in code(read(name)) if "write_idx(" in source):
        (folder / f"data-{number}.py").write_text(source)
        subprocess.run([sys.executable, f"data-{number}.py"], cwd=folder, check=True)
    if (data := Path(os.environ.get("ZEROKARA_DATA", "nowhere").split(os.pathsep)[0])).is_dir():
        (folder / "data").mkdir()
        (folder / "data" / "mnist").symlink_to(data, target_is_directory=True)


def executed(folder: Path, command: str, language: str) -> tuple[int, str]:
    """A command in a folder: its exit status, and all that it printed."""
    words = shlex.split(command.replace("FILE", FOR_FILE))
    start = {"zerokara": [sys.executable, "-m", "zerokara"], "python": [sys.executable]}[words[0]]
    home = {"HOME": str(folder), "JUPYTER_DATA_DIR": str(folder / "jupyter"), "ZEROKARA_DATA": "data"}
    done = subprocess.run(
        [*start, *words[1:], *(["--yes"] if " rm " in command else [])],
        cwd=folder,
        env={**os.environ, **home, "ZEROKARA_LANG": language, "MPLBACKEND": "", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout.replace(f"{folder}{os.sep}", "")


def compared(line: str, timed: bool) -> str:
    """A line of output as it is compared: runs have other numbers here, and times are other times."""
    line = re.sub(r"(runs/\w+)-\d{3}\b", r"\1-001", line.rstrip())
    line = re.sub(r'("seconds\w*"): [\d.]+', r"\1: 0", line)
    return re.split(r"\d", line)[0] if timed else line


def run_all(folder: Path, name: str, language: str, wanted: list[bool]) -> None:
    """Run the commands that are wanted, and hold what they print against what the document shows."""
    prepare(folder, name)
    shown, english = commands(read(name, language)), commands(read(name))
    for command, original, want in zip(shown, english, wanted, strict=True):
        if not want:
            continue
        status, out = executed(folder, command.line, language)
        assert status == STATUS.get(command.line, 0), f"{command.line}\n{out}"
        for line, as_in_english in zip(command.printed, original.printed, strict=True):
            timed = bool(re.search(TIMED, as_in_english))
            assert compared(line, timed) in [compared(other, timed) for other in out.splitlines()], (line, out)


def is_run(command: str) -> bool:
    return why_not_run(command) is None


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_all_commands(tmp_path, name):
    run_all(tmp_path, name, "en", [is_run(line) for line, _ in commands(read(name))])


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "language"), TRANSLATIONS)
def test_what_is_shown_in_a_translation(tmp_path, name, language):
    """Commands below which something is printed. The others are the English ones, which are run above."""
    run_all(tmp_path, name, language, list(shows(commands(read(name, language)))))


def shows(listed: list[Command]) -> list[bool]:
    """Of each command whether it prints what is shown, or makes the run or the files that such a command is about."""
    needed = [is_run(line) and (bool(printed) or line == "zerokara book init") for line, printed in listed]
    for i in reversed(range(len(listed))):
        for word in shlex.split(listed[i].line) if needed[i] else []:
            makers = [k for k in range(i) if makes(listed[k].line, word)]
            needed[makers[0] if makers else i] = True
    return needed


def makes(line: str, run: str) -> bool:
    """Whether a command makes a run: `train mnist` mnist-001, and `train mnist --name half` half."""
    name = run.removeprefix("runs/")
    named = f" --name {re.escape(name)}\\b"
    numbered = f"^zerokara train {re.escape(name.removesuffix('-001'))}\\b(?!.* --name )"
    return bool(re.search(numbered if name.endswith("-001") else named, line))


def test_what_is_shown_is_run_with_what_it_needs():
    lines = [
        "train mnist --name a",
        "train mnist",
        "info",
        "train mnist -q",
        "train few --name half",
        "info a",
        "report",
    ]
    listed = [Command(f"zerokara {line}", ["x"] if line in ("info a", "report") else []) for line in lines]
    assert shows(listed) == [True, False, False, False, False, True, True]
    listed[6] = Command("zerokara compare runs/mnist-001 half", ["x"])
    assert shows(listed) == [True, True, False, False, True, True, True]


def test_what_is_not_run_is_there_and_made_otherwise():
    lines = [line for name in DOCUMENTS for line, _ in commands(read(name))]
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {line.split()[1] for line in lines if line.startswith("make ")} <= set(targets)
    unused = [pattern for pattern in NOT_RUN if not any(re.fullmatch(pattern, line) for line in lines)]
    assert not unused
    assert not set(STATUS) - set(lines)


# Code


@pytest.mark.mnist
@pytest.mark.parametrize("name", [DOCUMENTS[0], *(pytest.param(it, marks=pytest.mark.slow) for it in DOCUMENTS[1:])])
def test_code_runs(run_apart, tmp_path, name):
    """All blocks of a document one after the other, but those that show a mistake."""
    mistakes = [source for source, _ in shown_mistakes(read(name))]
    rest = [source for source in code(read(name)) if source not in mistakes]
    (tmp_path / "document.py").write_text("\n".join(rest), encoding="utf-8")
    result = run_apart("--no-remarks", "document.py", cwd=tmp_path)
    assert result.status == 0, result.err


def shown_mistakes(text: str) -> list[tuple[str, str]]:
    """Python blocks, each with the hint or remark below it."""
    pairs = re.findall(r"^```python\n([^`]*)^```\n\n```text\n(.*)\n```$", text, re.MULTILINE)
    return [(source, told) for source, told in pairs]


@pytest.mark.mnist
@pytest.mark.parametrize("language", ["en", *(pytest.param(it, marks=pytest.mark.slow) for it in ("ja", "ko"))])
def test_mistakes_get_the_hint_that_is_shown(run, tmp_path, language):
    shown = shown_mistakes(read("docs/student.md", language))
    assert len(shown) == 14
    try:
        set_language(language)
        for source, told in shown:
            said = run(source).err.replace(f"{tmp_path}{os.sep}", "").splitlines()
            assert told in said, source
    finally:
        set_language("en")


# Figures


class Row(NamedTuple):
    options: str
    figures: list[str]


def exercises(text: str) -> Iterator[Row]:
    """The rows of tables below a command whose last word is the head of the first column: its options, its figures."""
    for section in re.split(r"^##+ ", text, flags=re.MULTILINE):
        for command, placeholder in re.findall(r"`(zerokara train [^`]*?) ?([A-Z]+)`", section):
            for cells in rows_of(section, placeholder):
                yield Row(f"{command} {cells[0].strip('`')}", cells[1:])
    for cells in rows_of(text, "command"):
        yield Row(cells[0].strip("`"), cells[1].split(", "))


def rows_of(text: str, head: str) -> list[list[str]]:
    tables = re.findall(rf"^\| {head} \|.*\n\|[-|]*\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|\n").split("|")] for table in tables for row in table.splitlines()]


FIGURES = [row for name in DOCUMENTS for row in exercises(read(name)) if re.match(r"[\d.,]+$", row.figures[0])]


@pytest.mark.slow
def test_figures_of_exercises(tmp_path):
    assert len(FIGURES) > 30
    for options, figures in FIGURES:
        words = [*shlex.split(options)[1:], "--json", "--quiet", "--no-plots"]
        status, out = executed(tmp_path, shlex.join(["zerokara", *words]), "en")
        assert status == 0, out
        of_run = json.loads(out)
        known = [f"{of_run[key]:.4f}" for key in ("loss", "train_accuracy", "test_accuracy")]
        known = [f"{of_run['iterations']:,}", *known]
        assert figures == known[-len(figures) :], options


# Tables that the code has too


def first_column(name: str, head: str) -> list[str]:
    return [name.strip("`") for row in rows_of(read(name), head) for name in row[0].split(", ")]


def test_every_code_of_an_error_is_explained():
    assert first_column("docs/engineer.md", "code") == list(get_args(Code))


def test_every_cause_of_a_finding_is_explained():
    assert first_column("docs/engineer.md", "cause") == list(CAUSES)


def test_every_reason_of_a_verdict_is_explained():
    assert first_column("docs/engineer.md", "reason") == list(get_args(ReasonCode))


def test_every_code_of_an_error_is_given_somewhere():
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "zerokara").rglob("*.py"))
    assert not [code for code in get_args(Code) if sources.count(f'"{code}"') < 2]


def test_every_lesson_is_listed():
    assert first_column("docs/student.md", "lesson") == list(Shelf().folders())


def test_every_measure_and_field_of_a_lesson_is_explained():
    assert sorted(first_column("docs/teacher.md", "measure")) == sorted([*MEASURES, *(f"{of}1" for of in BY_LAYER)])
    assert sorted([*first_column("docs/teacher.md", "field of a step"), "name"]) == sorted(KEYS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lesson_of_the_teachers_page_fits_together(tmp_path, language):
    lesson = shown_lesson(tmp_path, language)
    assert [step.name for step in lesson.steps] == ["large", "small", "yours"]
    assert lesson.text.steps["small"].choices


def shown_lesson(folder: Path, language: str) -> Lesson:
    """The lesson that is shown there, with both of its states."""
    text = read("docs/teacher.md", language)
    steps, large = code(text, "toml")
    (page,) = [page for page in code(text, "text") if page.startswith("# ")]
    small = large.replace("batch_size = 500", "batch_size = 10").replace("update = 60", "update = 2880")
    files = {"lesson.toml": steps, "large.toml": large, "small.toml": small, f"{language}.md": page}
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return read_lesson(folder)


def test_every_variable_is_explained():
    sources = "".join(path.read_text("utf-8") for path in ROOT.glob("src/**/*.py"))
    used = set(re.findall(r"\bZEROKARA_[A-Z]+(?:_[A-Z]+)*", sources)) | {"ZEROKARA_REQUIRE_COMPILED"}
    assert set(first_column("docs/engineer.md", "variable")) == used


def test_every_file_of_a_run_is_explained():
    files = [name.strip("`").rstrip("/") for name in first_column("docs/engineer.md", "file")]
    assert sorted(files) == sorted(name for name in LAYOUT if not LAYOUT[name].of_script)
    of_script = [name.strip("`") for name in first_column("docs/engineer.md", "file of a script")]
    assert sorted(of_script) == sorted({LOSSES_CSV, EPOCHS_CSV, *(name for name in LAYOUT if LAYOUT[name].of_script)})


# Links


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))


EVERYWHERE = [*((name, language) for name in DOCUMENTS for language in LANGUAGES), *((name, "en") for name in OTHERS)]


@pytest.mark.parametrize(("name", "language"), EVERYWHERE)
def test_links_lead_somewhere(name, language):
    document = path(name, language)
    local = [link.partition("#")[0] for link in links(read(name, language)) if not link.startswith("https://")]
    assert not [link for link in local if link and not (document.parent / link).exists()]


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_document_names_its_translations_first(name, language):
    stem = Path(name).stem
    line = f"[English]({stem}.md) · [日本語]({stem}.ja.md) · [한국어]({stem}.ko.md)"
    assert read(name, language).splitlines()[2] == line


# The same in three languages


def compared_block(block: Block) -> tuple[str, list[str]]:
    """What is the same in every language: code without its comments, commands, and nothing of what is printed."""
    if block.kind == "console":
        return block.kind, [line for line, _ in commands("```console\n" + "\n".join([*block.lines, "```"]))]
    return block.kind, [] if block.kind == "text" else [without_comment(line) for line in block.lines]


def table_cells(text: str) -> list[list[str]]:
    """The rows of tables, each with its number of cells and those that hold but code or figures."""
    rows = [line.strip("|").split("|") for line in prose(text).splitlines() if line.startswith("|")]
    same = r"(`[^`]*`|[\d.,×]+|[-:]+)([ ,]+(`[^`]*`|[\d.,×]+))*"
    return [[str(len(row)), *(cell.strip() for cell in row if re.fullmatch(same, cell.strip()))] for row in rows]


SAME = {
    "code and commands": lambda text: [compared_block(block) for block in blocks(text)],
    "lines shown": lambda text: [len(command.printed) for command in commands(text)],
    "headings": lambda text: re.findall(r"^(#+) ", prose(text), re.MULTILINE),
    "links": lambda text: [re.sub(r"\.(ja|ko)\.md", ".md", link) for link in links(text)],
    "tables": table_cells,
    "commands in sentences": lambda text: sorted(re.findall(r"`((?:zerokara|pip|%pip) [^`\n]*)`", prose(text))),
}


@pytest.mark.parametrize("what", SAME)
@pytest.mark.parametrize(("name", "language"), TRANSLATIONS)
def test_a_translation_has_the_same(name, language, what):
    assert SAME[what](read(name, language)) == SAME[what](read(name))


def test_python_blocks_are_whole():
    for name in DOCUMENTS:
        for source in code(read(name)):
            ast.parse(source)
    for source in code(read("docs/engineer.md"), "toml"):
        tables = tomllib.loads(source)
        assert zerokara.Recipe.from_values({k: v for table in tables.values() for k, v in table.items()}).epochs == 5


def test_the_comparisons_see():
    """Each finds what it is for; other comments, prose and printed lines are a translation's own."""
    page = (
        "# A\n\nSee [it](it.md), and `zerokara info`.\n\n```console\n$ zerokara info  # now\nhere\n```\n\n"
        "| a | b |\n|---|---|\n| `x` | 0.5 |\n"
    )
    own = page.replace("# now", "# 今").replace("here", "ここ").replace("See", "見る").replace("it.md", "it.ja.md")
    assert all(same(page) == same(own) for same in SAME.values())
    changed = {
        "code and commands": ("$ zerokara info", "$ zerokara inf"),
        "lines shown": ("here\n", ""),
        "headings": ("# A", "## A"),
        "links": ("it.md", "other.md"),
        "tables": ("0.5", "0.6"),
        "commands in sentences": ("`zerokara info`", "`zerokara train`"),
    }
    for what, (old, new) in changed.items():
        assert SAME[what](page) != SAME[what](page.replace(old, new, 1)), what
