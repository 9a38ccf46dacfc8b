"""Programs that look like those of `variants` and are not: what differs is a bit, a bound, a state, a mistake.

Each comes after `variants.BASE`. `between(net, number)`, where there is one, changes something after each update.
Nothing is asked of them but the loop's own numbers, and all that the loop leaves behind.
"""


def _net(predict: str = "", loss: str = "", before: str = "", fields: str = "", after: str = "") -> str:
    """The textbook's network with other lines of predict, whose z1 and a2 are there to be used, or of the loss."""
    predict = predict or "return softmax(a2)"
    loss = loss or "return cross_entropy_error(self.predict(x), t)"
    return f"""{before}
class Net(Net):
    lam, calls, eps, kind = 0.1, 0, 0.1, 'a'
    {fields or "pass"}
    def predict(self, x):
        z1 = activation(np.dot(x, self.params['W1']) + self.params['b1'])
        a2 = np.dot(z1, self.params['W2']) + self.params['b2']
        {_lines(predict)}
    def loss(self, x, t):
        {_lines(loss)}
{after}
"""


def _lines(text: str) -> str:
    return text.replace("\n", "\n        ")


def _between(line: str) -> str:
    return f"\ndef between(net, number):\n    {line}\n"


def _activation(formula: str) -> str:
    return f"def activation(x):\n    return {formula}\n"


def _entropy(formula: str, batch: str = "one_hot") -> str:
    return f"make_batch = {batch}\ndef cross_entropy_error(y, t):\n    return {formula}\n"


DECAY = "return cross_entropy_error(self.predict(x), t) + 0.5 * self.lam * np.sum(self.params['W1'] ** 2)"


def near(*edges: float) -> str:
    """Between updates a sample's inputs of activations come to lie within h of an edge, on one and the same batch."""
    places = [edge + shift for edge in edges for shift in (3e-5, -3e-5, 0.0, 1.5e-4)]
    return f"""
EDGES = {places}
X, T = one_hot(np.random.default_rng(11))
def make_batch(rng):
    return X, T
def between(net, number):
    a = np.dot(X, net.params['W1']) + net.params['b1']
    net.params['b1'] += EDGES[number % len(EDGES)] - a[number]
"""


WEIGHT_DECAY = {
    "lambda changes": _net(loss=DECAY) + _between("net.lam = [0.2, 0.0, -0.1, 3.0, 0.1][number]"),
    "lambda becomes an array": _net(loss=DECAY) + _between("net.lam = np.array(0.2)"),
    "lambda grows with calls": _net(loss="self.lam = 0.1 + 0 * self.lam\n" + DECAY),
    "almost none": _net(loss=DECAY.replace("self.lam", "1e-9")),
    "an immense one": _net(loss=DECAY.replace("self.lam", "1e6")),
    "a negative one": _net(loss=DECAY.replace("self.lam", "-0.3")),
    "from where it began": _net(
        loss="d = self.params['W1'] - START\nreturn cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(d ** 2)",
        before="START = np.random.default_rng(3).standard_normal((12, 6))",
    )
    + _between("START[0, 0] += 1"),
    "a product of two elements": _net(
        loss="W = self.params['W1'][:6]\nreturn cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(W * W.T)"
    ),
    "the square of a sum": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(self.params['W1']) ** 2"
    ),
    "a cube": _net(loss="return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(self.params['W1'] ** 3)"),
    "a fourth power": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(self.params['W1'] ** 4)"
    ),
    "of the product of both": _net(
        loss="W = self.params['W1'] @ self.params['W2']\n"
        "return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(W ** 2)"
    ),
    "of the activations": _net(
        "self.z1 = z1\nreturn softmax(a2)",
        "y = self.predict(x)\nreturn cross_entropy_error(y, t) + 0.05 * np.sum(self.z1 ** 2)",
    ),
    "only where it is large": _net(
        loss="W = self.params['W1']\n"
        "return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(W[np.abs(W) > 0.5] ** 2)"
    ),
    "of the largest": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 0.05 * np.max(self.params['W1'] ** 2)"
    ),
    "of weights that are not used": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(self.params['W3'] ** 2)",
        after="def make_net(rng):\n    net = Net(rng)\n    net.params['W3'] = rng.standard_normal((12, 6))\n"
        "    return net\n",
    ),
    "of one row": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(self.params['W1'][2] ** 2)"
    ),
    "of a view": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(self.params['W1'][::2, 1:] ** 2)"
    ),
    "times the loss": _net(
        loss="return cross_entropy_error(self.predict(x), t) * (1 + 0.05 * np.sum(self.params['W1'] ** 2))"
    ),
    "in float32": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 0.05 * np.sum(np.float32(self.params['W1']) ** 2)"
    ),
    "a dict that gets another key": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 0.05 * sum(np.sum(p ** 2) for p in self.params.values())"
    )
    + _between("net.params['extra%d' % number] = np.ones((12, 6))"),
}

