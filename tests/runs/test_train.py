"""`zerokara.train` from Python: the files of a run, the same bytes for the same recipe, nothing overwritten or lost."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from safetensors.numpy import load_file

import zerokara
from zerokara.errors import EngineError, RunError, UsageError
from zerokara.nn import Network
from zerokara.nn.activations import ACTIVATIONS
from zerokara.runs.interrupt import Interrupted, stop_on_signals
from zerokara.runs.resume import reopen
from zerokara.training.batches import WEIGHTS, generator
from zerokara.training.events import Advanced, Ended, Evaluated, Started
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
    told = np.concatenate([e.losses for e in events if isinstance(e, Advanced)])
    assert_array_equal(told, run.history.losses, err_msg="losses that a listener keeps are not overwritten")


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


def stop_at(update, *, by=None):
    """A listener that asks for a stop, itself or by way of a thread, which is what a button does."""

    def listen(event):
        if isinstance(event, Advanced) and event.iteration >= update:
            if by is None:
                event.request_stop()
            else:
                thread = by(target=event.request_stop)
                thread.start()
                thread.join()

    return listen


@pytest.mark.parametrize("by", [None, threading.Thread])
@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_a_stop_that_a_program_asks_for_gives_back_the_run_and_is_no_interrupt(by, engine, tmp_path):
    whole = train(tmp_path, iterations=50, engine=engine)
    run = train(tmp_path, iterations=50, engine=engine, name="run", plots=True, listeners=[stop_at(20, by=by)])
    assert (run.state, run.stopped) == ("stopped", True)
    assert 20 <= run.iterations < 50
    assert_array_equal(run.history.losses, whole.history.losses[: run.iterations])
    assert json.loads((run.path / "run.json").read_text())["state"] == "stopped"
    assert {"loss.png", "weights.safetensors"} <= {path.name for path in run.path.iterdir()}
    assert zerokara.open_run(run.path).iterations == run.iterations
    ready = reopen(run.path)
    assert ready.prepared.run_into(ready.folder, plots=False).state == "finished"
    for name in REPEATABLE:
        assert (run.path / name).read_bytes() == (whole.path / name).read_bytes(), name


@pytest.mark.parametrize("kind", [Started, Evaluated, Ended])
def test_a_stop_may_be_asked_for_at_every_event(kind, tmp_path):
    def listen(event):
        if isinstance(event, kind):
            event.request_stop()

    run = train(tmp_path, listeners=[listen])
    assert (run.state, run.iterations) == (("finished", 30) if kind is Ended else ("stopped", 0))


def test_ctrl_c_after_a_stop_that_a_program_asked_for_still_ends_the_program(tmp_path):
    """Somebody who sweeps over recipes must be able to end the sweep at any time."""

    def listen(event):
        if isinstance(event, Ended):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="stopped after"):
        train(tmp_path, iterations=50, listeners=[stop_at(20), listen])


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


class FolderOfBytes(os.PathLike):
    def __fspath__(self):
        return b"runs"


WRONG = [
    ({"recipe": Recipe(), "bogus": 1}, "A recipe's field must be one of"),
    ({"recipe": {"hidden": 5}}, "recipe must be a zerokara.Recipe. Got {'hidden': 5}."),
    ({"threads": 1.5}, "threads must be a whole number from 1 to 1024. Got 1.5."),
    ({"threads": "2"}, "threads must be a whole number from 1 to 1024. Got '2'."),
    ({"threads": True}, "threads must be a whole number from 1 to 1024. Got True."),
    ({"engine": None}, "engine must be one of auto, compiled, reference. Got None."),
    ({"engine": ["auto"]}, "engine must be one of auto, compiled, reference. Got ['auto']."),
    ({"name": 5}, "--name must be a plain folder name"),
    ({"name": b"run"}, "--name must be a plain folder name"),
    ({"out": None}, "out must be the path of a folder. Got None."),
    ({"out": "a\0b"}, "out must be the path of a folder. Got 'a\\x00b'."),
    ({"out": b"runs"}, "out must be the path of a folder. Got b'runs'."),
    ({"out": FolderOfBytes()}, "out must be the path of a folder. Got <"),
    ({"data_dir": 5}, "data_dir must be the path of a folder. Got 5."),
    ({"data_dir": "\0"}, "data_dir must be the path of a folder. Got '\\x00'."),
    ({"plots": "no"}, "plots must be True or False. Got 'no'."),
    ({"keep_going": 1}, "keep_going must be True or False. Got 1."),
    ({"listeners": print}, "listeners must be a list of functions that take an event. Got <built-in function print>."),
    ({"listeners": [None]}, "listeners must be a list of functions that take an event. Got [None]."),
    ({"hidden": []}, "hidden must be one or more positive whole numbers, such as 50 or 100,50. Got ()."),
    ({"hidden": True}, "hidden must be one or more positive whole numbers, such as 50 or 100,50. Got True."),
    ({"hidden": "50"}, "hidden must be one or more positive whole numbers, such as 50 or 100,50. Got '50'."),
    ({"hidden": None}, "hidden must be one or more positive whole numbers, such as 50 or 100,50. Got None."),
    ({"learning_rate": "0.1"}, "learning_rate must be a positive number. Got '0.1'."),
    ({"learning_rate": True}, "learning_rate must be a positive number. Got True."),
    ({"weight_decay": "1"}, "weight_decay must be 0 or a positive number. Got '1'."),
    ({"activation": 5}, "activation must be one of relu,"),
    ({"optimizer": ["sgd"]}, "optimizer must be one of sgd,"),
    ({"iterations": 2.0}, "iterations must be a positive whole number. Got 2.0."),
    ({"seed": "0"}, "seed must be a whole number from 0 to 2**63 - 1. Got '0'."),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_values_that_cannot_be_used_leave_nothing_behind(tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=re.escape(words)):
        zerokara.train("digits", **{"out": tmp_path / "runs", "plots": False, **options})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dataset", [5, b"digits", ["digits"], "", True])
def test_a_data_set_of_another_type_leaves_nothing_behind(tmp_path, monkeypatch, dataset):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="dataset must be the name of a data set or a folder"):
        zerokara.train(dataset)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [None, 5, b"runs", ["runs"], "a\0b"])
def test_what_is_no_path_is_no_run(path):
    with pytest.raises((UsageError, RunError), match=r"Expected the folder of a run|A run is named by its folder"):
        zerokara.open_run(path)
    with pytest.raises((UsageError, RunError), match=r"Expected the folder of a run|A run is named by its folder"):
        reopen(path)


class Broken:
    """An activation that computes nothing."""

    def forward(self, x):
        raise ZeroDivisionError("theirs")

    backward = forward


@pytest.mark.parametrize(("engine", "error"), [("auto", ZeroDivisionError), ("compiled", EngineError)])
def test_work_that_fails_before_its_first_update_leaves_no_folder(tmp_path, monkeypatch, engine, error):
    monkeypatch.setitem(ACTIVATIONS, "broken", Broken)
    with pytest.raises(error, match=r"theirs|broken"):
        train(tmp_path / "runs", activation="broken", engine=engine)
    assert not list(tmp_path.rglob("digits*"))


def test_a_listener_that_fails_before_the_first_update_leaves_no_folder_and_after_it_a_run(tmp_path):
    def fail(event, kind):
        if isinstance(event, kind):
            raise ZeroDivisionError("theirs")

    with pytest.raises(ZeroDivisionError, match="theirs"):
        train(tmp_path, listeners=[lambda event: fail(event, Started)])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError, match="theirs"):
        train(tmp_path, name="run", listeners=[lambda event: fail(event, Advanced)])
    assert zerokara.open_run(tmp_path / "run").iterations == 1


SAYS = """
import logging, sys, zerokara
if sys.argv[1:]:
    logging.basicConfig(level="INFO", format="%(name)s: %(message)s")
