"""Training scripts with one mistake each, as learners write them, with the cause and the line of the mistake.

Each is a correct script with a piece of it replaced. `# HERE` marks the line of the mistake, and is taken out.
"""

from dataclasses import dataclass

LAYERS_OF_CLASS = """
import numpy as np
from dataset.mnist import load_mnist
from collections import OrderedDict


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class Relu:
    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dx = dout.copy()
        dx[self.mask] = 0
        return dx


class SoftmaxWithLoss:
    def forward(self, x, t):
        x = x - x.max(axis=1, keepdims=True)
        self.y = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
        self.t = t
        return -np.sum(t * np.log(self.y + 1e-7)) / len(x)

    def backward(self):
        return (self.y - self.t) / len(self.t)


class Net:
    def __init__(self, n_in, n_hidden, n_out, std=0.01):
        self.params = {}
        self.params['W1'] = std * np.random.randn(n_in, n_hidden)
        self.params['b1'] = np.zeros(n_hidden)
        self.params['W2'] = std * np.random.randn(n_hidden, n_out)
        self.params['b2'] = np.zeros(n_out)
        self.layers = OrderedDict()
        self.layers['Affine1'] = Affine(self.params['W1'], self.params['b1'])
        self.layers['Relu1'] = Relu()
        self.layers['Affine2'] = Affine(self.params['W2'], self.params['b2'])
        self.last = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last.forward(self.predict(x), t)

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(axis=1) == t.argmax(axis=1))

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last.backward()
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        affine1, affine2 = self.layers['Affine1'], self.layers['Affine2']
        return {'W1': affine1.dW, 'b1': affine1.db, 'W2': affine2.dW, 'b2': affine2.db}


(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
x_train, t_train, x_test, t_test = x_train[:5000], t_train[:5000], x_test[:2000], t_test[:2000]
np.random.seed(1)
net = Net(784, 50, 10)
train_loss_list = []
for i in range(300):
    batch_mask = np.random.choice(len(x_train), 100)
    x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
    grads = net.gradient(x_batch, t_batch)
    for key in net.params:
        net.params[key] -= 0.1 * grads[key]
    train_loss_list.append(net.loss(x_batch, t_batch))
print(net.accuracy(x_test, t_test))
"""

TEXTBOOK = """
# coding: utf-8
import numpy as np
from dataset.mnist import load_mnist


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(x):
    return (1.0 - sigmoid(x)) * sigmoid(x)


def relu(x):
    return np.maximum(0, x)


def softmax(x):
    x = x - np.max(x, axis=-1, keepdims=True)
    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)


def cross_entropy_error(y, t):
    if y.ndim == 1:
        t = t.reshape(1, t.size)
        y = y.reshape(1, y.size)
    if t.size == y.size:
        t = t.argmax(axis=1)
    batch_size = y.shape[0]
    return -np.sum(np.log(y[np.arange(batch_size), t] + 1e-7)) / batch_size


class TwoLayerNet:

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01):
        self.params = {}
        self.params['W1'] = weight_init_std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = weight_init_std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def predict(self, x):
        W1, W2 = self.params['W1'], self.params['W2']
        b1, b2 = self.params['b1'], self.params['b2']
        a1 = np.dot(x, W1) + b1
        z1 = sigmoid(a1)
        a2 = np.dot(z1, W2) + b2
        y = softmax(a2)
        return y

    # x: 入力データ, t: 教師データ
    def loss(self, x, t):
        y = self.predict(x)
        return cross_entropy_error(y, t)

    def accuracy(self, x, t):
        y = np.argmax(self.predict(x), axis=1)
        t = np.argmax(t, axis=1)
        return np.sum(y == t) / float(x.shape[0])

    def gradient(self, x, t):
        W1, W2 = self.params['W1'], self.params['W2']
        b1, b2 = self.params['b1'], self.params['b2']
        grads = {}
        batch_num = x.shape[0]
        # forward
        a1 = np.dot(x, W1) + b1
        z1 = sigmoid(a1)
        a2 = np.dot(z1, W2) + b2
        y = softmax(a2)
        # backward
        dy = (y - t) / batch_num
        grads['W2'] = np.dot(z1.T, dy)
        grads['b2'] = np.sum(dy, axis=0)
        dz1 = np.dot(dy, W2.T)
        da1 = sigmoid_grad(a1) * dz1
        grads['W1'] = np.dot(x.T, da1)
        grads['b1'] = np.sum(da1, axis=0)
        return grads


(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
x_train, t_train, x_test, t_test = x_train[:5000], t_train[:5000], x_test[:2000], t_test[:2000]
np.random.seed(0)
network = TwoLayerNet(input_size=784, hidden_size=50, output_size=10)

iters_num = 301
train_size = x_train.shape[0]
batch_size = 100
learning_rate = 0.1
train_loss_list = []
train_acc_list = []
test_acc_list = []
iter_per_epoch = max(int(train_size / batch_size), 1)

for i in range(iters_num):
    batch_mask = np.random.choice(train_size, batch_size)
    x_batch = x_train[batch_mask]
    t_batch = t_train[batch_mask]
    grad = network.gradient(x_batch, t_batch)
    for key in ('W1', 'b1', 'W2', 'b2'):
        network.params[key] -= learning_rate * grad[key]
    loss = network.loss(x_batch, t_batch)
    train_loss_list.append(loss)
    if i % iter_per_epoch == 0:
        train_acc = network.accuracy(x_train, t_train)
        test_acc = network.accuracy(x_test, t_test)
        train_acc_list.append(train_acc)
        test_acc_list.append(test_acc)
        print(train_acc, test_acc)
"""

