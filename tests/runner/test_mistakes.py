"""The mistakes that learners make, in scripts and notebooks under `zerokara run` and in a real kernel: what and where.

What is found is tried in tests/own_training; here, that it is said, once, and with the right place.
"""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zerokara.runner import checkup

from ..own_training.mistakes import MISTAKES, SCRIPTS, Mistake
from .kernel import Kernel, kernel

pytestmark = pytest.mark.mnist

Run = Callable[..., Any]
ALL = {mistake.name: mistake for mistake in MISTAKES}
PATIENT = 60.0
"""Seconds, on a machine that does other things: what is found shall not hang on that."""

FEW = ("values of a loop", "step up in a method")
"""Those that are tried in each way; every run of the tests can afford the first."""


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "SECONDS", PATIENT)


def mistakes(*few: str) -> Any:
    """Parameters: the few at every run of the tests, the others at the slow ones."""
    named = [pytest.param(one, id=name, marks=[] if name in few else pytest.mark.slow) for name, one in ALL.items()]
    return pytest.mark.parametrize("mistake", named)


def as_cells(source: str) -> list[tuple[int, str]]:
    """(first line, source) of the cells that a script is cut into: imports, definitions, data, loops."""
    lines, cells = source.splitlines(), []
    body = ast.parse(source).body
    kinds = [_kind(statement) for statement in body]
    for number, (statement, kind) in enumerate(zip(body, kinds, strict=True)):
        if number and (kind != kinds[number - 1] or kind == "definition"):
            cells.append(statement.lineno)
    starts, ends = [1, *cells], [*(line - 1 for line in cells), len(lines)]
    return [(start, "\n".join(lines[start - 1 : end])) for start, end in zip(starts, ends, strict=True)]


def _kind(statement: ast.stmt) -> str:
    kinds = {ast.FunctionDef: "definition", ast.ClassDef: "definition", ast.For: "loop", ast.While: "loop"}
    return kinds.get(type(statement), "other")  # type: ignore[call-overload,no-any-return]


def in_cells(line: int, cells: list[tuple[int, str]]) -> tuple[int, int]:
    """(number of the cell, line in it) of a line of the script."""
    number, (first, _) = max((n, cell) for n, cell in enumerate(cells, start=1) if cell[0] <= line)
    return number, line - first + 1


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # of pixels that are not scaled
@mistakes(FEW[0])
def test_in_a_script(run: Run, tmp_path: Path, mistake: Mistake) -> None:
    result = run(mistake.source, "--findings", "found.json")
    assert result.status == int(mistake.fails)
    found = json.loads((tmp_path / "found.json").read_text())["findings"]
    assert found[0]["cause"] in mistake.causes
    assert result.err.count(f"[{found[0]['cause']}]") == 1
    if mistake.line is not None and not mistake.gradient:  # lines of gradients are tried in tests/own_gradients
        assert found[0]["line"] == mistake.line
        assert f"train.py:{mistake.line}: " in result.err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of IPython's own
@pytest.mark.parametrize("mistake", [ALL[name] for name in FEW], ids=FEW)
def test_in_a_notebook(run: Run, mistake: Mistake) -> None:
    nbformat = pytest.importorskip("nbformat")
    cells = as_cells(mistake.source)
    made = [nbformat.v4.new_code_cell(source) for _, source in cells]
    result = run(nbformat.writes(nbformat.v4.new_notebook(cells=made)), name="n.ipynb")
    assert max(result.err.count(f"[{cause}]") for cause in mistake.causes) == 1, result
    number, line = in_cells(mistake.line or 1, cells)
    assert f"n.ipynb, cell {number}:{line}: " in result.err


# One kernel for all: to start one takes longer than most trainings.


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    pytest.importorskip("ipykernel", reason="the extra notebook is not installed")
    pytest.importorskip("nbclient", reason="the extra test is not installed")
    with kernel(tmp_path_factory.mktemp("kernel")) as cell:
        yield cell


@pytest.fixture
def cell(started: Kernel) -> Kernel:
    started("%reset -f")
    started("import zerokara.book\nzerokara.book.uninstall()\nzerokara.book.install()")
    started(f"import zerokara.runner.checkup\nzerokara.runner.checkup.SECONDS = {PATIENT}")
    return started


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own
@pytest.mark.parametrize("mistake", ALL.values(), ids=ALL.keys())
def test_in_jupyter(cell: Kernel, mistake: Mistake) -> None:
    cells = as_cells(mistake.source)
    arrived = [cell(source) for _, source in cells]
    found = [text for outputs in arrived for kind, text in outputs.all if kind == "html" and "<ol>" in text]
    assert max("".join(found).count(f"[{cause}]") for cause in mistake.causes) == 1
    if mistake.gradient:
        assert "<code>In[" in "".join(found)
    elif mistake.line is not None:
        number, line = in_cells(mistake.line, cells)
        ran = cell("print(len(In))")["stdout"]
        first = int(ran) - 2 - len(cells)  # the number of the cell before them
        assert f"<code>In[{first + number}]:{line}</code>" in "".join(found)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own
@pytest.mark.parametrize("name", SCRIPTS)
def test_what_is_right_is_passed_over_in_silence_in_jupyter(cell: Kernel, name: str) -> None:
    """At most that the gradient was checked, once."""
    arrived = [cell(source) for _, source in as_cells(SCRIPTS[name])]
    said = [text for outputs in arrived for kind, text in outputs.all if kind not in ("stdout", "result")]
    supplied = [text for text in said if text.startswith("zerokara supplied ")]
    assert len(supplied) == 1
    assert len(said) <= 2
    assert not any("<ol>" in text or "Remark" in text for text in said)
