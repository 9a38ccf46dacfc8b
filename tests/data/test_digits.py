"""The bundled digits. Witness: scikit-learn's own loader."""

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.data import digits, load
from zerokara.errors import DataError


def rows(pixels: np.ndarray, t: np.ndarray) -> np.ndarray:
    """All samples with their labels, in an order that depends on nothing but them."""
    together = np.column_stack([pixels, t]).astype(int)
    return together[np.lexsort(together.T)]


def test_both_parts_together_are_scikit_learns_digits() -> None:
    from sklearn.datasets import load_digits

    data = load("digits")
    expected = load_digits()
    pixels = np.concatenate([data.train.pixels, data.test.pixels])
    t = np.concatenate([data.train.t, data.test.t])
    assert_array_equal(rows(pixels, t), rows(expected.data, expected.target))
    assert (data.train.full, data.image_shape, data.train.pixels.dtype) == (16, (8, 8), np.uint8)


def test_a_fifth_of_every_class_is_for_testing() -> None:
    data = load("digits")
    assert (len(data.train), len(data.test)) == (1438, 359)
    share = data.test.counts(10) / (data.test.counts(10) + data.train.counts(10))
    assert share == pytest.approx(0.2, abs=0.003)


def test_the_split_is_the_same_for_ever() -> None:
    # recorded once: a change would make every run on record incomparable
    assert load("digits").checksum == "4702bedc83319a71"
    assert load("digits").test.t[:12].tolist() == [4, 3, 0, 8, 0, 9, 9, 8, 5, 1, 2, 2]


def test_scikit_learn_is_not_imported() -> None:
    program = "import sys; from zerokara.data import load; load('digits'); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0


def test_a_missing_scikit_learn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "find_spec", lambda _: None)
    with pytest.raises(DataError, match="come with scikit-learn, which is not installed whole"):
        load("digits")


DAMAGED = {
    "no gzip": b"0,0",
    "cut off": gzip.compress(b"0,0")[:-4],
    "short": gzip.compress(b"0,1,2\n3,4,5\n"),
    "uneven": gzip.compress(b"0,1,2\n3,4\n"),
    "words": gzip.compress(b"a,b\n"),
    "too large": gzip.compress(b"\n".join([b",".join([b"17"] * 65)] * 1797)),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_named(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(DAMAGED[case])
    monkeypatch.setattr(digits, "digits_file", lambda: path)
    with pytest.raises(DataError, match=rf"^{path} is damaged .*Reinstall it"):
        load("digits")
