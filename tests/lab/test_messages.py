"""Messages arrive as they were sent, and whatever else arrives is refused."""

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zerokara.lab.messages import MOST_BYTES, Malformed, Message, packed, unpacked


def frame(content: object, *buffers: bytes) -> bytes:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return len(text).to_bytes(4, "little") + text + b"".join(buffers)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 1, 2, 2)])
def test_arrays_arrive_as_they_were(dtype: str, shape: tuple[int, ...]) -> None:
    sent = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    came = unpacked(packed(Message("a", {"x": "é", "n": 1.5}, {"one": sent, "two": sent.T})))
    assert (came.type, came.fields) == ("a", {"x": "é", "n": 1.5})
    for name, array in {"one": sent, "two": sent.T}.items():
        assert came.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(came.arrays[name], array)


def test_its_bytes_are_those_that_a_page_reads() -> None:
    """u32 length, JSON, buffers, all little-endian."""
    got = packed(Message("a", {}, {"v": np.array([1, -2], np.int32)}))
    length = int.from_bytes(got[:4], "little")
    described = {"dtype": "int32", "shape": [2], "buffer": 0}
    assert json.loads(got[4 : 4 + length]) == {"type": "a", "arrays": {"v": described}, "buffers": [8]}
    assert got[4 + length :] == b"\x01\0\0\0\xfe\xff\xff\xff"


def test_a_picture_is_no_array() -> None:
    came = unpacked(frame({"type": "a", "buffers": [3, 2], "arrays": {}}, b"PNG", b"xy"))
    assert list(map(bytes, came.files)) == [b"PNG", b"xy"]


OK = {"type": "a", "arrays": {"v": {"dtype": "uint8", "shape": [2], "buffer": 0}}, "buffers": [2]}


@pytest.mark.parametrize(
    "change",
    [
        {"type": 3},
        {"arrays": []},
        {"arrays": {"v": None}},
        {"buffers": [1]},
        {"buffers": [3]},
        {"buffers": [2, 0.0]},
        {"buffers": {"0": 2}},
        {"buffers": [True, 1]},
        {"buffers": [-1, 3]},
        *({"arrays": {"v": OK["arrays"]["v"] | wrong}} for wrong in (  # type: ignore[index]
            {"dtype": "object"},
            {"dtype": "float64"},
            {"dtype": None},
            {"dtype": []},
            {"shape": [3]},
            {"shape": [-2]},
            {"shape": [2.0]},
            {"shape": [1, 1, 1, 1, 2]},
            {"shape": [2**20, 2**20]},
            {"shape": 2},
            {"buffer": 1},
            {"buffer": -1},
            {"buffer": False},
            {"more": 1},
        )),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(change: dict[str, object]) -> None:
    assert unpacked(frame(OK, b"ab")).arrays["v"].tolist() == [97, 98]
    with pytest.raises(Malformed):
        unpacked(frame(OK | change, b"ab"))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\0\0\0",
        b"\xff\xff\xff\xff",
        frame(b"[" * 100_000),
        frame(b'{"type": "a", "n": ' + b"9" * 10_000 + b"}"),
        frame(b"\xff\xfe"),
        frame(["a"]),
        frame({}),
        b"x" * (MOST_BYTES + 1),
    ],
)
def test_what_is_no_message_is_refused(sent: bytes) -> None:
    with pytest.raises(Malformed):
        unpacked(sent)


def test_a_text_is_no_message() -> None:
    with pytest.raises(Malformed):
        unpacked("text")  # type: ignore[arg-type]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["uint8", "float64", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "arrays", "buffers", "dtype", "shape", "buffer"]), inner)
    ),
    max_leaves=10,
)


MORE = st.dictionaries(st.sampled_from(["arrays", "buffers"]), JSON)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(content=MORE.map(lambda more: {"type": "a", **more}), rest=st.binary(max_size=20))
def test_nothing_else_is_raised(content: object, rest: bytes) -> None:
    with suppress(Malformed):
        came = unpacked(frame(content, rest))
        total: int = sum(array.nbytes for array in came.arrays.values())
        assert total <= 4 * len(rest) * max(len(came.arrays), 1)


def test_numbers_that_json_lacks_are_not_sent() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        packed(Message("a", {"loss": float("nan")}))


def test_strided_arrays_are_sent_in_their_order() -> None:
    array: NDArray[np.uint8] = np.arange(12, dtype=np.uint8).reshape(3, 4)[::-1, ::2]
    assert unpacked(packed(Message("a", {}, {"v": array}))).arrays["v"].tolist() == array.tolist()
