"""Which loops a lab looks at: those whose turns are iterations of a training, each marked `# turn`."""

import ast

import pytest

from zerokara.runner.training_turns import may_train, training_loops
from zerokara.sources.differences import difference_loops

TRAININGS = {
    "the textbook's": """
for i in range(iters_num):  # turn
    batch_mask = np.random.choice(train_size, batch_size)
    grad = network.gradient(x_train[batch_mask], t_train[batch_mask])
    for key in ('W1', 'b1', 'W2', 'b2'):
        network.params[key] -= learning_rate * grad[key]
    train_loss_list.append(network.loss(x_batch, t_batch))
""",
    "over all parameters": """
for i in range(iters_num):  # turn
    grads = network.numerical_gradient(x_batch, t_batch)
    for key in network.params.keys():
        network.params[key] -= 0.1 * grads[key]
""",
    "while": """
while step < steps:  # turn
    dW = x.T @ (predict(x, W) - t) / len(x)
    W -= lr * dW
    step += 1
""",
    "epochs of mini-batches": """
for epoch in range(epochs):
    order = np.random.permutation(len(x_train))
    for start in range(0, len(x_train), 100):  # turn
        idx = order[start:start + 100]
        grads = net.gradient(x_train[idx], t_train[idx])
        for k in grads:
            net.params[k] -= lr * grads[k]
    print(net.accuracy(x_test, t_test))
""",
    "a generator of batches, in a method": """
class Net:
    def train(self, batches):
        for epoch in range(self.epochs):
            for x, t in batches():  # turn
                self.forward(x)
                self.backward(t)
                for i in range(len(self.weights)):
                    self.weights[i] -= self.lr * self.grads[i]
""",
    "an optimizer, and the layers' own loops": """
class Net:
    def gradient(self, x, t):
        self.loss(x, t)
        dout = 1
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return {key: layer.dW for key, layer in self.named}

for i in range(max_iterations):  # turn
    grads = net.gradient(x, t)
    optimizer.update(net.params, grads)
""",
    "the textbook's optimizers": """
class SGD:
    def update(self, params, grads):
        for key in params.keys():
            params[key] -= self.lr * grads[key]

class Momentum:
    def update(self, params, grads):
        for key, val in params.items():
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]
""",
    "train_step": """
for i in range(trainer.max_iter):  # turn
    trainer.train_step()
""",
    "learn": """
for i in range(100):  # turn
    net.learn(x_train, t_train)
""",
    "a step that is imported": """
from mine import train_one_batch
for x, t in batches:  # turn
    loss = train_one_batch(net, x, t)
""",
    "a step whose loss is used at once": """
class Net:
    def train_step(self, x, t, lr):
        loss = self.backward(x, t)
        self.W1 -= lr * x.T @ self.d1
        return loss
for epoch in range(30):
    for start in range(0, len(x), 64):  # turn
        losses.append(net.train_step(x[start:start + 64], t[start:start + 64], 0.1))
""",
    "short names alone": """
for epoch in range(20000):  # turn
    h = sig(x @ W1 + b1)
    y = sig(h @ W2 + b2)
    d2 = (y - t) * y * (1 - y)
    d1 = d2 @ W2.T * h * (1 - h)
    W2 -= 0.5 * h.T @ d2
    W1 = W1 - 0.5 * x.T @ d1
    errors.append(((y - t) ** 2).mean())
""",
    "a step of a function": """
def step(net, x, t):
    g = net.gradient(x, t)
    for key in g:
        net.params[key] -= 0.1 * g[key]
def main():
    for i in range(100):  # turn
        step(net, x, t)
main()
""",
    "gradients that are added up first": """
for i in range(400):  # turn
    total = {k: 0 for k in params}
    for part in np.array_split(batch, 4):
        g = gradients(params, x[part], t[part])
        for k in total:
            total[k] = total[k] + g[k]
    for k in params:
        params[k] -= lr * total[k]
""",
    "two networks, one after the other": """
for name, optimizer in optimizers.items():
    net = Net()
    for i in range(100):  # turn
        optimizer.update(net.params, net.gradient(x, t))
""",
    "gradient descent": """
def gradient_descent(f, init_x, lr=0.01, step_num=100):
    x = init_x
    for i in range(step_num):  # turn
        grad = numerical_gradient(f, x)
        x -= lr * grad
    return x
""",
}
OTHERS = {
    "a numerical gradient": """
def numerical_gradient(f, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in range(x.size):
        tmp_val = x[idx]
        x[idx] = tmp_val + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        grad[idx] = (fxh1 - f(x)) / (2 * h)
        x[idx] = tmp_val
    return grad
""",
    "by an iterator": """
def numerical_gradient(f, x, delta=1e-4):
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'], op_flags=['readwrite'])
    while not it.finished:
        idx = it.multi_index
        x[idx] += delta
        up = f(x)
        x[idx] -= 2 * delta
        grad[idx] = (up - f(x)) / (2 * delta)
        x[idx] += delta
        it.iternext()
    return grad
""",
    "row by row": """
def numerical_gradient_2d(f, X):
    grad = np.zeros_like(X)
    for idx, x in enumerate(X):
        grad[idx] = _numerical_gradient_1d(f, x)
    return grad
""",
    "parameter by parameter": """
def numerical_gradient(self, x, t):
    loss_W = lambda W: self.loss(x, t)
    grads = {}
    for key in self.params:
        grads[key] = numerical_gradient(loss_W, self.params[key])
    return grads
""",
    "evaluation": """
for i in range(0, len(x), batch_size):
    y = predict(network, x[i:i + batch_size])
    accuracy_cnt += np.sum(np.argmax(y, axis=1) == t[i:i + batch_size])
""",
    "pixels": """
for row in range(28):
    for col in range(28):
        image[row, col] -= 0.5
""",
    "no loop that trains": "for line in open('steps.txt'):\n    print(line)\n",
}


def marked(source: str) -> list[int]:
    return [number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# turn")]


def found_in(source: str) -> list[int]:
    tree = ast.parse(source)
    return sorted(loop.lineno for loop in training_loops(tree, difference_loops(tree)).turning)


@pytest.mark.parametrize("source", [*TRAININGS.values(), *OTHERS.values()], ids=[*TRAININGS, *OTHERS])
def test_which_loops_are_looked_at(source: str) -> None:
    assert found_in(source) == marked(source)
    assert may_train(source) or not marked(source)


def test_a_numerical_gradient_inside_of_a_training_is_left_alone() -> None:
    source = """
def main():
    for i in range(100):  # turn
        grad = np.zeros_like(w)
        for index in np.ndindex(w.shape):
            kept = w[index]
            w[index] = kept + h
            up = loss(w)
            w[index] = kept - h
            grad[index] = (up - loss(w)) / (2 * h)
            w[index] = kept
        w -= 0.1 * grad
"""
    assert found_in(source) == marked(source)