INLINE = """
import numpy as np
from dataset.mnist import load_mnist

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
x_train, t_train, x_test, t_test = x_train[:5000], t_train[:5000], x_test[:2000], t_test[:2000]
rng = np.random.default_rng(3)
W1 = rng.normal(0, 0.05, (784, 40))
b1 = np.zeros(40)
W2 = rng.normal(0, 0.15, (40, 10))
b2 = np.zeros(10)
lr = 0.2
losses = []
for epoch in range(4):
    order = rng.permutation(5000)
    for start in range(0, 5000, 100):
        rows = order[start:start + 100]
        x, t = x_train[rows], t_train[rows]
        # forward
        h = np.tanh(x @ W1 + b1)
        scores = h @ W2 + b2
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.mean(np.sum(t * np.log(p + 1e-9), axis=1))
        losses.append(loss)
        # backward
        d2 = (p - t) / len(x)
        dW2, db2 = h.T @ d2, d2.sum(axis=0)
        d1 = (d2 @ W2.T) * (1 - h ** 2)
        dW1, db1 = x.T @ d1, d1.sum(axis=0)
        W1 -= lr * dW1
        b1 -= lr * db1
        W2 -= lr * dW2
        b2 -= lr * db2
h = np.tanh(x_test @ W1 + b1)
print(np.mean((h @ W2 + b2).argmax(axis=1) == t_test.argmax(axis=1)))
"""

LEARNS = """
import numpy as np
from dataset.mnist import load_mnist


class Network:
    def __init__(self, sizes, rate=0.5):
        self.W = [np.random.randn(a, b) / np.sqrt(a) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]
        self.rate = rate

    def forward(self, x):
        self.a = [x]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            self.a.append(1 / (1 + np.exp(-(self.a[-1] @ W + b))))
        z = self.a[-1] @ self.W[-1] + self.b[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return self.y

    def loss(self, x, t):
        return -np.mean(np.log(self.forward(x)[np.arange(len(x)), t] + 1e-12))

    def learn(self, x, t):
        self.forward(x)
        delta = (self.y - np.eye(10)[t]) / len(x)
        for l in reversed(range(len(self.W))):
            dW, db = self.a[l].T @ delta, delta.sum(axis=0)
            delta = delta @ self.W[l].T * self.a[l] * (1 - self.a[l])
            self.W[l] -= self.rate * dW
            self.b[l] -= self.rate * db


(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
x_train, t_train, x_test, t_test = x_train[:5000], t_train[:5000], x_test[:2000], t_test[:2000]
np.random.seed(5)
net = Network([784, 30, 10])
losses, accuracies = [], []
for epoch in range(3):
    order = np.random.permutation(len(x_train))
    for i in range(0, len(order), 50):
        rows = order[i:i + 50]
        net.learn(x_train[rows], t_train[rows])
        losses.append(net.loss(x_train[rows], t_train[rows]))
    test_accuracy = np.mean(net.forward(x_test).argmax(axis=1) == t_test)
    accuracies.append(test_accuracy)
    print(epoch, losses[-1], test_accuracy)
"""

SCRIPTS = {"textbook": TEXTBOOK, "layers": LAYERS_OF_CLASS, "inline": INLINE, "learn": LEARNS}
"""Correct ones."""


