"""A package index of this test's own, with tiny wheels, and a kit made from it."""

import os
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from zerokara.kit import Target, make_kit
from zerokara.kit.making import Kit

WINDOWS = Target("3.12", "win_amd64")


def write_wheel(
    folder: Path, name: str, version: str = "1.0", requires: tuple[str, ...] = (), tag: str = "py3-none-any"
) -> Path:
    """A wheel with nothing in it but what it requires."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {one}" for one in requires]
    with ZipFile(folder / f"{stem}-{tag}.whl", "w") as archive:
        archive.writestr("vendored/old-0.dist-info/METADATA", "Metadata-Version: 2.1\nName: old\nVersion: 0\n")
        archive.writestr(f"{stem}.dist-info/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return folder / f"{stem}-{tag}.whl"


def only_index(folder: Path) -> dict[str, str]:
    """What makes pip know this folder and no network."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip looks in, and nowhere else."""
    for name, value in only_index(tmp_path / "index").items():
        monkeypatch.setenv(name, value)
    return tmp_path / "index"


@pytest.fixture
def add(index: Path) -> Callable[..., Path]:
    """add(name, version, requires): a wheel more in the index."""
    return lambda *of, **more: write_wheel(index, *of, **more)


def fill_index(folder: Path) -> None:
    """All that zerokara requires of others, itself requiring nothing."""
    for name in {Requirement(text).name for text in requires("zerokara") or ()} | {"pip"}:
        write_wheel(folder, name, "9999")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A kit for Windows, of tiny wheels; not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    fill_index(folder / "index")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in only_index(folder / "index").items():
            patch.setenv(name, value)
        return make_kit(folder / "kit", WINDOWS)
