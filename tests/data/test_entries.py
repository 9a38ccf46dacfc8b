"""The table of published data sets."""

import re

import pytest

from zerokara.data.entries import ENTRIES, FILE_NAMES, Entry, possible_names


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_every_entry_says_what_it_is_and_whose(entry: Entry) -> None:
    assert all((entry.title, entry.description, entry.license, entry.home))
    assert len(entry.class_names) == len(set(entry.class_names)) == 10
    assert entry.bundled is (entry.name == "digits")


@pytest.mark.parametrize("entry", [one for one in ENTRIES.values() if not one.bundled], ids=lambda entry: entry.name)
def test_published_files_can_be_fetched_and_verified(entry: Entry) -> None:
    assert tuple(file.name for file in entry.files) == FILE_NAMES
    assert all(re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", file.known_sum) for file in entry.files)
    assert all(re.fullmatch("https?://.+/", mirror) for mirror in entry.mirrors)
    assert entry.mirrors


def test_no_sum_is_used_twice() -> None:
    sums = [file.known_sum for entry in ENTRIES.values() for file in entry.files]
    assert len(set(sums)) == len(sums) == 12


def test_possible_names() -> None:
    assert possible_names("a-idx1-ubyte.gz") == ("a-idx1-ubyte.gz", "a-idx1-ubyte", "a.idx1-ubyte")
