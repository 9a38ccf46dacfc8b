import numpy as np


class MLP:
    def __init__(self, sizes=(784, 50, 50, 10), weight_decay=0.01):
        self.weights = []
        self.biases = []
        self.weight_decay = weight_decay
        for fan_in, fan_out in zip(sizes[:-1], sizes[1:]):
            self.weights.append(np.random.randn(fan_in, fan_out) / np.sqrt(fan_in))
            self.biases.append(np.zeros(fan_out))
        self.n_layers = len(self.weights)

    def forward(self, x):
        self.zs, self.acts = [], [x]
        for i in range(self.n_layers):
            z = self.acts[i] @ self.weights[i] + self.biases[i]
            self.zs.append(z)
            if i < self.n_layers - 1:
                self.acts.append(np.tanh(z))
            else:
                self.acts.append(z)
        return self.acts[-1]

    def loss(self, x, t):
        y = self.forward(x)
        penalty = sum(np.sum(W ** 2) for W in self.weights)
        return 0.5 * np.mean(np.sum((y - t) ** 2, axis=1)) + 0.5 * self.weight_decay * penalty

    def gradient(self, x, t):
        y = self.forward(x)
        self.weight_grads = [None] * self.n_layers
        self.bias_grads = [None] * self.n_layers
        delta = (y - t) / len(x)
        for i in reversed(range(self.n_layers)):
            self.weight_grads[i] = self.acts[i].T @ delta + self.weight_decay * self.weights[i]
            self.bias_grads[i] = delta.sum(axis=0)
            if i > 0:
                upstream = delta @ self.weights[i].T
                delta = upstream * (1 - self.acts[i] ** 2)
        return self.weight_grads, self.bias_grads

    def update(self, x, t, lr=0.1):
        self.gradient(x, t)
        for i in range(self.n_layers):
            self.weights[i] -= lr * self.weight_grads[i]
            self.biases[i] -= lr * self.bias_grads[i]
