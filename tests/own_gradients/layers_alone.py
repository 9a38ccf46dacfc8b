"""Layers as learners write them, and mistakes in their backward passes as text edits."""

SOURCE = '''
import numpy as np


class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx


class Turned:
    """Weights as (outputs, inputs), gradients in a dict."""

    def __init__(self, n_in, n_out):
        self.params = {'W': np.random.randn(n_out, n_in), 'b': np.zeros(n_out)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x @ self.params['W'].T + self.params['b']

    def backward(self, grad):
        self.grads['W'] = grad.T @ self.x
        self.grads['b'] = grad.sum(axis=0)
        return grad @ self.params['W']


class MatMul:
    """Lists of parameters and gradients, as in the second volume of the textbook."""

    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]

    def forward(self, x):
        W, = self.params
        self.x = x
        return np.dot(x, W)

    def backward(self, dout):
        W, = self.params
        dx = np.dot(dout, W.T)
        self.grads[0][...] = np.dot(self.x.T, dout)
        return dx


class Cached:
    """forward gives a cache, which backward takes; gradients are returned."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        return x @ self.W + self.b, x

    def backward(self, dout, cache):
        return dout @ self.W.T, cache.T @ dout, dout.sum(axis=0)


class Relu:
    def forward(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class LeakyRelu:
    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, 0.01 * x)

    def backward(self, dout):
        return dout * np.where(self.x > 0, 1, 0.01)


class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return dout * self.out * (1 - self.out)


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y ** 2)


class Softplus:
    def forward(self, x):
        self.x = x
        return np.log(1 + np.exp(x))

    def backward(self, dout):
        return dout / (1 + np.exp(-self.x))


class Log:
    def forward(self, x):
        self.x = x
        return np.log(x)

    def backward(self, dout):
        return dout / self.x


class PRelu:
    def __init__(self):
        self.alpha = np.array([0.25])

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        self.dalpha = np.sum(dout * np.where(self.x > 0, 0, self.x))
        return dout * np.where(self.x > 0, 1, self.alpha)


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        self.y = e / e.sum(axis=-1, keepdims=True)
        return self.y

    def backward(self, dout):
        dx = self.y * dout
        s = dx.sum(axis=-1, keepdims=True)
        return dx - self.y * s


class Norm:
    """Batch normalization without running averages."""

    def __init__(self, gamma, beta):
        self.gamma, self.beta = gamma, beta

    def forward(self, x):
        self.xc = x - x.mean(axis=0)
        self.std = np.sqrt(np.mean(self.xc ** 2, axis=0) + 10e-7)
        self.xn = self.xc / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        n = len(dout)
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        dstd = -np.sum((dxn * self.xc) / (self.std * self.std), axis=0)
        dvar = 0.5 * dstd / self.std
        dxc += (2.0 / n) * self.xc * dvar
        dmu = np.sum(dxc, axis=0)
        dx = dxc - dmu / n
        return dx


class LayerNorm:
    def __init__(self, n):
        self.g, self.b = np.ones(n), np.zeros(n)

    def forward(self, x):
        self.s = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        self.n = (x - x.mean(axis=1, keepdims=True)) / self.s
        return self.g * self.n + self.b

    def backward(self, dout):
        self.dg = np.sum(dout * self.n, axis=0)
        self.db = dout.sum(axis=0)
        d = dout * self.g
        return (d - d.mean(axis=1, keepdims=True) - self.n * np.mean(d * self.n, axis=1, keepdims=True)) / self.s


class Conv:
    """Loops over places, stride 1, no padding."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        k, _, h, w = self.W.shape
        out = np.zeros((len(x), k, x.shape[2] - h + 1, x.shape[3] - w + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = np.einsum('nchw,kchw->nk', x[:, :, i:i + h, j:j + w], self.W)
        return out + self.b.reshape(-1, 1, 1)

    def backward(self, dout):
        k, _, h, w = self.W.shape
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 2, 3))
        dx = np.zeros_like(self.x)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                self.dW += np.einsum('nk,nchw->kchw', dout[:, :, i, j], self.x[:, :, i:i + h, j:j + w])
                dx[:, :, i:i + h, j:j + w] += np.einsum('nk,kchw->nchw', dout[:, :, i, j], self.W)
        return dx


class MaxPool:
    def forward(self, x):
        n, c, h, w = x.shape
        self.parts = x.reshape(n, c, h // 2, 2, w // 2, 2)
        self.out = self.parts.max(axis=(3, 5), keepdims=True)
        return self.out[:, :, :, 0, :, 0]

    def backward(self, dout):
        here = self.parts == self.out
        dx = here * dout[:, :, :, None, :, None]
        n, c, h, _, w, _ = dx.shape
        return dx.reshape(n, c, 2 * h, 2 * w)


class MeanPool:
    def forward(self, x):
        n, c, h, w = x.shape
        return x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))

    def backward(self, dout):
        return np.repeat(np.repeat(dout, 2, axis=2), 2, axis=3) / 4


class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dout):
        return dout.reshape(self.shape)


class Dropout:
    def __init__(self, ratio=0.5):
        self.ratio = ratio

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.ratio
            return x * self.mask
        return x * (1 - self.ratio)

    def backward(self, dout):
        return dout * self.mask


class Mean:
    """An affine layer that averages over the batch itself, where the loss is a sum."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout / len(dout)
        self.db = dout.mean(axis=0)
        return dout @ self.W.T


class Vector:
    """For one sample at a time, a vector."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = np.outer(self.x, dout)
        self.db = dout
        return self.W @ dout


class Dense:
    """For one sample at a time, a row; backward takes a rate and updates."""

    def __init__(self, n_in, n_out):
        self.weights = np.random.rand(n_in, n_out) - 0.5
        self.bias = np.random.rand(1, n_out) - 0.5

    def forward(self, input):
        self.input = input
        return np.dot(input, self.weights) + self.bias

    def backward(self, output_gradient, learning_rate):
        input_gradient = np.dot(output_gradient, self.weights.T)
        self.weights = self.weights - learning_rate * np.dot(self.input.T, output_gradient)
        self.bias = self.bias - learning_rate * output_gradient
        return input_gradient


class Column:
    """The same for a column."""

    def __init__(self, n_in, n_out):
        self.weights = np.random.randn(n_out, n_in)
        self.bias = np.random.randn(n_out, 1)

    def forward(self, input):
        self.input = input
        return np.dot(self.weights, self.input) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return input_gradient


class Embedding:
    def __init__(self, W):
        self.W = W

    def forward(self, index):
        self.index = index
        return self.W[index]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.index, dout)


class First:
    """The first layer of a network, which hands nothing down."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)


class OwnDraws:
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def forward(self, x):
        self.mask = self.rng.random(x.shape) < 0.5
        return x * self.mask / 0.5

    def backward(self, dout):
        return dout * self.mask / 0.5


class Running:
    """Batch normalization that is asked to train; else it takes running averages."""

    def __init__(self, n):
        self.gamma, self.beta = np.ones(n), np.zeros(n)
        self.running_mean, self.running_var = np.zeros(n), np.ones(n)

    def forward(self, x, train=False):
        if not train:
            return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var) + self.beta
        self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(axis=0)
        self.running_var = 0.9 * self.running_var + 0.1 * x.var(axis=0)
        self.s = np.sqrt(x.var(axis=0) + 1e-5)
        self.n = (x - x.mean(axis=0)) / self.s
        return self.gamma * self.n + self.beta

    def backward(self, dout):
        self.dgamma = np.sum(dout * self.n, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        d = dout * self.gamma
        return (d - d.mean(axis=0) - self.n * np.mean(d * self.n, axis=0)) / self.s


class Adding:
    """Gradients add up on purpose: there is a method to clear them."""

    def __init__(self, W):
        self.W, self.dW = W, np.zeros_like(W)

    def zero_grad(self):
        self.dW[...] = 0

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW += self.x.T @ dout
        return dout @ self.W.T


class Frozen:
    """Its weights are not to learn."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        return x @ self.W

    def backward(self, dout):
        return dout @ self.W.T


class Wrapped:
    """Another layer inside."""

    def __init__(self, W, b):
        self.inner = Affine(W, b)
        self.relu = Relu()

    def forward(self, x):
        return self.relu.forward(self.inner.forward(x))

    def backward(self, dout):
        return self.inner.backward(self.relu.backward(dout))
'''

