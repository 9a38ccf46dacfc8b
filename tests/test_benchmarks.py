"""The benchmark measures all that it was asked for, or writes nothing; no setting of a matrix library reaches it."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMPARE = ROOT / "benchmarks" / "compare.py"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A folder to write to, with a page and a picture that must stay as they are."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "benchmarks" / "RESULTS.md").write_text("old")
    (tmp_path / "docs" / "benchmark.png").write_text("old")
    return tmp_path


def compare(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(COMPARE), "--tiny", "--write", *arguments],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def is_old(page: Path) -> bool:
    files = [page / "benchmarks" / "RESULTS.md", page / "docs" / "benchmark.png"]
    return [file.read_text() for file in files] == ["old", "old"] and len(list(page.rglob("*"))) == 4


def test_without_mnist_nothing_is_written(page: Path, tmp_path: Path) -> None:
    nowhere = {"ZEROKARA_DATA": str(tmp_path / "none"), "ZEROKARA_CACHE": str(tmp_path / "none")}
    done = compare("--without", "torch", "jax", "--to", str(page), **nowhere)
    assert done.returncode == 1
    assert "MNIST is not here: train-images" in done.stderr
    assert "Nothing was measured or written" in done.stderr
    assert "Traceback" not in done.stderr
    assert is_old(page)


@pytest.mark.skipif(importlib.util.find_spec("jax") is not None, reason="jax is installed")
def test_a_peer_that_is_not_installed_is_named_with_how_to_get_it(page: Path) -> None:
    done = compare("--to", str(page))
    assert done.returncode == 2
    assert "jax. Nothing was measured or written. Install with: " in done.stderr
    assert "--without " in done.stderr
    assert is_old(page)


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_is_written_says_what_was_left_out_and_which_kernels_ran(page: Path) -> None:
    done = compare("--without", "torch", "jax", "--to", str(page), OPENBLAS_CORETYPE="Prescott")
    assert done.returncode == 0, done.stderr
    assert re.search("^measured without .*OPENBLAS_CORETYPE", done.stderr)
    text = (page / "benchmarks" / "RESULTS.md").read_text()
    assert "Left out: torch, jax." in text
    assert "| PyTorch eager | left out (--without torch) |" in text
    assert "Prescott" not in text
    assert (page / "docs" / "benchmark.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_peer_that_fails_leaves_the_page_as_it_was(page: Path, tmp_path: Path) -> None:
    """A scikit-learn that can be found and not imported."""
    (tmp_path / "path" / "sklearn").mkdir(parents=True)
    (tmp_path / "path" / "sklearn" / "__init__.py").write_text("raise RuntimeError('broken')")
    done = compare("--without", "torch", "jax", "--to", str(page), PYTHONPATH=str(tmp_path / "path"))
    assert done.returncode == 1
    assert "not measured: scikit-learn: RuntimeError: broken. Nothing was written." in done.stderr
    assert [(page / "benchmarks" / "RESULTS.md").read_text(), (page / "docs" / "benchmark.png").read_text()] == [
        "old"
    ] * 2


def test_settings_of_matrix_libraries_are_found(tmp_path: Path) -> None:
    script = (
        "import json, os; from environment import settings, untuned;"
        "print(json.dumps([settings(os.environ), untuned(os.environ)]))"
    )
    tuned = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_L2_SIZE": "512", "OMP_NUM_THREADS": "1", "ZEROKARA_LEVEL": "v3"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "benchmarks", env={"PATH": "/bin", **tuned},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found, rest = json.loads(done.stdout)
    assert found == sorted(tuned)
    assert "PATH" in rest
    assert not set(rest) & set(tuned)


@pytest.mark.parametrize("script", ["compare", "peers", "numerical", "growth", "lab"])
def test_every_script_starts_without_them(script: str) -> None:
    text = (ROOT / "benchmarks" / f"{script}.py").read_text()
    assert 'if __name__ == "__main__":\n    start_untuned()\n' in text
