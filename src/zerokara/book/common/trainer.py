"""The textbook's `common.trainer` (chapter 6): mini-batch training with accuracies once per epoch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.book.common.optimizer import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop
from zerokara.errors import unknown_name
from zerokara.runner.looks import looks

__all__ = ["Trainer"]

Array = NDArray[Any]
OPTIMIZERS = {c.__name__.lower(): c for c in (SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam)}


class Trainer:
    """Trains a network on mini-batches drawn with the global `np.random.choice`, as in the textbook.

    Args:
        network: with `params`, `gradient`, `loss` and `accuracy`.
        epochs: passes over the training data; mini_batch_size: samples per update.
        optimizer: "SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop" or "Adam", in any case; optimizer_param: its
            arguments, such as {"lr": 0.01}.
        evaluate_sample_num_per_epoch: measure the accuracies on that many samples; None for all.
        verbose: print the loss of every update and the accuracies of every epoch, in the textbook's own words, which
            are English in every language.

    Attributes:
        train_loss_list: one loss per update, measured after it; train_acc_list, test_acc_list: one per epoch.

    Raises UsageError for an unknown optimizer.
    """

    def __init__(
        self,
        network: Any,
        x_train: Array,
        t_train: Array,
        x_test: Array,
        t_test: Array,
        epochs: int = 20,
        mini_batch_size: int = 100,
        optimizer: str = "SGD",
        optimizer_param: dict[str, Any] | None = None,
        evaluate_sample_num_per_epoch: int | None = None,
        verbose: bool = True,
    ) -> None:
        if optimizer.lower() not in OPTIMIZERS:
            raise unknown_name("optimizer", optimizer, OPTIMIZERS)
        self.network, self.verbose = network, verbose
        self.x_train, self.t_train, self.x_test, self.t_test = x_train, t_train, x_test, t_test
        self.epochs, self.batch_size = epochs, mini_batch_size
        self.evaluate_sample_num_per_epoch = evaluate_sample_num_per_epoch
        self.optimizer = OPTIMIZERS[optimizer.lower()](**({"lr": 0.01} if optimizer_param is None else optimizer_param))
        self.train_size = x_train.shape[0]
        self.iter_per_epoch = max(self.train_size / mini_batch_size, 1)
        self.max_iter = int(epochs * self.iter_per_epoch)
        self.current_iter = 0
        self.current_epoch = 0
        self.train_loss_list: list[Any] = []
        self.train_acc_list: list[Any] = []
        self.test_acc_list: list[Any] = []

    def train_step(self) -> None:
        """One update; at the first of each epoch, the accuracies after it."""
        looks.step(self)
        batch_mask = np.random.choice(self.train_size, self.batch_size)
        x_batch, t_batch = self.x_train[batch_mask], self.t_train[batch_mask]
        grads = self.network.gradient(x_batch, t_batch)
        self.optimizer.update(self.network.params, grads)
        loss = self.network.loss(x_batch, t_batch)
        self.train_loss_list.append(loss)
        self._say(f"train loss:{loss}")
        if self.current_iter >= self.current_epoch * self.iter_per_epoch:
            self._evaluate_epoch()
        self.current_iter += 1

    def _evaluate_epoch(self) -> None:
        self.current_epoch += 1
        n = self.evaluate_sample_num_per_epoch
        train_acc = self.network.accuracy(self.x_train[:n], self.t_train[:n])
        test_acc = self.network.accuracy(self.x_test[:n], self.t_test[:n])
        self.train_acc_list.append(train_acc)
        self.test_acc_list.append(test_acc)
        self._say(f"=== epoch:{self.current_epoch}, train acc:{train_acc}, test acc:{test_acc} ===")

    def train(self) -> None:
        """All updates, then the accuracy on all test samples."""
        for _ in range(self.max_iter):
            self.train_step()
        test_acc = self.network.accuracy(self.x_test, self.t_test)
        self._say(f"=============== Final Test Accuracy ===============\ntest acc:{test_acc}")

    def _say(self, text: str) -> None:
        if self.verbose:
            print(text)
