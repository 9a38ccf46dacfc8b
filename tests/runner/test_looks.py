"""A lab looks at a learner's training in the learner's thread, and nothing else is as it would not be without it."""

import gc
import logging
import math
import os
import random
import signal
import sys
import threading
import time
import traceback
import types
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.findings import Findings
from zerokara.runner import start, stop
from zerokara.runner.looks import Looks, Pacing, looks
from zerokara.runner.noted_calls import noted_calls
from zerokara.runner.own_loops import with_questions
from zerokara.runner.run import Options, run_file

TRAIN = """
import numpy as np

def train(n=3, lr=0.5):
    w = np.zeros(2)
    losses = []
    for i in range(n):
        grad = w - 1
        w -= lr * grad
        losses.append(float(grad @ grad))
    return w
"""


class Clock:
    """Seconds that pass only where somebody says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Lab:
    """Keeps what it was shown; what it does beside that is given."""

    def __init__(self, does: Callable[[Mapping[str, Any]], Any] = lambda names: None) -> None:
        self.views: list[Any] = [self]
        self.seen: list[dict[str, Any]] = []
        self.ended: list[tuple[Any, ...]] = []
        self.does = does

    def look(self, names: Mapping[str, Any], *, last: bool) -> None:
        w = names.get("w")
        kept = {name: names[name] for name in ("i", "n", "step") if name in names}
        self.seen.append(kept | {"w": np.array(w)} if w is not None else kept)
        self.does(names)

    def end(self, findings: Findings, status: int, error: BaseException | None) -> None:
        self.ended.append(([finding.cause for finding in findings], status, type(error)))


class Always(Looks):
    """Every turn is looked at, without a thread that says when."""

    def open(self, lab: Any) -> None:
        super().open(lab)
        assert self._open is not None
        self._open.looked = threading.Event()  # the thread goes on waiting for the one before
        self._open.due = self.due
        self.due[:] = [None]
        self.ended.clear()

    def _looked(self, frame: Any, more: Any, *, ended: bool = False) -> Any:
        try:
            return super()._looked(frame, more, ended=ended)
        finally:
            if self._open is not None:
                self.due[:] = [None]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looks]:
    """Looks, in the place of those of this process."""
    made = Always(Pacing(other_thread=0.0))
    made.wanted = True
    monkeypatch.setattr("zerokara.runner.own_loops.looks", made)
    yield made
    made.close()


def names_of(source: str, filename: str = "learner.py") -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "learner"}
    exec(with_questions(compile(source, filename, "exec", dont_inherit=True), source), names)
    return names


# When


def test_how_long_a_training_has_to_itself() -> None:
    pacing = Pacing()
    assert pacing.rest(0.1, 0.001, watched=True) == pytest.approx(0.249)
    assert pacing.rest(0.1, 0.001, watched=False) == pytest.approx(0.499)
    assert pacing.rest(0.1, 0.3, watched=True) == 0  # the next is due at once, and not before that
    for took in (0.001, 0.01, 0.1, 3.0):
        left, since, looked, passed = math.inf, math.inf, 0.0, 0.0
        for _ in range(30):
            left = pacing.left(left, since, took)
            since = pacing.rest(left, took, watched=True)
            looked, passed = looked + took, passed + took + since
            assert looked <= 0.15 + 0.03 * passed + 1e-9
            assert took + since >= 0.25 - 1e-9


def test_a_look_is_due_once_the_training_has_had_its_time() -> None:
    clock, lab = Clock(), Lab()
    lab.does = lambda names: setattr(clock, "now", clock.now + 0.02)
    made = Looks(Pacing(share=0.05, shortest=0.1, ahead=0.0), clock=clock, sleep=clock.sleep)
    made.open(lab)
    assert list(made.due) == [None]  # at once
    frames = sys._getframe()
    for _ in range(3):
        began = clock.now
        any(made._looked(frames, {}))
        wait_for(lambda: len(made.due) > 0)
        assert clock.now - began == pytest.approx(0.02 + 0.38)
    lab.views = []
    any(made._looked(frames, {}))
    wait_for(lambda: len(made.due) > 0)
    made.close()
    assert clock.slept == pytest.approx([0.38, 0.38, 0.38, 0.48])
    assert not made.due
    assert any(made._looked(frames, {})) is False
    assert len(lab.seen) == 4


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_while_no_lab_is_open_nothing_is_ever_due(always: Looks) -> None:
    names = names_of(TRAIN)
    assert not always.due
    np.testing.assert_array_equal(names["train"](), [0.875, 0.875])
    lab = Lab()
    with always.opened(lab):
        names["train"]()
    assert len(lab.seen) == 3
    names["train"]()
    assert len(lab.seen) == 3
    with always.opened(None):
        names["train"]()
    assert len(lab.seen) == 3


# What


def test_a_look_has_whole_updates(always: Looks) -> None:
    lab = Lab()
    with always.opened(lab):
        names_of(TRAIN)["train"]()
    assert [(seen["i"], seen["n"], *seen["w"]) for seen in lab.seen] == [
        (i, 3, 1 - 0.5**i, 1 - 0.5**i) for i in range(3)
    ]


def test_names_of_the_function_are_over_those_of_the_file(always: Looks) -> None:
    lab, found = Lab(), list[Any]()
    lab.does = lambda names: found.append((names["n"], names["only"], "later" in names))
    source = "n, only = 1, 'file'\n" + TRAIN + "train(2)\nfor i in range(1):\n    n -= 0.1 * gradient(n)\n"
    with always.opened(lab):
        names_of(source.replace("import numpy as np", "import numpy as np\ngradient = float"))
    assert found == [(2, "file", False)] * 2 + [(1, "file", False)]


def test_the_last_look(always: Looks) -> None:
    lab = Lab()
    always.last({"w": 1})  # no lab is open
    with always.opened(lab):
        always.last({"w": 1, "n": 7})
        always.end(Findings(), 0, None)
    assert lab.seen == [{"w": 1, "n": 7}]
    assert lab.ended == [([], 0, type(None))]


def test_where_a_loop_in_a_function_has_ended_its_last_update_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    made = Looks(clock=clock, sleep=lambda _: threading.Event().wait())
    made.wanted = True
    monkeypatch.setattr("zerokara.runner.own_loops.looks", made)
    lab = Lab(lambda names: clock.sleep(0.02))
    train = names_of(TRAIN)["train"]
    with made.opened(lab):
        clock.now += 10
        train()
        assert [seen["w"][0] for seen in lab.seen] == [0, 0.875]
        for _ in range(100):
            train()
        seen = len(lab.seen)
        assert 5 < seen < 100
        assert seen * 0.02 <= 0.15 + 0.05 * (clock.now - 100) + 0.02
        clock.now += 10
        train(4)
        assert lab.seen[-1]["w"][0] == 0.9375
        made.last({"w": 0})  # of the file: it has nothing of what was trained
        assert len(lab.seen) == seen + 1
    train()
    assert len(lab.seen) == seen + 1


def test_of_a_function_that_was_left_its_arguments_are_seen_last(always: Looks) -> None:
    source = TRAIN.replace("losses.append(float(grad @ grad))", "if i == 1: return w").replace("n=3, lr", "w, n=3, lr")
    source = source.replace("    w = np.zeros(2)\n", "")
    lab = Lab()
    noted_calls.forget()
    with always.opened(lab):
        names_of(source)["train"](np.zeros(2))
        always.last({"n": 7})
    noted_calls.forget()
    assert lab.seen[-1]["w"][0] == 0.75
    assert lab.seen[-1]["n"] == 3


def test_what_a_function_lets_go_of_goes(always: Looks) -> None:
    """Until Python 3.12 a frame keeps what it has shown of its variables."""
    source = """
