"""The page in Chromium, over a real lab: every control by mouse, keyboard and touch; numbers as Python has them."""

import csv
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from zerokara import words
from zerokara.lab.core import Lab
from zerokara.lab.server import LabServer
from zerokara.runs.opening import open_run
from zerokara.training.recipe import Recipe

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SMALL = Recipe(dataset="digits", hidden=12, iterations=8000, evaluate_every=2000, seed=3)
TABS = ("train", "draw", "probe")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]  # nobody but root is in a container
        )  # fmt: skip
        yield chromium
        chromium.close()


class Served:
    """A lab on its server, and pages of it; what they complain about, or ask of others, is remembered."""

    def __init__(self, browser, out: Path, recipe: Recipe = SMALL):
        self.browser, self.complaints = browser, []
        self.lab = Lab(recipe, out=out, plots=False)
        self.server = LabServer(self.lab)
        threading.Thread(target=self.server.serve, daemon=True).start()

    def open(self, *, width: int = 1280, theme: str = "light", touch: bool = False, page=None):
        """A page of its own, when it has been drawn."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, has_touch=touch, is_mobile=touch
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._check(request.url))
        page.goto(self.server.address)
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


@pytest.fixture
def served(browser, tmp_path: Path) -> Iterator[Served]:
    """A lab that nobody has trained yet; nothing on any of its pages went wrong."""
    made = Served(browser, tmp_path / "runs")
    yield made
    made.close()
    assert made.complaints == []


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
    for _ in range(300):
        if holds(told := facts(page)):
            return told
        page.wait_for_timeout(20)
    raise AssertionError(told)


def fits(page) -> None:
    """Wait until canvases have the size of their cards: nothing may be wider than the page then."""
    page.evaluate(
        """() => new Promise((fine, wrong) => {
            const began = performance.now(), page = document.documentElement;
            const look = () => {
                if (page.scrollWidth <= innerWidth) fine();
                else if (performance.now() < began + 5000) requestAnimationFrame(look);
                else wrong(new Error(`${page.scrollWidth} of ${innerWidth}`));
            };
            look();
        })"""
    )


def rows(table) -> list[list[str]]:
    """The cells of a table's body."""
    return table.evaluate("t => [...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent))")


