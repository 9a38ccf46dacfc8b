"""Correct training scripts, written in different manners: nothing is to be said of any of them."""

DATA = """
import numpy as np
from dataset.mnist import load_mnist
(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
x_train, t_train, x_test, t_test = x_train[:3000], t_train[:3000], x_test[:1000], t_test[:1000]
np.random.seed(7)
"""

FUNCTIONS = """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def init_params(n_in=784, n_hidden=32, n_out=10):
    return {'W1': np.random.randn(n_in, n_hidden) * np.sqrt(2 / n_in), 'b1': np.zeros(n_hidden),
            'W2': np.random.randn(n_hidden, n_out) * np.sqrt(2 / n_hidden), 'b2': np.zeros(n_out)}


def forward(params, x):
    h = np.maximum(0, x @ params['W1'] + params['b1'])
    return h, softmax(h @ params['W2'] + params['b2'])


def loss_of(params, x, t):
    return -np.mean(np.sum(t * np.log(forward(params, x)[1] + 1e-8), axis=1))


def gradients(params, x, t):
    h, y = forward(params, x)
    d2 = (y - t) / len(x)
    d1 = (d2 @ params['W2'].T) * (h > 0)
    return {'W1': x.T @ d1, 'b1': d1.sum(0), 'W2': h.T @ d2, 'b2': d2.sum(0)}


def accuracy_of(params, x, t):
    return np.mean(forward(params, x)[1].argmax(1) == t.argmax(1))
"""

NET = """
class Net:
    def __init__(self, hidden=32, std=None):
        self.W1 = np.random.randn(784, hidden) * (std or np.sqrt(2 / 784))
        self.b1 = np.zeros(hidden)
        self.W2 = np.random.randn(hidden, 10) * (std or np.sqrt(2 / hidden))
        self.b2 = np.zeros(10)

    def predict(self, x):
        self.h = np.maximum(0, x @ self.W1 + self.b1)
        z = self.h @ self.W2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.mean(np.log(np.sum(t * self.predict(x), axis=1) + 1e-8))

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(1) == t.argmax(1))

    def gradient(self, x, t):
        d2 = (self.predict(x) - t) / len(x)
        d1 = (d2 @ self.W2.T) * (self.h > 0)
        return {'W1': x.T @ d1, 'b1': d1.sum(0), 'W2': self.h.T @ d2, 'b2': d2.sum(0)}
"""

