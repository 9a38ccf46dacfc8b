import numpy as np

SLOPE = 0.1


class Model:
    """Samples in columns: x is given as (n, features) and turned."""

    def __init__(self, n_x, n_h, n_y):
        self.W1 = np.random.randn(n_h, n_x) * np.sqrt(2 / n_x)
        self.b1 = np.zeros((n_h, 1))
        self.W2 = np.random.randn(n_y, n_h) * np.sqrt(2 / n_h)
        self.b2 = np.zeros((n_y, 1))

    def leaky_relu(self, Z):
        return np.where(Z > 0, Z, SLOPE * Z)

    def leaky_relu_backward(self, Z):
        return np.where(Z > 0, 1.0, SLOPE)

    def softmax(self, Z):
        E = np.exp(Z - Z.max(axis=0, keepdims=True))
        return E / E.sum(axis=0, keepdims=True)

    def forward(self, X):
        self.Z1 = np.dot(self.W1, X.T) + self.b1
        self.A1 = self.leaky_relu(self.Z1)
        self.Z2 = np.dot(self.W2, self.A1) + self.b2
        self.A2 = self.softmax(self.Z2)
        return self.A2.T

    def compute_cost(self, X, Y):
        P = self.forward(X)
        m = X.shape[0]
        return -(1 / m) * np.sum(Y * np.log(P))

    def gradients(self, X, Y):
        self.forward(X)
        m = X.shape[0]
        dZ2 = self.A2 - Y.T
        dW2 = (1 / m) * np.dot(dZ2, self.A1.T)
        db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
        dA1 = np.dot(self.W2.T, dZ2)
        dZ1 = dA1 * self.leaky_relu_backward(self.Z1)
        dW1 = (1 / m) * np.dot(dZ1, X)
        db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)
        return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
