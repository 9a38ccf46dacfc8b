"""What a person sees while a network trains."""

import io
from typing import Any

import numpy as np
import pytest

from zerokara.cli.console import TABLE, ConsoleReporter, table_line
from zerokara.nn import Network
from zerokara.training.events import Advanced, Ended, Evaluated, Started
from zerokara.training.history import Evaluation, History

NONE = np.zeros(0, np.int64)
CONTEXT: dict[str, Any] = {"network": Network([1, 1]), "history": History(), "request_stop": lambda: None}
"""What the reporter has no use for."""


def shown(looks: int, update_seconds: float = 0.01, evaluation_seconds: float = 0.5) -> tuple[list[str], list[str]]:
    """What is printed in a run of so many evaluations, ten updates apart; and the lines of all of them."""
    stream = io.StringIO()
    reporter = ConsoleReporter(stream)
    total = 10 * (looks - 1)
    evaluations = [Evaluation(10 * i, i / 4, 2 / (i + 1), i / 1000, i / 2000) for i in range(looks)]
    reporter(Started(0, total, looks, **CONTEXT))
    for e in evaluations:
        if e.iteration:
            reporter(Advanced(e.iteration, np.ones(10), 10 * update_seconds, **CONTEXT))
        reporter(Evaluated(e, evaluation_seconds, NONE, NONE, **CONTEXT))
    reporter(Ended(total, stopped=False, **CONTEXT))
    return stream.getvalue().splitlines(), [table_line(e) for e in evaluations]


@pytest.mark.parametrize("looks", [2, 18, 20, 21, 42, 43, 500])
def test_the_table_has_some_twenty_lines_and_ends_with_the_last_evaluation(looks: int) -> None:
    printed, lines = shown(looks)
    table = printed[printed.index(TABLE.head()) + 1 :]
    assert [table[0], table[-1]] == [lines[0], lines[-1]]
    assert table == [line for line in lines if line in table]  # in their order, none twice
    assert min(looks, 10) <= len(table) <= 21


@pytest.mark.parametrize(("update", "said"), [(0.1, "1 min 2 s"), (0.001, "21 s")])
def test_the_forecast_counts_updates_and_evaluations(update: float, said: str) -> None:
    """42 evaluations of 0.5 s, 410 updates of 0.1 s or 1 ms: those before the second evaluation stand for all."""
    printed, _ = shown(42, update_seconds=update)
    assert printed[0].startswith(f"forecast: {said}, from the first 10 updates and ")
    assert sum("forecast" in line for line in printed) == 1
