"""The tab Step in Chromium, over a real lab: every stage, what is linked, one's own drawing, a network held still."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.testing import assert_allclose

from zerokara.lab.one_update_numbers import OneUpdate
from zerokara.lab.one_update_stages import stage_names
from zerokara.training.recipe import Recipe

from .pages import Served

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SMALL = Recipe(dataset="digits", hidden=(12,), optimizer="momentum", iterations=50_000, seed=3)
TAB = "document.querySelector('.zerokara-lab .step-frame')"


class Trained(Served):
    """A lab that has trained a little, and pages that show the tab."""

    def open(self, *, width: int = 1280, touch: bool = False):
        page = super().open(width=width, height=700, theme="dark", touch=touch)
        page.get_by_role("tab", name="One update").click()
        at(page, "x")
        return page

    def update(self, number: int = 0) -> OneUpdate:
        """That of the network as it is now."""
        subject, test = self.lab.subject(), self.lab.dataset.test
        return OneUpdate.of(subject.network, test.x[number], int(test.t[number]), subject.optimizer)


@pytest.fixture(scope="module")
def trained(browser, tmp_path_factory) -> Iterator[Trained]:
    made = Trained(browser, tmp_path_factory.mktemp("runs"), SMALL)
    made.lab.go(until=100)
    while made.lab.training.state != "paused":
        made.lab.training.thread.join(0.02)
    yield made
    made.close()
    assert made.complaints == []


@pytest.fixture
def served(trained) -> Iterator[Trained]:
    yield trained
    for context in trained.browser.contexts:
        context.close()


def at(page, stage: str) -> None:
    """Wait until that stage is shown."""
    page.locator(f".step-frame[data-stage={stage}]").wait_for()


def go(page, stage: str) -> None:
    """By the overview."""
    page.locator(f".step-cell[data-stage={stage}]").last.click()
    at(page, stage)


def lines(page) -> str:
    return page.locator(".step-lines").inner_text().replace("\n", "")


def numbers(page) -> list[list[float]]:
    """Of the table's rows."""
    rows = page.locator(".step-stage table").first.locator("tbody tr").all()
    return [[float(text) for text in row.locator("td").all_inner_texts()] for row in rows]


def test_stage_by_stage_the_numbers_are_the_engines(served: Served) -> None:
    page, update = served.open(), served.update()
    for stage in stage_names(2)[1:]:
        page.get_by_role("button", name="Next →").click()
        at(page, stage)
        assert page.locator(".step-says").inner_text()
    assert page.get_by_role("button", name="Next →").is_disabled()
    assert f"{update.new.loss:.4f}" in lines(page)
    assert_allclose([row[1] for row in numbers(page)], update.y, atol=1e-6)
    go(page, "d2")
    assert_allclose([row[2] for row in numbers(page)], update.y - update.back.t, atol=1e-6)
    assert_allclose([row[3] for row in numbers(page)], update.y - update.back.t, atol=3e-6)
    go(page, "nW1")
    p, j = map(int, re.search(r"W1\[(\d+), (\d+)\]", page.locator(".step-stage tbody").inner_text()).groups())
    before, slope, v, later_v, change, after = numbers(page)[0]
    weights, new = served.lab.subject().network.params["W1"], update.new.network.params["W1"]
    slot = update.new.optimizer.state["v"]["W1"]
    assert_allclose([before, after, change], [weights[p, j], new[p, j], new[p, j] - weights[p, j]], rtol=2e-3)
    assert_allclose([slope, later_v], [update.back.gradient["W1"][p, j], slot[p, j]], rtol=1e-3)
    assert_allclose(v, served.lab.subject().optimizer.state["v"]["W1"][p, j], rtol=1e-3)


def test_stages_are_gone_through_by_arrow_keys_and_by_formulas(served: Served) -> None:
    page = served.open()
    page.locator(".step-stage").click(position={"x": 5, "y": 5})
    for stage in ("a1", "z1", "a2"):
        page.keyboard.press("ArrowRight")
        at(page, stage)
    page.keyboard.press("ArrowLeft")
    at(page, "z1")
    page.locator(".step-formulas button.term").last.click()  # a1
    at(page, "a1")
    page.locator(".step-cell[aria-current]").focus()
    page.keyboard.press("ArrowRight")
    at(page, "z1")
    assert page.evaluate("document.activeElement.dataset.stage") == "z1"
    page.get_by_role("spinbutton", name="Sample number").focus()
    page.keyboard.press("ArrowRight")
    page.locator(".step-panel canvas").last.focus()
    page.keyboard.press("ArrowRight")  # another unit, not another stage
    page.locator(".step-panel output", has_text="z1[").last.wait_for()
    assert page.evaluate(f"{TAB}.dataset.stage") == "z1"


def linked(page) -> dict[str, int]:
    return page.evaluate(
        f"""() => Object.fromEntries([".step-formulas .term", ".step-lines .term", ".step-panel", ".step-cell"].map(
            kind => [kind, [...{TAB}.querySelectorAll(kind + ".linked")].length]))"""
    )


def test_formula_numbers_and_place_are_marked_together(served: Served) -> None:
    page = served.open()
    go(page, "a2")
    term = page.locator(".step-formulas button.term", has_text="z")
    for mark in (term.hover, term.focus):
        page.mouse.move(2, 2)
        mark()
        assert linked(page) == {".step-formulas .term": 1, ".step-lines .term": 1, ".step-panel": 1, ".step-cell": 1}
    page.mouse.move(2, 2)
    page.locator(".step-cell[data-stage=a2]").last.hover()  # a2, not W2
    assert linked(page)[".step-panel"] == 2  # the products, which are its sum, and a2
    page.locator(".step-panel canvas").nth(1).hover()
    assert page.locator(".step-cell.linked").get_attribute("data-terms") == "W2 b2"


