"""`zerokara data`: list what there is, fetch it, look at it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cli.console import download_progress
from zerokara.cli.options import whole_number
from zerokara.cli.picture import png_file, write_picture
from zerokara.data import ENTRIES, Dataset, Entry, load, whereabouts
from zerokara.data import fetch as fetch_entry
from zerokara.words import sentence

DataDir = Annotated[Path | None, Parameter(help="Where to look for data first.")]


def list_(*, data_dir: DataDir = None) -> None:
    """List the data sets that have a name, and where each one is."""
    for entry in ENTRIES.values():
        print(f"{entry.name:<14} {entry.description}; {entry.license}; {entry.home}")
        print(f"{'':<14} {_where(entry, data_dir)}")
    text = "\nA folder of your own is a data set too: four IDX files, or train/ and test/ with a folder per class."
    print(sentence(text))


def fetch(name: str, *, data_dir: DataDir = None) -> None:
    """Fetch a data set into the cache, unless it is already here.

    Args:
        name: one of those that `zerokara data list` prints.
    """
    fetch_entry(name, data_dir=data_dir, progress=download_progress(sys.stderr))
    print(f"{name}: {_where(ENTRIES[name], data_dir)}")


def show(
    name: str,
    *,
    data_dir: DataDir = None,
    out: Annotated[Path | None, Parameter(converter=png_file)] = None,
    each: Annotated[int, Parameter(converter=whole_number)] = 10,
) -> None:
    """Print how many samples each class has, and draw a contact sheet of examples.

    Args:
        name: a data set's name, or a folder.
        out: the PNG file to write; by default a new NAME.png here.
        each: pictures per class.
    """
    from zerokara.report.figures import contact_sheet, png

    dataset = load(name, data_dir=data_dir, progress=download_progress(sys.stderr))
    _print_counts(dataset)
    write_picture(png(contact_sheet(dataset, each)), out, dataset.name)


def _print_counts(dataset: Dataset) -> None:
    names = dataset.class_names
    train, test = dataset.train.counts(len(names)), dataset.test.counts(len(names))
    shape = "×".join(map(str, dataset.image_shape))
    print(sentence("{name}: pictures of {shape}, {source}\n", name=dataset.name, shape=shape, source=dataset.source))
    width = max(map(len, [*names, "class"]))
    print(f"{'class':<{width}} {'training':>9} {'test':>9}")
    for name, of_train, of_test in zip(names, train, test, strict=True):
        print(f"{name:<{width}} {of_train:>9,} {of_test:>9,}")
    print(f"{'all':<{width}} {train.sum():>9,} {test.sum():>9,}")


def _where(entry: Entry, data_dir: Path | None) -> str:
    """Where an entry's files are, in words."""
    if entry.bundled:
        return sentence("comes with scikit-learn, always here")
    found = whereabouts(entry.name, data_dir)
    missing = [name for name, path in found.items() if path is None]
    if not missing:
        folders = sorted({str(path.parent) for path in found.values() if path})
        return sentence("here: {folders}", folders=", ".join(folders))
    if len(missing) == len(found):
        return sentence("not here; zerokara data fetch {name}", name=entry.name)
    text = "incomplete, missing {missing}; zerokara data fetch {name}"
    return sentence(text, missing=", ".join(missing), name=entry.name)
