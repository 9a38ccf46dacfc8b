"""The lab below the cells of a real JupyterLab, headless in Chromium, and in a kernel that ends while it trains."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zerokara.runs.opening import open_run

from .jupyter import execute, jupyter_lab, written

pytest.importorskip("jupyterlab", reason="the extra test is not installed")
pytest.importorskip("anywidget", reason="the extra lab is not installed")

pytestmark = pytest.mark.slow

CELLS = [
    "import zerokara\nlab = zerokara.open_lab('digits', iterations=100_000)\nlab",
    "lab",
    "import time\nwhile lab.lab.training.state != 'paused':\n    time.sleep(0.01)\nprint('heard')",
    "print(lab, lab.run, len(lab.lab.views))",
]
STATE = "() => [...document.querySelectorAll('.zerokara-lab')].map(view => view.zerokara.state)"


class Notebook:
    """A notebook in a browser, with what the browser complained about."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        if message.type == "error" or "anywidget" in message.text:
            self.complaints.append(message.text)

    @property
    def states(self) -> list[dict[str, Any]]:
        """What each view that is on the page shows."""
        return self.page.evaluate(STATE)

    def until(self, condition: str, number: int = 0) -> dict[str, Any]:
        """The state that a view shows as soon as the condition on `state` holds."""
        holds = f"() => {{ const state = ({STATE})()[{number}]; return state && ({condition}); }}"
        self.page.wait_for_function(holds)
        return self.states[number]

    def press(self, name: str, number: int = 0) -> None:
        """Click a button of a view."""
        view = self.page.locator(".zerokara-lab").nth(number)
        view.get_by_role("button", name=name, exact=True).click()

    def output(self, cell: int) -> str:
        """Run a cell; the text below it when it has ended."""
        execute(self.page, cell)
        below = self.page.locator(".jp-CodeCell").nth(cell)
        below.locator(".jp-OutputArea-output").first.wait_for()
        return below.locator(".jp-OutputArea-output").first.inner_text()


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("notebook")
    written(folder, CELLS)
    with jupyter_lab(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        opened = Notebook(page, folder)
        page.goto(address)
        yield opened
        browser.close()


@pytest.mark.browser
def test_a_notebook_from_its_first_cell_to_a_restarted_kernel(notebook: Notebook) -> None:
    """One test, for a JupyterLab takes ten seconds until it runs a cell."""
    page = notebook.page

    # the cell returns at once, and the lab is there
    execute(page, 0)
    notebook.until("state.state === 'untrained' && state.steering")

    # it trains, and the curves move
    curve = page.locator(".zerokara-lab canvas").first
    before = curve.screenshot()
    notebook.press("Start")
    notebook.until("state.iteration > 100")
    assert curve.screenshot() != before

    # a second view shows the same, and watches
    execute(page, 1)
    second = notebook.until("state.iteration > 200", 1)
    assert (second["steering"], second["viewers"], second["run"]) == (False, 2, "digits-001")

    # while a cell runs, curves move and Pause is heard, where kernel and page have subshells, as these do
    execute(page, 2)
    begun = notebook.states[0]["iteration"]
    notebook.until(f"state.iteration > {begun + 200}")
    notebook.press("Pause")
    paused = notebook.until("state.state === 'paused'")["iteration"]
    assert notebook.until(f"state.iteration === {paused}", 1)["status"] == notebook.states[0]["status"]
    page.get_by_text("heard", exact=True).wait_for()

    # arrow keys are the lab's where it has the focus: in command mode they would move among cells
    slider = page.locator(".pace input").first
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert float(slider.input_value()) == 0.05

    # Python has the run so far
    told = notebook.output(3)
    assert f"below a cell: paused after {paused:,} of 100,000 updates>" in told
    assert f"digits-001: unfinished after {paused:,} updates" in told
    assert told.endswith(" 2\n")

    # a page that is opened again has one view more, in place of the two that said goodbye
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached")
    page.reload()
    notebook.until(f"state.iteration === {paused} && state.viewers === 2", 1)
    assert sorted(state["steering"] for state in notebook.states) == [False, True]

    # the cell run again: another lab, and the old one is closed
    execute(page, 0)
    notebook.until("state.state === 'untrained'", 0)
    assert "This lab is closed." in page.locator(".zerokara-lab").nth(1).inner_text()
    first = open_run(notebook.folder / "runs" / "digits-001")
    assert (first.state, first.iterations) == ("stopped", paused)

    # the kernel restarted while it trains: the views say so, and the run can be gone on with
    notebook.press("Start")
    notebook.until("state.iteration > 100")
    page.get_by_role("menuitem", name="Kernel").click()
    page.get_by_text("Restart Kernel…", exact=True).first.click()
    page.locator("dialog .jp-mod-accept").first.click()
    notebook.until("state.state === 'lost'")
    assert "This lab is closed." in page.locator(".zerokara-lab").first.inner_text()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    second_run = open_run(notebook.folder / "runs" / "digits-002")
    assert second_run.state == "stopped"
    assert second_run.iterations > 100

    assert notebook.complaints == []


def test_a_kernel_that_is_shut_down_while_it_trains_says_nothing_and_loses_nothing(tmp_path: Path) -> None:
    from jupyter_client.manager import KernelManager

    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    env = {**os.environ, **dict.fromkeys(names, str(tmp_path)), "ZEROKARA_LANG": "en"}
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable
    with open(tmp_path / "said", "wb") as said:
        manager.start_kernel(env=env, cwd=str(tmp_path), stdout=said, stderr=said)
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        begin = f"{CELLS[0]}.lab.go(); import time; time.sleep(0.5)"
        assert client.execute_interactive(begin, timeout=60)["content"]["status"] == "ok"
        client.shutdown()
        status = manager.provisioner.process.wait(30)
        client.stop_channels()
        manager.cleanup_resources()
    assert status == 0
    assert "Traceback" not in (tmp_path / "said").read_text()
    run = open_run(tmp_path / "runs" / "digits-001")
    assert run.state == "stopped"
    assert run.iterations > 0
