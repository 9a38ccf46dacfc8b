"""From a recipe and a data set to a trainer, with no folder: where runs begin, and whoever trains in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zerokara.data.dataset import Dataset
from zerokara.engine import choose_engine
from zerokara.errors import UsageError
from zerokara.nn.network import Network
from zerokara.training.batches import WEIGHTS, generator
from zerokara.training.changes import Change
from zerokara.training.events import Listener
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer
from zerokara.words import sentence


def build_trainer(
    recipe: Recipe,
    dataset: Dataset,
    *,
    engine: str = "auto",
    threads: int | None = None,
    keep_going: bool = False,
    listeners: Sequence[Listener] = (),
    changes: Sequence[Change] = (),
) -> Trainer:
    """Network, optimizer, batches and engine of a recipe, in a trainer that is ready to run.

    Args:
        recipe: what to train; defaults that depend on other fields are filled in.
        dataset: loaded; its shapes decide the network's first and last layer. The trainer has what the recipe uses.
        engine, threads: as in `zerokara.engine.choose_engine`.
        keep_going: whether to go on when losses or weights are no longer finite.
        listeners: called with every event (`zerokara.training.events`).
        changes: of settings, to be made on the way.

    Raises UsageError for values that do not fit the data, EngineError where the engine asked for cannot do this.

    >>> from zerokara.data import load
    >>> trainer = build_trainer(Recipe(hidden=20, iterations=100, learning_rate=0.5), load("digits"))
    >>> trainer.run().last.iteration
    100
    """
    if not isinstance(keep_going, bool):
        raise UsageError(sentence("keep_going must be True or False. Got {got!r:.80}.", got=keep_going), "wrong-value")
    _check_listeners(listeners)
    recipe, dataset = recipe.resolved(), recipe.data_from(dataset)
    batches = recipe.make_batches(len(dataset.train))
    network = build_network(recipe, dataset)
    # numerical gradients are compiled wherever they can be: no density makes a matrix library the faster one there
    density = dataset.train.density if recipe.gradient == "backprop" else 0.0
    optimizer = recipe.make_optimizer()
    chosen = choose_engine(engine, network, recipe.batch_size, optimizer=optimizer, threads=threads, density=density)
    optimizer.prepare(network.params)
    return Trainer(
        network=network,
        optimizer=optimizer,
        dataset=dataset,
        batches=batches,
        engine=chosen,
        iterations=recipe.total(batches.per_epoch),
        evaluate_every=recipe.evaluate_every or batches.per_epoch,
        gradient=recipe.gradient,
        listeners=listeners,
        keep_going=keep_going,
        changes=list(changes),
    )


def _check_listeners(listeners: object) -> None:
    if not isinstance(listeners, Sequence) or not all(map(callable, listeners)):
        raise UsageError(
            sentence("listeners must be a list of functions that take an event. Got {got!r:.80}.", got=listeners),
            "wrong-value",
        )


def build_network(recipe: Recipe, dataset: Dataset) -> Network:
    """The network that a recipe describes, for these data, with its initial weights."""
    return network_of_sizes(recipe, [dataset.train.pixels.shape[1], *recipe.hidden, len(dataset.class_names)])


@np.errstate(over="ignore")  # weights that begin infinite are the trainer's to name
def network_of_sizes(recipe: Recipe, sizes: Sequence[int]) -> Network:
    """The same where the units of each layer, inputs first, are known and no data are needed."""
    recipe = recipe.resolved()
    return Network(
        sizes,
        activation=recipe.activation,
        loss=recipe.loss,
        init=recipe.init,
        seed=generator(recipe.seed, WEIGHTS),
        dtype=recipe.dtype,
        weight_decay=recipe.weight_decay,
    )
