"""`zerokara verify`: a table, an exit status, and one JSON object, whatever lies in the folders."""

import json
import os
import shutil
from pathlib import Path

import pytest

import zerokara
from zerokara.cli import main
from zerokara.runs.verdict import Verification
from zerokara.runs.verification import Verifier


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    for name, seed in (("a", 0), ("b", 1)):
        zerokara.train("digits", out=out, name=name, hidden=2, batch_size=500, iterations=3, seed=seed, plots=False)
    return out


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """runs/a and, equal to it, collected/hanako/x/run; runs/b."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path / "runs")
    shutil.copytree(made / "a", tmp_path / "collected/hanako/x/run")
    return tmp_path


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Name of a run → the verdict on it, without any training."""
    told: dict[str, str] = {}
    verify_it = Verifier.verify

    def verified(self: Verifier, path: Path) -> Verification:
        return Verification(path, told[path.name]) if path.name in told else verify_it(self, path)

    monkeypatch.setattr(Verifier, "verify", verified)
    return told


def test_a_table_of_what_is_stored_and_recomputed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "a", "runs/b", "collected/hanako/x/run"]) == 0
    out, err = capsys.readouterr()
    head, first, second, third, _, same = out.splitlines()
    accuracy = f"{zerokara.open_run('runs/a').history.test_accuracy[-1]:.4f}"
    assert head.split() == ["run", "recipe", "updates", "stored", "recomputed", "verdict"]
    assert first.split() == ["runs/a", "digits", "2", "sgd", "0.1", "#0", "3", accuracy, accuracy, "same", "bits"]
    assert second.split()[:6] == ["runs/b", "digits", "2", "sgd", "0.1", "#1"]
    assert third.startswith("collected/hanako/x/run")
    assert same == "These are the same bits, as the same recipe always gives: runs/a, collected/hanako/x/run"
    assert err == ""


@pytest.mark.parametrize(
    ("a", "b", "status"),
    [
        ("same-bits", "same-bits", 0),
        ("same-bits", "cannot-be-told", 3),
        ("differs", "cannot-be-told", 1),
        ("same-bits", "differs", 1),
    ],
)
def test_the_exit_status(here: Path, says: dict[str, str], a: str, b: str, status: int) -> None:
    says |= {"a": a, "b": b}
    assert main(["verify", "a", "b"]) == status


def test_json_is_one_object(here: Path, says: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    says["b"] = "differs"
    assert main(["verify", "runs/a", "collected/hanako/x/run", "b", "nothing", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(run["run"], run["verdict"], run["reasons"]) for run in told["runs"]] == [
        ("runs/a", "same-bits", []),
        ("collected/hanako/x/run", "same-bits", []),
        ("runs/b", "differs", []),
        ("nothing", "cannot-be-told", ["run-missing"]),
    ]
    assert (told["same"], told["stopped"]) == ([["runs/a", "collected/hanako/x/run"]], False)
    first = told["runs"][0]
    assert first["stored_accuracy"] == first["recomputed_accuracy"] > 0
    assert (first["updates"], first["state"], first["recipe"]["hidden"]) == (3, "finished", [2])


def test_runs_are_found_however_deep_and_links_are_not_followed(
    here: Path, says: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    says |= {"run": "same-bits", "a": "same-bits", "evil\n\x1b[2J": "differs", "broken": "cannot-be-told"}
    collected = here / "collected"
    (collected / "recipe.toml").write_text("[network]\n")  # hides nothing
    (collected / "loop").symlink_to(collected)
    shutil.copytree(here / "runs/a", collected / "evil\n\x1b[2J")
    os.makedirs(collected / "broken/checkpoints")
    (collected / "broken/run.json").write_text("{}")
    assert main(["verify", "--recursive", "collected"]) == 1
    out = capsys.readouterr().out
    assert out.isprintable() or all(line.isprintable() for line in out.split("\n"))
    found = [line.split()[0] for line in out.splitlines()[1:]]
    assert found == ["collected/broken", "collected/evil\ufffd\ufffd[2J", "collected/hanako/x/run"]


def test_where_there_are_no_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty").mkdir()
    assert main(["verify", "--recursive", "empty"]) == 3
    assert capsys.readouterr() == ("", "zerokara: No runs in empty.\n")
    assert main(["verify"]) == 2
    assert "Say which runs to verify" in capsys.readouterr().err
    for budget in ("0", "-1", "nan", "inf"):
        assert main(["verify", "a", f"--budget={budget}"]) == 2
        assert "--budget must be a positive number" in capsys.readouterr().err


def test_ctrl_c_says_what_is_known_so_far(
    here: Path, says: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verified = Verifier.verify

    def interrupted(self: Verifier, path: Path) -> Verification:
        if path.name == "b":
            raise KeyboardInterrupt
        return verified(self, path)

    monkeypatch.setattr(Verifier, "verify", interrupted)
    says["a"] = "same-bits"
    assert main(["verify", "a", "b"]) == 130
    out, err = capsys.readouterr()
    assert out.splitlines()[1].endswith("same bits")
    assert err == "zerokara: Stopped: 1 of 2 runs were verified until then.\n"
    assert main(["verify", "a", "b", "--json"]) == 130
    assert json.loads(capsys.readouterr().out)["stopped"] is True


def test_why_is_told_below_in_whole_sentences(
    here: Path, marked: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "runs/b/epochs.csv").unlink()
    monkeypatch.setattr("zerokara.cli.doctor.SILENT_SECONDS", 0.0)
    monkeypatch.setattr("zerokara.cli.verify.SILENT_SECONDS", 0.0)
    assert main(["verify", "b", "nothing"]) == 3
    out, err = capsys.readouterr()
    lines = [line.strip() for line in out.splitlines()[4:] if line]
    assert lines[0] == "runs/b"
    assert lines[1].startswith("⟦epochs.csv is missing.⟧ ⟦Write the file anew with: zerokara resume runs/b⟧")
    assert lines[2:] == ["nothing", lines[3]]
    assert lines[3].startswith("⟦nothing does not exist.")
    assert err.splitlines()[0] == "⟦training again, 1 of 2: runs/b⟧"


def test_many_equal_runs_are_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def verified(self: Verifier, path: Path) -> Verification:
        return Verification(path, "same-bits", bits="0")

    monkeypatch.setattr(Verifier, "verify", verified)
    assert main(["verify", *(f"r{i}" for i in range(11))]) == 0
    told = "These and 3 others are the same bits, as the same recipe always gives: r0, r1, r2, r3, r4, r5, r6, r7"
    assert capsys.readouterr().out.splitlines()[-1] == told


def test_a_run_stopped_between_evaluations_says_what_its_accuracies_are_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    came = Verification(Path("r"), "same-bits", updates=15, evaluated_at=10, stored_accuracy=0.5)
    monkeypatch.setattr(Verifier, "verify", lambda self, path: came)
    assert main(["verify", "r"]) == 0
    assert "Its stored accuracy is that after update 10; its weights" in capsys.readouterr().out


def test_help_tells_three_verbs_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "It asks about reproducing, the doctor about learning, and check about a gradient." in told
