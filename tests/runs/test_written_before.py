"""Runs written by zerokara before: still listed, opened, and gone on with bit for bit."""

import json
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import zerokara
from zerokara.cli.app import main
from zerokara.errors import RunError
from zerokara.runs.listing import line_of
from zerokara.runs.resume import Finished, reopen
from zerokara.training.recipe import ADDED_LATER, LENGTHS, Recipe

NO_DIGEST = "weights.safetensors has no digest: an older zerokara wrote it."
MADE = {"written_before": NO_DIGEST, "written_in_format_2": "", "written_in_format_3": "", "written_in_format_4": ""}
"""Folder → what is said of its runs: before weights had a digest, before records had types, before data were described,
before a run could be changed while it trained.
Each has one recipe, finished after its 9 updates and stopped after 5 of them."""


@pytest.fixture(params=MADE)
def made(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def out(made: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(Path(__file__).parent / made, tmp_path / "runs"))


@pytest.mark.parametrize(("name", "updates"), [("finished", 9), ("stopped", 5)])
def test_they_are_valid_and_marked(
    out: Path, made: str, capsys: pytest.CaptureFixture[str], name: str, updates: int
) -> None:
    said = json.loads((out / name / "run.json").read_text())
    line = line_of(out / name)
    assert line is not None
    assert (line.state, line.updates, line.test_accuracy) == (name, updates, said["test_accuracy"])
    assert line.in_words() == MADE[made]
    run = zerokara.open_run(out / name)
    assert (run.state, run.iterations) == (name, updates)
    for parameter, array in load_file(out / name / "weights.safetensors").items():
        np.testing.assert_array_equal(run.network.params[parameter], array, strict=True)
    assert main(["runs", "list", "--out", str(out)]) == 0
    assert ("digits (weights.safetensors has no digest" in capsys.readouterr().out) is bool(MADE[made])
    assert main(["runs", "show", str(out / name)]) == 0
    assert ("weights.safetensors has no digest" in capsys.readouterr().out) is bool(MADE[made])
    assert main(["runs", "draw", str(out / name)]) == 0


def test_one_that_was_stopped_goes_on_to_the_same_bits(out: Path) -> None:
    """On another processor or NumPy the last digits may differ, as `--force` says."""
    with np.errstate(all="raise"):
        reopened = reopen(out / "stopped", force=True)
    for name, array in load_file(out / "stopped/checkpoints/5.safetensors").items():
        if name.startswith("params/"):
            restored = reopened.prepared.trainer.network.params[name.removeprefix("params/")]
            np.testing.assert_array_equal(restored, array, strict=True)
    run = reopened.prepared.run_into(reopened.folder, plots=False)
    whole = load_file(out / "finished/weights.safetensors")
    tolerance = 1e-4 if reopened.notes else 0
    for name, array in run.network.params.items():
        np.testing.assert_allclose(array, whole[name], rtol=tolerance, atol=tolerance)
    if not reopened.notes:
        for file in ("recipe.toml", "losses.csv", "epochs.csv"):
            assert (out / "stopped" / file).read_bytes() == (out / "finished" / file).read_bytes()
    assert zerokara.open_run(run.path).iterations == 9
    line = line_of(run.path)
    assert line is not None
    assert line.remark is None, "its weights have a digest now"
    header = (out / "stopped/checkpoints/9.safetensors").read_bytes()
    assert b'\\"format\\": 5' in header, "it is of this format now"


def test_every_field_of_a_recipe_was_recorded_before_or_is_listed_as_added_later(out: Path, made: str) -> None:
    """Or runs of before could not be read: a field that is missing there must have a value that changes nothing."""
    with (out / "stopped/checkpoints/5.safetensors").open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    facts = json.loads(header["__metadata__"]["zerokara"])
    recorded = set(facts.get("provenance", facts)["recipe"]) | {"dataset"}
    assert recorded | set(ADDED_LATER) == {f.name for f in fields(Recipe)} - set(LENGTHS)
    later = set(ADDED_LATER) - ({"weight_decay"} if made in ("written_in_format_3", "written_in_format_4") else set())
    assert not recorded & later


def test_a_recipe_that_now_has_what_came_later_is_another_recipe(out: Path) -> None:
    with (out / "stopped/recipe.toml").open("a") as file:
        file.write("weight_decay = 0.5\n")
    with pytest.raises(RunError, match=r"weight_decay was 0\.0, and recipe\.toml now says 0\.5"):
        zerokara.open_run(out / "stopped")


def test_so_is_one_that_now_takes_fewer_samples(out: Path) -> None:
    path = out / "stopped/recipe.toml"
    path.write_text(path.read_text().replace("[data]\n", "[data]\nsamples = 300\n"))
    with pytest.raises(RunError, match=r"samples was None, and recipe\.toml now says 300"):
        zerokara.open_run(out / "stopped")


def test_a_finished_one_stays_as_it_is(out: Path) -> None:
    before = (out / "finished/weights.safetensors").read_bytes()
    with pytest.raises(Finished, match=r"is finished, with 9 updates"):
        reopen(out / "finished")
    assert (out / "finished/weights.safetensors").read_bytes() == before


@pytest.mark.parametrize("made", ["written_before"])
def test_weights_without_a_digest_are_held_against_the_checkpoint(out: Path) -> None:
    path = out / "finished/weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"The array b2 is not that of the checkpoint after 9 updates"):
        zerokara.open_run(out / "finished")
    shutil.copy(out / "stopped/weights.safetensors", path)
    with pytest.raises(RunError, match=r"is not that of the checkpoint after 9 updates"):
        zerokara.open_run(out / "finished")
