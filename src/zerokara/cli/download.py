"""How far a download is."""

from __future__ import annotations

from typing import TextIO

from zerokara.data.catalog import Progress
from zerokara.words import sentence

MEGABYTE = 1_000_000


def download_progress(stream: TextIO) -> Progress:
    """Says on `stream` how far a download is: on a terminal in place, elsewhere once per file."""
    named: set[str] = set()

    def show(name: str, done: int, total: int | None) -> None:
        if stream.isatty():
            print(f"\r\033[K{_arrived(name, done, total)}", end="\n" * (done == total), file=stream, flush=True)
        elif name not in named:
            named.add(name)
            print(_begun(name, total), file=stream, flush=True)

    return show


def _arrived(name: str, done: int, total: int | None) -> str:
    if total is None:
        return sentence("fetching {name}: {done:.1f} MB", name=name, done=done / MEGABYTE)
    return sentence(
        "fetching {name}: {done:.1f} of {total:.1f} MB", name=name, done=done / MEGABYTE, total=total / MEGABYTE
    )


def _begun(name: str, total: int | None) -> str:
    if total is None:
        return sentence("fetching {name}", name=name)
    return sentence("fetching {name} ({total:.1f} MB)", name=name, total=total / MEGABYTE)
