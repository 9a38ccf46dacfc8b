"""Runs that were changed while they trained: gone on with, verified, told of, not taken for what they are not."""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.errors import RunError
from zerokara.runs.files import json_file
from zerokara.runs.folder import RunFolder
from zerokara.runs.listing import line_of
from zerokara.runs.opening import open_with_remarks
from zerokara.runs.prepared import Diverged, PreparedRun, prepare_run
from zerokara.runs.reporting import repeat, reported
from zerokara.runs.resume import reopen
from zerokara.runs.run import Run
from zerokara.runs.untrusted import MOST_RUN_JSON, MOST_TEXT
from zerokara.training.changes import MOST_CHANGES, Change
from zerokara.training.events import Advanced, Event, Started
from zerokara.training.recipe import Recipe

TINY = Recipe(
    dataset="digits", hidden=(3,), batch_size=90, iterations=20, evaluate_every=6, optimizer="momentum", seed=5
)
MADE = (Change(0, "momentum", 0.5), Change(7, "learning_rate", 0.2), Change(12, "weight_decay", 0.05))
AS_JSON = [{"iteration": c.iteration, "field": c.field, "value": c.value} for c in MADE]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)


def verdict(run: Path) -> tuple[str, list[str]]:
    came = zerokara.verify(run)
    return came.verdict, [reason.code for reason in came.reasons]


def changing(prepared: PreparedRun, changes: Sequence[Change], stop_at: int | None = None) -> Callable[[Event], None]:
    """A listener that makes changes between updates, and stops at an update."""

    def listen(event: Event) -> None:
        if isinstance(event, Started):
            event.look_at([change.iteration for change in changes] + [stop_at or 0])
        if isinstance(event, Advanced) or (isinstance(event, Started) and not prepared.trainer.iteration):
            at = prepared.trainer.iteration
            for change in changes:
                if change.iteration == at:
                    prepared.trainer.change(change.field, change.value)
            if at == stop_at:
                event.request_stop()

    return listen


