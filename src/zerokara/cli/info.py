"""`zerokara info`: what is installed here, what computes, and where data are."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import zerokara
from zerokara.data import ENTRIES, whereabouts
from zerokara.data.search_paths import cache_folder
from zerokara.engine.compiled import CompiledEngine, core, usable_cores
from zerokara.errors import EngineError

PACKAGES = ("numpy", "scikit-learn", "matplotlib", "safetensors")
OPTIONAL = ("ipython", "nbformat", "tensorboardX", "pandas")


def info() -> None:
    """Print versions, the engine, threads, and the data that are here."""
    rows = [
        ("zerokara", zerokara.__version__),
        ("python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
        *((name, _version(name)) for name in PACKAGES),
        *((name, _version(name)) for name in OPTIONAL),
        ("engine", _engine()),
        ("threads", f"{usable_cores()}, the cores this process may use"),
        ("cache", str(cache_folder())),
        *((f"data: {name}", _place(name)) for name in ENTRIES),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed" + (" (optional)" if package in OPTIONAL else "")


def _engine() -> str:
    try:
        return f"compiled, for {CompiledEngine().level} processors; ZEROKARA_LEVEL forces another level"
    except EngineError as error:
        return f"reference (NumPy). {error}" if core() is None else f"none but reference (NumPy), if asked for. {error}"


def _place(name: str) -> str:
    folders = {str(path.parent) for path in whereabouts(name).values() if path}
    return ", ".join(sorted(folders)) or f"not here; zerokara data fetch {name}"