LABELS = {
    "smoothing changes": _net(
        loss="t = (1 - self.eps) * t + self.eps / 4\nreturn -np.sum(t * np.log(self.predict(x) + 1e-7)) / len(x)"
    )
    + _between("net.eps = [0.3, 0.0, 1.0, -0.2, 0.1][number]"),
    "smoothed by what was predicted": _net(
        loss="y = self.predict(x)\nt = 0.9 * t + 0.1 * y\nreturn -np.sum(t * np.log(y + 1e-7)) / len(x)"
    ),
    "smoothed in place": _net(loss="t *= 0.9\nt += 0.025\nreturn -np.sum(t * np.log(self.predict(x) + 1e-7)) / len(x)"),
    "ones, and soft labels": _entropy("-np.sum(np.where(t == 1, 0.9, 0.1 / 3) * np.log(y + 1e-7)) / len(y)")
    + "def soft_ones(rng):\n    x, t = one_hot(rng)\n    t[::2] = 0.25\n    return x, t\nmake_batch = soft_ones\n",
    "bytes": """
def make_batch(rng):
    x, t = one_hot(rng)
    return x, t.astype(np.uint8)
def cross_entropy_error(y, t):
    return -np.sum((t * 255 + 1) / 4 * np.log(y + 1e-7)) / len(y)
""",
    "bool": """
def make_batch(rng):
    x, t = one_hot(rng)
    return x, t > 0
def cross_entropy_error(y, t):
    return -np.sum((0.9 * t + 0.025) * np.log(y + 1e-7)) / len(y)
""",
    "a column of indices": """
def make_batch(rng):
    x, t = index(rng)
    return x, t.reshape(-1, 1)
def cross_entropy_error(y, t):
    return -np.sum(np.log(y[np.arange(len(y)), t] + 1e-7)) / len(y)
""",
    "negative indices": """
def make_batch(rng):
    x, t = index(rng)
    return x, t - 2
def cross_entropy_error(y, t):
    return -np.sum(np.log(y[np.arange(len(y)), t] + 1e-7)) / len(y)
""",
    "two ones in a row": """
def make_batch(rng):
    x, t = one_hot(rng)
    t[3] = 1
    return x, t
""",
    "labels that have another shape later": "sizes = iter((10, 7, 1, 10, 3, 9, 9))\n"
    "def make_batch(rng):\n    x, t = one_hot(rng)\n    n = next(sizes)\n    return x[:n], t[:n]\n",
}

INPUTS = {
    "bytes minus 128": "make_batch = bytes_\nclass Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict((x - 128) / 128), t)\n",
    "bytes times two": "make_batch = bytes_\nclass Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(x * 2 / 255), t)\n",
    "minus bytes": "make_batch = bytes_\nclass Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(-x / 255), t)\n",
    "whole pixels": "make_batch = pixels\nclass Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(x // 100), t)\n",
    "float16": "make_batch = bytes_\nclass Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(x.astype(np.float16) / 255), t)\n",
    "integers": "class Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict((3 * x).astype(int) / 2), t)\n",
    "by the batch's largest": "class Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(x / x.max()), t)\n",
    "a deviation of zero": """
STD = np.ones(12)
class Net(Net):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x / STD), t)
def between(net, number):
    STD[3] = number % 2
""",
    "means that change": """
MEAN = np.zeros(12)
class Net(Net):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x - MEAN), t)
def between(net, number):
    MEAN[number] = 1.5
""",
    "a scale that changes": """
SCALE = 255.0
class Net(Net):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x / SCALE), t)
def between(net, number):
    global SCALE
    SCALE = [1.0, 0.5, 1e-9, 2.0, 3.0][number]
""",
    "in place": "class Net(Net):\n    def loss(self, x, t):\n        x /= 1.01\n"
    "        return cross_entropy_error(self.predict(x), t)\n",
    "in place of a view": "class Net(Net):\n    def loss(self, x, t):\n        x = x.reshape(len(x), -1)\n"
    "        x -= 0.01\n        return cross_entropy_error(self.predict(x), t)\n",
    "a weight among the inputs": "class Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(x * (1 + self.params['b1'][0])), t)\n",
    "sorted": "class Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(np.sort(x, axis=1)), t)\n",
    "turned over": "class Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(x[:, ::-1]), t)\n",
    "without a feature": "class Net(Net):\n    def __init__(self, rng):\n        super().__init__(rng, (11, 6, 4))\n"
    "    def loss(self, x, t):\n        return cross_entropy_error(self.predict(x[:, 1:]), t)\n",
    "samples in another order": "class Net(Net):\n    def loss(self, x, t):\n"
    "        return cross_entropy_error(self.predict(x[::-1]), t)\n",
}

