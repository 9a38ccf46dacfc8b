"""IDX files, the format of MNIST: bytes ↔ arrays, strict.

An IDX file is a header and numbers, most significant byte first (http://yann.lecun.com/exdb/mnist/ describes it):

    two zero bytes | element type, 1 byte | number of dimensions, 1 byte | the dimensions, 4 bytes each | elements

The dimensions say how long the file must be, and it must be exactly that long. Whether a file is packed by gzip is
told by its first two bytes, never by its name. A packed file is unpacked no further than one byte beyond what its
header promises, so a gzip bomb costs nothing.
"""

import io
import os
import struct
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import DataError
from zerokara.files import replace_file
from zerokara.words import sentence, translatable

ELEMENT_TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
"""Type byte → dtype on disk."""

GZIP_MAGIC = b"\x1f\x8b"
MAX_DIMENSIONS = 32
MAX_INFLATION = 1032
"""No deflate stream unpacks to more than 1032 times its length (https://zlib.net/zlib_tech.html)."""

WRONG_LENGTH = {
    "exactly": translatable("{name} is damaged: its header promises {promised:,} bytes. Got {got:,}."),
    "only": translatable("{name} is damaged: its header promises {promised:,} bytes. Got only {got:,}."),
    "at least": translatable("{name} is damaged: its header promises {promised:,} bytes. Got at least {got:,}."),
    "at most": translatable("{name} is damaged: its header promises {promised:,} bytes. Got at most {got:,}."),
}
"""By what is known of the length that a file has."""

_PIECE = 1 << 18


