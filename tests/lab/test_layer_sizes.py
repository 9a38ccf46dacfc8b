"""Sizes of weights, gradients and updates, against the network's own gradient and the optimizer's own formula."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from zerokara.data import load
from zerokara.engine.choosing import ENGINES
from zerokara.lab.layer_sizes import fixed_batch, layer_sizes
from zerokara.lab.snapshot import Snapshot
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("engine", ENGINES)
def test_they_are_norms_of_what_an_update_is_made_of(engine: str, optimizer: str) -> None:
    digits = load("digits")
    recipe = Recipe(dataset="digits", hidden=(8, 6), iterations=20, optimizer=optimizer, weight_decay=0.01)
    trainer = build_trainer(recipe, digits, engine=engine)
    while trainer.iteration < 20:
        trainer.advance(20)
    batch = fixed_batch(digits.train, np.arange(7, 207))
    sizes = layer_sizes(Snapshot.of(trainer), trainer.engine, batch)
    exact = trainer.network.copy(np.float64)
    gradient = exact.gradient(digits.train.x[7:107], digits.train.t[7:107])
    own = deepcopy(trainer.optimizer)
    after = exact.copy()
    own.update(after.params, gradient)
    for one, name in zip(sizes, ["W1", "W2", "W3"], strict=True):
        change = after.params[name] - exact.params[name]
        expected = [np.linalg.norm(array) for array in (exact.params[name], gradient[name], change)]
        assert one["name"] == name
        np.testing.assert_allclose([one["weights"], one["gradient"], one["update"]], expected, rtol=2e-4)
