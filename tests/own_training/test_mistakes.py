"""Training scripts with one mistake each: it is named, first, with the line where it stands."""

import ast
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zerokara.findings import CAUSES
from zerokara.own_training import SourceText, diagnosed

from .mistakes import MISTAKES, Mistake

Run = Callable[[str], Any]

QUICK = ("apart from the layers", "weights made anew", "labels broadcast", "constant weights")


def named(name: str) -> Mistake:
    return next(mistake for mistake in MISTAKES if mistake.name == name)


def check(mistake: Mistake, ran: Run) -> None:
    done = ran(mistake.source)
    assert (done.error is not None) == mistake.fails, done.error
    first = done.found[0]
    assert first.cause in mistake.causes
    if mistake.gradient:
        assert first.line is not None  # which one is tested where it is found, in own_gradients
    elif mistake.line is not None:
        assert first.line == mistake.line
        assert first.file == done.sources[0].path


@pytest.mark.parametrize("name", QUICK)
def test_a_mistake_on_pictures_that_are_made_up(name: str, ran: Run, made_up: None) -> None:
    check(named(name), ran)


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake(mistake: Mistake, ran: Run) -> None:
    check(mistake, ran)


def test_the_mistakes_are_of_the_table() -> None:
    assert {cause for mistake in MISTAKES for cause in mistake.causes} <= set(CAUSES)


def test_what_is_said_of_a_step_up(ran: Run, made_up: None) -> None:
    finding = ran(named("step up, inline").source).found[0]
    assert finding.text == "`W1 += lr * dW1` goes up the gradient: along this step the loss of its own batch grows."
    assert finding.remedy == "`W1 -= lr * dW1` goes down it."
    assert min(finding.proof["slopes"]) > 0


def test_where_updated_values_belong(ran: Run, made_up: None) -> None:
    finding = ran(named("local names").source).found[0]
    assert finding.remedy == "Put them where the loss reads them: `network.params['W1'] = W1`."


def state_of(names: dict[str, Any]) -> dict[str, Any]:
    """The bytes of all arrays, and what each name stands for."""
    network = names["network"]
    arrays = {key: value.tobytes() for key, value in network.params.items()}
    lists = {name: list(value) for name, value in names.items() if isinstance(value, list)}
    return {
        "arrays": arrays,
        "identities": {name: id(value) for name, value in names.items()},
        "attributes": {name: id(value) for name, value in vars(network).items()},
        "lists": lists,
        "numpy": np.random.get_state()[1].tobytes(),  # type: ignore[union-attr]
        "python": random.getstate(),
    }


@pytest.mark.parametrize("name", ["step up", "rate 1e-5"])
def test_nothing_is_left_behind(name: str, ran: Run, made_up: None, capfd: pytest.CaptureFixture[str]) -> None:
    done = ran(named(name).source)
    before = state_of(done.names)
    capfd.readouterr()
    assert done.found
    assert state_of(done.names) == before
    assert capfd.readouterr() == ("", "")


CELLS = (
    "import numpy as np\nx_train = np.random.rand(500, 6)\nt_train = np.eye(3)[np.random.randint(0, 3, 500)]\n",
    "W, b, losses = 0.1 * np.random.randn(6, 3), np.zeros(3), []",
    """
for i in range(50):
    rows = np.random.choice(500, 20)
    x, t = x_train[rows], t_train[rows]
    z = x @ W + b
    y = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(t * np.log(y), axis=1))
    losses.append(loss)
    dW = x.T @ (y - t) / 20
    W += 0.1 * dW
""",
)


def test_a_line_of_a_cell(tmp_path: Any) -> None:
    names: dict[str, Any] = {}
    for cell in CELLS:
        exec(cell, names)
    sources = [SourceText(tmp_path / f"In[{n}]", cell, cell=n) for n, cell in enumerate(CELLS, start=1)]
    (finding,) = diagnosed(names, sources=sources)
    assert (finding.cause, finding.file, finding.line) == ("step-up-the-gradient", tmp_path / "In[3]", 10)


ILL_BEHAVED = (
    "raise SystemExit",
    "import sys; sys.exit(3)",
    "print('said')",
    "open('written.txt', 'w')",
    "losses.pop(0)",
    "np.random.seed(0)",
    "x_train[0] = 0",
)


@pytest.mark.parametrize("code", ILL_BEHAVED)
def test_whatever_a_loop_does_the_check_stays_quiet(
    code: str, tmp_path: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for cell in CELLS:
        exec(cell, names)
    before = names["x_train"].copy(), list(names["losses"])
    changed = CELLS[2].replace("    z = x @ W + b\n", f"    z = x @ W + b\n    {code}\n")
    diagnosed(names, sources=[SourceText(tmp_path / "a.py", changed)])
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    assert np.array_equal(names["x_train"], before[0])
    assert names["losses"] == before[1]


def test_no_program_at_all() -> None:
    assert diagnosed({}) == ()
    assert diagnosed({"x": 1}, sources=[SourceText("a.py", "this is no Python (")]) == ()  # type: ignore[arg-type]


def test_every_line_that_is_marked_is_code() -> None:
    for mistake in MISTAKES:
        if mistake.line is not None:
            line = mistake.source.splitlines()[mistake.line - 1]
            assert line.strip(), mistake.name
            assert ast.parse(mistake.source), mistake.name
