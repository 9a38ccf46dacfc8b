"""`zerokara train` as a person runs it: another process, its exit status, what it prints, what it leaves."""

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import zerokara

FILES = {"recipe.toml", "run.json", "losses.csv", "epochs.csv", "weights.safetensors", "loss.png", "accuracy.png"}
KEYS = {"run", "dataset", "iterations", "train_accuracy", "test_accuracy", "loss", "engine", "seed"}
SECONDS = {"seconds", "seconds_process"}


def environment():
    """This package, and one thread: two of OpenBLAS that wait for each other on a busy machine are ten times slower."""
    return {**os.environ, "PYTHONPATH": str(Path(zerokara.__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"}


def run(folder, *arguments, **options):
    """One command in a folder; standard output and standard error as text."""
    return subprocess.run(
        [sys.executable, "-m", "zerokara", *arguments],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=110, **options,
    )  # fmt: skip


def figures_of(done):
    """The one JSON object on standard output, strict: no NaN."""
    assert len(done.stdout.splitlines()) == 1, done.stdout
    return json.loads(done.stdout, parse_constant=pytest.fail)


def one_sentence(done, status):
    """It failed as it should: that status, one line on standard error, no traceback, nothing on standard output."""
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("zerokara: ")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


# The bundled digits


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The default run on digits, once."""
    folder = tmp_path_factory.mktemp("digits")
    return folder, run(folder, "train", "digits", "--json")


def test_digits_reach_95_percent(digits):
    _, done = digits
    assert done.returncode == 0, done.stderr
    assert figures_of(done)["test_accuracy"] >= 0.95


def test_exactly_one_json_object(digits):
    folder, done = digits
    figures = figures_of(done)
    assert set(figures) >= KEYS | SECONDS
    assert (figures["dataset"], figures["iterations"], figures["seed"]) == ("digits", 1500, 0)
    assert (folder / figures["run"]).is_dir()
    assert 0 < figures["seconds"] < figures["seconds_process"]
    assert figures["engine"] in ("reference", "compiled")


def test_a_heading_a_forecast_and_a_table(digits):
    """With --json all of it on standard error; plain lines, no escape sequences, at most about 20 of a table."""
    _, done = digits
    assert "digits: 64-50-10, relu, cross-entropy by backprop, sgd 0.1" in done.stderr
    assert "1,438 training and 359 test images" in done.stderr
    assert "forecast: " in done.stderr
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    rows = [line.split() for line in done.stderr.splitlines() if line[:9].strip().replace(",", "").isdigit()]
    table = [row for row in rows if len(row) == 5]
    assert 15 <= len(table) <= 22
    assert (table[0][0], table[-1][0]) == ("0", "1,500")


def test_the_files_are_there(digits):
    folder, done = digits
    path = folder / figures_of(done)["run"]
    assert {p.name for p in path.iterdir()} >= FILES
    assert len((path / "losses.csv").read_text().splitlines()) == 1501
    assert json.loads((path / "run.json").read_text())["test_accuracy"] == figures_of(done)["test_accuracy"]


def test_a_second_process_writes_the_same_bytes_beside_the_first(digits):
    folder, done = digits
    first = folder / figures_of(done)["run"]
    again = run(folder, "train", "--recipe", str(first / "recipe.toml"), "--json", "--quiet", "--no-plots")
    assert again.returncode == 0, again.stderr
    assert again.stderr == ""
    second = folder / figures_of(again)["run"]
    assert second != first
    for name in ("recipe.toml", "losses.csv", "epochs.csv", "weights.safetensors"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_without_json_the_table_is_on_standard_output(tmp_path):
    options = [
        "--hidden",
        "12,6",
        "--optimizer",
        "adam",
        "--epochs",
        "2",
        "--sampling",
        "epoch",
        "--no-plots",
        "--name",
        "a",
    ]
    done = run(tmp_path, "train", "digits", *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "digits: 64-12-6-10, relu, cross-entropy by backprop, adam 0.001" in done.stdout
    assert f"kept in {Path('runs') / 'a'}" in done.stdout
    recipe = (tmp_path / "runs" / "a" / "recipe.toml").read_text()
    assert "beta1 = 0.9\n" in recipe
    assert "epochs = 2\n" in recipe


def test_on_a_terminal_a_bar_comes_and_goes(tmp_path):
    """A pseudo-terminal: the bar is drawn and taken away, and the table stays."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "zerokara", "train", "digits", "--epochs", "200", "--no-plots"]
    terminal = {**environment(), "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    with subprocess.Popen(command, cwd=tmp_path, env=terminal, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # Linux: EIO when the other side has gone
            while part := os.read(ours, 65536):
                seen += part
        os.close(ours)
    assert process.returncode == 0, seen.decode()
    text = seen.decode()
    assert "updates/s" in text
    assert "\x1b[2K" in text  # lines erased again
    assert re.search(r"3,000 +200\.00 +\d\.\d{4} +0\.9\d{3} +0\.9\d{3}", text)
    assert "kept in" in text.splitlines()[-1]


def test_quiet_prints_nothing(tmp_path):
    done = run(tmp_path, "train", "digits", "--iterations", "3", "--quiet", "--no-plots")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_numerical_gradient_trains_in_float64(tmp_path):
    done = run(
        tmp_path,
        "train",
        "digits",
        "--gradient",
        "numerical",
        "--hidden",
        "3",
        "--iterations",
        "3",
        "--json",
        "--no-plots",
    )
    assert done.returncode == 0, done.stderr
    assert 'dtype = "float64"' in (tmp_path / figures_of(done)["run"] / "recipe.toml").read_text()


DIVERGING = ["train", "digits", "--learning-rate", "1e30", "--iterations", "60", "--no-plots", "--json"]


def test_a_run_that_diverges_says_so_and_keeps_what_was_there_before(tmp_path):
    done = run(tmp_path, *DIVERGING)
    assert done.returncode == 1
    assert "To find out what helps: zerokara doctor runs/digits-001" in figures_of(done)["error"]
    assert "Warning" not in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "runs" / "digits-001" / "weights.safetensors").stat().st_size > 10_000


def test_a_loss_that_is_not_finite_is_null(tmp_path):
    done = run(tmp_path, *DIVERGING, "--keep-going")
    assert done.returncode == 0, done.stderr
    assert figures_of(done)["loss"] is None
    assert figures_of(done)["iterations"] == 60
    assert "Warning" not in done.stderr


# Wrong usage: 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--learning-rate", "-0.1"], "learning_rate must be a positive number. Got -0.1"),
        (["--batch-size", "5000", "--sampling", "distinct"], "batch_size must be at most the 1438 training samples"),
        (["--activation", "rleu"], "Did you mean relu?"),
        (["--iterations", "5", "--epochs", "5"], "Give iterations or epochs, not both"),
        (["--gradient", "numerical", "--dtype", "float32"], "gradient numerical needs dtype float64"),
        (["--name", "../x"], "--name must be a plain folder name"),
        (["--hidden", "50,x"], "hidden must be one or more positive whole numbers"),
        (["--learning-rat", "0.1"], "learning-rat"),
        (["--iterations", "many"], "many"),
        (["--recipe", "missing.toml"], "missing.toml cannot be read as a recipe"),
    ],
)
def test_wrong_usage_is_one_sentence_and_leaves_nothing(arguments, words, tmp_path):
    assert words in one_sentence(run(tmp_path, "train", "digits", *arguments), 2)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_exists(tmp_path):
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    assert "exists and is left as it is" in one_sentence(run(tmp_path, "train", "digits", "--name", "mine"), 2)
    assert list((tmp_path / "runs" / "mine").iterdir()) == []


def test_with_json_an_error_is_one_object_too(tmp_path):
    done = run(tmp_path, "train", "digits", "--activation", "rleu", "--json")
    assert done.returncode == 2
    assert "Did you mean relu?" in figures_of(done)["error"]


# Failures: 1


def test_runs_cannot_go_into_a_file(tmp_path):
    (tmp_path / "runs").write_text("")
    done = run(tmp_path, "train", "digits", "--json")
    assert done.returncode == 1
    assert "No run folder can be made in runs" in figures_of(done)["error"]
    assert "Traceback" not in done.stderr


def test_a_full_disk_fails_with_a_sentence_and_loses_nothing(tmp_path):
    """No file may grow beyond 8 kB: recipe and CSV can be written, weights of 15 kB cannot."""

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))

    done = run(tmp_path, "train", "digits", "--iterations", "100", "--no-plots", "--quiet", preexec_fn=little_room)
    assert done.returncode == 1, done.stderr
    assert "could not be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    folder = tmp_path / "runs" / "digits-001"
    assert (folder / "recipe.toml").stat().st_size > 100
    assert not list(folder.rglob("*.part"))


