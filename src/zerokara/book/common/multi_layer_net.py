"""The textbook's `common.multi_layer_net` (chapter 6): as many hidden layers as one likes, weight decay."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.book.common.gradient import numerical_gradient
from zerokara.book.common.layers import Affine, Relu, Sigmoid, SoftmaxWithLoss
from zerokara.book.sharing import SharedArrays
from zerokara.errors import unknown_name
from zerokara.nn.initializers import standard_deviation
from zerokara.words import translatable

__all__ = ["MultiLayerNet"]

Array = NDArray[Any]
ACTIVATIONS = {"sigmoid": Sigmoid, "relu": Relu}
INITIALIZERS = {"relu": "he", "he": "he", "sigmoid": "xavier", "xavier": "xavier"}


def initial_std(weight_init_std: str | float, fan_in: int) -> float:
    """The standard deviation that a number or a name stands for. Raises UsageError for an unknown name."""
    if not isinstance(weight_init_std, str):
        return weight_init_std
    if weight_init_std.lower() not in INITIALIZERS:
        template = translatable("{name} must be one of {names}, or a number. Got {got!r}.")
        raise unknown_name("weight_init_std", weight_init_std, INITIALIZERS, template)
    return standard_deviation(INITIALIZERS[weight_init_std.lower()], fan_in, "relu", 1)


class MultiLayerNet(SharedArrays):
    """A fully connected network: affine layers with one activation between them, softmax and cross entropy.

    Args:
        input_size, hidden_size_list, output_size: units of the layers, such as 784, [100, 100, 100], 10.
        activation: "relu" or "sigmoid".
        weight_init_std: standard deviation of the initial weights; "relu" or "he" for √(2 / fan_in), "sigmoid" or
            "xavier" for √(1 / fan_in).
        weight_decay_lambda: λ of the penalty ½ λ Σ W², which the loss includes.

    Attributes:
        params: W1, b1, W2, …, the very arrays that the layers hold.
        layers: Affine1, Activation_function1, Affine2, …; last_layer: softmax with loss.

    Raises UsageError for an unknown activation or initializer.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: str | float = "relu",
        weight_decay_lambda: float = 0,
    ) -> None:
        self.input_size, self.output_size = input_size, output_size
        self.hidden_size_list, self.hidden_layer_num = hidden_size_list, len(hidden_size_list)
        self.weight_decay_lambda = weight_decay_lambda
        if activation.lower() not in ACTIVATIONS:
            raise unknown_name("activation", activation, ACTIVATIONS)
        self.activation = ACTIVATIONS[activation.lower()]
        self.params: dict[str, Array] = {}
        self._init_weights([input_size, *hidden_size_list, output_size], weight_init_std)
        self.layers: OrderedDict[str, Any] = OrderedDict()
        for i in range(1, self.hidden_layer_num + 2):
            self.layers[f"Affine{i}"] = Affine(self.params[f"W{i}"], self.params[f"b{i}"])
            if i <= self.hidden_layer_num:
                self._add_after_affine(i)
        self.last_layer = SoftmaxWithLoss()

    def _init_weights(self, sizes: Sequence[int], weight_init_std: str | float) -> None:
        for i, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
            self.params[f"W{i}"] = initial_std(weight_init_std, fan_in) * np.random.randn(fan_in, fan_out)
            self.params[f"b{i}"] = np.zeros(fan_out)

    def _add_after_affine(self, i: int) -> None:
        self.layers[f"Activation_function{i}"] = self.activation()

    def predict(self, x: Array) -> Array:
        """Scores, before softmax, (n, output_size)."""
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Any:
        """The mean cross entropy plus ½ λ Σ W²."""
        return self.last_layer.forward(self.predict(x), t) + self._penalty()

    def _penalty(self) -> Any:
        return 0.5 * self.weight_decay_lambda * sum(np.sum(W**2) for key, W in self.params.items() if key[0] == "W")

    def accuracy(self, x: Array, t: Array) -> Any:
        """The share of samples whose largest score is that of their label, (n,) or one-hot."""
        y = np.argmax(self.predict(x), axis=1)
        labels = t if t.ndim == 1 else np.argmax(t, axis=1)
        return np.sum(y == labels) / float(x.shape[0])

    def numerical_gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient by central differences."""
        return {
            key: numerical_gradient(lambda _: self._training_loss(x, t), param) for key, param in self.params.items()
        }

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient by backpropagation; without the 1e-7 of the loss, as in the textbook."""
        self._training_loss(x, t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        return {key: self._gradient_of(key) for key in self.params}

    def _training_loss(self, x: Array, t: Array) -> Any:
        return self.loss(x, t)

    def _gradient_of(self, key: str) -> Array:
        affine = self.layers[f"Affine{key[1:]}"]
        return affine.dW + self.weight_decay_lambda * affine.W if key[0] == "W" else affine.db  # type: ignore[no-any-return]
