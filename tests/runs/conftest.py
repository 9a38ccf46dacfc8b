"""What the tests of runs share."""

import re
from collections.abc import Callable

import pytest


@pytest.fixture
def is_whole(marked: None) -> Callable[[str], bool]:
    """Whether a text is sentences of the language for tests: each in one pair of brackets, and nothing outside."""
    return lambda text: re.fullmatch(r"⟦[^⟦⟧]+⟧([ \n]⟦[^⟦⟧]+⟧)*", text) is not None
