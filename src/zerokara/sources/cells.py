"""Cuts a notebook, a Markdown text or a transcript into the cells of code it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from zerokara.cells import right, width
from zerokara.errors import UsageError
from zerokara.sources import magics
from zerokara.sources.notebook import read
from zerokara.sources.transcript import PROMPT, cut_code, is_code
from zerokara.words import sentence

SCRIPTS = (".py", ".pyw", "")
TEXTS = (".md", ".markdown", ".txt")
NOTEBOOKS = (".ipynb",)


@dataclass(frozen=True)
class Cell:
    """A piece of code that is run as one.

    Attributes:
        number: counted from 1 in the order of the file, as `--list` shows and `--cells` chooses.
        source: the code.
        line: of the file, where the source starts; 1 for a cell of a notebook, whose lines are its own.
    """

    number: int
    source: str
    line: int = 1

    @property
    def first_line(self) -> str:
        return next((line.strip() for line in self.source.splitlines() if line.strip()), "")

    @property
    def needs_ipython(self) -> bool:
        """Whether a line is a magic, a shell command or a question for help, which only IPython knows."""
        return magics.needs_ipython(self.source)

    @property
    def in_place(self) -> str:
        """The source after as many empty lines as the file has before it: its lines are numbered as the file's."""
        return "\n" * (self.line - 1) + self.source


_FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
_PYTHON = re.compile(r"^\{?\.?(?:i?python3?|py3?|pycon)(?![\w.])", re.IGNORECASE)


def cells_of(path: Path) -> list[Cell]:
    """The cells of a file, in its order; empty ones are left out.

    Raises UsageError for a text that holds no code.
    """
    if path.suffix.lower() in NOTEBOOKS:
        sources = [(source, 1) for source in read(path)]
    else:
        sources = list(_pieces(decoded(path)))
        if not sources:
            raise UsageError(
                sentence(
                    "{path} holds no code. Expected Python fences (``` or ~~~), or cells that begin with In [n]:.",
                    path=path,
                )
            )
    filled = [(source, line) for source, line in sources if source.strip()]
    return [Cell(number, source, line) for number, (source, line) in enumerate(filled, start=1)]


def decoded(path: Path) -> str:
    """The text of a note: UTF-8, else the Japanese or Korean encoding of Windows that fits.

    Raises UsageError where none of them does.
    """
    data = path.read_bytes()
    for encoding in ("utf-8-sig", *likely_encodings(data)):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise UsageError(sentence("{path} is neither UTF-8 nor cp932 nor cp949 text. Save it as UTF-8.", path=path))


def likely_encodings(data: bytes) -> list[str]:
    """The encodings of Windows that can read these bytes, the one that gives more Japanese or Korean letters first."""
    letters = {"cp932": "[\u3041-\u30f6\u4e00-\u9fff]", "cp949": "[\uac00-\ud7a3]"}
    found = {
        name: len(re.findall(pattern, data.decode(name, "ignore")))
        for name, pattern in letters.items()
        if is_encoded_in(data, name)
    }
    return sorted(found, key=lambda name: -found[name])


def is_encoded_in(data: bytes, encoding: str) -> bool:
    """Whether the bytes can be text in this encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    lines = text.split("\n")
    fences = list(_python_fences(lines))
    if fences:
        return iter(fences)
    if any(PROMPT.match(line) for line in lines):
        return _transcript(lines)
    return iter([(text, 1)] if is_code(lines) else [])


def _python_fences(lines: list[str]) -> Iterator[tuple[str, int]]:
    numbered = iter(enumerate(lines, start=1))
    for number, line in numbered:
        if opening := _FENCE.match(line):
            body = _until_closed(numbered, opening)
            if _PYTHON.match(opening["info"]):
                yield _without_prompts("\n".join(body)), number + 1


def _until_closed(numbered: Iterator[tuple[int, str]], opening: re.Match[str]) -> list[str]:
    """The lines up to the closing fence (or the end of the file), without the indentation of the opening one."""
    indent, fence = opening["indent"], opening["fence"]
    body = []
    for _, line in numbered:
        inner = line.removeprefix(indent) if line.startswith(indent) else line.lstrip()
        mark = inner.strip()
        if len(mark) >= len(fence) and set(mark) == {fence[0]}:
            break
        body.append(inner)
    return body


def _without_prompts(source: str) -> str:
    """The code of an interactive session: its >>> and ... lines; every other line becomes empty."""
    first = next((line for line in source.split("\n") if line.strip()), "")
    if not first.startswith(">>>"):
        return source
    return "\n".join(line[4:] if line.startswith((">>>", "...")) else "" for line in source.split("\n"))


def _transcript(lines: list[str]) -> Iterator[tuple[str, int]]:
    starts = [i for i, line in enumerate(lines) if PROMPT.match(line)]
    seen: set[str] = set()
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        prompt = PROMPT.match(lines[start])
        assert prompt is not None
        rest = prompt["rest"]
        if rest.strip():
            yield "\n".join(_console_cell(rest, lines[start + 1 : end])), start + 1
        else:
            code, names = cut_code(lines[start + 1 : end], seen)
            seen |= names
            yield "\n".join(code), start + 2


def _console_cell(rest: str, following: list[str]) -> list[str]:
    """The code of a console's cell: what stands after the prompt, and the lines after `...:`."""
    code = [rest]
    for line in following:
        continuation = re.match(r"^\s*\.{3,}: ?(?P<rest>.*)$", line)
        if continuation is None:
            break
        code.append(continuation["rest"])
    return code


def chosen(cells: list[Cell], choice: str) -> list[Cell]:
    """The cells that a choice such as "1,3-5" names, in the order of the file.

    Raises UsageError for a choice that is no list of numbers and ranges, or names a cell that is not there.
    """
    numbers: set[int] = set()
    for part in choice.split(","):
        ends = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if ends is None:
            text = sentence("--cells must be numbers and ranges such as 1,3-5. Got {got!r}.", got=choice)
            raise UsageError(text, "wrong-value")
        numbers.update(range(int(ends[1]), int(ends[2] or ends[1]) + 1))
    if not numbers or not numbers <= {cell.number for cell in cells}:
        text = sentence(
            "--cells must name cells from 1 to {last}. Got {got!r}; --list shows them.", last=len(cells), got=choice
        )
        raise UsageError(text, "wrong-value")
    return [cell for cell in cells if cell.number in numbers]


def listing(cells: Iterable[Cell]) -> str:
    """A table with a line per cell: its number, the line of the file where it starts, and its first line of code."""
    # Translators: the head of a column with the numbers of a notebook's cells.
    cell_head = sentence("Cell")
    # Translators: the head of a column with the numbers of a file's lines.
    line_head = sentence("Line")
    # Translators: the head of a column with a line of Python each.
    heads = cell_head, line_head, sentence("Code")
    rows = [heads, *((str(cell.number), str(cell.line), cell.first_line) for cell in cells)]
    numbers, lines = (max(4, width(head)) for head in heads[:2])
    return "\n".join(f"{right(number, numbers)}  {right(line, lines)}  {code}" for number, line, code in rows)
