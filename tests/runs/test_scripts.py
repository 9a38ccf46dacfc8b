"""What a script left behind, written whole, read back by anybody, whoever has been at it."""

import json
import math
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara
from zerokara.cli.app import main
from zerokara.data import load
from zerokara.errors import RunError
from zerokara.findings import Finding, Findings
from zerokara.own_training.kept import Kept
from zerokara.runs.digest import sealed_file
from zerokara.runs.folder import RunFolder
from zerokara.runs.layout import LAYOUT
from zerokara.runs.listing import line_of
from zerokara.runs.script_reporting import script_reported
from zerokara.runs.scripts import read_script, write_script
from zerokara.runs.side_by_side import side_by_side
from zerokara.training.history import Evaluation
from zerokara.words import set_language

DIGITS = load("digits")
RNG = np.random.default_rng(4)
PARAMS = {
    "W1": RNG.normal(size=(64, 5)),
    "b1": RNG.normal(size=5),
    "W2": RNG.normal(size=(5, 10)),
    "b2": RNG.normal(size=10),
}
EVALUATIONS = (Evaluation(1, 0.5, 2.0, 0.25, math.nan), Evaluation(3, 1.5, math.nan, 0.5, math.nan))
LOSSES = np.array([2.0, math.inf, math.nan])
FOUND = Findings(
    [
        Finding(
            cause="sign",
            text="…",
            file=Path("/home/hanako/train.py"),
            line=3,
            evidence={"loss": np.float64(2), "deep": {"a": [[1]]}},
        )
    ]
)
TOLD = {
    "file": "train.py", "digest": "sha256:" + 64 * "1", "error": "", "began": "2026-01-31T23:59:00+0100",
    "seconds": 1.5, "dataset": "digits", "checksum": DIGITS.checksum, "scale": 1.0,
}  # fmt: skip
KNOWN = {"sizes": (64, 5, 10), "activation": "sigmoid"}


def written(out: Path, name: str = "hand", kept: dict[str, Any] | None = None, **told: Any) -> Path:
    whole: dict[str, Any] = {"losses": LOSSES, "evaluations": EVALUATIONS, "params": PARAMS, **KNOWN, **(kept or {})}
    folder = RunFolder.create(out, name, "")
    write_script(folder, Kept(**whole), FOUND, {**TOLD, **told})
    folder.lock.release()
    return out / name


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def hand(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "hand"))


def test_what_was_written_is_read_back(whole: Path) -> None:
    script = read_script(whole)
    np.testing.assert_array_equal(script.history.losses, LOSSES)
    np.testing.assert_array_equal(
        [list(vars(e).values()) for e in script.history.evaluations], [list(vars(e).values()) for e in EVALUATIONS]
    )
    assert list(script.params) == list(PARAMS)
    for name, array in PARAMS.items():
        np.testing.assert_array_equal(script.params[name], array)
    (finding,) = script.findings
    assert (finding.cause, finding.place, finding.evidence) == ("sign", "train.py:3", {"loss": 2.0})
    assert set(os.listdir(whole)) <= set(LAYOUT)


def test_files_are_the_same_bytes_in_every_language(whole: Path, tmp_path: Path) -> None:
    try:
        set_language("ja")
        other = written(tmp_path)
    finally:
        set_language("en")
    for name in os.listdir(whole):
        assert (other / name).read_bytes() == (whole / name).read_bytes(), name


def test_no_folder_of_the_learners_is_written(whole: Path) -> None:
    for path in whole.iterdir():
        assert b"hanako" not in path.read_bytes()


def test_nothing_is_left_where_it_cannot_be_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put, seen = RunFolder.put, list[str]()

    def full(self: RunFolder, name: str, pieces: Any, within: str | None = None) -> None:
        seen.append(name)
        if name == "script.json":
            raise OSError(28, "No space left on device")
        put(self, name, pieces, within)

    monkeypatch.setattr(RunFolder, "put", full)
    with pytest.raises(RunError, match="No space left"):
        written(tmp_path)
    assert len(seen) == 5
    assert os.listdir(tmp_path / "hand") == ["lock"]