MAKES = {
    "Vector": "Vector(np.random.randn(6, 4), np.zeros(4))",
    "Dense": "Dense(6, 4)",
    "Column": "Column(6, 4)",
    "First": "First(np.random.randn(6, 4), np.zeros(4))",
    "OwnDraws": "OwnDraws()",
    "Running": "Running(6)",
    "Adding": "Adding(np.random.randn(6, 4))",
    "Frozen": "Frozen(np.random.randn(6, 4))",
    "Wrapped": "Wrapped(np.random.randn(6, 4), np.zeros(4))",
    "Affine": "Affine(np.random.randn(6, 4), np.zeros(4))",
    "Affine square": "Affine(np.random.randn(5, 5), np.zeros(5))",
    "Affine integers": "Affine(np.array([[1, 2], [3, 4], [5, 6]]), np.array([1, 2]))",
    "Affine float32": "Affine(np.ones((4, 3), 'f4'), np.zeros(3, 'f4'))",
    "Affine large": "Affine(np.random.randn(784, 50), np.zeros(50))",
    "Affine row": "Affine(np.random.randn(6, 4), np.zeros((4,)))",
    "Turned": "Turned(6, 4)",
    "MatMul": "MatMul(np.random.randn(6, 4))",
    "Cached": "Cached(np.random.randn(6, 4), np.zeros(4))",
    "Relu": "Relu()",
    "LeakyRelu": "LeakyRelu()",
    "Sigmoid": "Sigmoid()",
    "Tanh": "Tanh()",
    "Softplus": "Softplus()",
    "Log": "Log()",
    "PRelu": "PRelu()",
    "Softmax": "Softmax()",
    "Norm": "Norm(np.ones(6), np.zeros(6))",
    "LayerNorm": "LayerNorm(6)",
    "Conv": "Conv(np.random.randn(4, 2, 3, 2), np.zeros(4))",
    "Conv square": "Conv(np.random.randn(3, 3, 3, 3), np.zeros(3))",
    "MaxPool": "MaxPool()",
    "MeanPool": "MeanPool()",
    "Flatten": "Flatten()",
    "Dropout": "Dropout()",
    "Dropout off": "Dropout(0.0)",
    "Mean": "Mean(np.random.randn(6, 4), np.zeros(4))",
}
"""How a layer of each kind is made."""

