"""`zerokara evaluate` and `Run.evaluate`, against scikit-learn's metrics of what the network itself answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics

import zerokara
from zerokara.cells import width
from zerokara.cli import main
from zerokara.cli.evaluate import in_lines
from zerokara.data import Dataset, Split
from zerokara.metrics import Answers
from zerokara.report.classification import ClassificationReport


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> zerokara.Run:
    out = tmp_path_factory.mktemp("evaluated") / "runs"
    return zerokara.train("digits", out=out, name="some", hidden=8, iterations=600, plots=False)


def of_classes(names: tuple[str, ...], samples: int = 60, features: int = 64) -> Dataset:
    """Noise that looks like the digits."""
    pixels = np.random.default_rng(0).integers(0, 17, (samples, features)).astype(np.uint8)
    split = Split(pixels, np.arange(samples) % len(names), 16)
    return Dataset("noise", split, split, names, (features // 8, 8), "0" * 16, "")


def test_figures_are_those_of_scikit_learn(run: zerokara.Run, capsys: pytest.CaptureFixture[str]) -> None:
    test = run.dataset.test
    answered = run.network.predict(test.x).argmax(axis=1)
    assert main(["evaluate", str(run.path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"] == str(run.path)
    assert (told["dataset"], told["own_data"], told["images"]) == ("digits", True, 359)
    assert told["right"] == metrics.accuracy_score(test.t, answered, normalize=False)
    assert told["accuracy"]["value"] == run.history.last.test_accuracy
    assert told["accuracy"]["low"] < told["accuracy"]["value"] < told["accuracy"]["high"]
    assert told["confusion"] == metrics.confusion_matrix(test.t, answered).tolist()
    precision, recall, _, images = metrics.precision_recall_fscore_support(test.t, answered, zero_division=np.nan)
    known = [np.nan if row["precision"] is None else row["precision"] for row in told["classes"]]
    assert_allclose(known, precision)
    assert_allclose([row["recall"] for row in told["classes"]], recall)
    assert [row["images"] for row in told["classes"]] == images.tolist()


def test_the_terminal_has_the_same_in_80_columns(run: zerokara.Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    report = run.evaluate()
    value, low, high = report.accuracy
    assert lines[1] == f"accuracy {value:.4f}, 95 % interval [{low:.4f}, {high:.4f}]"
    row = report.rows[3]
    assert f"3 {row.images} {row.precision:.4f} {row.recall:.4f}".split() in [line.split() for line in lines]
    assert ["3", *map(str, report.confusion[3])] in [line.split() for line in lines]
    assert max(map(width, lines[1:])) <= 80


def reported(names: tuple[str, ...], each: int = 1000) -> ClassificationReport:
    """As many samples of each class, all right but the last of each, which is taken for class 0."""
    labels = np.repeat(np.arange(len(names)), each)
    answered = np.where(np.arange(len(labels)) % each == each - 1, 0, labels)
    answers = Answers(labels, np.eye(len(names))[answered])
    return ClassificationReport("r", "d", "0" * 16, "d", True, names, names, answers)


def test_ten_classes_with_wide_names_and_ten_thousand_images_fit_into_80_columns() -> None:
    lines = list(in_lines(reported(tuple(f"アンクルブーツとサンダルの{k}番目のクラス" for k in range(10)))))
    assert max(map(width, lines)) <= 80
    matrix = [line for line in lines if line.endswith(" 999")]
    assert len(matrix) == 1
    assert "…" in matrix[0]
    assert len({width(line) for line in lines[-11:]}) == 1


def test_a_matrix_that_is_too_wide_gives_way_to_the_most_frequent_wrong_answers() -> None:
    report = reported(tuple(f"c{k}" for k in range(100)), each=3)
    lines = list(in_lines(report))
    assert max(map(width, lines)) <= 80
    assert lines[-10].split() == ["c1", "c0", "1"]
    assert report.mix_ups[0] == (1, 0, 1)
    assert len(report.mix_ups) == 99


def test_other_data_of_the_same_shape_are_allowed_and_said(run: zerokara.Run) -> None:
    names = tuple("abcdefghij")
    noise = of_classes(names)
    report = run.evaluate(noise)
    answered = run.network.predict(noise.test.x).argmax(axis=1)
    assert report.accuracy.value == np.mean(answered == noise.test.t)
    assert not report.own
    assert list(report.remarks()) == [
        "The network was trained on digits, and noise are other data. Accuracy compares the numbers of the classes.",
        "Class 0 is 0 in digits, and a in noise.",
    ]
    assert run.evaluate(replace(noise, checksum=run.checksum)).own


@pytest.mark.parametrize(
    ("other", "got"),
    [
        (of_classes(tuple("abcdefghij"), features=56), "56 features and 10 classes"),
        (of_classes(tuple("abcdefghijk")), "64 features and 11 classes"),
    ],
)
def test_another_shape_is_an_error(run: zerokara.Run, other: Dataset, got: str) -> None:
    with pytest.raises(zerokara.UsageError, match=f"noise has {got}, but the network of .* takes 64 and knows 10") as e:
        run.evaluate(other)
    assert e.value.code == "wrong-shape"


def test_a_network_without_finite_scores_is_right_nowhere(run: zerokara.Run) -> None:
    network = run.network.copy()
    network.params = {name: array * np.nan for name, array in network.params.items()}
    report = replace(run, network=network, loaded=run.dataset).evaluate()
    assert (report.accuracy.value, report.undecided) == (0, 359)
    assert "359 of 359 test images have no finite score." in list(report.remarks())
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["classes"][0]["precision"] is None
    assert report.rows[0].cells()[3:] == ["-", "0.0000"]


def test_data_that_are_gone_are_an_error(
    run: zerokara.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", str(run.path), "nowhere"]) == 2
    assert "Got 'nowhere'" in capsys.readouterr().err


def test_a_notebook_shows_it_with_every_name_escaped(run: zerokara.Run) -> None:
    report = run.evaluate(of_classes(("<script>alert(1)</script>", *"bcdefghij")))
    shown = report._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert shown.count("<table>") == 2
    assert (
        repr(run.evaluate())
        == f"<ClassificationReport: accuracy {run.evaluate().accuracy.value:.4f} on 359 test images of digits>"
    )


def test_everything_is_said_through_sentences(run: zerokara.Run, marked: Callable[[str], str]) -> None:
    lines = "\n".join(in_lines(run.evaluate(of_classes(tuple("abcdefghij")))))
    left = set(marked(lines).split())
    assert left <= {*"abcdefghij", *map(str, range(100)), "-"} | {
        text for text in left if text.startswith(("0.", "1.0"))
    }
