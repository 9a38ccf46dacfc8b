"""Supplies the textbook's modules, and only those that nothing else supplies.

The finder is appended to `sys.meta_path`, so it is asked last: a learner's own `common/functions.py` is found before
it, one submodule at a time. Top-level packages in site-packages could not do that; they would hide the learner's.

    import common.layers     learner's common/layers.py, else zerokara.book.common.layers, as the very same object
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

logger = logging.getLogger(__name__)

HOME = "zerokara.book"
"""Where the textbook's modules are. The runner knows them by name only: they import it, and so start it."""

PACKAGES = ("common", "dataset")
MODULES = (
    "common.functions",
    "common.gradient",
    "common.layers",
    "common.multi_layer_net",
    "common.multi_layer_net_extend",
    "common.optimizer",
    "common.trainer",
    "common.util",
    "dataset.mnist",
    "deep_convnet",
    "gradient_2d",
    "layer_naive",
    "mnist",
    "simple_convnet",
    "two_layer_net",
    "twolayernet",
)


class LearnersFolders:
    """A package's `__path__`: every folder of that name on `sys.path`, looked up anew each time it is read.

    So a `sys.path.append` that comes after the first `import common` still puts the learner's files first, as it
    does for a namespace package. Python's own class for that is private.
    """

    def __init__(self, package: str) -> None:
        self.package = package

    def __iter__(self) -> Iterator[str]:
        folders = (os.path.join(entry or os.getcwd(), self.package) for entry in sys.path if isinstance(entry, str))
        return filter(os.path.isdir, folders)

    def __len__(self) -> int:
        return len(list(self))

    def __getitem__(self, index: int) -> str:
        return list(self)[index]

    def __contains__(self, folder: object) -> bool:
        return folder in list(self)

    def __repr__(self) -> str:
        return f"LearnersFolders({self.package!r}, {list(self)!r})"


class _Package(Loader):
    """Makes an empty package out of the learner's folders; what they lack, the finder supplies."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Alias(Loader):
    """Gives a module of zerokara.book a second name. Importing it must not change the module itself."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(f"{HOME}.{spec.name}")
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # importlib has just put the alias's spec there; the module is to stay what it is under its own name.
        module.__spec__ = self._own_spec
        name = module.__name__.removeprefix(f"{HOME}.")
        if name not in _supplied:
            logger.debug("supplied %s", name)
            _supplied.append(name)


class TextbookFinder(MetaPathFinder):
    """Answers for the textbook's names. It stands last, so it is asked only when nobody else answered."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in PACKAGES:
            spec = ModuleSpec(fullname, _Package(), is_package=True)
            spec.submodule_search_locations = LearnersFolders(fullname)  # type: ignore[assignment]
            return spec
        return ModuleSpec(fullname, _Alias(), origin=HOME) if fullname in MODULES else None


class _OverBareFolders(MetaPathFinder):
    """Answers for a module whose name is also that of a folder without any Python file, such as `mnist/` with data.

    Python would make an empty namespace package of that folder and stop looking. This finder stands first, and steps
    aside as soon as the folder holds one Python file: then it may be the learner's package.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in MODULES or path is not None:
            return None
        spec = PathFinder.find_spec(fullname)
        folders = spec.submodule_search_locations if spec and spec.origin is None else None
        if not folders or any(next(Path(folder).glob("**/*.py"), None) for folder in folders):
            return None
        return _finder.find_spec(fullname)


# One of each, so that installing twice is seen, and uninstalling takes away what was installed.
_finder = TextbookFinder()
_over_bare_folders = _OverBareFolders()
_supplied: list[str] = []


def install() -> None:
    """Let `import common.functions` and the like find zerokara's modules. Installing twice is installing once."""
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
        sys.meta_path.insert(0, _over_bare_folders)


def uninstall() -> None:
    """Take the finder away, and the names it supplied."""
    for finder in (_finder, _over_bare_folders):
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
    for name in (*_supplied, *PACKAGES):
        module = sys.modules.get(name)
        if module is not None and (name in _supplied or isinstance(getattr(module, "__loader__", None), _Package)):
            del sys.modules[name]
    _supplied.clear()


def supplied() -> list[str]:
    """The modules that zerokara supplied to this process, in the order they were imported."""
    return list(_supplied)
