"""Messages between the page and Python: a JSON object and binary buffers, as anywidget has them.

A message is an object with a `type`, and `arrays`: name → {"dtype", "shape", "buffer"}, where `buffer` is the index of
the buffer that has its numbers, little-endian and C-contiguous. On a socket one message is one binary frame:

    u32 length of the JSON | JSON, whose "buffers" is the list of their lengths in bytes | the buffers, in their order

Everything that comes from a page may be anybody's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 1 << 20
"""Of a message that is packed."""
DTYPES = ("uint8", "int32", "float32", "float64")
"""Those that the page has typed arrays for."""

Buffer = bytes | memoryview


class Malformed(ValueError):
    """What came is no message; for whoever holds the connection, which is not worth going on with."""


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        type: what it is about.
        fields: all else that can be said in JSON.
        arrays: numbers, by name.
        files: bytes that are no array, such as a picture's; only from the page.
    """

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    files: Sequence[Buffer] = ()

    def content(self) -> dict[str, Any]:
        """The JSON object, with the description of the arrays."""
        described = {
            name: {"dtype": str(array.dtype), "shape": list(array.shape), "buffer": number}
            for number, (name, array) in enumerate(self.arrays.items())
        }
        return {**self.fields, "type": self.type, "arrays": described}

    def buffers(self) -> list[bytes]:
        """The numbers of the arrays, in their order."""
        for name, array in self.arrays.items():
            assert str(array.dtype) in DTYPES, f"{name}: {array.dtype}"
        return [array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes() for array in self.arrays.values()]


def packed(message: Message) -> bytes:
    """The message as one binary frame."""
    buffers = message.buffers()
    content = {**message.content(), "buffers": [len(buffer) for buffer in buffers]}
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join([len(text).to_bytes(4, "little"), text, *buffers])


def unpacked(frame: bytes) -> Message:
    """The message in a binary frame. Raises Malformed."""
    if not isinstance(frame, bytes) or not 4 <= len(frame) <= MOST_BYTES:
        raise Malformed
    end = 4 + int.from_bytes(frame[:4], "little")
    if end > len(frame):
        raise Malformed
    try:
        content = json.loads(frame[4:end])
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    lengths = content.pop("buffers", []) if isinstance(content, dict) else None
    if not isinstance(lengths, list) or not all(_is_count(length) for length in lengths):
        raise Malformed
    if end + sum(lengths) != len(frame):
        raise Malformed
    buffers, view = [], memoryview(frame)
    for length in lengths:
        buffers.append(view[end : end + length])
        end += length
    return received(content, buffers)


def received(content: Any, buffers: Sequence[Buffer]) -> Message:
    """The message that came as a JSON object and buffers. Raises Malformed."""
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise Malformed
    described = content.get("arrays", {})
    if not isinstance(described, dict):
        raise Malformed
    arrays = {name: _array(entry, buffers) for name, entry in described.items()}
    taken = {entry["buffer"] for entry in described.values()}
    files = [buffer for number, buffer in enumerate(buffers) if number not in taken]
    fields = {name: value for name, value in content.items() if name not in ("type", "arrays")}
    return Message(content["type"], fields, arrays, files)


def _array(entry: Any, buffers: Sequence[Buffer]) -> NDArray[Any]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "buffer"}:
        raise Malformed
    dtype, shape, number = entry["dtype"], entry["shape"], entry["buffer"]
    if dtype not in DTYPES or not isinstance(shape, list) or len(shape) > 4 or not all(map(_is_count, shape)):
        raise Malformed
    if not _is_count(number) or number >= len(buffers):
        raise Malformed
    stored = np.dtype(dtype).newbyteorder("<")
    if math.prod(shape) * stored.itemsize != len(buffers[number]):
        raise Malformed
    return np.frombuffer(buffers[number], stored).reshape(shape).astype(dtype)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_BYTES