LOGARITHMS = {
    "a bound within reach": _entropy("-np.sum(t * np.log(np.clip(y, 0.2, 1))) / len(y)"),
    "an upper bound within reach": _entropy("-np.sum(t * np.log(np.clip(y, 1e-7, 0.3))) / len(y)"),
    "a maximum within reach": _entropy("-np.sum(t * np.log(np.maximum(y, 0.25))) / len(y)"),
    "bounds that are crossed": _entropy("-np.sum(t * np.log(np.clip(y, 0.6, 0.4))) / len(y)"),
    "a mask within reach": """
def cross_entropy_error(y, t):
    y = y.copy()
    y[y < 0.25] = 0.25
    return -np.sum(t * np.log(y)) / len(y)
""",
    "a large delta": _entropy("-np.sum(t * np.log(y + 0.5)) / len(y)"),
    "a negative delta": _entropy("-np.sum(t * np.log(y - 0.2)) / len(y)"),
    "a delta that changes": "DELTA = 1e-7\n"
    + _entropy("-np.sum(t * np.log(y + DELTA)) / len(y)")
    + "def between(net, number):\n    global DELTA\n    DELTA = [1e-2, 0, 1e-7, 1, 1e-300][number]\n",
    "a delta for each class": "DELTA = np.array([1e-7, 1e-3, 0.1, 0])\n"
    + _entropy("-np.sum(t * np.log(y + DELTA)) / len(y)"),
    "a delta that is a weight": _net(
        loss="return -np.sum(t * np.log(self.predict(x) + 1e-7 + self.params['b1'][0] ** 2)) / len(x)"
    ),
    "probabilities of float32": _entropy("-np.sum(t * np.log(y.astype(np.float32) + 1e-7)) / len(y)"),
    "a maximum of the other side": _entropy("-np.sum(t * np.log(np.minimum(y, 0.3) + 1e-7)) / len(y)"),
    "the logarithm of the mean": _entropy("-np.log(np.mean(np.sum(t * y, axis=1)) + 1e-7)"),
}

RECTIFIERS = {
    **{
        f"leaky, {slope}": f"def activation(x):\n    return np.where(x > 0, x, {slope} * x)\n"
        for slope in (1.5, -0.2, 1.0, 0.0, 1e-12, "np.float32(0.01)")
    },
    "leaky by its maximum, steep": _activation("np.maximum(1.5 * x, x)"),
    "leaky by its maximum, turned": _activation("np.maximum(-0.5 * x, x)"),
    "a jump at a hair": _activation("np.where(x > 1e-5, x, 0.01 * x)"),
    "a jump within reach": _activation("np.where(x > 0.3, x, 0.01 * x)"),
    "a step": _activation("x * (x > 0) + 0.001 * (x > 0)"),
    "the slope changes": "def activation(x, alpha=0.01):\n    return np.where(x > 0, x, alpha * x)\n"
    + _between("activation.__defaults__ = ([0.5, 0.0, 1.0, -1.0, 0.01][number],)"),
    "a slope for each unit": "ALPHA = np.linspace(0, 0.5, 6)\n" + _activation("np.where(x > 0, x, ALPHA * x)"),
    "a slope that is learnt": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.params['alpha'] = np.array([0.25])
    def predict(self, x):
        a1 = np.dot(x, self.params['W1']) + self.params['b1']
        z1 = np.where(a1 > 0, a1, self.params['alpha'] * a1)
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "another slope in each layer": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng, (12, 6, 6, 4))
    def predict(self, x):
        for i in (1, 2):
            a = np.dot(x, self.params['W%d' % i]) + self.params['b%d' % i]
            x = np.maximum(0.1 * i * a, a)
        return softmax(np.dot(x, self.params['W3']) + self.params['b3'])
