"""Of several ways to read a picture the surest is taken, and whatever speaks against the answer is said."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zerokara.errors import DataError, UsageError, ZerokaraError
from zerokara.handwriting.predicting import each_of, file_of, predicted, what_it_knows
from zerokara.handwriting.prediction import Prediction
from zerokara.handwriting.prepared import Doubt, Prepared

NAMES = ("cat", "dog", "emu")


def asked(*rows: list[float], doubts: tuple[Doubt, ...] = ()) -> Prediction:
    """What comes of a network that gives these probabilities, a row for each way to read the picture."""
    prepared = Prepared(np.arange(4.0 * len(rows), dtype=np.float32).reshape(-1, 4), (2, 2), (), doubts)
    return predicted(prepared, lambda x: np.array(rows)[: len(x)], NAMES, "a.png")


def codes(answer: Prediction) -> list[str]:
    return [doubt.code for doubt in answer.doubts]


def test_an_answer_without_a_doubt() -> None:
    answer = asked([0.1, 0.8, 0.1])
    assert (answer.answer, answer.class_name, answer.certainty, answer.doubts) == (1, "dog", 0.8, ())
    np.testing.assert_array_equal(answer.seen, [[0, 1], [2, 3]])


def test_the_surest_way_to_read_it_is_taken() -> None:
    answer = asked([0.75, 0.25, 0.0], [0.9, 0.1, 0.0])
    assert (answer.answer, answer.certainty, codes(answer)) == (0, 0.9, [])
    np.testing.assert_array_equal(answer.seen, [[4, 5], [6, 7]])  # the second way's
    np.testing.assert_array_equal(answer.steps[-1].picture, np.full((2, 2), 255))


def test_ways_that_disagree_are_a_doubt_that_names_the_other_answer() -> None:
    answer = asked([0.75, 0.25, 0.0], [0.1, 0.0, 0.9])
    assert (answer.class_name, codes(answer)) == ("emu", ["paper"])
    assert answer.doubts[0].text.endswith("the other one gives cat.")


def test_what_was_said_of_the_paper_before_is_not_said_again() -> None:
    answer = asked([0.75, 0.25, 0.0], [0.1, 0.0, 0.9], doubts=(Doubt("paper", "Two papers."),))
    assert codes(answer) == ["paper"]


def test_a_low_certainty_is_a_doubt_with_the_class_that_comes_next() -> None:
    assert codes(asked([0.7, 0.2, 0.1])) == []
    answer = asked([0.69, 0.01, 0.3])
    assert codes(answer) == ["uncertain"]
    assert answer.doubts[0].text == "The network is not sure: next to cat comes emu with 30.0%."


def test_without_ink_nothing_else_is_doubted() -> None:
    answer = asked([0.4, 0.3, 0.3], doubts=(Doubt("no-ink", "No ink."),))
    assert codes(answer) == ["no-ink"]
    assert answer.heading == answer.in_text() == "a.png: No ink."  # and no bars
    assert answer._repr_html_() == "<strong>a.png: No ink.</strong>"


def test_a_way_that_gives_no_numbers_is_passed_over() -> None:
    answer = asked([np.nan, np.nan, np.nan], [0.1, 0.8, 0.1])
    assert (answer.class_name, codes(answer)) == ("dog", [])


def test_a_network_that_is_lost_has_no_answer() -> None:
    with pytest.raises(ZerokaraError, match="not finite, so it has no answer") as raised:
        asked([np.nan, np.nan, np.nan], [np.inf, 0.0, 0.0])
    assert raised.value.code == "diverged"


def test_it_says_that_a_network_knows_nothing_else() -> None:
    assert "letter or a scribble" in what_it_knows([str(digit) for digit in range(10)])
    assert "its own classes" in what_it_knows(NAMES)


# Several pictures


def test_a_list_is_several_pictures_and_numbers_in_lists_are_one() -> None:
    pixels = np.zeros((3, 3))
    assert each_of(["a.png", Path("b.png")]) == ["a.png", Path("b.png")]
    assert [id(one) for one in each_of((pixels, pixels)) or ()] == [id(pixels)] * 2
    assert each_of([]) == []
    for one in (pixels, pixels.tolist(), [1, 0], "a.png", Path("a.png"), Image.new("L", (3, 3))):
        assert each_of(one) is None


def test_the_pictures_of_a_folder_by_name(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "notes.txt", ".hidden.png", "Thumbs.db"):
        (tmp_path / name).touch()
    (tmp_path / "c.png").mkdir()
    assert each_of(tmp_path) == [tmp_path / "a.jpg", tmp_path / "b.PNG"]
    assert each_of(str(tmp_path)) == each_of(tmp_path)


def test_a_folder_without_pictures_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no picture in the folder .*\. Expected files that end in one of"):
        each_of(tmp_path)


@pytest.mark.parametrize(("picture", "file"), [("a.png", "a.png"), (Path("a.png"), "a.png"), (np.zeros((2, 2)), "")])
def test_a_prediction_has_the_path_as_it_was_given(picture: Any, file: str) -> None:
    assert file_of(picture) == file


def test_bytes_are_no_path() -> None:
    with pytest.raises(UsageError, match="Got bytes"):
        file_of(b"a.png")
