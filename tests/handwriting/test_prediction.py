"""A prediction shows itself: to programs, on a terminal, in a notebook, whatever classes and files are called."""

import base64
import io
import json
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from zerokara.cells import width
from zerokara.handwriting.bars import has_blocks, picture_lines
from zerokara.handwriting.prediction import Prediction
from zerokara.handwriting.prepared import Doubt, Prepared

HOSTILE = "<script>alert(1)</script>\x1b[2J"


def prediction(names: Any = tuple("0123456789"), file: str = "my.png", doubts: Any = ()) -> Prediction:
    """Of a picture whose upper half is bright; class 2 has one half of the probability, the others share the rest."""
    shares = np.full(len(names), 0.5 / (len(names) - 1))
    shares[2] = 0.5
    seen = np.zeros((1, 784), np.float32)
    seen[0, :392] = 1
    return Prediction(file, 2, tuple(names), shares, tuple(doubts), Prepared(seen, (28, 28)))


def test_json_has_what_is_promised() -> None:
    told = json.loads(json.dumps(prediction(doubts=[Doubt("cut", "It is cut.")]).to_json()))
    assert list(told) == ["file", "answer", "class_name", "probabilities", "doubts"]
    assert (told["file"], told["answer"], told["class_name"]) == ("my.png", 2, "2")
    assert sum(told["probabilities"]) == pytest.approx(1)
    assert told["doubts"] == [{"code": "cut", "text": "It is cut."}]


def test_a_short_form_for_programmers() -> None:
    assert repr(prediction()) == "<Prediction my.png: 2, 50.0%>"
    doubtful = prediction(file="", doubts=[Doubt("cut", ""), Doubt("faint", "")])
    assert repr(doubtful) == "<Prediction a picture: 2, 50.0%, doubts: cut, faint>"


def test_on_a_terminal_the_answer_comes_first_then_doubts_then_all_classes() -> None:
    lines = str(prediction(doubts=[Doubt("cut", "It is cut.")])).splitlines()
    assert lines[:3] == ["my.png: 2, 50.0%", "It is cut.", ""]
    shares = ["   5.6% █"] * 2 + ["  50.0% " + "█" * 12] + ["   5.6% █"] * 7
    assert [line[30:] for line in lines[3:13]] == [f"{k}{share}" for k, share in enumerate(shares)]
    assert lines[3].startswith("█" * 28)
    assert lines[10].startswith(" " * 28)  # the lower half is dark


@pytest.mark.parametrize(
    "names",
    [tuple("0123456789"), ["重みの初期値と活性化関数の分布"] * 12, ["가중치" * 9] * 3, ["x" * 300] * 3, range(1000)],
)
@pytest.mark.parametrize("blocks", [True, False])
def test_all_of_it_fits_into_80_cells(names: Any, blocks: bool) -> None:
    lines = prediction(list(map(str, names))).in_text(blocks=blocks).splitlines()[1:]
    assert max(map(width, lines)) <= 80
    percents = [width(line.partition("%")[0]) for line in lines if "%" in line]
    assert len(set(percents)) == 1  # they line up


def test_without_blocks_there_are_only_ascii_letters() -> None:
    assert prediction().in_text(blocks=False).isascii()


def test_of_very_many_classes_the_likeliest_are_shown() -> None:
    lines = str(prediction(list(map(str, range(1000))))).splitlines()
    assert lines[2].split()[-3:-1] == ["2", "50.0%"]
    assert lines[-1].strip() == "The 40 likeliest of 1,000 classes."


def test_names_play_no_tricks() -> None:
    hostile = prediction([HOSTILE] * 3, file=HOSTILE)
    assert "\x1b" not in hostile.in_text()
    page = hostile._repr_html_()
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 5  # the heading has two of them


def test_a_notebook_shows_answer_doubts_bars_and_what_the_network_saw() -> None:
    page = prediction(doubts=[Doubt("cut", "It is <cut>.")])._repr_html_()
    tree = ElementTree.fromstring(f"<div>{page}</div>")
    assert tree.findtext(".//strong") == "my.png: 2, 50.0%"
    assert "It is <cut>." in "".join(tree.itertext())
    rows = [[cell.text for cell in row][:2] for row in tree.iter("tr")]
    assert rows[2:4] == [["2", "50.0%"], ["3", "5.6%"]]
    image = tree.find(".//img")
    assert image is not None
    assert image.get("alt") == "what the network saw"
    content = base64.b64decode(str(image.get("src")).removeprefix("data:image/png;base64,"))
    seen = np.asarray(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(seen, np.repeat([255, 0], 14)[:, None] * np.ones((1, 28), int))


def test_a_large_picture_becomes_means_of_its_pixels() -> None:
    halves = np.zeros((64, 100))
    halves[:32] = 1
    lines = list(picture_lines(halves, blocks=True))
    assert lines == ["█" * 28] * 7 + [" " * 28] * 7
    checks = np.indices((56, 56)).sum(axis=0) % 2
    assert list(picture_lines(checks, blocks=False)) == ["=" * 28] * 14  # the middle of nine steps, rounded to even


def test_a_small_picture_is_enlarged_by_whole_times() -> None:
    lines = list(picture_lines(np.eye(8), blocks=True))  # three cells for each of scikit-learn's pixels
    assert [len(line) for line in lines] == [24] * 12
    assert lines[0] == "███" + " " * 21
    assert lines[1] == "▀▀▀▄▄▄" + " " * 18


def test_blocks_only_where_the_terminal_has_them() -> None:
    assert has_blocks(io.TextIOWrapper(io.BytesIO(), "utf-8"))
    assert not has_blocks(io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert not has_blocks(io.TextIOWrapper(io.BytesIO(), "cp932"))
