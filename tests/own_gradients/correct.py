"""Correct classes: edits of the styles after which the gradient is still that of the loss, each checked by the witness.

Whoever says anything of one of these accuses somebody who did nothing wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .planted import Network, correct, edited

METHODS_LOSS = "return -np.sum(t * np.log(y + 1e-7)) / batch_size"
METHODS_DY = "dy = (y - t) / batch_num"
METHODS_DA = "da1 = sigmoid_grad(a1) * dz1"
METHODS_SIGMOID = "    return 1 / (1 + np.exp(-x))\n"
METHODS_GRAD = "    return (1.0 - sigmoid(x)) * sigmoid(x)\n"
METHODS_END = "        grads['b1'] = np.sum(da1, axis=0)\n        return grads\n"
METHODS_W = "self.params['{0}'] = weight_init_std * np.random.randn({1})"
LAYERS_SIGMOID = "        out = 1 / (1 + np.exp(-x))\n"
LAYERS_SIGMOID_DX = "        dx = dout * (1.0 - self.out) * self.out\n"
LAYERS_LOSS = "        self.loss = cross_entropy_error(self.y, self.t)\n"
LAYERS_DX = "            dx = (self.y - self.t) / batch_size\n"
LAYERS_RELU = "        dout[self.mask] = 0\n        dx = dout\n"
FUNCTIONS_LOSS = "    return -np.sum(y * np.log(out)) / m\n"
FUNCTIONS_DELTA = '    delta2 = cache["out"] - y\n'
RELU, RELU_GRAD = "    return np.maximum(0, z)\n", "    return (z > 0).astype(float)\n"
LOOPS_D1 = "d1 = np.dot(self.w2.T, d2) * self.hidden_out * (1 - self.hidden_out)"
LOOPS_LOSS = "total += -np.sum(t * np.log(self.feedforward(x)))"
CELLS_LOSS = "return 0.5 * np.sum((y - t) ** 2) / len(x)"
CELLS_D2 = "delta2 = (y - t) * d_sigmoid(y) / n"
SQUARES_LOSS = "0.5 * np.mean(np.sum((y - t) ** 2, axis=1))"
SQUARES_TOP = "delta = (y - t) / len(x)"
SQUARES_BELOW = "delta = upstream * (1 - self.acts[i] ** 2)"
LEAKY_LOSS = "return -(1 / m) * np.sum(Y * np.log(P))"
LEAKY_DZ2 = "dZ2 = self.A2 - Y.T"
LEAKY, LEAKY_GRAD = "return np.where(Z > 0, Z, SLOPE * Z)", "return np.where(Z > 0, 1.0, SLOPE)"

UP_THE_HILL = """
    def update(self, x, t):
        grads = self.gradient(x, t)
        for key in self.params:
            self.params[key] += self.lr * grads[key]
