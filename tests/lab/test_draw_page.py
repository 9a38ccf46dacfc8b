"""The tab Draw in Chromium: every control by mouse, finger and keyboard, and what is shown is what Python computes."""

from __future__ import annotations

import base64
import io
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("websockets")

from zerokara.data.description import DataDescription
from zerokara.data.loading import load
from zerokara.lab.core import Lab
from zerokara.lab.drawing import ANSWERS
from zerokara.lab.messages import Message
from zerokara.lab.server import LabServer
from zerokara.lab.subject import Subject
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe

pytestmark = [pytest.mark.slow, pytest.mark.browser]

RECIPE = Recipe(dataset="digits", hidden=(16, 8), learning_rate=0.5, epochs=5).resolved()
SEVEN = [(60, 60), (200, 62), (120, 240)]
SHEET, PIXELS = ".draw-paper .draw-ink canvas", ".draw-paper .draw-pixels canvas"


class Served:
    """A lab on a port, and the network that it is asked about."""

    def __init__(self) -> None:
        dataset = load("digits")
        trainer = build_trainer(RECIPE, dataset)
        described = DataDescription.of(dataset)
        self.untrained = Subject(RECIPE, dataset, described, trainer.network.copy(), 0, "reference")
        trainer.run()
        self.trained = replace(self.untrained, network=trainer.network, iteration=trainer.iteration)
        self.subject = self.trained
        self.lab = Lab(RECIPE)
        self.lab.subject = lambda: self.subject  # type: ignore[method-assign]
        self.server = LabServer(self.lab, 0)
        threading.Thread(target=self.server.serve, daemon=True).start()

    def answers(self, arrays=None, files=(), **fields) -> Message:
        """What Python answers to the same."""
        return ANSWERS["draw"](self.subject, Message("draw", fields, arrays or {}, files))


@pytest.fixture(scope="module")
def served():
    served = Served()
    yield served
    served.server.stop()


WIDE = {"viewport": {"width": 1280, "height": 1000}}
PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True}

REBUILD = """() => { const lab = document.querySelector(".zerokara-lab").zerokara, { view, hello } = lab;
    const texts = { ...hello.texts, times: (hello.texts.times ?? 0) + 1 };
    lab.connection.receive({ ...hello, texts, view, arrays: {} }, []); }"""
"""Another greeting: the page builds its tabs anew, faster than it is opened."""


@pytest.fixture(scope="module")
def opened(served, browser):
    """Pages, by what their screen is like; they must complain about nothing."""
    pages, complaints = {}, []

    def open_page(screen):
        if str(screen) not in pages:
            page = pages[str(screen)] = browser.new_context(**screen).new_page()
            page.set_default_timeout(5000)
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(error.stack))
            page.goto(served.server.address)
            page.click("[data-tab=draw]")
        return pages[str(screen)]

    open_page.complaints = complaints
    yield open_page
    for page in pages.values():
        page.context.close()


@pytest.fixture(params=[WIDE])
def page(served, opened, request):
    """The tab, as it is at first."""
    served.subject = served.trained
    page = opened(request.param)
    page.evaluate(REBUILD)
    settled(page)
    heading(page, "No ink was found in the picture.")
    yield page
    assert not opened.complaints


def heading(page, text: str) -> None:
    page.locator(".draw-heading", has_text=text).first.wait_for()


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def places(page, points, canvas=SHEET):
    box = page.locator(canvas).bounding_box()
    return [(box["x"] + x / 280 * box["width"], box["y"] + y / 280 * box["height"]) for x, y in points]


