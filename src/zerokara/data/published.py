"""Is this file what it is said to be? Published files against their checksums."""

import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from zerokara.data.cache import unpacked
from zerokara.data.entries import ENTRIES, Entry, PublishedFile
from zerokara.data.idx import GZIP_MAGIC, Content, read_content
from zerokara.data.search_paths import SearchPath
from zerokara.errors import DataError
from zerokara.words import sentence


class AnotherDataSet(DataError):
    """The file may be whole, but it belongs to another data set, or nothing tells to which."""


def read_published(path: Path, entry: Entry, file: PublishedFile, search_path: SearchPath) -> Content:
    """Read a file of a data set, packed or unpacked, and verify it.

    An unpacked file whose checksum nobody published is believed only in a folder that has the data set's name.

    Raises:
        AnotherDataSet: it belongs to another set, or nobody can tell, and the folder does not say it either.
        DataError: it is damaged, or not what was published.
    """
    packed = _packed(path, file.known_sum)
    if packed is not None and packed.checksum == file.known_sum:
        return unpacked(path, file.known_sum, packed.promised_crc32)
    content = read_content(path)
    if content.crc32 != file.unpacked_crc32:
        _Suspect(path, packed, content, entry, file, search_path).judge()
    return content


@dataclass(frozen=True)
class _Packed:
    """What there is to know of a gzip file without unpacking it."""

    checksum: str
    promised_crc32: int


def _packed(path: Path, like: str) -> _Packed | None:
    """Checksum (of the same kind as `like`: "sha256:…" or "md5:…") and trailer; None for a file that is not packed."""
    algorithm = like.partition(":")[0]
    try:
        with open(path, "rb") as file:
            if file.read(len(GZIP_MAGIC)) != GZIP_MAGIC or os.fstat(file.fileno()).st_size < 8:
                return None
            file.seek(0)
            digest = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
            file.seek(-8, os.SEEK_END)
            crc32, _length = struct.unpack("<II", file.read(8))
    except OSError as error:
        text = sentence("{path} could not be read: {error}.", path=path, error=error.strerror)
        raise DataError(text, "file-error") from error
    return _Packed(f"{algorithm}:{digest.hexdigest()}", crc32)


@dataclass(frozen=True)
class _Suspect:
    """A file that could not be verified."""

    path: Path
    packed: _Packed | None
    content: Content
    entry: Entry
    file: PublishedFile
    search_path: SearchPath

    def judge(self) -> None:
        """Refuse it, unless it is one that nobody can verify and its folder has the name of the data set."""
        owner = self._owner()
        if owner is not None and not self.search_path.named:
            raise AnotherDataSet(sentence("{path} was passed over: it is of {owner}.", path=self.path, owner=owner))
        if owner is not None:
            raise DataError(
                sentence("{path} is of {owner}, not of {name}.", path=self.path, owner=owner, name=self.entry.name)
            )
        if self.packed is not None or self.file.unpacked_crc32 is not None:
            raise self._not_as_published()
        if not self.search_path.named:
            raise AnotherDataSet(
                sentence(
                    "{path} was passed over: nothing tells of which data set it is. Put it into a folder named {name}.",
                    path=self.path,
                    name=self.entry.name,
                )
            )

    def _owner(self) -> str | None:
        """The data set to which it belongs, if the catalogue knows it."""
        same_role = (
            (entry.name, file) for entry in ENTRIES.values() for file in entry.files if file.name == self.file.name
        )
        return next((name for name, file in same_role if self._is(file)), None)

    def _is(self, file: PublishedFile) -> bool:
        if self.packed is None:
            return self.content.crc32 == file.unpacked_crc32
        packed = _packed(self.path, file.known_sum)
        return packed is not None and packed.checksum == file.known_sum

    def _not_as_published(self) -> DataError:
        if self.packed is not None:
            got, expected = self.packed.checksum, self.file.known_sum
        else:
            got, expected = f"crc32:{self.content.crc32:08x}", f"crc32:{self.file.unpacked_crc32:08x}"
        return DataError(
            sentence(
                "{path} is not the file that {name} publishes: its checksum is {got}. Expected {expected}.",
                path=self.path,
                name=self.entry.name,
                got=got,
                expected=expected,
            ),
            "data-damaged",
        )
