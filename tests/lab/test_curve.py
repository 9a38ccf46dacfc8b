"""The curve of losses, against the definition written down once more over all of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zerokara.lab.curve import Curve

LOSSES = np.random.default_rng(1).exponential(size=205)


def fed(cuts: list[int], most: int = 16) -> Curve:
    curve = Curve(1_000, most)
    for part in np.split(LOSSES, cuts):
        curve.feed(part)
        curve.piece()
    return curve


def test_buckets_are_what_they_say() -> None:
    piece = fed([]).piece()
    assert (piece.offset, piece.width, piece.updates) == (0, 16, 205)
    buckets = [LOSSES[start : start + 16] for start in range(0, 205, 16)]
    np.testing.assert_array_equal(piece.losses[:, 0], [bucket.min() for bucket in buckets])
    np.testing.assert_allclose(piece.losses[:, 1], [bucket.mean() for bucket in buckets], rtol=1e-14)
    np.testing.assert_array_equal(piece.losses[:, 2], [bucket.max() for bucket in buckets])


def test_the_smoothed_loss_is_the_weighted_mean_of_all_before() -> None:
    piece = fed([]).piece()
    ends = [min(end, 205) for end in range(16, 221, 16)]
    expected = [np.average(LOSSES[:end], weights=[math.exp(-(end - 1 - i) / 10) for i in range(end)]) for end in ends]
    np.testing.assert_allclose(piece.smoothed, expected, rtol=1e-12)


def test_the_smoothed_loss_follows_closely_at_first() -> None:
    curve = Curve(5_000, 300)  # over 50 updates in the end, and over a tenth of those done before
    curve.feed(LOSSES)
    expected = []
    for end in range(1, 206):
        shrunk = [
            math.prod(math.exp(-1 / min(max(n / 10, 10), 50)) for n in range(i + 1, end + 1)) for i in range(1, end + 1)
        ]
        expected.append(np.average(LOSSES[:end], weights=shrunk))
    np.testing.assert_allclose(curve.piece().smoothed, expected, rtol=1e-12)


@pytest.mark.parametrize("cuts", [[1], [16], [100, 101, 150], list(range(1, 205))])
def test_not_a_bit_depends_on_how_losses_were_cut(cuts: list[int]) -> None:
    one, other = fed([]).piece(), fed(cuts).piece()
    np.testing.assert_array_equal(one.losses, other.losses)
    np.testing.assert_array_equal(one.smoothed, other.smoothed)


def test_pieces_put_together_are_the_whole() -> None:
    curve = Curve(1_000, 16)
    known, width, updates = np.empty((0, 3)), 0, 0
    for part in np.split(LOSSES, range(7, 205, 7)):
        curve.feed(part)
        piece = curve.piece(width, updates)
        assert piece.offset <= len(known)
        known, width, updates = np.concatenate([known[: piece.offset], piece.losses]), piece.width, piece.updates
        assert len(known) <= 16
    np.testing.assert_array_equal(known, fed([]).piece().losses)
    assert len(curve.piece(width, updates).losses) == 1  # the bucket that is not full


def test_losses_that_are_not_finite_leave_no_trace_in_what_comes_after() -> None:
    curve = Curve(1_000)
    curve.feed(np.array([1.0, math.nan, math.inf, 1.0]))
    piece = curve.piece()
    np.testing.assert_array_equal(piece.smoothed, np.ones(4))
    assert math.isnan(piece.losses[1, 1])
