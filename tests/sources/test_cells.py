"""Cutting notes into cells: what is code, where it starts, and what is output or prose."""

from pathlib import Path
from types import SimpleNamespace
from unicodedata import east_asian_width

import pytest

from zerokara import words
from zerokara.errors import UsageError
from zerokara.sources.cells import Cell, cells_of, chosen, listing


def sources(tmp_path: Path, text: str | bytes, name: str = "note.md") -> list[str]:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return [cell.source.strip("\n") for cell in cells_of(path)]


def test_fences_of_both_kinds_and_all_names_of_python(tmp_path: Path) -> None:
    names = ["python", "py", "Python3 title=x", "{python}", "python:train.py"]
    text = (
        "".join(f"```{name}\n{n}\n```\n" for n, name in enumerate(names)) + "~~~python\na\n~~~\n````py\n```\nb\n````\n"
    )
    assert sources(tmp_path, text) == ["0", "1", "2", "3", "4", "a", "```\nb"]


def test_other_fences_are_not_run(tmp_path: Path) -> None:
    text = "```\nout\n```\n```bash\nls\n```\n```pytorch\nx\n```\n~~~python\na\n```\nb\n~~~\n"
    assert sources(tmp_path, text) == ["a\n```\nb"]


def test_fences_in_lists_and_quotes_lose_their_indentation(tmp_path: Path) -> None:
    text = "- item\n  ```python\n  if x:\n      y\n\n  z\n  ```\n> ```python\n> q\n> ```\n"
    assert sources(tmp_path, text) == ["if x:\n    y\n\nz", "q"]


def test_an_open_fence_runs_to_the_end_and_empty_cells_are_left_out(tmp_path: Path) -> None:
    assert sources(tmp_path, "```python\n\n```\n```python\na = 1\nb") == ["a = 1\nb"]


def test_sessions_in_a_fence_lose_prompts_and_output(tmp_path: Path) -> None:
    text = "```python\n>>> for i in a:\n...     print(i)\n1\n2\n>>> a\n[1, 2]\n```\n"
    assert sources(tmp_path, text) == ["for i in a:\n    print(i)\n\n\na"]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("text\n\n```python\na\n```\n\n```python\n\nb\n```\n")
    assert [(cell.number, cell.line) for cell in cells_of(path)] == [(1, 4), (2, 8)]
    assert listing(cells_of(path)) == "Cell  Line  Code\n   1     4  a\n   2     8  b"


TRANSCRIPT = """# 題

In [3]:

import numpy as np
net = [1]

print(net)

[1]

#### 一つ例を見てみる

文章がここにある
In [12]:
class A:
    def f(self):
        x = 1

        return x


    def g(self): pass

x = np.zeros(2)

x

array([[0.056, 0.196, ..., 0.42],
       [0.5, 0.3, ..., nan]])

- 箇条書き

In [*]:
x

In [ ]: y = 2
Out[5]: 3

In [7]: for i in x:
   ...:     print(i)
   ...:
0.0

In [8]:
重み = 3
重み

損失関数: 1.165
"""


def test_cells_of_a_transcript_begin_below_their_prompt_or_behind_it(tmp_path: Path) -> None:
    """The line of a cell is where tracebacks and remarks count from."""
    path = tmp_path / "note.txt"
    path.write_text(TRANSCRIPT)
    lines = TRANSCRIPT.split("\n")
    cells = cells_of(path)
    assert len(cells) == 6
    for cell in cells:
        shown = cell.source.split("\n")
        assert lines[cell.line - 1].endswith(shown[0])
        assert lines[cell.line].endswith(shown[1]) if len(shown) > 1 else True
    assert [cell.line for cell in cells] == [4, 16, 35, 37, 40, 46]


def test_a_name_of_an_earlier_cell_is_code_and_no_prose(tmp_path: Path) -> None:
    text = "In [1]:\n重み = 3\n\nIn [2]:\nprint(1)\n\n重み\n\n文章\n"
    assert sources(tmp_path, text, "note.txt") == ["重み = 3", "print(1)\n\n重み"]


