"""The affine layer, forward and backward side by side; the activations are in `zerokara.nn.activations`.

`forward(x)` keeps what `backward(dout)` needs. Shapes: a layer maps (n, fan_in) to (n, fan_out); `dout` is ∂L/∂out,
the derivative of the loss with respect to the layer's output, and `backward` returns ∂L/∂x.
"""

from typing import Any, Protocol

from numpy.typing import NDArray

from zerokara.nn.activations import ACTIVATIONS, Elementwise, Relu, Sigmoid, Tanh

__all__ = ["ACTIVATIONS", "Affine", "Elementwise", "Layer", "Relu", "Sigmoid", "Tanh"]
# The activations are here too, because pickles of networks and users of before look for them here.

Array = NDArray[Any]


class Layer(Protocol):
    """Something data passes through, forward, and gradients, backward."""

    def forward(self, x: Array) -> Array:
        """out (n, fan_out), from x (n, fan_in)."""
        ...

    def backward(self, dout: Array) -> Array:
        """∂L/∂x (n, fan_in), from ∂L/∂out (n, fan_out)."""
        ...


class Affine:
    """x W + b (textbook, chapter 5.6). Shares the arrays W (fan_in, fan_out) and b (fan_out,) with whoever made it."""

    def __init__(self, W: Array, b: Array) -> None:
        self.W, self.b = W, b
        self.x: Array
        self.dW: Array
        self.db: Array

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles carry: everything but the latest batch and its gradients."""
        return {name: value for name, value in self.__dict__.items() if name not in ("x", "dW", "db")}

    def forward(self, x: Array) -> Array:
        """out = x W + b, (n, fan_out), from x (n, fan_in)."""
        self.x = x
        out: Array = x @ self.W
        out += self.b
        return out

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = ∂L/∂out Wᵀ, (n, fan_in), from ∂L/∂out (n, fan_out); sets dW and db too."""
        self.find_gradients(dout)
        dx: Array = dout @ self.W.T
        return dx

    def find_gradients(self, dout: Array) -> None:
        """Set dW = ∂L/∂W = xᵀ ∂L/∂out and db = ∂L/∂b = Σ ∂L/∂out, in the shapes of W and b.

        The first layer needs only this: nobody asks for its input's gradient.
        """
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
