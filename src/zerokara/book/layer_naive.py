"""The textbook's `layer_naive` (chapter 5.4): one multiplication, one addition, of numbers or arrays."""

from typing import Any

__all__ = ["AddLayer", "MulLayer"]


class MulLayer:
    """z = x y. x and y are numbers, or arrays of one shape."""

    def __init__(self) -> None:
        self.x: Any = None
        self.y: Any = None

    def forward(self, x: Any, y: Any) -> Any:
        """z = x y."""
        self.x, self.y = x, y
        return x * y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        """(∂L/∂x, ∂L/∂y) = (dout · y, dout · x), for dout = ∂L/∂z."""
        return dout * self.y, dout * self.x


class AddLayer:
    """z = x + y. x and y are numbers, or arrays of one shape."""

    def forward(self, x: Any, y: Any) -> Any:
        """z = x + y."""
        return x + y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        """(∂L/∂x, ∂L/∂y) = (dout, dout), for dout = ∂L/∂z."""
        return dout * 1, dout * 1
