"""The records of a run, as JSON and back; older formats are brought up, and what nobody can know is refused."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerokara.data.description import DataDescription
from zerokara.errors import RunError
from zerokara.nn.activations import ACTIVATIONS, Relu
from zerokara.runs import provenance
from zerokara.runs import provenance as module
from zerokara.runs.machine import Environment
from zerokara.runs.provenance import (
    FORMAT,
    MIGRATIONS,
    CheckpointFacts,
    Provenance,
    differing_field,
    plain_name,
    recorded_recipe,
)
from zerokara.training.changes import Parent
from zerokara.training.recipe import Recipe

RECIPE = Recipe(dataset="digits", hidden=(3,)).resolved()
CAME = Provenance(
    zerokara="0.1", numpy="2.4", level="x86, v3", engine="reference", threads=2, data="0123", began="2026-01-31",
    recipe=recorded_recipe(RECIPE), keep_going=False, forced=["numpy was 2.3"],
    customized=[], described=DataDescription(tuple("0123456789"), (8, 8), 16.0, 0.0),
)  # fmt: skip
FACTS = CheckpointFacts(
    CAME, state="stopped", iteration=7, evaluations=1, sizes=[64, 3, 10], seconds=0.5, undecided={"test": (1, 9)},
    digest="sha256:" + "0" * 64,
)  # fmt: skip
PATH = Path("7.safetensors")


def written(facts: CheckpointFacts) -> dict[str, Any]:
    """What a reader finds in the file: JSON, with the digest that sealing adds."""
    found: dict[str, Any] = json.loads(json.dumps({**facts.to_json(), "digest": facts.digest}))
    return found


def test_facts_come_back_as_they_were() -> None:
    assert CheckpointFacts.from_json(PATH, written(FACTS)) == FACTS
    assert written(FACTS)["format"] == FORMAT
    assert CAME.environment == Environment("0.1", "2.4", "x86, v3")


def in_format_2() -> dict[str, Any]:
    """By hand: all facts in one object, and no samples without a class unless there are some."""
    return {
        "zerokara": "0.1", "numpy": "2.4", "level": "x86, v3", "engine": "reference", "threads": 2, "data": "0123",
        "recipe": json.loads(json.dumps(recorded_recipe(RECIPE))), "began": "2026-01-31", "keep_going": False,
        "forced": ["numpy was 2.3"], "state": "stopped", "format": 2, "iteration": 7, "evaluations": 1,
        "sizes": [64, 3, 10], "seconds": 0.5, "digest": "sha256:" + "0" * 64,
    }  # fmt: skip


UNDESCRIBED = replace(FACTS, provenance=replace(CAME, described=None))


def in_format_4() -> dict[str, Any]:
    """Nothing was changed while it trained, and every run began at its beginning."""
    found = {**written(FACTS), "format": 4}
    del found["changes"], found["provenance"]["parent"]
    return found


def test_formats_2_to_4_are_brought_up() -> None:
    assert CheckpointFacts.from_json(PATH, in_format_2()) == replace(UNDESCRIBED, undecided={})
    assert CheckpointFacts.from_json(PATH, {**in_format_2(), "undecided": {"test": [1, 9]}}) == UNDESCRIBED
    assert CheckpointFacts.from_json(PATH, in_format_4()) == FACTS
    in_3 = {**in_format_4(), "format": 3}
    del in_3["provenance"]["described"]
    assert CheckpointFacts.from_json(PATH, in_3) == UNDESCRIBED


@pytest.mark.parametrize(
    "other",
    [
        {"class_names": ["\x1b[2J"] * 10}, {"class_names": "0123456789"}, {"full": 0},
        {"image_shape": [64.0]}, {"image_shape": []}, {"background": "white"}, {"more": 1},
    ],
)  # fmt: skip
def test_an_impossible_description_of_data_is_refused(other: dict[str, Any]) -> None:
    facts = written(FACTS)
    facts["provenance"]["described"] |= other
    with pytest.raises(RunError, match="The file's described is miss"):
        CheckpointFacts.from_json(PATH, facts)


def test_a_name_that_stands_for_something_else_now_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    provenance.refuse_others(PATH, CAME, RECIPE)
    with pytest.raises(RunError, match=r"7\.safetensors was trained with its author's own activation='relu'"):
        provenance.refuse_others(PATH, replace(CAME, customized=["activation"]), RECIPE)
    monkeypatch.setitem(ACTIVATIONS, "relu", type("Mine", (Relu,), {}))
    assert RECIPE.customized() == ["activation"]
    provenance.refuse_others(PATH, replace(CAME, customized=["activation"]), RECIPE)
    with pytest.raises(RunError, match="was trained with zerokara's activation='relu', and here somebody has"):
        provenance.refuse_others(PATH, CAME, RECIPE)


def test_every_format_since_the_oldest_has_a_way_up() -> None:
    assert sorted(MIGRATIONS) == list(range(min(MIGRATIONS), FORMAT))


def test_formats_are_brought_up_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it will be when a format 6 comes: here one in which a processor level is written in capitals."""

    def to_6(facts: dict[str, Any]) -> dict[str, Any]:
        came = facts["provenance"]
        return {**facts, "provenance": {**came, "level": came["level"].upper()}}

    monkeypatch.setattr(module, "FORMAT", 6)
    monkeypatch.setitem(MIGRATIONS, 5, to_6)
    in_6 = replace(FACTS, provenance=replace(CAME, level="X86, V3"))
    before = replace(in_6.provenance, described=None)
    assert CheckpointFacts.from_json(PATH, in_format_2()) == replace(in_6, undecided={}, provenance=before)
    assert CheckpointFacts.from_json(PATH, {**written(FACTS), "format": 5}) == in_6
    assert CheckpointFacts.from_json(PATH, {**written(in_6), "format": 6}) == in_6


