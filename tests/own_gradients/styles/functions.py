import numpy as np


def init_params(n_in, n_hidden, n_out, seed=1):
    rng = np.random.default_rng(seed)
    return {
        "w1": rng.normal(0, 0.5, (n_in, n_hidden)),
        "b1": np.zeros((1, n_hidden)),
        "w2": rng.normal(0, 0.5, (n_hidden, n_out)),
        "b2": np.zeros((1, n_out)),
    }


def relu(z):
    return np.maximum(0, z)


def relu_derivative(z):
    return (z > 0).astype(float)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(params, X):
    z1 = X @ params["w1"] + params["b1"]
    h1 = relu(z1)
    z2 = h1 @ params["w2"] + params["b2"]
    out = softmax(z2)
    return {"z1": z1, "h1": h1, "z2": z2, "out": out}


def compute_loss(params, X, y):
    out = forward(params, X)["out"]
    m = y.shape[0]
    return -np.sum(y * np.log(out)) / m


def backward(params, X, y):
    cache = forward(params, X)
    m = X.shape[0]
    delta2 = cache["out"] - y
    dw2 = cache["h1"].T @ delta2 / m
    db2 = delta2.sum(axis=0, keepdims=True) / m
    delta1 = (delta2 @ params["w2"].T) * relu_derivative(cache["z1"])
    dw1 = X.T @ delta1 / m
    db1 = delta1.sum(axis=0, keepdims=True) / m
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


def update(params, grads, lr=0.1):
    for key in params:
        params[key] -= lr * grads[key]


def accuracy(params, X, y):
    return np.mean(forward(params, X)["out"].argmax(axis=1) == y.argmax(axis=1))