""",
    "ReLU near its kink": "activation = relu\n" + near(0.0),
    "leaky near its kink": _activation("np.where(x > 0, x, 0.2 * x)") + near(0.0),
    "leaky, mask, near its kink": "def activation(x):\n    x = x.copy()\n    x[x < 0] *= 0.2\n    return x\n"
    + near(0.0),
    "ReLU6 near both": _activation("np.clip(x, 0, 6)") + near(6.0, 0.0),
    "ReLU6 by minimum near both": _activation("np.minimum(np.maximum(x, 0), 6)") + near(6.0, 0.0),
    "ReLU that ends at 1": _activation("np.clip(x, 0, 1)") + near(1.0),
    "ReLU6 that begins at 1e-3": _activation("np.clip(x, 1e-3, 6)") + near(1e-3, 0.0),
    "ReLU6 that ends at 6 + 1e-9": _activation("np.clip(x, 0, 6 + 1e-9)") + near(6.0),
    "ELU near its kink": _activation("np.where(x > 0, x, 0.3 * (np.exp(x) - 1))") + near(0.0),
    "hard tanh near both": _activation("np.clip(x, -1, 1)") + near(1.0, -1.0),
    "a threshold at 20": _activation("np.where(x > 20, x, np.log1p(np.exp(np.minimum(x, 20))))") + near(20.0),
    "a threshold at 2": _activation("np.where(x > 2, x, np.log1p(np.exp(x)))") + near(2.0),
    "minus zero": "def activation(x):\n    return np.where(x > 0, x, 0.1 * x)\n"
    + _between("net.params['W1'].fill(-0.0), net.params['b1'].fill(-0.0)"),
}

GROWN = "net.params['W1'] *= [50, 40, 3, 0.01, 1e5][number]"
CURVES = {
    name: _activation(formula) + _between(GROWN)
    for name, formula in {
        "softplus overflows": "np.log(1 + np.exp(x))",
        "softplus, log1p, overflows": "np.log1p(np.exp(x))",
        "softplus, logaddexp, does not": "np.logaddexp(0, x)",
        "SiLU overflows": "x / (1 + np.exp(-x))",
        "ELU overflows beside": "np.where(x > 0, x, np.exp(x) - 1)",
        "ELU by its minimum does not": "np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)",
        "GELU grows": "0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x ** 3)))",
        "GELU by a sigmoid": "x * sigmoid(1.702 * x)",
        "a SiLU of another steepness": "x * sigmoid(3 * x)",
        "GELU with another number": "0.5 * x * (1 + np.tanh(0.79 * (x + 0.0447 * x ** 3)))",
        "softplus of another steepness": "np.log(1 + np.exp(2 * x)) / 2",
        "softplus from another height": "np.log(1 + np.exp(x)) - np.log(2)",
        "sigmoid less a half": "sigmoid(x) - 0.5",
    }.items()
}

OUTPUTS = {
    "a column beside a row": """
def make_batch(rng):
    x, t = one_hot(rng)
    return x, rng.standard_normal(10)
def make_net(rng):
    return Net(rng, (12, 6, 1))
"""
    + _net("return a2", "return np.mean((self.predict(x) - t) ** 2)"),
    "binary cross entropy of a column beside a row": """
def make_batch(rng):
    x, t = one_hot(rng)
    return x, np.round(rng.random(10))
def make_net(rng):
    return Net(rng, (12, 6, 1))
