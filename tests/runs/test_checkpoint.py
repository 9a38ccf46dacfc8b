"""Checkpoints: everything in, everything out; and nothing but a whole one of ours is ever believed."""

import json
import pickle
import struct
from collections.abc import Callable
from dataclasses import astuple, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zerokara
from zerokara.errors import RunError
from zerokara.runs.checkpoint import checkpoint_file, expected_arrays
from zerokara.runs.digest import NO_DIGEST
from zerokara.runs.prepared import prepare_run
from zerokara.runs.provenance import CheckpointFacts, Provenance
from zerokara.runs.reading import read_checkpoint, read_summary
from zerokara.training.history import Evaluation
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer

TINY: dict[str, Any] = {"dataset": "digits", "hidden": (1,), "batch_size": 500, "iterations": 3}


Trained = tuple[Trainer, Provenance, Recipe]


def trained(**options: Any) -> Trained:
    prepared = prepare_run(Recipe.from_values({**TINY, **options}), engine="reference")
    prepared.trainer.run()
    return prepared.trainer, prepared.provenance, prepared.recipe


@pytest.fixture(scope="module")
def adam() -> Trained:
    return trained(optimizer="adam")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "3.safetensors"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_everything_comes_back(path: Path, optimizer: str, dtype: str) -> None:
    trainer, provenance, recipe = trained(optimizer=optimizer, dtype=dtype)
    path.write_bytes(checkpoint_file(trainer, provenance, "finished"))
    checkpoint = read_checkpoint(path, recipe)
    fresh = prepare_run(recipe, engine="reference").trainer
    checkpoint.restore(fresh)
    for name, array in trainer.network.params.items():
        np.testing.assert_array_equal(fresh.network.params[name], array, strict=True)
    for slot, arrays in trainer.optimizer.state.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(fresh.optimizer.state[slot][name], array, strict=True)
    np.testing.assert_array_equal(fresh.history.losses, trainer.history.losses, strict=True)
    assert fresh.history.evaluations == trainer.history.evaluations
    assert fresh.iteration == fresh.optimizer.steps == 3
    assert fresh.history.seconds == trainer.history.seconds


def test_arrays_that_are_not_c_contiguous_are_written_as_they_are(path: Path) -> None:
    """safetensors 0.8.0 would write them in the order of their memory, without a word."""
    trainer, provenance, recipe = trained()
    transposed = np.arange(64 * 1, dtype=np.float32).reshape(1, 64).T
    wide = np.arange(20, dtype=np.float32)[::2].reshape(10, 1).T
    assert not wide.flags.c_contiguous
    dict.__setitem__(trainer.network.params, "W1", transposed)
    dict.__setitem__(trainer.network.params, "W2", wide)
    path.write_bytes(checkpoint_file(trainer, provenance, "finished"))
    params = read_checkpoint(path, recipe).params
    np.testing.assert_array_equal(params["W1"], transposed)
    np.testing.assert_array_equal(params["W2"], wide)


def test_other_readers_of_safetensors_can_read_it(path: Path, adam: Trained) -> None:
    """The layout, read by hand: a length, a JSON header, the bytes (the format's own description)."""
    trainer, provenance, _ = adam
    content = checkpoint_file(trainer, provenance, "finished")
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    begin, end = header["state/v/W2"]["data_offsets"]
    values = np.frombuffer(content[8 + length :][begin:end], "<f4").reshape(header["state/v/W2"]["shape"])
    np.testing.assert_array_equal(values, trainer.optimizer.state["v"]["W2"])
    evaluations = np.frombuffer(content[8 + length :][slice(*header["evaluations"]["data_offsets"])], "<f8").reshape(
        -1, 5
    )
    assert evaluations[-1].tolist() == list(astuple(trainer.history.last))


def test_every_flipped_byte_is_noticed(path: Path) -> None:
    trainer, provenance, recipe = trained()
    content = checkpoint_file(trainer, provenance, "finished")
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(
            RunError,
            match=r"3.safetensors (cannot be used[.:] .* It was left as it is|was written by an? (newer|older))",
        ):
            read_checkpoint(path, recipe)
    path.write_bytes(content)
    read_checkpoint(path, recipe)


def test_every_truncation_is_noticed(path: Path) -> None:
    trainer, provenance, recipe = trained()
    content = checkpoint_file(trainer, provenance, "finished")
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(RunError, match=r"cannot be used"):
            read_checkpoint(path, recipe)
    path.write_bytes(content + b"\0")
    with pytest.raises(RunError, match=r"The file is not as long as its header says"):
        read_checkpoint(path, recipe)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), prefix=st.sampled_from([b"", struct.pack("<Q", 2), struct.pack("<Q", 40)]))
