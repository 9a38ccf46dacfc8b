"""The textbook's `layer_naive` (chapter 5.4): one multiplication, one addition, of numbers or arrays."""

from typing import Any

__all__ = ["AddLayer", "MulLayer"]


class MulLayer:
    """x y; the derivative for each is the other."""

    def __init__(self) -> None:
        self.x: Any = None
        self.y: Any = None

    def forward(self, x: Any, y: Any) -> Any:
        self.x, self.y = x, y
        return x * y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        return dout * self.y, dout * self.x


class AddLayer:
    """x + y; both derivatives are 1."""

    def forward(self, x: Any, y: Any) -> Any:
        return x + y

    def backward(self, dout: Any) -> tuple[Any, Any]:
        return dout * 1, dout * 1
