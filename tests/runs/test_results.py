"""Nothing in a run's folder is believed over its newest checkpoint: list, show and open_run say what differs."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.errors import RunError
from zerokara.runs import results as results_module
from zerokara.runs.listing import Line, line_of
from zerokara.runs.results import look_at, read_all
from zerokara.runs.resume import reopen
from zerokara.runs.untrusted import read_recipe
from zerokara.training.recipe import LENGTHS, Recipe

OPTIONS: dict[str, Any] = {"hidden": (2,), "batch_size": 300, "iterations": 6, "engine": "reference", "plots": False}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zerokara.train("digits", out=tmp_path_factory.mktemp("runs"), name="whole", **OPTIONS).path


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zerokara.train("digits", out=tmp_path_factory.mktemp("runs"), name="other", seed=1, **OPTIONS).path


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def line(run: Path) -> Line:
    found = line_of(run)
    assert found is not None
    return found


def edit(run: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    said = json.loads((run / "run.json").read_text())
    change(said)
    (run / "run.json").write_text(json.dumps(said))


def test_a_run_that_nobody_touched_has_no_remarks(run: Path) -> None:
    for look in (look_at, read_all):
        results = look(run, read_recipe(run))[2]
        assert (results.state, results.written, results.remarks, results.notes) == ("finished", True, [], [])
    assert line(run).remark is None


BUT = ", but its checkpoint has "
EDITS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a better accuracy": (lambda s: s.update(test_accuracy=0.99), f"test_accuracy=0.99{BUT}test_accuracy=0"),
    "a slightly better one": (lambda s: s.update(train_accuracy=s["train_accuracy"] + 1e-12), "train_accuracy=0"),
    "another loss": (lambda s: s.update(loss=0.1), "loss=0.1"),
    "no loss": (lambda s: s.update(loss=None), "loss=None"),
    "a loss that is none": (lambda s: s.update(loss=float("nan")), "loss=nan"),
    "an endless one": (lambda s: s.update(loss=float("inf")), "loss=inf"),
    "a huge one": (lambda s: s.update(loss=10**400), "loss=1000"),
    "a text": (lambda s: s.update(loss="\x1b[2J"), r"loss='\\x1b\[2J'"),
    "true": (lambda s: s.update(test_accuracy=True), "test_accuracy=True"),
    "a figure less": (lambda s: s.pop("test_accuracy"), "nothing of what its checkpoint has: test_accuracy=0"),
    "more updates": (lambda s: s.update(iterations=600), f"iterations=600{BUT}iterations=6"),
    "another state": (lambda s: s.update(state="stopped"), f"state='stopped'{BUT}state='finished'"),
    "a state of its own": (lambda s: s.update(state="great"), f"state='great'{BUT}state='finished'"),
    "a state that is none": (lambda s: s.update(state=[1]), rf"state=\[1\]{BUT}state='finished'"),
    "less time": (lambda s: s.update(seconds=1e-6), "seconds=1e-06"),
    "another seed": (lambda s: s.update(seed=3), f"seed=3{BUT}seed=0"),
    "false for a seed of 0": (lambda s: s.update(seed=False), f"seed=False{BUT}seed=0"),
    "another engine": (lambda s: s.update(engine="compiled"), "engine='compiled'"),
    "other data": (lambda s: s["data"].update(checksum="0"), "data.checksum='0'"),
    "another data set": (lambda s: s.update(dataset="mnist"), f"dataset='mnist'{BUT}dataset='digits'"),
    "another day": (lambda s: s.update(began="2020-01-01T00:00:00+0000"), "began='2020"),
    "another version": (lambda s: s["versions"].update(numpy="9"), "versions.numpy='9'"),
    "versions that are none": (
        lambda s: s.update(versions=5), "nothing of what its checkpoint has: versions.zerokara=.*, versions.numpy=",
    ),
    "another processor": (lambda s: s["machine"].update(processor="x"), "machine.processor='x'"),
    "nothing forced": (lambda s: s.update(forced=["everything"]), f"forced=\\['everything'\\]{BUT}forced="),
}  # fmt: skip


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_run_json_is_not_believed_and_told(
    run: Path, whole: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words = EDITS[what]
    edit(run, change)
    found, right = line(run), line(whole)
    assert (found.state, found.updates, found.test_accuracy, found.loss, found.seconds) == (
        right.state, right.updates, right.test_accuracy, right.loss, right.seconds,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="run.json says .*" + words):
        assert zerokara.open_run(run).figures["test_accuracy"] == right.test_accuracy
    assert main(["runs", "list", "--out", str(run.parent)]) == 0
    table = capsys.readouterr().out
    assert main(["runs", "show", str(run)]) == 0
    shown = capsys.readouterr().out
    for text in (table, shown):
        assert re.search("run.json says .*" + words, text)
    assert "\x1b" not in table + shown


def test_resuming_writes_an_edited_run_json_anew(run: Path, whole: Path) -> None:
    edit(run, lambda said: said.update(test_accuracy=0.99))
    reopened = reopen(run)
    reopened.prepared.run_into(reopened.folder, plots=False)
    assert line(run).remark is None
    assert line(run).test_accuracy == line(whole).test_accuracy


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"a": 1}'])
def test_a_run_json_that_is_missing_or_damaged_is_noted(run: Path, text: str | None) -> None:
    (run / "run.json").unlink()
    if text is not None:
        (run / "run.json").write_text(text)
    assert "run.json cannot be used" in line(run).in_words()
    assert (line(run).state, line(run).updates) == ("finished", 6)
    zerokara.open_run(run)


@pytest.mark.parametrize("name", ["losses.csv", "epochs.csv"])
@pytest.mark.parametrize(
    "change",
    [lambda text: text.replace("5", "4", 1), lambda text: text[:-1], lambda text: text + "7,0.1\n", lambda text: ""],
)
def test_an_edited_table_is_told(run: Path, name: str, change: Callable[[str], str]) -> None:
    (run / name).write_text(change((run / name).read_text()))
    with pytest.warns(UserWarning, match=f"{name} is not as it was written.*Write the file anew with: zerokara resume"):
        zerokara.open_run(run)
    reopened = reopen(run)
    reopened.prepared.run_into(reopened.folder, plots=False)
    zerokara.open_run(run)


@pytest.mark.parametrize("name", ["losses.csv", "epochs.csv"])
def test_a_table_that_is_missing_or_a_link_is_told(run: Path, whole: Path, name: str) -> None:
    (run / name).unlink()
    with pytest.warns(UserWarning, match=f"{name} is missing"):
        zerokara.open_run(run)
    (run / name).symlink_to(whole / name)
    with pytest.warns(UserWarning, match=f"{name} cannot be used. It is a link"):
        zerokara.open_run(run)


@pytest.mark.parametrize(("edited", "words"), [("iterations = 600", "iterations 600"), ("epochs = 7", "epochs 7")])
def test_a_recipe_that_says_another_length_than_the_run_finished_with_is_told(
    run: Path, edited: str, words: str
) -> None:
    text = (run / "recipe.toml").read_text()
    assert "iterations = 6\n" in text
    (run / "recipe.toml").write_text(text.replace("iterations = 6", edited))
    with pytest.warns(UserWarning, match=f"recipe.toml says {words}, but the run finished with"):
        zerokara.open_run(run)
    assert f"recipe.toml says {words}" in line(run).in_words()


NOW: dict[str, Any] = {
    "dataset": "mnist", "hidden": [3], "activation": "tanh", "init": "he", "loss": "squared", "dtype": "float64",
    "gradient": "numerical", "optimizer": "adagrad", "learning_rate": 0.2, "momentum": 0.8, "decay": 0.8, "beta1": 0.8,
    "beta2": 0.8, "batch_size": 299, "sampling": "epoch", "evaluate_every": 3, "seed": 1,
    "weight_decay": 0.1, "samples": 300,
}  # fmt: skip


@pytest.mark.parametrize("field", [f.name for f in fields(Recipe) if f.name not in LENGTHS])
def test_every_edited_field_of_a_recipe_is_refused_by_its_name(tmp_path: Path, field: str) -> None:
    """By resume, open_run and show, and told by list; `evaluate_every` and the data set among them."""
    settings = {"momentum": "momentum", "decay": "rmsprop", "beta1": "adam", "beta2": "adam"}
    options = {**OPTIONS, "optimizer": settings.get(field, "sgd")}
    dtype = {"dtype": "float64"} if field == "gradient" else {}
    run = zerokara.train("digits", out=tmp_path, **{**options, **dtype}).path
    complete = read_recipe(run)
    values = {f.name: getattr(complete, f.name) for f in fields(Recipe)}
    if field == "optimizer":
        values["learning_rate"] = None
    edited = Recipe(**{**values, field: NOW[field]})
    (run / "recipe.toml").write_text(edited.resolved().to_toml())
    for use in (reopen, zerokara.open_run):
        with pytest.raises(RunError, match=rf"{field} was .*, and recipe.toml now says"):
            use(run)
    assert main(["runs", "show", str(run)]) == 1
    found = line(run)
    assert (found.state, found.test_accuracy) == ("broken", None)
    assert f"{field} was " in found.in_words()


def test_a_checkpoint_of_another_run_is_refused(run: Path, other: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(other / "checkpoints", run / "checkpoints")
    with pytest.raises(RunError, match=r"seed was 1, and recipe.toml now says 0"):
        zerokara.open_run(run)
    assert line(run).state == "broken"


def test_a_checkpoint_of_a_longer_run_of_the_same_recipe_is_told(run: Path, tmp_path: Path) -> None:
    longer = zerokara.train("digits", out=tmp_path, name="longer", **{**OPTIONS, "iterations": 8})
    shutil.copy(longer.path / "checkpoints/8.safetensors", run / "checkpoints")
    with pytest.warns(UserWarning, match=r"run.json says iterations=6,.* but its checkpoint has iterations=8"):
        zerokara.open_run(run)


def test_after_a_kill_older_files_are_no_contradiction(run: Path) -> None:
    """As a run is left that was made longer and killed: run.json of its new beginning, the rest of its first end."""
    edit(run, lambda said: said.update(state="unfinished", test_accuracy=0.5))
    shutil.rmtree(run / "checkpoints")
    longer = zerokara.train("digits", out=run.parent, name="longer", **{**OPTIONS, "iterations": 8})
    shutil.copytree(longer.path / "checkpoints", run / "checkpoints")
    zerokara.open_run(run)
    assert (line(run).state, line(run).remark, line(run).updates) == ("unfinished", None, 8)


def test_a_run_that_goes_on_between_two_looks_is_read_again(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list reads the newest checkpoint; then the run ends, and run.json does not fit it any more."""
    longer = zerokara.train("digits", out=tmp_path, name="longer", **{**OPTIONS, "iterations": 8}).path
    figures = results_module._figures

    def meanwhile(folder: Path, *more: Any) -> Any:
        if not (run / "checkpoints/8.safetensors").exists():
            for name in ("checkpoints/8.safetensors", "weights.safetensors", "losses.csv", "epochs.csv", "run.json"):
                shutil.copy(longer / name, run / name)
            shutil.copy(longer / "recipe.toml", run)
        return figures(folder, *more)

    recipe = read_recipe(longer)
    monkeypatch.setattr(results_module, "_figures", meanwhile)
    checkpoint, _, results = read_all(run, recipe)
    assert (checkpoint.iteration, results.remarks) == (8, [])


