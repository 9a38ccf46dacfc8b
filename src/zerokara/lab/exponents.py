"""Powers of ten, as the page writes them."""

from __future__ import annotations

import re

_EXPONENT = re.compile(r"(?<=\d)e(?:(-)|\+)0?(\d+)")


def short_exponents(text: str) -> str:
    """A text with Python's numbers in it, written as `numbers.js` does.

    >>> short_exponents("1e-07 · 3.2e+30 = 3.2e+23")
    '1e-7 · 3.2e30 = 3.2e23'
    """
    return _EXPONENT.sub(r"e\1\2", text)