def test_any_bytes_at_all_get_a_sentence(path: Path, content: bytes, prefix: bytes) -> None:
    path.write_bytes(prefix + content)
    with pytest.raises(RunError, match=r"cannot be used"):
        read_checkpoint(path, Recipe(**TINY).resolved())


def sealed(header: dict[str, Any], facts: dict[str, Any], payload: bytes) -> bytes:
    """A file with any header and facts and the digest it should have: what somebody hostile can write."""
    text = json.dumps({**header, "__metadata__": {"zerokara": json.dumps({**facts, "digest": NO_DIGEST})}}).encode()
    content = struct.pack("<Q", len(text)) + text + payload
    return content.replace(NO_DIGEST.encode(), b"sha256:" + sha256(content).hexdigest().encode(), 1)


def parts(content: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    return header, json.loads(header.pop("__metadata__")["zerokara"]), content[8 + length :]


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


Edit = Callable[[dict[str, Any], dict[str, Any]], Any]
HOSTILE: dict[str, tuple[Edit, str]] = {
    "an array is missing": (lambda h, f: h.pop("params/b1"), "The array 'params/b1' is missing"),
    "an array too many": (
        lambda h, f: h.update(extra=dict(h["params/b1"])), "The file has an array 'extra' that does not belong there",
    ),
    "a name with dots": (lambda h, f: h.update({"../../x": h.pop("params/b1")}), "The array 'params/b1' is missing"),
    "another shape": (lambda h, f: h["params/W1"].update(shape=[1, 64]), "The array 'params/W1' is"),
    "a shape beyond memory": (lambda h, f: h["params/W1"].update(shape=[64, 10**12]), "The array 'params/W1' is"),
    "a negative shape": (lambda h, f: h["params/W1"].update(shape=[-64, -1]), "The array 'params/W1' is"),
    "another type": (lambda h, f: h["params/W1"].update(dtype="I32"), "The array 'params/W1' is"),
    "a type that is none": (lambda h, f: h["params/W1"].update(dtype=["F32"]), "The array 'params/W1' is"),
    "no description": (lambda h, f: h.update({"params/W1": 5}), "The array 'params/W1' is"),
    "offsets outside": (lambda h, f: h["params/W1"].update(data_offsets=[0, 10**9]), "cannot be used"),
    "offsets that overlap": (lambda h, f: h["params/b1"].update(data_offsets=[0, 4]), "cannot be used"),
    "offsets that are none": (lambda h, f: h["params/W1"].update(data_offsets="here"), "cannot be used"),
    "a newer format": (lambda h, f: f.update(format=6), "a newer zerokara, in format 6; this one reads formats 2 to"),
    "an older format": (lambda h, f: f.update(format=1), "an older zerokara, in format 1; this one reads formats 2 to"),
    "a format that is none": (lambda h, f: f.update(format="3"), "The file's format is missing or impossible"),
    "no iteration": (lambda h, f: f.pop("iteration"), "The file's iteration is missing"),
    "a negative iteration": (lambda h, f: f.update(iteration=-1), "The file's iteration is missing or impossible"),
    "a true iteration": (lambda h, f: f.update(iteration=True), "The file's iteration is missing or impossible"),
    "another iteration": (lambda h, f: f.update(iteration=2), "The array 'losses' is"),
    "a great iteration": (lambda h, f: f.update(iteration=10**15), "The array 'losses' is"),
    "more evaluations than updates": (
        lambda h, f: f.update(evaluations=9), "The file has more evaluations than updates",
    ),
    "another network": (lambda h, f: f.update(sizes=[64, 2, 10]), r"\[64, 2, 10\] is not that of the recipe"),
    "another picture": (lambda h, f: f.update(sizes=[10**9, 1, 10]), "is not that of the recipe"),
    "sizes that are none": (lambda h, f: f.update(sizes={"64": 1}), "The file's sizes is missing or impossible"),
    "endless seconds": (lambda h, f: f.update(seconds=float("inf")), "The file's seconds is missing or impossible"),
    "NaN seconds": (lambda h, f: f.update(seconds=float("nan")), "The file's seconds is missing or impossible"),
    "a state of its own": (lambda h, f: f.update(state="great"), "The file's state is missing or impossible"),
    "a state in a list": (lambda h, f: f.update(state=["finished"]), "The file's state is missing or impossible"),
    "an engine with an escape": (
        lambda h, f: f["provenance"].update(engine="\x1b[2J"), "The file's engine is missing or impossible",
    ),
    "forced that is none": (
        lambda h, f: f["provenance"].update(forced=[1]), "The file's forced is missing or impossible",
    ),
    "pictures of another size": (
        lambda h, f: f["provenance"]["described"].update(image_shape=[8, 9]), "The file's described is missing or imp",
    ),
    "a class less": (
        lambda h, f: f["provenance"]["described"]["class_names"].pop(), "The file's described is missing or impossible",
    ),
    "one fact too many": (lambda h, f: f.update(other=1), "The facts in the file's header are not those of format 5"),
    "one fact too many in its provenance": (
        lambda h, f: f["provenance"].update(other=1), "The facts in the file's header are not those of format 5",
    ),
    "no provenance": (lambda h, f: f.pop("provenance"), "The file's provenance is missing"),
    "a provenance that is none": (
        lambda h, f: f.update(provenance=[1]), "The file's provenance is missing or impossible",
    ),
    "a provenance without engine": (lambda h, f: f["provenance"].pop("engine"), "The file's engine is missing"),
    "format 2 with the facts of 3": (lambda h, f: f.update(format=2), "The file's zerokara is missing"),
    "a recipe of a later version": (
        lambda h, f: f["provenance"]["recipe"].update(dropout=0.5),
        "The file's recipe has 'dropout', which version .* does not know: a later one wrote it. Install that",
    ),
    "a recipe that is none": (
        lambda h, f: f["provenance"].update(recipe=[1]), "The file's recipe is missing or impossible",
    ),
    "a recipe that lacks a field": (
        lambda h, f: f["provenance"]["recipe"].pop("seed"), "seed was None, and recipe.toml now says",
    ),
    "deep nesting": (lambda h, f: f["provenance"].update(forced=nested(500)), "cannot be used"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_headers(path: Path, adam: Trained, what: str) -> None:
    trainer, provenance, recipe = adam
    edit, words = HOSTILE[what]
    header, kept, payload = parts(checkpoint_file(trainer, provenance, "finished"))
    edit(header, kept)
    path.write_bytes(sealed(header, kept, payload))
    with pytest.raises(RunError, match=words):
        read_checkpoint(path, recipe)


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_headers_are_refused_in_whole_sentences(
    path: Path, adam: Trained, what: str, is_whole: Callable[[str], bool]
) -> None:
    trainer, provenance, recipe = adam
    header, kept, payload = parts(checkpoint_file(trainer, provenance, "finished"))
    HOSTILE[what][0](header, kept)
    path.write_bytes(sealed(header, kept, payload))
    with pytest.raises(RunError, match="⟦") as caught:
        read_checkpoint(path, recipe)
    assert is_whole(str(caught.value)), str(caught.value)


def test_what_is_sealed_without_an_edit_is_read(path: Path, adam: Trained) -> None:
    """So that the tests above fail for their own reason."""
    trainer, provenance, recipe = adam
    path.write_bytes(sealed(*parts(checkpoint_file(trainer, provenance, "finished"))))
    assert read_checkpoint(path, recipe).iteration == 3


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("array", ["params/W1", "state/m/b2", "losses"])
def test_numbers_that_are_not_finite(path: Path, array: str, value: float) -> None:
    trainer, provenance, recipe = trained(optimizer="adam")
    arrays = {
        "params/W1": trainer.network.params["W1"],
        "state/m/b2": trainer.optimizer.state["m"]["b2"],
        "losses": trainer.history.losses,
    }
    arrays[array].flat[1] = value
    path.write_bytes(checkpoint_file(trainer, provenance, "finished"))
    with pytest.raises(RunError, match=f"{array} holds numbers that are not finite"):
        read_checkpoint(path, recipe)
    path.write_bytes(checkpoint_file(trainer, replace(provenance, keep_going=True), "finished"))
    read_checkpoint(path, recipe)


@pytest.mark.parametrize(
    "undecided", [1, {"test": 3}, {"test": [3, 2]}, {"test": [1, 2, 3]}, {"x": [1, 2]}, {"test": [-1, 2]}]
)
def test_undecided_samples_that_cannot_be(path: Path, undecided: Any) -> None:
    trainer, provenance, recipe = trained()
    trainer.history.undecided = undecided
    path.write_bytes(checkpoint_file(trainer, provenance, "finished"))
    with pytest.raises(RunError, match=r"The file's undecided is missing or impossible"):
        read_checkpoint(path, recipe)


@pytest.mark.parametrize(
    "evaluation",
    [
        Evaluation(4, 1.0, 0.1, 0.5, 0.5), Evaluation(-1, 1.0, 0.1, 0.5, 0.5), Evaluation(2, 1.0, 0.1, 1.5, 0.5),
        Evaluation(2, float("nan"), 0.1, 0.5, 0.5), Evaluation(2, 1.0, 0.1, 0.5, -0.5),
        Evaluation(0, 0.0, 0.1, 0.5, 0.5),
    ],
)  # fmt: skip
def test_evaluations_that_cannot_be(path: Path, evaluation: Evaluation) -> None:
    trainer, provenance, recipe = trained()
    trainer.history.evaluations = [trainer.history.evaluations[0], evaluation]
    path.write_bytes(checkpoint_file(trainer, provenance, "finished"))
    with pytest.raises(RunError, match=r"The file has impossible evaluations"):
        read_checkpoint(path, recipe)


def test_a_summary_reads_the_last_evaluation_and_checks_it(path: Path) -> None:
    trainer, provenance, recipe = trained()
    path.write_bytes(checkpoint_file(trainer, provenance, "finished"))
    summary = read_summary(path, recipe)
    assert (summary.iteration, summary.state, summary.last) == (3, "finished", trainer.history.last)
    trainer.history.evaluations = [Evaluation(3, 1.0, 0.1, 0.5, 1.5)]
    path.write_bytes(checkpoint_file(trainer, provenance, "finished"))
    with pytest.raises(RunError, match=r"The file has impossible evaluations"):
        read_summary(path, recipe)
    trainer.history.evaluations = []
    path.write_bytes(checkpoint_file(trainer, provenance, "finished"))
    assert read_summary(path, recipe).last is None


@pytest.mark.parametrize("offsets", [[0, 10**12], [-(10**6), -(10**6)], "here", [0], {}, None])
def test_a_summary_looks_nowhere_but_in_its_file(path: Path, offsets: Any) -> None:
    trainer, provenance, recipe = trained()
    header, kept, payload = parts(checkpoint_file(trainer, provenance, "finished"))
    header["evaluations"]["data_offsets"] = offsets
    path.write_bytes(sealed(header, kept, payload))
    with pytest.raises(RunError, match=r"cannot be used"):
        read_summary(path, recipe)


class Bomb:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('executed')",)


@pytest.mark.parametrize(
    "content",
    [pickle.dumps(Bomb()), pickle.dumps({"W1": 1}), b"\x93NUMPY", b"PK\x03\x04", struct.pack("<Q", 2**63) + b"{}",
     struct.pack("<Q", 10**8), struct.pack("<Q", 6) + b'"text"', struct.pack("<Q", 200_000) + b"[" * 200_000,
     struct.pack("<Q", 2) + b"{}", struct.pack("<Q", 9) + b"\xff" * 9, b"", b"\0" * 5000],
)  # fmt: skip
def test_files_of_another_kind_under_our_name(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"cannot be used"):
        read_checkpoint(path, Recipe(**TINY).resolved())


def test_a_recipe_that_asks_for_more_than_the_machine_has_allocates_nothing(path: Path) -> None:
    """Recipe and header agree on 8 TB, and the file is as long, without one block of it on the disk."""
    recipe = Recipe(**{**TINY, "hidden": (10**9,), "dtype": "float64"}).resolved()
    provenance = replace(trained()[1], recipe=recipe.fingerprint())
    made = CheckpointFacts(provenance, state="stopped", iteration=0, evaluations=0, sizes=[64, 10**9, 10], seconds=0)
    header: dict[str, Any] = {}
    end = 0
    for name, (kind, shape) in expected_arrays(made, recipe).items():
        begin, end = end, end + 8 * int(np.prod(shape))
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}
    content = sealed(header, made.to_json(), b"")
    path.write_bytes(content)
    with path.open("r+b") as file:
        file.truncate(len(content) + end)
    with pytest.raises(RunError, match=r"The file would need [0-9,]{15,} bytes of memory, more than this machine has"):
        read_checkpoint(path, recipe)


def test_the_same_state_gives_the_same_bytes(adam: Trained) -> None:
    trainer, provenance, _ = adam
    assert checkpoint_file(trainer, provenance, "finished") == checkpoint_file(trainer, provenance, "finished")
    assert zerokara.__version__ == provenance.zerokara