AFFINE_DX, AFFINE_DW, AFFINE_DB = (
    "dx = np.dot(dout, self.W.T)",
    "self.dW = np.dot(self.x.T, dout)",
    "self.db = np.sum(dout, axis=0)",
)
RELU = "        dout[self.mask] = 0\n        return dout"
SIGMOID = "return dout * self.out * (1 - self.out)"
NORM_DX = "dx = dxc - dmu / n"

MISTAKES = [
    ("Affine", AFFINE_DX, "dx = np.dot(dout, self.W.reshape(4, 6))", {"transposed"}),
    ("Affine square", AFFINE_DX, "dx = np.dot(dout, self.W)", {"transposed"}),
    ("Affine", AFFINE_DX, "dx = np.dot(np.ones_like(dout), self.W.T)", {"upstream-dropped"}),
    ("Affine", AFFINE_DX, "dx = -np.dot(dout, self.W.T)", {"sign"}),
    ("Affine", AFFINE_DX, "dx = np.dot(dout, self.W.T) / len(dout)", {"batch-factor"}),
    (
        "Affine",
        AFFINE_DX,
        "self.W -= 0.1 * np.dot(self.x.T, dout)\n        dx = np.dot(dout, self.W.T)",
        {"updated-too-early"},
    ),
    (
        "Affine",
        AFFINE_DX,
        "self.W = self.W - 0.1 * np.dot(self.x.T, dout)\n        dx = np.dot(dout, self.W.T)",
        {"updated-too-early"},
    ),
    ("Affine", AFFINE_DX, "dx = np.dot(dout, self.W.T)\n        dout *= 2", {"changed-in-place"}),
    ("Affine", AFFINE_DW, "self.dW = np.dot(dout.T, self.x).reshape(6, 4)", {"transposed"}),
    ("Affine square", AFFINE_DW, "self.dW = np.dot(dout.T, self.x)", {"transposed"}),
    ("Affine", AFFINE_DW, "self.dW = np.dot(self.x.T, dout) / len(dout)", {"batch-factor"}),
    ("Affine", AFFINE_DW, "self.dW = np.dot(self.x[1:].T, dout[1:])", {"samples-ignored"}),
    ("Affine", AFFINE_DW, "self.dW = np.dot(self.x.T, np.ones_like(dout))", {"upstream-dropped"}),
    ("Affine", AFFINE_DW, "self.dW = self.W", {"gradient-is-parameter"}),
    ("Affine", AFFINE_DW, "self.dW = np.dot(self.x.T, dout) + 0.1 * self.W", {"decay-not-in-loss"}),
    ("Affine", AFFINE_DW, "self.dW = 3 * np.dot(self.x.T, dout)", {"constant-factor"}),
    ("Affine", AFFINE_DW, "self.dW = np.dot(self.x.T, dout) + getattr(self, 'dW', 0)", {"accumulates"}),
    ("Affine", AFFINE_DW, "self.dW = np.dot(self.x.T, dout * np.random.rand(*dout.shape))", {"random-gradient"}),
    ("Affine", AFFINE_DB, "self.db = np.sum(dout)", {"bias-sum"}),
    ("Affine", AFFINE_DB, "self.db = np.sum(dout, axis=1)", {"bias-sum"}),
    ("Affine", AFFINE_DB, "self.db = np.mean(dout, axis=0)", {"bias-sum", "batch-factor"}),
    ("Affine", AFFINE_DB, "self.db = dout", {"bias-sum"}),
    ("Affine", AFFINE_DB, "self.db = dout[0]", {"bias-sum", "samples-ignored"}),
    ("Affine", AFFINE_DB, "pass", {"missing-gradient"}),
    ("Turned", "return grad @ self.params['W']", "return grad @ self.params['W'].T.reshape(4, 6)", {"transposed"}),
    (
        "Turned",
        "self.grads['W'] = grad.T @ self.x",
        "self.grads['W'] = (self.x.T @ grad).reshape(4, 6)",
        {"transposed"},
    ),
    ("MatMul", "self.grads[0][...] = np.dot(self.x.T, dout)", "self.grads[0][...] = -np.dot(self.x.T, dout)", {"sign"}),
    ("Cached", "dout.sum(axis=0)\n\n\nclass Relu", "dout.sum(axis=1)\n\n\nclass Relu", {"bias-sum"}),
    ("Relu", RELU, "        return dout", {"activation-derivative"}),
    ("Relu", RELU, "        dout[~self.mask] = 0\n        return dout", {"activation-derivative"}),
    ("Relu", RELU, "        dout[dout <= 0] = 0\n        return dout", {"activation-derivative"}),
    ("Relu", RELU, "        return 1.0 - self.mask", {"upstream-dropped"}),
    ("Relu", RELU, "        dout[self.mask] = 1\n        return dout", {"activation-derivative", "unknown-difference"}),
    ("LeakyRelu", "np.where(self.x > 0, 1, 0.01)", "np.where(self.x > 0, 1, 0)", {"activation-derivative"}),
    ("LeakyRelu", "np.where(self.x > 0, 1, 0.01)", "np.where(self.x > 0, 0.01, 1)", {"activation-derivative"}),
    ("LeakyRelu", "np.where(self.x > 0, 1, 0.01)", "np.where(self.x > 0, self.x, 0.01)", {"activation-derivative"}),
    ("Sigmoid", SIGMOID, "return dout * (1 - self.out)", {"activation-derivative"}),
    ("Sigmoid", SIGMOID, "return dout * self.out * (1 + self.out)", {"activation-derivative"}),
    ("Sigmoid", SIGMOID, "return self.out * (1 - self.out)", {"upstream-dropped"}),
    ("Sigmoid", SIGMOID, "return dout", {"activation-derivative"}),
    ("Sigmoid", SIGMOID, "return -dout * self.out * (1 - self.out)", {"sign"}),
    ("Sigmoid", SIGMOID, "return dout / (self.out * (1 - self.out))", {"activation-derivative"}),
    ("Sigmoid", SIGMOID, "return 2 * dout * self.out * (1 - self.out)", {"constant-factor"}),
    ("Sigmoid", SIGMOID, "return dout * self.out * (1 - self.out) / len(dout)", {"batch-factor"}),
    ("Tanh", "return dy * (1 - self.y ** 2)", "return dy * (1 - self.y)", {"activation-derivative"}),
    ("Tanh", "return dy * (1 - self.y ** 2)", "return dy * (1 - self.y) ** 2", {"activation-derivative"}),
    (
        "PRelu",
        "np.where(self.x > 0, 0, self.x)",
        "np.where(self.x > 0, self.x, 0)",
        {"unknown-difference", "wrong-operand", "activation-derivative"},
    ),
    ("Softmax", "return dx - self.y * s", "return dout * self.y * (1 - self.y)", {"softmax-derivative"}),
    ("Softmax", "return dx - self.y * s", "return dout", {"softmax-derivative"}),
    ("Softmax", "s = dx.sum(axis=-1, keepdims=True)", "s = dx.sum(axis=0, keepdims=True)", {"softmax-axis"}),
    ("Softmax", "s = dx.sum(axis=-1, keepdims=True)", "s = dx.sum()", {"softmax-over-batch"}),
    ("Norm", "dxc += (2.0 / n) * self.xc * dvar", "pass", {"upstream-dropped"}),
    ("Norm", NORM_DX, "dx = dxc", {"upstream-dropped"}),
    ("Norm", "(2.0 / n) * self.xc * dvar", "2.0 * self.xc * dvar", {"batch-factor"}),
    ("Norm", "dvar = 0.5 * dstd", "dvar = dstd", {"constant-factor"}),
    ("Norm", NORM_DX, "dx = dxc + dmu / n", {"sign"}),
    ("Norm", "dxn = self.gamma * dout", "dxn = dout", {"wrong-operand"}),
    ("Norm", NORM_DX, "dx = dxc - dmu", {"batch-factor"}),
    ("Norm", "np.sum(self.xn * dout, axis=0)", "np.mean(self.xn * dout, axis=0)", {"batch-factor"}),
    ("Conv", "self.db = dout.sum(axis=(0, 2, 3))", "self.db = dout.sum(axis=(0, 1, 2))", {"bias-sum"}),
    ("Conv", "self.db = dout.sum(axis=(0, 2, 3))", "self.db = dout.mean(axis=(0, 2, 3))", {"bias-sum"}),
    (
        "Conv",
        "        return dx\n\n\nclass MaxPool",
        "        self.dW = self.dW[:, :, ::-1, ::-1]\n        return dx\n\n\nclass MaxPool",
        {"transposed"},
    ),
    (
        "Conv square",
        "        return dx\n\n\nclass MaxPool",
        "        self.dW = self.dW.transpose(1, 0, 2, 3)\n        return dx\n\n\nclass MaxPool",
        {"transposed"},
    ),
    (
        "Conv square",
        "        return dx\n\n\nclass MaxPool",
        "        self.dW = self.dW.swapaxes(2, 3)\n        return dx\n\n\nclass MaxPool",
        {"transposed"},
    ),
    (
        "Conv",
        "        return dx\n\n\nclass MaxPool",
        "        return dx / len(dx)\n\n\nclass MaxPool",
        {"batch-factor"},
    ),
    ("Conv", "dx[:, :, i:i + h, j:j + w] += np", "dx[:, :, i:i + h, j:j + w] = np", {"unknown-difference"}),
    ("MaxPool", "here = self.parts == self.out", "here = self.parts != self.out", {"unknown-difference", "wrong-mask"}),
    ("MeanPool", "axis=3) / 4", "axis=3)", {"constant-factor"}),
    ("MeanPool", "axis=3) / 4", "axis=3) / 2", {"constant-factor"}),
    ("Flatten", "return dout.reshape(self.shape)", "return -dout.reshape(self.shape)", {"sign"}),
]
"""Layer, what stands there, the mistake, and the causes that are right."""
