"""Pages of a lab in Chromium, for tests: opened, waited for, and listened to."""

import threading
from collections.abc import Callable
from pathlib import Path

from zerokara.lab.core import Lab
from zerokara.lab.server import LabServer
from zerokara.runs.opening import open_run
from zerokara.training.recipe import Recipe

SMALL = Recipe(dataset="digits", hidden=12, iterations=8000, evaluate_every=2000, seed=3)


class Served:
    """A lab on its server, and pages of it; what they complain about, or ask of others, is remembered."""

    def __init__(self, browser, out: Path, recipe: Recipe = SMALL, lab: Lab | None = None):
        self.browser, self.complaints = browser, []
        self.lab = lab or Lab(recipe, out=out, plots=False)
        self.server = LabServer(self.lab)
        threading.Thread(target=self.server.serve, daemon=True).start()

    def open(self, *, width: int = 1280, theme: str = "light", touch: bool = False, height: int = 900, hash: str = ""):
        """A page of its own, when it has been drawn."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, has_touch=touch, is_mobile=touch
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._check(request.url))
        page.goto(self.server.address + hash)
        page.locator(".controls .main").wait_for()
        return page

    def _check(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:,")):
            self.complaints.append(url)

    def close(self) -> None:
        for context in self.browser.contexts:
            context.close()
        self.lab.close()
        self.server.stop()


def in_state(page, state: str) -> None:
    """Wait until the page says that the training is in that state."""
    page.locator(f".status[data-state={state}]").wait_for()


def facts(page) -> dict:
    """What the frames said."""
    return page.evaluate(
        """() => {
            const { state, iteration, per_epoch, run, parent, pace, settings, changes, evaluation } =
                document.querySelector('.zerokara-lab').zerokara.state;
            return { state, iteration, per_epoch, run, parent, pace, settings, changes, evaluation };
        }"""
    )


def wait(page, holds: Callable[[dict], bool]) -> dict:
    """What the frames said, as soon as it is so."""
    for _ in range(1000):
        if holds(told := facts(page)):
            return told
        page.wait_for_timeout(20)
    raise AssertionError(told)


def finished_run(served: Served, page):
    """Train to the end as fast as can be; the run on disk."""
    page.get_by_role("button", name="Full speed").click()
    page.get_by_role("button", name="Start", exact=True).click()
    in_state(page, "finished")
    wait(page, lambda told: told.get("evaluation") and told["evaluation"]["iteration"] == 8000)
    return open_run(served.lab.out / facts(page)["run"])
