"""`zerokara doctor`, and what it says beside a training."""

import io
import json
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import zerokara
from zerokara.cli import attending, doctor, main
from zerokara.doctor.evidence import Evidence
from zerokara.findings import Finding, Findings

SLOW = ["train", "digits", "--hidden", "20", "--epochs", "60", "--learning-rate", "1e-5", "--no-plots"]
HEALTHY = ["train", "digits", "--hidden", "20", "--epochs", "60", "--no-plots"]
LOW = Finding(cause="rate-too-low", text="The loss hardly falls.", change={"learning_rate": 0.1}, remedy="Try 0.1.")
LABELS = Finding(cause="wrong-labels", text="Labels contradict their neighbours.", remedy="Look at them.")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: one with a rate of 1e-5, and a healthy one."""
    out = tmp_path_factory.mktemp("made")
    for name, argv in (("slow", SLOW), ("healthy", HEALTHY)):
        assert main([*argv, "--name", name, "--out", str(out), "--quiet"]) == 0
    return out


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "SILENT_SECONDS", 1000.0)  # a tester's machine may be slow
    monkeypatch.setattr(attending, "SECONDS", 1000.0)
    return Path(shutil.copytree(made, tmp_path / "runs"))


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """says(early, late): what signals say until 30 % of a training, and from then on."""

    def says(start: list[Finding], late: list[Finding]) -> None:
        def findings_of(evidence: Evidence, *, asked: bool) -> Findings:
            return Findings(start if evidence.progress < 0.3 else late)

        monkeypatch.setattr("zerokara.cli.attending.findings_of", findings_of)
        monkeypatch.setattr("zerokara.runs.diagnosis.findings_of", findings_of)

    return says


# zerokara doctor RUN


def test_what_heals_a_run_is_a_command_that_heals_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "slow"]) == 0
    out, err = capsys.readouterr()
    assert "The learning rate is too low [rate-too-low]" in out
    assert "Tried, with the same seed: of 432 training samples held out, " in out
    typed = out.splitlines()[-1].removeprefix("train with the change: ")
    assert typed.startswith("zerokara train --recipe runs/slow --learning-rate ")
    assert main([*shlex.split(typed)[1:], "--quiet"]) == 0
    assert zerokara.open_run("runs/digits-001").history.last.test_accuracy > 0.8
    assert err == ""


def test_a_healthy_run_gets_one_sentence(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accuracy = zerokara.open_run("runs/healthy").history.last.test_accuracy
    assert main(["doctor", "runs/healthy"]) == 0
    told = f"Nothing was found that would keep runs/healthy from learning: its test accuracy is {accuracy:.4f}.\n"
    assert capsys.readouterr() == (told, "")
    assert main(["doctor", "healthy", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"findings": []}


def test_for_programs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "slow", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["cause"] == "rate-too-low"
    assert set(found["proof"]) == {"accuracy_before", "accuracy_after", "held_out", "seed"}
    assert list(found["change"]) == ["learning_rate"]


def test_nothing_is_written(here: Path) -> None:
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert main(["doctor", "slow"]) == 0
    assert {path: path.read_bytes() for path in here.parent.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda run: shutil.rmtree(run), "does not exist. Expected the folder of a run"),
        (lambda run: (run / "recipe.toml").unlink(), "is not the folder of a run: it has no recipe.toml"),
        (lambda run: (run / "recipe.toml").write_text("["), "cannot be read as a recipe"),
        (lambda run: shutil.rmtree(run / "checkpoints"), "runs/slow"),
        (lambda run: [path.write_bytes(b"x") for path in (run / "checkpoints").iterdir()], "cannot be used"),
    ],
)
def test_a_folder_that_is_broken(
    break_it: Callable[[Path], Any], words: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it(here / "slow")
    assert main(["doctor", "slow"]) == 1
    out, err = capsys.readouterr()
    assert words in err
    assert "Traceback" not in err
    assert out == ""


def test_one_that_was_stopped_is_trained_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path(__file__).parents[1] / "runs" / "written_before" / "stopped"
    run = shutil.copytree(before, tmp_path / "stopped")
    assert main(["doctor", str(run)]) == 0
    first, _, *rest = capsys.readouterr().out.splitlines()
    assert first == "The run had done 5 of 9 updates; here it was trained to its end."
    assert rest


def test_what_is_going_on_is_told_when_it_takes_longer(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(doctor, "SECONDS_BETWEEN_LOOKS", 0.0)
    assert main(["doctor", "slow", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err.splitlines()[:2] == ["training the run again", "trying --learning-rate 0.1"]
    assert json.loads(out)


def test_on_a_terminal_it_is_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(doctor, "SILENT_SECONDS", 0.0)
    stream = Terminal()
    progress = doctor.Progress(stream)
    progress.begins({"learning_rate": 0.1})
    zerokara.train("digits", out=tmp_path, iterations=10, plots=False, listeners=[progress])
    progress.close()
    assert "trying --learning-rate 0.1" in stream.getvalue()
    assert stream.getvalue().endswith("\r\033[K")
    assert "\n" not in stream.getvalue()


@pytest.mark.slow
def test_ctrl_c_ends_it_with_a_word(here: Path) -> None:
    def stops(event: Any) -> None:
        event.request_stop()

    zerokara.train("digits", iterations=10_000_000, name="long", plots=False, listeners=[stops])
    command = [sys.executable, "-m", "zerokara", "doctor", "long"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "training the run again\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("zerokara: Stopped.\n")
    assert "Traceback" not in err
    assert out == ""


def test_all_of_it_is_in_the_users_language(
    here: Path, capsys: pytest.CaptureFixture[str], marked: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "SILENT_SECONDS", 0.0)
    assert main(["doctor", "slow"]) == 0
    assert main(["doctor", "healthy"]) == 0
    out, err = capsys.readouterr()
    assert marked(out) == "[rate-too-low]"
    assert marked(err) == ""


# While a network trains


def test_a_healthy_training_hears_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*HEALTHY, "--name", "again"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "kept in runs/again"
    assert "[" not in out
    assert err == ""


def test_facts_of_the_start_come_first_and_the_rest_at_30_per_cent(
    here: Path, capsys: pytest.CaptureFixture[str], says: Callable[..., None]
) -> None:
    says([LABELS], [LABELS, LOW])
    assert main([*SLOW, "--name", "again"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at_start, early, proven = (
        lines.index("Labels are wrong [wrong-labels]"),
        *(i for i, line in enumerate(lines) if "[rate-too-low]" in line),
    )
    head = next(i for i, line in enumerate(lines) if "mean loss" in line)
    assert lines[at_start + 2] == "   Look at them."
    assert at_start < head < early
    assert lines[early - 1].split()[0] <= "270"
    assert lines[early + 1] == "   The loss hardly falls."
    assert lines[early + 2].split()[0].isdigit(), "nothing is proposed that was not tried"
    assert any("Tried, with the same seed" in line for line in lines[proven:])
    assert lines[-1].startswith("train with the change: zerokara train --recipe runs/again --learning-rate ")


def test_trials_that_would_take_too_long_are_left_to_the_command(
    here: Path, capsys: pytest.CaptureFixture[str], says: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    says([], [LOW])
    monkeypatch.setattr(attending, "SECONDS", 1e-6)
    assert main([*SLOW, "--name", "again"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("\nTo find out what helps: zerokara doctor runs/again\n")
    assert "Tried" not in out


@pytest.mark.slow
def test_a_proposal_that_does_not_help_is_not_made_at_the_end(
    here: Path, capsys: pytest.CaptureFixture[str], says: Callable[..., None]
) -> None:
    says([], [Finding(cause="rate-too-high", text="The loss rises.", change={"learning_rate": 0.05})])
    assert main([*HEALTHY, "--name", "again"]) == 0
    assert capsys.readouterr().out.endswith("kept in runs/again\n")


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_no_trials_where_nobody_reads(
    option: str,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    says: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    says([], [LOW])
    monkeypatch.setattr("zerokara.runs.diagnosis.trial_of", None)
    assert main([*SLOW, "--name", "again", option]) == 0
    out, err = capsys.readouterr()
    if option == "--json":
        assert json.loads(out)["run"] == "runs/again"
        assert err.count("[rate-too-low]") == 1
        assert err.endswith("To find out what helps: zerokara doctor runs/again\n")
    else:
        assert (out, err) == ("", "")


def test_the_weights_are_the_same_bits(here: Path, says: Callable[..., None]) -> None:
    says([LABELS], [LOW])
    assert main([*SLOW, "--name", "heard"]) == 0
    heard, alone = (load_file(f"runs/{name}/weights.safetensors") for name in ("heard", "slow"))
    for name, array in alone.items():
        np.testing.assert_array_equal(heard[name], array, strict=True)
    for file in ("losses.csv", "epochs.csv", "recipe.toml"):
        assert Path("runs/heard", file).read_bytes() == Path("runs/slow", file).read_bytes()


def test_a_doctor_that_fails_takes_no_training_with_it(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(evidence: Evidence, *, asked: bool) -> Findings:
        raise ZeroDivisionError

    monkeypatch.setattr(attending, "findings_of", fails)
    assert main([*HEALTHY, "--name", "again"]) == 0
    assert capsys.readouterr().out.endswith("kept in runs/again\n")
    monkeypatch.setattr(attending.Attending, "_speak", lambda self, iteration: None)
    assert main([*HEALTHY, "--name", "at-the-end"]) == 0
    assert capsys.readouterr().out.endswith("kept in runs/at-the-end\n")


@pytest.mark.parametrize("seconds", [1000.0, 0.0])
def test_a_training_that_diverges_is_told_why_once(
    seconds: float, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "SECONDS", seconds)
    assert main([*HEALTHY, "--learning-rate", "1e30", "--name", "high"]) == 1
    out, err = capsys.readouterr()
    assert "zerokara doctor" not in out
    if seconds and "Tried" in out:
        assert err.endswith("--keep-going trains on anyway.\n")
    else:
        assert err.endswith("To find out what helps: zerokara doctor runs/high\n")
    assert main(["doctor", "high"]) == 0
    assert "[rate-too-high]" in capsys.readouterr().out


def test_ctrl_c_in_trials_leaves_the_command(
    here: Path, capsys: pytest.CaptureFixture[str], says: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    says([], [LOW])
    monkeypatch.setattr("zerokara.runs.diagnosis.concluded", interrupted)
    assert main([*SLOW, "--name", "again"]) == 0, "the run is finished and kept"
    assert capsys.readouterr().out.endswith("To find out what helps: zerokara doctor runs/again\n")


def test_a_training_that_is_stopped_hears_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], says: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    says([], [LOW])

    def stops(self: Any, event: Any) -> None:
        if type(event).__name__ == "Started":
            event.request_stop()

    monkeypatch.setattr("zerokara.cli.console.ConsoleReporter.__call__", stops)
    assert main([*SLOW, "--name", "again"]) == 0
    assert "[rate-too-low]" not in capsys.readouterr().out


def test_the_help_tells_the_verbs_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = " ".join(capsys.readouterr().out.split())
    assert "doctor Ask why a run does not learn" in lines
    assert "check Ask whether a gradient is right" in lines
