"""What a run tells people is sentences of the language that is spoken; what it writes, and tells programs, has none."""

import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import zerokara
from zerokara import words
from zerokara.runs.files import describe
from zerokara.runs.listing import STATES, STATES_IN_WORDS, line_of
from zerokara.runs.machine import environment
from zerokara.runs.opening import open_with_remarks
from zerokara.runs.prepared import Diverged
from zerokara.runs.results import look_at
from zerokara.runs.resume import Finished, reopen
from zerokara.runs.run import Run
from zerokara.runs.untrusted import read_recipe
from zerokara.training.events import Advanced, Event

OPTIONS: dict[str, Any] = {"hidden": (2,), "batch_size": 300, "iterations": 6, "engine": "reference", "plots": False}
EXACT = ("recipe.toml", "losses.csv", "epochs.csv", "weights.safetensors")
IsWhole = Callable[[str], bool]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# What is to be said beside errors


def an_edited_figure(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "test_accuracy": 0.99}))


def a_figure_less(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({name: facts[name] for name in facts if name != "loss"}))


def an_edited_length(run: Path) -> None:
    edit(run / "recipe.toml", "iterations = 6", "iterations = 600")


def no_run_json(run: Path) -> None:
    (run / "run.json").unlink()


def no_weights(run: Path) -> None:
    (run / "weights.safetensors").unlink()


def a_damaged_newest_checkpoint(run: Path) -> None:
    (run / "checkpoints/6.safetensors").write_bytes(b"")


def a_checkpoint_of_another_name(run: Path) -> None:
    (run / "checkpoints/6.safetensors").rename(run / "checkpoints/9.safetensors")


