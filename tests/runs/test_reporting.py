"""What a page is made of, of runs that went well and of others: held against scikit-learn, the run's files, and a
second training."""

import json
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import zerokara
from zerokara.cli import app
from zerokara.data import Split
from zerokara.nn.network import Network
from zerokara.report.page import page
from zerokara.runs.prepared import Diverged
from zerokara.runs.reporting import answers_of, findings_of_end, report_file, reported
from zerokara.runs.run import Run
from zerokara.training.recipe import Recipe

EVIL = "<script>alert(1)<x>"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("somebody") / "runs"
    return zerokara.train("digits", out=out, name="good", epochs=30, learning_rate=0.5)


@pytest.fixture(scope="module")
def diverged(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.raises(Diverged) as caught:
        zerokara.train("digits", out=tmp_path_factory.mktemp("runs"), learning_rate=1e30)
    return zerokara.open_run(caught.value.run.path)


def test_the_answers_are_those_that_the_training_was_judged_by(trained: Run) -> None:
    told = reported(zerokara.open_run(trained.path))
    assert told.answers is not None
    assert told.answers.accuracy.value == trained.history.last.test_accuracy
    scores = trained.network.predict(trained.dataset.test.x)
    p = np.exp(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))
    assert np.abs(told.answers.probabilities - p).max() < 1e-5


def test_what_is_reported_is_what_the_run_recorded(trained: Run) -> None:
    told = reported(trained)
    facts = json.loads((trained.path / "run.json").read_text())
    assert (told.name, told.kind, told.state) == ("good", "run", "finished")
    assert told.losses.tolist() == trained.history.losses.tolist()
    assert told.recipe == asdict(trained.recipe)
    assert told.facts["zerokara"] == facts["versions"]["zerokara"]
    assert told.facts["NumPy"] == facts["versions"]["numpy"]
    assert told.facts["begun"] == facts["began"]
    assert told.facts["processor level"] == facts["machine"]["processor"]
    assert told.facts["checksum of the data"] == facts["data"]["checksum"]
    assert (told.facts["training images"], told.facts["test images"]) == ("1,438", "359")
    assert reported(zerokara.open_run(trained.path)).facts == told.facts
    assert told.missing == ()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hidden": (7, 5), "optimizer": "adam", "learning_rate": 0.003, "epochs": 2, "init": 0.02, "seed": 7},
        {"gradient": "numerical", "iterations": 3, "batch_size": 4, "weight_decay": 1e-4, "sampling": "epoch"},
        {"optimizer": "rmsprop", "decay": 0.5, "dtype": "float64", "evaluate_every": 9},
    ],
)
def test_the_command_trains_the_same_again(
    trained: Run, options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(dataset="digits", **options).resolved()  # type: ignore[arg-type]
    words = shlex.split(reported(replace(trained, recipe=recipe), load=False).repeat)
    assert words[:3] == ["zerokara", "train", "digits"]
    asked: list[Recipe] = []

    def prepare(chosen: Recipe, **_: object) -> None:
        asked.append(chosen.resolved())
        raise KeyboardInterrupt

    monkeypatch.setattr("zerokara.cli.train.prepare_run", prepare)
    app.main(words[1:])
    assert asked == [recipe]


def test_of_ones_own_folder_the_command_has_the_name_alone(trained: Run) -> None:
    run = replace(trained, recipe=replace(trained.recipe, dataset="/home/somebody/my digits"))
    told = reported(run, load=False)
    assert told.repeat.startswith("zerokara train './my digits' ")
    assert "somebody" not in page([told])
    reference = replace(trained, engine="reference", origin={"keep_going": True})
    assert reported(reference, load=False).repeat.startswith("zerokara train digits --engine reference --keep-going")


def test_no_place_is_told(trained: Run) -> None:
    html = page([reported(trained)])
    assert "somebody" not in html
    assert "/tmp" not in html


def test_a_run_that_learned_has_no_finding(trained: Run) -> None:
    assert findings_of_end(trained, trained.dataset) == ()


@pytest.mark.parametrize(
    ("options", "cause"),
    [({"init": 0.0}, "symmetric-weights"), ({"init": 30.0, "learning_rate": 0.01}, "weights-too-large")],
)
def test_what_the_end_shows_is_found_without_training_again(
    options: dict[str, float], cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = zerokara.train("digits", out=tmp_path, epochs=10, plots=False, **options)  # type: ignore[arg-type]
    monkeypatch.setattr("zerokara.training.trainer.Trainer.run", None)
    told = reported(zerokara.open_run(run.path))
    assert told.findings is not None
    assert [finding.cause for finding in told.findings] == [cause]
    assert all(finding.change is None for finding in told.findings)


def test_a_diverged_run_has_a_page_and_its_cause(diverged: Run) -> None:
    told = reported(diverged)
    assert told.findings is not None
    assert [finding.cause for finding in told.findings] == ["rate-too-high"]
    html = page([told])
    assert "It diverged" in html
    assert "Nothing was found" not in html
    assert (diverged.path / "report.html").read_text().count("<section") == html.count("<section")


def test_a_run_whose_data_are_gone_has_a_page_that_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "somebody" / EVIL
    for part in ("train", "test"):
        for name in ("a", EVIL):
            for k in range(3):
                _picture(folder / part / name / f"{k}.png", 100 * (name == "a") + k)
    run = zerokara.train(folder, out=tmp_path / "runs", name="own", hidden=3, iterations=5, batch_size=2)
    shutil.rmtree(folder)
    told = reported(zerokara.open_run(run.path))
    assert (told.dataset, told.answers, told.findings) == (None, None, None)
    (missing,) = told.missing
    assert missing.startswith("The data that it was trained on are not here")
    html = page([told])
    assert "<script" not in html
    assert "somebody" not in html
    assert missing in html
    assert html.count("<section") == 6  # without findings, confusion, mistakes
    assert "<script" not in (run.path / "report.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;x&gt;" in (run.path / "report.html").read_text()


def _picture(path: Path, grey: int) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 6), grey, np.uint8)).save(path)


