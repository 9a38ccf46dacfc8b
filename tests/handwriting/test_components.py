"""Connected components, against a flood fill written the long way."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.handwriting.components import components_of


def flooded(mask: np.ndarray) -> list[set[tuple[int, int]]]:
    left = set(zip(*np.nonzero(mask), strict=True))
    found = []
    while left:
        todo, component = [left.pop()], set()
        while todo:
            y, x = todo.pop()
            component.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            todo += near
        found.append(component)
    return found


@pytest.mark.parametrize("share", [0.1, 0.35, 0.5, 0.9])
def test_random_masks(share: float) -> None:
    generator = np.random.default_rng(int(share * 100))
    mask, weights = generator.random((23, 31)) < share, generator.random((23, 31)).astype(np.float32)
    components = components_of(mask, weights)
    expected = flooded(mask)
    assert len(components) == len(expected)
    got = {}
    for number in range(len(components)):
        where = components.mask(np.arange(len(components)) == number)
        pixels = set(zip(*np.nonzero(where), strict=True))
        rows, columns = [y for y, _ in pixels], [x for _, x in pixels]
        assert_array_equal(components.boxes[number], [min(rows), min(columns), max(rows) + 1, max(columns) + 1])
        assert components.area[number] == len(pixels)
        assert_allclose(components.ink[number], weights[where].sum(), rtol=1e-5)
        got[min(pixels)] = pixels
    assert got == {min(one): one for one in expected}


def test_nothing() -> None:
    assert len(components_of(np.zeros((3, 4), bool), np.zeros((3, 4), np.float32))) == 0


def test_edges_touched() -> None:
    mask = np.zeros((5, 9), bool)
    mask[2, 2] = mask[0, 4] = mask[4, 8] = True
    components = components_of(mask, mask.astype(np.float32))
    assert sorted(components.edges_touched) == [0, 1, 2]
