"""The textbook's `common.layers` (chapters 5, 6 and 7): forward and backward side by side.

The star import also brings `np` and all of `common.functions`. L is the loss, `out` what `forward` returns, and `dout`
is ∂L/∂out, of the shape of out; `backward` returns ∂L/∂x, of the shape of x. Shapes: n samples of so many features or
units. `Convolution` and `Pooling` are at home in `zerokara.book.convolution`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.book.common import functions
from zerokara.book.common.functions import *  # noqa: F403
from zerokara.book.common.functions import cross_entropy_error, sigmoid, softmax
from zerokara.book.convolution import Convolution, Pooling
from zerokara.nn import activations
from zerokara.nn import layers as nn_layers

__all__ = [
    *functions.__all__,
    "Affine",
    "BatchNormalization",
    "Convolution",
    "Dropout",
    "Pooling",
    "Relu",
    "Sigmoid",
    "SoftmaxWithLoss",
]

Array = NDArray[Any]


class Relu:
    """max(0, x), elementwise (chapter 5.5.1). `mask` is True where x <= 0, the elements that are cut off."""

    def __init__(self) -> None:
        self.mask: Any = None

    def forward(self, x: Array) -> Array:
        """out = x where x > 0, else 0; any shape, a new array of the dtype of x."""
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = dout where x > 0, else 0. Writes into dout and returns it."""
        dout[self.mask] = 0
        return dout


class Sigmoid(activations.Sigmoid):
    """1 / (1 + exp(-x)), elementwise (chapter 5.5.2). `backward` gives ∂L/∂x = dout · out (1 - out)."""

    def forward(self, x: Array) -> Array:
        """out = 1 / (1 + exp(-x)); any shape. It stays in `out` for backward."""
        self.out = sigmoid(x)
        return self.out


class Affine(nn_layers.Affine):
    """x W + b (chapter 5.6), for x (features,), (n, features) or images (n, channels, height, width), then flattened.

    W (features, units) and b (units,) are shared with whoever made the layer. Integers stay integers.
    """

    def forward(self, x: Array) -> Array:
        """out = x W + b, (units,) or (n, units)."""
        self.original_x_shape = x.shape
        self.x = x.reshape(len(x), -1) if x.ndim > 2 else x
        return np.dot(self.x, self.W) + self.b  # type: ignore[no-any-return]

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = dout Wᵀ, of the shape of x; sets dW = ∂L/∂W = xᵀ dout and db = ∂L/∂b = Σ dout over the samples."""
        # One sample is a batch of one meanwhile: the transpose of (features,) is itself, and xᵀ dout a number.
        x, self.x = self.x, np.atleast_2d(self.x)
        dx = super().backward(np.atleast_2d(dout))
        self.x = x
        return dx.reshape(self.original_x_shape)


class SoftmaxWithLoss:
    """softmax, then cross entropy (chapter 5.6.3). Its backward is (y - t) / n: it leaves out the loss's 1e-7.

    Attributes:
        y: the probabilities, of the shape of x; t: the labels as given; loss: what forward returned last.
    """

    def __init__(self) -> None:
        self.loss: Any = None
        self.y: Any = None
        self.t: Any = None

    def forward(self, x: Array, t: Array) -> Any:
        """L = -(1/n) Σ log(y[i, label i] + 1e-7) with y = softmax(x).

        Args:
            x: scores, (classes,) or (n, classes).
            t: class indices, (n,), or as many numbers as x: then the largest of each row is the label.
        """
        self.t, self.y = t, softmax(x)
        self.loss = cross_entropy_error(self.y, t)
        return self.loss

    def backward(self, dout: Any = 1) -> Array:
        """∂L/∂x = dout (y - t) / n, of the shape of x, for t as one-hot rows.

        For soft labels it is (y - t) / n as it stands, although the loss takes their argmax: so does the textbook.
        """
        rows = np.atleast_2d(self.y)
        if self.t.size == self.y.size:
            dx = rows - self.t.reshape(rows.shape)
        else:
            dx = rows.copy()
            dx[np.arange(len(rows)), self.t] -= 1
        return (dout * dx / len(rows)).reshape(self.y.shape)  # type: ignore[no-any-return]


class Dropout:
    """Drops each element with probability p = `dropout_ratio` in training, else scales by 1 - p (chapter 6.4.3).

    Others divide by 1 - p in training instead, and leave predictions as they are. `mask` is True where x stays.
    """

    def __init__(self, dropout_ratio: float = 0.5) -> None:
        self.dropout_ratio = dropout_ratio
        self.mask: Any = None

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        """out = x · mask in training, with a new mask from the global `np.random.rand`; else x (1 - p). Any shape."""
        if not train_flg:
            return x * (1 - self.dropout_ratio)
        self.mask = np.random.rand(*x.shape) > self.dropout_ratio
        return x * self.mask  # type: ignore[no-any-return]

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = dout · mask."""
        return dout * self.mask  # type: ignore[no-any-return]


class BatchNormalization:
    """γ (x - μ) / √(σ² + ε) + β, with the mean μ and the variance σ² of the batch (Ioffe and Szegedy 2015; 6.3).

    Args:
        gamma, beta: γ and β, (features,).
        momentum: how much of the running mean and variance, which replace μ and σ² outside training, stays.

    ε is 1e-6. Images (n, channels, height, width) are flattened.
    """

    epsilon = 1e-6

    def __init__(
        self, gamma: Array, beta: Array, momentum: float = 0.9, running_mean: Any = None, running_var: Any = None
    ) -> None:
        self.gamma, self.beta, self.momentum = gamma, beta, momentum
        self.running_mean, self.running_var = running_mean, running_var
        self.dgamma: Any = None
        self.dbeta: Any = None

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        """out = γ x̂ + β, of the shape of x, with x̂ = (x - μ) / √(σ² + ε), (n, features).

        In training μ and σ² (features,) are the batch's, and the running ones follow them; else they are the running
        ones.
        """
        self.input_shape = x.shape
        x = x.reshape(len(x), -1)
        if self.running_mean is None:
            self.running_mean, self.running_var = np.zeros(x.shape[1]), np.zeros(x.shape[1])
        mean, variance = self._statistics(x) if train_flg else (self.running_mean, self.running_var)
        self.std = np.sqrt(variance + self.epsilon)
        self.xn = (x - mean) / self.std
        return (self.gamma * self.xn + self.beta).reshape(self.input_shape)

    def _statistics(self, x: Array) -> tuple[Array, Array]:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        old, new = self.momentum, 1 - self.momentum
        self.running_mean = old * self.running_mean + new * mean
        self.running_var = old * self.running_var + new * variance
        return mean, variance

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = γ/σ (dout - mean(dout) - x̂ mean(dout x̂)), the mean over the batch, of the shape of x.

        Sets dgamma = ∂L/∂γ = Σ dout x̂ and dbeta = ∂L/∂β = Σ dout over the samples, (features,). The two means are what
        x adds to the loss through μ and σ².
        """
        dout = dout.reshape(len(dout), -1)
        self.dgamma = (self.xn * dout).sum(axis=0)
        self.dbeta = dout.sum(axis=0)
        dx = self.gamma / self.std * (dout - (self.dbeta + self.xn * self.dgamma) / len(dout))
        return dx.reshape(self.input_shape)  # type: ignore[no-any-return]
