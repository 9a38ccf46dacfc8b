"""Zerokara's own wheels are those that pip would build, without a compiler and without building."""

import base64
import csv
import hashlib
import os
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

from zerokara.engine.compiled import core
from zerokara.errors import ZerokaraError
from zerokara.kit import own_wheel
from zerokara.kit.own_wheel import write_own_wheels

ROOT = Path(__file__).parents[2]


def content(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_own_wheels(tmp_path_factory.mktemp("wheels"), compiled=True)


def test_the_pure_one_has_all_but_the_core(written):
    assert written[0].name.endswith("-py3-none-any.whl")
    files = content(written[0])
    assert not [name for name in files if name.endswith((".so", ".pyd", ".pyc"))]
    needed = ["py.typed", "_core.pyi", *(f"kit/installer/{name}" for name in ("install.bat", "install.py", "start.sh"))]
    needed += [f"locales/{language}/LC_MESSAGES/zerokara.mo" for language in ("ja", "ko")]
    needed += [
        f"lab/lessons/what-loss-is/{name}" for name in ("lesson.toml", "trained.toml", "en.md", "ja.md", "ko.md")
    ]
    assert {f"zerokara/{name}" for name in needed} <= set(files)


def test_the_compiled_one_has_the_core_besides_and_says_on_what_it_runs(written):
    if core() is None:
        assert len(written) == 1
        return
    pure, compiled = map(content, written)
    (name,) = set(compiled) - set(pure)
    assert compiled[name] == Path(core().__file__).read_bytes()
    tag = written[1].name.removesuffix(".whl").split("-", 2)[2]
    assert tag.startswith(f"cp3{sys.version_info[1]}-cp3{sys.version_info[1]}-")
    assert f"Tag: {tag}\n" in compiled["zerokara-0.1.0.dist-info/WHEEL"].decode()
    assert "Root-Is-Purelib: false" in compiled["zerokara-0.1.0.dist-info/WHEEL"].decode()
    if sys.platform == "linux":  # "linux_x86_64" would be installed, and fail, where the C library is older
        assert "-manylinux_2_" in tag


def test_its_record_is_that_of_its_files(written):
    for path in written:
        files = content(path)
        (record,) = [name for name in files if name.endswith("RECORD")]
        listed = {name: (digest, size) for name, digest, size in csv.reader(files[record].decode().splitlines())}
        assert listed.pop(record) == ("", "")
        for name, data in files.items():
            if name != record:
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
                assert listed.pop(name) == (f"sha256={digest}", str(len(data)))
        assert not listed


def test_nothing_in_it_tells_who_made_it_and_where(written):
    telling = {str(ROOT), str(Path.home()), sys.prefix, "direct_url", os.uname().nodename}
    for path in written:
        for name, data in content(path).items():
            assert not [text for text in telling if len(text) > 4 and text.encode() in data], name
            assert not name.endswith(("direct_url.json", "INSTALLER", "REQUESTED"))


def test_the_same_files_are_the_same_wheel(written, tmp_path):
    again = write_own_wheels(tmp_path, compiled=True)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in written]


def test_one_for_other_pcs_has_no_core(tmp_path):
    assert [path.name for path in write_own_wheels(tmp_path, compiled=False)] == ["zerokara-0.1.0-py3-none-any.whl"]


def test_a_zerokara_that_is_not_installed_makes_none(tmp_path, monkeypatch):
    def missing(name):
        raise own_wheel.PackageNotFoundError(name)

    monkeypatch.setattr(own_wheel, "distribution", missing)
    with pytest.raises(ZerokaraError, match="pip install") as caught:
        write_own_wheels(tmp_path, compiled=False)
    assert caught.value.code == "missing-package"


@pytest.mark.slow
def test_it_is_the_wheel_that_pip_builds(written, tmp_path):
    """The witness: scikit-build-core, told to compile nothing."""
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path]
    settings = ["-C", "wheel.cmake=false", "-C", f"build-dir={tmp_path}/build"]
    subprocess.run([*pip, *settings, ROOT], check=True, capture_output=True)
    (built,) = map(content, tmp_path.glob("*.whl"))
    ours = content(written[0])
    assert set(ours) == set(built)
    differing = {name for name in ours if ours[name] != built[name]}
    assert {name.partition(".dist-info/")[2] for name in differing} <= {"WHEEL", "RECORD", "METADATA"}
    (metadata,) = [name for name in ours if name.endswith("METADATA")]
    own, theirs = (message_from_bytes(files[metadata]) for files in (ours, built))
    for field in ("Requires-Dist", "Provides-Extra", "Requires-Python", "Version"):
        assert own.get_all(field) == theirs.get_all(field)
