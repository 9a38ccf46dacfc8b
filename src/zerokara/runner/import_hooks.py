"""Does something right after the learner imports a module, without importing it for them.

Matplotlib takes most of a second to import, which a script that draws nothing shall not wait for. And a learner's own
`common.gradient` exists only once the learner's `sys.path` finds it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

Action = Callable[[ModuleType], None]


class _ImportHook(MetaPathFinder):
    """Stands first and never finds anything itself: it lets the others find, and adds a step to the loading."""

    def __init__(self) -> None:
        self.actions: dict[str, Action] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.actions:
            return None
        # Not importlib.util.find_spec, which would ask this finder again.
        others = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, others), None)
        if spec is not None and spec.loader is not None:
            _add_step(spec.loader, self.actions[fullname])
        return spec


def _add_step(loader: object, action: Action) -> None:
    # The loader stays the one that was found: others ask it for sources and resources.
    load = loader.exec_module  # type: ignore[attr-defined]

    def load_and_act(module: ModuleType) -> None:
        load(module)
        action(module)

    loader.exec_module = load_and_act  # type: ignore[attr-defined]


_hook = _ImportHook()


def after_import(name: str, action: Action) -> None:
    """Call action(module) when `name` is imported; at once if it has been."""
    if name in sys.modules:
        action(sys.modules[name])
        return
    _hook.actions[name] = action
    if _hook not in sys.meta_path:
        sys.meta_path.insert(0, _hook)


def forget(name: str) -> None:
    """Do nothing any more when `name` is imported."""
    _hook.actions.pop(name, None)