def read_table(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    return list(csv.DictReader(path.read_text().splitlines()))


def as_shown(value: float, digits: int) -> str:
    """So many significant digits, as the page writes numbers between a thousandth and a thousand."""
    size = int(np.floor(np.log10(value)))
    text = f"{value:.{digits - 1 - size}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def finished_run(served: Served, page):
    """Train to the end as fast as can be; the run on disk."""
    page.get_by_role("button", name="Full speed").click()
    page.get_by_role("button", name="Start", exact=True).click()
    in_state(page, "finished")
    wait(page, lambda told: told.get("evaluation") and told["evaluation"]["iteration"] == 8000)
    return open_run(served.lab.out / facts(page)["run"])


def test_the_untrained_network_is_drawn_before_anything_is_pressed(served: Served) -> None:
    page = served.open()

    pixels = page.locator(".train canvas.pictures").evaluate(
        "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )

    assert pixels > 50  # colours of random weights
    assert page.locator(".controls .main").inner_text() == "Start"
    assert not (served.lab.out).exists()


def test_numbers_are_those_of_the_run(served: Served) -> None:
    page = served.open()
    run = finished_run(served, page)
    evaluations = read_table(run.path / "epochs.csv")
    losses = read_table(run.path / "losses.csv")

    for element in page.locator(".chart .twin, .weights .twin").all():
        element.locator("summary").click()
    accuracy = rows(page.locator(".accuracy table"))
    assert accuracy == [
        [f"{int(row['iteration']):,}", *(as_shown(float(row[key]), 6) for key in ("train_accuracy", "test_accuracy"))]
        for row in evaluations
    ]
    assert page.locator(".accuracy output").all_inner_texts() == [
        f"{float(evaluations[-1][key]):.2%}" for key in ("train_accuracy", "test_accuracy")
    ]

    shown = rows(page.locator(".loss table"))
    assert len(shown) == 100
    for update, highest, lowest, mean, _ in shown:
        exact = as_shown(float(losses[int(update.replace(",", ""))]["loss"]), 6)
        assert (highest, lowest, mean) == (exact, exact, exact)
    assert page.locator(".loss output").first.inner_text() == as_shown(float(losses[-1]["loss"]), 4)

    report = run.evaluate()
    confusion = [[int(cell or 0) for cell in row[1:]] for row in rows(page.locator(".confusion"))]
    assert confusion == np.asarray(report.confusion).tolist()
    W1 = run.network.params["W1"]
    summary = rows(page.locator(".weights table"))
    assert [row[2] for row in summary] == [as_shown(float(unit.max()), 3) for unit in W1.T]


def test_misread_digits_are_named(served: Served) -> None:
    page = served.open()
    run = finished_run(served, page)

    test = served.lab.dataset.test
    classes = run.network.predict(test.x).argmax(axis=1)
    told = page.locator(".misread canvas").evaluate_all("all => all.map(c => c.getAttribute('aria-label'))")
    assert len(told) == min(24, int(np.sum(classes != test.t)))
    for sentence in told:
        match = re.fullmatch(r"Test sample (\d+): (\d), read as (\d), certainty [\d.]+%", sentence)
        assert match
        index, label, answer = map(int, match.groups())
        assert (label, answer) == (test.t[index], classes[index])
        assert label != answer


def test_every_control_by_mouse(served: Served) -> None:
    page = served.open()
    button = lambda name: page.get_by_role("button", name=name, exact=True)  # noqa: E731

    button("One update").click()
    wait(page, lambda told: told["state"] == "paused" and told["iteration"] == 1)
    button("One epoch").click()
    told = wait(page, lambda told: told["state"] == "paused" and told["iteration"] == told["per_epoch"])
    assert page.locator("[data-fact=epoch] dd").inner_text() == "1.00"

    box = page.locator("[data-field=learning_rate] [type=number]")
    box.fill("0.25")
    box.press("Enter")
    wait(page, lambda told: told["settings"]["learning_rate"] == 0.25)
    page.locator("[data-field=weight_decay] [type=range]").fill("-3")
    told = wait(page, lambda told: told["settings"]["weight_decay"] == 0.001)
    assert told["changes"][-1] == {"iteration": told["iteration"], "field": "weight_decay", "value": 0.001}
    assert page.locator(".changes summary").inner_text() == "Changes: 2"

    page.locator(".pace [type=range]").fill("1")
    wait(page, lambda told: told["pace"] == {"mode": "rate", "rate": 10})
    button("Go on").click()
    in_state(page, "running")
    button("Pause").click()
    in_state(page, "paused")
    button("Full speed").click()
    wait(page, lambda told: told["pace"]["mode"] == "full")
    page.locator(".until [type=number]").fill("50")
    button("Train until then").click()
    wait(page, lambda told: told["state"] == "paused" and told["evaluation"]["test_accuracy"] >= 0.5)

    page.locator(".timeline [type=range]").fill("5")
    button("Go back").click()
    told = wait(page, lambda told: told["state"] == "paused" and told["iteration"] == 5)
    assert "new run" in page.locator(".status").inner_text()
    old = told["parent"]["run"]
    button("Go on").click()
    told = wait(page, lambda told: told["run"] not in (None, old))
    wait(page, lambda told: told["state"] == "finished")
    assert len(list(served.lab.out.iterdir())) == 2
    button("Start again").click()
    in_state(page, "running")
    page.locator(".pace [type=range]").fill("0")
    button("Stop").click()
    in_state(page, "stopped")
    button("One update").click()
    in_state(page, "paused")

    page.get_by_role("checkbox").first.check()
    page.locator(".runs .key").first.and_(page.locator("[style*=violet]")).wait_for()
    for name in ("Log scale", "A scale for each", "Projector"):
        button(name).click()
        assert button(name).get_attribute("aria-pressed") == "true"
    assert page.locator(".zerokara-lab > header .problem").is_hidden()


def test_every_control_by_keyboard(served: Served) -> None:
    page = served.open()
    key = page.keyboard.press
    key(".")
    wait(page, lambda told: told["state"] == "paused" and told["iteration"] == 1)
    key(" ")
    in_state(page, "running")
    key(" ")
    in_state(page, "paused")

    page.locator("[data-tab=train]").focus()
    for name in ("draw", "probe", "train"):
        key("ArrowRight")
        assert page.evaluate("document.activeElement.dataset.tab") == name
        assert page.locator("[role=tabpanel]:visible").count() == 1
    key("End")
    assert page.evaluate("document.activeElement.dataset.tab") == "probe"
    key("Home")

    page.locator("[data-field=learning_rate] [type=range]").focus()
    before = facts(page)["settings"]["learning_rate"]
    key("ArrowRight")
    wait(page, lambda told: told["settings"]["learning_rate"] > before)
    page.locator(".until [type=number]").focus()
    key(" ")  # is written, if anything, and goes nowhere
    assert facts(page)["state"] == "paused"

    box = page.locator(".timeline [type=number]")
    box.fill("0")
    box.press("Enter")
    wait(page, lambda told: told["iteration"] == 0 and told["state"] == "paused")


def test_everything_can_be_reached_by_tab_and_is_seen_there(served: Served) -> None:
    page = served.open()
    page.locator(".recipe > summary").click()
    wanted = page.locator(
        ".train :is(button, input, select, summary):not(:disabled):visible, .look :is(button, select):visible"
    ).count()
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(wanted + 20):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => {
                    const e = document.activeElement, style = getComputedStyle(e);
                    if (!e.matches('button, input, select, summary') || !e.closest('.train, .look')) return null;
                    if (style.outlineStyle === 'none') throw new Error(`no focus: ${e.outerHTML}`);
                    return [...document.querySelectorAll('*')].indexOf(e);
                }"""
            )
        )
    assert len(reached - {None}) == wanted


def test_every_control_by_touch(served: Served) -> None:
    page = served.open(width=390, touch=True)
    too_small = page.locator("button:visible, select:visible, summary:visible, input:visible").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().height < 39.5 && !e.matches('[type=checkbox]'))"
        ".map(e => e.outerHTML)"
    )
    assert too_small == []

    page.get_by_role("button", name="One update").tap()
    wait(page, lambda told: told["iteration"] == 1)
    page.get_by_role("button", name="Full speed").tap()
    wait(page, lambda told: told["pace"]["mode"] == "full")
    page.get_by_role("button", name="Go on").tap()
    in_state(page, "finished")
    plot = page.locator(".loss .u-over")
    plot.scroll_into_view_if_needed()
    size = plot.bounding_box()
    plot.tap(position={"x": size["width"] / 2, "y": 20})
    aimed = int(page.locator(".timeline [type=number]").input_value())
    assert 3000 < aimed < 5000
    page.get_by_role("button", name="Go back").tap()
    wait(page, lambda told: told["iteration"] == aimed)
    for name in ("draw", "probe", "train"):
        page.locator(f"[data-tab={name}]").tap()
        assert page.locator("[role=tabpanel]:visible").count() == 1


def test_recipe_is_checked_where_it_is_written_and_begun(served: Served) -> None:
    page = served.open()
    page.locator(".recipe > summary").click()
    field = page.locator("[name=learning_rate]")
    field.fill("-1")
    error = page.locator(".field", has=field).locator(".error")
    error.filter(has_text="learning_rate must be a positive number. Got -1.0.").wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    described = field.get_attribute("aria-describedby")
    texts = [page.locator(f"#{name}").inner_text() for name in described.split()]
    assert texts == [field.get_attribute("title"), error.inner_text()]
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator(".zerokara-lab > header .problem").filter(has_text=error.inner_text()).wait_for()

    field.fill("0.5")
    page.locator("[name=hidden]").fill("7,5")
    page.locator("[name=optimizer]").select_option("momentum")
    command = page.locator(".copyable pre").first
    command.filter(has_text="--hidden 7,5 --optimizer momentum --learning-rate 0.5").wait_for()
    page.get_by_role("button", name="Start", exact=True).click()
    told = wait(page, lambda told: told["state"] in ("running", "finished") and told["settings"]["momentum"])
    assert told["settings"] == {"learning_rate": 0.5, "momentum": 0.9, "weight_decay": 0.0}
    assert page.locator("[data-field=momentum]").is_visible()
    assert len(page.locator(".sizes tbody tr").all()) == 3


def test_a_reload_shows_the_same_and_a_second_page_takes_over(served: Served) -> None:
    page = served.open()
    finished_run(served, page)
    shown = lambda page: page.locator(".train").inner_text()  # noqa: E731
    before = shown(page)
    page.reload()
    in_state(page, "finished")
    page.locator(".earlier .muted").wait_for()
    assert shown(page) == before

    other = served.open()
    other.get_by_text("Another page steers").wait_for()
    assert other.get_by_role("button", name="Start again").is_disabled()
    other.get_by_role("button", name="Take over").click()
    page.get_by_text("Another page steers").wait_for()
    other.get_by_role("button", name="Start again").click()
    in_state(page, "running")


@pytest.mark.parametrize("language", ["en", "ja", "ko"])
def test_every_tab_fits_every_width_in_both_themes(
    browser, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEROKARA_LANG", language)
    monkeypatch.setattr(words, "_spoken", None)
    made = Served(browser, tmp_path / "runs")
    try:
        page = made.open()
        assert page.locator(".zerokara-lab").get_attribute("lang") == language
        for width, theme in ((390, "dark"), (1024, "light"), (1920, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            for name in TABS:
                page.locator(f"[data-tab={name}]").click()
                text = page.locator("[role=tabpanel]:visible").inner_text()
                assert not re.search(r"\bundefined\b|\bNaN\b|\bnull\b|\{\w+\}", text)
                for _ in "on", "off":
                    page.locator(".projector").click()
                    fits(page)
            page.locator("[data-tab=train]").click()
            page.locator(".recipe > summary").click()
            fits(page)
    finally:
        made.close()
    assert made.complaints == []


def test_the_theme_is_chosen_and_kept(served: Served) -> None:
    page = served.open(theme="light")
    paper = lambda: page.locator(".zerokara-lab").evaluate("e => getComputedStyle(e).backgroundColor")  # noqa: E731
    light = paper()
    page.locator("select.theme").select_option("dark")
    dark = paper()
    assert light != dark
    page.locator(".projector").click()
    size = page.locator(".zerokara-lab").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    page.reload()
    page.locator(".controls .main").wait_for()
    assert paper() == dark
    assert page.locator(".zerokara-lab").evaluate("e => parseFloat(getComputedStyle(e).fontSize)") == size > 19


def test_views_in_a_notebook_keep_apart_and_leave_nothing_behind(served: Served) -> None:
    page = served.open()
    address = page.evaluate("`/lab.js${location.search}`")
    left = page.evaluate(
        """async address => {
            const { render } = (await import(address)).default;
            const hello = document.querySelector('.zerokara-lab').zerokara.hello;
            const listeners = new Set(), sent = [];
            const model = { send: content => sent.push(content), on: (_, f) => listeners.add(f),
                off: (_, f) => listeners.delete(f) };
            const cells = [0, 1].map(() => document.body.appendChild(document.createElement('div')));
            const closing = cells.map(el => render({ model, el }));
            const greet = view => listeners.forEach(f => f({ ...hello, view, arrays: {} }, []));
            const names = sent.filter(one => one.type === 'hello').map(one => one.view);
            greet(names[0]);
            const first = cells.map(cell => cell.querySelectorAll('[role=tab]').length);
            greet(names[1]);
            const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
            closing.forEach(close => close());
            return { names: new Set(names).size, first, twice: ids.length - new Set(ids).size,
                left: cells.map(cell => cell.outerHTML), listeners: listeners.size,
                goodbyes: sent.filter(one => one.type === 'goodbye').map(one => names.indexOf(one.view)) };
        }""",
        address,
    )
    assert left["names"] == 2
    assert left["first"] == [3, 0]
    assert left["twice"] == 0
    assert left["listeners"] == 0
    assert left["goodbyes"] == [0, 1]
    assert all("<" not in cell.removeprefix("<div").removesuffix("</div>") for cell in left["left"])


def test_numbers_are_rounded_as_python_rounds_them(served: Served) -> None:
    page = served.open()
    generator = np.random.default_rng(5)
    values = [*generator.uniform(0, 1, 300).tolist(), 0.125, 0.375, 0.0625, 2.5, 0.5, 1.5, 1e-3, 0.99995, 1 / 3]
    text = page.evaluate("fetch(`/lab.js${location.search}`).then(answer => answer.text())")
    source = text[text.index("// Numbers as Python prints them.") : text.index("// Tables, and the twins")]
    printed = "values.map(x => [fixed(x, 2), fixed(x, 0), percent(x, 1)])"
    shown = page.evaluate(f"values => {{ {source} return {printed}; }}", values)
    assert shown == [[f"{x:.2f}", f"{x:.0f}", f"{x:.1%}"] for x in values]


def test_screen_readers_hear_at_most_one_sentence_in_five_seconds(served: Served) -> None:
    page = served.open()
    page.clock.install()
    heard = page.evaluate(
        """() => {
            const lab = document.querySelector('.zerokara-lab').zerokara;
            window.heard = [];
            new MutationObserver(() => window.heard.push(lab.voice.textContent))
                .observe(lab.voice, { childList: true, characterData: true, subtree: true });
            lab.spoken = performance.now();
            ['one', 'two', 'three'].forEach(text => lab.announce(text));
            return window.heard.length;
        }"""
    )
    assert heard == 0
    page.clock.fast_forward(4_900)
    assert page.evaluate("window.heard") == []
    page.clock.fast_forward(200)
    assert page.evaluate("window.heard") == ["three"]


def test_nothing_can_be_steered_while_the_connection_is_lost(browser, tmp_path: Path) -> None:
    made = Served(browser, tmp_path / "runs")
    page = made.open()
    made.server.stop()
    page.locator(".zerokara-notice").wait_for()
    assert page.locator(".controls .main").is_disabled()
    assert made.complaints == []
    made.close()
