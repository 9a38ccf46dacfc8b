"""Columns that line up on a terminal, where a Japanese or Korean letter takes two cells."""

from collections.abc import Iterable


def width(text: str) -> int:
    """How many cells of a terminal a text takes.

    >>> width("loss"), width("重み"), width("가중치")
    (4, 4, 6)
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def left(text: str, cells: int) -> str:
    """The text at the left of so many cells.

    >>> left("重み", 6) + "|"
    '重み  |'
    """
    return text + " " * (cells - width(text))


def right(text: str, cells: int) -> str:
    """The text at the right of so many cells.

    >>> right("重み", 6)
    '  重み'
    """
    return " " * (cells - width(text)) + text


def widest(texts: Iterable[str]) -> int:
    """How many cells the widest of some texts takes.

    >>> widest(["loss", "가중치"])
    6
    """
    return max(map(width, texts), default=0)


def shortened(text: str, cells: int) -> str:
    """The text in at most so many cells; where it is longer, its start and an ellipsis.

    >>> shortened("ankle boot", 8), shortened("アンクルブーツ", 8), shortened("bag", 8)
    ('ankle b…', 'アンク…', 'bag')
    """
    if width(text) <= cells:
        return text
    start = text[: cells - 1]
    while width(start) > cells - 1:
        start = start[:-1]
    return start + "…"
