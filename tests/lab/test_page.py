"""The page's frame in Chromium: tabs, widths, colours, several pages at once, cells of a notebook, numbers in words."""

import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from zerokara import words

from .pages import Served, facts, finished_run, in_state

pytestmark = [pytest.mark.slow, pytest.mark.browser]

TABS = ("train", "draw", "probe", "step")


def fits(page) -> None:
    """Wait until canvases have the size of their cards: nothing may be wider than the page then."""
    page.evaluate(
        """() => new Promise((fine, wrong) => {
            const began = performance.now(), page = document.documentElement;
            const look = () => {
                if (page.scrollWidth <= innerWidth) fine();
                else if (performance.now() < began + 5000) requestAnimationFrame(look);
                else wrong(new Error([...document.querySelectorAll('*')].filter(e => e.checkVisibility() &&
                    e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80)).join()));
            };
            look();
        })"""
    )


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
    other.context.close()
    page.get_by_role("button", name="Pause").click()
    in_state(page, "paused")
    assert page.locator(".watching").is_hidden()


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


def test_what_was_built_for_other_data_listens_no_more(served: Served) -> None:
    page = served.open()
    page.evaluate(
        """() => {
            const lab = document.querySelector('.zerokara-lab').zerokara, { array, ...hello } = lab.hello;
            for (const name of ['other', hello.dataset.name]) {
                const told = { ...hello, frame: undefined, arrays: {}, dataset: { ...hello.dataset, name } };
                lab.connection.receive(told, []);
            }
        }"""
    )
    page.keyboard.press(" ")
    in_state(page, "running")
    page.keyboard.press(" ")
    in_state(page, "paused")
    assert facts(page)["run"] == "digits-001"


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
    assert left["first"] == [len(TABS), 0]
    assert left["twice"] == 0
    assert left["listeners"] == 0
    assert left["goodbyes"] == [0, 1]
    assert all("<" not in cell.removeprefix("<div").removesuffix("</div>") for cell in left["left"])


def test_numbers_are_rounded_as_python_rounds_them(served: Served) -> None:
    page = served.open()
    generator = np.random.default_rng(5)
    values = [0.97975, *generator.uniform(0, 1, 300).tolist(), 0.125, 0.375, 0.0625, 2.5, 0.5, 1.5, 1e-3, 0.99995]
    text = page.evaluate("fetch(`/lab.js${location.search}`).then(answer => answer.text())")
    source = text[text.index("// Numbers as Python prints them.") : text.index("// Tables, and the twins")]
    printed = "values.map(x => [fixed(x, 2), fixed(x, 0), percent(x, 1), accuracyShown(x)])"
    shown = page.evaluate(f"values => {{ {source} return {printed}; }}", values)
    assert shown == [[f"{x:.2f}", f"{x:.0f}", f"{x:.1%}", f"{Decimal(f'{x:.4f}') * 100:.2f}%"] for x in values]


def test_screen_readers_hear_at_most_one_sentence_in_five_seconds(served: Served) -> None:
    page = served.open()
    assert page.locator("[aria-live=polite]").count() == 1
    page.clock.install()
    heard = page.evaluate(
        """() => {
            const shown = document.querySelector('.zerokara-lab').zerokara;
            const lab = new shown.constructor(shown.root, {}, document); // nothing else is announced by this one
            lab.voice = document.createElement('p');
            window.heard = [];
            new MutationObserver(() => window.heard.push(lab.voice.textContent))
                .observe(lab.voice, { childList: true, characterData: true, subtree: true });
            lab.spoken = performance.now();
            ['one', 'two', 'three'].forEach(text => lab.announce(text));
            return window.heard.length;
        }"""
    )
    assert heard == 0
    page.clock.fast_forward(2_000)
    assert page.evaluate("window.heard") == []
    page.clock.fast_forward(4_000)
    assert page.evaluate("window.heard") == ["three"]


def test_nothing_can_be_steered_while_the_connection_is_lost(browser, tmp_path: Path) -> None:
    made = Served(browser, tmp_path / "runs")
    page = made.open()
    made.server.stop()
    page.locator(".zerokara-notice").wait_for()
    assert page.locator(".controls .main").is_disabled()
    assert page.locator(".controls .main").inner_text() == "Start"
    assert made.complaints == []
    made.close()
