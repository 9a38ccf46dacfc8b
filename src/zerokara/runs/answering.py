"""What the network of a run answers to samples, by the engine that trained it where that is here."""

from __future__ import annotations

import numpy as np

from zerokara.data.dataset import Split
from zerokara.engine.choosing import AUTO, ENGINES, choose_engine
from zerokara.engine.contract import Engine
from zerokara.errors import EngineError
from zerokara.finalization import rest, working
from zerokara.metrics import Answers
from zerokara.nn.functions import softmax
from zerokara.nn.network import Network
from zerokara.training.trainer import EVALUATED_AT_ONCE


@working()
@np.errstate(all="ignore")  # a network that went astray gives infinities, and they count as no answer
def answers_of(network: Network, split: Split, engine: str = AUTO) -> Answers:
    """What a network answers to the samples of a split; NaN where the largest score is not finite, as is softmax.

    As many at once as in the evaluations of a training, so that its accuracies are met to the sample.

    Args:
        engine: the one whose rounding counts; another where that is not here.
    """
    chosen = _engine(network, engine)
    probabilities = np.empty((len(split), network.sizes[-1]))
    for start in range(0, len(split), EVALUATED_AT_ONCE):
        rest()
        part = split.part(start, start + EVALUATED_AT_ONCE)
        scores = chosen.predict(network, part).astype(np.float64)
        probabilities[start : start + EVALUATED_AT_ONCE] = softmax(scores)
    return Answers(split.t, probabilities)


def _engine(network: Network, name: str) -> Engine:
    try:
        return choose_engine(name if name in ENGINES else AUTO, network, EVALUATED_AT_ONCE)
    except EngineError:
        return ENGINES["reference"](None)