def test_data_that_are_others_now_are_not_believed(trained: Run) -> None:
    told = reported(replace(trained, loaded=None, checksum="0"))
    assert told.answers is None
    assert told.missing[0].startswith("The data of that name are not those that it was trained on any more")


def test_nothing_is_fetched(trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROKARA_CACHE", str(tmp_path))
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path))
    monkeypatch.setattr("zerokara.data.loading.fetch_file", None)
    gone = replace(trained, loaded=None, recipe=replace(trained.recipe, dataset="kmnist"))
    assert reported(gone).missing[0].startswith("The data that it was trained on are not here")


def test_answers_of_a_network_that_is_not_finite_are_none() -> None:
    split = Split(np.array([[1.0, 2.0], [0.0, 0.0]], np.float32), np.array([0, 1]), None)
    network = Network([2, 3, 2])
    network.params["b2"][...] = [np.nan, 0]
    answers = answers_of(network, split)
    assert answers.answers.tolist() == [-1, -1]
    network.params["b2"][...] = [-np.inf, 0]
    assert answers_of(network, split, "reference").probabilities.tolist() == [[0, 1], [0, 1]]


def test_a_notebook_reads_no_data(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = zerokara.open_run(trained.path)
    monkeypatch.setattr("zerokara.runs.run.load", None)
    html = opened._repr_html_()
    assert "zerokara report good" in html
    assert "zk-matrix" not in html.partition("</style>")[2]
    shown = trained._repr_html_()
    assert "zk-matrix" in shown.partition("</style>")[2]
    assert "95 % interval" in shown


def test_the_page_is_written_at_the_end_and_again_when_it_goes_on(tmp_path: Path) -> None:
    run = zerokara.train("digits", out=tmp_path, iterations=20)
    assert "after 20 updates" in (run.path / "report.html").read_text()
    assert app.main(["resume", str(run.path), "--iterations", "30", "--quiet"]) == 0
    assert "after 30 updates" in (run.path / "report.html").read_text()
    assert not (zerokara.train("digits", out=tmp_path, iterations=20, plots=False).path / "report.html").exists()


def test_a_page_that_fails_costs_no_run(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerokara.report.page.page", None)
    assert list(report_file(trained, lambda: False, lambda: None)) == []
    monkeypatch.undo()
    assert list(report_file(trained, lambda: True, lambda: None)) == []
    ((name, _),) = report_file(trained, lambda: False, lambda: None)
    assert name == "report.html"


def test_somebody_s_own_activation_is_reported_without_a_command(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from zerokara.nn.activations import ACTIVATIONS, Relu

    class Own(Relu):
        pass

    monkeypatch.setitem(ACTIVATIONS, "relu", Own)
    assert reported(trained, load=False).repeat == ""


def test_the_command_writes_into_the_folder_or_here_over_nobody_s_file(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    a, b = (str(shutil.copytree(trained.path, tmp_path / "runs" / name)) for name in ("a", "b"))
    (tmp_path / "runs/a/report.html").unlink()
    (tmp_path / "report.html").write_text("mine")
    assert app.main(["report", "a"]) == 0
    assert "<h1>a</h1>" in (tmp_path / "runs/a/report.html").read_text()
    assert app.main(["report", a, b]) == 0
    assert "<h1>a, b</h1>" in (tmp_path / "report-2.html").read_text()
    assert (tmp_path / "report.html").read_text() == "mine"
    assert app.main(["report", "b", "--out", "other.html"]) == 0
    assert "<h1>b</h1>" in (tmp_path / "other.html").read_text()
    told = capsys.readouterr().out.splitlines()
    assert told == [f"page: {path}" for path in ("runs/a/report.html", "report-2.html", "other.html")]
    for words, refusal in (
        ([], "Say which runs to show"),
        (["none"], "none does not exist"),
        (["a", "--out", "page.png"], "--out must end in .html. Got page.png."),
        (["a", "--out", "no/where.html"], "could not be written"),
    ):
        assert app.main(["report", *words]) != 0
        assert refusal in capsys.readouterr().err


def test_what_the_command_prints_and_says_is_sentences(
    trained: Run, tmp_path: Path, marked: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["report", str(trained.path), "--out", str(tmp_path / "x.html")]) == 0
    assert marked(capsys.readouterr().out) == ""
    html = (tmp_path / "x.html").read_text().partition("</style>")[2]
    texts = re.sub(r"<pre>.*?</pre>|<[^>]*>", " ", html, flags=re.S)
    facts = [*asdict(trained.recipe), *map(str, asdict(trained.recipe).values()), *reported(trained).facts.values()]
    rest = marked(texts)
    for fact in sorted([*facts, "good", "mnist", "zerokara", "NumPy"], key=len, reverse=True):
        rest = rest.replace(fact, "")
    assert not re.search("[A-Za-z]{2,}", rest), rest
