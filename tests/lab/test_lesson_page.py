"""Lessons in Chromium, over a real lab: by keyboard, by hand, from the address, left and come back to; and states."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zerokara.lab.core import Lab

from .pages import SMALL, Served, facts, in_state, wait

pytestmark = [pytest.mark.slow, pytest.mark.browser]

STEPS = """
[[step]]
name = "weight"
begin = "trained"
predict = ["rises", "falls", "same"]
do = "abs(probe.at - start.probe.at) > 0.2"
came = [
    { choice = "rises", when = "probe.loss > start.probe.loss" },
    { choice = "falls", when = "probe.loss < start.probe.loss" },
    { choice = "same" },
]

[[step]]
name = "further"
show = "further"
predict = { number = "loss", near = 10, format = ".4f" }

[[step]]
name = "told"
"""
TEXT = """# What a weight does

A short lesson.

## weight
The curve shows the loss.

Only the dot moves.

### Prediction
You drag the dot. What happens to the loss?
- rises: It rises.
- falls: It falls.
- same: It stays as it is.

### Action
Drag the dot.

### What came
The loss was {start.probe.loss:.6f} and is {probe.loss:.6f} now.

## further
Training goes on.

### Prediction
What is the loss then?

### What came
It is {loss:.4f}, after {weight.probe.loss:.6f} at the dot.

## told
That is <b>all</b>.
"""
STATE = """
[network]
hidden = [12]

[data]
dataset = "digits"

[training]
iterations = 8000
seed = 3

[state]
tab = "{tab}"
update = {update}

[probe]
parameter = "W2"
index = [3, 4]
"""


@pytest.fixture
def served(browser: Any, tmp_path: Path) -> Any:
    """A lab with one short lesson of a teacher's; nothing on any of its pages may go wrong."""
    folder = tmp_path / "lessons" / "one-weight"
    folder.mkdir(parents=True)
    (folder / "lesson.toml").write_text(STEPS, encoding="utf-8")
    (folder / "en.md").write_text(TEXT, encoding="utf-8")
    (folder / "trained.toml").write_text(STATE.format(tab="probe", update=120), encoding="utf-8")
    (folder / "further.toml").write_text(STATE.format(tab="train", update=150), encoding="utf-8")
    lab = Lab(SMALL, out=tmp_path / "runs", plots=False, lessons=tmp_path / "lessons")
    made = Served(browser, tmp_path / "runs", lab=lab)
    yield made
    made.close()
    assert made.complaints == []


def focused(page: Any) -> str:
    """What the keyboard is at, as text."""
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.type"))


def titled(page: Any, title: str) -> None:
    """Wait until the lesson says that."""
    page.locator(".lesson h3", has_text=title).wait_for()


def dragged(page: Any, times: int) -> None:
    """Move the weight by the keyboard."""
    page.locator(".probe-along input[type=range]").focus()
    for _ in range(times):
        page.keyboard.press("ArrowRight")


def losses(served: Served, at: float) -> tuple[float, float]:
    """By the definition: with the weight as it is, and there."""
    train, network = served.lab.dataset.train, served.lab.subject().network.copy(np.float64)
    rows = SMALL.resolved().make_batches(len(train)).rows(0, 1)[0]
    x, t = train.x[rows].astype(np.float64), train.t[rows]
    before = network.loss(x, t)
    network.params["W2"][3, 4] = at
    return float(before), float(network.loss(x, t))


