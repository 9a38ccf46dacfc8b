"""The tab Probe in Chromium, over a real lab: by mouse, touch and keyboard; numbers as the loop has them."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from zerokara.lab.core import Lab
from zerokara.lab.server import LabServer
from zerokara.nn.network import Network
from zerokara.training.recipe import Recipe

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SMALL = Recipe(dataset="digits", hidden=12, iterations=100_000, batch_size=20, seed=3)


class Served:
    """A lab on its server, and pages that show the tab; what they complain about is remembered."""

    def __init__(self, browser, out):
        self.browser, self.complaints = browser, []
        self.lab = Lab(SMALL, out=out, plots=False)
        self.server = LabServer(self.lab)
        threading.Thread(target=self.server.serve, daemon=True).start()

    def open(self, *, width: int = 1280, theme: str = "light", touch: bool = False):
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, has_touch=touch, is_mobile=touch
        )
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.server.address)
        page.get_by_role("tab", name="Probe").click()
        page.locator(".probe-over .plane .here").wait_for()
        return page

    def network(self) -> Network:
        """The one that the page is answered from, while nothing is trained."""
        return self.lab.subject().network.copy(np.float64)

    def batch(self):
        train = self.lab.dataset.train
        rows = SMALL.resolved().make_batches(len(train)).rows(0, 1)[0]
        return train.x[rows].astype(np.float64), train.t[rows]


@pytest.fixture(scope="module")
def serve(browser, tmp_path_factory) -> Iterator[Callable[[], Served]]:
    """Serves a lab; nothing on any of its pages may go wrong."""
    made: list[Served] = []

    def serve() -> Served:
        made.append(Served(browser, tmp_path_factory.mktemp("runs")))
        return made[-1]

    yield serve
    for each in made:
        each.lab.close()
        each.server.stop()
        assert each.complaints == []


@pytest.fixture(scope="module")
def untrained(serve) -> Served:
    """One that nobody trains, for all tests."""
    return serve()


@pytest.fixture
def served(untrained) -> Iterator[Served]:
    yield untrained
    for context in untrained.browser.contexts:
        context.close()


@pytest.fixture
def training(serve) -> Served:
    """One of its own."""
    return serve()


def weight(page, which: int = 0) -> tuple[str, list[int]]:
    """Which one is picked."""
    fields = page.locator(".weight-fields").nth(which)
    places = fields.locator("input[type=number]:visible")
    return fields.locator("select").input_value(), [int(places.nth(k).input_value()) for k in range(places.count())]


def wait_for(page, text: str, selector: str) -> None:
    page.locator(selector, has_text=text).wait_for()


def digits(page) -> list[str]:
    """L(w + h), L(w - h), the numerical slope, backpropagation's, their difference."""
    return page.locator(".slopes td").all_inner_texts()


def loop(served: Served, name: str, index: list[int], h: float, value: float | None = None):
    """The textbook's, for one element."""
    network, (x, t), place = served.network(), served.batch(), tuple(index)
    array = network.params[name]
    if value is not None:
        array[place] = value
    before, slope = array[place], network.gradient(x, t)[name][place]
    array[place] = before + h
    above = network.loss(x, t)
    array[place] = before - h
    below = network.loss(x, t)
    return above, below, (above - below) / (2 * h), slope


def test_the_numbers_on_the_page_are_the_loops(served: Served) -> None:
    page = served.open()
    name, index = weight(page)
    above, below, numerical, backprop = loop(served, name, index, 1e-4)
    shown = digits(page)
    assert [float(shown[0]), float(shown[1])] == [above, below]
    assert abs(float(shown[2]) - numerical) <= 1e-16 * abs(numerical) * 10
    assert abs(float(shown[3]) - backprop) <= 1e-16 * abs(backprop) * 10
    assert shown[4] == f"{abs(numerical - backprop):.2e}"
    gradient = np.abs(served.network().gradient(*served.batch())["W1"])
    assert gradient[tuple(index)] == gradient.max()  # the steepest is picked first


