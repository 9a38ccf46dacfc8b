"""A folder of one's own: four IDX files, or pictures in one folder per class."""

from pathlib import Path

from zerokara.data.dataset import Dataset
from zerokara.data.entries import FILE_NAMES, possible_names
from zerokara.data.idx import read_content
from zerokara.data.idx_dataset import NamedContent, dataset_from_idx
from zerokara.data.pictures import PARTS, load_pictures, visible
from zerokara.errors import DataError
from zerokara.words import paragraph, sentence

MOST_LISTED = 5


def load_folder(folder: Path) -> Dataset:
    """Load a data set from a folder.

    It holds either the four IDX files under the names of MNIST, packed by gzip or not, or the folders `train` and
    `test`, each with one folder of pictures per class (see `zerokara.data.pictures.load_pictures`).

    Raises:
        DataError: it holds neither, something is missing, or a file is not what it should be.
    """
    found = {name: _first_of(folder, name) for name in FILE_NAMES}
    if any(found.values()):
        return _load_idx(folder, found)
    if any((folder / part).is_dir() for part in PARTS):
        return load_pictures(folder)
    raise _neither(folder)


def _first_of(folder: Path, published: str) -> Path | None:
    return next((path for name in possible_names(published) if (path := folder / name).is_file()), None)


def _load_idx(folder: Path, found: dict[str, Path | None]) -> Dataset:
    paths = [path for path in found.values() if path is not None]
    if len(paths) < len(found):
        missing = [name for name, path in found.items() if path is None]
        raise DataError(
            sentence(
                "{folder} lacks {missing}. Expected all of {names}, with or without .gz.",
                folder=folder,
                missing=", ".join(missing),
                names=", ".join(found),
            ),
            "data-missing",
        )
    files = [NamedContent(str(path), read_content(path)) for path in paths]
    return dataset_from_idx(folder.resolve().name, files, source=str(folder.resolve()))


def _neither(folder: Path) -> DataError:
    there = [path.name for path in visible(folder)]
    got = (
        sentence("Got {got}.", got=", ".join(there[:MOST_LISTED]) + (", …" if len(there) > MOST_LISTED else ""))
        if there
        else sentence("Got an empty folder.")
    )
    expected = sentence(
        "{folder} holds no data set. Expected the four files {names} (with or without .gz), or the folders train "
        "and test with one folder of pictures per class (train/0/a.png).",
        folder=folder,
        names=", ".join(FILE_NAMES),
    )
    return DataError(paragraph(expected, got), "data-missing")