def test_a_lesson_is_done_by_keyboard_and_its_numbers_are_those_of_the_network(served: Served) -> None:
    page = served.open()
    page.get_by_role("button", name="Lessons").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="What a weight does").focus()
    page.keyboard.press("Enter")
    page.locator(".lesson-choices").wait_for()
    told = facts(page)
    assert (told["state"], told["iteration"]) == ("paused", 120)
    assert page.get_by_role("tab", name="Probe").get_attribute("aria-selected") == "true"
    assert focused(page).splitlines()[0] == "The curve shows the loss."
    assert page.locator(".lesson-text p").count() == 2
    assert page.locator(".lesson .number").inner_text() == "Step 1 of 3"
    assert page.get_by_role("button", name="Let me do it").is_disabled()

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    titled(page, "Now it is your turn")
    assert focused(page) == "Now it is your turn"
    assert page.locator(".lesson-record td").all_inner_texts() == ["It falls.", "…"]
    dragged(page, 60)
    titled(page, "What came")
    assert focused(page) == "range"  # who drags is not interrupted
    at = page.evaluate("document.querySelector('.probe-along output').textContent")
    before, now = losses(served, float(at))
    words = page.locator(".lesson-now p").inner_text().split()
    assert abs(float(words[3]) - before) < 1e-5
    assert abs(float(words[6]) - now) < 1e-5
    came = "It rises." if now > before else "It falls."
    assert page.locator(".lesson-record td").all_inner_texts() == ["It falls.", came]
    page.locator("[aria-live]", has_text=page.locator(".lesson-now p").inner_text()).wait_for(state="attached")

    page.get_by_role("button", name="Next").press("Enter")
    page.locator(".lesson [type=number]").press("Enter")
    assert page.get_by_role("button", name="Show me").is_disabled()
    page.locator(".lesson [type=number]").type("0.5")
    page.keyboard.press("Enter")
    titled(page, "What came")
    assert focused(page) == "What came"
    loss = served.lab.training.curve.piece().smoothed[-1]
    assert page.locator(".lesson-now p").inner_text() == f"It is {loss:.4f}, after {words[6]} at the dot."
    assert page.locator(".lesson-record td").all_inner_texts() == ["It falls.", came, "0.5000", f"{loss:.4f}"]
    assert facts(page)["iteration"] == 150
    page.get_by_role("button", name="Next").press("Enter")
    page.get_by_text("That is <b>all</b>.").wait_for()
    page.get_by_role("button", name="Next").press("Enter")
    titled(page, "That was the lesson.")
    assert page.locator(".lesson-record td").count() == 4
    page.get_by_role("button", name="From the beginning").press("Enter")
    page.locator(".lesson-choices").wait_for()
    assert page.locator(".lesson-record").count() == 0
    assert facts(page)["iteration"] == 120


