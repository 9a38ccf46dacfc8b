"""`zerokara.open_lab` and `run.lab()`: the lab below a notebook's cell, by anywidget.

Jupyter sends what is meant for one view of a widget to all of them, so each view has a name that it drew, which goes
along with all its messages; to the lab every one is a `View` of its own. No trait of the widget ever changes: curves
and pictures go by messages, as on a socket.

Outside of a notebook a server of this process shows the same on a page.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from zerokara.errors import RunError, UsageError
from zerokara.lab import module
from zerokara.lab.core import Lab
from zerokara.lab.messages import Buffer, Malformed, Message, received
from zerokara.lab.page_texts import TEXTS
from zerokara.lab.view import View, Viewable
from zerokara.lab.watched_training import WatchedTraining
from zerokara.runs.opening import open_run
from zerokara.runs.run import Run
from zerokara.runs.train import checked_recipe
from zerokara.say import say
from zerokara.training.history import History
from zerokara.training.recipe import Recipe, RecipeOptions
from zerokara.words import in_english, sentence, to_install

MOST_VIEWS = 32
"""Of one widget; where it is shown more often, the oldest gives way."""
LONGEST_NAME = 64
SECONDS_BETWEEN_WEIGHTS = 0.2
"""A notebook copies messages more often than a socket does."""
SECONDS_UNSEEN = 1.0
"""After which a view is told more without having seen what came before: see `Viewable.connect`."""
PATIENCE_SECONDS = 20
"""How much later than a view another one may be answering before that view is taken for gone."""

CLOSED = TEXTS["closed"]
Send = Callable[[dict[str, Any], list[bytes]], None]


class Views:
    """The views of one widget, each with its name.

    A reloaded page or a cleared cell may leave without a goodbye. The kernel hears nothing while a cell runs, so time
    alone says little: a view is gone if it has not seen a frame while another has seen much later ones. Should it come
    back, it is greeted anew.

    Args:
        lab: what they show.
        send: an object and buffers to all of them, as `AnyWidget.send` does.
    """

    def __init__(self, lab: Viewable, send: Send) -> None:
        self._lab, self._send = lab, send
        self._connected: dict[str, View] = {}
        self._closed = False
        self._unseen: dict[str, float] = {}
        self._changing = threading.RLock()  # a kernel may hear messages in several threads

    def receive(self, content: Any, buffers: Sequence[Buffer]) -> None:
        """Hand a message to the view that it is of. What is no message of a view is left alone."""
        try:
            message = received(content, buffers)
        except Malformed:
            return
        name = message.fields.get("view")
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            return
        with self._changing:
            view = self._view(name, message.type)
        if view is not None:
            view.receive(message)

    def close(self) -> None:
        """Tell all of them that the lab is closed, and whoever comes later."""
        with self._changing:
            self._closed = True
            for name in list(self._connected):
                self._leave(name)
        self._say_closed()

    def _say_closed(self) -> None:
        self._send(Message("closed", {"text": sentence(CLOSED)}).content(), [])

    def _view(self, name: str, said: str) -> View | None:
        """Whom a message of this type is for, after what it says of who is there."""
        if self._closed:
            if said == "hello":
                self._say_closed()
            return None
        if said in ("hello", "goodbye"):
            self._leave(name)
        elif said == "seen":
            self._seen(name)
        if said != "goodbye" and name not in self._connected:
            self._enter(name)
        return None if said in ("hello", "goodbye") else self._connected[name]

    def _enter(self, name: str) -> None:
        while len(self._connected) >= MOST_VIEWS:
            self._leave(next(iter(self._connected)))

        def send(message: Message) -> None:
            if "frame" in message.fields:
                self._unseen.setdefault(name, time.monotonic())
            self._send({**message.content(), "view": name}, message.buffers())

        self._connected[name] = self._lab.connect(
            send, seconds_between_weights=SECONDS_BETWEEN_WEIGHTS, patience=SECONDS_UNSEEN
        )

    def _seen(self, name: str) -> None:
        sent = self._unseen.pop(name, None)
        if sent is not None:
            for other, before in list(self._unseen.items()):
                if before < sent - PATIENCE_SECONDS:
                    self._leave(other)

    def _leave(self, name: str) -> None:
        self._unseen.pop(name, None)
        view = self._connected.pop(name, None)
        if view is not None:
            view.close()


class OpenLab:
    """A lab that is open: a notebook shows it below the cell that has it as its value; elsewhere it has a page.

    Attributes:
        lab: what is shown.
        address: of its page; None in a notebook.
        is_closed: whether `close` was called.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.address: str | None = None
        self.is_closed = False
        self._widget: Any = None
        self._stop: Callable[[], None]
        if in_notebook():
            self._show_below_cell()
        else:
            self._show_on_page()

    @property
    def run(self) -> Run | None:
        """The run, as it is now where it is being trained; None before there is any."""
        training = self.lab.training
        if training.run is not None or training.folder is None:
            return training.run
        training.wait_until_it_rests(lambda: not training.conductor.paused)  # somebody may just have pressed Pause
        try:
            return as_it_is_now(open_run(training.folder), training)
        except RunError:
            if training.conductor.iteration:
                raise
            return None  # its first checkpoint is being written

    def close(self) -> None:
        """End it. What is trained stops after the update being done, and `zerokara resume` goes on with it."""
        if not self.is_closed:
            self.is_closed = True
            self._stop()
            self.lab.close()

    def _show_below_cell(self) -> None:
        self._widget, self._stop = below_cell(self.lab)
        take_place_of_earlier(self)

    def _show_on_page(self) -> None:
        self.address, self._stop = on_page(self.lab)

    def __repr__(self) -> str:
        """Without the token: what a program writes of its objects is soon in a log."""
        training = self.lab.training
        where = self.address.partition("?")[0] if self.address else in_english("below a cell")
        state = in_english("closed") if self.is_closed else training.state
        return in_english(
            "<Lab of {dataset} {where}: {state} after {n:,} of {total:,} updates>",
            dataset=os.path.basename(self.lab.recipe.dataset),
            where=where,
            state=state,
            n=training.conductor.iteration,
            total=training.total,
        )

    def _repr_mimebundle_(self, **_: object) -> Any:
        """What a notebook shows."""
        if self._widget is None:
            return {"text/plain": repr(self)}
        data, metadata = self._widget._repr_mimebundle_()
        return {**data, "text/plain": repr(self)}, metadata


