"""Where a program is in its loops."""

import sys
from pathlib import Path

import pytest

from zerokara.sources.loops import Turn, turn_of


@pytest.fixture
def turns(tmp_path: Path):
    """turns(source): what `here()` in that program finds, each time it is called."""

    def turns(source: str, name: str = "program.py") -> list[Turn | None]:
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        found: list[Turn | None] = []
        names = {"here": lambda: found.append(turn_of(sys._getframe(1)))}
        exec(compile(source, str(path), "exec", dont_inherit=True), names)
        return found

    return turns


def test_a_loop_that_counts(turns):
    assert turns("for i in range(3):\n    here()\n") == [Turn(0, 3), Turn(1, 3), Turn(2, 3)]


def test_bounds_that_are_names_and_arithmetic(turns):
    source = "n, batch = 100, 10\nfor i in range(2, int(n / batch), 4):\n    here()\n"
    assert turns(source) == [Turn(0, 2), Turn(1, 2)]


def test_nested_loops_of_several_functions(turns):
    source = """
def update():
    for key in ("W1", "b1"):
        for k in range(2):
            here()

def train(iters):
    for i in range(iters):
        update()

for epoch in range(5):
    if epoch == 4:
        train(3)
"""
    found = turns(source)
    assert found[:5] == [Turn(24, 30), Turn(25, 30), Turn(24, 30), Turn(25, 30), Turn(26, 30)]
    assert found[-1] == Turn(29, 30)


@pytest.mark.parametrize("loop", ["tqdm(range(4))", "trange(4)", "tqdm.tqdm(range(4), desc='x')"])
def test_tqdm(turns, loop):
    source = f"tqdm = trange = lambda counted, **_: range(4)\nfor i in {loop}:\n    here()\n"
    if "tqdm.tqdm" in loop:
        source = source.replace("tqdm = trange =", "class tqdm: tqdm =")
    assert turns(source)[1] == Turn(1, 4)


@pytest.mark.parametrize(
    "source",
    [
        "here()\n",
        "i = 0\nwhile i < 3:\n    here()\n    i += 1\n",
        "for i in [1, 2]:\n    here()\n",
        "for i in range(len([1, 2])):\n    here()\n",
        "for i in range(3):\n    i = 'changed'\n    here()\n",
        "for i in range(3):\n    pass\nhere()\n",
    ],
)
def test_what_does_not_count(turns, source):
    assert set(turns(source)) == {None}


def test_a_definition_inside_a_loop_does_not_turn_by_itself(turns):
    source = "for i in range(3):\n    def f():\n        here()\nf()\n"
    assert turns(source) == [None]


def test_a_source_that_is_not_there():
    names = {"turn_of": turn_of, "sys": sys}
    exec(compile("for i in range(3):\n    found = turn_of(sys._getframe())\n", "nowhere.py", "exec"), names)
    assert names["found"] is None
