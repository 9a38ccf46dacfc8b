"""The records of a run."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.training.history import Evaluation, History


def test_losses_are_the_chunks_in_order():
    history = History()
    assert history.losses.shape == (0,)
    for chunk in ([1.0], [], [2.0, 3.0]):
        history.chunks.append(np.array(chunk))
        history.losses.sum()  # joining in between changes nothing
    assert_array_equal(history.losses, [1, 2, 3])
    history.chunks.append(np.array([4.0]))
    assert_array_equal(history.losses, [1, 2, 3, 4])


def test_histories_do_not_share_their_records():
    one, other = History(), History()
    one.chunks.append(np.ones(1))
    one.evaluations.append(Evaluation(0, 0.0, 2.3, 0.1, 0.1))
    assert other.losses.size == 0
    assert other.evaluations == []


def test_the_last_evaluation():
    history = History(evaluations=[Evaluation(0, 0.0, 2.3, 0.1, 0.1), Evaluation(5, 1.0, 1.0, 0.5, 0.4)])
    assert history.last.iteration == 5
    with pytest.raises(IndexError, match="list index out of range"):
        History().last  # noqa: B018
