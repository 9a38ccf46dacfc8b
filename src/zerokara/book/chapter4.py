"""Chapter 4's network: two layers, sigmoid between them, probabilities at the end."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.book.common.functions import cross_entropy_error, sigmoid, sigmoid_grad, softmax
from zerokara.book.common.gradient import numerical_gradient

Array = NDArray[Any]


def two_layer_params(input_size: int, hidden_size: int, output_size: int, weight_init_std: float) -> dict[str, Array]:
    """W1, b1, W2, b2; the weights come from the global `np.random.randn`, W1 first, as in the textbook."""
    return {
        "W1": weight_init_std * np.random.randn(input_size, hidden_size),
        "b1": np.zeros(hidden_size),
        "W2": weight_init_std * np.random.randn(hidden_size, output_size),
        "b2": np.zeros(output_size),
    }


class TwoLayerNet:
    """Inputs (n, input_size) or (input_size,), labels one-hot (n, output_size)."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, weight_init_std: float = 0.01) -> None:
        self.params = two_layer_params(input_size, hidden_size, output_size, weight_init_std)

    def predict(self, x: Array) -> Array:
        """Probabilities, (n, output_size) or (output_size,)."""
        z1 = sigmoid(np.dot(x, self.params["W1"]) + self.params["b1"])
        return softmax(np.dot(z1, self.params["W2"]) + self.params["b2"])

    def loss(self, x: Array, t: Array) -> Any:
        """The mean cross entropy."""
        return cross_entropy_error(self.predict(x), t)

    def accuracy(self, x: Array, t: Array) -> Any:
        """The share of samples whose most probable class is their label."""
        y = np.argmax(self.predict(x), axis=1)
        t = np.argmax(t, axis=1)
        return np.sum(y == t) / float(x.shape[0])

    def numerical_gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient by central differences."""
        return {key: numerical_gradient(lambda _: self.loss(x, t), param) for key, param in self.params.items()}

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient by backpropagation; without the 1e-7 of the loss, as in the textbook."""
        W1, W2 = self.params["W1"], self.params["W2"]
        a1 = np.dot(x, W1) + self.params["b1"]
        z1 = sigmoid(a1)
        y = softmax(np.dot(z1, W2) + self.params["b2"])
        dy = (y - t) / x.shape[0]
        da1 = sigmoid_grad(a1) * np.dot(dy, W2.T)
        return {"W1": np.dot(x.T, da1), "b1": da1.sum(axis=0), "W2": np.dot(z1.T, dy), "b2": dy.sum(axis=0)}