def below_cell(lab: Viewable) -> tuple[Any, Callable[[], None]]:
    """A widget that shows the lab, and what ends it. Raises UsageError where anywidget is missing."""
    widget = widget_class()()
    # From 7.3 on, ipykernel hands a page's message to where the last one to that page came from, which is the cell that
    # runs, and would hear nothing before its end. Forgotten that, it is the page's own choice, which hears at once.
    vars(getattr(widget, "comm", None) or widget).pop("_reply_subshell_id", None)
    heard = copy_context()  # and what is sent from now on comes from where a page was heard

    def send(content: dict[str, Any], buffers: list[bytes]) -> None:
        heard.copy().run(widget.send, content, buffers)

    def hear(_: Any, content: Any, buffers: Sequence[Buffer]) -> None:
        nonlocal heard
        heard = copy_context()
        views.receive(content, buffers)

    views = Views(lab, send)
    widget.on_msg(hear)
    return widget, views.close


def on_page(lab: Viewable) -> tuple[str, Callable[[], None]]:
    """Serve a page of the lab in this process, and say where: the address, and what ends it.

    Raises UsageError where websockets is missing.
    """
    server = _server(lab)
    threading.Thread(target=server.serve, name="zerokara-lab-server", daemon=True).start()
    say(
        sentence(
            "The lab is open at {address}, on this machine alone, until it is closed or this Python ends.",
            address=server.address,
        )
    )
    return server.address, server.stop


def as_it_is_now(run: Run, training: WatchedTraining) -> Run:
    """A run that is being trained, with network and history as they are instead of those of its newest checkpoint."""
    snapshot, history = training.snapshot(), training.prepared.trainer.history
    losses = np.concatenate([np.zeros(0), *history.chunks])[: snapshot.iteration]  # the thread that trains goes on
    evaluations = [done for done in [*history.evaluations] if done.iteration <= snapshot.iteration]
    return replace(
        run,
        network=snapshot.network.copy(),
        history=History([losses], evaluations, history.seconds),
        changes=tuple(training.changes),
    )


