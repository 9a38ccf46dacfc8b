"""The lab in a notebook: whose message is whose, where it is shown, kernels that end, and a real JupyterLab."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest

import zerokara
from zerokara.errors import UsageError
from zerokara.lab import notebook
from zerokara.lab.core import Lab
from zerokara.lab.messages import Message
from zerokara.lab.notebook import LONGEST_NAME, MOST_VIEWS, PATIENCE_SECONDS, OpenLab, Views, as_it_is_now, open_lab


class Connected:
    """One view of a lab that answers to whatever it is told."""

    def __init__(self, send: Any) -> None:
        self.send, self.told, self.closed = send, [], False
        send(Message("hello"))

    def receive(self, message: Message) -> None:
        self.told.append(message.type)
        self.send(Message("heard", {"id": message.fields.get("id")}, {"numbers": np.arange(3, dtype=np.int32)}))

    def close(self) -> None:
        self.closed = True


class SomeLab:
    """A lab that remembers who came."""

    def __init__(self) -> None:
        self.all: list[Connected] = []

    def connect(self, send: Any, *, seconds_between_weights: float, patience: float) -> Connected:
        assert seconds_between_weights == 0.2  # five times a second
        assert patience == 1
        time.sleep(0.001)  # for others to come in between
        self.all.append(Connected(send))
        return self.all[-1]


@pytest.fixture
def lab() -> SomeLab:
    return SomeLab()


@pytest.fixture
def sent() -> list[tuple[Any, Any]]:
    """What was sent to all views: object and buffers."""
    return []


@pytest.fixture
def views(lab: SomeLab, sent: list[tuple[Any, Any]]) -> Views:
    return Views(lab, lambda content, buffers: sent.append((content, buffers)))


def told(content: "dict[str, Any]") -> dict[str, Any]:
    return {"arrays": {}, **content}


def test_each_view_is_answered_under_its_own_name(views: Views, lab: SomeLab, sent: list[tuple[Any, Any]]) -> None:
    for name in ("a", "b"):
        views.receive(told({"type": "hello", "view": name}), [])
    views.receive(told({"type": "probe", "view": "b", "id": 7}), [])
    assert [(content["type"], content["view"]) for content, _ in sent] == [
        ("hello", "a"),
        ("hello", "b"),
        ("heard", "b"),
    ]
    content, buffers = sent[-1]
    assert content["id"] == 7
    assert content["arrays"]["numbers"] == {"dtype": "int32", "shape": [3], "buffer": 0}
    assert buffers == [np.arange(3, dtype="<i4").tobytes()]
    assert [view.told for view in lab.all] == [[], ["probe"]]


def test_a_view_that_says_goodbye_is_closed_and_greeted_if_it_comes_back(views: Views, lab: SomeLab) -> None:
    views.receive(told({"type": "hello", "view": "a"}), [])
    views.receive(told({"type": "goodbye", "view": "a"}), [])
    views.receive(told({"type": "goodbye", "view": "never came"}), [])
    assert [view.closed for view in lab.all] == [True]
    views.receive(told({"type": "pause", "view": "a"}), [])
    assert [(view.closed, view.told) for view in lab.all] == [(True, []), (False, ["pause"])]


def test_saying_hello_again_begins_anew(views: Views, lab: SomeLab) -> None:
    for _ in range(2):
        views.receive(told({"type": "hello", "view": "a"}), [])
    assert [view.closed for view in lab.all] == [True, False]


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "hello",
        {},
        {"type": "hello", "arrays": {}},
        {"type": "hello", "view": 3, "arrays": {}},
        {"type": "hello", "view": "", "arrays": {}},
        {"type": "hello", "view": "n" * (LONGEST_NAME + 1), "arrays": {}},
        {"type": "draw", "view": "a", "arrays": {"ink": {"dtype": "uint8", "shape": [3], "buffer": 5}}},
    ],
    ids=repr,
)
def test_what_is_no_message_of_a_view_is_left_alone(views: Views, lab: SomeLab, content: Any) -> None:
    views.receive(content, [])
    assert lab.all == []


def test_there_is_an_end_to_the_number_of_views(views: Views, lab: SomeLab) -> None:
    for number in range(MOST_VIEWS + 3):
        views.receive(told({"type": "hello", "view": str(number)}), [])
    assert [view.closed for view in lab.all] == [True] * 3 + [False] * MOST_VIEWS
    views.close()
    assert all(view.closed for view in lab.all)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is: [seconds]."""
    now = [100.0]
    monkeypatch.setattr(notebook.time, "monotonic", lambda: now[0])
    return now


