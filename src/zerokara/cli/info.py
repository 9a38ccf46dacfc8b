"""`zerokara info`: what is installed here, what computes, and where data are."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import zerokara
from zerokara.cells import left, widest
from zerokara.data import ENTRIES, whereabouts
from zerokara.data.search_paths import cache_folder
from zerokara.engine.compiled import CompiledEngine, core, usable_cores
from zerokara.errors import EngineError
from zerokara.words import paragraph, sentence

PACKAGES = ("numpy", "scikit-learn", "matplotlib", "safetensors")
OPTIONAL = ("ipython", "nbformat", "websockets", "anywidget", "tensorboardX", "pandas")


def info() -> None:
    """Print versions, the engine, threads, and the data that are here."""
    cores = usable_cores()
    rows = [
        ("zerokara", zerokara.__version__),
        ("python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
        *((name, _version(name) or sentence("not installed")) for name in PACKAGES),
        *((name, _version(name) or sentence("not installed (optional)")) for name in OPTIONAL),
        (sentence("engine"), _engine()),
        (sentence("threads"), sentence("{cores}, the cores this process may use", cores=cores)),
        (sentence("cache"), str(cache_folder())),
        *((sentence("data: {name}", name=name), _place(name)) for name in ENTRIES),
    ]
    cells = widest([name for name, _ in rows])
    for name, value in rows:
        print(f"{left(name, cells)}  {value}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _engine() -> str:
    try:
        level = CompiledEngine().level
    except EngineError as error:
        if core() is None:
            return paragraph(sentence("reference (NumPy)."), str(error))
        return paragraph(sentence("none but reference (NumPy), if asked for."), str(error))
    return sentence("compiled, for {level} processors; ZEROKARA_LEVEL forces another level", level=level)


def _place(name: str) -> str:
    folders = {str(path.parent) for path in whereabouts(name).values() if path}
    return ", ".join(sorted(folders)) or sentence("not here; zerokara data fetch {name}", name=name)
