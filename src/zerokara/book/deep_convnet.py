"""The textbook's `deep_convnet` (chapter 8.1): six convolutions in three pairs, then two affine layers with dropout."""

from itertools import pairwise
from typing import Any

import numpy as np

from zerokara.book.common.layers import Affine, Convolution, Dropout, Pooling, Relu, SoftmaxWithLoss
from zerokara.book.convnet import ConvNet
from zerokara.book.convolution import conv_output_size

__all__ = ["DeepConvNet"]

CONVOLUTIONS = tuple(
    {"filter_num": filters, "filter_size": 3, "pad": pad, "stride": 1}
    for filters, pad in ((16, 1), (16, 1), (32, 1), (32, 2), (64, 1), (64, 1))
)


class DeepConvNet(ConvNet):
    """Conv ReLU Conv ReLU Pool, three times; Affine ReLU Dropout Affine Dropout; softmax. Weights by He.

    Args:
        input_dim: (channels, height, width) of an image.
        conv_param_1 … conv_param_6: filter_num, filter_size, pad and stride of each convolution.
        hidden_size, output_size: units of the two affine layers.

    Attributes:
        params: W1, b1 … W6, b6 of the convolutions, W7, b7 and W8, b8 of the affine layers.
        layers: a list, in order; last_layer: softmax with loss.
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        conv_param_1: dict[str, int] = CONVOLUTIONS[0],
        conv_param_2: dict[str, int] = CONVOLUTIONS[1],
        conv_param_3: dict[str, int] = CONVOLUTIONS[2],
        conv_param_4: dict[str, int] = CONVOLUTIONS[3],
        conv_param_5: dict[str, int] = CONVOLUTIONS[4],
        conv_param_6: dict[str, int] = CONVOLUTIONS[5],
        hidden_size: int = 50,
        output_size: int = 10,
    ) -> None:
        convolutions = [conv_param_1, conv_param_2, conv_param_3, conv_param_4, conv_param_5, conv_param_6]
        self.layers: list[Any] = []
        shape = input_dim
        for i, conv in enumerate(convolutions):
            shape = self._add_convolution(shape, conv)
            if i % 2:
                self.layers.append(Pooling(2, 2, stride=2))
                shape = (shape[0], shape[1] // 2, shape[2] // 2)
        sizes = [int(np.prod(shape)), hidden_size, output_size]
        first, second = (
            Affine(_he((fan_in, fan_out), fan_in), np.zeros(fan_out)) for fan_in, fan_out in pairwise(sizes)
        )
        self.layers += [first, Relu(), Dropout(0.5), second, Dropout(0.5)]
        self.last_layer = SoftmaxWithLoss()
        self.params = {}
        self._name_params()

    def _add_convolution(self, shape: tuple[int, int, int], conv: dict[str, int]) -> tuple[int, int, int]:
        filters, size, pad, stride = conv["filter_num"], conv["filter_size"], conv["pad"], conv["stride"]
        channels, height, width = shape
        W = _he((filters, channels, size, size), channels * size * size)
        self.layers += [Convolution(W, np.zeros(filters), stride, pad), Relu()]
        return filters, conv_output_size(height, size, stride, pad), conv_output_size(width, size, stride, pad)

    def _in_order(self) -> list[Any]:
        return self.layers


def _he(shape: tuple[int, ...], fan_in: int) -> Any:
    return np.sqrt(2 / fan_in) * np.random.randn(*shape)