@dataclass(frozen=True)
class Content:
    """What an IDX file holds: its array (native byte order) and the CRC-32 of the whole file when unpacked."""

    array: NDArray[Any]
    crc32: int


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array of an IDX file, packed by gzip or not, in native byte order.

    Raises:
        DataError: the file is missing, unreadable, damaged, or not exactly what its header promises.
    """
    return read_content(path).array


def read_idx_bytes(data: bytes, name: str = "data") -> NDArray[Any]:
    """The array in the bytes of an IDX file, packed or not. `name` is what errors call it.

    >>> read_idx_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([7, 8, 9], dtype=uint8)
    """
    return content_of(data, name).array


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> None:
    """Write an array of one of the six element types to an IDX file, packed by gzip if its name ends in `.gz`.

    The file appears whole or not at all. The same array makes the same bytes.

    Raises:
        DataError: IDX cannot hold the array, or the file cannot be written; an old file stays as it was.
    """
    target = Path(path)
    pieces: list[Any] = [idx_header(array), idx_elements(array)]
    if target.suffix == ".gz":
        import gzip

        pieces = [gzip.compress(b"".join(pieces), mtime=0)]
    try:
        replace_file(target, pieces)
    except OSError as error:
        raise DataError(
            sentence("{path} could not be written ({error}). Nothing was changed.", path=target, error=error.strerror),
            "file-error",
        ) from error


def idx_header(array: NDArray[Any]) -> bytes:
    """The header of the IDX file that would hold `array`.

    >>> idx_header(np.zeros((2, 3), dtype=np.uint8)).hex(" ", 4)
    '00000802 00000002 00000003'
    """
    return struct.pack(f">HBB{array.ndim}I", 0, _type_code(array), array.ndim, *array.shape)


def idx_elements(array: NDArray[Any]) -> memoryview:
    """What follows the header: the elements as bytes, most significant byte first."""
    ordered = np.ascontiguousarray(array, ELEMENT_TYPES[_type_code(array)])
    return _bytes_of(ordered.reshape(-1))


def content_of(data: bytes, name: str) -> Content:
    """Like `read_content`, for bytes."""
    return _read(io.BytesIO(data), len(data), name)


def read_content(path: str | os.PathLike[str]) -> Content:
    """The array of an IDX file, and the CRC-32 of its bytes when unpacked. Errors as in `read_idx`."""
    try:
        with open(path, "rb") as file:
            return _read(file, os.fstat(file.fileno()).st_size, os.fspath(path))
    except OSError as error:
        raise DataError(
            sentence("{path} could not be read: {error}.", path=os.fspath(path), error=error.strerror or error),
            "data-missing" if isinstance(error, FileNotFoundError) else "file-error",
        ) from error


def _read(file: IO[bytes], size: int, name: str) -> Content:
    packed = file.read(2) == GZIP_MAGIC
    file.seek(0)
    if not packed:
        return _read_unpacked(file, size, size, name)
    try:
        return _read_unpacked(_Unpacker(file), None, size * MAX_INFLATION, name)
    except EOFError as error:
        text = sentence("{name} is damaged: it cannot be unpacked by gzip, because it is cut off.", name=name)
        raise DataError(text, "data-damaged") from error
    except zlib.error as error:
        text = sentence("{name} is damaged: it cannot be unpacked by gzip ({error}).", name=name, error=error)
        raise DataError(text, "data-damaged") from error


def _read_unpacked(file: Any, size: int | None, at_most: int, name: str) -> Content:
    """Read header and elements. `size` is the length of the file if it is known; `at_most` its limit in any case."""
    header, dtype, shape = _read_header(file, name)
    promised = len(header) + prod(shape) * dtype.itemsize
    # Before any memory is asked for: a header of sixteen bytes can promise terabytes.
    if promised > at_most or size not in (None, promised):
        got, bound = (at_most, "at most") if size is None else (size, "exactly")
        raise _wrong_length(name, promised, got, bound)
    elements = _memory_for(shape, dtype, name)
    buffer = _bytes_of(elements)
    filled = _fill(file, buffer)
    if filled < len(buffer):
        raise _wrong_length(name, promised, len(header) + filled, "only")
    if _fill(file, memoryview(bytearray(1))):  # how long a packed file is, only its end tells
        raise _wrong_length(name, promised, promised + 1, "at least")
    crc32 = zlib.crc32(buffer, zlib.crc32(header))
    return Content(_native(elements).reshape(shape), crc32)


def _read_header(file: Any, name: str) -> tuple[bytes, np.dtype[Any], tuple[int, ...]]:
    magic = _take(file, 4, name)
    dtype = ELEMENT_TYPES.get(magic[2])
    if magic[:2] != b"\0\0" or dtype is None or magic[3] > MAX_DIMENSIONS:
        raise DataError(
            sentence(
                "{name} is not an IDX file: it starts with {got}. Expected 00 00, an element type (08, 09, 0b, 0c, 0d "
                "or 0e) and the number of dimensions (00 to {most:02x}).",
                name=name,
                got=magic.hex(" "),
                most=MAX_DIMENSIONS,
            ),
            "data-damaged",
        )
    dimensions = _take(file, 4 * magic[3], name)
    shape = struct.unpack(f">{magic[3]}I", dimensions)
    # Without zeros: NumPy refuses (2**32, 2**32, 0) too, although it has no elements.
    if prod(size for size in shape if size) * dtype.itemsize > np.iinfo(np.intp).max:
        raise DataError(
            sentence(
                "{name} has impossible dimensions: {shape}. Expected an array that fits into memory.",
                name=name,
                shape=" × ".join(map(str, shape)),
            ),
            "data-damaged",
        )
    return magic + dimensions, dtype, shape


def _memory_for(shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> NDArray[Any]:
    try:
        return np.empty(prod(shape), dtype)
    except MemoryError as error:
        raise DataError(
            sentence(
                "{name} needs {size:,} bytes of memory, which this machine does not have.",
                name=name,
                size=prod(shape) * dtype.itemsize,
            ),
            "out-of-memory",
        ) from error


def _take(file: Any, count: int, name: str) -> bytes:
    taken = bytearray(count)
    got = _fill(file, memoryview(taken))
    if got < count:
        raise DataError(
            sentence(
                "{name} is not an IDX file: it ends within the header, {missing} bytes short.",
                name=name,
                missing=count - got,
            ),
            "data-damaged",
        )
    return bytes(taken)


def _fill(file: Any, buffer: memoryview) -> int:
    """Read into `buffer` until it is full or the file ends; the number of bytes read."""
    filled = 0
    while filled < len(buffer):
        count = file.readinto(buffer[filled:])
        if not count:
            break
        filled += count
    return filled


class _Unpacker:
    """The unpacked bytes of a gzip file, never more of them than were asked for."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._member = _gzip_member()

    def readinto(self, buffer: memoryview) -> int:
        """Fill the beginning of a buffer that is not empty; 0 at the end of the file.

        Raises:
            zlib.error, EOFError: the file is damaged or cut off.
        """
        while True:
            # What was read and not unpacked yet: the next member's beginning, or what one step had no room for.
            waiting = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            packed = waiting or self._packed.read(_PIECE)
            if self._member.eof:
                if not packed:
                    return 0
                self._member = _gzip_member()
            piece = self._member.decompress(packed, min(len(buffer), _PIECE))
            if piece:
                buffer[: len(piece)] = piece
                return len(piece)
            if not packed and not self._member.eof:
                raise EOFError


def _gzip_member() -> Any:
    """A decompressor for one gzip member: a file may have several, one after the other (RFC 1952)."""
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _wrong_length(name: str, promised: int, got: int, bound: str) -> DataError:
    return DataError(sentence(WRONG_LENGTH[bound], name=name, promised=promised, got=got), "data-damaged")


def _type_code(array: NDArray[Any]) -> int:
    for code, dtype in ELEMENT_TYPES.items():
        if array.dtype.newbyteorder("=") == dtype.newbyteorder("="):
            return code
    raise DataError(
        sentence(
            "IDX files hold uint8, int8, int16, int32, float32 or float64. Got {got}. Nothing was written.",
            got=array.dtype,
        ),
        "wrong-value",
    )


def _bytes_of(elements: NDArray[Any]) -> memoryview:
    """The memory of a one-dimensional array, as it lies there."""
    return elements.view(np.uint8).data


def _native(elements: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in the byte order of this machine, without a second copy."""
    if elements.dtype.isnative:
        return elements
    return elements.byteswap(inplace=True).view(elements.dtype.newbyteorder("="))
