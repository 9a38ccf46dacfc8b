"""The layers: forward and backward side by side.

`forward(x)` keeps what `backward(dout)` needs. Shapes: a layer maps (batch, fan_in) to (batch, fan_out);
`dout` is the derivative of the loss with respect to the layer's output, and `backward` returns the one with
respect to its input.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.functions import relu, sigmoid, sigmoid_grad, tanh, tanh_grad

Array = NDArray[Any]


class Layer(Protocol):
    """Something data passes through, forward, and gradients, backward."""

    def forward(self, x: Array) -> Array: ...

    def backward(self, dout: Array) -> Array: ...


class Affine:
    """x W + b (textbook, chapter 5.6). Shares the arrays W (fan_in, fan_out) and b (fan_out,) with whoever made it."""

    def __init__(self, W: Array, b: Array) -> None:
        self.W, self.b = W, b
        self.x: Array
        self.dW: Array
        self.db: Array

    def __getstate__(self) -> dict[str, Array]:
        """What copies and pickles carry: the parameters, if it has any, and not the latest batch."""
        return {name: value for name, value in self.__dict__.items() if name in ("W", "b")}

    def forward(self, x: Array) -> Array:
        self.x = x
        out: Array = x @ self.W
        out += self.b
        return out

    def backward(self, dout: Array) -> Array:
        self.find_gradients(dout)
        dx: Array = dout @ self.W.T
        return dx

    def find_gradients(self, dout: Array) -> None:
        """Set dW = xᵀ dout and db = Σ dout. The first layer needs only this: nobody asks for its input's gradient."""
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)


class Elementwise:
    """An activation: it has no parameters, and copies and pickles of it do not carry the latest batch."""

    def __getstate__(self) -> dict[str, Array]:
        return {}


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x)); its derivative is y (1 - y)."""

    def __init__(self) -> None:
        self.out: Array

    def forward(self, x: Array) -> Array:
        self.out = sigmoid(x)
        return self.out

    def backward(self, dout: Array) -> Array:
        return dout * sigmoid_grad(self.out)


class Relu(Elementwise):
    """max(0, x); its derivative is 1 where x > 0, else 0."""

    def __init__(self) -> None:
        self.mask: NDArray[np.bool_]

    def forward(self, x: Array) -> Array:
        self.mask = x > 0
        return relu(x)

    def backward(self, dout: Array) -> Array:
        return dout * self.mask


class Tanh(Elementwise):
    """tanh x; its derivative is 1 - y²."""

    def __init__(self) -> None:
        self.out: Array

    def forward(self, x: Array) -> Array:
        self.out = tanh(x)
        return self.out

    def backward(self, dout: Array) -> Array:
        return dout * tanh_grad(self.out)


ACTIVATIONS: dict[str, type[Sigmoid] | type[Relu] | type[Tanh]] = {"relu": Relu, "sigmoid": Sigmoid, "tanh": Tanh}