def test_a_view_that_sees_nothing_while_another_does_is_gone(views: Views, lab: SomeLab, clock: list[float]) -> None:
    """A reloaded page says no goodbye; its new view has another name."""
    for name in ("old", "new"):
        views.receive(told({"type": "hello", "view": name}), [])
        lab.all[-1].send(Message("frame", {"frame": 1}))
    clock[0] += PATIENCE_SECONDS + 1
    views.receive(told({"type": "seen", "view": "new"}), [])  # a frame as old as that of the other
    assert [view.closed for view in lab.all] == [False, False]
    lab.all[1].send(Message("frame", {"frame": 1}))
    views.receive(told({"type": "probe", "view": "new"}), [])
    assert [view.closed for view in lab.all] == [False, False]
    views.receive(told({"type": "seen", "view": "new"}), [])
    assert [view.closed for view in lab.all] == [True, False]


def test_a_cell_that_runs_long_makes_no_view_gone(views: Views, lab: SomeLab, clock: list[float]) -> None:
    """The kernel hears what both say when it has ended, one after the other."""
    for name in ("a", "b"):
        views.receive(told({"type": "hello", "view": name}), [])
        lab.all[-1].send(Message("frame", {"frame": 1}))
    clock[0] += 1000
    for name in ("a", "b"):
        views.receive(told({"type": "seen", "view": name}), [])
    assert [view.closed for view in lab.all] == [False, False]


def test_what_is_said_to_a_closed_lab(views: Views, lab: SomeLab, sent: list[tuple[Any, Any]]) -> None:
    views.receive(told({"type": "hello", "view": "a"}), [])
    views.close()
    views.receive(told({"type": "start", "view": "a"}), [])
    views.receive(told({"type": "hello", "view": "b"}), [])
    assert [view.told for view in lab.all] == [[]]
    assert [content["type"] for content, _ in sent] == ["hello", "closed", "closed"]
    assert sent[1][0]["text"].startswith("This lab is closed.")


def test_messages_may_come_in_several_threads(views: Views, lab: SomeLab) -> None:
    """As with the subshells of a kernel: each name gets one view."""
    names = [str(number) for number in range(8)]

    def speak() -> None:
        for name in names:
            views.receive(told({"type": "probe", "view": name}), [])

    threads = [threading.Thread(target=speak) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lab.all) == len(names)
    assert sum(len(view.told) for view in lab.all) == 4 * len(names)


@pytest.fixture
def as_notebook(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """As if a kernel ran this, with a widget that only remembers; `request` says which cell is run."""
    shown = SimpleNamespace(request={}, sent=[])

    class Widget:
        def send(self, content: Any, buffers: Any) -> None:
            shown.sent.append(content)

        def on_msg(self, hear: Callable[[Any, Any, Any], None]) -> None:
            shown.hear = lambda content: hear(self, content, [])

        def _repr_mimebundle_(self) -> tuple[dict[str, Any], dict[str, Any]]:
            return {"text/plain": "a widget", "widget": 1}, {}

    shell = SimpleNamespace(kernel=1, get_parent=lambda: shown.request)
    monkeypatch.setattr(notebook, "_shell", lambda: shell)
    monkeypatch.setattr(notebook, "_opened", {})
    monkeypatch.setattr(notebook, "widget_class", lambda: Widget)
    return shown


def test_a_notebook_shows_a_widget_and_others_a_line_of_text(as_notebook: SimpleNamespace, tmp_path: Path) -> None:
    lab = open_lab("digits", hidden=5, out=tmp_path)
    assert lab.address is None
    bundle, _ = lab._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"widget": 1, "text/plain": "<Lab of digits below a cell: untrained after 0 of 1,500 updates>"}
    as_notebook.hear(told({"type": "hello", "view": "a"}))
    assert [content["type"] for content in as_notebook.sent] == ["hello"]
    lab.close()
    lab.close()
    assert [content["type"] for content in as_notebook.sent] == ["hello", "closed"]
    assert repr(lab) == "<Lab of digits below a cell: closed after 0 of 1,500 updates>"


def test_a_cell_that_is_run_again_closes_what_it_had_opened(as_notebook: SimpleNamespace, tmp_path: Path) -> None:
    def opened(cell: str | None, execution: str) -> OpenLab:
        as_notebook.request = {"metadata": {} if cell is None else {"cellId": cell}, "header": {"msg_id": execution}}
        return open_lab("digits", hidden=2, out=tmp_path)

    labs = [opened("a", "1"), opened("a", "1"), opened("b", "2"), opened(None, "3"), opened(None, "4")]
    assert not any(lab.is_closed for lab in labs)
    labs.append(opened("a", "5"))
    assert [lab.is_closed for lab in labs] == [True, True, False, False, False, False]
    for lab in labs:
        lab.close()


