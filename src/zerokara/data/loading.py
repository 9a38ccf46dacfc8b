"""`load`: a name or a folder → a data set."""

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from zerokara.data.catalog import Progress, fetch_file, mirrors_of
from zerokara.data.dataset import Dataset
from zerokara.data.digits import digits_file, load_digits
from zerokara.data.entries import ENTRIES, Entry, PublishedFile
from zerokara.data.folder import load_folder
from zerokara.data.idx import Content
from zerokara.data.idx_dataset import NamedContent, dataset_from_idx
from zerokara.data.published import AnotherDataSet, read_published
from zerokara.data.search_paths import SearchPath, cache_folder, data_folders, search_paths, warn_unwritable
from zerokara.errors import DataError, DownloadError, UsageError, unknown_name
from zerokara.words import paragraph, sentence, translatable

logger = logging.getLogger(__name__)

NO_SUCH_NAME = translatable("The data set must be one of {names}. Got {got!r}.")


def load(
    name_or_folder: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Load a data set by its name, or from a folder of one's own.

    A name is looked for in `data_dir`, in the folders of ZEROKARA_DATA (`FOLDER/NAME/`, then `FOLDER/`) and in the
    user's cache, and fetched into the cache if it is nowhere. A folder holds four IDX files, or `train` and `test` with
    one folder of pictures per class in each. To load a folder that has the name of a data set, write `./mnist`.

    Args:
        name_or_folder: a name of `zerokara.data.ENTRIES`, or a folder.
        data_dir: a folder to look in first.
        progress: called while a file is fetched.

    Raises:
        UsageError: there is no such name and no such folder.
        DataError: a file is damaged, or not what it should be.
        DownloadError: a file is nowhere, and no mirror delivered it.

    >>> digits = load("digits")
    >>> digits
    <Dataset digits: 1,438 training and 359 test images of 8×8, 10 classes>
    >>> digits.train.x.shape, float(digits.train.x.max())
    ((1438, 64), 1.0)
    """
    if not isinstance(name_or_folder, str | os.PathLike):
        raise UsageError(
            sentence("A data set is a name or a folder. Got {got!r:.80}.", got=name_or_folder), "wrong-value"
        )
    if name_or_folder in ENTRIES:
        return _load_entry(ENTRIES[str(name_or_folder)], data_dir, progress)
    folder = Path(name_or_folder).expanduser()
    if str(name_or_folder) and folder.is_dir():
        return load_folder(folder)
    raise _no_such_data(name_or_folder, folder)


def load_at_hand(name_or_folder: str, *, data_dir: str | os.PathLike[str] | None = None) -> Dataset | None:
    """The same of what is on this computer; None where a file of a published data set is not. Nothing is fetched."""
    entry = ENTRIES.get(name_or_folder)
    if entry is None or entry.bundled:
        return load(name_or_folder, data_dir=data_dir)
    if not all(whereabouts(name_or_folder, data_dir).values()):
        return None
    try:
        return _load_entry(entry, data_dir, None, mirrors=[])
    except DownloadError:  # there is a file of that name, and it is another one
        return None


def entry_named(name: str) -> Entry:
    """The catalogue's entry of that name.

    Raises:
        UsageError: there is none; it names those there are.
    """
    if name not in ENTRIES:
        raise unknown_name("dataset", name, ENTRIES, NO_SUCH_NAME)
    return ENTRIES[name]


def fetch(
    name: str, *, data_dir: str | os.PathLike[str] | None = None, progress: Progress | None = None
) -> dict[str, Path | None]:
    """See to it that every file of a data set is here and whole: file name → where it lies.

    What is missing, or damaged in the cache, is fetched into the cache; None: it was fetched, but could not be kept.
    Errors as in `load`.
    """
    entry = entry_named(name)
    if entry.bundled:
        return whereabouts(name)
    search = _Search.of(entry, data_dir, progress)
    return {file.name: search.locate(file).path for file in entry.files}


def whereabouts(name: str, data_dir: str | os.PathLike[str] | None = None) -> dict[str, Path | None]:
    """File name → where the first file of that name lies, not yet verified; None: nowhere, so it would be fetched."""
    entry = entry_named(name)
    if entry.bundled:
        path = digits_file()
        return {path.name: path}
    searched = search_paths(entry, data_dir)
    return {
        file.name: next((path for search_path in searched for path in search_path.files(file)), None)
        for file in entry.files
    }


def _load_entry(
    entry: Entry,
    data_dir: str | os.PathLike[str] | None,
    progress: Progress | None,
    mirrors: list[str] | None = None,
) -> Dataset:
    """An entry of the catalogue; `mirrors`: those to fetch from instead of its own, none to fetch nothing."""
    if entry.bundled:
        return load_digits()
    search = _Search.of(entry, data_dir, progress)
    if mirrors is not None:
        search = replace(search, mirrors=mirrors)
    located = [search.locate(file) for file in entry.files]
    folders = sorted({one.origin for one in located})
    logger.info("%s loaded from %s", entry.name, ", ".join(folders))
    return dataset_from_idx(
        entry.name,
        [NamedContent(str(one.path or file.name), one.content) for one, file in zip(located, entry.files, strict=True)],
        source=", ".join(folders),
        class_names=entry.class_names,
        image_shape=entry.image_shape,
    )


@dataclass(frozen=True)
class _Located:
    """A verified file, where it lies (None: it was fetched, but could not be kept), and its folder or address."""

    content: Content
    path: Path | None
    origin: str


@dataclass(frozen=True)
class _Search:
    """The search for the files of one data set: along the search paths, then at mirrors."""

    entry: Entry
    search_paths: list[SearchPath]
    mirrors: list[str]
    progress: Progress | None

    @classmethod
    def of(cls, entry: Entry, data_dir: str | os.PathLike[str] | None, progress: Progress | None) -> "_Search":
        return cls(entry, search_paths(entry, data_dir), mirrors_of(entry), progress)

    def locate(self, file: PublishedFile) -> _Located:
        passed_over: list[str] = []
        for search_path in self.search_paths:
            if not search_path.own and search_path.folder.is_dir() and not any(search_path.files(file)):
                passed_over.append(sentence("{folder} has no {file}.", folder=search_path.folder, file=file.name))
            for path in search_path.files(file):
                try:
                    content = read_published(path, self.entry, file, search_path)
                    return _Located(content, path, str(path.parent))
                except DataError as error:
                    if not (search_path.own or isinstance(error, AnotherDataSet)):
                        raise _left_alone(error) from error
                    passed_over.append(str(error))
                    logger.info("passed over: %s", error)
        return self._fetch(file, tuple(passed_over))

    def _fetch(self, file: PublishedFile, passed_over: tuple[str, ...]) -> _Located:
        """Fetch into the cache, or, where that cannot be written, by way of a temporary folder."""
        cache = self.search_paths[-1]
        try:
            path = self._fetch_into(cache.folder, file, passed_over)
            return _Located(read_published(path, self.entry, file, cache), path, str(path.parent))
        except OSError as error:
            warn_unwritable(cache_folder(), error.strerror or str(error))
        with TemporaryDirectory(prefix="zerokara-") as folder:
            path = self._fetch_into(Path(folder), file, passed_over)
            return _Located(read_published(path, self.entry, file, cache), None, origin=self.mirrors[0])

    def _fetch_into(self, folder: Path, file: PublishedFile, passed_over: tuple[str, ...]) -> Path:
        absent = (sentence("{folder} does not exist.", folder=one) for one in data_folders() if not one.is_dir())
        return fetch_file(self.entry, file, folder, self.mirrors, self.progress, (*absent, *passed_over))


def _left_alone(error: DataError) -> DataError:
    advice = sentence("It was left as it is. Replace it, or remove it to have it fetched.")
    return DataError(paragraph(str(error), advice), error.code)


def _no_such_data(given: str | os.PathLike[str], folder: Path) -> UsageError:
    names = ", ".join(ENTRIES)
    if isinstance(given, os.PathLike) or os.sep in given or (given != "" and folder.exists()):
        if folder.exists():
            text = sentence(
                "A data set must be one of {names}, or a folder. {folder} is a file.", names=names, folder=folder
            )
            return UsageError(text, "wrong-value")
        text = sentence(
            "A data set must be one of {names}, or a folder. {folder} does not exist.", names=names, folder=folder
        )
        return UsageError(text, "data-missing")
    unknown = unknown_name("dataset", given, ENTRIES, NO_SUCH_NAME)
    return UsageError(paragraph(str(unknown), sentence("It may also be a folder of your own data.")), unknown.code)
