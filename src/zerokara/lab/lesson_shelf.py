"""The lessons that a lab has: zerokara's own, and those of a teacher's folder. Files are read anew each time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from zerokara.errors import UsageError, unknown_name
from zerokara.lab.lesson_files import BUILT_IN, FILE, LESSON_NAME, MOST_LESSONS, Lesson, read_lesson
from zerokara.words import sentence

ORDER = (
    *("what-loss-is", "learning-rate", "numerical-gradient", "hidden-unit"),
    *("overfitting", "vanishing-gradients", "softmax-cross-entropy"),
)
"""In which zerokara's own lessons are listed; others of its folder come after them."""


@dataclass(frozen=True)
class Shelf:
    """Where lessons are looked for.

    Args:
        own: a folder of lessons, or of one; those in it come first, also before one of zerokara's of that name.

    Raises UsageError where that is no folder.
    """

    own: Path | None = None

    def __post_init__(self) -> None:
        if self.own is not None and not self.own.is_dir():
            raise UsageError(
                sentence("{path} is not a folder. Expected one with lessons in it.", path=self.own), "wrong-value"
            )

    def folders(self) -> dict[str, Path]:
        """The folder of each lesson by its name, in their order."""
        found = {} if self.own is None else _lessons_in(self.own)
        return found | {name: path for name, path in _built_in().items() if name not in found}

    def lesson(self, name: str) -> Lesson:
        """Raises UsageError where there is none of that name, or its files do not fit together."""
        folders = self.folders()
        if name not in folders:
            raise unknown_name("lesson", name[:60], folders)
        return read_lesson(folders[name])

    def all(self) -> tuple[list[Lesson], list[str]]:
        """All that can be used, and sentences on why others cannot."""
        lessons: list[Lesson] = []
        problems: list[str] = []
        for folder in self.folders().values():
            try:
                lessons.append(read_lesson(folder))
            except UsageError as error:
                problems.append(str(error))
        return lessons, problems

    def is_own(self, name: str) -> bool:
        """Whether it is of the teacher's folder."""
        return self.folders()[name].parent != BUILT_IN


def _built_in() -> dict[str, Path]:
    found = _lessons_in(BUILT_IN)
    return {name: found[name] for name in (*(n for n in ORDER if n in found), *(n for n in found if n not in ORDER))}


def _lessons_in(folder: Path) -> dict[str, Path]:
    """By name: folders with a lesson.toml, or this one if it has one. Links are not followed."""
    if os.path.lexists(folder / FILE):
        folder = folder.resolve()
        return {folder.name: folder} if LESSON_NAME.fullmatch(folder.name) else {}
    try:
        with os.scandir(folder) as entries:
            names = sorted(e.name for e in entries if e.is_dir(follow_symlinks=False) and LESSON_NAME.fullmatch(e.name))
    except OSError as error:
        raise UsageError(
            sentence("{file} cannot be read: {reason}.", file=folder, reason=error.strerror), "wrong-value"
        ) from error
    return {name: folder / name for name in names[:MOST_LESSONS] if os.path.lexists(folder / name / FILE)}