@pytest.mark.parametrize("fact", [f.name for record in (CheckpointFacts, Provenance) for f in fields(record)])
@pytest.mark.parametrize("value", [None, "\x1b[2J", -1, {"a": 1}, 1e999])
def test_every_fact_is_looked_at(fact: str, value: Any) -> None:
    facts = written(FACTS)
    record = facts["provenance"] if fact in facts["provenance"] else facts
    assert fact in record
    if (fact, value) in (("described", None), ("parent", None)) or (fact == "recipe" and isinstance(value, dict)):
        return  # no data are described, there is no parent; and a recipe's fields are compared with recipe.toml
    record[fact] = value
    with pytest.raises(
        RunError, match=rf"The file's {'zerokara' if fact == 'provenance' and value == {'a': 1} else fact} is miss"
    ):
        CheckpointFacts.from_json(PATH, facts)


@pytest.mark.parametrize(
    "changes",
    [
        None, {}, "no", [None], [[1, "learning_rate", 0.1]], [{}], [{"iteration": 1, "field": "learning_rate"}],
        [{"iteration": 1, "field": "learning_rate", "value": 0.1, "more": 1}],
        [{"iteration": 1, "field": "seed", "value": 1}], [{"iteration": 1, "field": "__class__", "value": 1}],
        [{"iteration": 1, "field": ["learning_rate"], "value": 1}],
        *([{"iteration": i, "field": "learning_rate", "value": 0.1}] for i in (-1, 8, 1.0, True, None, "1", 2**70)),
        *([{"iteration": 1, "field": "learning_rate", "value": v}] for v in (0, -1, 1e999, None, "1", True, 10**400)),
        [{"iteration": 1, "field": "learning_rate", "value": float("nan")}],
        [{"iteration": 2, "field": "learning_rate", "value": 1}, {"iteration": 1, "field": "weight_decay", "value": 1}],
        [{"iteration": 2, "field": "learning_rate", "value": v} for v in (1, 2)],
    ],
)  # fmt: skip
def test_impossible_changes_are_refused(changes: Any) -> None:
    with pytest.raises(RunError, match="The file's changes is missing or impossible"):
        CheckpointFacts.from_json(PATH, {**written(FACTS), "changes": changes})


def test_there_is_an_end_of_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [{"iteration": i, "field": "learning_rate", "value": 0.1} for i in range(4)]
    CheckpointFacts.from_json(PATH, {**written(FACTS), "changes": made})
    monkeypatch.setattr(module, "MOST_CHANGES", 3)
    with pytest.raises(RunError, match="The file's changes is missing or impossible"):
        CheckpointFacts.from_json(PATH, {**written(FACTS), "changes": made})