def test_what_is_pointed_at_is_said_and_a_click_chooses_it(served: Served) -> None:
    page, update = served.open(), served.update()
    go(page, "a1")
    cells = page.locator(".step-panel canvas").last
    box = cells.bounding_box()
    cells.hover(position={"x": box["width"] * 0.35, "y": box["height"] * 0.25})  # 12 units are two rows of ten
    reading = page.locator(".step-panel output").last
    assert_allclose(float(reading.inner_text().split("=")[1]), update.sum(1)[3], rtol=1e-3)
    cells.click(position={"x": box["width"] * 0.35, "y": box["height"] * 0.25})
    page.locator(".step-lines", has_text="[3]").wait_for()
    assert_allclose(float(lines(page).split("=")[-1]), update.sum(1)[3], rtol=1e-3)
    cells.press("ArrowDown")  # below is nothing
    cells.press("ArrowLeft")
    page.locator(".step-lines", has_text="[2]").wait_for()
    go(page, "dW1")
    assert page.locator(".step-lines", has_text=", 2]").count() == 1  # it stays chosen
    page.locator(".step-stage .twin summary").click()
    page.locator(".step-stage .twin table").last.wait_for()
    assert page.locator(".step-stage .twin table").count() == 3


def test_a_sample_that_is_not_there_is_refused_and_all_goes_on(served: Served) -> None:
    page = served.open()
    field = page.get_by_role("spinbutton", name="Sample number")
    field.fill("99999")
    field.press("Enter")
    page.locator(".step .problem", has_text="number must be a whole number from 0 to").wait_for()
    page.get_by_role("button", name="Next →").click()
    at(page, "a1")
    assert page.locator(".step .problem").is_hidden()
    page.get_by_role("button", name="Next misread").click()
    page.wait_for_function(f"() => {TAB}.querySelector('.draw-number').value !== '0'")
    update = served.update(int(field.input_value()))
    assert update.y.argmax() != update.back.t.argmax()


def test_the_overview_stays_in_sight(served: Served) -> None:
    page = served.open(width=390, touch=True)
    go(page, "nW1")
    page.locator(".step-stage .twin summary").scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 200
    assert page.locator(".step-overview").bounding_box()["y"] >= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.evaluate("""[...document.querySelectorAll('.step-stage header button, .step-picture button')]
        .filter(one => one.offsetParent).map(one => one.offsetHeight)""")
    assert min(sizes) >= 40
    page.locator(".step-cell[data-stage=y]").tap()
    at(page, "y")


def test_ones_own_drawing_is_learned_by_the_label_one_gives_it(served: Served) -> None:
    page = served.open()
    page.get_by_role("button", name="A drawing").click()
    box = page.locator(".step-drawing canvas").bounding_box()
    x, y, w = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.5 * w, y + 0.2 * w)
    page.mouse.down()
    page.mouse.move(x + 0.5 * w, y + 0.8 * w, steps=4)
    page.mouse.up()
    page.locator(".step-notes", has_text="Say which class").wait_for()
    assert page.locator(".step-cell[data-stage=L]").count() == 0
    page.locator(".step-drawing select").select_option("1")
    go(page, "nL")
    pixels, network = np.array(page.evaluate(PIXELS)).reshape(1, -1), served.lab.subject().network
    assert_allclose(float(re.search(r"L = ([\d.]+)", lines(page))[1]), network.loss(pixels, [1]), rtol=0.02)

    page.locator(".state-file summary").click()
    page.get_by_role("button", name="Copy").click()
    field = page.locator(".state-file textarea")
    page.wait_for_function("() => document.querySelector('.state-file textarea').value.includes('drawing')")
    state, told = field.input_value(), lines(page)
    page.get_by_role("button", name="A test sample").click()
    go(page, "a1")
    field.fill(state)
    page.get_by_role("button", name="Open").last.click()
    at(page, "nL")
    assert page.locator(".step-drawing select").input_value() == "1"
    assert_allclose(
        float(re.search(r"L = ([\d.]+)", lines(page))[1]), float(re.search(r"L = ([\d.]+)", told)[1]), rtol=1e-3
    )


PIXELS = """[...document.querySelector('.step-cell canvas').getContext('2d').getImageData(0, 0, 8, 8).data]
    .filter((_, k) => k % 4 === 0).map(level => level / 255)"""


def test_a_training_that_runs_does_not_pull_the_numbers_away(served: Served) -> None:
    page = served.open()
    go(page, "L")
    told, held = lines(page), page.locator(".step-about").inner_text()
    newest = page.get_by_role("button", name="Take the newest")
    assert newest.is_disabled()
    until = served.lab.training.conductor.iteration + 200
    served.lab.go(until=until)
    page.locator(".status", has_text=f"Paused after update {until}").wait_for()
    go(page, "a1")
    go(page, "L")
    assert (lines(page), page.locator(".step-about").inner_text()) == (told, held)
    newest.click()
    page.locator(".step-about", has_text=f"after update {until}").wait_for()
    assert f"{served.update().back.loss:.4g}"[:5] in lines(page)
    assert lines(page) != told
