"""A digest over every byte of a file, in a place of its own within it."""

import json
from hashlib import sha256

import numpy as np
from safetensors.numpy import load

from zerokara.runs.digest import NO_DIGEST, is_sealed, sealed_file

ARRAYS = {"W": np.arange(6, dtype=np.float32).reshape(2, 3)}


def parts(content: bytes) -> tuple[int, str]:
    """Bytes of the header, and the digest in it, read by hand."""
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]["zerokara"]
    return 8 + length, json.loads(metadata)["digest"]


def test_it_is_the_sha256_of_the_file_with_zeros_in_its_place() -> None:
    content = sealed_file(ARRAYS, {"a": 1})
    _, digest = parts(content)
    assert digest == "sha256:" + sha256(content.replace(digest.encode(), NO_DIGEST.encode())).hexdigest()


def test_no_byte_can_change_unnoticed() -> None:
    content = sealed_file(ARRAYS, {"a": 1})
    header, digest = parts(content)
    assert is_sealed(content, digest, header)
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1
        assert not is_sealed(bytes(damaged), digest, header), position


def test_any_reader_of_safetensors_reads_it_and_it_is_the_same_every_time() -> None:
    np.testing.assert_array_equal(load(sealed_file(ARRAYS, {}))["W"], ARRAYS["W"])
    assert sealed_file(ARRAYS, {"b": 1, "a": [2]}) == sealed_file(ARRAYS, {"b": 1, "a": [2]})
