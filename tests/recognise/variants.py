"""Networks and losses as learners write them, each as what a file has beyond the textbook's chapters 3 and 4.

A variant is source that comes after `BASE`, whose names it may define anew: `Net` and what it calls, `make_net(rng)`,
`make_batch(rng)`, which gives x and t, `loss_of(net, x, t)`, which gives the f of its numerical gradient, and
`params_of(net)`, the arrays whose gradients are asked for. Where a variant is left to the loop, the line to be named
ends in `# here`.
"""

BASE = """
import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def relu(x):
    return np.maximum(0, x)

def softmax(x):
    if x.ndim == 2:
        x = x.T
        x = x - np.max(x, axis=0)
        y = np.exp(x) / np.sum(np.exp(x), axis=0)
        return y.T
    x = x - np.max(x)
    return np.exp(x) / np.sum(np.exp(x))

def cross_entropy_error(y, t):
    if y.ndim == 1:
        t = t.reshape(1, t.size)
        y = y.reshape(1, y.size)
    if t.size == y.size:
        t = t.argmax(axis=1)
    batch_size = y.shape[0]
    return -np.sum(np.log(y[np.arange(batch_size), t] + 1e-7)) / batch_size

activation = sigmoid

class Net:
    def __init__(self, rng, sizes=(12, 6, 4)):
        self.params = {}
        for i, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
            self.params['W%d' % i] = 0.6 * rng.standard_normal((a, b))
            self.params['b%d' % i] = 0.2 * rng.standard_normal(b)

    def predict(self, x):
        W1, W2 = self.params['W1'], self.params['W2']
        b1, b2 = self.params['b1'], self.params['b2']
        a1 = np.dot(x, W1) + b1
        z1 = activation(a1)
        a2 = np.dot(z1, W2) + b2
        return softmax(a2)

    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)

def make_net(rng):
    return Net(rng)

def one_hot(rng):
    x = rng.random((10, 12))
    x[:, -1] = 0
    return x, np.eye(4)[rng.integers(0, 4, 10)]

def index(rng):
    x, t = one_hot(rng)
    return x, t.argmax(axis=1)

def pixels(rng):
    x, t = one_hot(rng)
    return np.floor(256 * x), t

def bytes_(rng):
    x, t = pixels(rng)
    return x.astype(np.uint8), t

def values(rng):
    x, t = one_hot(rng)
    return x, rng.standard_normal((10, 4))

def several(rng):
    x, t = one_hot(rng)
    return x, np.round(rng.random((10, 4)))

make_batch = one_hot

def loss_of(net, x, t):
    return lambda W: net.loss(x, t)

def params_of(net):
    return list(net.params.values())

"""
"""Chapters 3 and 4 as learners type them, and the batches that variants use: what x and t may be."""


def _loss(formula: str, batch: str = "one_hot") -> str:
    return f"make_batch = {batch}\ndef cross_entropy_error(y, t):\n    return {formula}\n"


def _activation(formula: str) -> str:
    return f"def activation(x):\n    return {formula}\n"


def _predict(*lines: str, batch: str = "one_hot") -> str:
    """The textbook's predict with lines before its first product."""
    body = "\n        ".join(lines)
    return f"""
make_batch = {batch}
class Net(Net):
    mean, std = np.linspace(0.2, 0.6, 12), np.linspace(0.5, 1.5, 12)
    def predict(self, x):
        {body}
        z1 = activation(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
"""


def _scores(result: str, formula: str, batch: str = "one_hot") -> str:
    """Another output layer, and the loss that belongs to it."""
    return f"""
make_batch = {batch}
class Net(Net):
    def predict(self, x):
        z1 = activation(np.dot(x, self.params['W1']) + self.params['b1'])
        a2 = np.dot(z1, self.params['W2']) + self.params['b2']
        return {result}
    def loss(self, x, t):
        y = self.predict(x)
        return {formula}
"""


def _method(*lines: str, name: str = "loss(self, x, t)", before: str = "") -> str:
    body = "\n        ".join(lines)
    return f"{before}\nclass Net(Net):\n    lam = 0.1\n    calls = 0\n    def {name}:\n        {body}\n"


def _layers(call: str, forward: str) -> str:
    """Chapter 5: layers as objects."""
    return f"""
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.x = None
    def {forward}(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

class Relu:
    def __init__(self):
        self.mask = None
    def {forward}(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0
        return out

class Sigmoid:
    def {forward}(self, x):
        out = 1 / (1 + np.exp(-x))
        self.out = out
        return out

class SoftmaxWithLoss:
    def __init__(self):
        self.loss, self.y, self.t = None, None, None
    def {forward}(self, x, t):
        self.t = t
        self.y = softmax(x)
        self.loss = cross_entropy_error(self.y, self.t)
        return self.loss

class Net(Net):
    def __init__(self, rng):
        super().__init__(rng)
        p = self.params
        self.layers = [Affine(p['W1'], p['b1']), {{hidden}}, Affine(p['W2'], p['b2'])]
        self.last = SoftmaxWithLoss()
    def predict(self, x):
        for layer in self.layers:
            x = layer{call}(x)
        return x
    def loss(self, x, t):
        return self.last{call}(self.predict(x), t)
"""


