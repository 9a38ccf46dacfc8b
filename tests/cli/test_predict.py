"""`zerokara predict`: answers for people and for programs, and what happens to pictures that are none."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import zerokara
from zerokara.cli import main
from zerokara.data import write_idx


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    """scikit-learn's digits, enlarged to MNIST's size, (1797, 28, 28)."""
    data = zerokara.load("digits")
    small = np.concatenate([data.train.x, data.test.x]).reshape(-1, 8, 8)
    return np.pad(np.repeat(np.repeat(small * 255, 3, axis=1), 3, axis=2), ((0, 0), (2, 2), (2, 2))).astype(np.uint8)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, digits: NDArray[np.uint8]) -> zerokara.Run:
    """A run that knows these digits; the folder with its data is gone."""
    folder = tmp_path_factory.mktemp("data") / "enlarged"
    folder.mkdir()
    data = zerokara.load("digits")
    labels = np.concatenate([data.train.t, data.test.t]).astype(np.uint8)
    for part, rows in (("train", slice(0, 1500)), ("t10k", slice(1500, None))):
        write_idx(folder / f"{part}-images-idx3-ubyte", digits[rows])
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels[rows])
    run = zerokara.train(folder, out=folder.parent / "runs", name="mine", hidden=20, epochs=30, plots=False)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return run


@pytest.fixture
def here(
    trained: zerokara.Run, digits: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """here(*pictures): the command on the run, in a folder with a.png and b.png (digits) and broken.png."""
    monkeypatch.chdir(tmp_path)
    for name, index in (("a", 3), ("b", 4)):
        Image.fromarray(digits[index]).save(f"{name}.png")
    Path("broken.png").write_bytes(b"no picture")
    return lambda *words: main(["predict", str(trained.path), *map(str, words)])


Output = pytest.CaptureFixture[str]


def test_a_picture_is_answered_for_people(here: Callable[..., int], capsys: Output) -> None:
    assert here("a.png", "b.png") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines if ".png" in line] == ["a.png", "b.png"]
    assert sum("%" in line for line in lines) >= 2 * 11  # the heading, and each class
    assert max(map(len, lines)) <= 80


def test_what_it_knows_is_said_once(here: Callable[..., int], capsys: Output) -> None:
    assert here("a.png", "b.png") == 0
    out = capsys.readouterr().out
    assert out.count("The network knows only digits") == 1
    assert out.splitlines()[-1].startswith("The network knows only digits")


def test_json_has_an_object_on_a_line_for_each_picture(
    here: Callable[..., int], trained: zerokara.Run, capsys: Output
) -> None:
    assert here("a.png", "b.png", "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["file"] for one in told] == ["a.png", "b.png"]
    for one in told:
        x = trained.predict(one["file"]).seen.reshape(1, 784).astype(np.float64)
        w = {name: array.astype(np.float64) for name, array in trained.network.params.items()}
        scores = (np.maximum(x @ w["W1"] + w["b1"], 0) @ w["W2"] + w["b2"])[0]
        np.testing.assert_allclose(one["probabilities"], np.exp(scores) / np.exp(scores).sum(), rtol=1e-3, atol=1e-9)
        assert one["answer"] == scores.argmax()
        assert one["class_name"] == str(one["answer"])


def test_one_that_is_no_picture_leaves_the_others_their_answers(here: Callable[..., int], capsys: Output) -> None:
    assert here("a.png", "broken.png", "gone.png", "b.png", "--json") == 1
    out, err = capsys.readouterr()
    told = [json.loads(line) for line in out.splitlines()]
    assert [(one["file"], one.get("code")) for one in told] == [
        ("a.png", None),
        ("broken.png", "data-damaged"),
        ("gone.png", "file-error"),
        ("b.png", None),
    ]
    assert [line.split(" cannot ")[0] for line in err.splitlines()] == ["zerokara: broken.png", "zerokara: gone.png"]


def test_a_folder_is_all_of_its_pictures(here: Callable[..., int], capsys: Output) -> None:
    assert here(".", "--json") == 1  # broken.png is one of them
    assert [json.loads(line)["file"] for line in capsys.readouterr().out.splitlines()] == [
        "a.png",
        "b.png",
        "broken.png",
    ]


def test_a_folder_without_pictures(here: Callable[..., int], capsys: Output) -> None:
    Path("none").mkdir()
    assert here("none") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "There is no picture in the folder none." in err


def test_every_step_is_drawn(here: Callable[..., int], capsys: Output) -> None:
    assert here("a.png", "--show", "steps.png") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "picture: steps.png"
    drawn = np.asarray(Image.open("steps.png").convert("RGB")).reshape(-1, 3).astype(int)
    assert (drawn.std(axis=0) > 5).all()


def test_of_many_pictures_the_first_are_drawn_and_that_is_said(
    here: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setattr("zerokara.cli.predict.MOST_DRAWN", 1)
    monkeypatch.setattr("zerokara.report.figures.png", lambda figure: b"")  # what is drawn is looked at above
    assert here("a.png", "b.png", "--show", "steps.png", "--json") == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2  # nothing but JSON on standard output
    assert err == "zerokara: steps.png has the first 1 pictures of 2.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "zerokara predict needs PICTURE."),
        (["a.png", "--show", "steps.jpg"], "--show must end in .png. Got steps.jpg."),
        (["a.png", "--show", "none/steps.png"], "--show needs a file in a folder that is there. Got none/steps.png."),
    ],
)
def test_wrong_usage_is_said_before_anything_is_done(
    here: Callable[..., int], words: list[str], told: str, capsys: Output
) -> None:
    assert here(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err


def test_a_run_by_its_name(here: Callable[..., int], trained: zerokara.Run, capsys: Output) -> None:
    Path("runs").symlink_to(trained.path.parent)
    assert main(["predict", "mine", "a.png", "--json"]) == 0
    assert main(["predict", "other", "a.png"]) == 1
    assert "other does not exist. Expected the folder of a run" in capsys.readouterr().err


def test_a_terminal_without_blocks(here: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(printed, "ascii"))
    assert here("a.png") == 0
    assert b"###" in printed.getvalue()
    assert b"\\u" not in printed.getvalue()


def test_all_that_is_printed_is_sentences_names_and_figures(
    here: Callable[..., int], marked: Callable[[str], str], capsys: Output
) -> None:
    assert here("a.png") == 0
    assert not any(letter.isalpha() for letter in marked(capsys.readouterr().out))
