# %%
import numpy as np

np.random.seed(3)

# %%
n_input, n_hidden, n_output = 784, 50, 10
learning_rate = 0.1
W1 = np.random.randn(n_input, n_hidden) * 0.1
b1 = np.zeros(n_hidden)
W2 = np.random.randn(n_hidden, n_output) * 0.1
b2 = np.zeros(n_output)


# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def d_sigmoid(y):
    return y * (1 - y)


# %%
def forward(x):
    u1 = np.dot(x, W1) + b1
    z1 = sigmoid(u1)
    u2 = np.dot(z1, W2) + b2
    z2 = sigmoid(u2)
    return u1, z1, u2, z2


def loss(x, t):
    y = forward(x)[-1]
    return 0.5 * np.sum((y - t) ** 2) / len(x)


# %%
def gradient(x, t):
    u1, z1, u2, y = forward(x)
    n = len(x)
    delta2 = (y - t) * d_sigmoid(y) / n
    dW2 = np.dot(z1.T, delta2)
    db2 = delta2.sum(axis=0)
    delta1 = np.dot(delta2, W2.T) * d_sigmoid(z1)
    dW1 = np.dot(x.T, delta1)
    db1 = delta1.sum(axis=0)
    return dW1, db1, dW2, db2


# %%
def train_step(x, t):
    global W1, b1, W2, b2
    dW1, db1, dW2, db2 = gradient(x, t)
    W1 -= learning_rate * dW1
    b1 -= learning_rate * db1
    W2 -= learning_rate * dW2
    b2 -= learning_rate * db2
