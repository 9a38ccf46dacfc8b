"""The page of a learner's own script in Chromium: it moves, findings stand beside their lines, nothing steers."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from zerokara.findings import Finding, Findings
from zerokara.lab.own import OwnLab
from zerokara.lab.server import LabServer
from zerokara.runner.checkup import Text

from .own_training import ABOUT, SCRIPT, OwnTraining
from .test_page import fits

pytestmark = [pytest.mark.slow, pytest.mark.browser]

FOUND = Finding(
    cause="bias-sum",
    text="The gradient of b1 is one sum over all units.",
    remedy="Right is db1 = da1.sum(axis=0).",
    file=Path("train.py"),
    line=ABOUT,
)


class Watched:
    """A learner's script, what shows it, and a page of that."""

    def __init__(self, browser) -> None:
        self.lab = OwnLab(Path("train.py"), [Text(Path("train.py"), SCRIPT)])
        self.training = OwnTraining(self.lab.look)
        self.server = LabServer(self.lab)
        threading.Thread(target=self.server.serve, daemon=True).start()
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(self.server.address)

    def at(self, update: int) -> None:
        """Wait until the page has painted that update."""
        self.page.wait_for_function(
            "n => document.querySelector('.zerokara-lab')?.zerokara.state.W1?.iteration === n", arg=update
        )

    def close(self) -> None:
        self.context.close()
        self.lab.close()
        self.server.stop()


@pytest.fixture
def watched(browser) -> Iterator[Watched]:
    made = Watched(browser)
    yield made
    made.close()
    assert made.complaints == []


def test_a_script_from_its_first_update_to_after_its_end(watched: Watched) -> None:
    page, training = watched.page, watched.training
    training.train(30)
    watched.at(30)

    # curves and pictures move
    parts = [page.locator(name) for name in (".loss .u-over", ".weights canvas")]
    before = [part.screenshot() for part in parts]
    training.train(400)
    watched.at(430)
    page.evaluate("() => new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)))")
    assert all(part.screenshot() != earlier for part, earlier in zip(parts, before, strict=True))

    # nothing steers
    assert page.locator(".controls, .recipe, .earlier, .timeline, .setting").count() == 0
    page.keyboard.press(" ")
    page.keyboard.press(".")
    assert page.locator(".zerokara-lab > header .problem").is_hidden()

    # Draw answers with the learner's network
    page.locator("[data-tab=draw]").click()
    answer = page.evaluate(
        """async () => {
            const lab = document.querySelector('.zerokara-lab').zerokara;
            const sample = await lab.ask("sample", { which: 7 });
            const reply = await lab.ask("draw", {}, { pixels: sample.array("pixels") });
            const shares = reply.array("probabilities");
            return reply.classes.map(({ number }, k) => [number, shares[k]]);
        }"""
    )
    expected = training.names["network"].predict(training.names["x_test"][7:8])[0]
    np.testing.assert_allclose([share for _, share in sorted(answer)], expected, rtol=1e-5)

    # the end: a finding beside its line, which a key leads to, and all stays
    page.locator("[data-tab=train]").click()
    training.finish()
    watched.lab.end(Findings([FOUND]), 0, None)
    page.locator(".places button").filter(has_text=f"train.py:{ABOUT}").press("Enter")
    note = page.locator(".source .found")
    assert note.evaluate("e => e === document.activeElement")
    assert [part for part in note.inner_text().splitlines() if part] == [FOUND.heading, FOUND.text, FOUND.remedy]
    line = page.locator(".line[data-found]")
    assert line.inner_text().split() == [str(ABOUT), *SCRIPT.splitlines()[ABOUT - 1].split()]
    assert line.evaluate("e => e.nextElementSibling.matches('.found')")
    box, inside = page.locator(".source").bounding_box(), line.bounding_box()
    assert box["y"] <= inside["y"] <= box["y"] + box["height"]
    for width in (390, 1024, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
    page.locator("[data-tab=draw]").click()
    assert page.locator("[role=tabpanel]:visible").count() == 1