WEIGHT_DECAY = {
    "in f": """
def loss_of(net, x, t):
    return lambda W: net.loss(x, t) + 0.05 * (np.sum(net.params['W1'] ** 2) + np.sum(net.params['W2'] ** 2))
""",
    "loop over numbers, as in chapter 6": _method(
        "weight_decay = 0",
        "for idx in range(1, 3):",
        "    W = self.params['W' + str(idx)]",
        "    weight_decay += 0.5 * self.lam * np.sum(W ** 2)",
        "return cross_entropy_error(self.predict(x), t) + weight_decay",
    ),
    "loop over keys": _method(
        "penalty = 0.0",
        "for key in self.params:",
        "    if 'W' in key:",
        "        penalty += np.sum(self.params[key] ** 2)",
        "return cross_entropy_error(self.predict(x), t) + 0.5 * self.lam * penalty",
    ),
    "loop over items": _method(
        "penalty = 0.0",
        "for key, value in self.params.items():",
        "    if key.startswith('W'):",
        "        penalty = penalty + (value * value).sum()",
        "return cross_entropy_error(self.predict(x), t) + self.lam / 2 * penalty",
    ),
    "all weights and biases": _method(
        "decay = sum(np.sum(p ** 2) for p in self.params.values())",
        "return cross_entropy_error(self.predict(x), t) + 0.5 * self.lam * decay",
    ),
    "a list of sums": _method(
        "decay = sum([np.sum(np.square(self.params[k])) for k in ('W1', 'W2')])",
        "return cross_entropy_error(self.predict(x), t) + 0.5 * 1e-3 * decay",
    ),
    "a function for it": _method(
        "return cross_entropy_error(self.predict(x), t) + l2_penalty(self.params, self.lam)",
        before="""
def l2_penalty(params, lam):
    total = 0
    for key in params.keys():
        if key[0] == 'W':
            total += np.sum(params[key] ** 2)
    return 0.5 * lam * total
""",
    ),
    "a norm": _method(
        "return cross_entropy_error(self.predict(x), t) + 0.05 * np.linalg.norm(self.params['W1']) ** 2",
    ),
    "divided by the batch": _method(
        "n = x.shape[0]",
        "squares = np.sum(np.square(self.params['W1'])) + np.sum(np.square(self.params['W2']))",
        "return cross_entropy_error(self.predict(x), t) + self.lam / (2 * n) * squares",
    ),
    "a dot product with itself": _method(
        "w1, w2 = self.params['W1'].ravel(), self.params['W2'].ravel()",
        "return cross_entropy_error(self.predict(x), t) + 0.5 * self.lam * (np.dot(w1, w1) + w2.dot(w2))",
    ),
    "of the last layer only": _method(
        "return cross_entropy_error(self.predict(x), t) + 0.5 * self.lam * np.sum(self.params['W2'] ** 2)",
    ),
    "each layer its own": _method(
        "decay = [0.1, 0.01]",
        "loss = cross_entropy_error(self.predict(x), t)",
        "for i in range(2):",
        "    loss += 0.5 * decay[i] * np.sum(self.params[f'W{i + 1}'] ** 2)",
        "return loss",
    ),
    "a mean of squares": _method(
        "return cross_entropy_error(self.predict(x), t) + self.lam * np.mean(self.params['W1'] ** 2)",
    ),
    "zero": _method(
        "decay = 0.0 * np.sum(self.params['W1'] ** 2)",
        "return cross_entropy_error(self.predict(x), t) + decay",
    ),
    "the textbook's MultiLayerNet": """
from zerokara.book.common.multi_layer_net import MultiLayerNet
def make_net(rng):
    net = MultiLayerNet(12, [6], 4, weight_decay_lambda=0.1)
    for value in net.params.values():
        value[...] = 0.6 * rng.standard_normal(value.shape)
    return net
""",
    "MultiLayerNet of two hidden layers of sigmoids": """
from zerokara.book.common.multi_layer_net import MultiLayerNet
def make_net(rng):
    net = MultiLayerNet(12, [6, 5], 4, activation='sigmoid', weight_decay_lambda=0.1)
    for value in net.params.values():
        value[...] = 0.6 * rng.standard_normal(value.shape)
    return net
""",
    "MultiLayerNet typed in": _layers(".forward", "forward").replace("{hidden}", "Relu()")
    + _method(
        "y = self.predict(x)",
        "weight_decay = 0",
        "for idx in range(1, 1 + 2):",
        "    W = self.params['W' + str(idx)]",
        "    weight_decay += 0.5 * self.lam * np.sum(W ** 2)",
        "return self.last.forward(y, t) + weight_decay",
    ),
}

LABEL_SMOOTHING = {
    "one-hot": _method(
        "t = t * (1 - 0.1) + 0.1 / t.shape[1]",
        "return -np.sum(t * np.log(self.predict(x) + 1e-7)) / x.shape[0]",
    ),
    "numbers worked out": _loss("-np.sum((0.9 * t + 0.025) * np.log(y + 1e-7)) / len(y)"),
    "indices": "make_batch = index"
    + _method(
        "t = np.eye(4)[t]",
        "t = 0.9 * t + 0.1 / 4",
        "y = self.predict(x)",
        "return -np.sum(t * np.log(y + 1e-7)) / y.shape[0]",
    ),
    "a keyword with a default": """
def cross_entropy_error(y, t, eps=0.1):
    k = y.shape[1]
    t = (1.0 - eps) * t + eps / k
    return -np.mean(np.sum(t * np.log(y + 1e-7), axis=1))
""",
    "a sum of two losses": _loss(
        "0.9 * -np.sum(t * np.log(y + 1e-7)) / len(y) + 0.1 * -np.mean(np.log(y + 1e-7))",
    ),
    "filled in": "make_batch = index"
    + _method(
        "y = self.predict(x)",
        "smooth = np.full(y.shape, 0.1 / 3)",
        "smooth[np.arange(len(y)), t] = 0.9",
        "return -np.sum(smooth * np.log(y + 1e-7)) / len(y)",
    ),
    "where": _loss("-np.sum(np.where(t == 1, 0.9, 0.1 / 3) * np.log(y + 1e-7)) / len(y)"),
    "an attribute": _method(
        "t = (1 - self.lam) * t + self.lam / 4",
        "return -np.sum(t * np.log(self.predict(x) + 1e-7)) / len(x)",
    ),
}

INPUTS = {
    "divided by 255.0": _predict("x = x / 255.0", batch="pixels"),
    "bytes divided by 255.0": _predict("x = x / 255.0", batch="bytes_"),
    "bytes divided in place of a copy": _predict("x = x.astype(np.float64)", "x /= 255.0", batch="bytes_"),
    "mean and deviation of MNIST": _predict("x = (x - 0.1307) / 0.3081"),
    "both": _predict("x = (x / 255.0 - 0.1307) / 0.3081", batch="pixels"),
    "arrays of means and deviations": _predict("x = (x - self.mean) / self.std"),
    "float32 and then divided": _predict("x = x.astype(np.float32) / 255.0", batch="bytes_"),
    "float and then divided": _predict("x = x.astype(float) / 255", batch="bytes_"),
    "between -1 and 1": _predict("x = 2 * x - 1"),
    "half taken away": _predict("x = x - 0.5"),
    "times a constant": _predict("x = x * (1 / 255)", batch="pixels"),
    "flattened": """
def make_batch(rng):
    x, t = one_hot(rng)
    return x.reshape(10, 1, 3, 4), t
"""
    + _predict("x = x.reshape(x.shape[0], -1)", batch="make_batch"),
    "flattened and divided": """
def make_batch(rng):
    x, t = bytes_(rng)
    return x.reshape(10, 3, 4), t
"""
    + _predict("x = x.reshape(len(x), -1) / 255.0", batch="make_batch"),
    "in the loss": "make_batch = pixels" + _method("x = x / 255.0", "return cross_entropy_error(self.predict(x), t)"),
    "in f": """
make_batch = pixels
def loss_of(net, x, t):
    return lambda W: net.loss(x / 255.0, t)
""",
    "a function for it": "MEAN, STD = 0.1307, 0.3081\ndef normalize(x):\n    return (x - MEAN) / STD\n"
    + _predict("x = normalize(x)"),
    "np.array of it": _predict("x = np.array(x, dtype=float) / 255", batch="bytes_"),
    "each sample minus its mean": _predict("x = x - np.mean(x, axis=1, keepdims=True)"),
    "black or white": _predict("x = (x > 0.5).astype(float)"),
}