def open_lab(
    dataset: str | os.PathLike[str] | None = None,
    *,
    recipe: Recipe | None = None,
    engine: str = "auto",
    threads: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "runs",
    **options: Unpack[RecipeOptions],
) -> OpenLab:
    """Watch a network learn, and touch it: `zerokara lab` below a notebook's cell.

    It is there at once, and nothing is trained before Start is pressed. Training has a thread of its own, so that cells
    can be run meanwhile. While one runs, kernels older than ipykernel 7, and pages that do not use its subshells, hand
    over nothing that is clicked; it is answered afterwards. Each display, and each browser, is a view of its own of the
    same training, and one of them steers. Running a cell again closes what it had opened before.

    In a notebook this needs anywidget, from the extra `lab`. VS Code and Colab load a part of that from the internet;
    there it could not be tried. Outside of a notebook a server in this process shows the same on a page, and says at
    which address; that needs websockets, from the same extra.

    Args:
        dataset: "mnist" (the default), "fashion-mnist", "kmnist", "digits", or a folder of your own. Where one of the
            MNIST family is not on this computer, digits take its place.
        recipe: where fields come from that are neither `dataset` nor in `options`. All can be changed there.
        engine: "auto", "compiled" or "reference"; threads: how many the compiled one uses, by default all it may.
        data_dir: where to look for data first.
        out: the folder that run folders are made in, one for each training.
        **options: the fields of `zerokara.Recipe`, such as hidden=50 or learning_rate=0.1.

    Returns:
        What shows it, with `run`, the run so far, and `close()`. A training stops as by `close` when the kernel ends.

    Raises UsageError for values that cannot be used and where the package for it is missing, DataError for data of your
    own, EngineError where the engine cannot do this.
    """
    complete = checked_recipe(dataset, recipe, options, data_dir=data_dir, out=out)
    return OpenLab(Lab(complete, out=Path(out), data_dir=data_dir, engine=engine, threads=threads))


def open_run_in_lab(run: Run) -> OpenLab:
    """What `run.lab()` does."""
    return OpenLab(Lab.of_run(run))


def in_notebook() -> bool:
    """Whether a kernel runs this: Jupyter's, VS Code's or Colab's."""
    return hasattr(_shell(), "kernel")


def widget_class() -> Any:
    """A widget that has the page's module and style sheet. Raises UsageError where anywidget is missing."""
    try:
        from anywidget import AnyWidget
    except ImportError as error:
        raise UsageError(
            sentence(
                "The lab in a notebook needs anywidget, which is not installed. {install} brings it; then reload the "
                "notebook's page.",
                install=to_install("anywidget"),
            ),
            "missing-package",
        ) from error

    class LabWidget(AnyWidget):
        """The lab below a cell."""

        _esm = module.script()
        _css = module.style()

    return LabWidget


def _server(lab: Viewable) -> Any:
    try:
        from zerokara.lab.server import LabServer
    except ImportError as error:
        raise UsageError(
            sentence(
                "The lab's page needs websockets 17 or newer. {install} brings it.",
                install=to_install("--upgrade", "websockets"),
            ),
            "missing-package",
        ) from error
    return LabServer(lab)


_opened: dict[str, tuple[str, list[OpenLab]]] = {}
"""By the identity of a cell: which execution of it, and what that has opened."""


def take_place_of_earlier(opened: OpenLab) -> None:
    """Close what an earlier execution of the same cell has opened: it is off the screen, and would train on unseen.

    Only pages that say which cell they run can be told apart, as JupyterLab does.
    """
    request = _shell().get_parent()
    cell, execution = request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")
    if cell is None:
        return
    before, labs = _opened.get(cell, ("", []))
    if before != execution:
        for lab in labs:
            lab.close()
        labs = []
    _opened[cell] = execution, [*labs, opened]


def _shell() -> Any:
    """IPython's shell, if this runs in one."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return None if get_ipython is None else get_ipython()
