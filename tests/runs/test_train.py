"""`zerokara.train` from Python: the files of a run, the same bytes for the same recipe, nothing overwritten or lost."""

import csv
import json
import os
import re
import signal

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from safetensors.numpy import load_file

import zerokara
from zerokara.errors import RunError, UsageError
from zerokara.nn import Network
from zerokara.runs.interrupt import Interrupted, stop_on_signals
from zerokara.training.batches import WEIGHTS, generator
from zerokara.training.events import Advanced
from zerokara.training.recipe import Recipe, read_toml

QUICK = {"hidden": 8, "iterations": 30, "evaluate_every": 10}
REPEATABLE = ["recipe.toml", "losses.csv", "epochs.csv", "weights.safetensors"]


def train(out, **options):
    return zerokara.train("digits", out=out, **{"plots": False, **QUICK, **options})


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_files_of_a_run(tmp_path):
    run = train(tmp_path, plots=True)
    assert run.path == tmp_path / "digits-001"
    assert {p.name for p in run.path.iterdir()} >= {*REPEATABLE, "run.json", "loss.png", "accuracy.png"}
    assert not list(run.path.rglob("*.part"))
    assert Recipe.from_values(read_toml(run.path / "recipe.toml")) == run.recipe == run.recipe.resolved()
    assert_array_equal([float(row["loss"]) for row in read_csv(run.path / "losses.csv")], run.history.losses)
    assert [int(row["iteration"]) for row in read_csv(run.path / "epochs.csv")] == [0, 10, 20, 30]
    for name, value in load_file(run.path / "weights.safetensors").items():
        assert_array_equal(value, run.network.params[name])
    for name in ("loss.png", "accuracy.png"):
        with Image.open(run.path / name) as picture:
            assert picture.size == (768, 480)
            assert len(picture.convert("RGB").getcolors(1 << 20)) > 10


def test_the_facts_of_a_run(tmp_path):
    run = train(tmp_path)
    facts = json.loads((run.path / "run.json").read_text(), parse_constant=pytest.fail)
    last = run.history.last
    assert facts["iterations"] == run.iterations == 30
    assert (facts["train_accuracy"], facts["test_accuracy"]) == (last.train_accuracy, last.test_accuracy)
    assert facts["seconds"] > 0
    assert facts["engine"] == run.engine
    assert facts["seed"] == 0
    assert {"numpy", "python", "zerokara"} <= set(facts["versions"])
    assert facts["versions"]["numpy"] == np.__version__
    assert facts["data"]["checksum"] == run.dataset.checksum
    assert facts["machine"]


def test_final_figures_are_those_of_the_network(tmp_path):
    run = train(tmp_path)
    test = run.dataset.test
    assert run.network.accuracy(test.x, test.t) == run.history.last.test_accuracy
    train_ = run.dataset.train
    assert run.network.accuracy(train_.x, train_.t) == run.history.last.train_accuracy


@pytest.mark.parametrize(
    "options", [{}, {"optimizer": "adam", "hidden": (8, 6), "sampling": "epoch", "activation": "tanh"}]
)
def test_same_recipe_and_seed_give_the_same_bytes(options, tmp_path):
    one, other = (train(tmp_path, **options).path for _ in range(2))
    for name in REPEATABLE:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_another_seed_gives_other_weights(tmp_path):
    one, other = (train(tmp_path, seed=seed).path for seed in (0, 1))
    for name in REPEATABLE:
        assert (one / name).read_bytes() != (other / name).read_bytes(), name


def test_the_recipe_in_the_folder_repeats_the_run(tmp_path):
    one = train(tmp_path, learning_rate=0.5, activation="sigmoid")
    again = zerokara.train(recipe=Recipe.from_values(read_toml(one.path / "recipe.toml")), out=tmp_path, plots=False)
    for name in REPEATABLE:
        assert (one.path / name).read_bytes() == (again.path / name).read_bytes(), name


def test_pictures_change_nothing_but_pictures(tmp_path):
    one, other = train(tmp_path, plots=True).path, train(tmp_path).path
    assert not (other / "loss.png").exists()
    for name in REPEATABLE:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_training_begins_with_the_weights_of_the_seed(tmp_path):
    run = train(tmp_path, iterations=1, learning_rate=1e-9, seed=5)
    start = Network([64, 8, 10], seed=generator(5, WEIGHTS), dtype=np.float32)
    np.testing.assert_allclose(run.network.params["W1"], start.params["W1"], atol=1e-8)