"""
    + _net(
        "return sigmoid(a2)",
        "y = self.predict(x)\nreturn -np.mean(t * np.log(y + 1e-7) + (1 - t) * np.log(1 - y + 1e-7))",
    ),
    "one score, softmax": "def make_net(rng):\n    return Net(rng, (12, 6, 1))\n"
    "def make_batch(rng):\n    x, t = one_hot(rng)\n    return x, np.ones((10, 1))\n",
    "half of a binary cross entropy": _net(
        "return sigmoid(a2)", "return -np.sum((1 - t) * np.log(1 - self.predict(x) + 1e-7)) / len(x)"
    ),
    "two deltas": _net(
        "return sigmoid(a2)",
        "y = self.predict(x)\nreturn -np.mean(t * np.log(y + 1e-7) + (1 - t) * np.log(1 - y + 1e-3))",
    ),
    "saturated, without a delta": _net(
        "return sigmoid(a2)", "y = self.predict(x)\nreturn -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))"
    )
    + _between("net.params['W2'] *= [100, 1e-3, 1000, 1, 1][number]"),
    "saturated, clipped": _net(
        "return sigmoid(a2)",
        "y = np.clip(self.predict(x), 1e-7, 1 - 1e-7)\nreturn -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))",
    )
    + _between("net.params['W2'] *= [10, 3, 3, 1e-3, 1][number]"),
    "softmax, clipped, saturated": _entropy("-np.sum(t * np.log(np.clip(y, 1e-7, 1 - 1e-7))) / len(y)")
    + _between("net.params['W2'] *= [10, 3, 3, 1e-3, 1][number]"),
    "softmax over samples": "def softmax(x):\n    e = np.exp(x - np.max(x, axis=0))\n"
    "    return e / np.sum(e, axis=0)\n",
    "softmax of softmax": _net("return softmax(softmax(a2))"),
    "softmax of half": _net("return softmax(0.5 * a2)"),
    "softmax to another base": "def softmax(x):\n    e = 2 ** x\n    return e / np.sum(e, axis=1, keepdims=True)\n",
    "squared error of the first two": _net("return a2", "return np.sum((self.predict(x)[:, :2] - t[:, :2]) ** 2)"),
    "each output its weight": _net("return a2", "return np.sum(np.arange(4) * (self.predict(x) - t) ** 2)"),
    "huber": _net(
        "return a2", "d = self.predict(x) - t\nreturn np.sum(np.where(np.abs(d) < 1, d * d / 2, np.abs(d) - 0.5))"
    ),
    "values of 1e6": _net("return a2", "return np.mean((self.predict(x) - 1e6 * t) ** 2)"),
    "not divided by anything of the batch": _net("return a2", "return np.sum((self.predict(x) - t) ** 2) / 100"),
}

FACTORS = {
    "zero": _net(loss="return 0 * cross_entropy_error(self.predict(x), t)"),
    "minus one": _net(loss="return -cross_entropy_error(self.predict(x), t)"),
    "almost nothing": _net(loss="return 1e-12 * cross_entropy_error(self.predict(x), t)"),
    "immense": _net(loss="return 1e12 * cross_entropy_error(self.predict(x), t)"),
    "an immense constant": _net(loss="return cross_entropy_error(self.predict(x), t) + 1e7"),
    "a constant that is not a number": _net(loss="return cross_entropy_error(self.predict(x), t) + self.lam")
    + _between("net.lam = [np.nan, 0.0, np.inf, 1.0, 2.0][number]"),
    "a constant of the weights": _net(
        loss="return cross_entropy_error(self.predict(x), t) + 1e-6 * np.sum(self.params['W1'])"
    ),
    "a constant by their sign": _net(
        loss="return cross_entropy_error(self.predict(x), t) + float(np.sum(self.params['b1']) > 0)"
    ),
    "a factor by their sign": _net(
        loss="return cross_entropy_error(self.predict(x), t) * (1 + (self.params['b1'][0] > 0))"
    ),
    "a constant of the inputs": _net(loss="return cross_entropy_error(self.predict(x), t) + np.sum(x)"),
    "a factor that changes": _net(loss="return self.lam * cross_entropy_error(self.predict(x), t)")
    + _between("net.lam = [1.0, -2.0, 0, 1e-9, 7][number]"),
    "a square": _net(loss="return cross_entropy_error(self.predict(x), t) ** 2"),
    "perplexity": _net(loss="return np.exp(cross_entropy_error(self.predict(x), t))"),
    "in float32": _net(loss="return np.float32(cross_entropy_error(self.predict(x), t))"),
    "an array of one": _net(loss="return np.array([cross_entropy_error(self.predict(x), t)])"),
    "an array without axes": _net(loss="return np.array(cross_entropy_error(self.predict(x), t))"),
    "rounded": _net(loss="return round(cross_entropy_error(self.predict(x), t), 6)"),
    "the larger of two": _net(loss="return max(cross_entropy_error(self.predict(x), t), 1.5)"),
    "the best of both": _net(
        loss="y = self.predict(x)\nreturn min(cross_entropy_error(y, t), cross_entropy_error(1 - y, t))"
    ),
    "complex": _net(loss="return cross_entropy_error(self.predict(x), t) + 0j"),
}


def _counter(line: str, start: str = "0", use: str = "") -> str:
    return _net(
        loss=f"{line}\nreturn cross_entropy_error(self.predict(x), t){use}",
        after=f"def make_net(rng):\n    net = Net(rng)\n    net.n = {start}\n    return net\n",
    )


COUNTERS = {
    "a byte": _counter("self.n += np.int8(1)", "np.int8(0)"),
    "a byte without sign, downwards": _counter("self.n -= np.uint8(1)", "np.uint8(3)"),
    "32 bits that end": _counter("self.n += np.int32(1)", "np.int32(2**31 - 500)"),
    "floats that round": _counter("self.n += 0.1", "0.0"),
    "a float that is full": _counter("self.n += 1", "2.0 ** 53 - 100"),
    "float32": _counter("self.n += np.float32(0.1)", "np.float32(0)"),
    "bool": _counter("self.n += True", "False"),
    "beyond 64 bits": _counter("self.n += 1", "2 ** 63 - 200"),
    "two at a time": _counter("self.n += 2"),
    "twice": _counter("self.n += 1\nself.n += 1"),
    "that is used": _counter("self.n += 1", use=" + 1e-4 * self.n"),
    "that is used by its rest": _counter("self.n += 1", use=" + (self.n % 2)"),
    "that ends": _counter("if self.n < 100:\n    self.n += 1"),
    "every tenth": _counter("self.n += 1\nif self.n % 10 == 0:\n    self.tens = self.n"),
    "that prints": _counter("self.n += 1\nif self.n % 100 == 0:\n    print(self.n)"),
    "that raises": _counter("self.n += 1\nif self.n > 700:\n    raise RuntimeError(self.n)"),
    "that doubles": _counter("self.n = 2 * self.n", "1"),
    "that turns": _counter("self.n = -self.n", "1"),
    "that toggles": _counter("self.n = not self.n", "True"),
    "text": _counter("self.n += '.'", "''"),
    "a list": _counter("self.n += [1]", "[]"),
    "a tuple": _counter("self.n += (1,)", "()"),
    "an array": _counter("self.n += 1", "np.zeros(3)"),
    "an array that a batch shares": _counter("self.n += 1", "np.zeros(3)") + _between("net.seen = net.n"),
    "a Counter": "from collections import Counter\n" + _counter("self.n['loss'] += 1", "Counter()"),
    "a defaultdict": "from collections import defaultdict\n" + _counter("self.n[len(x)] += 1", "defaultdict(int)"),
    "by the loss": _counter("self.n += self.predict(x).max() > 0.5"),
    "by a number of weights": _counter("self.n += int(np.sum(self.params['W1'] > 0))"),
    "that another part resets": _counter("self.n += 1") + _between("net.n = [5, 2.5, np.int64(3), True, -1][number]"),
    "of a subclass of int": "class Odd(int):\n    def __add__(self, other):\n"
    "        return Odd(int(self) + 2 * other)\n" + _counter("self.n += 1", "Odd(0)"),
    "a property": _net(
        loss="self.n += 1\nreturn cross_entropy_error(self.predict(x), t)",
        fields="_n = 0\n    n = property(lambda self: self._n, lambda self, v: setattr(self, '_n', v + 1))",
    ),
    "of two networks": """
