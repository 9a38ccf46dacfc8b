"""Where the pictures of a run go when there is no display to show them on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from zerokara.report import fonts
from zerokara.runner import import_hooks
from zerokara.say import say
from zerokara.words import sentence

BACKEND = "module://zerokara.runner.matplotlib_backend"


class Gallery:
    """Saves figures as STEM-figure-1.png, STEM-figure-2.png, … in a folder; a figure shown again keeps its number."""

    def __init__(self, folder: Path, stem: str) -> None:
        self.folder, self.stem = folder.absolute(), stem
        self.paths: WeakKeyDictionary[Any, Path] = WeakKeyDictionary()
        self.count = 0

    def save(self, figure: Any) -> None:
        """Write a figure and say where, once; say why, where that fails, and let the script go on."""
        known = self.paths.get(figure)
        path = self.paths[figure] = known or self._next_path()
        with fonts.missing_letters(say):
            self._write(path, figure.savefig, new=known is None)

    def save_picture(self, picture: Any) -> None:
        """Write one of Pillow's, in the same way."""
        self._write(self._next_path(), picture.save, new=True)

    def _write(self, path: Path, write: Callable[[Path], Any], *, new: bool) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write(path)
        except OSError as error:
            say(
                sentence(
                    "Figure {n} could not be saved: {error}. The script goes on; --figures DIR names another folder.",
                    n=self.count,
                    error=error,
                )
            )
        else:
            if new:
                say(sentence("Figure {n} saved: {path}", n=self.count, path=path))

    def _next_path(self) -> Path:
        self.count += 1
        return self.folder / f"{self.stem}-figure-{self.count}.png"


current: Gallery | None = None
"""The gallery of the run that is going on; None where Matplotlib shows its own windows."""


@contextmanager
def opened(folder: Path, stem: str) -> Iterator[None]:
    """For the time of a run, let `plt.show()` save pictures into the folder, unless Matplotlib can show them itself."""
    # MPLBACKEND rather than matplotlib.use: it chooses also where the learner imports Matplotlib first, or in a child.
    global current
    if not saves():
        yield
        return
    current = Gallery(folder, stem)
    import_hooks.after_import("PIL.ImageShow", _offer_viewer)
    os.environ["MPLBACKEND"] = BACKEND
    try:
        yield
    finally:
        current = None
        os.environ.pop("MPLBACKEND", None)


@cache
def _offer_viewer(image_show: ModuleType) -> None:
    """Let Pillow's `image.show()`, of chapter 3's mnist_show.py, save its picture as well."""

    class Saver(image_show.Viewer):  # type: ignore[misc, name-defined]
        def show_image(self, image: Any, **options: Any) -> bool:
            if current is not None:
                current.save_picture(image)
            return current is not None

    image_show.register(Saver, 0)


def saves() -> bool:
    """Whether pictures are saved here: there is no display, and the user has chosen no MPLBACKEND."""
    return not (os.environ.get("MPLBACKEND") or _has_display())


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def show_open_figures() -> None:
    """What a notebook does after every cell: show the figures that the cell left open."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if current is not None and pyplot is not None and pyplot.get_fignums():
        pyplot.show()
