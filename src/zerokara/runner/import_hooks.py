"""Does something when the learner imports a module, without importing it for them.

Matplotlib takes most of a second to import, which a script that draws nothing shall not wait for: what is to be done
about it is done right after. And the code of the learner's own modules is looked through before it runs.
"""

from __future__ import annotations

import os
import site
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from zerokara.runner.own_loops import with_questions

Action = Callable[[ModuleType], None]


class _ImportHook(MetaPathFinder):
    """Stands first and never finds anything itself: it lets the others find, and adds a step to the loading."""

    def __init__(self) -> None:
        self.actions: dict[str, Action] = {}
        self.looks_through = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.actions and not (self.looks_through and _is_learners(fullname, path)):
            return None
        # Not importlib.util.find_spec, which would ask this finder again.
        others = [finder for finder in sys.meta_path if finder is not self]
        if not all(hasattr(finder, "find_spec") for finder in others):
            return None  # one of before Python 3.4, which Python knows how to ask
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is not None and fullname in self.actions and spec.loader is not None:
            _add_step(spec.loader, self.actions[fullname])
        if spec is not None and self.looks_through and _is_source(spec):
            _look_through(spec.loader)
        return spec


def _add_step(loader: object, action: Action) -> None:
    # The loader stays the one that was found: others ask it for sources and resources.
    load = loader.exec_module  # type: ignore[attr-defined]

    def load_and_act(module: ModuleType) -> None:
        load(module)
        action(module)

    loader.exec_module = load_and_act  # type: ignore[attr-defined]


# The code of the learner's own modules


def _is_learners(fullname: str, path: Sequence[str] | None) -> bool:
    """Whether a folder of the learner's has a source of that name; what others find instead is seen later."""
    name = fullname.rpartition(".")[2]
    for entry in sys.path if path is None else path:
        if isinstance(entry, str) and _is_learners_folder(_absolute(entry)):
            place = os.path.join(entry, name)
            if os.path.isfile(f"{place}.py") or os.path.isfile(os.path.join(place, "__init__.py")):
                return True
    return False


def _is_source(spec: ModuleSpec) -> bool:
    """Whether it is a plain file of the learner's: no archive, no extension, and no other finder's own loader."""
    return (
        type(spec.loader) is SourceFileLoader
        and spec.origin is not None
        and _is_learners_folder(os.path.dirname(os.path.abspath(spec.origin)))
    )


def _absolute(folder: str) -> str:
    return folder if os.path.isabs(folder) else os.path.abspath(folder)


@cache
def _is_learners_folder(folder: str) -> bool:
    """Whether it is neither the standard library's, nor of what was installed, nor zerokara's own."""
    folder = _real(folder)
    installed = {"site-packages", "dist-packages"} & set(Path(folder).parts)
    return not installed and not any((folder + os.sep).startswith(library) for library in _libraries())


@cache
def _libraries() -> tuple[str, ...]:
    standard, own = os.path.dirname(os.__file__), str(Path(__file__).parents[1])
    folders: list[str] = [standard, own, *site.getsitepackages(), site.getusersitepackages()]
    return tuple(_real(folder) + os.sep for folder in folders)


def _real(folder: str) -> str:
    return os.path.normcase(os.path.realpath(folder))


def _look_through(loader: object) -> None:
    """Let the code that a loader gives to the module it loads now ask at its loops. Nothing of that is kept."""
    plain_of = loader.get_code  # type: ignore[attr-defined]

    def get_code(fullname: str) -> CodeType | None:
        del loader.get_code  # type: ignore[attr-defined]
        code: CodeType | None = plain_of(fullname)  # from __pycache__, or into it
        return code if code is None else _looked_through(code, loader)

    # Python leaves the frames of importlib out of a traceback, and so also this one, where the source has an error.
    get_code.__code__ = get_code.__code__.replace(co_filename=_external.__code__.co_filename)
    loader.get_code = get_code  # type: ignore[attr-defined]


_external = SourceFileLoader.get_code
"""A function of importlib's own."""


def _looked_through(code: CodeType, loader: Any) -> CodeType:
    try:
        source = loader.get_data(loader.get_filename())
    except OSError:
        return code
    asking = with_questions(code, source)
    if asking is not code:
        with warnings.catch_warnings(action="ignore"):  # of the source, compiling it has warned already
            now = compile(source, code.co_filename, "exec", dont_inherit=True)
        if now != code:  # __pycache__ need not be of this source
            return code
    return asking


_hook = _ImportHook()


def after_import(name: str, action: Action) -> None:
    """Call action(module) when `name` is imported; at once if it has been."""
    if name in sys.modules:
        action(sys.modules[name])
        return
    _hook.actions[name] = action
    _stand_first()


def _stand_first() -> None:
    if _hook not in sys.meta_path:
        sys.meta_path.insert(0, _hook)


def look_through_own_modules(wanted: bool) -> None:
    """Whether numerical gradients are looked for in the modules that the learner imports from now on."""
    _hook.looks_through = wanted
    _stand_first()