"""


@dataclass(frozen=True)
class Variation:
    """A correct source.

    Attributes:
        style, name: what was edited, and how.
        pairs: old and new texts.
        labels: "one-hot" or "integer".
        sign: -1 where what is returned is the way down, and the update adds it.
        tolerance: of the witness, relative: 1e-5, more in float32.
    """

    style: str
    name: str
    pairs: tuple[str, ...]
    labels: str = "one-hot"
    sign: int = 1
    tolerance: float = 1e-5

    @property
    def source(self) -> str:
        """Of the file."""
        return edited(correct(self.style), self.pairs)

    def __str__(self) -> str:
        return f"{self.style}-{self.name.replace(' ', '_')}"

    def batch(self, x: Any, t: Any) -> tuple[Any, Any]:
        """The same batch with labels as the class takes them."""
        return x, (np.argmax(t, axis=1) if self.labels == "integer" else t)


def _activation(formula: str, derivative: str) -> tuple[str, ...]:
    return METHODS_SIGMOID, f"    return {formula}\n", METHODS_GRAD, f"    return {derivative}\n"


def _relu_like(formula: str, derivative: str) -> tuple[str, ...]:
    return RELU, f"    return {formula}\n", RELU_GRAD, f"    return {derivative}\n"


_METHODS = [
    ("as it is", ()),
    ("fed with outputs", (METHODS_DA, "da1 = z1 * (1 - z1) * dz1")),
    ("relu", _activation("np.maximum(0, x)", "(x > 0) * 1.0")),
    ("relu by masks", _activation("x * (x > 0)", "np.where(x <= 0, 0, 1)")),
    ("tanh", _activation("np.tanh(x)", "1 - np.tanh(x) ** 2")),
    ("tanh by cosh", _activation("np.tanh(x)", "1 / np.cosh(x) ** 2")),
    ("softplus", _activation("np.log(1 + np.exp(x))", "1 / (1 + np.exp(-x))")),
    (
        "elu",
        _activation("np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)", "np.where(x > 0, 1, np.exp(np.minimum(x, 0)))"),
    ),
    ("swish", _activation("x / (1 + np.exp(-x))", "(1 + np.exp(-x) + x * np.exp(-x)) / (1 + np.exp(-x)) ** 2")),
    ("arctan", _activation("np.arctan(x)", "1 / (1 + x * x)")),
    ("identity", _activation("x", "np.ones_like(x)")),
    (
        "sigmoid both ways",
        _activation(
            "np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))",
            "sigmoid(x) - sigmoid(x) ** 2",
        ),
    ),
    ("no small number", (METHODS_LOSS, "return -np.sum(t * np.log(y)) / batch_size")),
    ("mean of samples", (METHODS_LOSS, "return np.mean(-np.sum(t * np.log(y + 1e-7), axis=1))")),
    ("clipped", (METHODS_LOSS, "return -np.sum(t * np.log(np.clip(y, 1e-12, 1.0))) / batch_size")),
    (
        "exact with the small number",
        (METHODS_DY, "dy = (y - t) * np.sum(t * y / (y + 1e-7), axis=1, keepdims=True) / batch_num"),
    ),
    (
        "by the jacobian",
        (METHODS_DY, "dp = -t / (y + 1e-7) / batch_num\n        dy = y * (dp - np.sum(dp * y, axis=1, keepdims=True))"),
    ),
    (
        "by the jacobian of each sample",
        (
            METHODS_DY,
            "dp = -t / (y + 1e-7) / batch_num\n        dy = np.array([(np.diag(p) - np.outer(p, p)) @ d for p, d in zip(y, dp)])",
        ),
    ),
    (
        "divided late",
        (
            METHODS_DY,
            "dy = y - t",
            "np.dot(z1.T, dy)",
            "np.dot(z1.T, dy) / batch_num",
            "np.sum(dy, axis=0)",
            "np.mean(dy, axis=0)",
            "np.dot(x.T, da1)",
            "np.dot(x.T, da1) / batch_num",
            "np.sum(da1, axis=0)",
            "np.mean(da1, axis=0)",
        ),
    ),
    ("summed", (METHODS_LOSS, "return -np.sum(t * np.log(y + 1e-7))", METHODS_DY, "dy = y - t")),
    (
        "over samples and classes",
        (METHODS_LOSS, "return -np.mean(t * np.log(y + 1e-7))", METHODS_DY, "dy = (y - t) / t.size"),
    ),
    (
        "in percent",
        (
            METHODS_LOSS,
            "return -100 * np.sum(t * np.log(y + 1e-7)) / batch_size",
            METHODS_DY,
            "dy = 100 * (y - t) / batch_num",
        ),
    ),
    (
        "decay in both",
        (
            "        return cross_entropy_error(y, t)\n",
            "        return cross_entropy_error(y, t) + 0.05 * sum(np.sum(self.params[k] ** 2) for k in ('W1', 'W2'))\n",
            "np.dot(z1.T, dy)",
            "np.dot(z1.T, dy) + 0.1 * W2",
            "np.dot(x.T, da1)",
            "np.dot(x.T, da1) + 0.1 * W1",
        ),
    ),
    (
        "decay of biases too",
        (
            "        return cross_entropy_error(y, t)\n",
            "        return cross_entropy_error(y, t) + 0.5 * 0.01 * sum(np.sum(p ** 2) for p in self.params.values())\n",
            METHODS_END,
            METHODS_END.replace(
                "        return",
                "        for key in grads:\n            grads[key] = grads[key] + 0.01 * self.params[key]\n        return",
            ),
        ),
    ),
    (
        "absolute decay in both",
        (
            "        return cross_entropy_error(y, t)\n",
            "        return cross_entropy_error(y, t) + 0.1 * np.sum(np.abs(self.params['W2']))\n",
            "np.dot(z1.T, dy)",
            "np.dot(z1.T, dy) + 0.1 * np.sign(W2)",
        ),
    ),
    (
        "einsum",
        ("np.dot(z1.T, dy)", "np.einsum('ni,nj->ij', z1, dy)", "np.dot(dy, W2.T)", "np.einsum('nj,ij->ni', dy, W2)"),
    ),
    (
        "tensordot",
        ("np.dot(x.T, da1)", "np.tensordot(x, da1, axes=(0, 0))", "np.sum(da1, axis=0)", "np.ones(len(da1)) @ da1"),
    ),
    (
        "biases as rows",
        (
            "np.zeros(hidden_size)",
            "np.zeros((1, hidden_size))",
            "np.zeros(output_size)",
            "np.zeros((1, output_size))",
            "np.sum(dy, axis=0)",
            "np.sum(dy, axis=0, keepdims=True)",
            "np.sum(da1, axis=0)",
            "da1.sum(0, keepdims=True)",
        ),
    ),
    (
        "pixels centred in both",
        (
            "        W1, W2 = self.params['W1'], self.params['W2']\n        b1, b2 = self.params['b1'], self.params['b2']\n        a1",
            "        x = (x - 0.5) / 0.5\n        W1, W2 = self.params['W1'], self.params['W2']\n        b1, b2 = self.params['b1'], self.params['b2']\n        a1",
            "        # forward\n",
            "        x = (x - 0.5) / 0.5\n",
        ),
    ),
    (
        "temperature in both",
        (
            "        a2 = np.dot(z1, W2) + b2\n        y = softmax(a2)\n        return y",
            "        a2 = np.dot(z1, W2) + b2\n        y = softmax(a2 / 2)\n        return y",
            "        y = softmax(a2)\n\n        # backward",
            "        y = softmax(a2 / 2)\n\n        # backward",
            METHODS_DY,
            "dy = (y - t) / 2 / batch_num",
        ),
    ),
    (
        "labels smoothed in both",
        (
            METHODS_LOSS,
            "t = 0.9 * t + 0.1 / t.shape[1]\n    " + METHODS_LOSS,
            METHODS_DY,
            "dy = (y - (0.9 * t + 0.1 / t.shape[1])) / batch_num",
        ),
    ),
    (
        "classes weighted in both",
        (
            METHODS_LOSS,
            "w = 1 + np.arange(t.shape[1])\n    return -np.sum(w * t * np.log(y + 1e-7)) / batch_size",
            METHODS_DY,
            "dy = (y - t) * np.sum((1 + np.arange(t.shape[1])) * t, axis=1, keepdims=True) / batch_num",
        ),
    ),
    (
        "squares of softmax",
        (
            METHODS_LOSS,
            "return 0.5 * np.sum((y - t) ** 2) / batch_size",
            METHODS_DY,
            METHODS_DY + "\n        dy = y * (dy - np.sum(dy * y, axis=1, keepdims=True))",
        ),
    ),
    (
        "squares of sigmoids",
        (
            "    x = x - np.max(x, axis=1, keepdims=True)\n    return np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)\n",
            "    return sigmoid(x)\n",
            METHODS_LOSS,
            "return np.sum((y - t) ** 2) / batch_size",
            METHODS_DY,
            "dy = 2 * (y - t) * y * (1 - y) / batch_num",
        ),
    ),
    (
        "sigmoids with their cross entropy",
        (
            "    x = x - np.max(x, axis=1, keepdims=True)\n    return np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)\n",
            "    return sigmoid(x)\n",
            METHODS_LOSS,
            "return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y)) / batch_size",
        ),
    ),
    (
        "hinge",
        (
            METHODS_LOSS,
            "return np.sum(np.maximum(0, 0.9 - np.sum(t * y, axis=1))) / batch_size",
            METHODS_DY,
            "dp = -t * (np.sum(t * y, axis=1, keepdims=True) < 0.9) / batch_num\n        dy = y * (dp - np.sum(dp * y, axis=1, keepdims=True))",
        ),
    ),
    (
        "kept in attributes",
        (
            "        # backward\n",
            "        self.a1, self.z1, self.y, self.x = a1, z1, y, x\n",
            "np.dot(x.T, da1)",
            "np.dot(self.x.T, da1)",
        ),
    ),
    ("prints", ("        # backward\n", "        print('batch of', batch_num)\n")),
    (
        "dropout off",
        (
            METHODS_DA,
            "drop = 0.0\n        mask = np.random.rand(*a1.shape) > drop if drop else 1.0\n        "
            + METHODS_DA
            + " * mask",
        ),
    ),
    ("counts its calls", ("        # forward\n", "        self.calls = getattr(self, 'calls', 0) + 1\n")),
    ("decay that is 0", ("np.dot(z1.T, dy)", "np.dot(z1.T, dy) + 0.0 * W2")),
    (
        "updates after the gradient",
        (
            METHODS_END,
            METHODS_END
            + "\n    def learn(self, x, t):\n        grads = self.gradient(x, t)\n        for key in self.params:\n            self.params[key] -= self.lr * grads[key]\n",
        ),
    ),
]

_LAYERS = [
    ("as it is", ()),
    (
        "tanh",
        (LAYERS_SIGMOID, "        out = np.tanh(x)\n", LAYERS_SIGMOID_DX, "        dx = dout * (1 - self.out ** 2)\n"),
    ),
    ("relu without changing", (LAYERS_RELU, "        dx = dout * (self.mask == 0)\n")),
    ("relu by copy", (LAYERS_RELU, "        dx = dout.copy()\n        dx[self.mask] = 0\n")),
    (
        "leaky",
        (
            "        out[self.mask] = 0\n",
            "        out[self.mask] *= 0.01\n",
            LAYERS_RELU,
            "        dx = np.where(self.mask, 0.01 * dout, dout)\n",
        ),
    ),
    (
        "sigmoid from its input",
        (
            LAYERS_SIGMOID,
            "        self.x = x\n" + LAYERS_SIGMOID,
            LAYERS_SIGMOID_DX,
            "        dx = dout * np.exp(-self.x) / (1 + np.exp(-self.x)) ** 2\n",
        ),
    ),
    ("by the upstream gradient", (LAYERS_DX, "            dx = dout * (self.y - self.t) / batch_size\n")),
    (
        "squares",
        (
            "        self.y = softmax(x)\n",
            "        self.y = x\n",
            LAYERS_LOSS,
            "        self.loss = 0.5 * np.sum((self.y - self.t) ** 2) / len(x)\n",
        ),
    ),
    (
        "affine of pictures",
        (
            "        self.x = x\n",
            "        self.shape = x.shape\n        x = x.reshape(x.shape[0], -1)\n        self.x = x\n",
            "        dx = np.dot(dout, self.W.T)\n",
            "        dx = np.dot(dout, self.W.T).reshape(self.shape)\n",
        ),
    ),
    ("affine turned", ("self.dW = np.dot(self.x.T, dout)", "self.dW = np.dot(dout.T, self.x).T")),
    (
        "affine before dx",
        (
            "        dx = np.dot(dout, self.W.T)\n        self.dW = np.dot(self.x.T, dout)\n        self.db = np.sum(dout, axis=0)\n",
            "        self.dW = self.x.T @ dout\n        self.db = dout.sum(axis=0)\n        dx = dout @ self.W.T\n",
        ),
    ),
    (
        "decay as in the book",
        (
            "        return self.last_layer.forward(y, t)\n",
            "        decay = sum(0.5 * 0.1 * np.sum(self.params[k] ** 2) for k in ('W1', 'W2', 'W3'))\n        return self.last_layer.forward(y, t) + decay\n",
            "        return grads\n",
            "        for key in ('W1', 'W2', 'W3'):\n            grads[key] = grads[key] + 0.1 * self.params[key]\n        return grads\n",
        ),
    ),
    (
        "softmax over lists",
        (
            "    x = x - np.max(x, axis=-1, keepdims=True)\n    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)\n",
            "    if x.ndim == 2:\n        x = x.T\n        x = x - np.max(x, axis=0)\n        return (np.exp(x) / np.sum(np.exp(x), axis=0)).T\n    x = x - np.max(x)\n    return np.exp(x) / np.sum(np.exp(x))\n",
        ),
    ),
    (
        "dropout that is off",
        (
            "        self.layers['Sigmoid1'] = Sigmoid()\n",
            "        self.layers['Sigmoid1'] = Sigmoid()\n        self.layers['Dropout1'] = Dropout(0.0)\n",
            "class Affine:\n",
            "class Dropout:\n    def __init__(self, ratio):\n        self.ratio = ratio\n\n    def forward(self, x, train=True):\n        self.mask = np.random.rand(*x.shape) >= self.ratio\n        return x * self.mask\n\n    def backward(self, dout):\n        return dout * self.mask\n\n\nclass Affine:\n",
        ),
    ),
    ("two sigmoids", ("        self.layers['Relu1'] = Relu()\n", "        self.layers['Relu1'] = Sigmoid()\n")),
    (
        "gradients kept",
        ("        grads = {}\n        grads['W1']", "        grads = self.grads = {}\n        grads['W1']"),
    ),
    (
        "batch normalization",
        (
            "        self.layers['Sigmoid1'] = Sigmoid()\n",
            "        self.layers['Norm'] = Norm()\n        self.layers['Sigmoid1'] = Sigmoid()\n",
            "class Affine:\n",
            "class Norm:\n    def forward(self, x):\n        self.s = np.sqrt(x.var(axis=0) + 1e-5)\n        self.n = (x - x.mean(axis=0)) / self.s\n        return self.n\n\n    def backward(self, dout):\n        return (dout - dout.mean(axis=0) - self.n * (dout * self.n).mean(axis=0)) / self.s\n\n\nclass Affine:\n",
        ),
    ),
]

_FUNCTIONS = [
    ("as it is", ()),
    ("tanh", _relu_like("np.tanh(z)", "1 - np.tanh(z) ** 2")),
    ("sigmoid", _relu_like("1 / (1 + np.exp(-z))", "relu(z) * (1 - relu(z))")),
    ("leaky", _relu_like("np.maximum(0.2 * z, z)", "np.where(z >= 0, 1, 0.2)")),
    ("relu squared", _relu_like("np.maximum(0, z) ** 2", "2 * np.maximum(0, z)")),
    ("six at most", _relu_like("np.minimum(np.maximum(0, z), 6)", "((z > 0) & (z < 6)) * 1.0")),
    ("hard sigmoid", _relu_like("np.clip(0.2 * z + 0.5, 0, 1)", "0.2 * ((z > -2.5) & (z < 2.5))")),
    (
        "divided first",
        (
            FUNCTIONS_DELTA,
            '    delta2 = (cache["out"] - y) / m\n',
            "@ delta2 / m",
            "@ delta2",
            "delta2.sum(axis=0, keepdims=True) / m",
            "delta2.sum(axis=0, keepdims=True)",
            "X.T @ delta1 / m",
            "X.T @ delta1",
            "delta1.sum(axis=0, keepdims=True) / m",
            "delta1.sum(axis=0, keepdims=True)",
        ),
    ),
    (
        "squares of softmax, no half",
        (
            FUNCTIONS_LOSS,
            "    return np.sum((out - y) ** 2) / m\n",
            FUNCTIONS_DELTA,
            '    p = cache["out"]\n    delta2 = 2 * (p - y)\n    delta2 = p * delta2 - p * (p * delta2).sum(axis=1, keepdims=True)\n',
        ),
    ),
    ("mask from the output", ('relu_derivative(cache["z1"])', '(cache["h1"] > 0)')),
    (
        "log of softmax",
        (
            FUNCTIONS_LOSS,
            '    z = forward(params, X)["z2"]\n    return np.mean(np.log(np.exp(z).sum(axis=1)) - (z * y).sum(axis=1))\n',
        ),
    ),
    (
        "labels as numbers",
        (
            "np.sum(y * np.log(out))",
            "np.sum(np.log(out[np.arange(m), y]))",
            FUNCTIONS_DELTA,
            '    delta2 = cache["out"].copy()\n    delta2[np.arange(m), y] -= 1\n',
        ),
        "integer",
    ),
    (
        "labels made one-hot",
        (
            "    m = y.shape[0]\n",
            "    m = y.shape[0]\n    y = np.eye(out.shape[1])[y]\n",
            "    m = X.shape[0]\n",
            "    m = X.shape[0]\n    y = np.eye(params['b2'].size)[y]\n",
        ),
        "integer",
    ),
    (
        "decay in both",
        (
            FUNCTIONS_LOSS,
            '    return -np.sum(y * np.log(out)) / m + 0.01 * (params["w1"] ** 2).sum()\n',
            "dw1 = X.T @ delta1 / m",
            'dw1 = X.T @ delta1 / m + 0.02 * params["w1"]',
        ),
    ),
    (
        "decay over the batch",
        (
            FUNCTIONS_LOSS,
            '    return -np.sum(y * np.log(out)) / m + 0.5 / m * (params["w2"] ** 2).sum()\n',
            "    db2 =",
            '    dw2 += params["w2"] / m\n    db2 =',
        ),
    ),
    (
        "shortcut",
        (
            'z2 = h1 @ params["w2"] + params["b2"]',
            'z2 = h1 @ params["w2"] + params["b2"] + X.sum(axis=1, keepdims=True)',
        ),
    ),
    (
        "huber",
        (
            FUNCTIONS_LOSS,
            '    d = forward(params, X)["z2"] - y\n    return np.sum(np.where(abs(d) < 1, 0.5 * d ** 2, abs(d) - 0.5)) / m\n',
            FUNCTIONS_DELTA,
            '    delta2 = np.clip(cache["z2"] - y, -1, 1)\n',
        ),
    ),
]

_LOOPS = [
    ("as it is", ()),
    ("averaged at the end", ("self.db1 += d1 / n\n", "self.db1 += d1\n        self.db1 /= n\n")),
    (
        "tanh",
        (
            "return 1.0 / (1.0 + np.exp(-v))",
            "return np.tanh(v)",
            LOOPS_D1,
            "d1 = np.dot(self.w2.T, d2) * (1 - self.hidden_out ** 2)",
        ),
    ),
    (
        "relu",
        (
            "return 1.0 / (1.0 + np.exp(-v))",
            "return np.maximum(v, 0.0)",
            LOOPS_D1,
            "d1 = np.dot(self.w2.T, d2) * (self.hidden_in > 0)",
        ),
    ),
    (
        "summed",
        (
            "return total / len(xs)",
            "return total",
            "n = len(xs)\n",
            "n = 1\n",
            "for i in range(n):",
            "for i in range(len(xs)):",
        ),
    ),
    (
        "each unit in a loop",
        (
            LOOPS_D1,
            "d1 = np.zeros(len(self.b1))\n            for j in range(len(d1)):\n                for k in range(len(d2)):\n                    d1[j] += self.w2[k, j] * d2[k]\n                d1[j] *= self.hidden_out[j] * (1 - self.hidden_out[j])",
        ),
    ),
    (
        "squares",
        (
            LOOPS_LOSS,
            "total += 0.5 * np.sum((self.feedforward(x) - t) ** 2)",
            "d2 = p - t",
            "d2 = p * ((p - t) - np.sum((p - t) * p))",
        ),
    ),
    (
        "log of the label",
        (
            LOOPS_LOSS,
            "total -= np.log(self.feedforward(x)[np.argmax(t)])",
            "d2 = p - t",
            "d2 = p.copy()\n            d2[np.argmax(t)] -= 1",
        ),
    ),
    ("backwards through the batch", ("for i in range(n):", "for i in reversed(range(n)):")),
    ("in another order", ("for i in range(n):", "for i in np.random.permutation(n):")),
    ("outer by broadcasting", ("np.outer(d1, x)", "d1[:, None] * x[None, :]")),
]

_CELLS = [
    ("as it is", ()),
    (
        "mean of all",
        (CELLS_LOSS, "return np.mean((y - t) ** 2)", CELLS_D2, "delta2 = 2 * (y - t) * d_sigmoid(y) / y.size"),
    ),
    (
        "no half",
        (CELLS_LOSS, "return np.sum((y - t) ** 2) / len(x)", CELLS_D2, "delta2 = 2 * (y - t) * y * (1 - y) / n"),
    ),
    ("summed", (CELLS_LOSS, "return 0.5 * np.sum((y - t) ** 2)", CELLS_D2, "delta2 = (y - t) * d_sigmoid(y)")),
    ("linear output", ("z2 = sigmoid(u2)", "z2 = u2", CELLS_D2, "delta2 = (y - t) / n")),
    (
        "cross entropy of sigmoids",
        (
            CELLS_LOSS,
            "return -np.mean(np.sum(t * np.log(y) + (1 - t) * np.log(1 - y), axis=1))",
            CELLS_D2,
            "delta2 = (y - t) / n",
        ),
    ),
    (
        "tanh",
        ("    return 1 / (1 + np.exp(-x))\n", "    return np.tanh(x)\n", "return y * (1 - y)", "return 1 - y ** 2"),
    ),
    (
        "softmax",
        (
            "z2 = sigmoid(u2)",
            "z2 = np.exp(u2) / np.exp(u2).sum(axis=1, keepdims=True)",
            CELLS_LOSS,
            "return -np.sum(t * np.log(y)) / len(x)",
            CELLS_D2,
            "delta2 = (y - t) / n",
        ),
    ),
    ("error the other way round twice", (CELLS_D2, "delta2 = -(t - y) * d_sigmoid(y) / n")),
    (
        "root of squares",
        (
            CELLS_LOSS,
            "return np.sqrt(np.sum((y - t) ** 2))",
            CELLS_D2,
            "delta2 = (y - t) * d_sigmoid(y) / np.sqrt(np.sum((y - t) ** 2))",
        ),
    ),
]

_SQUARES = [
    ("as it is", ()),
    ("mean of all", (SQUARES_LOSS, "0.5 * np.mean((y - t) ** 2)", SQUARES_TOP, "delta = (y - t) / y.size")),
    ("no half", (SQUARES_LOSS, "np.mean(np.sum((y - t) ** 2, axis=1))", SQUARES_TOP, "delta = 2 * (y - t) / len(x)")),
    ("no decay", ("weight_decay=0.01", "weight_decay=0.0")),
    (
        "sine",
        (
            "self.acts.append(np.tanh(z))",
            "self.acts.append(np.sin(z))",
            SQUARES_BELOW,
            "delta = upstream * np.cos(self.zs[i - 1])",
        ),
    ),
    (
        "absolute values",
        (SQUARES_LOSS, "np.mean(np.sum(np.abs(y - t), axis=1))", SQUARES_TOP, "delta = np.sign(y - t) / len(x)"),
    ),
    (
        "log cosh",
        (
            SQUARES_LOSS,
            "np.mean(np.sum(np.log(np.cosh(y - t)), axis=1))",
            SQUARES_TOP,
            "delta = np.tanh(y - t) / len(x)",
        ),
    ),
    (
        "softsign",
        ("np.tanh(z)", "z / (1 + np.abs(z))", SQUARES_BELOW, "delta = upstream * (1 - np.abs(self.acts[i])) ** 2"),
    ),
]

_LEAKY = [
    ("as it is", ()),
    ("relu", (LEAKY, "return np.maximum(Z, 0)", LEAKY_GRAD, "return np.int64(Z > 0)")),
    (
        "elu",
        (
            LEAKY,
            "return np.where(Z > 0, Z, np.exp(np.minimum(Z, 0)) - 1)",
            LEAKY_GRAD,
            "return np.where(Z > 0, 1.0, np.exp(np.minimum(Z, 0)))",
        ),
    ),
    (
        "gelu",
        (
            LEAKY,
            "return Z / (1 + np.exp(-1.702 * Z))",
            LEAKY_GRAD,
            "s = 1 / (1 + np.exp(-1.702 * Z))\n        return s + 1.702 * Z * s * (1 - s)",
        ),
    ),
    ("squeezed cost", (LEAKY_LOSS, "return np.squeeze(-(1 / m) * np.sum(Y * np.log(P), axis=(0, 1), keepdims=True))")),
    (
        "decay over the batch",
        (
            LEAKY_LOSS,
            LEAKY_LOSS + " + 0.7 / (2 * m) * (np.sum(self.W1 ** 2) + np.sum(self.W2 ** 2))",
            "np.dot(dZ2, self.A1.T)\n",
            "np.dot(dZ2, self.A1.T) + 0.7 / m * self.W2\n",
            "np.dot(dZ1, X)\n",
            "np.dot(dZ1, X) + 0.7 / m * self.W1\n",
        ),
    ),
    ("sums by reshaping", ("np.sum(dZ1, axis=1, keepdims=True)", "dZ1.sum(axis=1).reshape(-1, 1)")),
    (
        "cost of both classes",
        (
            LEAKY_LOSS,
            "return -(1 / m) * np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P))",
            LEAKY_DZ2,
            "P, T = self.A2, Y.T\n        dP = -T / P + (1 - T) / (1 - P)\n        dZ2 = P * (dP - np.sum(dP * P, axis=0))",
        ),
    ),
]


def _turned_uphill() -> list[Variation]:
    pairs = (METHODS_DY, "dy = (t - y) / batch_num", METHODS_END, METHODS_END + UP_THE_HILL)
    step = (
        "        self.w1 -= lr * self.dw1\n        self.b1 -= lr * self.db1\n        self.w2 -= lr * self.dw2\n        self.b2 -= lr * self.db2\n",
    )
    loops = ("d2 = p - t", "d2 = t - p", *step, step[0].replace("-=", "+="))
    cells = (
        CELLS_D2,
        "delta2 = (t - y) * d_sigmoid(y) / n",
        "W1 -=",
        "W1 +=",
        "b1 -=",
        "b1 +=",
        "W2 -=",
        "W2 +=",
        "b2 -=",
        "b2 +=",
    )
    functions = (FUNCTIONS_DELTA, '    delta2 = y - cache["out"]\n', "params[key] -= lr", "params[key] += lr")
    return [
        Variation("methods", "uphill", pairs, sign=-1),
        Variation("loops", "uphill", loops, sign=-1),
        Variation("cells", "uphill", cells, sign=-1),
        Variation("functions", "uphill", functions, sign=-1),
    ]


def _float32() -> list[Variation]:
    return [
        Variation("methods", "float32", _astype("np.float32"), tolerance=3e-2),
        Variation(
            "functions",
            "float32",
            (
                "rng.normal(0, 0.5, (n_in, n_hidden))",
                "rng.normal(0, 0.5, (n_in, n_hidden)).astype('f4')",
                "rng.normal(0, 0.5, (n_hidden, n_out))",
                "rng.normal(0, 0.5, (n_hidden, n_out)).astype('f4')",
            ),
            tolerance=3e-2,
        ),
    ]


def _astype(dtype: str) -> tuple[str, ...]:
    first, second = (
        METHODS_W.format("W1", "input_size, hidden_size"),
        METHODS_W.format("W2", "hidden_size, output_size"),
    )
    return first, f"{first}.astype({dtype})", second, f"{second}.astype({dtype})"


def _made() -> list[Variation]:
    tables = {
        "methods": _METHODS,
        "layers": _LAYERS,
        "functions": _FUNCTIONS,
        "loops": _LOOPS,
        "cells": _CELLS,
        "tanh_squares": _SQUARES,
        "leaky": _LEAKY,
    }
    plain = [Variation(style, *entry) for style, entries in tables.items() for entry in entries]
    layers = [
        entry
        for entry in plain
        if entry.style == "layers" and entry.name in {"as it is", "tanh", "leaky", "softmax over lists"}
    ]
    numbers = [Variation("layers", f"{entry.name}, labels as numbers", entry.pairs, "integer") for entry in layers]
    return plain + numbers + _turned_uphill() + _float32()


VARIATIONS: list[Variation] = _made()


def right(network: Network, variation: Variation) -> Network:
    """The same network with the gradient turned to point up, where the class returns the way down."""
    if variation.sign == 1:
        return network
    return Network(
        network.obj,
        network.arrays,
        network.loss,
        lambda x, t: [variation.sign * np.asarray(g) for g in network.gradient(x, t)],
    )