LOGARITHMS = {
    "clip to 1": _loss("-np.sum(t * np.log(np.clip(y, 1e-7, 1))) / len(y)"),
    "clip to 1.0, labels by index": _loss(
        "-np.sum(np.log(np.clip(y[np.arange(len(y)), t], 1e-7, 1.0))) / len(y)", "index"
    ),
    "clip to 1 - 1e-7": _loss("-np.sum(t * np.log(np.clip(y, 1e-7, 1 - 1e-7))) / len(y)"),
    "clip to 1 - 1e-15": _loss("-np.mean(np.sum(t * np.log(np.clip(y, 1e-15, 1 - 1e-15)), axis=1))"),
    "clip, a method": _loss("-np.sum(t * np.log(y.clip(1e-10, 1))) / len(y)"),
    "clip, a name": """
def cross_entropy_error(y, t):
    eps = 1e-12
    y = np.clip(y, eps, 1.0 - eps)
    return -np.sum(t * np.log(y)) / y.shape[0]
""",
    "maximum": _loss("-np.sum(t * np.log(np.maximum(y, 1e-12))) / len(y)"),
    "maximum of 1e-7": _loss("-np.sum(t * np.log(np.maximum(1e-7, y))) / len(y)"),
    "delta 1e-8": _loss("-np.sum(t * np.log(y + 1e-8)) / len(y)"),
    "delta 1e-10": _loss("-np.sum(t * np.log(y + 1e-10)) / len(y)"),
    "delta 1e-15": _loss("-np.sum(t * np.log(y + 1e-15)) / len(y)"),
    "delta 1e-5": _loss("-np.sum(t * np.log(y + 1e-5)) / len(y)"),
    "delta 1e-3": _loss("-np.sum(t * np.log(y + 1e-3)) / len(y)"),
    "delta of floats": _loss("-np.sum(t * np.log(y + np.finfo(float).eps)) / len(y)"),
    "a named delta": "make_batch = index\ndef cross_entropy_error(y, t):\n    delta = 1e-7\n    n = y.shape[0]\n"
    "    return -np.sum(np.log(y[np.arange(n), t] + delta)) / n\n",
    "a global delta": "EPSILON = 1e-9\n" + _loss("-np.sum(t * np.log(EPSILON + y)) / len(y)"),
    "an attribute": _method(
        "eps = self.lam * 1e-7",
        "return -np.sum(t * np.log(self.predict(x) + eps)) / len(x)",
    ),
    "masks in place": """
def cross_entropy_error(y, t):
    y = y.copy()
    y[y < 1e-7] = 1e-7
    return -np.sum(t * np.log(y)) / len(y)
""",
    "where": _loss("-np.sum(t * np.log(np.where(y > 1e-7, y, 1e-7))) / len(y)"),
    "none": _loss("-np.sum(t * np.log(y)) / len(y)"),
    "in bits": _loss("-np.sum(t * np.log2(y + 1e-7)) / len(y)"),
    "logarithm of the softmax": _scores(
        "a2 - np.max(a2, axis=1, keepdims=True)",
        "-np.sum(t * (y - np.log(np.sum(np.exp(y), axis=1, keepdims=True)))) / len(y)",
    ),
}

RECTIFIERS = {
    "leaky, where": _activation("np.where(x > 0, x, 0.01 * x)"),
    "leaky, where with >=": _activation("np.where(x >= 0, x, x * 0.01)"),
    "leaky, maximum of 0.01": _activation("np.maximum(0.01 * x, x)"),
    "leaky, maximum of 0.1": _activation("np.maximum(0.1 * x, x)"),
    "leaky, mask in a copy": "def activation(x):\n    out = x.copy()\n    out[x <= 0] *= 0.01\n    return out\n",
    "leaky, mask in place": "def activation(x):\n    x[x < 0] *= 0.2\n    return x\n",
    "leaky, mask that is kept": """
class LeakyRelu:
    def __init__(self):
        self.mask = None
    def forward(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0.01 * out[self.mask]
        return out
leaky = LeakyRelu()
def activation(x):
    return leaky.forward(x)
""",
    "leaky, sum of masks": _activation("x * (x > 0) + 0.01 * x * (x <= 0)"),
    "leaky, a default": "def activation(x, alpha=0.05):\n    return np.where(x > 0, x, alpha * x)\n",
    "leaky, two ReLUs": _activation("relu(x) - 0.01 * relu(-x)"),
    "leaky, maximum and minimum": _activation("np.maximum(0, x) + 0.01 * np.minimum(0, x)"),
    "ReLU6, minimum": _activation("np.minimum(np.maximum(0, x), 6)"),
    "ReLU6, clip": _activation("np.clip(x, 0, 6)"),
    "ReLU6, a method": _activation("x.clip(0, 6)"),
    "ReLU6, large inputs": "make_batch = pixels\n" + _activation("np.clip(x, 0.0, 6.0)"),
    "ReLU, clip without an end": _activation("np.clip(x, 0, None)"),
}

CURVES = {
    "softplus, log of exp": _activation("np.log(1 + np.exp(x))"),
    "softplus, log1p": _activation("np.log1p(np.exp(x))"),
    "softplus, logaddexp": _activation("np.logaddexp(0, x)"),
    "softplus, stable": _activation("np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))"),
    "softplus, where": _activation("np.where(x > 20, x, np.log1p(np.exp(np.minimum(x, 20))))"),
    "GELU, sqrt": _activation("0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))"),
    "GELU, a number": _activation("0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * np.power(x, 3))))"),
    "GELU, exact": "from scipy.special import erf\n" + _activation("0.5 * x * (1 + erf(x / np.sqrt(2)))"),
    "GELU, by a sigmoid": _activation("x * sigmoid(1.702 * x)"),
    "SiLU": _activation("x * sigmoid(x)"),
    "SiLU, one fraction": _activation("x / (1 + np.exp(-x))"),
    "ELU": _activation("np.where(x > 0, x, np.exp(x) - 1)"),
    "ELU, a default": "def activation(x, alpha=1.0):\n    return np.where(x > 0, x, alpha * (np.exp(x) - 1))\n",
    "ELU, expm1": _activation("np.where(x >= 0, x, np.expm1(x))"),
    "ELU, of the minimum": _activation("np.where(x > 0, x, 1.0 * (np.exp(np.minimum(x, 0)) - 1))"),
    "ELU, masks": "def activation(x):\n    out = x.copy()\n    out[x < 0] = np.exp(x[x < 0]) - 1\n    return out\n",
    "SELU": _activation("1.0507 * np.where(x > 0, x, 1.67326 * (np.exp(x) - 1))"),
    "scaled tanh": _activation("1.7159 * np.tanh(2 * x / 3)"),
    "hard tanh": _activation("np.clip(x, -1, 1)"),
    "softsign": _activation("x / (1 + np.abs(x))"),
    "none at all": _activation("x"),
    "another for each layer": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng, (12, 6, 5, 4))
    def predict(self, x):
        p = self.params
        z1 = relu(np.dot(x, p['W1']) + p['b1'])
        z2 = np.tanh(np.dot(z1, p['W2']) + p['b2'])
        return softmax(np.dot(z2, p['W3']) + p['b3'])
""",
}

NO_BIAS = {
    "anywhere": """
class Net:
    def __init__(self, rng):
        self.W1, self.W2 = rng.standard_normal((12, 6)), rng.standard_normal((6, 4))
    def predict(self, x):
        return softmax(np.dot(sigmoid(np.dot(x, self.W1)), self.W2))
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)
def params_of(net):
    return [net.W1, net.W2]
