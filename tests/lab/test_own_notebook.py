"""`%zerokara lab`: cells are heard and looked at, below a cell, on a page, and in a real JupyterLab."""

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zerokara.lab import notebook
from zerokara.lab.core import Lab
from zerokara.lab.messages import Message
from zerokara.runner.listener import Listener

from .jupyter import execute, jupyter_lab, written
from .own_training import ABOUT, SCRIPT
from .test_jupyter import Notebook

NETWORK, LOOP = SCRIPT.split("network = Net(12)\n")


class Shell:
    """As much of IPython as hears of cells and magics; `kernel` where it is a notebook's."""

    def __init__(self, *, kernel: bool) -> None:
        if kernel:
            self.kernel = 1
        self.user_ns: dict[str, Any] = {}
        self.execution_count = 1
        self.compile = SimpleNamespace()
        self.events = SimpleNamespace(register=self._register, unregister=self._unregister)
        self.magics_manager = SimpleNamespace(magics={"line": {}})
        self._heard: dict[str, Callable[[Any], None]] = {}

    def _register(self, event: str, heard: Callable[[Any], None]) -> None:
        self._heard[event] = heard

    def _unregister(self, event: str, heard: Callable[[Any], None]) -> None:
        if self._heard.pop(event, None) is None:
            raise ValueError

    def register_magic_function(self, function: Any, magic_name: str) -> None:
        self.magics_manager.magics["line"][magic_name] = function

    def showtraceback(self) -> None:
        """Nothing is raised here."""

    def magic(self, line: str) -> None:
        """`%zerokara` and what follows."""
        self.magics_manager.magics["line"]["zerokara"](line)

    def run(self, source: str) -> None:
        """A cell."""
        info = SimpleNamespace(raw_cell=source, store_history=True, cell_id=None)
        number = self.execution_count
        self.execution_count += 1  # before it is told of, as IPython 9 does
        self._heard["pre_run_cell"](info)
        if source.startswith("%zerokara "):
            self.magic(source.removeprefix("%zerokara "))
        else:
            exec(compile(source, f"In[{number}]", "exec"), self.user_ns)
        self._heard["post_run_cell"](SimpleNamespace(info=info, execution_count=number))


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A notebook's shell that is listened to; `shell.shown` has the widgets that it showed."""
    made: Any = Shell(kernel=True)
    made.shown = []

    class Widget:
        def __init__(self) -> None:
            self.sent: list[Any] = []

        def send(self, content: Any, buffers: Any) -> None:
            self.sent.append(content)

        def on_msg(self, hear: Callable[[Any, Any, Any], None]) -> None:
            self.hear = lambda **content: hear(self, {"arrays": {}, **content}, [])

    monkeypatch.setattr(notebook, "_shell", lambda: made)
    monkeypatch.setattr(notebook, "widget_class", lambda: Widget)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=made.shown.append))
    made.listener = Listener(made)
    made.listener.start()
    yield made
    made.listener.stop()


