"""`zerokara.open_lab` and `run.lab()`: the lab below a notebook's cell, by anywidget.

Jupyter sends what is meant for one view of a widget to all of them, so each view has a name that it drew, which goes
along with all its messages; to the lab every one is a `View` of its own. No trait of the widget ever changes: curves
and pictures go by messages, as on a socket.

Outside of a notebook a server of this process shows the same on a page.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from zerokara.errors import UsageError
from zerokara.lab import module
from zerokara.lab.core import Lab, View
from zerokara.lab.messages import Buffer, Malformed, Message, received
from zerokara.runs.run import Run
from zerokara.words import sentence, to_install

MOST_VIEWS = 32
"""Of one widget; where it is shown more often, the oldest gives way."""
LONGEST_NAME = 64
PATIENCE_SECONDS = 20
"""How much later than a view another one may be answering before that view is taken for gone."""

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

    def __init__(self, lab: Lab, send: Send) -> None:
        self._lab, self._send = lab, send
        self._connected: dict[str, View] = {}
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
        """No view is there any more."""
        with self._changing:
            for name in list(self._connected):
                self._leave(name)

    def _view(self, name: str, said: str) -> View | None:
        """Whom a message of this type is for, after what it says of who is there."""
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
            if message.type == "frame":
                self._unseen[name] = time.monotonic()
            self._send({**message.content(), "view": name}, message.buffers())

        self._connected[name] = self._lab.connect(send)

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
    """A lab that is open: displayed by a notebook, on a page of its own elsewhere.

    Attributes:
        lab: what is shown.
        address: of the page; None in a notebook.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.address: str | None = None
        self._widget: Any = None
        self._closing: list[Callable[[], None]] = []
        if in_notebook():
            self._show_below_cell()
        else:
            self._serve()

    @property
    def run(self) -> Run | None:
        """The run that is being trained, as its newest checkpoint has it; None before there is one."""
        raise NotImplementedError

    def close(self) -> None:
        """End it. A training stops after the update being done, and `zerokara resume` goes on; views stay as they are."""
        while self._closing:
            self._closing.pop()()

    def _show_below_cell(self) -> None:
        self._widget = widget = widget_class()()
        views = Views(self.lab, widget.send)
        widget.on_msg(lambda _, content, buffers: views.receive(content, buffers))
        self._closing = [views.close]

    def _serve(self) -> None:
        from zerokara.lab.server import LabServer

        server = LabServer(self.lab)
        threading.Thread(target=server.serve, name="lab-server", daemon=True).start()
        self._closing = [server.stop]
        self.address = server.address

    def __repr__(self) -> str:
        return "<Lab>"

    def _repr_mimebundle_(self, **_: object) -> Any:
        """What a notebook shows."""
        if self._widget is None:
            return {"text/plain": repr(self)}
        data, metadata = self._widget._repr_mimebundle_()
        return {**data, "text/plain": repr(self)}, metadata


def widget_class() -> Any:
    """A widget with the page's module, of which nothing is a trait but that. Raises UsageError without anywidget."""
    try:
        from anywidget import AnyWidget
    except ImportError as error:
        raise UsageError(
            sentence(
                "In a notebook the lab needs anywidget, which is not installed. {install} brings it; then reload the "
                "notebook's page.",
                install=to_install("anywidget"),
            ),
            "missing-package",
        ) from error

    class LabWidget(AnyWidget):  # type: ignore[misc]
        """The lab below a cell."""

        _esm = module.script()
        _css = module.style()

    return LabWidget


def in_notebook() -> bool:
    """Whether a kernel runs this: Jupyter's, VS Code's or Colab's."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython is not None and hasattr(get_ipython(), "kernel")


def open_lab(dataset: str = "digits", **options: Any) -> OpenLab:
    from zerokara.training.recipe import Recipe
    return OpenLab(Lab(Recipe(dataset=dataset, **options)))


def open_run_in_lab(run: Run) -> OpenLab:
    return OpenLab(Lab(run.recipe))
