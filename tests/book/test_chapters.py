"""Which chapter a learner's folder stands for."""

from pathlib import Path

import pytest

from zerokara.book.chapters import chapter_of


@pytest.mark.parametrize(
    ("folder", "chapter"),
    [
        ("ch5", 5),
        ("Chapter_05", 5),
        ("chap5-backprop", 5),
        ("5章", 5),
        ("第五章", 5),
        ("5장", 5),
        ("05", 5),
        ("ch15", None),
        ("deep-learning-5", None),
        ("ch04/ch05", 5),
        ("ch05/notes", 5),
        ("2022", None),
        ("ch06", 6),
    ],
)
def test_names_of_chapter_folders(folder: str, chapter: int | None) -> None:
    assert chapter_of(Path("/home/me") / folder) == chapter