""",
    "in the last layer": """
class Net(Net):
    def predict(self, x):
        return softmax(np.dot(relu(np.dot(x, self.params['W1']) + self.params['b1']), self.params['W2']))
def params_of(net):
    return [net.params[key] for key in ('W1', 'b1', 'W2')]
""",
    "where it is None": """
class Net:
    def __init__(self, rng):
        self.params = {'W1': rng.standard_normal((12, 6)), 'b1': None, 'W2': rng.standard_normal((6, 4)), 'b2': None}
    def affine(self, x, i):
        out = np.dot(x, self.params['W%d' % i])
        if self.params['b%d' % i] is not None:
            out = out + self.params['b%d' % i]
        return out
    def predict(self, x):
        return softmax(self.affine(sigmoid(self.affine(x, 1)), 2))
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)
def params_of(net):
    return [net.params['W1'], net.params['W2']]
""",
    "as a column of ones": """
class Net:
    def __init__(self, rng):
        self.W1, self.W2 = 0.6 * rng.standard_normal((13, 6)), rng.standard_normal((7, 4))
    def predict(self, x):
        ones = np.ones((x.shape[0], 1))
        z = sigmoid(np.dot(np.hstack((x, ones)), self.W1))
        return softmax(np.dot(np.hstack((z, ones)), self.W2))
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)
def params_of(net):
    return [net.W1, net.W2]
""",
}

_TRANSPOSED = """
class Net:
    def __init__(self, rng):
        self.W1, self.b1 = 0.6 * rng.standard_normal((6, 12)), 0.2 * rng.standard_normal({bias1})
        self.W2, self.b2 = 0.6 * rng.standard_normal((4, 6)), 0.2 * rng.standard_normal({bias2})
    def predict(self, x):
        {first}
        {second}
        return {result}
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)
def params_of(net):
    return [net.W1, net.b1, net.W2, net.b2]
"""


def _transposed(first: str, second: str, result: str = "softmax(a)", bias: str = "{n}") -> str:
    biases = {f"bias{i}": bias.format(n=n) for i, n in ((1, 6), (2, 4))}
    return _TRANSPOSED.format(first=first, second=second, result=result, **biases)


TRANSPOSED = {
    "dot": _transposed("z = sigmoid(np.dot(x, self.W1.T) + self.b1)", "a = np.dot(z, self.W2.T) + self.b2"),
    "@": _transposed("z = relu(x @ self.W1.T + self.b1)", "a = z @ self.W2.T + self.b2"),
    "transpose": _transposed(
        "z = sigmoid(x.dot(np.transpose(self.W1)) + self.b1)", "a = z.dot(self.W2.transpose()) + self.b2"
    ),
    "product transposed": _transposed(
        "z = sigmoid(np.dot(self.W1, x.T).T + self.b1)", "a = np.dot(self.W2, z.T).T + self.b2"
    ),
    "columns are samples": _transposed(
        "z = sigmoid(np.dot(self.W1, x.T) + self.b1)",
        "a = np.dot(self.W2, z) + self.b2",
        "softmax(a.T)",
        bias="({n}, 1)",
    ),
    "a function for it": "def linear(x, weight, bias):\n    return x @ weight.T + bias\n"
    + _transposed("z = np.tanh(linear(x, self.W1, self.b1))", "a = linear(z, self.W2, self.b2)"),
}

_BINARY = """
def make_batch(rng):
    x, t = one_hot(rng)
    return x, np.round(rng.random((10, 1)))
def make_net(rng):
    return Net(rng, (12, 6, 1))
"""

OUTPUTS = {
    "values, squared error": _scores("a2", "0.5 * np.sum((y - t) ** 2)", "values"),
    "values, mean squared error": _scores("a2", "np.mean((y - t) ** 2)", "values"),
    "values, by sample": _scores("a2", "0.5 * np.sum((t - y) ** 2) / y.shape[0]", "values"),
    "values, np.square": _scores("a2", "np.square(y - t).sum(axis=1).mean()", "values"),
    "values, half the mean": _scores("a2", "np.mean(np.sum((y - t) * (y - t), axis=1)) / 2", "values"),
    "one-hot, squared error": _scores("a2", "0.5 * np.sum((y - t) ** 2)"),
    "identity_function": "def identity_function(x):\n    return x\n"
    + _scores("identity_function(a2)", "0.5 * np.sum((y - t) ** 2) / len(t)", "values"),
    "one value": """
def make_batch(rng):
    x, t = one_hot(rng)
    return x, rng.standard_normal((10, 1))
def make_net(rng):
    return Net(rng, (12, 6, 1))
"""
    + _scores("a2", "np.mean((y - t) ** 2)", "make_batch"),
    "softmax, squared error": _scores("softmax(a2)", "0.5 * np.sum((y - t) ** 2)"),
    "sigmoids, squared error": _scores("sigmoid(a2)", "0.5 * np.sum((y - t) ** 2)"),
    "sigmoids, mean squared error": _scores("sigmoid(a2)", "np.mean((y - t) ** 2)", "several"),
    "sigmoids, binary cross entropy": _scores(
        "sigmoid(a2)", "-np.sum(t * np.log(y + 1e-7) + (1 - t) * np.log(1 - y + 1e-7)) / len(y)", "several"
    ),
    "sigmoids, mean binary cross entropy": _scores(
        "sigmoid(a2)", "-np.mean(t * np.log(y + 1e-8) + (1 - t) * np.log(1 - y + 1e-8))", "several"
    ),
    "sigmoids, binary cross entropy, clipped": """
def binary_cross_entropy(y, t):
    y = np.clip(y, 1e-7, 1 - 1e-7)
    return -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))
"""
    + _scores("sigmoid(a2)", "binary_cross_entropy(y, t)", "several"),
    "sigmoids, binary cross entropy, no delta": _scores(
        "sigmoid(a2)", "-np.sum(t * np.log(y) + (1 - t) * np.log(1 - y)) / len(y)", "several"
    ),
    "one sigmoid, binary cross entropy": _BINARY
    + _scores("sigmoid(a2)", "-np.mean(t * np.log(y + 1e-7) + (1 - t) * np.log(1 - y + 1e-7))", "make_batch"),
    "one sigmoid, squeezed": _BINARY
    + """
class Net(Net):
    def predict(self, x):
        z1 = np.tanh(np.dot(x, self.params['W1']) + self.params['b1'])
        return sigmoid(np.dot(z1, self.params['W2']) + self.params['b2']).squeeze()
    def loss(self, x, t):
        y, t = self.predict(x), t.reshape(-1)
        return -np.mean(t * np.log(y + 1e-7) + (1 - t) * np.log(1 - y + 1e-7))