def test_the_address_opens_a_lesson_which_can_be_left_and_come_back_to(served: Served) -> None:
    page = served.open(hash="#lesson=one-weight", width=390, touch=True)
    page.locator(".lesson-choices").wait_for()
    page.locator(".lesson-choices label").first.tap()
    page.get_by_role("button", name="Let me do it").tap()
    titled(page, "Now it is your turn")
    dragged(page, 60)
    titled(page, "What came")
    page.locator(".lesson").get_by_role("button", name="Next").tap()
    page.locator(".lesson [type=number]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    page.get_by_role("button", name="Fold").tap()
    assert page.locator(".lesson-body").is_hidden()
    page.get_by_role("button", name="Unfold").tap()
    page.locator(".lesson").get_by_role("button", name="Leave").tap()
    assert page.locator(".lesson").is_hidden()
    assert focused(page) == "Lessons"
    assert page.evaluate("location.hash") == ""
    page.get_by_role("button", name="Lessons").tap()
    page.get_by_text("Go on with step 2").tap()
    page.locator(".lesson [type=number]").wait_for()
    assert page.locator(".lesson-record td").count() == 2
    assert page.evaluate("location.hash") == "#lesson=one-weight"

    page.evaluate("location.hash = 'lesson=nothing'")
    page.locator(".lesson .problem", has_text="lesson must be one of one-weight").wait_for()
    page.evaluate("location.hash = 'lesson=one-weight'")
    page.locator(".lesson [type=number]").wait_for()


def test_a_lesson_asks_before_it_ends_a_training_and_only_who_steers_does_it(served: Served) -> None:
    page, other = served.open(), served.open()
    page.get_by_role("button", name="Start", exact=True).click()
    wait(page, lambda told: told["iteration"] > 0)
    other.evaluate("location.hash = 'lesson=one-weight'")
    other.locator(".lesson .problem", has_text="Another page steers").wait_for()
    other.locator(".lesson").get_by_role("button", name="Take over").click()
    other.locator(".lesson .watching").wait_for(state="hidden")
    other.get_by_role("button", name="Once more").click()
    agree = other.get_by_role("button", name="Go on with the lesson")
    agree.wait_for()
    assert "digits-001 is being trained" in other.locator(".lesson-now").inner_text()
    assert facts(page)["state"] == "running"
    agree.click()
    other.locator(".lesson-choices").wait_for()
    assert wait(page, lambda told: told["state"] == "paused")["iteration"] == 120


INK = """() => {
    const sheet = document.querySelector('.draw-paper .draw-ink canvas'), { width, height } = sheet;
    return [...sheet.getContext('2d').getImageData(0, 0, width, height).data].filter((_, k) => k % 4 === 0);
}"""


def drawn(page: Any) -> list[int]:
    """An 8 by mouse; the ink of each pixel."""
    page.get_by_role("tab", name="Draw").click()
    box = page.locator(".draw-paper .draw-ink canvas").bounding_box()
    turns = np.linspace(0, 2 * np.pi, 16)
    for middle in (0.33, 0.66):
        points = [(box["x"] + box["width"] * (0.5 + 0.14 * np.cos(turn)),
                   box["y"] + box["height"] * (middle + 0.16 * np.sin(turn))) for turn in turns]  # fmt: skip
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points:
            page.mouse.move(*point)
        page.mouse.up()
    ink: list[int] = page.evaluate(INK)
    return ink


def test_a_state_is_copied_and_opened_again_with_all_that_was_chosen(served: Served) -> None:
    page = served.open()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Log scale").click()
    ink = drawn(page)
    page.locator(".draw-cell").nth(3).click()
    page.keyboard.press("Delete")
    page.locator(".draw-cell.off").wait_for()
    page.get_by_role("tab", name="Probe").click()
    page.locator(".probe-over .plane .here").wait_for()
    page.locator(".probe-slopes select").select_option("float32")
    page.locator(".probe-along select").select_option("1")
    dragged(page, 9)
    page.get_by_text("State of the lab").click()
    field = page.locator(".state-file textarea")
    page.get_by_role("button", name="Copy the state").click()
    page.locator(".state-file [role=status]", has_text="Copied").wait_for()
    toml = field.input_value()
    assert page.evaluate("navigator.clipboard.readText()") == toml
    moved = next(float(line.removeprefix("at = ")) for line in toml.splitlines() if line.startswith("at = "))
    page.locator(".probe-along output", has_text=f"{moved:.6g}").wait_for()
    kept = next(line for line in toml.splitlines() if line.startswith("ink = ")).split('"')[1]
    picture = Image.open(io.BytesIO(base64.b64decode(kept)))
    assert picture.mode == "L"
    assert np.asarray(picture).ravel().tolist() == ink

    page.reload()
    page.get_by_text("State of the lab").click()
    assert page.get_by_role("button", name="Log scale").get_attribute("aria-pressed") == "false"
    field.fill(toml)
    page.get_by_role("button", name="Open the state").click()
    page.locator(".probe-along output", has_text=f"{moved:.6g}").wait_for()
    page.locator(".probe-along .moved:not(:empty)").wait_for()
    assert page.evaluate(INK) == ink
    page.get_by_role("button", name="Copy the state").click()
    page.locator(".state-file [role=status]", has_text="Copied").wait_for()
    assert field.input_value().split("\n[step]")[0] == toml.split("\n[step]")[0]

    field.fill(toml.replace("update = 0", "update = 9_000_000"))
    page.get_by_role("button", name="Open the state").click()
    page.locator(".state-file [role=status]", has_text="is never done").wait_for()
    field.fill('[state]\ntab = "train"\nupdate = 30\n[data]\ndataset = "digits"')
    page.get_by_role("button", name="Open the state").click()
    in_state(page, "paused")
    page.locator("[data-tab=train][aria-selected=true]").wait_for()
    page.get_by_role("tab", name="Draw").click()
    page.locator(".draw-paper .draw-hint").wait_for()  # what the state does not name is as at first
    assert not any(page.evaluate(INK))
    page.locator(".draw-paper").get_by_role("button", name="Undo").click()
    assert page.evaluate(INK) == ink


def test_an_edited_sample_and_a_drawing_are_measured_as_they_are_shown(served: Served) -> None:
    page = served.open()
    page.get_by_role("tab", name="Draw").click()
    page.get_by_role("button", name="A test sample").click()
    labels = served.lab.dataset.test.t
    number = next(number for number, label in enumerate(labels) if label != labels[0])
    page.locator(".draw-samples input").fill(str(number))
    page.locator(".draw-samples input").press("Enter")
    page.get_by_text(f"Label: {labels[number]}").wait_for()
    page.locator(".draw-pixels canvas").focus()
    for key in ("Space", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.locator(".draw[aria-busy]").wait_for(state="detached")
    told = page.evaluate(
        """async () => {
            const { zerokara } = document.querySelector('.zerokara-lab'), { toml } = await zerokara.ask('state',
                { tab: 'draw', fields: {} });
            return toml;
        }"""
    )
    assert "[draw]" not in told
    page.get_by_text("State of the lab").click()
    page.get_by_role("button", name="Copy the state").click()
    page.locator(".state-file [role=status]:not(:empty)").wait_for()
    toml = page.locator(".state-file textarea").input_value()
    assert f"sample = {number}\n" in toml
    assert "edits" in toml
    heading = page.locator(".draw-heading").inner_text()
    page.get_by_role("button", name="As it was").click()
    page.get_by_role("button", name="A drawing").click()
    page.get_by_role("button", name="Open the state").click()
    page.locator(".draw-pixels canvas").wait_for()
    page.locator(".draw[aria-busy]").wait_for(state="detached")
    assert page.locator(".draw-heading").inner_text() == heading