class Net(Net):
    calls = 0
    def loss(self, x, t):
        type(self).calls += 1
        return cross_entropy_error(self.predict(x), t)
""",
    "in the labels": _net(loss="t[0, 0] += 0.0\nself.calls += 1\nreturn cross_entropy_error(self.predict(x), t)"),
    "before an error": _net(
        loss="self.calls += 1\nif x.shape[1] != 12 or len(x) == 3:\n    raise ValueError(x.shape)\n"
        "return cross_entropy_error(self.predict(x), t)"
    )
    + LABELS["labels that have another shape later"],
    "in try, and what comes finally": _net(
        loss="try:\n    self.calls += 1\n    return cross_entropy_error(self.predict(x), t)\nfinally:\n"
        "    self.calls += 10"
    ),
}

FLOWS = {
    "finally returns": _net(
        loss="try:\n    return cross_entropy_error(self.predict(x), t)\nfinally:\n"
        "    return 0.5 * np.sum(self.params['b2'] ** 2)"
    ),
    "finally changes what was returned": _net(
        loss="value = [cross_entropy_error(self.predict(x), t)]\ntry:\n    return value[0]\nfinally:\n"
        "    value[0] = 7.0"
    ),
    "an except that is taken": _net(
        loss="try:\n    y = self.predict(x[0, 0])\nexcept Exception:\n    y = self.predict(x)\n"
        "return cross_entropy_error(y, t)"
    ),
    "an except by values": _net(
        loss="with np.errstate(over='raise'):\n    try:\n        s = np.exp(1000 * self.params['b1'][0] + 709)\n"
        "    except FloatingPointError:\n        return cross_entropy_error(self.predict(x), t)\n"
        "return 2 * cross_entropy_error(self.predict(x), t)"
    ),
    "a raise by values": _net(
        loss="y = self.predict(x)\nif y.max() > 0.9:\n    raise ArithmeticError('sure')\n"
        "return cross_entropy_error(y, t)"
    )
    + _between("net.params['W2'] *= 3"),
    "an assert by values": _net(
        loss="y = self.predict(x)\nassert y.max() < 0.9, 'sure'\nreturn cross_entropy_error(y, t)"
    )
    + _between("net.params['W2'] *= 3"),
    "errstate that raises": _net(
        loss="with np.errstate(all='raise'):\n    return cross_entropy_error(self.predict(x), t)"
    )
    + _between("net.params['W1'] *= 100"),
    "errstate that hides": _net(
        "with np.errstate(all='ignore'):\n    return 1 / (1 + np.exp(-a2))", "return np.sum((self.predict(x) - t) ** 2)"
    )
    + _between("net.params['W2'] *= -100"),
    "errstate that warns of underflow": _net(
        loss="with np.errstate(under='warn'):\n    return cross_entropy_error(self.predict(x), t)"
    )
    + _between("net.params['W2'] *= 30"),
    "seterr": _net(loss="np.seterr(under='warn')\nreturn cross_entropy_error(self.predict(x), t)"),
    "warns": "import warnings\n"
    + _net(loss="warnings.warn('slow', stacklevel=1)\nreturn cross_entropy_error(self.predict(x), t)"),
    "the class changes": "class Other(Net):\n    def predict(self, x):\n        return 0.25 + 0 * super().predict(x)\n"
    + "class Net(Net):\n    def loss(self, x, t):\n        return super().loss(x, t)\n"
    + _between("net.__class__ = Other"),
    "the base changes": "Base = Net\nclass Net(Base):\n    def loss(self, x, t):\n        return super().loss(x, t)\n"
    + _between("Base.predict = lambda self, x: softmax(np.dot(x, self.params['W1'][:, :4]))"),
    "two bases": """