def test_transcript(tmp_path: Path) -> None:
    assert sources(tmp_path, TRANSCRIPT, "note.txt") == [
        "import numpy as np\nnet = [1]\n\nprint(net)",
        "class A:\n    def f(self):\n        x = 1\n\n        return x\n\n\n    def g(self): pass"
        "\n\nx = np.zeros(2)\n\nx",
        "x",
        "y = 2",
        "for i in x:\n    print(i)",
        "重み = 3\n重み",
    ]


def test_output_right_below_code_is_the_learners_to_separate(tmp_path: Path) -> None:
    """Without a blank line nothing tells output from a syntax error, so it is left in and shown as one."""
    assert sources(tmp_path, "In [1]:\nprint(1)\n2021-11-17 11:57\n\nmore text here\n", "a.txt") == [
        "print(1)\n2021-11-17 11:57"
    ]


def test_a_syntax_error_inside_a_class_is_kept(tmp_path: Path) -> None:
    source = "class A:\n    def f(self):\n        pass\n\n    def g(self:\n        pass"
    assert sources(tmp_path, f"In [1]:\n{source}\n\nIn [2]:\n1\n", "a.txt") == [source, "1"]


def test_magics_do_not_end_a_cell(tmp_path: Path) -> None:
    text = "In [1]:\n%matplotlib inline\nimport os\n\n!ls\nx = 1\n\n/home/me\n"
    assert sources(tmp_path, text, "a.txt") == ["%matplotlib inline\nimport os\n\n!ls\nx = 1"]


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ("%cd x", True),
        ("a = 1\n!ls", True),
        ("%%time\nx", True),
        ("x?", True),
        ("files = !ls", True),
        ("print('a'\n %b)", False),
        ("x = 1", False),
        ("'''\n!no\n'''", False),
        ("def f(:", False),
    ],
)
def test_what_needs_ipython(source: str, needs: bool) -> None:
    assert Cell(1, source).needs_ipython is needs


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-8 with \\r\\n"])
def test_encodings_of_notes(tmp_path: Path, encoding: str) -> None:
    text = "説明\n```python\nprint('日本語のテキスト')\n```\n"
    data = text.replace("\n", "\r\n").encode() if "\\r" in encoding else text.encode(encoding)
    assert sources(tmp_path, data) == ["print('日本語のテキスト')"]


def test_korean_encoding(tmp_path: Path) -> None:
    assert sources(tmp_path, "```python\nprint('한글 신경망 학습')\n```\n".encode("cp949")) == [
        "print('한글 신경망 학습')"
    ]


def test_a_text_that_is_python_is_one_cell(tmp_path: Path) -> None:
    assert sources(tmp_path, "import numpy as np\n\nx = 1\n", "code.txt") == ["import numpy as np\n\nx = 1"]


def test_a_text_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no code"):
        sources(tmp_path, "ただの文章です。\n- 一\n")


CELLS = [Cell(n, "x") for n in range(1, 7)]


@pytest.mark.parametrize(
    ("choice", "numbers"), [("1,3-5", [1, 3, 4, 5]), ("6", [6]), ("5, 2", [2, 5]), ("1 - 2", [1, 2])]
)
def test_choosing(choice: str, numbers: list[int]) -> None:
    assert [cell.number for cell in chosen(CELLS, choice)] == numbers


@pytest.mark.parametrize("choice", ["", "a", "1,", "0", "7", "3-2", "5-9", "1;2"])
def test_choices_that_are_refused(choice: str) -> None:
    with pytest.raises(UsageError, match="--cells must"):
        chosen(CELLS, choice)


def test_the_columns_of_a_list_line_up_under_heads_of_wide_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Japanese or Korean letter takes two cells of a terminal."""
    heads = {"Cell": "セルの番号", "Line": "줄", "Code": "コード"}
    monkeypatch.setattr(words, "_spoken", ("ja", SimpleNamespace(gettext=heads.get)))
    rows = listing([Cell(1, "重み = 0.1", 4), Cell(12, "가중치 = 0.1", 1234)]).split("\n")
    assert rows == [
        "セルの番号    줄  コード",
        "         1     4  重み = 0.1",
        "        12  1234  가중치 = 0.1",
    ]
    assert len({sum(1 + (east_asian_width(letter) == "W") for letter in row[: row.rindex("  ")]) for row in rows}) == 1