@pytest.mark.parametrize(
    "parent",
    [
        {}, [], "mnist-001", {"run": "a"}, {"run": "a", "iteration": 8}, {"run": "a", "iteration": -1},
        {"run": "a", "iteration": 1, "more": 1}, {"run": "../a", "iteration": 1}, {"run": "..", "iteration": 1},
        {"run": "", "iteration": 1}, {"run": "a\\b", "iteration": 1}, {"run": "\x1b[2J", "iteration": 1},
        {"run": "a" * 2000, "iteration": 1}, {"run": None, "iteration": 1}, {"run": "a", "iteration": True},
    ],
)  # fmt: skip
def test_an_impossible_parent_is_refused(parent: Any) -> None:
    facts = written(FACTS)
    facts["provenance"]["parent"] = parent
    with pytest.raises(RunError, match="The file's parent is missing or impossible"):
        CheckpointFacts.from_json(PATH, facts)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["learning_rate"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["iteration", "field", "value", "run", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)
CHANGES = st.lists(
    st.builds(
        lambda i, f, v: {"iteration": i, "field": f, "value": v},
        st.integers(-1, 9), st.sampled_from(["learning_rate", "momentum", "weight_decay", "x"]), st.floats() | JSON,
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(changes=JSON | CHANGES, parent=JSON)
def test_any_json_is_read_as_it_stands_or_refused(changes: Any, parent: Any) -> None:
    facts = json.loads(json.dumps({**written(FACTS), "changes": changes}))
    facts["provenance"]["parent"] = json.loads(json.dumps(parent))
    try:
        read = CheckpointFacts.from_json(PATH, facts)
    except RunError:
        return
    assert json.loads(json.dumps(read.to_json()))["changes"] == changes
    iterations = [change.iteration for change in read.changes]
    assert iterations == sorted(iterations)
    assert all(0 <= iteration <= 7 for iteration in iterations)
    assert read.provenance.parent is None or read.provenance.parent.iteration <= 7


@settings(max_examples=30, deadline=None)
@given(name=st.text(max_size=6) | st.sampled_from([".", "..", "a/b", "\udcff", "/", "学習-001"]), at=st.integers(0, 7))
def test_the_name_of_any_folder_can_be_recorded(name: str, at: int) -> None:
    parent = Parent(plain_name(name), at)
    facts = replace(FACTS, provenance=replace(CAME, parent=parent))
    assert CheckpointFacts.from_json(PATH, written(facts)) == facts
    assert plain_name("mnist-001") == "mnist-001"


@pytest.mark.parametrize("number", [0, 1, FORMAT + 1, FORMAT + 2, 10**9])
def test_another_format_is_refused_in_words_whatever_else_it_says(number: int) -> None:
    which = "a newer" if number > FORMAT else "an older"
    words = f"was written by {which} zerokara, in format {number}; this one reads formats 2 to 5"
    for facts in ({"format": number}, {**written(FACTS), "format": number}):
        with pytest.raises(RunError, match=words):
            CheckpointFacts.from_json(PATH, facts)


def test_what_was_recorded_is_compared_field_by_field() -> None:
    recorded = recorded_recipe(RECIPE)
    assert differing_field(PATH, recorded, RECIPE) is None
    assert differing_field(PATH, {**recorded, "seed": 4}, RECIPE) == ("seed", 4, 0)
    before = {name: value for name, value in recorded.items() if name not in ("weight_decay", "dataset")}
    assert differing_field(PATH, before, RECIPE) is None
    assert differing_field(PATH, before, replace(RECIPE, weight_decay=0.5)) == ("weight_decay", 0.0, 0.5)
    without = {name: value for name, value in recorded.items() if name != "seed"}
    assert differing_field(PATH, without, RECIPE) == ("seed", None, 0), "it was always recorded"
    with pytest.raises(RunError, match=r"The file's recipe has 'dropout', which version .* does not know"):
        differing_field(PATH, {**recorded, "dropout": 0.0}, RECIPE)


def test_going_on_keeps_what_the_run_began_with() -> None:
    here = replace(CAME, zerokara="0.2", threads=8, began="2026-02-01", keep_going=True, forced=[])
    on = here.continuing(CAME, ["zerokara was 0.1"])
    assert (on.zerokara, on.keep_going, on.threads, on.began) == ("0.2", True, 2, "2026-01-31")
    assert on.forced == ["numpy was 2.3", "zerokara was 0.1"]
    assert here.continuing(CAME, [str(i) for i in range(60)]).forced == [str(i) for i in range(10, 60)]
