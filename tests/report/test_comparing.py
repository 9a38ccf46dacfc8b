"""The sections of a page of several trainings: what is in them, and that nothing of a stranger's gets into the HTML."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from zerokara.data.dataset import Dataset, Split
from zerokara.data.description import DataDescription
from zerokara.metrics import Answers
from zerokara.report.comparing import accuracies, differences, disagreements
from zerokara.report.page import page
from zerokara.report.reported import Reported
from zerokara.report.sections import SECTIONS
from zerokara.training.history import Evaluation

LABELS = np.arange(40) % 10


def training(name: str, wrong: int = 0, side: int = 8, names: tuple[str, ...] | None = None, **fields) -> Reported:
    """One that takes the first `wrong` of 40 pictures for the next class."""
    pixels = np.random.default_rng(3).integers(0, 256, (40, side * side)).astype(np.uint8)
    split = Split(pixels, LABELS, 255)
    dataset = Dataset("d", split, split, names or tuple(map(str, range(10))), (side, side), "0" * 16, "")
    answered = np.where(np.arange(40) < wrong, (LABELS + 1) % 10, LABELS)
    given = {
        "name": name,
        "trained": "d: a network",
        "recipe": {"learning_rate": 0.1, "seed": wrong},
        "origin": {"checksum": "0" * 16},
        "losses": np.linspace(2, 1, 30),
        "evaluations": (Evaluation(30, 1.0, 1.5, 0.9, 1 - wrong / 40),),
        "params": {"W1": np.full((2, 2), float(wrong))},
        "dataset": dataset,
        "described": DataDescription.of(dataset),
        "answers": Answers(LABELS, 0.01 + 0.9 * np.eye(10)[answered]),
    }
    return Reported(**{**given, **fields})


class Texts(HTMLParser):
    """The texts of a page, and what is read aloud."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("alt", "title", "aria-label") and value]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(data.strip())


def cells(html: object) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", str(html), re.DOTALL)
    return [[cell.strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def test_a_column_for_each_and_only_what_differs() -> None:
    assert cells(differences([training("one"), training("two", 4)])) == [
        ["", "1  one", "2  two"],
        ["seed", "0", "4"],
        ["test accuracy", "1.0000", "0.9000"],
    ]
    same = str(differences([training("one"), training("two")]))
    assert cells(same) == []
    assert "Runs 1, 2 are identical" in same


def test_accuracies_with_what_is_gained_and_lost() -> None:
    head, first, second = cells(accuracies([training("one", 4), training("two", 1)]))
    assert head[0] == "run"
    assert first[:2] == ["1  one", "0.9000"]
    assert (second[1], second[3], *second[5:]) == ("0.9750", "+0.0750", "3", "0")
    gone = {"answers": None, "dataset": None}
    assert accuracies([training("one", **gone), training("two", **gone)]) is None


def test_pictures_on_which_they_disagree_say_who_was_right() -> None:
    html = str(disagreements([training("one", 2), training("two", 1)]))
    assert "1 of 40 test images gets different answers." in html
    assert html.count("<li>") == 1
    assert "✗ 1: 2 (0.910)" in html
    assert "✓ 2: 1 (0.910)" in html
    assert "Test picture 1: labelled 1. Run 1 saw 2 (probability 0.910). Run 2 saw 1 (probability 0.910)." in html
    assert html.count("data:image/png;base64,") == 1
    assert "<li>" not in str(disagreements([training("one"), training("two")]))


def test_other_data_and_what_is_missing_are_said() -> None:
    one, two = training("one"), training("two", losses=np.zeros(0), evaluations=(), state="diverged")
    other = replace(training("three"), dataset=None, answers=None, missing=("The data are gone.",))
    html = page([one, two, other])
    assert "3: The data are gone." in html
    assert "2: It diverged:" in html
    assert "2: There was no evaluation, so there is no curve of the accuracy." in html
    assert disagreements([one, other]) is None


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "{{ 7 * 7 }}"])
def test_names_are_escaped(name: str) -> None:
    html = page([training(name, 3, names=(name, *"123456789")), training(name * 20)])
    assert "<script" not in html
    assert "<img" not in html
    assert name in Texts(html).found


def test_five_runs_of_mnists_size_fit_into_a_page_of_one_and_a_half_megabytes() -> None:
    trainings = [training(f"run {k}", 8 * k, side=28, losses=np.random.default_rng(k).random(10_000)) for k in range(5)]
    html = page(trainings)
    assert 20_000 < len(html.encode()) < 1_500_000
    assert [id_ for id_ in re.findall(r'id="([\w-]+)"', html) if id_ in {s.id for s in SECTIONS}] == [
        "differences",
        "curves",
        "accuracies",
        "disagreements",
    ]


def test_everything_is_said_through_sentences(marked: Callable[[str], str]) -> None:
    trainings = [training("one", 4), training("two", 1, state="stopped")]
    made = [content(trainings) for content in (differences, accuracies, disagreements)]
    known = {"one", "two", "seed", "d: a network", "1  one", "2  two"}
    left = [marked(text) for html in made for text in Texts(str(html)).found if text not in known]
    assert not [text for text in left if re.search("[A-Za-z]{2}", text)]