def train(make, is_gone):
    for step in range(3):
        made = None
        is_gone()
        made = make()
        gradient(made)
gradient = id
"""
    kept: list[Any] = []

    class Made:
        pass

    def make() -> Made:
        made = Made()
        kept.append(weakref.ref(made))
        return made

    def is_gone() -> None:
        assert [one() for one in kept] == [None] * len(kept)

    found = list[bool]()
    with always.opened(Lab(lambda names: found.append(isinstance(names.get("made"), Made)))):
        names_of(source)["train"](make, is_gone)
    assert found == [False, True, True]
    is_gone()


def test_what_a_function_keeps_in_its_own_locals_stays(always: Looks) -> None:
    source = """
def held(n):
    before = locals()
    for i in range(2):
        n -= 0.1 * gradient(n)
    return "n" in before

def hidden(n):
    exec("hidden = 5")
    for i in range(2):
        n -= 0.1 * gradient(n)
    return eval("hidden, i, n")

gradient = float
"""
    results = []
    for lab in (None, Lab()):
        with always.opened(lab):
            names = names_of(source)
            results.append((names["held"](2), names["hidden"](2) if sys.version_info < (3, 13) else ()))
    assert results[0] == results[1]
    assert lab is not None
    assert len(lab.seen) >= 2


# Nothing else changes


def disturbing(names: Mapping[str, Any]) -> None:
    np.random.rand(3)
    random.random()
    np.seterr(all="raise")
    warnings.simplefilter("error")
    os.chdir("/")


def test_a_look_leaves_all_as_it_was(always: Looks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.random.seed(3)
    random.seed(4)
    before = np.random.get_state()[1].tolist(), random.getstate(), np.geterr(), os.getcwd()  # type: ignore[union-attr]
    filters, handlers = list(warnings.filters), [signal.getsignal(number) for number in signal.valid_signals()]
    hook, collects = sys.gettrace(), gc.isenabled()
    lab = Lab(disturbing)
    with always.opened(lab):
        names_of(TRAIN)["train"]()
    assert len(lab.seen) == 3
    after = np.random.get_state()[1].tolist(), random.getstate(), np.geterr(), os.getcwd()  # type: ignore[union-attr]
    assert after == before
    assert warnings.filters == filters
    assert [signal.getsignal(number) for number in signal.valid_signals()] == handlers
    assert (sys.gettrace(), gc.isenabled()) == (hook, collects)


WARNS = """
import warnings
def train(n=4):
    for i in range(n):
        warnings.warn("once")
        n -= 0.1 * gradient(n)
