"""What people give is taken as it was meant, or refused with its name, what it must be and what it was."""

import numpy as np
import pytest

from zerokara.errors import UsageError
from zerokara.nn.arguments import array, is_integer, is_number, not_negative, number, positive, real_numbers


@pytest.mark.parametrize("value", [0, -3, 2**70, np.int8(3), np.uint64(3)])
def test_whole_numbers(value):
    assert is_integer(value)
    assert is_number(value)


@pytest.mark.parametrize("value", [True, np.True_, 1.0, "1", None, [1], np.array([1])])
def test_what_is_not_whole(value):
    assert not is_integer(value)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(-1)])
def test_numbers(value):
    assert is_number(value)
    assert type(number("x", value)) is float


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10**400, True, 1j, "1", None, [1.0], np.array(1.0)])
def test_what_is_no_number(value):
    assert not is_number(value)
    for check, words in (
        (number, "a number"),
        (positive, "a positive number"),
        (not_negative, "0 or a positive number"),
    ):
        with pytest.raises(UsageError, match=rf"^rate must be {words}\. Got "):
            check("rate", value)


def test_signs():
    assert (positive("x", 2), not_negative("x", 0), number("x", -2)) == (2, 0, -2)
    for check in (positive, not_negative):
        with pytest.raises(UsageError, match=r"Got -0\.5\."):
            check("x", -0.5)
    with pytest.raises(UsageError, match=r"must be a positive number\. Got 0\."):
        positive("x", 0)


@pytest.mark.parametrize("value", [[1, 2.5], np.ones((2, 3), np.float16), [[True]], np.uint8(3), []])
def test_arrays_of_real_numbers(value):
    assert real_numbers("x", value).shape == np.shape(value)


@pytest.mark.parametrize("value", ["a", [1j], [None], np.array([1, 2], object), np.array(["2020"], "M8[Y]")])
def test_arrays_of_something_else(value):
    array("x", value)
    with pytest.raises(UsageError, match=r"^x must be an array of numbers\. Got "):
        real_numbers("x", value)


def test_rows_of_unequal_length():
    with pytest.raises(UsageError, match=r"^x must be an array, with rows of equal length\. Got \[\[1\], \[2, 3\]\]\."):
        array("x", [[1], [2, 3]])
