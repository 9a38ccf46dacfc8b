"""The textbook's `gradient_2d` (chapter 4.4): the gradient at one point, or at every row of an array of points."""

from zerokara.book.common.gradient import np
from zerokara.book.common.gradient import numerical_gradient_2d as numerical_gradient

__all__ = ["np", "numerical_gradient"]
