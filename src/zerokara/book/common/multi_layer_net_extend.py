"""The textbook's `common.multi_layer_net_extend` (chapter 6): `MultiLayerNet` with batch normalization and dropout."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.book.common.layers import BatchNormalization, Dropout
from zerokara.book.common.multi_layer_net import MultiLayerNet

__all__ = ["MultiLayerNetExtend"]

Array = NDArray[Any]


class MultiLayerNetExtend(MultiLayerNet):
    """Affine, batch normalization, activation, dropout in each hidden layer.

    Args:
        use_dropout, dropout_ration: whether, and with which probability, hidden units are dropped (the name is the
            textbook's).
        use_batchnorm: whether hidden layers are normalized; adds gamma1, beta1, … to `params`.

    The other arguments are those of `MultiLayerNet`. `train_flg` says whether dropout and the batch's own statistics
    apply; `gradient` and `numerical_gradient` always train.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: str | float = "relu",
        weight_decay_lambda: float = 0,
        use_dropout: bool = False,
        dropout_ration: float = 0.5,
        use_batchnorm: bool = False,
    ) -> None:
        self.use_dropout, self.dropout_ration, self.use_batchnorm = use_dropout, dropout_ration, use_batchnorm
        super().__init__(input_size, hidden_size_list, output_size, activation, weight_init_std, weight_decay_lambda)

    def _add_after_affine(self, i: int) -> None:
        if self.use_batchnorm:
            units = self.hidden_size_list[i - 1]
            self.params[f"gamma{i}"], self.params[f"beta{i}"] = np.ones(units), np.zeros(units)
            self.layers[f"BatchNorm{i}"] = BatchNormalization(self.params[f"gamma{i}"], self.params[f"beta{i}"])
        super()._add_after_affine(i)
        if self.use_dropout:
            self.layers[f"Dropout{i}"] = Dropout(self.dropout_ration)

    def predict(self, x: Array, train_flg: bool = False) -> Array:
        for layer in self.layers.values():
            x = layer.forward(x, train_flg) if isinstance(layer, BatchNormalization | Dropout) else layer.forward(x)
        return x

    def loss(self, x: Array, t: Array, train_flg: bool = False) -> Any:
        return self.last_layer.forward(self.predict(x, train_flg), t) + self._penalty()

    def _training_loss(self, x: Array, t: Array) -> Any:
        return self.loss(x, t, train_flg=True)

    def _gradient_of(self, key: str) -> Array:
        for name in ("gamma", "beta"):
            if key.startswith(name):
                return getattr(self.layers[f"BatchNorm{key.removeprefix(name)}"], f"d{name}")  # type: ignore[no-any-return]
        return super()._gradient_of(key)
