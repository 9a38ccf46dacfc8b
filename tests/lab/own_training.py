"""A learner's own training for tests of the lab: a class of their own, on digits, that goes as far as a test wants."""

import threading
from collections.abc import Callable
from typing import Any

SCRIPT = """\
import numpy as np
from zerokara.data import load

data = load("digits")
x_train, t_train = data.train.x, np.eye(10)[data.train.t]  # 教師データ
x_test, t_test = data.test.x, np.eye(10)[data.test.t]


class Net:
    def __init__(self, hidden):
        rng = np.random.default_rng(1)
        self.params = {"W1": 0.1 * rng.standard_normal((64, hidden)), "b1": np.zeros(hidden),
                       "W2": 0.1 * rng.standard_normal((hidden, 10)), "b2": np.zeros(10)}

    def predict(self, x):
        self.z = np.maximum(0, x @ self.params["W1"] + self.params["b1"])
        a = self.z @ self.params["W2"] + self.params["b2"]
        e = np.exp(a - a.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.sum(t * np.log(self.predict(x) + 1e-7)) / len(x)

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(axis=1) == t.argmax(axis=1))

    def gradient(self, x, t):
        dy = (self.predict(x) - t) / len(x)
        dz = dy @ self.params["W2"].T * (self.z > 0)
        return {"W1": x.T @ dz, "b1": dz.sum(), "W2": self.z.T @ dy, "b2": dy.sum(axis=0)}


network = Net(12)
batch_size = 50
iter_per_epoch = len(x_train) / batch_size
train_loss_list, train_acc_list, test_acc_list = [], [], []
for i in range(UPDATES):
    batch = np.random.choice(len(x_train), batch_size)
    grad = network.gradient(x_train[batch], t_train[batch])
    for key in network.params:
        network.params[key] -= 0.1 * grad[key]
    train_loss_list.append(network.loss(x_train[batch], t_train[batch]))
    if i % iter_per_epoch == 0:
        train_acc_list.append(network.accuracy(x_train, t_train))
        test_acc_list.append(network.accuracy(x_test, t_test))
"""
"""The gradient of its first bias is wrong: one finding."""
ABOUT = next(number for number, line in enumerate(SCRIPT.splitlines(), 1) if "dz.sum()" in line)
"""The line that the finding is about."""


class OwnTraining:
    """The script in a thread, which a test lets train so many updates at a time.

    Attributes:
        names: its own.
    """

    def __init__(self, look: Callable[[dict[str, Any]], None], updates: int = 2000) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "turn": self._turn}
        self._look, self._left, self._may = look, 0, threading.Condition()
        source = SCRIPT.replace("UPDATES", str(updates)).replace("    batch = ", "    turn()\n    batch = ")
        self._code = compile(source, "train.py", "exec")
        self.thread = threading.Thread(target=exec, args=(self._code, self.names), daemon=True)
        self.thread.start()

    def _turn(self) -> None:
        with self._may:
            if self._left == 0:
                self._look(self.names)
            self._may.wait_for(lambda: self._left > 0)
            self._left -= 1

    def train(self, updates: int) -> None:
        """Let it do so many more; it is looked at after them."""
        with self._may:
            self._left = updates
            self._may.notify_all()

    def finish(self) -> None:
        """Let it come to its end."""
        self.train(10**9)
        self.thread.join(60)
        self._look(self.names)