@dataclass(frozen=True)
class Mistake:
    """A script with one mistake.

    Attributes:
        name: of the mistake.
        source: of the script.
        causes: names that are right for it; the first is the best.
        line: where it stands; None where there is no one line.
        gradient: whether it is a gradient check that finds it.
        fails: whether the script ends with an error.
    """

    name: str
    source: str
    causes: tuple[str, ...]
    line: int | None
    gradient: bool = False
    fails: bool = False


def _mistake(name: str, script: str, causes: str, *edits: tuple[str, str], **kinds: bool) -> Mistake:
    source = SCRIPTS[script]
    for old, new in edits:
        assert source.count(old) == 1, (name, old, source.count(old))
        source = source.replace(old, new)
    lines = source.splitlines()
    line = next((number for number, text in enumerate(lines, 1) if "# HERE" in text), None)
    return Mistake(name, source.replace("  # HERE", ""), tuple(causes.split()), line, **kinds)


CLASSIC = [
    _mistake(
        "step up",
        "textbook",
        "step-up-the-gradient sign",
        (
            "network.params[key] -= learning_rate * grad[key]",
            "network.params[key] += learning_rate * grad[key]  # HERE",
        ),
    ),
    _mistake(
        "no batch size",
        "textbook",
        "batch-factor",
        ("dy = (y - t) / batch_num", "dy = y - t  # HERE"),
        gradient=True,
    ),
    _mistake(
        "no derivative",
        "textbook",
        "activation-derivative",
        ("da1 = sigmoid_grad(a1) * dz1", "da1 = dz1  # HERE"),
        gradient=True,
    ),
    _mistake(
        "weights 1.0",
        "textbook",
        "weights-too-large",
        ("output_size=10)", "output_size=10, weight_init_std=1.0)  # HERE"),
        ("learning_rate = 0.1", "learning_rate = 0.01"),
    ),
    _mistake(
        "weights 0",
        "textbook",
        "symmetric-weights",
        ("output_size=10)", "output_size=10, weight_init_std=0)  # HERE"),
    ),
    _mistake(
        "labels not one-hot",
        "textbook",
        "labels-not-one-hot labels-broadcast",
        ("load_mnist(normalize=True, one_hot_label=True)", "load_mnist(normalize=True)  # HERE"),
        fails=True,
    ),
    _mistake("rate 10", "textbook", "rate-too-high", ("learning_rate = 0.1", "learning_rate = 10  # HERE")),
    _mistake("rate 1e-5", "textbook", "rate-too-low", ("learning_rate = 0.1", "learning_rate = 1e-5  # HERE")),
    _mistake(
        "softmax over the batch",
        "textbook",
        "softmax-over-batch",
        ("    x = x - np.max(x, axis=-1, keepdims=True)\n", "    x = x - np.max(x)\n"),
        ("np.sum(np.exp(x), axis=-1, keepdims=True)", "np.sum(np.exp(x))  # HERE"),
        gradient=True,
    ),
    _mistake(
        "relu for sigmoid_grad",
        "textbook",
        "activation-derivative",
        ("da1 = sigmoid_grad(a1) * dz1", "da1 = relu(a1) * dz1  # HERE"),
        gradient=True,
    ),
    _mistake(
        "not scaled",
        "textbook",
        "unscaled-inputs",
        ("load_mnist(normalize=True, one_hot_label=True)", "load_mnist(normalize=False, one_hot_label=True)  # HERE"),
    ),
]
"""The eleven classic ones."""

