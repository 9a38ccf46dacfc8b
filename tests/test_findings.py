import json
from pathlib import Path

import numpy as np
import pytest

from zerokara.findings import CAUSES, GRADIENT, OWN_TRAINING, TRAINING, Finding, Findings

RATE = Finding(
    cause="rate-too-high",
    text="The loss rose <from> 2.30 to 8.1.",
    symptoms=("61 % of the hidden units are dead.",),
    since=120,
    evidence={"losses": np.array([2.3, np.inf]), "dead": np.float32(0.5)},
    remedy="Take 0.1.",
    change={"learning_rate": 0.1},
    proof={"accuracy": 0.9},
    proven="With 0.1 it comes to 0.90.",
)
SIGN = Finding(cause="sign", text="It is the negative.", file=Path("folder/net.py"), line=12, remedy="Write y - t.")


def test_no_cause_has_two_names_or_stands_in_two_tables():
    assert len(CAUSES) == len(TRAINING) + len(GRADIENT) + len(OWN_TRAINING)
    assert len(set(CAUSES.values())) == len(CAUSES)


def test_a_cause_is_one_of_the_table():
    with pytest.raises(ValueError, match="'bad-luck' is no cause"):
        Finding(cause="bad-luck", text="")


def test_json_holds_what_programs_need():
    first, second = json.loads(json.dumps(Findings([RATE, SIGN]).to_json(), allow_nan=False))["findings"]
    assert first == {
        "cause": "rate-too-high",
        "since": 120,
        "file": None,
        "line": None,
        "parameter": None,
        "evidence": {"losses": [2.3, None], "dead": 0.5},
        "change": {"learning_rate": 0.1},
        "proof": {"accuracy": 0.9},
        "text": "The loss rose <from> 2.30 to 8.1. 61 % of the hidden units are dead. Take 0.1. "
        "With 0.1 it comes to 0.90.",
    }
    assert (second["file"], second["line"], second["change"]) == ("folder/net.py", 12, "Write y - t.")
    assert Findings().to_json() == {"findings": []}


def test_at_most_three_are_told():
    assert len(Findings([RATE] * 5)) == 3


def test_text_has_the_cause_first_and_the_place():
    assert str(Findings([SIGN])) == (
        "The gradient has the wrong sign [sign]\n   net.py:12: It is the negative.\n   Write y - t."
    )
    assert str(Findings([SIGN, RATE])).splitlines()[4] == "2. The learning rate is too high [rate-too-high]"


def test_a_notebook_shows_them_escaped():
    shown = Findings([RATE, SIGN])._repr_html_()
    assert "&lt;from&gt;" in shown
    assert "net.py:12" in shown
    assert "<li>61 % of the hidden units are dead.</li>" in shown
    assert "Nothing was found" in Findings()._repr_html_()
