"""Where data sets may lie: folders that people name, and the user's cache.

Folders that people name (the argument `data_dir`, the variable ZEROKARA_DATA) are read and never written to. The cache
(ZEROKARA_CACHE, else the system's place for caches) is zerokara's own.
"""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zerokara.data.entries import Entry, PublishedFile
from zerokara.errors import UsageError
from zerokara.words import sentence


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # somebody removed it under our feet
        return Path(os.sep)


STARTED_IN = _working_folder()
"""Relative folders in variables count from here, even if a script changes its working folder later."""


@dataclass(frozen=True)
class SearchPath:
    """A folder that may hold the files of one data set.

    Attributes:
        folder: where to look.
        own: it is zerokara's own cache, so a damaged file in it may be replaced.
        named: the folder says by its name which data set it holds.
    """

    folder: Path
    own: bool
    named: bool

    def files(self, published: PublishedFile) -> Iterator[Path]:
        """The files here that have one of the names of `published`."""
        return (path for name in published.names if (path := self.folder / name).is_file())


def search_paths(entry: Entry, data_dir: str | os.PathLike[str] | None = None) -> list[SearchPath]:
    """Where to look for a data set, in order: FOLDER/NAME and FOLDER for every named folder, then the cache.

    Raises:
        UsageError: `data_dir` is no folder.
    """
    found = [search_path for folder in data_folders(data_dir) for search_path in _in_folder(folder, entry.name)]
    return [*found, SearchPath(cache_folder() / entry.name, own=True, named=True)]


def data_folders(data_dir: str | os.PathLike[str] | None = None) -> list[Path]:
    """The folders that people named, absolute: `data_dir`, then those of ZEROKARA_DATA."""
    named = [] if data_dir is None else [_checked(data_dir)]
    listed = os.environ.get("ZEROKARA_DATA", "").split(os.pathsep)
    return named + [STARTED_IN / Path(text).expanduser() for text in listed if text]


def cache_folder() -> Path:
    """The user's cache: ZEROKARA_CACHE if it is set, else the system's place for caches. It may not exist yet."""
    chosen = os.environ.get("ZEROKARA_CACHE")
    if chosen:
        return STARTED_IN / Path(chosen).expanduser()
    from platformdirs import user_cache_path  # the same place as pooch.os_cache, without importing pooch

    return user_cache_path("zerokara")


@cache
def warn_unwritable(folder: Path, reason: str) -> None:
    """Say once per process that nothing can be kept in the cache, and what follows from it."""
    warnings.warn(
        sentence(
            "The cache {folder} cannot be written ({reason}). The data are loaded all the same, but this takes longer "
            "each time. Set ZEROKARA_CACHE to a folder that you may write to.",
            folder=folder,
            reason=reason,
        ),
        stacklevel=3,
    )


def _in_folder(folder: Path, name: str) -> list[SearchPath]:
    return [SearchPath(folder / name, own=False, named=True), SearchPath(folder, own=False, named=folder.name == name)]


def _checked(data_dir: str | os.PathLike[str]) -> Path:
    if not isinstance(data_dir, str | os.PathLike):
        raise UsageError(
            sentence("data_dir must be the path of a folder. Got {got!r:.80}.", got=data_dir), "wrong-value"
        )
    folder = Path(data_dir).expanduser().absolute()
    if not folder.is_dir():
        raise UsageError(
            sentence("The data folder {folder} does not exist, or is no folder.", folder=folder), "data-missing"
        )
    return folder
