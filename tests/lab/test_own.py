"""A learner's own training from a view's side: what it is told, and that its numbers are the learner's own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from zerokara.findings import Finding, Findings
from zerokara.lab.own import OwnLab
from zerokara.own_training.program import SourceText

from .test_own_reading import DATA, NET

Watch = Callable[..., Any]
SCRIPT = DATA + NET


class Script:
    """A script that is looked at between its updates."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, source: str = SCRIPT) -> None:
        self.module = ModuleType("__main__")
        monkeypatch.setitem(sys.modules, "__main__", self.module)
        self.names = vars(self.module)
        self.lab = OwnLab(Path("train.py"), [SourceText(Path("train.py"), source)])
        exec(compile(source, "train.py", "exec"), self.names)

    def train(self, updates: int = 1) -> None:
        for _ in range(updates):
            self.names["train_loss_list"].append(self.names["net"].loss(self.names["x_train"], self.names["t_train"]))
            for array in self.names["net"].params.values():
                array += 0.01
        self.lab.look(self.names)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    monkeypatch.setattr(OwnLab, "_recognise", lambda *_: None)
    return Script(monkeypatch)


def test_a_script_that_has_not_trained_yet(script: Script, watch: Watch) -> None:
    view = watch(script.lab)
    hello = view.messages[0]
    assert (hello.type, hello.fields["steerable"], hello.fields["tabs"]) == ("hello", False, ["train"])
    assert hello.fields["script"]["name"] == "train.py"
    assert hello.fields["script"]["lines"][1] == {"number": 2, "text": "import numpy as np", "cell": None}
    assert (hello.fields["form"], hello.fields["recipe"], hello.fields["unread"]) == ([], None, "")
    assert hello.fields["state"] == "running"
    assert "start" in view.refused("start", values={})
    assert "draw" in view.refused("draw")
    view.done("steer")


def test_a_script_that_trains_nothing(monkeypatch: pytest.MonkeyPatch, watch: Watch) -> None:
    script = Script(monkeypatch, "print")
    view = watch(script.lab)
    script.lab.look(script.names)
    assert view.until(lambda facts: facts["unread"])["status"] == "No training has been seen yet."
    script.lab.end()
    view.until(lambda facts: facts["status"] == "It has ended. What is shown stays as it was then.")


def test_curves_weights_and_tabs_come_as_it_trains(script: Script, watch: Watch) -> None:
    view = watch(script.lab)
    script.train(3)
    facts = view.until(lambda facts: facts["iteration"] == 3 and "sizes" in facts and facts["sizes"])
    assert facts["tabs"] == ["train", "draw", "probe", "step"]
    assert facts["status"] == "Training. Losses recorded: 3."
    assert facts["class_names"] == ["0", "1", "2"]
    script.train(2)
    view.until(lambda facts: facts["iteration"] == 5 and facts["losses"]["updates"] == 5)
    np.testing.assert_array_equal(view.losses[:, 1], script.names["train_loss_list"])
    W1 = script.names["net"].params["W1"]
    view.until(lambda facts: np.array_equal(view.arrays["W1"].reshape(5, 6), W1.T.astype(np.float32)))


def test_weights_move_also_where_no_loss_is_recorded(script: Script, watch: Watch) -> None:
    view = watch(script.lab)
    for _ in range(3):
        script.names["net"].params["W1"][...] += 1.0
        script.lab.look(script.names)
        wanted = script.names["net"].params["W1"].T.astype(np.float32)
        view.until(lambda facts, wanted=wanted: np.array_equal(view.arrays.get("W1", [0])[0], wanted[0][None]))


def test_what_is_asked_is_answered_with_the_learners_numbers(script: Script, watch: Watch) -> None:
    script.train(2)
    view, net = watch(script.lab), script.names["net"]
    x, t = script.names["x_train"], script.names["t_train"]
    probed = view.ask("probe", samples=20, parameter="W1", index=[2, 1], h=1e-4)
    assert probed.type == "probed", probed.fields
    rows = [np.flatnonzero((x == row).all(axis=1))[0] for row in _rows_of(script, 20)]
    assert float(probed.fields["loss"]) == pytest.approx(net.loss(x[rows], t[rows]), rel=1e-13)
    kept, around = net.params["W1"][2, 1], []
    for value in (kept + 1e-4, kept - 1e-4):
        net.params["W1"][2, 1] = value
        around.append(net.loss(x[rows], t[rows]))
    assert float(probed.fields["numerical"]) == pytest.approx((around[0] - around[1]) / 2e-4, rel=1e-9)
    for type in ("probe_curve", "probe_errors", "probe_surface"):
        assert view.ask(type, samples=5).type != "refused"
    assert view.ask("one_update", which=3).type == "step"
    assert view.ask("sample", which=7).fields["label"] == str(7 % 3)
    np.testing.assert_array_equal(
        view.ask("sample", which=7).arrays["pixels"].reshape(-1), script.names["x_test"][7].astype(np.float32)
    )


def _rows_of(script: Script, count: int) -> np.ndarray:
    from zerokara.lab.weight_questions import samples_of

    return samples_of(script.lab.subject(), count, np.dtype(np.float64))[0]


