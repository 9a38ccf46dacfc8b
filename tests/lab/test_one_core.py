"""Questions multiply on one core while they are answered, whichever thread brings them."""

from threading import Thread

import pytest

from zerokara.lab.one_core import one_core
from zerokara.runs.machine import blas_threads, limited_to


def seen_in(engine: str) -> list[int]:
    """Threads that the matrix library has within the context, and after it."""
    seen: list[int] = []

    def ask() -> None:
        with one_core(engine):
            seen.append(blas_threads())
        seen.append(blas_threads())

    thread = Thread(target=ask)
    thread.start()
    thread.join()
    return seen


@pytest.mark.parametrize(("engine", "within"), [("compiled", 1), ("reference", 2)])
def test_a_question_takes_one_core_where_that_changes_no_training(engine, within):
    with limited_to(2):  # this thread limits the library, as a training may
        if blas_threads() != 2:
            pytest.skip("this matrix library has one thread")
        assert [seen_in(engine), seen_in(engine)] == [[within, 2], [within, 2]]
        assert blas_threads() == 2