gradient = float
"""


def test_a_warning_that_is_shown_once_is_shown_once(always: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(names: Mapping[str, Any]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.warn("in a look", stacklevel=1)

    shown: list[Any] = []
    learner = types.ModuleType("learner")
    monkeypatch.setitem(sys.modules, "learner", learner)
    exec(with_questions(compile(WARNS, "learner.py", "exec"), WARNS), vars(learner))
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda *told, **more: shown.append(str(told[0]))
        with always.opened(lab := Lab(forgets)):
            learner.train()
    assert len(lab.seen) == 4
    assert shown == ["once"]


def test_a_look_that_fails_is_logged_and_no_more(always: Looks, caplog: Any, capfd: Any) -> None:
    caplog.set_level(logging.INFO, logger="zerokara")
    errors = iter([ValueError("one"), SystemExit(3), KeyboardInterrupt()])

    def does(names: Mapping[str, Any]) -> None:
        raise next(errors)

    with always.opened(lab := Lab(does)):
        np.testing.assert_array_equal(names_of(TRAIN)["train"](), [0.875, 0.875])
        assert always.last({}) is None  # the iterator is at its end: StopIteration
    assert len(lab.seen) == 4
    assert caplog.text.count("a look at a training failed") == 4
    assert capfd.readouterr() == ("", "")


# Signals


def frames_of(error: BaseException) -> list[tuple[str, int]]:
    here = sys._getframe().f_code.co_filename
    return [
        (frame.f_code.co_name, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename != here
    ]


def test_ctrl_c_in_a_look_comes_from_the_learners_own_line(always: Looks) -> None:
    lab = Lab(lambda names: signal.raise_signal(signal.SIGINT))
    names = names_of(TRAIN)
    with always.opened(lab), pytest.raises(KeyboardInterrupt) as caught:
        names["train"]()
    assert frames_of(caught.value) == [("train", 8)]
    assert caught.value.__context__ is None
    assert len(lab.seen) == 1


def test_a_second_ctrl_c_ends_a_look_that_hangs(always: Looks) -> None:
    went_on: list[int] = []

    def does(names: Mapping[str, Any]) -> None:
        signal.raise_signal(signal.SIGINT)
        went_on.append(1)
        signal.raise_signal(signal.SIGINT)
        while True:
            time.sleep(0.01)

    with always.opened(Lab(does)), pytest.raises(KeyboardInterrupt) as caught:
        names_of(TRAIN)["train"]()
    assert went_on == [1]
    assert frames_of(caught.value) == [("train", 8)]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no SIGALRM on this system")
def test_a_learners_own_handler_is_called_once_and_in_their_frame(always: Looks) -> None:
    source = (
        TRAIN
        + """
class Late(Exception):
    pass

def handler(number, frame):
    calls.append((number, frame.f_code.co_name))
    raise Late