def test_layers_and_confusion_are_those_of_their_network(script: Script, watch: Watch) -> None:
    script.train(2)
    view, net, names = watch(script.lab), script.names["net"], script.names
    facts = view.until(lambda facts: facts["layers"] and "confusion" in view.arrays)
    assert facts["layers"][0]["weights"] == pytest.approx(np.linalg.norm(net.params["W1"]))
    kept, slopes, W1 = net.params["W1"].copy(), [], net.params["W1"]
    for index in np.ndindex(W1.shape):
        W1[index] = kept[index] + 1e-5
        above = net.loss(names["x_train"], names["t_train"])
        W1[index] = kept[index] - 1e-5
        slopes.append((above - net.loss(names["x_train"], names["t_train"])) / 2e-5)
        W1[index] = kept[index]
    assert facts["layers"][0]["gradient"] == pytest.approx(np.linalg.norm(slopes), rel=1e-4)
    answered = net.predict(names["x_test"]).argmax(axis=1)
    pairs = list(zip(np.arange(30) % 3, answered, strict=True))
    wanted = [[pairs.count((label, answer)) for answer in range(3)] for label in range(3)]
    assert view.arrays["confusion"].tolist() == wanted


def test_other_tabs_are_told_of_by_a_greeting(script: Script, watch: Watch) -> None:
    view = watch(script.lab)
    script.train()
    view.until(lambda facts: facts["tabs"] == ["train", "draw", "probe", "step"])
    script.names["net"] = None
    script.names["losses"] = [1.0]
    script.lab.look(script.names)
    facts = view.until(lambda facts: facts["tabs"] == ["train"])
    assert facts["unread"].startswith("No network was found")
    assert "probe" in view.refused("probe")


ENDS = [
    (0, None, "finished", "It has ended."),
    (130, KeyboardInterrupt(), "stopped", "It was stopped."),
    (1, ValueError("secret"), "failed", "It ended with an error: ValueError."),
    (0, SystemExit(0), "finished", "It has ended."),
    (3, SystemExit(3), "failed", "It ended with exit status 3."),
]


@pytest.mark.parametrize(("status", "error", "state", "said"), ENDS)
def test_its_end(script: Script, watch: Watch, status: int, error: Any, state: str, said: str) -> None:
    script.train()
    view = watch(script.lab)
    found = Findings([Finding(cause="sign", text="It goes up.", remedy="Turn it.", file=Path("train.py"), line=7)])
    script.lab.end(found, status, error)
    facts = view.until(lambda facts: facts["state"] == state)
    assert facts["status"].startswith(said)
    assert facts["script_findings"] == [
        {
            "line": 7,
            "cell": None,
            "cause": "sign",
            "title": "The gradient has the wrong sign [sign]",
            "text": "It goes up.",
            "remedy": "Turn it.",
        }
    ]
    assert view.ask("probe").type == "probed"


def test_nothing_of_the_learners_is_kept(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    import weakref

    script.train()
    gone = weakref.ref(script.names["net"])
    arrays = [weakref.ref(array) for array in (script.names["x_train"], script.names["net"].params["W1"])]
    del script.names["net"], script.names["x_train"]
    assert gone() is None
    assert [array() for array in arrays] == [None, None]


def test_no_other_thread_touches_what_is_the_learners(monkeypatch: pytest.MonkeyPatch, watch: Watch) -> None:
    monkeypatch.setattr(OwnLab, "_recognise", lambda *_: None)
    script = Script(monkeypatch, SCRIPT.replace("p = self.params", "who.add(threading.get_ident()); p = self.params"))
    script.names.update(who=(seen := set()), threading=threading)
    view = watch(script.lab)
    for _ in range(3):
        script.train()
        view.until(lambda facts: facts["iteration"] == len(script.names["train_loss_list"]))
    view.ask("probe")
    assert seen == {threading.get_ident()}


def test_what_other_threads_print_while_one_looks_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(OwnLab, "_recognise", lambda *_: None)
    script = Script(monkeypatch, SCRIPT.replace("p = self.params", "meanwhile(); p = self.params"))

    def other() -> None:
        print("from another thread")
        (tmp_path / "there").write_text("written")

    def meanwhile() -> None:
        print("from the same thread")
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    script.names["meanwhile"] = lambda: None
    script.names["meanwhile"] = meanwhile
    script.lab.look(script.names)
    printed = capsys.readouterr().out
    assert "from another thread\n" in printed
    assert "from the same thread" not in printed
    assert (tmp_path / "there").read_text() == "written"


def test_samples_of_the_catalogue_are_recognised(monkeypatch: pytest.MonkeyPatch, watch: Watch) -> None:
    from zerokara.data import load

    digits = load("digits")
    script = Script(
        monkeypatch, SCRIPT.replace("def __init__(self, i=6, h=5, o=3)", "def __init__(self, i=64, h=5, o=10)")
    )
    script.names.update(x_train=digits.train.x.copy(), t_train=digits.train.t.copy())
    script.names.update(x_test=digits.test.x[:200].copy(), t_test=digits.test.t[:200].copy())
    script.lab.look(script.names)
    view = watch(script.lab)
    facts = view.until(lambda facts: facts["dataset"]["name"] == "digits")
    assert facts["dataset"]["samples"] == [1000, 200]
    assert facts["image_shape"] == [8, 8]
    script.names["t_train"] = digits.train.t[::-1].copy()  # one wrong label is another data set
    script.names["x_train"] = digits.train.x.copy()
    script.lab.look(script.names)
    script.lab.look(script.names)
    script.lab.reader._tried = -np.inf
    script.lab.look(script.names)
    facts = view.until(lambda facts: facts["dataset"]["name"] == "x_train")
    np.testing.assert_array_equal(script.lab.subject().dataset.train.t, digits.train.t[::-1][:1000])
