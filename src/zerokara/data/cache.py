"""Unpacked copies in the cache, so that data that were unpacked once load quickly the next time.

A copy is named after the checksum of the packed file it came from, and is itself checked whenever it is read: the last
eight bytes of a gzip file hold the CRC-32 of what it unpacks to (RFC 1952), and the packed file is at hand, verified.
A CRC-32 notices any damage within 32 neighbouring bits, and all but one in four thousand million other damages. MNIST's
55 MB take 8 ms; SHA-256 would take 30 ms, and 80 ms on a processor that has no instruction for it. A copy is read, not
mapped: a mapped file that another process truncates kills the reader.
"""

from pathlib import Path

from zerokara.data.idx import Content, idx_elements, idx_header, read_content
from zerokara.data.search_paths import cache_folder, warn_unwritable
from zerokara.errors import DataError
from zerokara.files import replace_file
from zerokara.words import sentence


def unpacked(path: Path, known_sum: str, crc32: int) -> Content:
    """The content of a packed IDX file, from its unpacked copy if that is whole.

    Args:
        path: the packed file, already verified.
        known_sum: its checksum, "sha256:…"; the copy is named after it.
        crc32: the CRC-32 of what it unpacks to, read from it when it was verified.

    Raises:
        DataError: the packed file is damaged, or was exchanged after it was verified.
    """
    copy = copy_path(known_sum)
    kept = _whole_copy(copy, crc32)
    if kept is not None:
        return kept
    content = read_content(path)
    if content.crc32 != crc32:
        raise DataError(
            sentence("{path} changed while it was read. Nothing was kept of it. Try again.", path=path), "data-damaged"
        )
    _keep(copy, content)
    return content


def copy_path(known_sum: str) -> Path:
    """Where the unpacked copy of a file with this checksum lies, or would lie."""
    return cache_folder() / "unpacked" / f"{known_sum.replace(':', '-')}.idx"


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