def test_a_damaged_newest_checkpoint_makes_no_liar_of_run_json(run: Path) -> None:
    content = bytearray((run / "checkpoints/6.safetensors").read_bytes())
    (run / "checkpoints/6.safetensors").write_bytes(content[:-1])
    with pytest.warns(UserWarning, match=r"6.safetensors cannot be used[.:] .* The checkpoint before it is taken"):
        assert zerokara.open_run(run).iterations == 0
    assert "6.safetensors cannot be used" in line(run).in_words()
    assert "run.json" not in line(run).in_words()


def test_results_without_a_checkpoint_are_not_believed(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    assert (line(run).state, line(run).test_accuracy) == ("nothing begun", None)
    assert line(run).in_words() == "Its checkpoints are gone; only its results are left."
    with pytest.raises(RunError, match=r"holds no checkpoint: only its results are left"):
        zerokara.open_run(run)


def test_a_run_that_kept_going_through_nan_is_held_against_its_checkpoint_bit_for_bit(tmp_path: Path) -> None:
    options = {**OPTIONS, "learning_rate": 1e30, "keep_going": True}
    run = zerokara.train("digits", out=tmp_path, name="run", **options).path
    zerokara.open_run(run)
    assert line(run).in_words() == "359 of 359 test images have no finite score."
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "remark": "well"}))
    assert "run.json says remark='well', but its checkpoint has remark='359 of 359 test images" in line(run).in_words()
    (run / "run.json").write_text(json.dumps(facts))
    content = bytearray((run / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (run / "weights.safetensors").write_bytes(content)
    with pytest.raises(RunError, match=r"The file's content does not match its checksum"):
        zerokara.open_run(run)


def test_the_list_reads_headers_only(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("an array was read")

    monkeypatch.setattr("zerokara.runs.reading.load_arrays", refuse)
    monkeypatch.setattr("zerokara.runs.weights.load_arrays", refuse)
    monkeypatch.setattr("zerokara.runs.digest.sha256", refuse)
    assert line(run).updates == 6


def test_a_diverged_run_whose_weights_are_damaged_is_not_sent_to_resume(tmp_path: Path) -> None:
    options = {**OPTIONS, "learning_rate": 1e30, "iterations": 50}
    with pytest.raises(RunError, match=r"helps: zerokara doctor"):
        zerokara.train("digits", out=tmp_path, name="run", **options)
    run = tmp_path / "run"
    assert re.fullmatch(r"\d+ of 359 test images have no finite score\.", line(run).in_words())
    (run / "weights.safetensors").write_bytes(b"")
    with pytest.raises(RunError, match=r"Without that file the run is opened by its checkpoint"):
        zerokara.open_run(run)
    (run / "weights.safetensors").unlink()
    with pytest.warns(UserWarning, match=r"weights.safetensors is missing"):
        assert zerokara.open_run(run).state == "diverged"