run = zerokara.train("digits", iterations=5, hidden=2, plots=False)
"""


def test_the_logger_is_silent_unless_somebody_asks(tmp_path):
    silent, asked = (
        subprocess.run([sys.executable, "-c", SAYS, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        for words in ([], ["asked"])
    )
    assert (silent.stdout, silent.stderr) == ("", "")
    assert asked.stdout == ""
    for words in (
        r"zerokara\.runs\.prepared: data <Dataset digits: .*>, .*, checksum [0-9a-f]{16}",
        r"zerokara\.engine\.choosing: compiled engine for <Network 64-2-10.*>: the faster one",
        r"zerokara\.runs\.checkpointer: checkpoint after update 5: \d+ bytes in \d\.\d+ s",
    ):
        assert re.search(words, asked.stderr), (words, asked.stderr)


def test_going_on_is_logged(tmp_path, caplog):
    run = train(tmp_path, listeners=[stop_at(5)])
    with caplog.at_level("INFO", logger="zerokara"):
        reopen(run.path).folder.lock.release()
    assert f"going on from {run.path}/checkpoints/{run.iterations}.safetensors, after update" in caplog.text


@pytest.mark.parametrize("name", [None, 5, ["digits"]])
def test_a_data_set_is_a_name_or_a_folder(name):
    with pytest.raises(UsageError, match=r"A data set is a name or a folder\. Got"):
        zerokara.load(name)