def test_a_weight_is_picked_by_mouse_by_arrow_keys_and_by_its_numbers(served: Served) -> None:
    page = served.open()
    near = page.locator(".near canvas")
    _, (_, unit) = weight(page)
    box = near.bounding_box()
    near.click(position={"x": box["width"] * 3.5 / 8, "y": box["height"] * 2.5 / 8})
    wait_for(page, f"W1[{2 * 8 + 3}, {unit}]", ".axes-named")
    near.press("ArrowRight")
    wait_for(page, f"W1[{2 * 8 + 4}, {unit}]", ".axes-named")
    near.press("ArrowDown")
    wait_for(page, f"W1[{3 * 8 + 4}, {unit}]", ".axes-named")

    page.get_by_label("First weight").get_by_label("Parameter").select_option("W2")
    wait_for(page, "↔ W2", ".axes-named")
    inputs = page.get_by_label("First weight").locator("input[type=number]")
    inputs.first.fill("7")
    inputs.first.press("Enter")
    wait_for(page, "W2[7, ", ".axes-named")
    page.get_by_label("First weight").get_by_label("Parameter").select_option("b1")
    wait_for(page, "↔ b1[", ".axes-named")
    assert len(weight(page)[1]) == 1

    page.get_by_role("radio", name="Second weight").check()
    page.locator(".probe-pick .picture-grid canvas").first.press("ArrowUp")
    wait_for(page, "↕ W1[", ".axes-named")

    inputs.last.fill("99")  # there are 12 units
    inputs.last.press("Enter")
    wait_for(page, "The index of a weight in b1 must be", ".probe .problem")


def test_a_weight_is_picked_and_dragged_by_touch(served: Served) -> None:
    page = served.open(width=390, touch=True)
    _, (_, unit) = weight(page)
    near = page.locator(".near canvas")
    box = near.bounding_box()
    near.tap(position={"x": box["width"] * 4.5 / 8, "y": box["height"] * 5.5 / 8})
    wait_for(page, f"W1[{5 * 8 + 4}, {unit}]", ".axes-named")
    page.locator(".probe-along .plane").tap(position={"x": 250, "y": 60})
    wait_for(page, "Moved on a copy", ".moved")
    for control in (".probe button:visible", ".probe select:visible", ".probe input[type=range]"):
        assert min(page.locator(control).evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")) >= 40


def test_h_goes_from_1_to_1e_12_by_keyboard_and_by_the_v(served: Served) -> None:
    page = served.open()
    name, index = weight(page)
    slider = page.get_by_label("Step h")
    slider.press("ArrowLeft")
    wait_for(page, "5e-5", ".probe-slopes .drag output")
    above, below, *_ = loop(served, name, index, 5e-5)
    assert [float(text) for text in digits(page)[:2]] == [above, below]
    slider.press("Home")
    wait_for(page, "1e-12", ".probe-slopes .drag output")
    wait_for(page, "Rounding: the two losses differ only from", ".remark")
    slider.press("End")
    wait_for(page, "1", ".probe-slopes .drag output")
    page.get_by_label("Precision").select_option("float32")
    slider.press("Home")
    wait_for(page, "h is too small for this precision", ".remark")
    box = page.locator(".probe-slopes .plane").bounding_box()
    page.locator(".probe-slopes .plane").click(position={"x": box["width"] - 30, "y": 40})
    page.locator(".remark").filter(has_not_text="h is too small").wait_for()
    page.get_by_label("Range").first.select_option("step")
    wait_for(page, "distance from w", ".probe-along .muted:visible")


def test_a_dragged_weight_moves_on_a_copy_and_is_put_back(served: Served) -> None:
    page = served.open()
    name, index = weight(page)
    trained = served.network().params[name][tuple(index)]
    plane = page.locator(".probe-along .plane")
    box = plane.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=4)
    page.mouse.up()
    wait_for(page, "Moved on a copy", ".moved")
    slider = page.get_by_label("Drag the weight")
    slider.press("End")
    lab = "document.querySelector('.zerokara-lab').zerokara"
    end = page.evaluate(f"async () => (await {lab}.ask('probe_curve')).array('curve').at(-2)")
    wait_for(page, f"{end:.6g}", ".probe-along output")
    network = served.network()
    network.params[name][tuple(index)] = end
    wait_for(page, f"{network.loss(*served.batch()):.6g} before: ", ".here-facts dd")
    assert served.network().params[name][tuple(index)] == trained
    page.get_by_role("button", name="Put back").click()
    page.locator(".moved:empty").wait_for(state="attached")
    assert page.locator(".probe-along output").inner_text() == f"{trained:.6g}"
    loss = served.network().loss(*served.batch())
    assert page.locator(".here-facts dd").first.inner_text() == f"{loss:.6g}"


