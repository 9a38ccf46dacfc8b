"""The textbook's modules in the processes that a learner's script starts.

A spawned child begins with nothing but Python and imports the script anew. What its parent sends first is a pickled
dict; an entry in it that is unpickled by calling `install` brings the finder there before the script is imported.
"""

from types import ModuleType
from typing import Any

from zerokara.runner.finder import install


class _FinderForChild:
    def __reduce__(self) -> tuple[Any, ...]:
        return install, ()


def install_in_children(spawn: ModuleType) -> None:
    """Send the finder along with what `multiprocessing.spawn` tells each child."""
    told = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        return {"zerokara": _FinderForChild(), **told(name)}

    if not getattr(told, "sends_finder", False):
        get_preparation_data.sends_finder = True  # type: ignore[attr-defined]
        spawn.get_preparation_data = get_preparation_data  # type: ignore[attr-defined]