class A(Net):
    def loss(self, x, t):
        return 2 * super().loss(x, t)
class B(Net):
    def loss(self, x, t):
        return 3 * super().loss(x, t)
class Net(A, B):
    pass
""",
    "super of another object": """
class Net(Net):
    def loss(self, x, t):
        return super(Net, other).loss(x, t) + 0 * self.params['W1'][0, 0]
other = Net(np.random.default_rng(1))
""",
    "a method of the object itself": "def make_net(rng):\n    net = Net(rng)\n"
    "    net.loss = lambda x, t: 3 * Net.loss(net, x, t)\n    return net\n",
    "__call__ of the object itself": """
class F:
    def __init__(self, net, x, t):
        self.args = net, x, t
        self.__call__ = lambda W: 0.0
    def __call__(self, W):
        net, x, t = self.args
        return net.loss(x, t)
loss_of = F
""",
    "a callable object that remembers": """
class F:
    def __init__(self, net, x, t):
        self.net, self.x, self.t, self.last = net, x, t, 0.0
    def __call__(self, W):
        value = self.net.loss(self.x, self.t)
        self.change, self.last = value - self.last, value
        return value
loss_of = F
""",
    "a partial that is changed": """
import functools
def loss_with(W, net, x, t, scale=[1.0]):
    return scale[0] * net.loss(x, t)
def loss_of(net, x, t):
    return functools.partial(loss_with, net=net, x=x, t=t)
def between(net, number):
    loss_with.__defaults__[0][0] = number
""",
    "a partial of a subclass": """
import functools
class Partial(functools.partial):
    def __call__(self, *args):
        return 2 * super().__call__(*args)
def loss_with(net, x, t, W):
    return net.loss(x, t)
def loss_of(net, x, t):
    return Partial(loss_with, net, x, t)
""",
    "its argument becomes an attribute": """
class Net(Net):
    def f(self, W):
        self.latest = W
        return cross_entropy_error(self.predict(self.x), self.t)
def loss_of(net, x, t):
    net.x, net.t = x, t
    return net.f
""",
    "its argument is put into the network": """
def loss_of(net, x, t):
    def f(W):
        if W.shape == (12, 6):
            net.params['W1'] = W
        return net.loss(x, t)
    return f
""",
    "a stale batch": """
def loss_of(net, x, t):
    if not hasattr(net, 'x'):
        net.x, net.t = x, t
    return lambda W: net.loss(net.x, net.t)
""",
}

SAMPLES = {
    "the first eight": _net(
        loss="total = 0\nfor i in range(8):\n    total += cross_entropy_error(self.predict(x[i]), t[i])\n"
        "return total / 8"
    ),
    "but one": _net(
        loss="total = 0\nfor i in range(len(x)):\n    if i == 3:\n        continue\n"
        "    total += cross_entropy_error(self.predict(x[i]), t[i])\nreturn total / len(x)"
    ),
    "weighted by their number": _net(
        loss="total = 0\nfor i in range(len(x)):\n    total += i * cross_entropy_error(self.predict(x[i]), t[i])\n"
        "return total"
    ),
    "the last alone": _net(
        loss="for i in range(len(x)):\n    total = cross_entropy_error(self.predict(x[i]), t[i])\nreturn total"
    ),
    "labels of the next": _net(
        loss="total = 0\nfor i in range(len(x)):\n    total += cross_entropy_error(self.predict(x[i]), t[i - 1])\n"
        "return total"
    ),
    "three at a time": _net(
        loss="losses = []\nfor i in range(0, len(x), 3):\n"
        "    losses.append(cross_entropy_error(self.predict(x[i:i + 3]), t[i:i + 3]))\nreturn np.mean(losses)"
    ),
    "that leave early": _net(
        loss="total = 0\nfor i in range(len(x)):\n    total += cross_entropy_error(self.predict(x[i]), t[i])\n"
        "    if total > 8:\n        break\nreturn total / len(x)"
    ),
    "that the batch shortens": _net(
        loss="return np.mean([cross_entropy_error(self.predict(a), b) for a, b in zip(x, t)])"
    )
    + LABELS["labels that have another shape later"],
    "the median": _net(loss="return np.median([cross_entropy_error(self.predict(a), b) for a, b in zip(x, t)])"),
    "the largest": _net(loss="return max(cross_entropy_error(self.predict(a), b) for a, b in zip(x, t))"),
}

WEIGHTS = {
    "tied": """