def test_without_anywidget(monkeypatch: pytest.MonkeyPatch, as_notebook: SimpleNamespace) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(notebook, "_shell", lambda: SimpleNamespace(kernel=1))
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(
        UsageError,
        match=r"^The lab in a notebook needs anywidget, which is not installed\. .* install anywidget brings",
    ) as refused:
        zerokara.open_lab("digits")
    assert refused.value.code == "missing-package"


def test_without_websockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zerokara.lab.server", None)
    with pytest.raises(
        UsageError,
        match=r"^The lab's page needs websockets 17 or newer\. .* --upgrade websockets brings it\.$",
    ) as refused:
        zerokara.open_lab("digits")
    assert refused.value.code == "missing-package"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"recipe": 3}, r"^recipe must be a zerokara\.Recipe\. Got 3\.$"),
        ({"out": "a\0b"}, "^out must be the path of a folder"),
        ({"learning_rate": -1}, r"^learning_rate must be a positive number\. Got -1\.$"),
        ({"engine": "fast"}, "^engine must be one of"),
        ({"colour": "red"}, "^A recipe's field must be one of"),
    ],
)
def test_what_cannot_be_opened_is_refused_as_by_train(options: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        zerokara.open_lab("digits", **options)


def test_elsewhere_it_has_a_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lab = zerokara.open_lab("digits", hidden=5, out=tmp_path)
    try:
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"The lab is open at {lab.address}, on this machine alone")
        place, _, token = lab.address.partition("?token=")
        assert repr(lab) == f"<Lab of digits {place}: untrained after 0 of 1,500 updates>"
        assert token not in repr(lab)
        assert lab.run is None
        with urlopen(lab.address) as page:
            assert b"boot.js" in page.read()
    finally:
        lab.close()
    with pytest.raises(URLError):
        urlopen(lab.address)


def test_the_run_so_far_and_the_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recipe = zerokara.Recipe(dataset="digits", hidden=5, iterations=40)
    lab = OpenLab(Lab(recipe, out=tmp_path, plots=False))
    try:
        lab.lab.training.conductor.pace(400)
        lab.lab.go(until=25)
        wait_for(lambda: lab.lab.training.conductor.iteration > 0)
        run = lab.run  # between two checkpoints
        assert len(run.history.losses) == run.iterations > 0
        wait_for(lambda: lab.lab.training.state == "paused")
        run = lab.run
        assert (run.iterations, run.state, run.path.parent) == (25, "unfinished", tmp_path)
        assert [evaluation.iteration for evaluation in run.history.evaluations] == [0, 15]
        lab.lab.go()
        wait_for(lambda: lab.lab.training.state == "finished")
        assert (lab.run.iterations, lab.run.state) == (40, "finished")
        again = zerokara.train(recipe=recipe, out=tmp_path, plots=False)
        assert np.array_equal(run.history.losses, again.history.losses[:25])
        assert all(np.array_equal(lab.run.network.params[name], p) for name, p in again.network.params.items())
    finally:
        lab.close()


def test_a_run_between_two_updates_is_whole(tmp_path: Path) -> None:
    """Training goes on while it is put together: what is newer than the copy of its network is left out."""
    recipe = zerokara.Recipe(dataset="digits", hidden=5, iterations=4000)
    lab = OpenLab(Lab(recipe, out=tmp_path, plots=False))
    lab.lab.go(until=20)
    wait_for(lambda: lab.lab.training.conductor.at_rest)
    earlier, run = lab.lab.training.snapshot(), lab.run
    lab.lab.go(until=40)
    wait_for(lambda: lab.lab.training.conductor.iteration == 40)
    training = SimpleNamespace(
        snapshot=lambda: earlier, prepared=lab.lab.training.prepared, changes=lab.lab.training.changes
    )
    again = as_it_is_now(run, training)
    assert again.iterations == 20
    assert [evaluation.iteration for evaluation in again.history.evaluations] == [0, 15]
    lab.lab.go()
    lab.close()
    assert lab.lab.training.state == "stopped"
    assert zerokara.open_run(run.path).state == "stopped"


def test_a_run_that_is_trained_already(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = zerokara.train("digits", hidden=5, iterations=40, out=tmp_path, plots=False)
    lab = run.lab()
    try:
        assert " finished after 40 of 40 updates>" in repr(lab)
        assert lab.run.path == run.path
        subject = lab.lab.subject()
        assert subject.iteration == 40
        assert all(np.array_equal(subject.network.params[name], p) for name, p in run.network.params.items())
    finally:
        lab.close()
    assert [path.name for path in tmp_path.iterdir()] == ["digits-001"]


def wait_for(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
