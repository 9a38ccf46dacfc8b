"""Weights for any program: they come back as they were, and damaged or foreign ones are noticed."""

import json
import shutil
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.numpy import load

import zerokara
from zerokara.cli.app import main
from zerokara.errors import RunError
from zerokara.nn import Network
from zerokara.runs.digest import NO_DIGEST
from zerokara.runs.listing import line_of
from zerokara.runs.provenance import recorded_recipe
from zerokara.runs.resume import reopen
from zerokara.runs.weights import weights_file

ORIGIN = {"recipe": {"seed": 0}, "data": "0123", "iteration": 7}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_come_back_as_they_were(dtype: type, tmp_path: Path) -> None:
    network = Network([6, 5, 3], activation="tanh", loss="squared", init=0.5, dtype=dtype)
    content = weights_file(network, ORIGIN)
    for name, value in load(content).items():
        assert value.dtype == dtype
        assert_array_equal(value, network.params[name])
    (tmp_path / "w").write_bytes(content)
    with safe_open(tmp_path / "w", "numpy") as file:
        assert set(file.keys()) == set(network.params)
        facts = json.loads(file.metadata()["zerokara"])
    assert facts.pop("digest").startswith("sha256:")
    assert facts == {"sizes": [6, 5, 3], "activation": "tanh", "loss": "squared", **ORIGIN}


def test_weights_that_are_not_contiguous_are_not_scrambled() -> None:
    """safetensors 0.8.0 writes the memory of a transposed array as if it were in order."""
    network = Network([3, 4], init=0.5)
    value = np.arange(12.0).reshape(4, 3)
    dict.__setitem__(network.params, "W1", value.T)
    assert not network.params["W1"].flags.c_contiguous
    assert_array_equal(load(weights_file(network, ORIGIN))["W1"], value.T)


OPTIONS: dict[str, Any] = {"hidden": (2,), "batch_size": 300, "iterations": 6, "engine": "reference", "plots": False}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zerokara.train("digits", out=tmp_path_factory.mktemp("runs"), **OPTIONS).path


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def test_every_flipped_byte_and_every_truncation_is_noticed(run: Path) -> None:
    path = run / "weights.safetensors"
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(
            RunError, match=r"weights.safetensors cannot be used[.:] .*Write the file anew with: zerokara"
        ):
            zerokara.open_run(run)
    for length in range(0, len(content), 41):
        path.write_bytes(content[:length])
        with pytest.raises(RunError, match=r"weights.safetensors cannot be used"):
            zerokara.open_run(run)
    path.write_bytes(content)
    zerokara.open_run(run)


@pytest.mark.parametrize("words", [["runs", "show"], ["check", "--no-plots"], ["runs", "draw"]])
def test_every_command_that_reads_a_run_says_so(
    run: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    content = bytearray((run / "weights.safetensors").read_bytes())
    content[-5] ^= 16
    (run / "weights.safetensors").write_bytes(content)
    assert main([*words, str(run)]) == 1
    assert (
        "weights.safetensors cannot be used. The file's content does not match its checksum" in capsys.readouterr().err
    )


def test_resuming_writes_damaged_weights_anew(run: Path, whole: Path) -> None:
    (run / "weights.safetensors").write_bytes(b"")
    reopened = reopen(run)
    reopened.prepared.run_into(reopened.folder, plots=False)
    assert (run / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    zerokara.open_run(run)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"seed": 1}, "The file is of another run, whose seed is 1; recipe.toml says 0"),
        ({"learning_rate": 0.2}, "whose learning_rate is 0.2"),
        ({"iterations": 5}, "The file's iteration is 5, that of the checkpoint 6"),
        ({"hidden": (3,)}, r"whose hidden is \[3\]"),
        ({"activation": "tanh"}, "whose activation is 'tanh'"),
    ],
)
def test_whole_weights_of_another_run_are_noticed(run: Path, tmp_path: Path, other: dict[str, Any], words: str) -> None:
    foreign = zerokara.train("digits", out=tmp_path, name="other", **{**OPTIONS, **other})
    shutil.copy(foreign.path / "weights.safetensors", run)
    with pytest.raises(RunError, match=rf"weights.safetensors cannot be used\. .*{words}"):
        zerokara.open_run(run)
    line = line_of(run)
    assert line is not None
    assert "weights.safetensors cannot be used" in line.in_words(), "the list sees it without reading the arrays"


def test_weights_with_a_digest_of_their_own_are_held_against_the_checkpoint(run: Path) -> None:
    """What somebody can write who knows the format."""
    path = run / "weights.safetensors"
    content = bytearray(path.read_bytes())
    digest = json.loads(json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])["__metadata__"]["zerokara"])
    content[-1] ^= 1
    blank = bytes(content).replace(digest["digest"].encode(), NO_DIGEST.encode())
    path.write_bytes(blank.replace(NO_DIGEST.encode(), b"sha256:" + sha256(blank).hexdigest().encode()))
    with pytest.raises(RunError, match=r"The array b2 is not that of the checkpoint after 6 updates"):
        zerokara.open_run(run)


def test_weights_of_other_data_are_noticed(run: Path) -> None:
    opened = zerokara.open_run(run)
    origin = {"recipe": recorded_recipe(opened.recipe), "data": opened.checksum, "iteration": 6}
    assert weights_file(opened.network, origin) == (run / "weights.safetensors").read_bytes()
    (run / "weights.safetensors").write_bytes(weights_file(opened.network, {**origin, "data": "0123456789abcdef"}))
    with pytest.raises(RunError, match=r"The file's data is '0123456789abcdef', that of the checkpoint"):
        zerokara.open_run(run)


def test_weights_that_are_missing_are_said(run: Path) -> None:
    (run / "weights.safetensors").unlink()
    with pytest.warns(UserWarning, match=r"weights.safetensors is missing. Write the file anew with: zerokara resume"):
        assert zerokara.open_run(run).iterations == 6


@pytest.mark.parametrize("facts", ["[]", "{}", '{"sizes": 1}', "5"])
def test_headers_that_are_none_of_ours(run: Path, facts: str) -> None:
    header = json.dumps({"__metadata__": {"zerokara": facts}}).encode()
    (run / "weights.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(RunError, match=r"weights.safetensors cannot be used"):
        zerokara.open_run(run)