LOOPS = [
    _mistake(
        "step up, inline",
        "inline",
        "step-up-the-gradient",
        ("        W1 -= lr * dW1\n", "        W1 += lr * dW1  # HERE\n"),
        ("        b1 -= lr * db1\n", "        b1 += lr * db1\n"),
        ("        W2 -= lr * dW2\n", "        W2 += lr * dW2\n"),
        ("        b2 -= lr * db2\n", "        b2 += lr * db2\n"),
    ),
    _mistake(
        "step up in one layer",
        "inline",
        "step-up-the-gradient",
        ("        W2 -= lr * dW2\n", "        W2 = W2 + lr * dW2  # HERE\n"),
    ),
    _mistake(
        "step up in a method",
        "learn",
        "step-up-the-gradient",
        ("            self.W[l] -= self.rate * dW\n", "            self.W[l] += self.rate * dW  # HERE\n"),
    ),
    _mistake(
        "local names",
        "textbook",
        "never-written-back",
        (
            "    for key in ('W1', 'b1', 'W2', 'b2'):\n        network.params[key] -= learning_rate * grad[key]\n",
            "    W1, W2 = network.params['W1'], network.params['W2']\n"
            "    W1 = W1 - learning_rate * grad['W1']  # HERE\n"
            "    W2 = W2 - learning_rate * grad['W2']\n",
        ),
    ),
    _mistake(
        "values of a loop",
        "textbook",
        "never-written-back",
        (
            "    for key in ('W1', 'b1', 'W2', 'b2'):\n        network.params[key] -= learning_rate * grad[key]\n",
            "    for key, param in network.params.items():\n"
            "        param = param - learning_rate * grad[key]  # HERE\n",
        ),
    ),
    _mistake(
        "a deep copy",
        "layers",
        "never-written-back",
        ("from collections", "import copy\nfrom collections"),
        ("    for key in net.params:\n", "    params = copy.deepcopy(net.params)\n    for key in params:\n"),
        ("        net.params[key] -= 0.1 * grads[key]", "        params[key] -= 0.1 * grads[key]  # HERE"),
    ),
    _mistake(
        "a shallow copy",
        "textbook",
        "never-written-back",
        (
            "    for key in ('W1', 'b1', 'W2', 'b2'):\n        network.params[key] -= learning_rate * grad[key]\n",
            "    params = network.params.copy()\n    for key in params:\n"
            "        params[key] = params[key] - learning_rate * grad[key]  # HERE\n",
        ),
    ),
    _mistake(
        "apart from the layers",
        "layers",
        "never-written-back shared-arrays",
        (
            "        net.params[key] -= 0.1 * grads[key]",
            "        net.params[key] = net.params[key] - 0.1 * grads[key]  # HERE",
        ),
    ),
    _mistake(
        "local in a method",
        "learn",
        "never-written-back",
        (
            "            self.W[l] -= self.rate * dW\n            self.b[l] -= self.rate * db\n",
            "            W, b = self.W[l], self.b[l]\n"
            "            W = W - self.rate * dW  # HERE\n            b = b - self.rate * db\n",
        ),
    ),
    _mistake(
        "made anew",
        "textbook",
        "network-made-anew",
        (
            "for i in range(iters_num):\n",
            "for i in range(iters_num):\n    network = TwoLayerNet(784, 50, 10)  # HERE\n",
        ),
    ),
    _mistake(
        "made anew in each epoch",
        "learn",
        "network-made-anew",
        ("for epoch in range(3):\n", "for epoch in range(3):\n    net = Network([784, 30, 10])  # HERE\n"),
    ),
    _mistake(
        "weights made anew",
        "inline",
        "network-made-anew",
        (
            "        rows = order[start:start + 100]\n",
            "        W1 = 0.05 * np.random.randn(784, 40)  # HERE\n        rows = order[start:start + 100]\n",
        ),
    ),
    _mistake(
        "batch drawn once",
        "textbook",
        "batch-drawn-once",
        (
            "for i in range(iters_num):\n    batch_mask = np.random.choice(train_size, batch_size)\n",
            "batch_mask = np.random.choice(train_size, batch_size)  # HERE\nfor i in range(iters_num):\n",
        ),
    ),
    _mistake(
        "batch drawn and taken once",
        "textbook",
        "batch-drawn-once",
        (
            "for i in range(iters_num):\n    batch_mask = np.random.choice(train_size, batch_size)\n"
            "    x_batch = x_train[batch_mask]\n    t_batch = t_train[batch_mask]\n",
            "batch_mask = np.random.choice(train_size, batch_size)  # HERE\n"
            "x_batch = x_train[batch_mask]\nt_batch = t_train[batch_mask]\nfor i in range(iters_num):\n",
        ),
    ),
    _mistake(
        "same order",
        "learn",
        "same-order",
        ("    order = np.random.permutation(len(x_train))\n", ""),
        ("range(0, len(order), 50)", "range(0, 5000, 50)"),
        ("rows = order[i:i + 50]", "rows = slice(i, i + 50)  # HERE"),
    ),
    _mistake(
        "one per epoch",
        "textbook",
        "epoch-test",
        ("if i % iter_per_epoch == 0:", "if 1 % iter_per_epoch == 0:  # HERE"),
    ),
    _mistake(
        "a remainder too large",
        "textbook",
        "epoch-test",
        ("if i % iter_per_epoch == 0:", "if i % iter_per_epoch == iter_per_epoch:  # HERE"),
    ),
    _mistake(
        "division upside down",
        "textbook",
        "epoch-test",
        ("iters_num = 301", "iters_num = 15"),
        ("max(int(train_size / batch_size), 1)", "max(batch_size / train_size, 1)  # HERE"),
    ),
    _mistake(
        "not a whole number",
        "textbook",
        "epoch-test",
        ("batch_size = 100", "batch_size = 128"),
        ("max(int(train_size / batch_size), 1)", "max(train_size / batch_size, 1)  # HERE"),
    ),
    _mistake(
        "test on training",
        "textbook",
        "test-on-training",
        (
            "test_acc = network.accuracy(x_test, t_test)",
            "test_acc = network.accuracy(x_train, t_train)  # HERE",
        ),
    ),
    _mistake(
        "labels broadcast",
        "textbook",
        "labels-broadcast labels-not-one-hot",
        ("load_mnist(normalize=True, one_hot_label=True)", "load_mnist(normalize=True)"),
        ("t = np.argmax(t, axis=1)\n", "\n"),
        ("dy = (y - t) / batch_num", "dy = (y - t) / batch_num  # HERE"),
        ("batch_size = 100", "batch_size = 10"),
    ),
    _mistake(
        "labels in a column",
        "textbook",
        "labels-broadcast labels-not-one-hot",
        (
            "load_mnist(normalize=True, one_hot_label=True)\n",
            "load_mnist(normalize=True)\nt_train, t_test = t_train.reshape(-1, 1), t_test.reshape(-1, 1)\n",
        ),
        (
            "    return -np.sum(np.log(y[np.arange(batch_size), t] + 1e-7)) / batch_size",
            "    return -np.sum(np.log(y[np.arange(batch_size), t.ravel()] + 1e-7)) / batch_size",
        ),
        ("t = np.argmax(t, axis=1)\n", "t = t.ravel()\n"),
        ("dy = (y - t) / batch_num", "dy = (y - t) / batch_num  # HERE"),
    ),
    _mistake(
        "sigmoid for softmax",
        "textbook",
        "sigmoid-for-softmax loss-mismatch",
        ("        y = softmax(a2)\n        return y\n", "        y = sigmoid(a2)  # HERE\n        return y\n"),
        ("        y = softmax(a2)\n        # backward", "        y = sigmoid(a2)\n        # backward"),
    ),
    _mistake(
        "labels shuffled apart",
        "textbook",
        "wrong-labels",
        ("np.random.seed(0)\n", "np.random.seed(0)\nnp.random.shuffle(x_train)  # HERE\n"),
    ),
    _mistake(
        "labels of other rows",
        "textbook",
        "wrong-labels",
        ("    t_batch = t_train[batch_mask]\n", "    t_batch = t_train[:batch_size]\n"),
        ("    x_batch = x_train[batch_mask]\n", "    x_batch = x_train[batch_mask]  # HERE\n"),
    ),
    _mistake(
        "trained on the test samples",
        "textbook",
        "test-data-in-training",
        (
            "np.random.seed(0)\n",
            "np.random.seed(0)\nx_train = np.concatenate([x_train, x_test])  # HERE\n"
            "t_train = np.concatenate([t_train, t_test])\n",
        ),
    ),
    _mistake(
        "loss not called",
        "textbook",
        "not-the-loss",
        ("    train_loss_list.append(loss)\n", "    train_loss_list.append(network.loss)  # HERE\n"),
    ),
    _mistake(
        "list in itself",
        "textbook",
        "not-the-loss",
        ("    train_loss_list.append(loss)\n", "    train_loss_list.append(train_loss_list)  # HERE\n"),
    ),
    _mistake(
        "constant weights",
        "inline",
        "symmetric-weights",
        ("W1 = rng.normal(0, 0.05, (784, 40))", "W1 = np.full((784, 40), 0.01)  # HERE"),
        ("W2 = rng.normal(0, 0.15, (40, 10))", "W2 = np.full((40, 10), 0.1)"),
    ),
    _mistake(
        "weights of ones",
        "layers",
        "symmetric-weights weights-too-large",
        ("std * np.random.randn(n_in, n_hidden)", "np.ones((n_in, n_hidden))  # HERE"),
        ("std * np.random.randn(n_hidden, n_out)", "np.ones((n_hidden, n_out))"),
    ),
    _mistake("rate 100, inline", "inline", "rate-too-high diverged", ("lr = 0.2", "lr = 100  # HERE")),
    _mistake("rate 1e-6, inline", "inline", "rate-too-low", ("lr = 0.2", "lr = 1e-6  # HERE")),
    _mistake(
        "large weights, inline",
        "inline",
        "weights-too-large",
        ("0.05, (784", "30, (784"),
        ("rng.normal(0, 0.15", "rng.normal(0, 30"),
    ),
]
"""What a gradient check cannot see."""

MISTAKES = [*CLASSIC, *LOOPS]