def test_a_name_is_used_once(tmp_path):
    run = train(tmp_path, name="mine")
    before = {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file()}
    with pytest.raises(UsageError, match="mine exists and is left as it is"):
        train(tmp_path, name="mine")
    assert {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file()} == before
    assert os.listdir(tmp_path) == ["mine"]


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": -1},
        {"name": "../x"},
        {"engine": "fast"},
        {"batch_size": 5000, "sampling": "distinct"},
        {"hiden": 3},
    ],
)
def test_what_is_wrong_is_refused_before_a_folder_is_made(options, tmp_path):
    with pytest.raises(UsageError, match="must be"):
        train(tmp_path / "runs", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_listener_hears_the_run(tmp_path):
    events = []
    run = train(tmp_path, listeners=[events.append])
    assert sum(len(e.losses) for e in events if isinstance(e, Advanced)) == run.iterations


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_kept(signum, tmp_path):
    """A real signal, in the middle; the default action would kill this process."""
    sent = []

    def interrupt(event):
        if isinstance(event, Advanced) and event.iteration >= 100 and not sent:
            sent.append(event.iteration)
            os.kill(os.getpid(), signum)

    before = signal.getsignal(signum)
    with pytest.raises(Interrupted, match=r"[Ss]topped after") as interruption:
        train(tmp_path, iterations=50_000, listeners=[interrupt])
    run = interruption.value.run
    assert run.stopped
    assert run.iterations == sent[0]
    assert len(read_csv(run.path / "losses.csv")) == run.iterations
    assert set(load_file(run.path / "weights.safetensors")) == set(run.network.params)
    assert json.loads((run.path / "run.json").read_text())["iterations"] == run.iterations
    assert signal.getsignal(signum) is before


@pytest.mark.parametrize(("times", "pictures"), [(1, ["accuracy.png", "loss.png"]), (2, [])])
def test_one_ctrl_c_leaves_pictures_and_a_second_one_is_in_a_hurry(times, pictures, tmp_path):
    def interrupt(event):
        if isinstance(event, Advanced) and event.iteration >= 5:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="stopped after") as interruption:
        train(tmp_path, iterations=50_000, listeners=[interrupt], plots=True)
    assert sorted(path.name for path in interruption.value.run.path.glob("*.png")) == pictures


def test_what_was_done_before_a_stop_is_what_a_whole_run_did(tmp_path):
    def interrupt(event):
        if isinstance(event, Advanced) and event.iteration >= 20:
            os.kill(os.getpid(), signal.SIGINT)

    whole = train(tmp_path, iterations=50)
    with pytest.raises(Interrupted) as interruption:
        train(tmp_path, iterations=50_000, listeners=[interrupt])
    run = interruption.value.run
    n = min(run.iterations, whole.iterations)
    assert n >= 20
    assert_array_equal(run.history.losses[:n], whole.history.losses[:n])


def test_signals_raise_the_flag_and_nothing_else():
    stop = np.zeros(1, np.uint8)
    with stop_on_signals(stop):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert stop[0] == 1
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_a_file_that_cannot_be_written_is_named_and_the_others_are_there(tmp_path):
    """A folder stands where losses.csv should go: the run says so, and keeps all the rest."""

    def in_the_way(event):
        (tmp_path / "x" / "losses.csv").mkdir(exist_ok=True)

    with pytest.raises(RunError, match=r"losses\.csv could not be written"):
        train(tmp_path, name="x", listeners=[in_the_way])
    left = {p.name for p in (tmp_path / "x").iterdir()}
    assert left >= {"recipe.toml", "weights.safetensors", "epochs.csv", "run.json"}


def test_options_win_over_a_recipe(tmp_path):
    recipe = Recipe(dataset="digits", hidden=7, iterations=3, seed=4)
    run = zerokara.train(recipe=recipe, hidden=np.array([5, 6]), epochs=1, out=tmp_path, plots=False)
    assert (run.recipe.hidden, run.recipe.epochs, run.recipe.iterations, run.recipe.seed) == ((5, 6), 1, None, 4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"recipe": Recipe(), "bogus": 1}, "A recipe's field must be one of"),
        ({"recipe": {"hidden": 5}}, "recipe must be a zerokara.Recipe. Got {'hidden': 5}."),
        ({"threads": 1.5}, "threads must be a whole number from 1 to 1024. Got 1.5."),
        ({"threads": "2"}, "threads must be a whole number from 1 to 1024. Got '2'."),
        ({"name": 5}, "--name must be a plain folder name"),
        ({"hidden": []}, "hidden must be one or more positive whole numbers, such as 50 or 100,50. Got none."),
    ],
)
def test_values_that_cannot_be_used_leave_nothing_behind(tmp_path, options, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        zerokara.train("digits", out=tmp_path / "runs", plots=False, **options)
    assert not (tmp_path / "runs").exists() or not any((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("name", [None, 5, ["digits"]])
def test_a_data_set_is_a_name_or_a_folder(name):
    with pytest.raises(UsageError, match=r"A data set is a name or a folder\. Got"):
        zerokara.load(name)
