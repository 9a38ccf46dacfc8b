"""The textbook's modules in the processes that a learner's script starts, and its own numerical gradients.

A spawned child begins with nothing but Python and imports the script anew. What its parent sends first is a pickled
dict; an entry in it that is unpickled by calling `begin` brings the runner there before the script is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from zerokara import recognise
from zerokara.runner import finder, import_hooks
from zerokara.runner.own_loops import with_questions

_for_good = ExitStack()


class _RunnerForChild:
    def __reduce__(self) -> tuple[Any, ...]:
        return begin, (recognise.mode_now(),)


def begin(mode: str) -> None:
    """In a child: find the modules, and look through the script that is about to be imported, in the parent's mode."""
    finder.install()
    _for_good.enter_context(recognise.mode(mode))
    import_hooks.look_through_own_modules(True)
    # There is no public place between reading a script and running it.
    import runpy

    read = getattr(runpy, "_get_code_from_file", None)
    if read is not None:
        runpy._get_code_from_file = _looking_through(read)  # type: ignore[attr-defined]


def _looking_through(read: Callable[..., Any]) -> Callable[..., Any]:
    def get_code_from_file(*names: str) -> Any:
        found = read(*names)  # until Python 3.11 a pair of code and name, later the code alone
        code = found[0] if isinstance(found, tuple) else found
        if not isinstance(code, CodeType) or not Path(code.co_filename).is_file():
            return found
        code = with_questions(code, Path(code.co_filename).read_bytes())
        return (code, *found[1:]) if isinstance(found, tuple) else code

    return get_code_from_file


def install_in_children(spawn: ModuleType) -> None:
    """Send the runner along with what `multiprocessing.spawn` tells each child."""
    told = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        return {"zerokara": _RunnerForChild(), **told(name)}

    if not getattr(told, "sends_runner", False):
        get_preparation_data.sends_runner = True  # type: ignore[attr-defined]
        spawn.get_preparation_data = get_preparation_data  # type: ignore[attr-defined]