calls = []
"""
    )
    names = names_of(source)
    before = signal.signal(signal.SIGALRM, names["handler"])
    try:
        lab = Lab(lambda _: signal.raise_signal(signal.SIGALRM))
        with always.opened(lab), pytest.raises(names["Late"]) as caught:
            names["train"]()
        assert names["calls"] == [(signal.SIGALRM, "train")]
        assert frames_of(caught.value) == [("train", 8), ("handler", 18)]
        assert signal.getsignal(signal.SIGALRM) is names["handler"]
    finally:
        signal.signal(signal.SIGALRM, before)


# Threads and processes


def test_one_thread_is_looked_at_as_long_as_it_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    made = Always(Pacing(other_thread=2.0), clock=clock)
    made.wanted = True
    monkeypatch.setattr("zerokara.runner.own_loops.looks", made)
    lab = Lab()
    train = names_of(TRAIN)["train"]
    with made.opened(lab):
        train(2)
        in_thread(lambda: train(4))
        assert [seen["n"] for seen in lab.seen] == [2, 2]
        clock.now += 2.1
        in_thread(lambda: train(4))
        train(2)
    assert [seen["n"] for seen in lab.seen] == [2, 2, 4, 4, 4, 4]


def in_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_no_thread_is_seen_that_the_learner_did_not_start() -> None:
    before = threading.enumerate()
    made = Looks()
    with made.opened(Lab()):
        assert threading.enumerate() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_was_forked_looks_at_nothing(always: Looks) -> None:
    lab = Lab()
    train = names_of(TRAIN)["train"]
    with always.opened(lab):
        child = os.fork()
        if not child:
            train()
            always.last({})
            always.end(Findings(), 0, None)
            os._exit(len(lab.seen) + len(lab.ended))
        assert os.waitpid(child, 0)[1] == 0
        train()
    assert len(lab.seen) == 3


# Everywhere that code is compiled


def test_modules_of_ones_own_and_the_textbooks_trainer(tmp_path: Path, clean_imports: None, capfd: Any) -> None:
    (tmp_path / "own.py").write_text(TRAIN)
    script = tmp_path / "script.py"
    script.write_text("""
import numpy as np
from own import train
from common.trainer import Trainer
train()
class Net:
    params = {}
    def gradient(self, x, t): return {}
    def loss(self, x, t): return 0.5
    def accuracy(self, x, t): return 0.5
x = np.zeros((4, 2))
w = np.ones(1)
def main():
    Trainer(Net(), x, x, x, x, epochs=2, mini_batch_size=2, verbose=False).train()
main()
""")
    found: list[Any] = []
    lab = Lab(lambda names: found.append([type(names.get(k)).__name__ for k in ("network", "train_loss_list", "x")]))
    looks.close()
    assert run_file(str(script), [], Options(lab=lab, remarks=False)) == 0
    assert found[0] == ["NoneType", "NoneType", "NoneType"]
    assert lab.ended == [([], 0, type(None))]
    assert capfd.readouterr().out == ""


def test_the_trainer_begins_an_update(always: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    from zerokara.book.common import trainer

    monkeypatch.setattr(trainer, "looks", always)
    network = types.SimpleNamespace(
        params={}, gradient=lambda x, t: {}, loss=lambda x, t: 0.5, accuracy=lambda x, t: 1.0
    )
    x = np.zeros((4, 2))
    found: list[Any] = []
    lab = Lab(lambda names: found.append((names["network"], len(names["train_loss_list"]), names["mine"])))
    mine = "the learner's"
    with always.opened(lab):
        made = trainer.Trainer(network, x, x, x, x, epochs=1, mini_batch_size=2, verbose=False)
        made.train()
    assert mine
    assert found == [(network, 0, mine), (network, 1, mine)]


SCRIPT = """
import numpy as np
np.random.seed(1)
w = np.zeros(2)
for i in range(50):
    grad = w - 1 + np.random.rand(2)
    w -= 0.1 * grad