_BODIES = {
    "epochs of permutations": FUNCTIONS
    + """
params = init_params()
history = {'loss': [], 'acc': []}
for epoch in range(4):
    perm = np.random.permutation(len(x_train))
    for start in range(0, len(x_train), 50):
        idx = perm[start:start + 50]
        g = gradients(params, x_train[idx], t_train[idx])
        for k in params:
            params[k] -= 0.1 * g[k]
        history['loss'].append(loss_of(params, x_train[idx], t_train[idx]))
    history['acc'].append(accuracy_of(params, x_test, t_test))
    print(epoch, history['loss'][-1], history['acc'][-1])
""",
    "while": FUNCTIONS
    + """
params = init_params()
i, losses = 0, []
while i < 200:
    mask = np.random.randint(0, len(x_train), 64)
    xb, tb = x_train[mask], t_train[mask]
    grads = gradients(params, xb, tb)
    params = {key: params[key] - 0.1 * grads[key] for key in params}
    losses.append(loss_of(params, xb, tb))
    i += 1
""",
    "generator": FUNCTIONS
    + """
def batches(x, t, size):
    order = np.random.permutation(len(x))
    for i in range(0, len(x), size):
        yield x[order[i:i + size]], t[order[i:i + size]]


params = init_params()
losses = []
for epoch in range(3):
    for xb, tb in batches(x_train, t_train, 60):
        g = gradients(params, xb, tb)
        for key in params.keys():
            params[key] = params[key] - 0.2 * g[key]
        losses.append(loss_of(params, xb, tb))
    print(epoch, accuracy_of(params, x_test, t_test))
""",
    "class with fit": NET
    + """
    def fit(self, x, t, epochs=3, lr=0.1, batch_size=50):
        self.losses = []
        for epoch in range(epochs):
            order = np.random.permutation(len(x))
            for i in range(0, len(x), batch_size):
                rows = order[i:i + batch_size]
                g = self.gradient(x[rows], t[rows])
                for name in g:
                    setattr(self, name, getattr(self, name) - lr * g[name])
                self.losses.append(self.loss(x[rows], t[rows]))
        return self


net = Net().fit(x_train, t_train)
print(net.accuracy(x_test, t_test))
""",
    "functions that return params": FUNCTIONS
    + """
def update(params, grads, lr):
    new = {}
    for key in params:
        new[key] = params[key] - lr * grads[key]
    return new


def train(params, x, t, steps):
    losses = []
    for step in range(steps):
        rows = np.random.choice(len(x), 50)
        params = update(params, gradients(params, x[rows], t[rows]), 0.1)
        losses.append(loss_of(params, x[rows], t[rows]))
    return params, losses


params, losses = train(init_params(), x_train, t_train, 150)
print(accuracy_of(params, x_test, t_test))
""",
    "returned params at the top": FUNCTIONS
    + """
def step(params, xb, tb, lr=0.1):
    g = gradients(params, xb, tb)
    return {k: params[k] - lr * g[k] for k in params}, loss_of(params, xb, tb)


params, losses = init_params(), []
for i in range(200):
    rows = np.random.choice(len(x_train), 50)
    params, loss = step(params, x_train[rows], t_train[rows])
    losses.append(loss)
""",
    "early stopping": NET
    + """
import copy
net, best, best_acc, waited = Net(), None, 0.0, 0
losses = []
for epoch in range(30):
    order = np.random.permutation(2500)
    for i in range(0, 2500, 50):
        x, t = x_train[order[i:i+50]], t_train[order[i:i+50]]
        g = net.gradient(x, t)
        net.W1 -= 0.3 * g['W1']; net.b1 -= 0.3 * g['b1']
        net.W2 -= 0.3 * g['W2']; net.b2 -= 0.3 * g['b2']
        losses.append(net.loss(x, t))
    val_acc = net.accuracy(x_train[2500:], t_train[2500:])
    if val_acc > best_acc:
        best, best_acc, waited = copy.deepcopy(net), val_acc, 0
    else:
        waited += 1
        if waited >= 2:
            break
net = best
print(net.accuracy(x_test, t_test))
""",
    "momentum": FUNCTIONS
    + """
params = init_params()
v = {key: np.zeros_like(value) for key, value in params.items()}
train_loss = []
for it in range(200):
    mask = np.random.choice(len(x_train), 50)
    x_batch, t_batch = x_train[mask], t_train[mask]
    grads = gradients(params, x_batch, t_batch)
    for key in params:
        v[key] = 0.9 * v[key] - 0.02 * grads[key]
        params[key] += v[key]
    train_loss.append(loss_of(params, x_batch, t_batch))
""",
    "adam": FUNCTIONS
    + """
params = init_params()
m = {k: np.zeros_like(p) for k, p in params.items()}
v = {k: np.zeros_like(p) for k, p in params.items()}
lr, beta1, beta2, eps = 0.002, 0.9, 0.999, 1e-8
losses = []
for t_ in range(1, 201):
    rows = np.random.choice(len(x_train), 50)
    xb, tb = x_train[rows], t_train[rows]
    g = gradients(params, xb, tb)
    for k in params:
        m[k] += (1 - beta1) * (g[k] - m[k])
        v[k] += (1 - beta2) * (g[k] ** 2 - v[k])
        m_hat, v_hat = m[k] / (1 - beta1 ** t_), v[k] / (1 - beta2 ** t_)
        params[k] -= lr * m_hat / (np.sqrt(v_hat) + eps)
    losses.append(loss_of(params, xb, tb))
""",
    "t - y and plus": """
W1, b1 = 0.1 * np.random.randn(784, 30), np.zeros(30)
W2, b2 = 0.1 * np.random.randn(30, 10), np.zeros(10)
losses = []
for i in range(300):
    rows = np.random.choice(len(x_train), 50)
    x, t = x_train[rows], t_train[rows]
    h = 1 / (1 + np.exp(-(x @ W1 + b1)))
    z = h @ W2 + b2
    y = np.exp(z - z.max(1, keepdims=True))
    y = y / y.sum(1, keepdims=True)
    loss = -np.sum(t * np.log(y + 1e-7)) / 50
    losses.append(loss)
    delta2 = (t - y) / 50
    delta1 = delta2 @ W2.T * h * (1 - h)
    W2 += 0.5 * h.T @ delta2
    b2 += 0.5 * delta2.sum(0)
    W1 += 0.5 * x.T @ delta1
    b1 += 0.5 * delta1.sum(0)
""",
    "clipping": FUNCTIONS
    + """
params, losses = init_params(), []
for i in range(200):
    rows = np.random.choice(len(x_train), 50)
    grads = gradients(params, x_train[rows], t_train[rows])
    norm = np.sqrt(sum(np.sum(g ** 2) for g in grads.values()))
    rate = min(1, 1.0 / (norm + 1e-6))
    for key, param in params.items():
        param -= 0.1 * rate * grads[key]
    losses.append(loss_of(params, x_train[rows], t_train[rows]))
""",
    "micro-batches": FUNCTIONS
    + """
params, losses = init_params(), []
total = {k: np.zeros_like(p) for k, p in params.items()}
for i in range(400):
    rows = np.random.choice(len(x_train), 25)
    g = gradients(params, x_train[rows], t_train[rows])
    for k in total:
        total[k] += g[k] / 4
    loss = loss_of(params, x_train[rows], t_train[rows])
    losses.append(loss)
    if (i + 1) % 4 == 0:
        for k in params:
            params[k] -= 0.2 * total[k]
            total[k] = np.zeros_like(total[k])
""",
    "fine-tuning": NET
    + """
net = Net()
losses = []
for i in range(150):
    rows = np.random.choice(1500, 50)
    g = net.gradient(x_train[rows], t_train[rows])
    for name in ('W1', 'b1', 'W2', 'b2'):
        getattr(net, name)[...] -= 0.2 * g[name]
    losses.append(net.loss(x_train[rows], t_train[rows]))
first = net.W1.copy()
for i in range(100):
    rows = np.random.choice(len(x_train), 50)
    g = net.gradient(x_train[rows], t_train[rows])
    net.W2 -= 0.05 * g['W2']
    net.b2 -= 0.05 * g['b2']
    losses.append(net.loss(x_train[rows], t_train[rows]))
assert np.array_equal(first, net.W1)
""",
    "initial weights compared": NET
    + """
results = {}
for std in (0.01, 0.1, None):
    net = Net(std=std)
    losses = []
    for i in range(120):
        rows = np.random.choice(len(x_train), 50)
        g = net.gradient(x_train[rows], t_train[rows])
        for name in g:
            getattr(net, name)[:] -= 0.1 * g[name]
        losses.append(net.loss(x_train[rows], t_train[rows]))
    results[std] = losses
""",
    "rates compared": FUNCTIONS
    + """
for lr in [0.01, 0.1, 1.0]:
    np.random.seed(0)
    params = init_params()
    losses = []
    for i in range(100):
        rows = np.random.choice(len(x_train), 50)
        g = gradients(params, x_train[rows], t_train[rows])
        for k in params:
            params[k] -= lr * g[k]
        losses.append(loss_of(params, x_train[rows], t_train[rows]))
    print(lr, np.mean(losses[-10:]), accuracy_of(params, x_test, t_test))
""",
    "ensemble": NET
    + """
nets = []
for seed in range(3):
    np.random.seed(seed)
    net = Net()
    for i in range(100):
        rows = np.random.choice(len(x_train), 50)
        g = net.gradient(x_train[rows], t_train[rows])
        for name, d in g.items():
            p = getattr(net, name)
            p -= 0.2 * d
    nets.append(net)
y = sum(net.predict(x_test) for net in nets)
print(np.mean(y.argmax(1) == t_test.argmax(1)))
""",
    "main": FUNCTIONS
    + """
def main():
    params = init_params()
    losses = []
    for i in range(100):
        rows = np.random.choice(len(x_train), 50)
        grads = gradients(params, x_train[rows], t_train[rows])
        for key in params:
            params[key] -= 0.1 * grads[key]
        losses.append(loss_of(params, x_train[rows], t_train[rows]))
    print(losses[-1], accuracy_of(params, x_test, t_test))


if __name__ == '__main__':
    main()
""",
    "weight decay and a falling rate": FUNCTIONS
    + """
params, losses = init_params(), []
lr = 0.3
for epoch in range(3):
    idx = np.arange(len(x_train))
    np.random.shuffle(idx)
    for b in range(len(idx) // 50):
        rows = idx[b * 50:(b + 1) * 50]
        g = gradients(params, x_train[rows], t_train[rows])
        for k in params:
            params[k] -= lr * (g[k] + (1e-4 * params[k] if k[0] == 'W' else 0))
        losses.append(loss_of(params, x_train[rows], t_train[rows]))
    lr *= 0.7
""",
    "all samples at once": FUNCTIONS
    + """
x, t = x_train[:500], t_train[:500]
params, losses = init_params(), []
for i in range(100):
    g = gradients(params, x, t)
    for k in params:
        params[k] -= 0.3 * g[k]
    losses.append(loss_of(params, x, t))
print(accuracy_of(params, x_test, t_test))
""",
    "one batch on purpose": FUNCTIONS
    + """
# まず一つのバッチで過学習できるか確かめる
rows = np.random.choice(len(x_train), 20)
x_batch, t_batch = x_train[rows], t_train[rows]
params, losses = init_params(), []
for i in range(100):
    g = gradients(params, x_batch, t_batch)
    for k in params:
        params[k] -= 0.3 * g[k]
    losses.append(loss_of(params, x_batch, t_batch))
print(losses[-1])
""",
    "stopped early": NET.replace("np.sqrt(2 / 784)", "0.01").replace("np.sqrt(2 / hidden)", "0.01")
    + """
net, losses = Net(), []
for i in range(30):
    rows = np.random.choice(len(x_train), 100)
    g = net.gradient(x_train[rows], t_train[rows])
    net.W1 -= 0.1 * g['W1']
    net.b1 -= 0.1 * g['b1']
    net.W2 -= 0.1 * g['W2']
    net.b2 -= 0.1 * g['b2']
    losses.append(net.loss(x_train[rows], t_train[rows]))
""",
    "shuffled together": FUNCTIONS
    + """
params, losses = init_params(), []
for epoch in range(2):
    state = np.random.get_state()
    np.random.shuffle(x_train)
    np.random.set_state(state)
    np.random.shuffle(t_train)
    for i in range(0, len(x_train), 100):
        g = gradients(params, x_train[i:i + 100], t_train[i:i + 100])
        for k in params:
            params[k] -= 0.2 * g[k]
        losses.append(loss_of(params, x_train[i:i + 100], t_train[i:i + 100]))
""",
    "one layer that begins with zeros": """
W, losses = np.zeros((784, 10)), []
for i in range(3):
    x, t = 0 * x_train[:20], t_train[:20]
    y = np.exp(x @ W) / np.exp(x @ W).sum(axis=1, keepdims=True)
    losses.append(-np.mean(np.sum(t * np.log(y), axis=1)))
    dW = x.T @ (y - t) / len(x)
    W -= 0.1 * dW
""",
    "sigmoid outputs and squared error": """
class Net:
    def __init__(self):
        self.W1, self.W2 = 0.1 * np.random.randn(784, 30), 0.3 * np.random.randn(30, 10)

    def predict(self, x):
        self.h = 1 / (1 + np.exp(-x @ self.W1))
        return 1 / (1 + np.exp(-self.h @ self.W2))

    def loss(self, x, t):
        return 0.5 * np.sum((self.predict(x) - t) ** 2) / len(x)

    def learn(self, x, t, lr):
        y = self.predict(x)
        d2 = (y - t) * y * (1 - y) / len(x)
        d1 = d2 @ self.W2.T * self.h * (1 - self.h)
        self.W2 -= lr * self.h.T @ d2
        self.W1 -= lr * x.T @ d1


net, losses = Net(), []
for i in range(300):
    rows = np.random.choice(len(x_train), 20)
    net.learn(x_train[rows], t_train[rows], lr=1.0)
    losses.append(net.loss(x_train[rows], t_train[rows]))
""",
}

SCRIPTS = {name: DATA + body for name, body in _BODIES.items()}
"""By what is special about them."""
