"""The activations: each function beside its derivative and its layer, with all that anybody needs to know of it.

To add one is to add it here, or to put a class with `forward(x)` and `backward(dout)` into `ACTIVATIONS`. All work
element by element, on arrays of any shape and of float32 or float64, which they keep.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.words import sentence

Array = NDArray[Any]


class Elementwise:
    """A layer whose every output depends on the same element of its input alone; it has no parameters.

    Copies and pickles of it do not carry the latest batch, which is its arrays, but all else it has, such as a slope.
    What follows is for gradient checks and initial weights; of a class that does not say how its derivative changes,
    `zerokara.nn.check` measures it.

    Attributes:
        change: c, by how much of its `steepness` s the derivative changes per unit of input: |f″| ≤ c s, |f‴| ≤ c² s.
        rounding: by how many ε an output or a derivative of about 1 may be wrong.
        jump: by how much the derivative jumps at 0, and at no other point.
        suits_he: whether it passes on the sign of its input as ReLU does, which He's initial weights are made for.
    """

    change: ClassVar[float | None] = None
    rounding: ClassVar[float] = 4.0
    jump: ClassVar[float] = 0.0
    suits_he: ClassVar[bool] = False

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: value for name, value in vars(self).items() if not isinstance(value, np.ndarray) or not value.ndim
        }

    def forward(self, x: Array) -> Array:
        """f(x), shape of x."""
        raise NotImplementedError

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = ∂L/∂out · f′(x), for the x of the latest `forward`, in its shape."""
        raise NotImplementedError

    def derivative(self, a: Array) -> Array:
        """f′(a), shape of a, without regard to `forward` and `backward`, which a check holds against it."""
        raise NotImplementedError

    def steepness(self, a: Array, reach: Array | float = 0.0) -> Array:
        """s ≥ |f′| at a, shape of a. Where a kink lies within `reach`, s is that of its steeper side."""
        return np.abs(self.derivative(a))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), elementwise, without overflow for any x.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    small = np.exp(-np.abs(x))
    y: Array = np.where(x >= 0, 1, small) / (1 + small)
    return y


def sigmoid_grad(y: Array) -> Array:
    """The derivative of sigmoid, from its value y = sigmoid(x): y (1 - y)."""
    grad: Array = y * (1 - y)
    return grad


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x)) (textbook, chapter 5.5.2)."""

    change = 1.0

    def __init__(self) -> None:
        self.out: Array

    def forward(self, x: Array) -> Array:
        """y = 1 / (1 + exp(-x)), shape of x."""
        self.out = sigmoid(x)
        return self.out

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = ∂L/∂y · y (1 - y), shape of x."""
        return dout * sigmoid_grad(self.out)

    def derivative(self, a: Array) -> Array:
        """e⁻ᵃ / (1 + e⁻ᵃ)², which keeps its digits where 1 - y has none."""
        small = np.exp(-np.abs(a))
        return np.asarray(small / (1 + small) ** 2)


def tanh(x: Array) -> Array:
    """The hyperbolic tangent, elementwise."""
    return np.tanh(x)


def tanh_grad(y: Array) -> Array:
    """The derivative of tanh, from its value y = tanh(x): 1 - y²."""
    return 1 - y * y


class Tanh(Elementwise):
    """tanh x, which is 2 sigmoid(2x) - 1."""

    change = 2.0

    def __init__(self) -> None:
        self.out: Array

    def forward(self, x: Array) -> Array:
        """y = tanh x, shape of x."""
        self.out = tanh(x)
        return self.out

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = ∂L/∂y · (1 - y²), shape of x."""
        return dout * tanh_grad(self.out)

    def derivative(self, a: Array) -> Array:
        """4 e⁻²ᵃ / (1 + e⁻²ᵃ)², which keeps its digits where 1 - y² has none."""
        small = np.exp(-2 * np.abs(a))
        return np.asarray(4 * small / (1 + small) ** 2)


def relu(x: Array) -> Array:
    """max(0, x), elementwise."""
    return np.maximum(0, x)


def relu_grad(x: Array) -> Array:
    """The derivative of relu at x: 1 where x > 0, else 0."""
    return (x > 0).astype(x.dtype)


class Relu(Elementwise):
    """max(0, x) (textbook, chapter 5.5.1)."""

    change = 1.0  # away from its kink it is 0; with 1, Λ is also no less than what any pre-activation moves
    rounding = 0.0
    jump = 1.0
    suits_he = True

    def __init__(self) -> None:
        self.mask: NDArray[np.bool_]

    def forward(self, x: Array) -> Array:
        """y = max(0, x), shape of x."""
        self.mask = x > 0
        return relu(x)

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = ∂L/∂y where x > 0, else 0, shape of x."""
        return dout * self.mask

    def derivative(self, a: Array) -> Array:
        return relu_grad(a)

    def steepness(self, a: Array, reach: Array | float = 0.0) -> Array:
        return relu_grad(a + reach)


LEAK = 0.01
"""The slope of a leaky ReLU below 0, as its authors chose it; others learn it (He et al. 2015) or take more."""