print(w, np.random.rand())
"""


def test_a_run_is_as_without(tmp_path: Path, clean_imports: None, capfd: Any) -> None:
    path = tmp_path / "script.py"
    results = []
    for ending in ("", "raise ValueError(w)\n", "import sys; sys.exit(7)\n", "raise KeyboardInterrupt\n"):
        path.write_text(SCRIPT + ending)
        for lab in (None, Lab(disturbing)):
            status = run_file(str(path), [], Options(lab=lab))
            results.append((status, *capfd.readouterr()))
            assert lab is None or len(lab.seen) >= 2
            assert lab is None or lab.ended[0][1] == status
            assert lab is None or lab.seen[-1]["i"] == 49
        assert times_aside(results[-1]) == times_aside(results[-2])
    assert [status for status, *_ in results[::2]] == [0, 1, 7, 130]


def times_aside(result: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(text.split(" after ")[0] if isinstance(text, str) else text for text in result)


@pytest.mark.slow
def test_findings_are_for_the_lab_too_where_remarks_are_not_wanted(
    tmp_path: Path, clean_imports: None, capfd: Any
) -> None:
    path = tmp_path / "script.py"
    path.write_text("""
import numpy as np
class Net:
    def __init__(self):
        self.params = {"W1": np.zeros((4, 3)), "b1": np.zeros(3), "W2": np.zeros((3, 2)), "b2": np.zeros(2)}
    def predict(self, x):
        z = 1 / (1 + np.exp(-(x @ self.params["W1"] + self.params["b1"])))
        y = np.exp(z @ self.params["W2"] + self.params["b2"])
        return y / y.sum(axis=1, keepdims=True)
    def loss(self, x, t):
        return -np.sum(t * np.log(self.predict(x) + 1e-7)) / len(x)
    def gradient(self, x, t):
        z = 1 / (1 + np.exp(-(x @ self.params["W1"] + self.params["b1"])))
        d = (t - self.predict(x)) / len(x)
        e = d @ self.params["W2"].T * z * (1 - z)
        return {"W1": x.T @ e, "b1": e.sum(axis=0), "W2": z.T @ d, "b2": d.sum(axis=0)}
rng = np.random.RandomState(0)
x = rng.rand(40, 4)
t = np.eye(2)[(x[:, 0] > 0.5).astype(int)]
net = Net()
for i in range(30):
    grads = net.gradient(x, t)
    for key in net.params:
        net.params[key] -= 0.1 * grads[key]
""")
    lab = Lab()
    run_file(str(path), [], Options(lab=lab, remarks=False))
    assert lab.ended[0][0]
    assert capfd.readouterr().err == ""


def test_cells_of_a_note(tmp_path: Path, clean_imports: None, capfd: Any) -> None:
    path = tmp_path / "note.md"
    path.write_text(f"```python\n{TRAIN}```\n\n```python\nw = train(4)\nw\n```\n")
    results = []
    for lab in (None, Lab()):
        assert run_file(str(path), [], Options(lab=lab)) == 0
        results.append(capfd.readouterr())
    assert results[0] == results[1]
    assert lab is not None
    assert len(lab.seen) >= 2
    np.testing.assert_array_equal(lab.seen[-1]["w"], [0.9375, 0.9375])


def test_a_shell_s_cells_can_be_looked_at_once_the_textbook_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not looks.wanted
    start()
    assert not looks.wanted  # no shell
    stop()
    assert not looks.wanted


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own
def test_cells_that_were_run_before_a_lab_is_opened(tmp_path: Path) -> None:
    """In a kernel, as `%zerokara lab` finds them; uninstalled, they are plain again."""
    pytest.importorskip("ipykernel", reason="the extra notebook is not installed")
    from .kernel import kernel

    lab = """
from zerokara.runner.looks import looks
class Lab:
    views = [1]
    seen = 0
    def look(self, names, last):
        self.seen += "grad" in names or "w" in names
    def end(self, *told):
        pass
"""
    counted = "lab = Lab(); looks.open(lab); train(20_000); looks.close(); lab.seen"
    with kernel(tmp_path) as cell:
        assert not cell("import zerokara.book")["error"]
        assert not cell(lab)["error"]
        assert not cell(TRAIN)["error"]
        assert not cell("train()")["error"]
        assert int(cell(counted)["result"]) >= 2
        assert "raises" not in cell("import inspect; print(inspect.getsource(train))")["stderr"]
        cell("lab = Lab(); looks.open(lab)")
        cell("w = 1.0\nfor i in range(200_000):\n    grad = w\n    w -= 0.1 * grad")
        assert int(cell("looks.close(); lab.seen")["result"]) >= 1
        cell("zerokara.book.uninstall()")
        cell(TRAIN)
        assert cell(counted)["result"] == "0"
