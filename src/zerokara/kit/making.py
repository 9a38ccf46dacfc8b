"""Making a kit: all of it beside the folder first, so that what fails leaves the folder as it was.

In a kit lie wheels/, data/mnist/, examples/, pages/ (zerokara's own), the installer, and kit.json, which is written
last and has the SHA-256 of every other file.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from zerokara.data import fetch, whereabouts
from zerokara.errors import UsageError
from zerokara.files import replace_file
from zerokara.kit.own_wheel import write_own_wheels
from zerokara.kit.packages import collect
from zerokara.kit.target import Target
from zerokara.kit.texts import installer_words, python_needed, readmes
from zerokara.version import VERSION
from zerokara.words import language, sentence

INSTALLED = (f"zerokara[notebook,fonts,lab]=={VERSION}", "pip")
"""What pip is asked for in a classroom."""
MANIFEST = "kit.json"
INSTALLER = Path(__file__).with_name("installer")
FROM_SOURCE = {
    "examples": ("examples/**/*.py", "examples/**/*.ipynb", "examples/**/*.md", "examples/**/*.txt"),
    "pages": ("README*.md", "docs/**/*.md", "docs/*.png", "docs/*.svg"),
}
"""Folder of a kit → what it holds of a source tree."""


@dataclass(frozen=True)
class Kit:
    """A kit that was made.

    Attributes:
        packages: how many wheels it has, zerokara's own among them.
        size: in bytes.
        compiled, data, examples: whether the compiled core, MNIST and the examples are in it.
    """

    folder: Path
    target: Target
    packages: int
    size: int
    compiled: bool
    data: bool
    examples: bool


def make_kit(folder: Path, target: Target, tell: Callable[[str], None] = lambda text: None) -> Kit:
    """Make a kit in a folder that is new or empty, or bring an earlier kit there up to date.

    Args:
        tell: called with a sentence on what is being done.

    Raises:
        UsageError: the folder holds something else.
        ZerokaraError: pip is missing, or could not deliver; MNIST is damaged.
        OSError: something cannot be written. In each case the folder is as it was.
    """
    check_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", suffix=".partial", dir=folder.parent) as partial:
        made = Path(partial)
        kit = _fill(made, folder, target, tell)
        _move(made, folder, _manifest(made, target))
    return kit


def check_folder(folder: Path) -> None:
    """Raise UsageError unless a kit may be made there."""
    if folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir())):
        return
    if os.path.lexists(folder):
        raise UsageError(
            sentence("{folder} exists and is no kit. Name a new folder. Nothing was written.", folder=folder),
            "kit-folder",
        )


def _fill(made: Path, folder: Path, target: Target, tell: Callable[[str], None]) -> Kit:
    wheels = made / "wheels"
    wheels.mkdir()
    own = write_own_wheels(wheels, compiled=target.like_here)
    collect(wheels, INSTALLED, target, tell)
    data = _copy_mnist(made / "data" / "mnist")
    examples = _copy_source(made)
    for name, content in _written(target, data, examples):
        (made / name).write_bytes(content)
    return Kit(
        folder=folder,
        target=target,
        packages=len(list(wheels.iterdir())),
        size=sum(path.stat().st_size for path in _files(made)),
        compiled=len(own) > 1,
        data=data,
        examples=examples,
    )


def _copy_mnist(folder: Path) -> bool:
    """Copy MNIST if it is here, each file verified; whether it is."""
    if not all(whereabouts("mnist").values()):
        return False
    folder.mkdir(parents=True)
    for path in fetch("mnist").values():
        assert path is not None  # all are here, so none was fetched
        shutil.copyfile(path, folder / path.name)
    return True


def _copy_source(made: Path) -> bool:
    """Copy examples and pages where zerokara runs from its source tree; whether it does. A wheel has neither."""
    root = Path(__file__).parents[3]
    if not ((root / "pyproject.toml").is_file() and (root / "src" / "zerokara" / "kit").is_dir()):
        return False
    for folder, patterns in FROM_SOURCE.items():
        for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
            copy = made / folder / path.relative_to(root if folder == "pages" else root / folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return True


def _written(target: Target, data: bool, examples: bool) -> Iterator[tuple[str, bytes]]:
    """The installer and the READMEs, with the line ends and the encoding that each system's own programs expect."""
    for path in sorted(INSTALLER.glob("install.*")):
        yield path.name, script(path, target.python)
    yield "python-needed.txt", _dos(python_needed(target)).encode()
    for name, text in readmes(target, data, examples).items():
        # Notepad takes a text without the mark for the system's old code page.
        yield name, _dos(text).encode("utf-8-sig")


def script(path: Path, python: str = "") -> bytes:
    """A script of the installer as it lies in a kit."""
    text = path.read_text(encoding="utf-8").replace("@PYTHON@", python)
    return (_dos(text) if path.suffix == ".bat" else text).encode()


def _dos(text: str) -> str:
    return text.replace("\n", "\r\n")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _manifest(made: Path, target: Target) -> bytes:
    """kit.json: what the kit is, what the installer needs, and the SHA-256 of every file."""
    content = {
        "kit": 1,
        "zerokara": VERSION,
        "python": target.python,
        "platform": target.platform,
        "language": language(),
        "install": INSTALLED,
        "pip": next((made / "wheels").glob("pip-*.whl")).name,
        "words": installer_words(),
        "files": {
            path.relative_to(made).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(made)
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _move(made: Path, folder: Path, manifest: bytes) -> None:
    """Put a kit in place of an earlier one, whose wheels go; what somebody put there stays. The manifest is last."""
    folder.mkdir(exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for old in (folder / "wheels").glob("*.whl"):
        old.unlink()
    for path in _files(made):
        place = folder / path.relative_to(made)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o755 if place.suffix == ".sh" else 0o644)
        os.replace(path, place)
    replace_file(folder / MANIFEST, [manifest])