def leaky_relu(x: Array) -> Array:
    """x where x > 0, else 0.01 x, elementwise (Maas, Hannun, Ng 2013, *Rectifier Nonlinearities*)."""
    return np.where(x > 0, x, LEAK * x)


def leaky_relu_grad(x: Array) -> Array:
    """The derivative of leaky_relu at x: 1 where x > 0, else 0.01."""
    return np.where(x > 0, 1, LEAK).astype(x.dtype)


class LeakyRelu(Elementwise):
    """x where x > 0, else 0.01 x."""

    change = 1.0  # as for Relu
    rounding = 1.0
    jump = 1 - LEAK
    suits_he = True

    def __init__(self) -> None:
        self.mask: NDArray[np.bool_]

    def forward(self, x: Array) -> Array:
        """y = x where x > 0, else 0.01 x, shape of x."""
        self.mask = x > 0
        return leaky_relu(x)

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = ∂L/∂y where x > 0, else 0.01 ∂L/∂y, shape of x."""
        return np.where(self.mask, dout, LEAK * dout)

    def derivative(self, a: Array) -> Array:
        return leaky_relu_grad(a)

    def steepness(self, a: Array, reach: Array | float = 0.0) -> Array:
        return leaky_relu_grad(a + reach)


GELU_RATE, GELU_CUBE = 2 * np.sqrt(2 / np.pi).item(), 0.044715
"""Of the argument of sigmoid in `gelu`, 2 √(2/π) (x + 0.044715 x³)."""
GELU_ENDS = 30.0
"""From here on sigmoid's argument is beyond ±1900, and gelu is x or 0 to the last bit: no power of x overflows."""


def gelu(x: Array) -> Array:
    """½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), elementwise: the tanh form of Hendrycks and Gimpel (arXiv:1606.08415).

    ½ (1 + tanh u) is sigmoid(2u), and as that it keeps its digits where 1 + tanh u has none. The exact form, x Φ(x)
    with the normal distribution's Φ, differs by less than 5e-4.

    >>> gelu(np.array([-30.0, 0.0, 1.0, 30.0])).round(4)
    array([-0.    ,  0.    ,  0.8412, 30.    ])
    """
    y: Array = x * _gelu_gate(np.clip(x, -GELU_ENDS, GELU_ENDS))
    return y


def gelu_grad(x: Array) -> Array:
    """The derivative of gelu at x, p + x p (1 - p) 2√(2/π) (1 + 3·0.044715 x²), where p is gelu(x) / x."""
    x = np.clip(x, -GELU_ENDS, GELU_ENDS)
    p = _gelu_gate(x)
    grad: Array = p + x * p * (1 - p) * GELU_RATE * (1 + 3 * GELU_CUBE * x * x)
    return grad


def _gelu_gate(x: Array) -> Array:
    return sigmoid(GELU_RATE * (x + GELU_CUBE * x * x * x))


class Gelu(Elementwise):
    """x sigmoid(2u), u = √(2/π) (x + 0.044715 x³)."""

    change = 1.4
    rounding = 16.0  # x p (1 - p) multiplies what its argument, up to ±40 before p or 1 - p is nothing, was rounded by
    suits_he = True

    def __init__(self) -> None:
        self.x: Array

    def forward(self, x: Array) -> Array:
        """y = x sigmoid(2u), shape of x."""
        self.x = x
        return gelu(x)

    def backward(self, dout: Array) -> Array:
        """∂L/∂x = ∂L/∂y · gelu′(x), shape of x; see `gelu_grad`."""
        return dout * gelu_grad(self.x)

    def derivative(self, a: Array) -> Array:
        return gelu_grad(a)

    def steepness(self, a: Array, reach: Array | float = 0.0) -> Array:
        """1.5 sigmoid(a). gelu′ itself will not do: it passes through 0 near -0.75, where gelu″ does not."""
        return 1.5 * sigmoid(a)


ACTIVATIONS: dict[str, type[Any]] = {
    "relu": Relu,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "gelu": Gelu,
    "leaky-relu": LeakyRelu,
}
"""The layers that a network may have between its affine ones, by name. Looked up when a network is made: whoever adds
a class with `forward(x)` and `backward(dout)` can use its name at once."""

STANDARD_ACTIVATIONS: Mapping[str, type[Any]] = MappingProxyType(dict(ACTIVATIONS))
"""Zerokara\'s own, whatever stands under their names in `ACTIVATIONS` later; `is_standard` compares with these."""


def activation_named(name: str) -> type[Any]:
    """The layer class of that name. Raises UsageError for one that is not in `ACTIVATIONS`."""
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise unknown_name("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]


def activation_layer(name: str) -> Any:
    """A fresh layer of that name. Raises UsageError where what somebody has put under it makes none."""
    kind = activation_named(name)
    layer = kind() if callable(kind) else None
    if not all(callable(getattr(layer, method, None)) for method in ("forward", "backward")):
        raise UsageError(
            sentence(
                "The activation {name!r} must be a class with forward(x) and backward(dout). Got {got!r:.80}.",
                name=name,
                got=kind,
            ),
            "wrong-value",
        )
    return layer
