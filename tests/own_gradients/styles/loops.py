import numpy as np


class Network:
    """Samples one by one: each is a vector, and its gradient is an outer product."""

    def __init__(self, inputs, hidden, outputs):
        self.w1 = np.random.normal(0.0, 0.3, (hidden, inputs))
        self.b1 = np.zeros(hidden)
        self.w2 = np.random.normal(0.0, 0.3, (outputs, hidden))
        self.b2 = np.zeros(outputs)

    def sigmoid(self, v):
        return 1.0 / (1.0 + np.exp(-v))

    def softmax(self, v):
        e = np.exp(v - np.max(v))
        return e / np.sum(e)

    def feedforward(self, x):
        self.hidden_in = self.w1 @ x + self.b1
        self.hidden_out = self.sigmoid(self.hidden_in)
        self.scores = self.w2 @ self.hidden_out + self.b2
        return self.softmax(self.scores)

    def loss(self, xs, ts):
        total = 0.0
        for x, t in zip(xs, ts):
            total += -np.sum(t * np.log(self.feedforward(x)))
        return total / len(xs)

    def backward(self, xs, ts):
        self.dw1 = np.zeros_like(self.w1)
        self.db1 = np.zeros_like(self.b1)
        self.dw2 = np.zeros_like(self.w2)
        self.db2 = np.zeros_like(self.b2)
        n = len(xs)
        for i in range(n):
            x, t = xs[i], ts[i]
            p = self.feedforward(x)
            d2 = p - t
            d1 = np.dot(self.w2.T, d2) * self.hidden_out * (1 - self.hidden_out)
            self.dw2 += np.outer(d2, self.hidden_out) / n
            self.db2 += d2 / n
            self.dw1 += np.outer(d1, x) / n
            self.db1 += d1 / n

    def step(self, xs, ts, lr=0.5):
        self.backward(xs, ts)
        self.w1 -= lr * self.dw1
        self.b1 -= lr * self.db1
        self.w2 -= lr * self.dw2
        self.b2 -= lr * self.db2
