"""Correct training scripts, in many manners: nothing is found."""

from collections.abc import Callable
from typing import Any

import pytest

from . import correct, mistakes

SCRIPTS = {**mistakes.SCRIPTS, **correct.SCRIPTS}
QUICK = ("one layer that begins with zeros", "t - y and plus", "micro-batches", "stopped early", "one batch on purpose")


def check(source: str, ran: Callable[[str], Any]) -> None:
    done = ran(source)
    assert done.error is None
    assert done.found == ()


@pytest.mark.parametrize("name", QUICK)
def test_a_correct_script_on_pictures_that_are_made_up(name: str, ran: Any, made_up: None) -> None:
    check(SCRIPTS[name], ran)


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("source", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_correct_script(source: str, ran: Any) -> None:
    check(source, ran)
