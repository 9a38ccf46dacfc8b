"""Convolution and pooling by matrix products (chapter 7): every position of the filter becomes a row.

Images are (n, channels, height, width). L is the loss, `dout` is ∂L/∂out, of the shape of what `forward` returns, and
`backward` returns ∂L/∂x, of the shape of x.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def conv_output_size(input_size: int, filter_size: int, stride: int = 1, pad: int = 0) -> int:
    """How many positions a filter has along one side: (input + 2 pad - filter) / stride + 1, rounded down.

    >>> conv_output_size(28, 5), conv_output_size(7, 3, stride=2, pad=1)
    (24, 4)
    """
    return (input_size + 2 * pad - filter_size) // stride + 1


def im2col(input_data: Array, filter_h: int, filter_w: int, stride: int = 1, pad: int = 0) -> Array:
    """What the filter sees at each position, (n · out_h · out_w, channels · filter_h · filter_w)."""
    padded = np.pad(input_data, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (filter_h, filter_w), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]  # (n, channels, out_h, out_w, filter_h, filter_w)
    n, channels, out_h, out_w = windows.shape[:4]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * out_h * out_w, channels * filter_h * filter_w)


def col2im(
    col: Array, input_shape: tuple[int, int, int, int], filter_h: int, filter_w: int, stride: int = 1, pad: int = 0
) -> Array:
    """The transpose of `im2col`: adds every row up at the pixels it came from; returns an array of `input_shape`."""
    n, channels, height, width = input_shape
    out_h, out_w = conv_output_size(height, filter_h, stride, pad), conv_output_size(width, filter_w, stride, pad)
    windows = col.reshape(n, out_h, out_w, channels, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    image = np.zeros((n, channels, height + 2 * pad, width + 2 * pad), col.dtype)
    for y, x in np.ndindex(filter_h, filter_w):
        rows, columns = slice(y, y + stride * out_h, stride), slice(x, x + stride * out_w, stride)
        image[:, :, rows, columns] += windows[:, :, y, x]
    return image[:, :, pad : pad + height, pad : pad + width]


class Convolution:
    """Filters W (filters, channels, filter_h, filter_w) and biases b (filters,) over images (chapter 7.4)."""

    def __init__(self, W: Array, b: Array, stride: int = 1, pad: int = 0) -> None:
        self.W, self.b, self.stride, self.pad = W, b, stride, pad
        self.x: Any = None
        self.dW: Any = None
        self.db: Any = None

    def forward(self, x: Array) -> Array:
        """out[i, f, y, x] = b[f] + Σ W[f] · (what the filter sees of image i at y, x), (n, filters, out_h, out_w).

        As one product: out = col Wᵀ + b, with col (n · out_h · out_w, channels · filter_h · filter_w) from `im2col`.
        """
        n, _, height, width = x.shape
        out_h, out_w = (
            conv_output_size(size, filter_size, self.stride, self.pad)
            for size, filter_size in zip((height, width), self._filter_size, strict=True)
        )
        self.x, self.col = x, im2col(x, *self._filter_size, self.stride, self.pad)
        out = np.dot(self.col, self.W.reshape(len(self.W), -1).T) + self.b
        return out.reshape(n, out_h, out_w, -1).transpose(0, 3, 1, 2)  # type: ignore[no-any-return]

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = col2im(dout W); sets dW = ∂L/∂W = doutᵀ col, of the shape of W, and db = ∂L/∂b = Σ dout, (filters,).

        The products are of dout as (n · out_h · out_w, filters) and W as (filters, channels · filter_h · filter_w).
        """
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, len(self.W))
        self.db = dout.sum(axis=0)
        self.dW = np.dot(dout.T, self.col).reshape(self.W.shape)
        dcol = np.dot(dout, self.W.reshape(len(self.W), -1))
        return col2im(dcol, self.x.shape, *self._filter_size, self.stride, self.pad)

    @property
    def _filter_size(self) -> tuple[int, int]:
        return self.W.shape[2], self.W.shape[3]


class Pooling:
    """The largest value of each window, per channel (chapter 7.4.4). Around the image, where `pad` > 0, are zeros."""

    def __init__(self, pool_h: int, pool_w: int, stride: int = 1, pad: int = 0) -> None:
        self.pool_h, self.pool_w, self.stride, self.pad = pool_h, pool_w, stride, pad
        self.x: Any = None
        self.arg_max: Any = None

    def forward(self, x: Array) -> Array:
        """out[i, c, y, x] = max of the window of channel c at y, x, (n, channels, out_h, out_w)."""
        n, channels, height, width = x.shape
        out_h = conv_output_size(height, self.pool_h, self.stride, self.pad)
        out_w = conv_output_size(width, self.pool_w, self.stride, self.pad)
        windows = im2col(x, self.pool_h, self.pool_w, self.stride, self.pad).reshape(-1, self.pool_h * self.pool_w)
        self.x, self.arg_max = x, windows.argmax(axis=1)
        return windows.max(axis=1).reshape(n, out_h, out_w, channels).transpose(0, 3, 1, 2)  # type: ignore[no-any-return]

    def backward(self, dout: Array) -> Array:
        """∂L/∂x is dout at the (first) largest pixel of each window, summed where windows overlap; else 0."""
        dout = dout.transpose(0, 2, 3, 1)
        windows = np.zeros((dout.size, self.pool_h * self.pool_w), dout.dtype)
        windows[np.arange(dout.size), self.arg_max] = dout.ravel()
        col = windows.reshape(dout.shape[0] * dout.shape[1] * dout.shape[2], -1)
        return col2im(col, self.x.shape, self.pool_h, self.pool_w, self.stride, self.pad)
