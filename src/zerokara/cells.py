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


def printable(text: str) -> str:
    """A text that cannot play tricks with a terminal, which names of files and folders may try.

    >>> printable("a\\x1b[2Jb")
    'a�[2Jb'
    """
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def shortened(text: str, cells: int) -> str:
    """A text that takes at most so many cells: what is longer ends with an ellipsis.

    >>> shortened("aeroplane", 5), shortened("重みの初期値", 5)
    ('aero…', '重み…')
    """
    if width(text) <= cells:
        return text
    while width(text) >= cells:
        text = text[:-1]
    return text + "…"
