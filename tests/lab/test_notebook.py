"""The lab in a notebook: whose message is whose, where it is shown, kernels that end, and a real JupyterLab."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.lab import notebook
from zerokara.lab.messages import Message
from zerokara.lab.notebook import LONGEST_NAME, MOST_VIEWS, PATIENCE_SECONDS, Views


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

    def connect(self, send: Any, **pace: float) -> Connected:
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
