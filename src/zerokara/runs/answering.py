"""What the network of a run answers to samples, by the engine that trained it where that is here."""

from __future__ import annotations

import numpy as np

from zerokara.data.dataset import Split
from zerokara.engine.choosing import AUTO, choose_engine
from zerokara.engine.contract import Engine
from zerokara.errors import EngineError, UsageError
from zerokara.finalization import working
from zerokara.metrics import Answers
from zerokara.nn.functions import softmax
from zerokara.nn.network import Network
from zerokara.training.trainer import EVALUATED_AT_ONCE


@working()
def answers_of(network: Network, split: Split, engine: str = AUTO) -> Answers:
    """The probabilities that a network gives to every sample of a split.

    The scores are those of a training's evaluations, to the bit where the engine is the same, so that accuracies are.

    Args:
        engine: the name of the one that trained; where it cannot do this work here, another does.
    """
    chosen = _engine(network, engine)
    starts = range(0, len(split), EVALUATED_AT_ONCE)
    parts = [chosen.predict(network, split.part(start, start + EVALUATED_AT_ONCE)) for start in starts]
    with np.errstate(invalid="ignore", over="ignore"):  # a network that diverged has scores without probabilities
        return Answers(split.t, softmax(np.concatenate(parts).astype(np.float64)))


def _engine(network: Network, name: str) -> Engine:
    try:
        return choose_engine(name, network, 1)
    except (EngineError, UsageError):
        return choose_engine(AUTO, network, 1)