# Ctrl-C: 130


def interrupted(folder, *arguments, signum=signal.SIGINT):
    """Start a run far too long, wait until it says it is at work, and send a signal: status, seconds, output."""
    command = [sys.executable, "-u", "-m", "zerokara", "train", "digits", "--iterations", "5000000", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            stream = process.stderr if "--json" in arguments else process.stdout
            assert stream is not None
            for line in stream:
                if line.startswith("forecast: "):
                    break
            time.sleep(0.3)
            process.send_signal(signum)
            began = time.monotonic()
            out, err = process.communicate(timeout=60)
            return subprocess.CompletedProcess(command, process.returncode, out, err), time.monotonic() - began
        finally:
            process.kill()


@pytest.mark.parametrize("signum", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_ctrl_c_ends_the_run_and_keeps_it(signum, tmp_path):
    done, seconds = interrupted(tmp_path, "--json", "--name", "x", signum=signum)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert seconds < 30  # generous: it writes a CSV of all losses and two pictures on a busy machine
    figures = figures_of(done)
    assert {p.name for p in (tmp_path / "runs" / "x").iterdir()} >= FILES
    assert 0 < figures["iterations"] < 5_000_000
    with (tmp_path / "runs" / "x" / "losses.csv").open() as file:
        assert sum(1 for _ in file) == figures["iterations"] + 1


# MNIST, as in the notes


def accuracies(folder, done):
    """Test accuracy after one epoch, and at the end."""
    assert done.returncode == 0, done.stderr
    figures = figures_of(done)
    rows = [line.split(",") for line in (folder / figures["run"] / "epochs.csv").read_text().splitlines()[1:]]
    assert len(rows) == 18
    assert (rows[1][0], rows[1][1]) == ("600", "1.0")
    return float(rows[1][4]), figures["test_accuracy"]


@pytest.mark.mnist
def test_mnist_with_relu_as_in_note_000(tmp_path):
    first, last = accuracies(tmp_path, run(tmp_path, "train", "--json", "--no-plots"))
    assert 0.89 <= first <= 0.92
    assert 0.963 <= last <= 0.975


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_mnist_with_relu_for_other_seeds(seed, tmp_path):
    first, last = accuracies(tmp_path, run(tmp_path, "train", "mnist", "--json", "--no-plots", "--seed", str(seed)))
    assert 0.89 <= first <= 0.92
    assert 0.963 <= last <= 0.975


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_mnist_with_sigmoid_as_in_note_003(seed, tmp_path):
    options = ["--activation", "sigmoid", "--seed", str(seed), "--json", "--no-plots"]
    first, last = accuracies(tmp_path, run(tmp_path, "train", "mnist", *options))
    assert 0.75 <= first <= 0.81
    assert 0.940 <= last <= 0.950