""",
    "one sigmoid, squared error": _BINARY + _scores("sigmoid(a2)", "np.mean((y - t) ** 2)", "make_batch"),
    "scores, stable binary cross entropy": _scores(
        "a2", "np.mean(np.maximum(y, 0) - y * t + np.log(1 + np.exp(-np.abs(y))))", "several"
    ),
    "sigmoids, the textbook's cross entropy": _scores("sigmoid(a2)", "cross_entropy_error(y, t)"),
    "sigmoids, cross entropy of indices": _scores("sigmoid(a2)", "cross_entropy_error(y, t)", "index"),
    "scores, softmax in the loss": _scores("a2", "cross_entropy_error(softmax(y), t)"),
}

FACTORS = {
    "a constant": _method("return cross_entropy_error(self.predict(x), t) + 3.0"),
    "a constant in f": "def loss_of(net, x, t):\n    return lambda W: 1 + net.loss(x, t)\n",
    "less a constant": _method("return cross_entropy_error(self.predict(x), t) - np.log(4)"),
    "times one": _method("return 1.0 * cross_entropy_error(self.predict(x), t)"),
    "times 100": _method("return 100 * cross_entropy_error(self.predict(x), t)"),
    "a half": _method("return cross_entropy_error(self.predict(x), t) / 2"),
    "minus minus": _method("return -(-cross_entropy_error(self.predict(x), t))"),
    "a likelihood": _method("return np.sum(t * np.log(self.predict(x) + 1e-7))"),
    "float": _method("return float(cross_entropy_error(self.predict(x), t))"),
    "item": _method("return cross_entropy_error(self.predict(x), t).item()"),
    "rounded to float64": _method("return np.float64(cross_entropy_error(self.predict(x), t))"),
    "times and plus": _method("return 2.5 * cross_entropy_error(self.predict(x), t) + 0.25"),
}

PARENTS = {
    "super().loss": _method("return super().loss(x, t)"),
    "super().predict": _method("return super().predict(x)", name="predict(self, x)"),
    "super(Net, self).loss": "Base = Net\nclass Net(Base):\n    def loss(self, x, t):\n"
    "        return super(Net, self).loss(x, t)\n",
    "Base.predict(self, x)": """
Base = Net
class Net(Base):
    def predict(self, x):
        return Base.predict(self, x)
    def loss(self, x, t):
        return cross_entropy_error(Base.predict(self, x), t)
""",
    "super().loss and decay": _method("return super().loss(x, t) + 0.05 * np.sum(self.params['W1'] ** 2)"),
    "an abstract base": """
from abc import ABC, abstractmethod
class Model(ABC):
    @abstractmethod
    def predict(self, x):
        ...
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)
Base = Net
class Net(Model):
    __init__ = Base.__init__
    def predict(self, x):
        p = self.params
        return softmax(np.dot(sigmoid(np.dot(x, p['W1']) + p['b1']), p['W2']) + p['b2'])
""",
}

FUNCTIONS = {
    "nested def": "def loss_of(net, x, t):\n    def loss_W(W):\n        return net.loss(x, t)\n    return loss_W\n",
    "a lambda with defaults": "def loss_of(net, x, t):\n    return lambda W, x=x, t=t: net.loss(x, t)\n",
    "partial of a function": """
from functools import partial
def loss_with(net, x, t, W):
    return net.loss(x, t)
def loss_of(net, x, t):
    return partial(loss_with, net, x, t)
""",
    "partial with keywords": """
import functools
def loss_with(W, net, x, t):
    return net.loss(x, t)
def loss_of(net, x, t):
    return functools.partial(loss_with, net=net, x=x, t=t)
""",
    "partial of a method": """
from functools import partial
class Net(Net):
    def loss_W(self, x, t, W):
        return self.loss(x, t)
def loss_of(net, x, t):
    return partial(net.loss_W, x, t)
""",
    "a callable object": """
class Loss:
    def __init__(self, net, x, t):
        self.net, self.x, self.t = net, x, t
    def __call__(self, W):
        return self.net.loss(self.x, self.t)
loss_of = Loss
""",
    "a bound method": """
class Net(Net):
    def loss_W(self, W):
        return self.loss(self.x, self.t)
def loss_of(net, x, t):
    net.x, net.t = x, t
    return net.loss_W
""",
    "a network that is called": """
class Net(Net):
    def __call__(self, x):
        return self.predict(x)
    def loss(self, x, t):
        return cross_entropy_error(self(x), t)
""",
    "its argument is assigned": """
class Net(Net):
    def with_W1(self, W, x, t):
        z1 = sigmoid(np.dot(x, W) + self.params['b1'])
        return cross_entropy_error(softmax(np.dot(z1, self.params['W2']) + self.params['b2']), t)
def loss_of(net, x, t):
    return lambda W: net.with_W1(W, x, t)
def params_of(net):
    return [net.params['W1']]
""",
    "nothing but functions": """
def forward(params, x):
    z1 = sigmoid(x @ params['W1'] + params['b1'])
    return softmax(z1 @ params['W2'] + params['b2'])
def total_loss(params, x, t):
    return cross_entropy_error(forward(params, x), t)
def loss_of(net, x, t):
    return lambda _: total_loss(net.params, x, t)
""",
    "global x and t": """
def loss_of(net, x, t):
    globals()['x_batch'], globals()['t_batch'] = x, t
    globals()['network'] = net
    return f
def f(W):
    return network.loss(x_batch, t_batch)
""",
    "a simpleNet": """
class Net:
    def __init__(self, rng):
        self.W = rng.standard_normal((12, 6))
    def predict(self, x):
        return np.dot(x, self.W)
    def loss(self, x, t):
        z = self.predict(x)
        y = softmax(z)
        loss = cross_entropy_error(y, t)
        return loss
def make_batch(rng):
    x, t = one_hot(rng)
    return x[0], np.eye(6)[2]
def params_of(net):
    return [net.W]
""",
}

CHECKS = {
    "try and finally": _method(
        "try:", "    return cross_entropy_error(self.predict(x), t)", "finally:", "    self.done = True"
    ),
    "try and finally, nothing in it": _predict("try:", "    x = x + 0.0", "finally:", "    pass"),
    "finally puts back": _method(
        "self.training = True",
        "try:",
        "    y = self.predict(x)",
        "finally:",
        "    self.training = False",
        "return cross_entropy_error(y, t)",
    ),
    "raise ValueError": _predict(
        "if x.shape[1] != self.params['W1'].shape[0]:",
        "    raise ValueError(f'{x.shape} does not fit {self.params[\"W1\"].shape}')",
    ),
    "raise ValueError with a text": _predict("if x.ndim != 2:", "    raise ValueError('x must have two axes')"),
    "raise of two lengths": _method(
        "if len(x) != len(t):",
        "    raise ValueError('x has %d samples and t has %d' % (len(x), len(t)))",
        "return cross_entropy_error(self.predict(x), t)",
    ),
    "raise else": _predict(
        "if x.ndim == 1:", "    x = x.reshape(1, -1)", "elif x.ndim != 2:", "    raise TypeError('x', x.ndim)"
    ),
    "assert a shape": _predict("assert x.shape[1] == self.params['W1'].shape[0]"),
    "assert with a text": _predict("assert x.ndim == 2, f'x has {x.ndim} axes'"),
    "assert what came out": _method(
        "y = self.predict(x)",
        "assert y.shape == (x.shape[0], 4), y.shape",
        "return cross_entropy_error(y, t)",
    ),
    "isinstance": _predict("if not isinstance(x, np.ndarray):", "    x = np.array(x)"),
    "one sample becomes a batch": _predict("if x.ndim == 1:", "    x = x[np.newaxis, :]"),
    "training or not": """
