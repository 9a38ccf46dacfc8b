"""Tables whose columns line up, by cells."""

import pytest

from zerokara.cells import left, widest, width
from zerokara.cli.table import Column, Table


def ends(line: str, cells: int) -> str:
    """What stands in the first so many cells of a line."""
    return next(line[:n] for n in range(len(line) + 1) if width(line[:n]) == cells)


@pytest.mark.parametrize("names", [["a", "long-name"], ["実行その1", "a"], ["가중치", "b"]])
def test_columns_line_up_whatever_the_names(names: list[str]) -> None:
    table = Table([Column("name", widest(names), left), Column("n", 5), Column("of", side=left)], gap=2)
    lines = [table.head(), *(table.line([name, "1,000", "x"]) for name in names)]
    before = max(4, widest(names)) + 2
    for line in lines:
        assert ends(line, before)[-2:] == "  "
        assert ends(line, before + 5)[-1] in "n0"
        assert ends(line, before + 7)[-2:] == "  "
        assert line == line.rstrip()


def test_a_head_that_is_wider_in_another_language_widens_its_column(marked: None) -> None:
    table = Table([Column("test accuracy", 3), Column("x")])
    assert table.head() == "⟦test accuracy⟧ ⟦x⟧"
    assert table.line(["0.5", "1"]).startswith(" " * (width("⟦test accuracy⟧") - 3) + "0.5 ")


def test_a_value_for_every_column() -> None:
    with pytest.raises(ValueError, match="zip"):
        Table([Column("a"), Column("b")]).line(["1"])