def test_an_unknown_word_is_said(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.magic("lab of")
    assert capsys.readouterr().err == (
        "%zerokara is followed by one of: lab, lab off. Got 'lab of'. Did you mean lab off?\n"
    )
    assert shell.shown == []


def test_without_anywidget_a_sentence_is_said(
    shell: Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(notebook, "_shell", lambda: shell)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    shell.magic("lab")
    assert capsys.readouterr().err.startswith("The lab in a notebook needs anywidget, which is not installed.")


def test_it_is_taken_away_when_nobody_listens(shell: Shell) -> None:
    assert "zerokara" in shell.magics_manager.magics["line"]
    shell.listener.stop()
    assert "zerokara" not in shell.magics_manager.magics["line"]


def test_cells_are_shown_as_they_run_and_looked_at_when_they_have(shell: Shell, watch: Callable[[Any], Any]) -> None:
    shell.run("x = 1")
    shell.run("%zerokara lab")
    view = watch(shell.listener.magic.lab.lab)
    told = view.until(lambda facts: facts["state"] == "finished")
    assert (told["steerable"], told["tabs"], told["status"]) == (False, ["train"], "No training has been seen yet.")
    assert told["unread"] == ""

    shell.user_ns["before"] = lambda: shown.append(shell.listener.magic.lab.lab.texts[-1].cell)
    shown: list[int | None] = []
    shell.run("import numpy as np\nW1 = np.ones((784, 3))\nlosses = [3.0, 2.0]\nbefore()")
    assert shown == [3]
    told = view.until(lambda facts: facts["state"] == "finished" and facts["iteration"] == 2)
    lines = [(line["cell"], line["number"], line["text"]) for line in told["script"]["lines"]]
    assert lines[0] == (1, 1, "x = 1")
    assert lines[-1] == (3, 4, "before()")
    assert view.losses[:, 1].tolist() == [3.0, 2.0]
    assert shell.user_ns.keys() - {"__builtins__"} == {"x", "np", "W1", "losses", "before"}


def test_the_magic_again_takes_the_place_of_the_earlier_lab(shell: Shell) -> None:
    shell.run("%zerokara lab")
    earlier = shell.shown[0]
    earlier.hear(type="hello", view="a")
    assert earlier.sent[0]["type"] == "hello"
    shell.run("%zerokara lab")
    assert earlier.sent[-1]["type"] == "closed"
    assert len(shell.shown) == 2
    shell.run("%zerokara lab off")
    assert shell.listener.magic.lab is None
    shell.run("%zerokara lab off")


def test_elsewhere_a_page_shows_it(
    shell: Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del shell.kernel
    shell.run("%zerokara lab")
    assert shell.shown == []
    assert capsys.readouterr().err.startswith("The lab is open at http://127.0.0.1:")
    shell.run("%zerokara lab off")


def test_a_kernel_that_hears_nothing_while_a_cell_runs_tells_all_the_same(lab: Lab) -> None:
    """Until ipykernel 7, what a page has seen waits for the end of the cell."""
    patient, waiting, more = [], [], threading.Event()

    def tell(message: Message) -> None:
        patient.append(message)
        if len(patient) == 3:
            more.set()

    lab.connect(waiting.append)
    lab.connect(tell, seconds_between_frames=0.01, patience=0.01)
    for until in (20, 40, 60):
        lab.go(until=until)
        more.wait(0.1)
    assert more.wait(20)
    assert [message.type for message in waiting] == ["hello"]


TRAINING = (
    NETWORK.replace("dz.sum()", "dz.sum(axis=0)"),
    "np.random.seed(3)\nnetwork = Net(12)\n"
    + LOOP.replace("UPDATES", "3000")
    + "    if i % 500 == 0:\n        print(train_loss_list[-1])\n",
    "print(np.random.random(), train_loss_list[-1], np.geterr(), sorted(n for n in globals() if n[0] != '_'))",
    "1 / 0",
)


@pytest.mark.slow
def test_what_cells_compute_print_and_leave_behind_is_as_without(tmp_path: Path) -> None:
    pytest.importorskip("anywidget", reason="the extra lab is not installed")
    from ..runner.kernel import kernel

    with kernel(tmp_path) as cell:
        cell("import zerokara.book")
        without = [cell(source).all for source in TRAINING]
        cell("%zerokara lab")
        assert [cell(source).all for source in TRAINING] == without
        looks = "get_ipython().events.callbacks['post_run_cell'][0].__self__.magic.lab.lab.furthest"
        assert cell(looks).all == [("result", "3000")]
    assert [kind for kind, _ in without[1]] == ["stdout"]


CELLS = [
    f"import zerokara.book, os\n{NETWORK}",
    "%zerokara lab",
    "network = Net(12)\n"
    + LOOP.replace(
        "range(UPDATES):\n", "range(10**9):\n    if i % 50 == 0 and os.path.exists('stop'):\n        break\n"
    ),
    "%zerokara lab off",
]
CANVASES = (".loss canvas", ".weights canvas")


@pytest.mark.slow
@pytest.mark.browser
def test_a_cell_that_trains_is_seen_below_the_magic_of_a_real_jupyterlab(tmp_path: Path) -> None:
    pytest.importorskip("jupyterlab", reason="the extra test is not installed")
    pytest.importorskip("anywidget", reason="the extra lab is not installed")
    from playwright.sync_api import sync_playwright

    written(tmp_path, CELLS)
    with jupyter_lab(tmp_path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        opened = Notebook(page, tmp_path)
        page.goto(address)
        execute(page, 0)
        execute(page, 1)
        opened.until("state.frame")
        execute(page, 2)

        # curves and pictures move while the cell runs, and it is asked meanwhile
        first = opened.until("state.W1 && state.W1.iteration > 20")["W1"]["iteration"]
        before = [page.locator(f".zerokara-lab {name}").first.screenshot() for name in CANVASES]
        opened.until(f"state.W1.iteration > {first + 200}")
        after = [page.locator(f".zerokara-lab {name}").first.screenshot() for name in CANVASES]
        assert all(one != other for one, other in zip(before, after, strict=True))
        ask = "document.querySelector('.zerokara-lab').zerokara.ask('sample', { which: 7 })"
        assert page.evaluate(f"{ask}.then(answer => answer.number)") == 7

        # what is found when it has ended stands beside its line, in its cell
        (tmp_path / "stop").touch()
        line = page.locator(".zerokara-lab .line[data-found]")
        line.filter(has_text='"b1": dz.sum()').wait_for()
        assert page.locator(".places code").inner_text() == f"In[1]:{ABOUT + 1}"

        execute(page, 3)
        page.locator(".zerokara-lab .status[data-state=lost]").filter(has_text="This lab is closed.").wait_for()
        browser.close()
    assert opened.complaints == []