class Net(Net):
    def predict(self, x, train_flg=False):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        if train_flg:
            z1 = z1 * (np.random.rand(*z1.shape) > 0.5)
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "assert that it is a number": _method(
        "y = self.predict(x)",
        "assert not np.isnan(y).any()",
        "return cross_entropy_error(y, t)",
    ),
}

_PRIVATE = """
class Net:
    def __init__(self, rng):
        self.{p}W1, self.{p}b1 = 0.6 * rng.standard_normal((12, 6)), 0.2 * rng.standard_normal(6)
        self.{p}W2, self.{p}b2 = 0.6 * rng.standard_normal((6, 4)), 0.2 * rng.standard_normal(4)
    def {p}forward(self, x):
        return softmax(np.dot(sigmoid(np.dot(x, self.{p}W1) + self.{p}b1), self.{p}W2) + self.{p}b2)
    def loss(self, x, t):
        self.{p}y = self.{p}forward(x)
        return cross_entropy_error(self.{p}y, t)
    def arrays(self):
        return [self.{p}W1, self.{p}b1, self.{p}W2, self.{p}b2]
def params_of(net):
    return net.arrays()
"""

PRIVATE = {
    "_W1": _PRIVATE.replace("{p}", "_"),
    "__W1": _PRIVATE.replace("{p}", "__"),
    "properties": """
class Net(Net):
    @property
    def W1(self):
        return self.params['W1']
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.W1) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "static methods": """
class Net(Net):
    @staticmethod
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))
    @staticmethod
    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    def predict(self, x):
        z1 = self.sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        return Net.softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "a class method": """
class Net(Net):
    @classmethod
    def entropy(cls, y, t):
        return -np.sum(t * np.log(y + 1e-7)) / y.shape[0]
    def loss(self, x, t):
        return self.entropy(self.predict(x), t)
""",
    "slots": """
class Net:
    __slots__ = ('params', 'y')
    __init__, predict = Net.__init__, Net.predict
    def loss(self, x, t):
        self.y = self.predict(x)
        return cross_entropy_error(self.y, t)
""",
}

BY_SAMPLE = {
    "added up": _method(
        "total = 0",
        "for i in range(len(x)):",
        "    total += cross_entropy_error(self.predict(x[i]), t[i])",
        "return total / len(x)",
    ),
    "zip": _method(
        "loss = 0.0",
        "for xi, ti in zip(x, t):",
        "    loss = loss + cross_entropy_error(self.predict(xi), ti)",
        "return loss / x.shape[0]",
    ),
    "a list and its mean": _method(
        "losses = []",
        "for i in range(x.shape[0]):",
        "    losses.append(cross_entropy_error(self.predict(x[i]), t[i]))",
        "return np.mean(losses)",
    ),
    "a comprehension": _method("return np.mean([cross_entropy_error(self.predict(a), b) for a, b in zip(x, t)])"),
    "a generator": _method("return sum(cross_entropy_error(self.predict(a), b) for a, b in zip(x, t)) / len(x)"),
    "rows of x put together": _method(
        "y = np.vstack([self.predict(row) for row in x])", "return cross_entropy_error(y, t)"
    ),
    "rows as an array": _method(
        "y = np.array([self.predict(x[i]) for i in range(len(x))])", "return cross_entropy_error(y, t)"
    ),
    "indices": "make_batch = index"
    + _method(
        "y = self.predict(x)",
        "total = 0",
        "for i in range(len(y)):",
        "    total -= np.log(y[i, t[i]] + 1e-7)",
        "return total / len(y)",
    ),
    "samples and classes": _method(
        "y = self.predict(x)",
        "total = 0",
        "for i in range(y.shape[0]):",
        "    for k in range(y.shape[1]):",
        "        total -= t[i][k] * np.log(y[i][k] + 1e-7)",
        "return total / y.shape[0]",
    ),
    "softmax by rows": """
def softmax(x):
    y = np.zeros_like(x)
    for i in range(x.shape[0]):
        e = np.exp(x[i] - np.max(x[i]))
        y[i] = e / np.sum(e)
    return y
""",
    "enumerate": _method(
        "losses = np.zeros(len(x))",
        "for i, row in enumerate(x):",
        "    losses[i] = cross_entropy_error(self.predict(row), t[i])",
        "return losses.mean()",
    ),
    "two halves": _method(
        "half = len(x) // 2",
        "return (self.part(x[:half], t[:half]) + self.part(x[half:], t[half:])) / 2",
    )
    + "    def part(self, x, t):\n        return cross_entropy_error(self.predict(x), t)\n",
}

SCIPY = {
    "softmax": "from scipy.special import softmax as soft\ndef softmax(x):\n    return soft(x, axis=1)\n",
    "softmax of a module": "import scipy.special\ndef softmax(x):\n    return scipy.special.softmax(x, axis=-1)\n",
    "expit": "from scipy.special import expit\nactivation = expit\n",
    "expit in a function": "from scipy import special\n" + _activation("special.expit(x)"),
    "log_softmax": "from scipy.special import log_softmax\n"
    + _scores("log_softmax(a2, axis=1)", "-np.sum(t * y) / len(y)"),
    "logsumexp": "from scipy.special import logsumexp\n"
    + _scores("a2 - logsumexp(a2, axis=1, keepdims=True)", "-np.sum(t * y) / len(y)"),
    "xlogy": "from scipy.special import xlogy\n" + _loss("-np.sum(xlogy(t, y + 1e-7)) / len(y)"),
}

COUNTERS = {
    "an attribute": _method("self.calls += 1", "return cross_entropy_error(self.predict(x), t)"),
    "an attribute, written out": _method(
        "self.calls = self.calls + 1", "return cross_entropy_error(self.predict(x), t)"
    ),
    "in predict and in the loss": _method(
        "self.calls += 1", "self.forwards = self.forwards + 1", "return super().predict(x)", name="predict(self, x)"
    ).replace("calls = 0", "calls = forwards = 0")
    + "    def loss(self, x, t):\n        self.calls += 1\n        return cross_entropy_error(self.predict(x), t)\n",
    "global": """
calls = 0
def activation(x):
    global calls
    calls += 1
    return sigmoid(x)
""",
    "global in f": """
calls = 0
def loss_of(net, x, t):
    def f(W):
        global calls
        calls += 1
        return net.loss(x, t)
    return f
""",
    "nonlocal": """
def loss_of(net, x, t):
    calls = 0
    def f(W):
        nonlocal calls
        calls += 1
        return net.loss(x, t)
    return f
""",
    "of the class": _method("Net.calls += 1", "return cross_entropy_error(self.predict(x), t)"),
    "a list of one": """
calls = [0]
def activation(x):
    calls[0] += 1
    return sigmoid(x)
""",
    "a dict": """
calls = {'forward': 0}
def activation(x):
    calls['forward'] = calls['forward'] + 1
    return sigmoid(x)
""",
    "of samples": _method("self.calls += x.shape[0]", "return cross_entropy_error(self.predict(x), t)"),
    "of floats": _method("self.calls += 0.1", "return cross_entropy_error(self.predict(x), t)"),
    "downwards": _method("self.calls -= 1", "return cross_entropy_error(self.predict(x), t)"),
    "of a callable object": """
class Loss:
    def __init__(self, net, x, t):
        self.net, self.x, self.t = net, x, t
        self.count = 0
    def __call__(self, W):
        self.count += 1
        return self.net.loss(self.x, self.t)
loss_of = Loss
""",
    "what was last": _method(
        "self.y = self.predict(x)", "self.value = cross_entropy_error(self.y, t)", "return self.value"
    ),
}

