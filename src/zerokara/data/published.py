"""Is this file what it is said to be? Published files against their checksums."""

import hashlib
from pathlib import Path

from zerokara.data.cache import unpacked
from zerokara.data.entries import ENTRIES, Entry, PublishedFile
from zerokara.data.idx import GZIP_MAGIC, Content, content_of, read_content
from zerokara.data.places import Place
from zerokara.errors import DataError, sentence


class AnotherDataSet(DataError):
    """The file may be whole, but it belongs to another data set, or nothing tells to which."""


def read_published(path: Path, entry: Entry, file: PublishedFile, place: Place) -> Content:
    """Read a file of a data set, packed or unpacked, and verify it.

    An unpacked file whose checksum nobody published is believed only in a folder that has the data set's name.

    Raises:
        AnotherDataSet: it belongs to another set, or nobody can tell, and the folder does not say it either.
        DataError: it is damaged, or not what was published.
    """
    packed = _packed_bytes(path)
    if packed is not None and sum_of(packed, file.known_sum) == file.known_sum:
        return unpacked(packed, file.known_sum, str(path))
    content = read_content(path) if packed is None else content_of(packed, str(path))
    if content.crc32 != file.unpacked_crc32:
        _judge(path, packed, content, entry, file, place)
    return content


def sum_of(data: bytes, like: str) -> str:
    """The checksum of `data` in the form of another: "sha256:…" or "md5:…".

    >>> sum_of(b"", like="md5:…")
    'md5:d41d8cd98f00b204e9800998ecf8427e'
    """
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()}"


def _packed_bytes(path: Path) -> bytes | None:
    """All bytes of a file packed by gzip; None for an unpacked one, which is too large to hold twice."""
    try:
        with open(path, "rb") as file:
            start = file.read(len(GZIP_MAGIC))
            return start + file.read() if start == GZIP_MAGIC else None
    except OSError as error:
        raise DataError(sentence("{path} could not be read: {error}.", path=path, error=error.strerror)) from error


def _judge(path: Path, packed: bytes | None, content: Content, entry: Entry, file: PublishedFile, place: Place) -> None:
    """Refuse a file that could not be verified, unless it is one that nobody can verify, in a folder of the set's name."""
    owner = _owner(packed, content, file)
    if owner is not None and not place.named:
        raise AnotherDataSet(sentence("{path} was passed over: it is a file of {owner}.", path=path, owner=owner))
    if owner is not None:
        raise DataError(
            sentence("{path} is a file of {owner}, not of {name}.", path=path, owner=owner, name=entry.name)
        )
    if packed is not None or file.unpacked_crc32 is not None:
        raise _not_as_published(path, packed, content, entry, file)
    if not place.named:
        raise AnotherDataSet(
            sentence(
                "{path} was passed over: nothing tells to which data set it belongs. Expected it in a folder named {name}.",
                path=path,
                name=entry.name,
            )
        )


def _owner(packed: bytes | None, content: Content, file: PublishedFile) -> str | None:
    """The data set to which the file belongs, if the catalogue knows it."""
    for entry in ENTRIES.values():
        for other in entry.files:
            if other.name != file.name:
                continue
            same_sum = packed is not None and sum_of(packed, other.known_sum) == other.known_sum
            if same_sum or content.crc32 == other.unpacked_crc32:
                return entry.name
    return None


def _not_as_published(
    path: Path, packed: bytes | None, content: Content, entry: Entry, file: PublishedFile
) -> DataError:
    if packed is None:
        got, expected = f"crc32:{content.crc32:08x}", f"crc32:{file.unpacked_crc32:08x}"
    else:
        got, expected = sum_of(packed, file.known_sum), file.known_sum
    return DataError(
        sentence(
            "{path} is not the file that {name} publishes: its checksum is {got}. Expected {expected}.",
            path=path,
            name=entry.name,
            got=got,
            expected=expected,
        )
    )
