"""Whatever is found is said in whole sentences."""

from typing import Any

import pytest

from .mistakes import MISTAKES

SAID = (
    "local names",
    "step up, inline",
    "made anew",
    "batch drawn once",
    "one per epoch",
    "test on training",
    "labels broadcast",
    "sigmoid for softmax",
    "labels shuffled apart",
    "loss not called",
    "not scaled",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_whole_sentences(name: str, ran: Any, made_up: None, marked: Any) -> None:
    source = next(mistake.source for mistake in MISTAKES if mistake.name == name)
    for finding in ran(source).found:
        texts = (finding.text, *finding.symptoms, finding.remedy, finding.proven)
        assert [marked(text) for text in texts if text] == [""] * sum(map(bool, texts))
