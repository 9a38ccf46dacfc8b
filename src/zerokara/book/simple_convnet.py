"""The textbook's `simple_convnet` (chapter 7.5): convolution, ReLU, pooling, affine, ReLU, affine, softmax."""

from collections import OrderedDict
from typing import Any

import numpy as np

from zerokara.book.common.layers import Affine, Convolution, Pooling, Relu, SoftmaxWithLoss
from zerokara.book.common.multi_layer_net import initial_std
from zerokara.book.convnet import ConvNet
from zerokara.book.convolution import conv_output_size

__all__ = ["SimpleConvNet"]


class SimpleConvNet(ConvNet):
    """A small convolutional network.

    Args:
        input_dim: (channels, height, width) of an image.
        conv_param: filter_num, filter_size, pad and stride of the convolution; pooling halves its output.
        hidden_size, output_size: units of the two affine layers.
        weight_init_std: standard deviation of the initial weights, or a name as for `MultiLayerNet`.

    Attributes:
        params: W1, b1 of the convolution, W2, b2 and W3, b3 of the affine layers.
        layers: Conv1, Relu1, Pool1, Affine1, Relu2, Affine2; last_layer: softmax with loss.
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        conv_param: dict[str, int] | None = None,
        hidden_size: int = 100,
        output_size: int = 10,
        weight_init_std: str | float = 0.01,
    ) -> None:
        conv = {"filter_num": 30, "filter_size": 5, "pad": 0, "stride": 1} if conv_param is None else conv_param
        filters, size, pad, stride = conv["filter_num"], conv["filter_size"], conv["pad"], conv["stride"]
        channels, *sides = input_dim
        height, width = (conv_output_size(side, size, stride, pad) // 2 for side in sides)
        shapes = [(filters, channels, size, size), (filters * height * width, hidden_size), (hidden_size, output_size)]
        W1, W2, W3 = (_weights(shape, weight_init_std) for shape in shapes)
        self.layers: OrderedDict[str, Any] = OrderedDict(
            Conv1=Convolution(W1, np.zeros(filters), stride, pad),
            Relu1=Relu(),
            Pool1=Pooling(2, 2, stride=2),
            Affine1=Affine(W2, np.zeros(hidden_size)),
            Relu2=Relu(),
            Affine2=Affine(W3, np.zeros(output_size)),
        )
        self.last_layer = SoftmaxWithLoss()
        self.params = {}
        self._name_params()

    def _in_order(self) -> list[Any]:
        return list(self.layers.values())


def _weights(shape: tuple[int, ...], weight_init_std: str | float) -> Any:
    fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
    return initial_std(weight_init_std, fan_in) * np.random.randn(*shape)