def test_the_table_of_runs_has_a_line_for_it(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = line_of(whole)
    assert line is not None
    assert (line.state, line.updates, line.dataset, line.optimizer) == ("script", 3, "digits", None)
    assert (line.seconds, line.test_accuracy) == (1.5, None)
    assert main(["runs", "list", "--out", str(whole.parent), "--state", "script", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["hand"]


def test_show_prints_it(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", str(whole)]) == 0
    out = capsys.readouterr().out
    assert "left behind by train.py in 1.5 s; losses: 3, accuracies: 2" in out
    assert "W1 (64, 5) float64" in out
    assert re.search(r"^ +1 +0\.50 +2\.0000 +0\.2500 +-$", out, re.MULTILINE)
    assert "[sign]" in out


@pytest.mark.slow
def test_pictures_are_drawn_and_it_is_removed(hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "draw", str(hand)]) == 0
    assert {"loss.png", "accuracy.png"} <= set(os.listdir(hand))
    assert main(["runs", "rm", "hand", "--out", str(hand.parent), "--yes"]) == 0
    assert not hand.exists()


@pytest.mark.parametrize("verb", ["resume", "doctor"])
def test_what_needs_a_recipe_says_why_it_cannot(verb: str, whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, str(whole)]) == 1
    assert "keeps what a learner's script left behind. There is no recipe" in capsys.readouterr().err
    with pytest.raises(RunError, match="no recipe") as caught:
        zerokara.open_run(whole)
    assert caught.value.code == "run-of-script"


def test_its_network_is_asked_anew(whole: Path) -> None:
    told = script_reported(whole)
    p, x = PARAMS, DIGITS.test.x.astype(np.float64)
    scores = (1 / (1 + np.exp(-(x @ p["W1"] + p["b1"])))) @ p["W2"] + p["b2"]
    assert told.answers is not None
    np.testing.assert_array_equal(told.answers.answers, scores.argmax(axis=1))
    assert (told.kind, told.trained, told.recipe, told.repeat) == ("script", "train.py", {}, "")
    assert told.described is not None
    assert told.described.class_names == DIGITS.class_names


def test_inputs_that_were_not_scaled_are_not_scaled_here(tmp_path: Path) -> None:
    told = script_reported(written(tmp_path, scale=16.0))
    x = DIGITS.test.pixels.astype(np.float64)
    with np.errstate(over="ignore"):
        scores = (1 / (1 + np.exp(-(x @ PARAMS["W1"] + PARAMS["b1"])))) @ PARAMS["W2"] + PARAMS["b2"]
    assert told.answers is not None
    np.testing.assert_array_equal(told.answers.answers, scores.argmax(axis=1))


@pytest.mark.parametrize(
    ("kept", "told", "words"),
    [
        ({"sizes": (), "activation": ""}, {}, "Its network is none that zerokara knows"),
        ({}, {"dataset": "", "checksum": ""}, "Its data are none that zerokara knows"),
        ({}, {"checksum": "another"}, "The data that it was trained on are not here"),
        ({"spread": True}, {}, "at equal distances"),
        ({"counted": True}, {}, "how many updates an epoch has"),
        ({"others": 2}, {}, "the parameters of 2 more networks"),
        ({}, {"error": "ValueError"}, "The program ended with ValueError."),
        ({}, {"error": "KeyboardInterrupt"}, "stopped by Ctrl-C"),
        ({"params": {}, "sizes": (), "activation": ""}, {}, ""),
    ],
)
def test_what_is_not_known_is_said(tmp_path: Path, kept: dict[str, Any], told: dict[str, Any], words: str) -> None:
    shown = script_reported(written(tmp_path, kept=kept, **told))
    assert words in " ".join(shown.missing)
    assert len(shown.missing) == bool(words)
    if "none that" in words or "not here" in words:
        assert shown.answers is None


def test_two_of_them_stand_side_by_side(whole: Path, hand: Path) -> None:
    first, second = side_by_side([whole, hand])
    assert first.dataset is second.dataset  # read once
    assert first.name != second.name


def changed(folder: Path, **entries: Any) -> None:
    path = folder / "script.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def refused(folder: Path, words: str) -> None:
    with pytest.raises(RunError, match=words):
        script_reported(folder)
    assert main(["runs", "show", str(folder)]) == 1
    line = line_of(folder)
    assert line is not None


DEEP = "[" * 50_000 + "]" * 50_000
ENTRIES: list[tuple[dict[str, Any], str]] = [
    ({"format": 2}, "newer zerokara"),
    ({"format": True}, "format"),
    ({"format": None}, "format"),
    ({"file": 3}, "file"),
    ({"file": "a\x1b[2Jb"}, "file"),
    ({"digest": "sha256:1"}, "digest"),
    ({"losses": -1}, "losses"),
    ({"losses": 10**9}, "losses"),
    ({"losses": 4}, "cannot be read|cannot reshape"),
    ({"evaluations": 1.0}, "evaluations"),
    ({"seconds": 10**400}, "seconds"),
    ({"seconds": float("nan")}, "seconds"),
    ({"scale": 0}, "scale"),
    ({"sizes": [64]}, "sizes"),
    ({"sizes": [64, 4, 10]}, "W1"),
    ({"sizes": [65, 5, 10]}, "dataset"),
    ({"activation": "evil"}, "activation"),
    ({"activation": ""}, "activation"),
    ({"dataset": "../../etc"}, "dataset"),
    ({"dataset": []}, "dataset"),
    ({"files": {}}, "files"),
    ({"files": {"../x": "sha256:" + 64 * "0"}}, "files"),
    ({"params": ["W1"]}, "params"),
    ({"more": 1}, "do not belong"),
    ({"error": "x" * 2000}, "error"),
]


@pytest.mark.parametrize(("entries", "words"), ENTRIES)
def test_an_impossible_entry_is_refused(hand: Path, entries: dict[str, Any], words: str) -> None:
    changed(hand, **entries)
    refused(hand, words)


@pytest.mark.parametrize("name", ["losses.csv", "epochs.csv", "params.safetensors", "findings.json"])
@pytest.mark.parametrize("damage", ["edited", "gone", "link", "long"])
def test_damaged_files_are_refused(hand: Path, name: str, damage: str) -> None:
    path = hand / name
    content = path.read_bytes()
    path.unlink()
    if damage == "edited":
        path.write_bytes(content[:-2] + b"7\n")
    elif damage == "link":
        path.symlink_to("/etc/passwd")
    elif damage == "long":
        path.write_bytes(content + b"0" * 400_000)
    refused(hand, "cannot be used|cannot be read|does not match|not as long|more than|No such file|missing")


def test_an_edit_that_is_possible_is_noticed(hand: Path) -> None:
    path = hand / "findings.json"
    path.write_bytes(path.read_bytes().replace(b'"line": 3', b'"line": 4'))
    refused(hand, "does not match its checksum")


def test_a_flipped_bit_of_a_parameter_is_noticed(hand: Path) -> None:
    path = hand / "params.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    refused(hand, "does not match its checksum")


@pytest.mark.parametrize("text", ["", "[]", "{", DEEP, '{"format": 1' + " " * 300_000 + "}"])
def test_a_broken_script_json_is_refused(hand: Path, text: str) -> None:
    (hand / "script.json").write_text(text)
    refused(hand, "script.json")


def digest_of(content: bytes) -> str:
    from hashlib import sha256

    return f"sha256:{sha256(content).hexdigest()}"


TABLE = b"iteration,epoch,loss,train_accuracy,test_accuracy\n"
FINDING = b'{"cause": "sign", "file": "", "line": null, "parameter": null, "evidence": {"a": {"b": 1}}}'
FORGED = {
    "losses.csv": [
        b"iteration,loss\n0,2.0\n1,inf\n2,\n",
        b"iteration,loss\n0,2.0\n1,inf\n2,nan,\n",
        b"x\n0,2.0\n1,inf\n2,nan\n",
    ],
    "epochs.csv": [
        TABLE + b"3,0.5,2.0,0.25,nan\n1,1.5,nan,0.5,nan\n",
        TABLE + b"1,0.5,2.0,7.0,nan\n3,1.5,nan,0.5,nan\n",
        TABLE + b"nan,0.5,2.0,0.2,nan\n3,1.5,nan,0.5,nan\n",
    ],
    "findings.json": [
        b'{"findings": [{"cause": "evil"}]}',
        b'{"findings": 1}',
        b"[]",
        b'{"findings": [{"cause": ["sign"]}]}',
        b'{"findings": [' + FINDING + b"]}",
        b"\xff",
    ],
    "params.safetensors": [
        sealed_file({"W1": np.zeros((2, 2), np.int64)}, {}),
        sealed_file({"\x1b": np.zeros(2)}, {}),
        b"",
        b"\xff" * 99,
    ],
}


@pytest.mark.parametrize(("name", "content"), [(name, one) for name, all_ in FORGED.items() for one in all_])
def test_forged_files_with_a_right_digest_are_refused(hand: Path, name: str, content: bytes) -> None:
    (hand / name).write_bytes(content)
    files = json.loads((hand / "script.json").read_text())["files"]
    changed(hand, files={**files, name: digest_of(content)})
    refused(hand, name)


def test_sentences_of_it_are_whole(whole: Path, marked: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for text in script_reported(whole).missing:
        assert marked(text) == ""
    with pytest.raises(RunError) as caught:
        zerokara.open_run(whole)
    assert marked(str(caught.value)) == ""
