"""The textbook's `common.optimizer` (chapter 6.1). Parameters are arrays, changed in place, or plain floats.

g is the gradient and lr the learning rate. `zerokara.training.optimizers` has the same formulas for arrays only.
"""

from collections.abc import MutableMapping
from typing import Any

import numpy as np

__all__ = ["SGD", "AdaGrad", "Adam", "Momentum", "Nesterov", "RMSprop", "np"]

Params = MutableMapping[str, Any]
EPSILON = 1e-7


def _zeros(params: Params) -> dict[str, Any]:
    return {key: np.zeros_like(value) for key, value in params.items()}


class SGD:
    """p ← p - lr g."""

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr

    def update(self, params: Params, grads: Params) -> None:
        for key in params:
            params[key] -= self.lr * grads[key]


class Momentum:
    """v ← μ v - lr g;  p ← p + v."""

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr, self.momentum = lr, momentum
        self.v: Any = None

    def update(self, params: Params, grads: Params) -> None:
        if self.v is None:
            self.v = _zeros(params)
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


class Nesterov:
    """v ← μ v - lr g;  p ← p + μ v - lr g (arXiv:1212.0901)."""

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr, self.momentum = lr, momentum
        self.v: Any = None

    def update(self, params: Params, grads: Params) -> None:
        if self.v is None:
            self.v = _zeros(params)
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.momentum * self.v[key] - self.lr * grads[key]


class AdaGrad:
    """h ← h + g²;  p ← p - lr g / (√h + 1e-7)."""

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr
        self.h: Any = None

    def update(self, params: Params, grads: Params) -> None:
        if self.h is None:
            self.h = _zeros(params)
        for key in params:
            self.h[key] = self.h[key] + grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + EPSILON)


class RMSprop:
    """h ← ρ h + (1 - ρ) g²;  p ← p - lr g / (√h + 1e-7)."""

    def __init__(self, lr: float = 0.01, decay_rate: float = 0.99) -> None:
        self.lr, self.decay_rate = lr, decay_rate
        self.h: Any = None

    def update(self, params: Params, grads: Params) -> None:
        if self.h is None:
            self.h = _zeros(params)
        for key in params:
            self.h[key] = self.decay_rate * self.h[key] + (1 - self.decay_rate) * grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + EPSILON)


class Adam:
    """m ← m + (1 - β₁)(g - m);  v ← v + (1 - β₂)(g² - v);  p ← p - lrₜ m / (√v + 1e-7).

    lrₜ = lr √(1 - β₂ᵗ) / (1 - β₁ᵗ).
    Kingma and Ba 2015 (arXiv:1412.6980), in the form at the end of their section 2.
    """

    def __init__(self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.iter = 0
        self.m: Any = None
        self.v: Any = None

    def update(self, params: Params, grads: Params) -> None:
        if self.m is None:
            self.m, self.v = _zeros(params), _zeros(params)
        self.iter += 1
        rate = self.lr * float(np.sqrt(1 - self.beta2**self.iter)) / (1 - self.beta1**self.iter)
        for key in params:
            self.m[key] = self.m[key] + (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] = self.v[key] + (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= rate * self.m[key] / (np.sqrt(self.v[key]) + EPSILON)