_DATACLASS = """
from dataclasses import dataclass
@dataclass{options}
class Net:
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    classes: int = 4
    def predict(self, x: np.ndarray) -> np.ndarray:
        return softmax(np.dot(sigmoid(np.dot(x, self.W1) + self.b1), self.W2) + self.b2)
    def loss(self, x: np.ndarray, t: np.ndarray) -> float:
        return cross_entropy_error(self.predict(x), t)
def make_net(rng):
    W1, W2 = 0.6 * rng.standard_normal((12, 6)), 0.6 * rng.standard_normal((6, 4))
    return Net(W1, 0.2 * rng.standard_normal(6), W2, 0.2 * rng.standard_normal(4))
def params_of(net):
    return [net.W1, net.b1, net.W2, net.b2]
"""

_LISTED = """
class Net:
    def __init__(self, rng):
        shapes = [(12, 6), (6,), (6, 4), (4,)]
        self.params = {kind}([0.6 * rng.standard_normal(shape) for shape in shapes])
    def predict(self, x):
        {lines}
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)
def params_of(net):
    return list(net.params)
"""


def _listed(*lines: str, kind: str = "list") -> str:
    return _LISTED.replace("{kind}", kind).replace("{lines}", "\n        ".join(lines))


SHAPES_OF_NETWORKS = {
    "a dataclass": _DATACLASS.replace("{options}", ""),
    "a frozen dataclass": _DATACLASS.replace("{options}", "(frozen=True)"),
    "a dataclass with slots": _DATACLASS.replace("{options}", "(slots=True)"),
    "layers with forward": _layers(".forward", "forward").replace("{hidden}", "Relu()"),
    "layers with forward, sigmoid": _layers(".forward", "forward").replace("{hidden}", "Sigmoid()"),
    "layers that are called": _layers("", "__call__").replace("{hidden}", "Sigmoid()"),
    "layers in an OrderedDict": """
from collections import OrderedDict
from zerokara.book.common.layers import Affine, Sigmoid, SoftmaxWithLoss
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.layers = OrderedDict()
        self.layers['Affine1'] = Affine(self.params['W1'], self.params['b1'])
        self.layers['Sigmoid1'] = Sigmoid()
        self.layers['Affine2'] = Affine(self.params['W2'], self.params['b2'])
        self.lastLayer = SoftmaxWithLoss()
    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x
    def loss(self, x, t):
        y = self.predict(x)
        return self.lastLayer.forward(y, t)
""",
    "params in a list": _listed("W1, b1, W2, b2 = self.params", "return softmax(sigmoid(x @ W1 + b1) @ W2 + b2)"),
    "params in a tuple": _listed(
        "p = self.params", "return softmax(np.dot(sigmoid(np.dot(x, p[0]) + p[1]), p[2]) + p[3])", kind="tuple"
    ),
    "params in pairs": _listed(
        "for i in range(0, 4, 2):",
        "    a = x @ self.params[i] + self.params[i + 1]",
        "    x = sigmoid(a)",
        "return softmax(a)",
    ),
    "three layers, written out": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng, (12, 6, 5, 4))
    def predict(self, x):
        W1, W2, W3 = self.params['W1'], self.params['W2'], self.params['W3']
        b1, b2, b3 = self.params['b1'], self.params['b2'], self.params['b3']
        z1 = sigmoid(np.dot(x, W1) + b1)
        z2 = sigmoid(np.dot(z1, W2) + b2)
        a3 = np.dot(z2, W3) + b3
        return softmax(a3)
""",
    "four layers in a loop": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng, (12, 6, 5, 5, 4))
        self.depth = 4
    def predict(self, x):
        for i in range(1, self.depth):
            x = relu(np.dot(x, self.params[f'W{i}']) + self.params[f'b{i}'])
        return softmax(np.dot(x, self.params[f'W{self.depth}']) + self.params[f'b{self.depth}'])
""",
    "a while loop": """
class Net(Net):
    def predict(self, x):
        i = 1
        while i < 2:
            x = sigmoid(np.dot(x, self.params['W' + str(i)]) + self.params['b' + str(i)])
            i += 1
        return softmax(np.dot(x, self.params['W' + str(i)]) + self.params['b' + str(i)])
""",
    "type hints": """
from typing import Dict
Array = np.ndarray
class Net(Net):
    params: Dict[str, Array]
    def predict(self, x: Array) -> Array:
        h: Array = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        y: Array = softmax(np.dot(h, self.params['W2']) + self.params['b2'])
        return y
    def loss(self, x: Array, t: Array) -> float:
        value: float = cross_entropy_error(self.predict(x), t)
        return value
""",
    "keyword arguments": """
def entropy(*, y, t, delta=1e-7):
    return -np.sum(t * np.log(y + delta)) / y.shape[0]
class Net(Net):
    def loss(self, x, t):
        return entropy(t=t, y=self.predict(x=x))
""",
    "keyword-only flag": """
class Net(Net):
    def forward(self, x, *, softmaxed=True):
        z = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        a = np.dot(z, self.params['W2']) + self.params['b2']
        return softmax(a) if softmaxed else a
    def loss(self, x, t):
        return cross_entropy_error(self.forward(x, softmaxed=True), t)
""",
    "keys by f-strings": """
class Net(Net):
    def predict(self, x):
        L = 2
        for i in range(L):
            x = np.dot(x, self.params[f'W{i + 1}']) + self.params[f'b{i + 1}']
            if i < L - 1:
                x = sigmoid(x)
        return softmax(x)
""",
    "a comprehension over keys": """
class Net(Net):
    def predict(self, x):
        W1, b1, W2, b2 = [self.params[key] for key in ('W1', 'b1', 'W2', 'b2')]
        return softmax(np.dot(sigmoid(np.dot(x, W1) + b1), W2) + b2)
""",
    "a dict comprehension": """
class Net(Net):
    def predict(self, x):
        p = {key: value for key, value in self.params.items()}
        return softmax(np.dot(sigmoid(np.dot(x, p['W1']) + p['b1']), p['W2']) + p['b2'])
""",
    "with np.errstate": """
def activation(x):
    with np.errstate(over='ignore'):
        return 1 / (1 + np.exp(-x))
""",
    "with np.errstate around the loss": _method(
        "with np.errstate(divide='ignore', invalid='ignore'):",
        "    y = self.predict(x)",
        "    loss = cross_entropy_error(y, t)",
        "return loss",
    ),
    "a table of activations": """
ACTIVATIONS = {'sigmoid': sigmoid, 'relu': relu, 'tanh': np.tanh}
class Net(Net):
    kind = 'relu'
    def predict(self, x):
        f = ACTIVATIONS[self.kind]
        z1 = f(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "an activation chosen by name": """
