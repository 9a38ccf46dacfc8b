"""What `Run.lab` does is the lab's, a room above this one: the package root puts it here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class OpenedLab(Protocol):
    """What `zerokara.open_lab` returns.

    Attributes:
        address: of its page; None where it is shown below a notebook's cell.
    """

    address: str | None

    def close(self) -> None:
        """End it; a run that is being trained stops, and can be gone on with."""


open_in_lab: Callable[[Any], OpenedLab] | None = None
"""Takes a run."""
