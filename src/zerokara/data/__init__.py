"""Data sets: finding them, fetching them, checking them, and holding them in memory."""

from zerokara.data.dataset import Dataset, Split
from zerokara.data.entries import ENTRIES, Entry
from zerokara.data.idx import read_idx, read_idx_bytes, write_idx
from zerokara.data.loading import entry_named, fetch, load, whereabouts

__all__ = [
    "ENTRIES",
    "Dataset",
    "Entry",
    "Split",
    "entry_named",
    "fetch",
    "load",
    "read_idx",
    "read_idx_bytes",
    "whereabouts",
    "write_idx",
]
