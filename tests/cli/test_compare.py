"""`zerokara compare`, and `runs draw` of several runs: what the runs' own networks answer is the witness."""

import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zerokara
from zerokara import words
from zerokara.cells import width
from zerokara.cli import main

NAMES = ["a", "b", "学習率が大きい実行"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """a: rate 0.1; b: 0.5; a wide name: the same as b; diverged: infinite soon; other: other data of the same shape."""
    out = tmp_path_factory.mktemp("compared") / "runs"
    for name, rate in (("a", 0.1), ("b", 0.5)):
        zerokara.train("digits", out=out, name=name, hidden=8, iterations=600, learning_rate=rate, plots=False)
    shutil.copytree(out / "b", out / NAMES[2])
    return out


@pytest.fixture
def compare(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.chdir(made.parent)

    def compare(*argv: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["compare", *argv])
        return status, *capsys.readouterr()

    return compare


def test_json_has_what_differs_and_pairs_counted_by_the_networks(compare, made: Path) -> None:
    status, out, _ = compare("a", "b", "--json")
    assert status == 0
    told = json.loads(out)
    assert told["identical"] is False
    assert told["differences"]["recipe"] == {"learning_rate": [0.1, 0.5]}
    assert told["differences"]["origin"] == {}
    assert set(told["differences"]["figures"]) == {"loss", "train_accuracy", "test_accuracy"}
    first, second = (zerokara.open_run(made / name) for name in "ab")
    test = first.dataset.test
    a, b = (run.network.predict(test.x).argmax(axis=1) for run in (first, second))
    assert [run["figures"]["test_accuracy"] for run in told["runs"]] == [np.mean(a == test.t), np.mean(b == test.t)]
    assert [accuracy["value"] for accuracy in told["accuracy"]] == [np.mean(a == test.t), np.mean(b == test.t)]
    nothing, paired = told["difference_to_first"]
    assert nothing is None
    assert paired["gained"] == sum(x != t == y for x, y, t in zip(a, b, test.t, strict=True))
    assert paired["lost"] == sum(x == t != y for x, y, t in zip(a, b, test.t, strict=True))
    assert paired["value"] == pytest.approx((paired["gained"] - paired["lost"]) / 359)
    disagree = {k: [int(a[k]), int(b[k])] for k in range(359) if a[k] != b[k]}
    assert {one["index"]: one["answers"] for one in told["disagreements"]} == disagree
    assert all(one["label"] == test.t[one["index"]] for one in told["disagreements"])


class Longer(words.English):
    """A language whose words are longer, and wider."""

    def gettext(self, message: str) -> str:
        return f"「{message}」" if len(message) < 18 else message


@pytest.mark.parametrize("language", [words.English(), Longer()], ids=["english", "wider"])
def test_the_table_lines_up_in_80_columns(compare, monkeypatch: pytest.MonkeyPatch, language: words.English) -> None:
    monkeypatch.setattr(words, "_spoken", ("en", language))
    status, out, _ = compare("a", "b", NAMES[2], *["a"] * 9)
    assert status == 0
    lines = out.splitlines()
    assert lines[2] == f" 3  runs/{NAMES[2]}"
    twins = ", ".join(map(str, [1, *range(4, 13)]))
    assert f"Runs {twins} are identical: recipe, data, versions, engine and weights." in lines
    rates = [line for line in lines if line.startswith("learning_rate")]
    assert [rate for line in rates for rate in line.split()[1:]] == ["0.1", "0.5", "0.5", *["0.1"] * 9]
    assert len(rates) > 1  # twelve columns do not fit beside each other
    heads = [line for line in lines if set(line.split()) <= set(map(str, range(1, 13))) and line.strip()]
    for head, rate in zip(heads, rates, strict=True):
        assert width(head) == width(rate)
    tables = [line for line in lines if not re.search(r"\.$|: ", line)]
    assert len(tables) > 30
    assert max(map(width, tables)) <= (100 if isinstance(language, Longer) else 80)


@pytest.mark.parametrize("argv", [[], ["a"]])
def test_fewer_than_two_are_refused(compare, argv: list[str]) -> None:
    status, _, err = compare(*argv)
    assert status == 2
    assert err == f"zerokara: Say which runs to compare: two or more. Got {len(argv)}.\n"


def test_the_same_run_twice_is_identical(compare) -> None:
    status, out, _ = compare("a", "a")
    assert status == 0
    assert "Runs 1, 2 are identical: recipe, data, versions, engine and weights." in out
    assert "Only what differs" not in out
    assert "0 of 359 test images get different answers." in out
    told = json.loads(compare("a", "a", "--json")[1])
    assert told["identical"] is True
    assert [run["name"] for run in told["runs"]] == ["a", "a (2)"]


def test_data_that_are_gone_are_said_and_the_rest_is_there(compare, made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for part, labels in (("train", range(10)), ("test", range(5))):
        for k in labels:
            (folder / part / f"class{k % 2}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 4), 20 * k, np.uint8)).save(folder / part / f"class{k % 2}" / f"{k}.png")
    mine = zerokara.train(str(folder), out=tmp_path, name="of-mine", hidden=3, iterations=3, batch_size=2, plots=False)
    status, out, _ = compare("a", str(mine.path))
    assert status == 0
    assert "Run 2 has other test images than run 1, so they cannot be paired." in out
    assert "different answers" not in out
    shutil.rmtree(folder)
    status, out, _ = compare("a", str(mine.path))
    assert status == 0
    assert "\n2: The data that it was trained on are not here" in out
    assert "checksum of the data" in out


def test_what_is_no_run_is_refused(compare) -> None:
    status, _, err = compare("a", "nothing")
    assert status == 1
    assert "nothing does not exist. Expected the folder of a run" in err


def test_all_is_said_through_sentences(compare, marked: Callable[[str], str]) -> None:
    left = marked(compare("a", "b")[1])
    assert set(left.split()) <= {"1", "2", "runs/a", "runs/b", "learning_rate"} | {
        text for text in left.split() if text.lstrip("+-[").rstrip(",]").replace(".", "").isdigit()
    }


@pytest.mark.slow
def test_curves_of_several_runs_go_into_new_pictures_here(made: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("losses.png").touch()
    assert main(["runs", "draw", "a", "b", "--out", str(made)]) == 0
    assert capsys.readouterr().out.splitlines() == ["picture: losses-2.png", "picture: accuracies.png"]
    for name in ("losses-2.png", "accuracies.png"):
        assert Image.open(io.BytesIO(Path(name).read_bytes())).size[0] == 768
    assert not (made / "a" / "loss.png").exists()
    assert main(["runs", "draw"]) == 2


@pytest.mark.slow
def test_one_run_is_drawn_into_its_folder(made: Path) -> None:
    assert main(["runs", "draw", "a", "--out", str(made)]) == 0
    assert (made / "a" / "loss.png").exists()
