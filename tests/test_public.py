"""What somebody sees who programs against zerokara: the package root, its types, its version."""

import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest

import zerokara
from zerokara.version import VERSION

HEAVY = [
    "matplotlib",
    "sklearn",
    "pooch",
    "requests",
    "rich",
    "cyclopts",
    "PIL",
    "safetensors",
    "scipy",
    "IPython",
    "pandas",
    "anywidget",
    "websockets",
]


def test_import_zerokara_stays_light():
    code = f"import sys, zerokara; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_completion_offers_the_public_names_and_nothing_else():
    assert dir(zerokara) == sorted(zerokara.__all__)
    code = "import zerokara; print(dir(zerokara) == sorted(zerokara.__all__), 'train' in vars(zerokara))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True False"  # also before any of them was used


def test_the_version_is_that_of_the_package():
    assert zerokara.__version__ == VERSION == metadata.version("zerokara")


def test_the_public_names_are_all_there():
    for name in zerokara.__all__:
        assert getattr(zerokara, name) is not None
    with pytest.raises(AttributeError, match="module 'zerokara' has no attribute 'trian'"):
        zerokara.trian  # noqa: B018


def test_the_package_says_that_it_has_types():
    assert resources.files("zerokara").joinpath("py.typed").is_file()


USERS_CODE = """
from typing import assert_type
import zerokara

run = zerokara.train("digits", hidden=5)
assert_type(run, zerokara.Run)
assert_type(run.network.accuracy([[0.0] * 64], [0]), float)
zerokara.trian("digits")
"""


@pytest.mark.slow
def test_a_type_checker_knows_what_there_is(tmp_path: Path) -> None:
    """Also the names that are imported on first use; and a name that is not there is an error, not `Any`."""
    (tmp_path / "user.py").write_text(USERS_CODE)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "user.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    found = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(found) == 1, done.stdout + done.stderr
    assert found[0].startswith('user.py:8: error: Module has no attribute "trian"')
