"""The records of a run."""

import re

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


@pytest.mark.parametrize("looks", [1, 2, 20, 21, 40, 41, 59, 1000])
def test_the_table_in_a_notebook_ends_with_the_last_evaluation(looks):
    """However many of them are passed over to keep it at about twenty lines."""
    evaluations = [Evaluation(1000 * i, i / 4, 2 / (i + 1), i / 5000, i / 10_000) for i in range(looks)]
    head, *rows = re.findall(r"<tr>(.*?)</tr>", History(evaluations=evaluations)._repr_html_())
    assert re.findall(r"<th>(.*?)</th>", head) == [
        "iteration",
        "epoch",
        "mean loss",
        "training accuracy",
        "test accuracy",
    ]
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows]
    assert cells[0] == ["0", "0.00", "2.0000", "0.0000", "0.0000"]
    i = looks - 1
    assert cells[-1] == [f"{1000 * i:,}", f"{i / 4:.2f}", f"{2 / looks:.4f}", f"{i / 5000:.4f}", f"{i / 10_000:.4f}"]
    assert min(looks, 11) <= len(cells) <= 21
    assert [cell[0] for cell in cells] == list(dict.fromkeys(cell[0] for cell in cells))
