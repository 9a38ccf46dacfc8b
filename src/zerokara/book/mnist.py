"""A learner's own top-level `mnist`, where it is missing: `load_mnist`."""

from zerokara.book.dataset.mnist import load_mnist

__all__ = ["load_mnist"]
