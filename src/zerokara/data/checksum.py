"""One short number for the contents of a data set, so that a run can say what it was trained on."""

import zlib
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from numpy.typing import NDArray

from zerokara.data.dataset import Split
from zerokara.data.idx import idx_elements, idx_header


def checksum_of(crc32s: Iterable[int]) -> str:
    """The checksum of a data set, from the CRC-32 of its four IDX files when unpacked.

    They are taken in the order training images, training labels, test images, test labels. However the files are packed
    and wherever they lie, the checksum is the same. It finds damage and mix-ups; it is no protection against malice.

    >>> checksum_of([1, 2, 3, 4])
    '798a01f1b869f190'
    """
    listed = " ".join(f"{crc32:08x}" for crc32 in crc32s)
    return sha256(listed.encode()).hexdigest()[:16]


def content_checksum(train: Split, test: Split, image_shape: tuple[int, ...]) -> str:
    """The checksum of data that were not IDX files: that of the files that would hold them."""
    crc32s = []
    for split in (train, test):
        images = split.pixels.reshape(-1, *image_shape)
        crc32s += [_crc32(images), _crc32(split.t)]
    return checksum_of(crc32s)


def _crc32(array: NDArray[Any]) -> int:
    return zlib.crc32(idx_elements(array), zlib.crc32(idx_header(array)))
