"""Chapter 5's network: two affine layers with a ReLU between them, made of layer objects."""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.book.chapter4 import two_layer_params
from zerokara.book.common.gradient import numerical_gradient
from zerokara.book.common.layers import Affine, Relu, SoftmaxWithLoss
from zerokara.book.sharing import SharedArrays

Array = NDArray[Any]


class TwoLayerNet(SharedArrays):
    """Inputs (n, input_size) or (input_size,), labels (n,) or one-hot (n, output_size).

    Attributes:
        params: W1, b1, W2, b2, the very arrays that the layers hold.
        layers: Affine1, Relu1, Affine2; lastLayer: softmax with loss.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int, weight_init_std: float = 0.01) -> None:
        self.params = two_layer_params(input_size, hidden_size, output_size, weight_init_std)
        self.layers: OrderedDict[str, Any] = OrderedDict()
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = Relu()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])
        self.lastLayer = SoftmaxWithLoss()

    def predict(self, x: Array) -> Array:
        """Scores, before softmax: (n, output_size) or (output_size,)."""
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Any:
        """The mean cross entropy."""
        return self.lastLayer.forward(self.predict(x), t)

    def accuracy(self, x: Array, t: Array) -> Any:
        """The share of samples whose largest score is that of their label."""
        y = np.argmax(self.predict(x), axis=1)
        labels = t if t.ndim == 1 else np.argmax(t, axis=1)
        return np.sum(y == labels) / float(x.shape[0])

    def numerical_gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient by central differences."""
        return {key: numerical_gradient(lambda _: self.loss(x, t), param) for key, param in self.params.items()}

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient by backpropagation; without the 1e-7 of the loss, as in the textbook."""
        self.loss(x, t)
        dout = self.lastLayer.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}