def no_checkpoints(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")


def no_recipe_at_all(run: Path) -> None:
    (run / "recipe.toml").write_text("[")


def without_a_digest(run: Path) -> None:
    shutil.rmtree(run)
    shutil.copytree(Path(__file__).parent / "written_before/finished", run)


def trained_through_nan(run: Path) -> None:
    shutil.rmtree(run)
    options = {**OPTIONS, "learning_rate": 1e30, "keep_going": True}
    zerokara.train("digits", out=run.parent, name=run.name, **options)


def diverged_and_without_weights(run: Path) -> None:
    shutil.rmtree(run)
    with pytest.raises(Diverged):
        zerokara.train("digits", out=run.parent, name=run.name, **{**OPTIONS, "learning_rate": 1e30, "iterations": 50})
    (run / "weights.safetensors").unlink()


def nothing(run: Path) -> None:
    pass


REMARKS: list[tuple[Callable[[Path], None], str | None, list[str] | None]] = [
    (nothing, None, None),
    (an_edited_figure, None, ["run-edited"]),
    (a_figure_less, None, ["run-edited"]),
    (an_edited_length, None, ["run-edited"]),
    (no_run_json, None, ["run-damaged"]),
    (no_weights, None, ["file-missing"]),
    (a_damaged_newest_checkpoint, None, ["run-damaged"]),
    (a_checkpoint_of_another_name, None, ["run-damaged"]),
    (no_checkpoints, None, ["only-results-left"]),
    (no_recipe_at_all, "run-damaged", None),
    (without_a_digest, None, ["no-digest"]),
    (trained_through_nan, None, ["no-finite-score"]),
    (diverged_and_without_weights, None, ["no-finite-score", "file-missing"]),
]


@pytest.mark.parametrize(("change", "problem", "remark"), REMARKS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_line_is_codes_for_programs_and_sentences_for_people(
    run: Path, is_whole: IsWhole, change: Callable[[Path], None], problem: str | None, remark: list[str] | None
) -> None:
    change(run)
    line = line_of(run)
    assert line is not None
    told = line.in_words()
    assert is_whole(told) if problem or remark else told == ""
    found = line.to_json()
    assert (found["problem"], found["remark"]) == (problem, remark)
    words.set_language("en")
    assert json.dumps(line_of(run).to_json()) == json.dumps(found)  # type: ignore[union-attr]
    assert "⟦" not in json.dumps(found)


def test_a_folder_that_cannot_be_read_has_its_line(run: Path, marked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("zerokara.runs.listing.read_recipe", refuse)
    line = line_of(run)
    assert line is not None
    assert line.in_words() == f"⟦{run} cannot be read: Permission denied.⟧"
    assert line.to_json()["problem"] == "file-error"


def an_edited_table(run: Path) -> None:
    edit(run / "losses.csv", "5", "4")


def no_table(run: Path) -> None:
    (run / "epochs.csv").unlink()


def a_link_for_a_table(run: Path) -> None:
    (run / "epochs.csv").rename(run / "other")
    (run / "epochs.csv").symlink_to(run / "other")


def all_that_and_more(run: Path) -> None:
    for change in (an_edited_figure, an_edited_length, no_weights, an_edited_table, no_table):
        change(run)


@pytest.mark.parametrize(
    "change",
    [
        an_edited_figure, a_figure_less, an_edited_length, no_weights, a_damaged_newest_checkpoint,
        an_edited_table, no_table, a_link_for_a_table, all_that_and_more, diverged_and_without_weights,
    ],
)  # fmt: skip
def test_what_is_warned_of_and_shown_is_whole_sentences(
    run: Path, is_whole: IsWhole, change: Callable[[Path], None]
) -> None:
    change(run)
    with pytest.warns(UserWarning, match="⟦") as warned:
        zerokara.open_run(run)
    assert [is_whole(str(warning.message)) for warning in warned] == [True], warned[0].message
    results = open_with_remarks(run)[1]
    assert all(is_whole(remark.text) for remark in (*results.notes, *results.remarks))


def test_what_is_said_when_a_run_goes_on_is_whole_sentences(
    run: Path, is_whole: IsWhole, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"zerokara": "99", "numpy": "99", "level": "99"}
    a_damaged_newest_checkpoint(run)
    monkeypatch.setattr("zerokara.runs.prepared.environment", lambda engine: environment(engine)._replace(**there))
    notes = reopen(run, force=True).notes
    assert len(notes) == 4
    assert all(is_whole(note) for note in notes), notes


def test_a_run_in_a_notebook_and_its_description_are_labels_of_the_language(run: Path, is_whole: IsWhole) -> None:
    trained_through_nan(run)
    opened = zerokara.open_run(run)
    told = describe(opened.recipe, opened.network)
    assert told == "⟦digits: 64-2-10, relu, cross-entropy by backprop, sgd 1e+30, batches of 300, float32, seed 0⟧"
    assert describe(opened.recipe, opened.network, words.in_english) == told.strip("⟦⟧")
    cells = re.findall("<t[hd][^>]*>(.*?)</t[hd]>", replace(opened, told=None)._repr_html_())
    assert all(is_whole(label) for label in cells[::2]), cells
    assert [value for value in cells[1::2] if "⟦" in value] == [
        "⟦359 of 359 test images have no finite score.⟧", "⟦finished⟧"
    ]  # fmt: skip
    assert "⟦" not in repr(opened)
    opened.network.params["b1"][0] = np.inf
    opened.history.undecided = {}
    assert opened.remark_in_words() == "⟦Its weights are not finite.⟧"
    assert opened.remark == "its weights are not finite"


def test_every_state_has_a_label(is_whole: IsWhole) -> None:
    assert set(STATES_IN_WORDS) == set(STATES)
    assert all(is_whole(words.sentence(STATES_IN_WORDS[state])) for state in STATES)


# Files, whatever the language they are written and read in


def write_in(folder: Path) -> Path:
    """A run with all that files say in words: images without a finite score, and differences that were forced."""

    def stop(event: Event) -> None:
        if isinstance(event, Advanced):
            event.request_stop()

    options = {**OPTIONS, "learning_rate": 1e30, "keep_going": True, "iterations": 600}
    reopened = reopen(zerokara.train("digits", out=folder, listeners=[stop], **options).path, force=True)
    return reopened.prepared.run_into(reopened.folder, plots=False).path


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize(("wrote", "reads"), [("marked", "ko"), ("ja", "marked"), ("ja", "ko"), ("ko", "en")])
def test_a_run_written_in_one_language_is_opened_in_another_without_a_remark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrote: str, reads: str
) -> None:
    really = environment
    marks = words._spoken

    def speak(language: str) -> None:
        if language == "marked":
            monkeypatch.setattr(words, "_spoken", marks)
        else:
            assert words.set_language(language) == language

    def written(language: str) -> Path:
        speak(language)
        seen: list[str] = []

        def elsewhere(engine: Any) -> Any:
            seen.append("")
            return really(engine)._replace(numpy=str(len(seen)), level=f"level {len(seen)}")

        monkeypatch.setattr("zerokara.runs.prepared.environment", elsewhere)
        return write_in(tmp_path / language)

    run, same = written(wrote), written("en")
    for name in EXACT:
        assert (run / name).read_bytes() == (same / name).read_bytes()
    facts, others = (json.loads((path / "run.json").read_text()) for path in (run, same))
    changing = {"run", "began", "ended", "seconds"}
    assert {k: v for k, v in facts.items() if k not in changing} == {
        k: v for k, v in others.items() if k not in changing
    }
    assert facts["remark"] == "359 of 359 test images have no finite score"
    assert len(facts["forced"]) == 2
    speak(reads)
    _, passed_over, results = look_at(run, read_recipe(run))
    assert (passed_over, results.remarks, results.notes) == ([], [], [])
    assert open_with_remarks(run)[1].remarks == []
    opened: Run = zerokara.open_run(run)  # warnings are errors in tests
    assert opened.figures["remark"] == facts["remark"] == opened.remark
    assert "⟦" not in json.dumps(opened.figures)
    assert line_of(run).to_json()["remark"] == ["no-finite-score"]  # type: ignore[union-attr]
    with pytest.raises(Finished):
        reopen(run, force=True)