class Net(Net):
    kind = 'tanh'
    def act(self, x):
        if self.kind == 'sigmoid':
            return sigmoid(x)
        elif self.kind == 'tanh':
            return np.tanh(x)
        else:
            raise ValueError('unknown activation: ' + self.kind)
    def predict(self, x):
        z1 = self.act(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "a cache that is returned": """
class Net(Net):
    def forward(self, x):
        a1 = np.dot(x, self.params['W1']) + self.params['b1']
        z1 = sigmoid(a1)
        a2 = np.dot(z1, self.params['W2']) + self.params['b2']
        y = softmax(a2)
        cache = {'a1': a1, 'z1': z1, 'a2': a2, 'y': y}
        return y, cache
    def loss(self, x, t):
        y, cache = self.forward(x)
        return cross_entropy_error(y, t)
""",
    "einsum": """
class Net(Net):
    def predict(self, x):
        z1 = sigmoid(np.einsum('ni,ij->nj', x, self.params['W1']) + self.params['b1'])
        return softmax(np.einsum('nj,jk->nk', z1, self.params['W2']) + self.params['b2'])
""",
    "a local function": """
class Net(Net):
    def predict(self, x):
        def affine(z, i):
            return np.dot(z, self.params['W' + str(i)]) + self.params['b' + str(i)]
        return softmax(affine(sigmoid(affine(x, 1)), 2))
""",
    "scores that are scaled": """
class Net(Net):
    temperature = 2.0
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax((np.dot(z1, self.params['W2']) + self.params['b2']) / self.temperature)
""",
    "sums in place": """
class Net(Net):
    def predict(self, x):
        a = np.dot(x, self.params['W1'])
        a += self.params['b1']
        y = np.dot(sigmoid(a), self.params['W2'])
        y += self.params['b2']
        y -= y.max(axis=1, keepdims=True)
        np.exp(y, out=y)
        y /= y.sum(axis=1, keepdims=True)
        return y
""",
}

LEFT = {
    "a random mask": """
class Net(Net):
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        z1 = z1 * (np.random.rand(*z1.shape) > 0.5)  # here
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "noise of a generator": """
noise = np.random.default_rng(3)
class Net(Net):
    def predict(self, x):
        x = x + 0.01 * noise.standard_normal(x.shape)  # here
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "batch normalisation": """
def activation(x):
    x = (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-7)  # here
    return sigmoid(x)
""",
    "layer normalisation": """
def activation(x):
    x = x - np.mean(x, axis=1, keepdims=True)  # here
    return sigmoid(x)
""",
    "a running mean": """
class Net(Net):
    mean = 0.0
    def predict(self, x):
        a1 = np.dot(x, self.params['W1']) + self.params['b1']
        self.mean = 0.9 * self.mean + 0.1 * np.mean(a1)  # here
        return softmax(np.dot(sigmoid(a1), self.params['W2']) + self.params['b2'])
""",
    "prints": _method("y = self.predict(x)", "print(y.shape, end=' ')  # here", "return cross_entropy_error(y, t)"),
    "a history": _method(
        "value = cross_entropy_error(self.predict(x), t)",
        "history.append(value)  # here",
        "return value",
        before="history = []",
    ),
    "the best so far": _method(
        "value = cross_entropy_error(self.predict(x), t)",
        "self.best = min(self.best, value)  # here",
        "return value",
    ).replace("calls = 0", "best = 1e9"),
    "a shortcut": """
class Net(Net):
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        z1 = z1 + x[:, :6]  # here
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "float32 inside": """
def activation(x):
    x = x.astype(np.float32)  # here
    return sigmoid(x)
""",
    "a cap on the loss": _method(
        "value = cross_entropy_error(self.predict(x), t)",
        "if value > 2.0:  # here",
        "    value = 2.0",
        "return value",
    ),
    "weights of the classes": _method(
        "y = self.predict(x)",
        "weights = 1 + (y.argmax(axis=1) == t.argmax(axis=1))  # here",
        "return -np.sum(weights * np.sum(t * np.log(y + 1e-7), axis=1)) / len(y)",
    ),
    "gradients cut": """
def activation(x):
    x = np.round(x, 3)  # here
    return sigmoid(x)
""",
    "counts what it predicts": _method(
        "y = self.predict(x)",
        "self.right += int(np.sum(y.argmax(axis=1) == t.argmax(axis=1)))  # here",
        "return cross_entropy_error(y, t)",
    ).replace("calls = 0", "right = 0"),
    "a clock": "import time\n"
    + _method("self.when = time.time()  # here", "return cross_entropy_error(self.predict(x), t)").replace(
        "self.when = time.time()", "self.late = time.time() < 0"
    ),
    "another activation by its size": """
def activation(x):
    if np.abs(x).max() > 2:  # here
        return np.tanh(x)
    return sigmoid(x)
""",
    "L1 decay": _method(
        "penalty = np.sum(np.abs(self.params['W1']))  # here",
        "return cross_entropy_error(self.predict(x), t) + 0.01 * penalty",
    ),
    "focal loss": """
def cross_entropy_error(y, t):
    p = np.sum(t * y, axis=1)
    return -np.mean((1 - p) ** 2 * np.log(p + 1e-7))  # here
""",
    "hinge loss": _scores("a2", "np.mean(np.maximum(0, 1 - (2 * t - 1) * y))  # here"),
    "root of a mean": _scores("a2", "np.sqrt(np.mean((y - t) ** 2))  # here", "values"),
    "a temperature of its own": """
class Net(Net):
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        a2 = np.dot(z1, self.params['W2']) + self.params['b2']
        a2 = a2 / np.mean(np.abs(a2))  # here
        return softmax(a2)
""",
}

GROUPS: dict[str, dict[str, str]] = {
    "L2 weight decay": WEIGHT_DECAY,
    "label smoothing": LABEL_SMOOTHING,
    "inputs": INPUTS,
    "logarithm": LOGARITHMS,
    "rectifier": RECTIFIERS,
    "curve": CURVES,
    "no bias": NO_BIAS,
    "(out, in)": TRANSPOSED,
    "output": OUTPUTS,
    "factor": FACTORS,
    "parent": PARENTS,
    "f": FUNCTIONS,
    "check": CHECKS,
    "private": PRIVATE,
    "by sample": BY_SAMPLE,
    "scipy": SCIPY,
    "counter": COUNTERS,
    "network": SHAPES_OF_NETWORKS,
    "left": LEFT,
}

VARIANTS = {f"{group}: {name}": source for group, sources in GROUPS.items() for name, source in sources.items()}
