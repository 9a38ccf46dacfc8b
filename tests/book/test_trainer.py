"""`common.trainer`: what it counts, draws, prints and calls."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.book.common.multi_layer_net import MultiLayerNet
from zerokara.book.common.trainer import Trainer
from zerokara.errors import UsageError

RNG = np.random.default_rng(7)
T = RNG.integers(0, 3, 60)
X = np.eye(3)[T] @ RNG.random((3, 6)) + 0.1 * RNG.random((60, 6))


def trainer(**options: Any) -> Trainer:
    np.random.seed(0)
    network = MultiLayerNet(6, [8], 3)
    return Trainer(
        network, X[:50], T[:50], X[50:], T[50:], **({"mini_batch_size": 10, "epochs": 4, "verbose": False} | options)
    )


def test_counts_updates_and_epochs() -> None:
    t = trainer()
    t.train()
    assert (len(t.train_loss_list), len(t.train_acc_list), len(t.test_acc_list)) == (20, 4, 4)
    assert (t.current_iter, t.current_epoch, t.max_iter) == (20, 4, 20)


def test_epochs_are_counted_right_where_batches_do_not_divide() -> None:
    t = trainer(mini_batch_size=16)  # 3.125 updates per epoch
    t.train()
    assert len(t.train_loss_list) == 12
    assert len(t.train_acc_list) == 4


def test_draws_batches_as_the_textbook_does() -> None:
    t = trainer()
    drawn = []
    t.network.gradient = lambda x, t: (drawn.append(x), {key: 0 * p for key, p in t_params.items()})[1]
    t_params = t.network.params
    np.random.seed(5)
    t.train_step()
    np.random.seed(5)
    assert_array_equal(drawn[0], X[np.random.choice(50, 10)])


@pytest.mark.parametrize("name", ["SGD", "momentum", "Nesterov", "AdaGrad", "rmsprop", "Adam"])
def test_learns_with_every_optimizer(name: str) -> None:
    t = trainer(optimizer=name, optimizer_param={"lr": 0.05}, epochs=30)
    t.train()
    assert t.test_acc_list[-1] >= 0.9


def test_prints_losses_and_epochs_unless_told_not_to(capsys: pytest.CaptureFixture[str]) -> None:
    trainer(epochs=1).train()
    assert capsys.readouterr().out == ""
    trainer(epochs=1, verbose=True).train()
    out = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in out[:2]] == ["train loss", "=== epoch"]
    assert out[-1].startswith("test acc:")


def test_evaluates_on_as_many_samples_as_asked() -> None:
    t = trainer(evaluate_sample_num_per_epoch=7)
    sizes = []
    t.network.accuracy = lambda x, t: sizes.append(len(x))
    t.train_step()
    assert sizes == [7, 7]


def test_unknown_optimizer() -> None:
    with pytest.raises(UsageError, match=r"optimizer must be one of sgd, .* Did you mean adam"):
        trainer(optimizer="Adm")
