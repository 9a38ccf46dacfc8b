"""What the convolutional networks of chapters 7 and 8 share: layers in order, batched accuracy, saved parameters."""

import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.book.common.gradient import numerical_gradient
from zerokara.book.common.layers import Affine, Convolution, Dropout, SoftmaxWithLoss
from zerokara.book.sharing import SharedArrays

Array = NDArray[Any]


class ConvNet(SharedArrays):
    """Layers from images (n, channels, height, width) to scores (n, classes).

    Attributes:
        params: W1, b1, W2, …, the very arrays of the layers that have weights, in the order of `_in_order`.
        last_layer: softmax with loss.
    """

    last_layer: SoftmaxWithLoss

    def _in_order(self) -> list[Any]:
        raise NotImplementedError

    def _weighted(self) -> list[Any]:
        return [layer for layer in self._in_order() if isinstance(layer, Affine | Convolution)]

    def _name_params(self) -> None:
        """Put every layer's own W and b into `params`."""
        for i, layer in enumerate(self._weighted(), start=1):
            self.params[f"W{i}"], self.params[f"b{i}"] = layer.W, layer.b

    def predict(self, x: Array, train_flg: bool = False) -> Array:
        """Scores, before softmax, (n, classes)."""
        for layer in self._in_order():
            x = layer.forward(x, train_flg) if isinstance(layer, Dropout) else layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Any:
        """The mean cross entropy, with dropout at work."""
        return self.last_layer.forward(self.predict(x, train_flg=True), t)

    def accuracy(self, x: Array, t: Array, batch_size: int = 100) -> Any:
        """The share of samples whose largest score is that of their label, (n,) or one-hot; batch by batch."""
        labels = t if t.ndim == 1 else np.argmax(t, axis=1)
        batches = [slice(i, i + batch_size) for i in range(0, len(x), batch_size)]
        return sum(np.sum(np.argmax(self.predict(x[b]), axis=1) == labels[b]) for b in batches) / x.shape[0]

    def numerical_gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient by central differences."""
        return {key: numerical_gradient(lambda _: self.loss(x, t), param) for key, param in self.params.items()}

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient by backpropagation; without the 1e-7 of the loss, as in the textbook."""
        self.loss(x, t)
        dout = self.last_layer.backward()
        for layer in reversed(self._in_order()):
            dout = layer.backward(dout)
        grads = (
            (f"{name[1]}{i}", getattr(layer, name))
            for i, layer in enumerate(self._weighted(), 1)
            for name in ("dW", "db")
        )
        return dict(grads)

    def save_params(self, file_name: str = "params.pkl") -> None:
        """Write `params` to a file, as a pickled dict of plain arrays."""
        with open(file_name, "wb") as file:
            pickle.dump(dict(self.params), file)

    def load_params(self, file_name: str = "params.pkl") -> None:
        """Read what `save_params` wrote, into the layers' own arrays. It is a pickle: open only files you trust."""
        with open(file_name, "rb") as file:
            for key, value in pickle.load(file).items():
                self.params[key][...] = value
