"""What a user reads: one function words all of it, so that one place can translate it later.

Every sentence a user may read is written where it is needed and goes through `sentence`. A good one says what was
wrong, what was got, what was expected, what was done about it, and what to do next.
"""

import importlib.util
import shlex
import sys


def sentence(template: str, /, **facts: object) -> str:
    """Fill a template with the facts of the case.

    >>> sentence("{name} must be a positive number. Got {got}.", name="learning_rate", got=-0.1)
    'learning_rate must be a positive number. Got -0.1.'
    """
    return template.format(**facts)


def to_install(*packages: str) -> str:
    """The command that brings packages to the Python that is running, wherever the user's shell is."""
    pip = [sys.executable, "-m", "pip", "install"]
    uv = ["uv", "pip", "install", "--python", sys.executable]
    return shlex.join([*(pip if importlib.util.find_spec("pip") else uv), *packages])
