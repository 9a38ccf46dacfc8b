"""`zerokara data`: list what there is, fetch it, look at it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cells import left, widest
from zerokara.cli.download import download_progress
from zerokara.cli.options import whole_number
from zerokara.cli.picture import png_file, write_picture
from zerokara.cli.table import Column, Table
from zerokara.data import ENTRIES, Dataset, Entry, load, whereabouts
from zerokara.data import fetch as fetch_entry
from zerokara.errors import UsageError
from zerokara.words import sentence, translatable

DataDir = Annotated[Path | None, Parameter(help=translatable("Where to look for data first."))]


def list_(*, data_dir: DataDir = None) -> None:
    """List the data sets that have a name, and where each one is."""
    indent = widest([*ENTRIES]) + 1
    for entry in ENTRIES.values():
        description = sentence(entry.description)
        print(f"{left(entry.name, indent)}{description}; {entry.license}; {entry.home}")
        print(" " * indent + _where(entry, data_dir))
    print()
    print(
        sentence("A folder of your own is a data set too: four IDX files, or train/ and test/ with a folder per class.")
    )


def fetch(
    name: Annotated[str, Parameter(help=translatable("One of those that zerokara data list prints."))],
    *,
    data_dir: DataDir = None,
) -> None:
    """Fetch a data set into the cache, unless it is already here."""
    fetch_entry(name, data_dir=data_dir, progress=download_progress(sys.stderr))
    print(f"{name}: {_where(ENTRIES[name], data_dir)}")


def show(
    name: Annotated[str, Parameter(help=translatable("A data set's name, or a folder."))],
    *,
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        Parameter(converter=png_file, help=translatable("The PNG file to write; by default a new NAME.png here.")),
    ] = None,
    each: Annotated[int, Parameter(converter=whole_number, help=translatable("Pictures of each class."))] = 10,
) -> None:
    """Print how many samples each class has, and draw a contact sheet of examples."""
    from zerokara.report.figures import contact_sheet, png

    if each < 1:
        text = sentence("{name} must be a positive whole number. Got {got!r}.", name="each", got=each)
        raise UsageError(text, "wrong-value")
    dataset = load(name, data_dir=data_dir, progress=download_progress(sys.stderr))
    _print_counts(dataset)
    write_picture(png(contact_sheet(dataset, each)), out, dataset.name)


def _print_counts(dataset: Dataset) -> None:
    names = dataset.class_names
    train, test = dataset.train.counts(len(names)), dataset.test.counts(len(names))
    shape = "×".join(map(str, dataset.image_shape))
    pictures = sentence("{name}: pictures of {shape}", name=dataset.name, shape=shape)
    print(f"{pictures} ({dataset.source})\n")
    # Translators: the last line of a table, with the sums.
    every = sentence("all")
    table = Table(
        [
            Column(translatable("class"), widest([*names, every]), left),
            Column(translatable("training images")),
            Column(translatable("test images")),
        ]
    )
    print(table.head())
    for name, *counts in zip([*names, every], [*train, train.sum()], [*test, test.sum()], strict=True):
        print(table.line([name, *(f"{count:,}" for count in counts)]))


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
    return sentence(
        "incomplete, missing {missing}; zerokara data fetch {name}", missing=", ".join(missing), name=entry.name
    )