class Net:
    def __init__(self, rng):
        self.W, self.b, self.c = 0.3 * rng.standard_normal((12, 6)), np.zeros(6), np.zeros(12)
    def loss(self, x, t):
        y = sigmoid(x @ self.W + self.b) @ self.W.T + self.c
        return np.mean((y - x) ** 2)
def params_of(net):
    return [net.W, net.b, net.c]
""",
    "an autoencoder": """
class Net:
    def __init__(self, rng):
        self.W, self.V = 0.3 * rng.standard_normal((12, 6)), 0.3 * rng.standard_normal((6, 12))
    def loss(self, x, t):
        return np.mean((sigmoid(x @ self.W) @ self.V - x) ** 2)
def params_of(net):
    return [net.W, net.V]
""",
    "square, transposed once": """
class Net:
    def __init__(self, rng):
        self.W = [0.5 * rng.standard_normal((12, 12)) for _ in range(3)]
    def loss(self, x, t):
        a, b, c = self.W
        y = softmax(np.tanh(np.tanh(x @ a) @ b.T) @ c)
        return -np.sum(np.log(y[np.arange(len(y)), t.argmax(axis=1)] + 1e-7)) / len(y)
def params_of(net):
    return net.W
""",
    "square, in another order": """
class Net:
    def __init__(self, rng):
        self.W = [0.5 * rng.standard_normal((12, 12)) for _ in range(3)]
        self.order = [2, 0, 1]
    def loss(self, x, t):
        for i in self.order:
            x = np.tanh(x @ self.W[i])
        return np.mean((x[:, :4] - t) ** 2)
def params_of(net):
    return net.W
def between(net, number):
    net.order.append(net.order.pop(0))
""",
    "a layer has a copy": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.W1 = self.params['W1'].copy()
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.W1) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "a bias that is not used": """
class Net(Net):
    def predict(self, x):
        return softmax(np.dot(sigmoid(np.dot(x, self.params['W1'])), self.params['W2']))
""",
    "a bias in two layers": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng, (12, 6, 6, 4))
        self.params['b2'] = self.params['b1']
    def predict(self, x):
        p = self.params
        z = sigmoid(np.dot(sigmoid(np.dot(x, p['W1']) + p['b1']), p['W2']) + p['b2'])
        return softmax(np.dot(z, p['W3']) + p['b3'])
def params_of(net):
    return [net.params[key] for key in ('W1', 'b1', 'W2', 'W3', 'b3')]
""",
    "a bias added twice": _net("return softmax(a2 + self.params['b2'])"),
    "a bias taken away": """
class Net(Net):
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) - self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "one number for all units": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.params['b1'], self.params['b2'] = np.array([0.3]), np.array([-0.2])
""",
    "columns that are contiguous": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.params['W1'] = np.asfortranarray(self.params['W1'])
""",
    "a part of a larger array": """
class Net(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.block = rng.standard_normal((24, 12))
        self.params['W1'] = self.block[::2, 3:9]
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t) + 0.01 * np.sum(self.block[0, 4] ** 2)
""",
    "params that are replaced": _net() + _between("net.params['W1'] = net.params['W1'] * 1.5"),
    "float32": _net() + "def make_net(rng):\n    net = Net(rng)\n    for key in net.params:\n"
    "        net.params[key] = net.params[key].astype(np.float32)\n    return net\n",
    "read-only": _net()
    + _between("net.params['b2'].flags.writeable = False")
    + "def params_of(net):\n    return [net.params['W1'], net.params['W2']]\n",
    "not a number": _net() + _between("net.params['W1'][0, 0] = [np.nan, 0, np.inf, 1, 1][number]"),
    "0-d": "class Net(Net):\n    def __init__(self, rng):\n        super().__init__(rng)\n"
    "        self.params['b2'] = np.array(0.25)\n",
}

GROUPS = {
    "decay": WEIGHT_DECAY,
    "labels": LABELS,
    "inputs": INPUTS,
    "logarithm": LOGARITHMS,
    "rectifier": RECTIFIERS,
    "curve": CURVES,
    "output": OUTPUTS,
    "factor": FACTORS,
    "counter": COUNTERS,
    "flow": FLOWS,
    "sample": SAMPLES,
    "weights": WEIGHTS,
}

TRAPS = {f"{group}: {name}": source for group, sources in GROUPS.items() for name, source in sources.items()}