def stroke(page, points, canvas=SHEET) -> None:
    first, *others = places(page, points, canvas)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def ink(page) -> np.ndarray:
    """What is on the sheet."""
    address = page.evaluate(f"document.querySelector('{SHEET}').toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("L"))


def settled(page) -> None:
    """Wait until nothing is asked any more."""
    page.locator(".draw:not([aria-busy])").wait_for()


def shares(page) -> list[str]:
    settled(page)
    return page.locator(".draw-bar .share").all_inner_texts()


def expected_shares(answer: Message) -> list[str]:
    return [one["share"] for one in answer.fields["classes"]]


def test_a_stroke_is_answered_as_python_answers(page, served):
    page.evaluate(
        """() => { const lab = document.querySelector('.zerokara-lab').zerokara, ask = lab.ask.bind(lab);
        window.flying = window.most = window.asked = 0;
        lab.ask = async (...all) => { asked++; most = Math.max(most, ++flying);
            try { return await ask(...all) } finally { flying-- } }; }"""
    )
    stroke(page, SEVEN)
    answer = served.answers({"ink": ink(page)})
    assert shares(page) == expected_shares(answer)
    heading(page, answer.fields["heading"])
    labels = page.locator(".draw-stages figcaption").all_inner_texts()
    assert labels == answer.fields["stages"]
    assert len(labels) > 3
    assert page.evaluate("most") == 1
    assert page.evaluate("asked") >= 2  # while it was drawn, too


def test_undo_clear_eraser_and_width(page, served):
    stroke(page, [(60, 60), (200, 60)])
    one = ink(page)
    stroke(page, [(120, 60), (120, 240)])
    two = ink(page)
    assert (two > 0).sum() > (one > 0).sum() > 0
    press(page, "Undo")
    assert np.array_equal(ink(page), one)
    press(page, "Eraser")
    stroke(page, [(60, 60), (130, 60)])
    assert 0 < (ink(page) > 0).sum() < (one > 0).sum()
    press(page, "Undo")
    press(page, "Eraser")
    press(page, "Clear")
    assert not ink(page).any()
    heading(page, "No ink was found")
    press(page, "Undo")
    assert np.array_equal(ink(page), one)
    press(page, "Clear")
    page.locator(".draw-paper").get_by_label("Brush width").fill("5")
    stroke(page, [(60, 60), (200, 60)])
    assert (ink(page) > 0).sum() > 1.8 * (one > 0).sum()


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_finger_draws_and_does_not_scroll(page, served):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    touches = page.context.new_cdp_session(page)
    for kind, (x, y) in zip(("touchStart", "touchMove", "touchMove"), places(page, SEVEN), strict=True):
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.evaluate("scrollY") == 0
    assert (ink(page) > 0).sum() > 3000
    assert shares(page) == expected_shares(served.answers({"ink": ink(page)}))
    sizes = page.eval_on_selector_all(
        ".draw-paper button, .draw-cell, .draw-bar", "all => all.filter(e => e.offsetParent).map(e => e.offsetHeight)"
    )
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    assert min(sizes) >= 40


def test_a_digit_is_drawn_by_keyboard(page, served):
    page.locator(SHEET).focus()
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    dot = ink(page)
    rows, columns = np.nonzero(dot)
    assert abs(rows.mean() - 65) < 2
    assert abs(columns.mean() - 145) < 2
    page.keyboard.press("Space")
    assert not ink(page).any()
    for _ in range(12):
        page.keyboard.press("Shift+ArrowDown")
    assert shares(page) == expected_shares(served.answers({"ink": ink(page)}))
    line = ink(page)
    assert np.nonzero(line)[0].max() > 180
    page.keyboard.press("Control+z")
    assert (ink(page) > 0).sum() < (line > 0).sum()
    page.keyboard.press("e")
    assert page.get_by_role("button", name="Eraser").get_attribute("aria-pressed") == "true"
    page.keyboard.press("e")
    page.keyboard.press("Delete")
    assert not ink(page).any()
    assert page.locator(".draw-paper .draw-ink .draw-cursor").is_visible()


def photo(size=(400, 300)) -> Image.Image:
    picture = Image.new("L", size, 235)
    points = [(0.3 * size[0], 0.2 * size[1]), (0.65 * size[0], 0.22 * size[1]), (0.45 * size[0], 0.85 * size[1])]
    ImageDraw.Draw(picture).line(points, fill=30, width=size[1] // 14, joint="curve")
    return picture


def as_file(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


HAND_OVER = """([way, name, bytes]) => {
    const data = new DataTransfer(), target = document.querySelector(".draw-paper");
    data.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name, { type: "image/png" }));
    const event = way === "drop" ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    target.dispatchEvent(event); }"""


def hand_over(page, way: str, name: str, content: bytes) -> None:
    if way == "choose":
        page.set_input_files(".draw-ink input[type=file]", {"name": name, "mimeType": "image/png", "buffer": content})
    else:
        page.evaluate(HAND_OVER, [way, name, base64.b64encode(content).decode()])


@pytest.mark.parametrize("way", ["choose", "drop", "paste"])
def test_a_picture_is_answered_as_its_file(page, served, way):
    content = as_file(photo())
    answer = served.answers(files=[content], name="seven.png")
    hand_over(page, way, "seven.png", content)
    heading(page, answer.fields["heading"])
    assert shares(page) == expected_shares(answer)
    page.locator(".draw-cell").nth(3).click()  # it is asked again, without the file
    assert shares(page) == expected_shares(answer)
    assert page.locator(".draw-stages figcaption").all_inner_texts() == answer.fields["stages"]
    doubts = page.locator(".draw-doubts li").all_inner_texts()
    assert doubts == answer.fields["found"] + answer.fields["doubts"]
    stroke(page, [(60, 60), (200, 60)])  # a new drawing
    assert shares(page) == expected_shares(served.answers({"ink": ink(page)}))


def test_a_large_picture_is_scaled_down_and_a_damaged_one_gets_a_sentence(page, served):
    content = as_file(photo((1200, 900)), "BMP")
    assert len(content) > 1 << 20
    hand_over(page, "drop", "large.bmp", content)
    heading(page, served.answers(files=[as_file(photo())]).fields["heading"].split(",")[0] + ",")
    hand_over(page, "drop", "damaged.png", as_file(photo())[:500])
    page.locator(".draw-answer .problem", has_text="damaged.png cannot be read as a picture").wait_for()
    hand_over(page, "drop", "no_picture.png", bytes(2 << 20))
    page.locator(".draw-answer .problem", has_text="too large").wait_for()
    stroke(page, SEVEN)
    settled(page)
    assert page.locator(".draw-answer .problem").is_hidden()


def test_a_test_sample_is_edited_pixel_by_pixel(page, served):
    press(page, "A test sample")
    page.locator(".draw-label", has_text="Label").wait_for()
    page.locator(".draw-paper").get_by_label("Sample number").fill("5")
    page.keyboard.press("Enter")
    pixels = served.subject.dataset.test.x[5].reshape(8, 8).copy()
    expected = served.answers({"pixels": pixels})
    heading(page, expected.fields["heading"])
    assert shares(page) == expected_shares(expected)
    stroke(page, [(17, 17), (17, 17)], PIXELS)  # 280 / 8 = 35 for each pixel
    pixels[0, 0] = 1
    assert shares(page) == expected_shares(served.answers({"pixels": pixels}))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.get_by_label("Row 1, column 1").fill("0.25")
    page.keyboard.press("Enter")
    pixels[1, 1] = 0.25
    assert shares(page) == expected_shares(served.answers({"pixels": pixels}))
    page.locator(PIXELS).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("-")
    pixels[1, 2] = np.float32(0.9)
    assert shares(page) == expected_shares(served.answers({"pixels": pixels}))
    press(page, "Undo")
    pixels[1, 2] = 1
    assert shares(page) == expected_shares(served.answers({"pixels": pixels}))
    press(page, "As it was")
    assert shares(page) == expected_shares(expected)


def test_misread_samples_are_found(page, served):
    from playwright.sync_api import expect

    press(page, "A test sample")
    found = ANSWERS["misread"](served.subject, Message("misread")).fields
    page.locator(".draw-misread button").first.wait_for()
    assert page.locator(".draw-misread button").count() == len(found["samples"]) > 2
    first = found["samples"][0]
    page.locator(".draw-misread button").first.click()
    page.locator(".draw-label", has_text=f"Label: {first['label']}").wait_for()
    heading(page, f"{first['answer']}, {first['certainty']}")
    press(page, "Next misread")
    expect(page.locator(".draw-samples input")).not_to_have_value(str(first["number"]))
    press(page, "At random")
    press(page, "Look again")
    settled(page)


def test_what_a_network_sees_can_be_edited(page, served):
    stroke(page, SEVEN)
    seen = served.answers({"ink": ink(page)}).arrays["inputs"][0]
    settled(page)
    press(page, "Edit these pixels")
    assert shares(page) == expected_shares(served.answers({"pixels": seen}))
    stroke(page, [(17, 260), (17, 260)], PIXELS)
    seen[7, 0] = 1
    assert shares(page) == expected_shares(served.answers({"pixels": seen}))


def unit_rows(page) -> list[str]:
    settled(page)
    return page.locator(".draw-sum td").all_inner_texts()


def test_a_unit_is_looked_at_and_switched_off(page, served):
    from playwright.sync_api import expect

    stroke(page, SEVEN)
    settled(page)
    drawing = {"ink": ink(page)}
    page.locator(".draw-cell").nth(2).click()
    told = served.answers(drawing, unit=[1, 2]).fields["unit"]
    assert unit_rows(page) == [told["sum"], told["bias"], told["total"], told["activity"]]
    page.keyboard.press("ArrowRight")
    told = served.answers(drawing, unit=[1, 3]).fields["unit"]
    assert unit_rows(page) == [told["sum"], told["bias"], told["total"], told["activity"]]
    most, next_most = (int(served.answers(drawing).arrays[f"activity{i}"].argmax()) for i in (1, 2))
    page.locator(".draw-cells").nth(0).locator(".draw-cell").nth(most).click()
    page.keyboard.press("Delete")
    page.locator(".draw-cells").nth(1).locator(".draw-cell").nth(next_most).dblclick()
    off = served.answers(drawing, off=[[1, most], [2, next_most]], unit=[2, next_most])
    assert shares(page) == expected_shares(off) != expected_shares(served.answers(drawing))
    assert page.locator(".draw-bar .before").all_inner_texts() == expected_shares(served.answers(drawing))
    speakers = page.locator(".draw-lists .share").all_inner_texts()
    assert speakers == [one["text"] for one in off.fields["unit"]["speaks_for"] + off.fields["unit"]["against"]]
    assert page.locator(".draw-cell.off").count() == 2
    press(page, "Switch it on")
    press(page, "All units on")
    assert shares(page) == expected_shares(served.answers(drawing))
    page.locator(".draw-bar").nth(7).click()
    told = served.answers(drawing, unit=[3, 7]).fields["unit"]
    assert unit_rows(page) == [told["sum"], told["bias"], told["total"]]
    page.locator(".draw-lists .draw-signed").first.click()  # the hidden unit that spoke for it most
    page.locator(f"text=Unit {told['speaks_for'][0]['unit']} of hidden layer 2").wait_for()
    page.locator(".draw-unit summary").click()
    expect(page.locator(".draw-unit .twin td")).to_have_count(16)


def test_a_learning_network_is_asked_again(page, served):
    stroke(page, SEVEN)
    settled(page)
    drawing = {"ink": ink(page)}
    served.subject = served.untrained
    page.evaluate(
        """() => { const { connection } = document.querySelector(".zerokara-lab").zerokara;
        window.frames = setInterval(() => connection.receive({ type: "frame", iteration: 0, arrays: {} }, []), 50); }"""
    )
    page.locator(".draw-note", has_text="has learned nothing yet").wait_for()
    page.evaluate("clearInterval(window.frames)")
    assert shares(page) == expected_shares(served.answers(drawing))


def test_what_was_lost_with_the_connection_is_asked_again(page, served):
    page.evaluate(
        """() => { const { connection } = document.querySelector(".zerokara-lab").zerokara;
        window.send = connection.send;
        connection.send = () => {}; }"""
    )
    stroke(page, SEVEN)
    heading(page, "No ink was found")
    page.evaluate(
        """() => { const { connection, view, hello } = document.querySelector(".zerokara-lab").zerokara;
        connection.send = window.send;
        connection.receive({ ...hello, view, arrays: {} }, []); }"""
    )
    assert shares(page) == expected_shares(served.answers({"ink": ink(page)}))


def test_a_table_has_nothing_to_draw(page):
    page.evaluate(
        """() => { const lab = document.querySelector('.zerokara-lab').zerokara, { view, hello } = lab;
        lab.connection.receive({ ...hello, image_shape: [64], view, arrays: {} }, []); }"""
    )
    page.locator("text=no gray pictures").wait_for()
