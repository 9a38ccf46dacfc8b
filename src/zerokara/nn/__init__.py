"""The network, readable as the textbook: functions, layers, initial weights, gradients. Needs only NumPy."""

from zerokara.nn.check import gradient_check
from zerokara.nn.network import Network, TwoLayerNet
from zerokara.nn.numerical import gradient_descent, numerical_gradient

__all__ = ["Network", "TwoLayerNet", "gradient_check", "gradient_descent", "numerical_gradient"]