def trained(
    path: Path, changes: Sequence[Change] = MADE, stop_at: int | None = None, engine: str = "reference", **fields: Any
) -> Run:
    prepared = prepare_run(replace(TINY, **fields), engine=engine)
    folder = RunFolder.create(path.parent, path.name, "digits")
    try:
        return prepared.run_into(folder, plots=False, listeners=[changing(prepared, changes, stop_at)])
    except Diverged as error:
        return error.run


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished runs of one recipe, of which one was changed."""
    out = tmp_path_factory.mktemp("runs")
    trained(out / "changed")
    trained(out / "plain", [])
    return out


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shared, tmp_path / "runs"))


# Kept, and gone on with


def test_a_run_knows_what_was_changed(out: Path) -> None:
    run = zerokara.open_run(out / "changed")
    assert (run.changes, run.parent) == (MADE, None)
    assert run.network.weight_decay == 0.05, "a gradient check is of the loss that it had at its end"
    said = json.loads((out / "changed/run.json").read_text())
    assert said["changes"] == AS_JSON == run.figures["changes"]
    assert "parent" not in said
    assert "20" in repr(run)
    assert run.recipe == zerokara.open_run(out / "plain").recipe, "the recipe says how it began"


def test_one_without_changes_says_nothing_of_them(out: Path) -> None:
    run = zerokara.open_run(out / "plain")
    assert (run.changes, run.parent) == ((), None)
    assert not {"changes", "parent"} & {*json.loads((out / "plain/run.json").read_text()), *run.figures}
    header = (out / "plain/weights.safetensors").read_bytes()
    assert b"changes" not in header
    assert b"changes" in (out / "changed/weights.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("stop_at", "engine"),
    [
        (7, "auto"),
        (8, "reference"),
        *(
            pytest.param(at, engine, marks=pytest.mark.slow)
            for at in (0, 1, 6, 7, 8, 12, 13, 19, 20)
            for engine in ("reference", "auto")
        ),
    ],
)
def test_stopped_and_gone_on_with_it_comes_to_the_same_bits(tmp_path: Path, stop_at: int, engine: str) -> None:
    whole = trained(tmp_path / "whole", engine=engine)
    earlier = [change for change in MADE if change.iteration <= stop_at]
    stopped = trained(tmp_path / "stopped", earlier, stop_at, engine)
    assert stopped.changes == tuple(earlier)
    reopened = reopen(stopped.path)
    later = [change for change in MADE if change.iteration > stop_at]
    run = reopened.prepared.run_into(reopened.folder, plots=False, listeners=[changing(reopened.prepared, later)])
    assert run.changes == MADE
    for name in ("losses.csv", "epochs.csv", "weights.safetensors", "recipe.toml"):
        assert (stopped.path / name).read_bytes() == (whole.path / name).read_bytes()
    assert verdict(stopped.path) == ("same-bits", [])


def test_one_that_goes_on_from_an_older_checkpoint_forgets_what_was_changed_after_it(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", stop_at=13)
    (run.path / "checkpoints/13.safetensors").write_bytes(b"damaged")
    reopened = reopen(run.path)
    assert reopened.prepared.trainer.iteration == 0
    assert reopened.prepared.trainer.changes == []
    again = reopened.prepared.run_into(reopened.folder, plots=False, listeners=[changing(reopened.prepared, MADE[1:])])
    assert again.changes == MADE[1:]
    assert verdict(again.path) == ("same-bits", [])


def test_one_that_diverged_by_a_change_is_verified(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", [Change(7, "learning_rate", 1e30)], loss="squared")
    assert run.state == "diverged"
    assert verdict(run.path) == ("same-bits", [])


# Verified


def test_a_second_training_with_its_changes_proves_it(out: Path) -> None:
    assert verdict(out / "changed") == verdict(out / "plain") == ("same-bits", [])
    came = zerokara.verify(out / "changed")
    assert came.remarks == ()
    assert came.bits != zerokara.verify(out / "plain").bits


def test_files_that_tell_otherwise_than_the_checkpoint_are_remarked_on(out: Path) -> None:
    path = out / "changed/run.json"
    said = json.loads(path.read_text())
    for other in ({"changes": AS_JSON[:1]}, {"changes": "none"}, {"parent": {"run": "x", "iteration": 3}}):
        path.write_text(json.dumps({**said, **other}))
        remarks = open_with_remarks(out / "changed")[1].remarks
        assert [remark.code for remark in remarks] == ["run-edited"]
        assert next(iter(other)) in remarks[0].text
    del said["changes"]
    path.write_text(json.dumps(said))
    assert [remark.code for remark in open_with_remarks(out / "changed")[1].remarks] == ["run-edited"]
    plain = out / "plain/run.json"
    plain.write_text(json.dumps({**json.loads(plain.read_text()), "changes": AS_JSON}))
    assert [remark.code for remark in open_with_remarks(out / "plain")[1].remarks] == ["run-edited"]


def test_weights_are_not_those_of_another_course_of_the_same_recipe(out: Path) -> None:
    shutil.copy(out / "plain/weights.safetensors", out / "changed/weights.safetensors")
    line = line_of(out / "changed")
    assert line is not None
    assert line.remark is not None
    assert "The file's changes is [], that of the checkpoint" in line.remark[0].text
    with pytest.raises(RunError, match="The file's changes is"):
        zerokara.open_run(out / "changed")


@pytest.mark.slow
def test_run_json_of_as_many_changes_as_there_may_be_is_read(tmp_path: Path) -> None:
    longest = {"iteration": 2**53 - 1, "field": "learning_rate", "value": -1.2345678901234567e-300}
    assert len(json_file({"changes": MOST_CHANGES * [longest]})) < MOST_RUN_JSON - 100_000
    made = [Change(i // 3, ("learning_rate", "momentum", "weight_decay")[i % 3], 1 / (i + 3)) for i in range(3000)]
    run = trained(tmp_path / "run", made, iterations=1000, batch_size=1, hidden=(1,))
    assert (run.path / "run.json").stat().st_size > MOST_TEXT
    opened, results = open_with_remarks(run.path)
    assert opened.changes == run.changes == tuple(made)
    assert results.remarks == []
    line = line_of(run.path)
    assert line is not None
    assert (line.changes, line.remark) == (3000, None)


# Told of


def test_verify_says_that_it_was_changed(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(out / "changed", out / "copy")
    assert main(["verify", *(str(out / name) for name in ("changed", "copy", "plain"))]) == 0
    told = capsys.readouterr().out
    assert told.count("It was changed 3 times while it trained, and so was the second training.") == 2
    assert "the same recipe with the same changes always gives" in told


def test_lists_and_show_tell(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--out", str(out), "--json", "--sort", "changes"]) == 0
    listed = {line["name"]: line for line in json.loads(capsys.readouterr().out)}
    assert {name: (line["changes"], line["parent"]) for name, line in listed.items()} == {
        "plain": (0, None), "changed": (3, None),
    }  # fmt: skip
    assert main(["runs", "list", "--out", str(out), "--sort", "parent"]) == 0
    capsys.readouterr()
    assert main(["runs", "show", str(out / "changed")]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"Changed while it trained\nafter update +option +value\n0 +momentum +0.5\n7 ", shown)
    assert main(["runs", "show", str(out / "plain")]) == 0
    assert "hanged" not in capsys.readouterr().out


def test_its_page_tells_and_does_not_say_how_to_train_the_same_again(out: Path) -> None:
    from zerokara.report.page import page

    run = zerokara.open_run(out / "changed")
    html = page([reported(run)])
    assert '<section id="changes"' in html or 'id="changes"' in html
    assert re.search(r"<th scope=\"row\">7</th><td>learning_rate</td><td>0.2</td>", html)
    assert repeat(run) == "" != repeat(zerokara.open_run(out / "plain"))
    assert "The same again" not in html
    plain = page([reported(zerokara.open_run(out / "plain"))])
    assert "The same again" in plain
    assert 'id="changes"' not in plain


def test_a_page_names_the_first_of_many() -> None:
    from zerokara.report.changes import left_out, rows

    many = [Change(i, "learning_rate", 0.1 + i) for i in range(45)]
    assert len(rows(many)) == 40
    assert left_out(many) == "5 more changes are not shown here."
    assert left_out(many[:41]) == "1 more change is not shown here."
    assert left_out(many[:40]) == ""


def test_runs_of_one_recipe_that_were_changed_otherwise_do_not_look_alike(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comparison = zerokara.compare(out / "plain", out / "changed")
    assert not comparison.identical
    row = next(row for row in comparison.differences if row.name == "changes")
    assert row.values == ((), MADE)
    assert row.texts() == ["-", "0: momentum 0.5; 7: learning_rate 0.2; 12: weight_decay 0.05"]
    assert [row.name for row in comparison.differences if row.group == "recipe"] == []
    assert "weights" not in [row.name for row in comparison.differences], "which had to differ"
    assert comparison.to_json()["differences"]["origin"]["changes"] == [[], AS_JSON]
    assert comparison.to_json()["runs"][0]["origin"]["changes"] == []
    assert main(["compare", str(out / "plain"), str(out / "changed")]) == 0
    assert "changed while it trained" in capsys.readouterr().out
    copy = shutil.copytree(out / "changed", out / "copy")
    assert zerokara.compare(out / "changed", copy).identical


def test_one_whose_change_had_no_effect_is_not_called_identical(tmp_path: Path) -> None:
    """The same bits, but not the same list."""
    plain, late = trained(tmp_path / "plain", []), trained(tmp_path / "late", [Change(20, "learning_rate", 9.0)])
    assert late.changes == (Change(20, "learning_rate", 9.0),)
    comparison = zerokara.compare(plain, late)
    assert not comparison.identical
    assert [row.name for row in comparison.differences if row.group == "origin"] == ["changes"]


def test_its_recipe_is_used_without_its_changes_and_that_is_said(
    out: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = "is not part of its recipe."
    for recipe in (out / "changed/recipe.toml", out / "changed"):
        words = [
            "train",
            "--recipe",
            str(recipe),
            "--out",
            str(tmp_path / "new"),
            "--no-plots",
            "--engine",
            "reference",
        ]
        assert main([*words, "--json"]) == 0
        assert told in capfd.readouterr().err
    new = zerokara.open_run(tmp_path / "new/digits-001")
    assert new.changes == ()
    assert verdict(new.path) == ("same-bits", [])
    assert (new.path / "losses.csv").read_bytes() == (out / "plain/losses.csv").read_bytes()
    assert main(["train", "--recipe", str(out / "plain"), "--out", str(tmp_path / "new"), "--no-plots"]) == 0
    assert told not in "".join(capfd.readouterr())