def test_the_page_goes_along_with_the_training_and_can_be_held_still(training: Served) -> None:
    served, page = training, training.open()
    about = page.locator(".probe-pick .about")
    served.lab.go()
    about.filter(has_not_text="After update 0.").wait_for()
    page.get_by_label("Hold still").check()
    page.get_by_label("Step h").press("ArrowLeft")
    wait_for(page, "5e-5", ".probe-slopes .drag output")
    still = about.inner_text()
    served.lab.pause()
    page.locator(".status[data-state=paused]").wait_for()
    assert about.inner_text() == still
    page.get_by_label("Hold still").uncheck()
    iteration = served.lab.training.conductor.iteration
    wait_for(page, f"After update {iteration:,}.", ".probe-pick .about")
    name, index = weight(page)
    assert float(page.locator(".probe-along output").inner_text()) == pytest.approx(
        float(served.network().params[name][tuple(index)]), rel=1e-5
    )
    assert page.locator(".probe-over .plane .begin").count() == 1


def test_weights_too_large_to_be_told_apart_do_not_stop_the_page(training: Served) -> None:
    served, page = training, training.open()
    served.lab.change("learning_rate", 1e30)
    served.lab.go()
    page.locator(".status[data-state=diverged]").wait_for()
    wait_for(page, "h is too small for this precision", ".probe-slopes")
    page.get_by_role("tab", name="Train").click()
    assert page.get_by_text("No test sample is misread.").count() == 0
    text = page.evaluate("fetch(`/lab.js${location.search}`).then(answer => answer.text())")
    source = text[text.index("function ticksOf") : text.index("function decades")]
    ticks = f"range => {{ const fixed = String, short = String; {source} return ticksOf(range, 0, 6).map(t => t.at); }}"
    for nearly in ([1e29, 1e29], [3e16, 3e16 + 8], [2.0, 2.0]):
        assert page.evaluate(ticks, nearly) == []
    assert served.complaints == []
    assert page.evaluate(ticks, [-1.0, 1.0]) == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_another_network_has_other_weights(training: Served) -> None:
    served, page = training, training.open()
    fields = page.get_by_label("First weight").locator("input[type=number]")
    fields.last.fill("11")
    fields.last.press("Enter")
    wait_for(page, ", 11]", ".axes-named")
    served.lab.start(Recipe(dataset="digits", hidden=3, iterations=50, batch_size=20))
    page.locator(".status[data-state=finished]").wait_for()
    wait_for(page, "After update 50.", ".probe-pick .about")
    assert page.locator(".probe .problem:visible").count() == 0
    assert weight(page)[1][1] < 3


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1024, "dark"), (1920, "light")])
def test_nothing_is_wider_than_the_page(served: Served, width, theme) -> None:
    page = served.open(width=width, theme=theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for details in page.locator(".probe details > summary").all():
        details.click()
    page.locator(".probe-over .twin table").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".probe-over .twin caption").all_inner_texts() == [
        "Loss over both weights",
        "Way while training",
    ]


def test_a_weight_that_is_picked_while_an_answer_is_awaited_stays_picked(served: Served) -> None:
    page = served.open()
    near = page.locator(".near canvas")
    _, (_, unit) = weight(page)
    box = near.bounding_box()
    near.click(position={"x": box["width"] * 0.5 / 8, "y": box["height"] * 0.5 / 8})
    near.evaluate("c => [...'1234567'].map(() => c.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'})))")
    wait_for(page, f"W1[7, {unit}]", ".axes-named")
    near.press("ArrowDown")
    wait_for(page, f"W1[15, {unit}]", ".axes-named")
    assert weight(page) == ("W1", [15, unit])
    second = page.get_by_label("Second weight")
    near.press("ArrowLeft")
    for name in ("b1", "W2", "b2"):
        second.get_by_label("Parameter").select_option(name)
    wait_for(page, "↕ b2[", ".axes-named")
    wait_for(page, f"W1[14, {unit}]", ".axes-named")
    assert weight(page, 1)[0] == "b2"
