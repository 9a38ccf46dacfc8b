"""Unpacked copies in the cache, so that data that were unpacked once load quickly the next time.

A copy is named after the checksum of the packed file it came from, and is itself checked whenever it is read: the last
eight bytes of a gzip file hold the CRC-32 of what it unpacks to (RFC 1952), and the packed file is at hand and verified.
A CRC-32 notices any damage within 32 neighbouring bits, other damage but for one case in four thousand million, and
is several times faster than SHA-256, with which a warm start of MNIST would take twice as long on processors that
have no instruction for it. A copy is read, not mapped: a mapped file that another process truncates kills the reader.
"""

import struct
from pathlib import Path

from zerokara.data.atomic import replace_file
from zerokara.data.idx import Content, content_of, idx_elements, idx_header, read_content
from zerokara.data.places import cache_folder, warn_unwritable
from zerokara.errors import DataError


def unpacked(packed: bytes, known_sum: str, name: str) -> Content:
    """The content of a packed IDX file that has been verified, from its copy if that is whole.

    Args:
        packed: the bytes of the gzip file, of one member.
        known_sum: their checksum, "sha256:…"; the copy is named after it.
        name: what errors call the file.
    """
    copy = copy_path(known_sum)
    kept = _whole_copy(copy, _promised_crc32(packed))
    if kept is not None:
        return kept
    content = content_of(packed, name)
    _keep(copy, content)
    return content


def copy_path(known_sum: str) -> Path:
    """Where the unpacked copy of a file with this checksum lies, or would lie."""
    return cache_folder() / "unpacked" / f"{known_sum.replace(':', '-')}.idx"


def _promised_crc32(packed: bytes) -> int:
    crc32, _length = struct.unpack("<II", packed[-8:])
    return int(crc32)


def _whole_copy(copy: Path, crc32: int) -> Content | None:
    try:
        content = read_content(copy)
    except DataError:  # not there yet, or damaged: it is made anew
        return None
    return content if content.crc32 == crc32 else None


def _keep(copy: Path, content: Content) -> None:
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        replace_file(copy, [idx_header(content.array), idx_elements(content.array)])
    except OSError as error:
        warn_unwritable(cache_folder(), error.strerror or str(error))
