"""The digest that a safetensors file of ours carries in its own header, over all of its bytes.

It is the SHA-256 of the whole file with zeros in the digest's place, so any flipped byte is noticed, also one in the
header or between the arrays. The file stays one that any reader of safetensors reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_DIGEST = "sha256:" + "0" * 64
"""What stands in a file in the digest's place while the digest is computed."""


def sealed_file(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> bytes:
    """A safetensors file of arrays and facts, the digest among them, in one key of metadata.

    One key, because safetensors writes several in random order.
    """
    from safetensors.numpy import save

    # safetensors 0.8.0 writes arrays that are not C-contiguous in the wrong order, without a word
    content: bytes = save(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()},
        metadata={"zerokara": dumps({**facts, "digest": NO_DIGEST})},
    )
    return content.replace(NO_DIGEST.encode(), _digest_of(content).encode(), 1)


def is_sealed(content: bytes, digest: str, header: int) -> bool:
    """Whether a whole file, whose header has so many bytes, is the one that this digest was made of."""
    place = content.find(digest.encode(), 0, header)
    blank = content[:place] + NO_DIGEST.encode() + content[place + len(digest) :]
    return place >= 0 and _digest_of(blank) == digest


def _digest_of(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"
