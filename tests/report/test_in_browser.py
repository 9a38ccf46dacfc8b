"""Pages in Chromium, without JavaScript: no line is too long, nothing is asked for, every link can be reached."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zerokara import words
from zerokara.data.description import DataDescription
from zerokara.report.page import fragment, page
from zerokara.report.reported import Reported
from zerokara.report.sections import SECTIONS
from zerokara.runs.reporting import reported
from zerokara.runs.train import train

pytestmark = [pytest.mark.slow, pytest.mark.browser]

WIDTHS, THEMES, LANGUAGES = (390, 1280, 1920), ("light", "dark"), ("en", "ja", "ko")
LONG = "a_name_without_any_blank_" * 12
EVIL = "<script>document.title = 'broken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Reported]]:
    """A plain run; one with long and hostile names and three layers; one with nothing; several."""
    out = tmp_path_factory.mktemp("runs")
    plain = reported(train("digits", out=out, epochs=20, learning_rate=0.5, plots=False))
    deep = reported(train("digits", out=out, hidden=(30, 20, 10), activation="sigmoid", epochs=5, plots=False))
    names = (LONG, EVIL, *map(str, range(8)))
    assert deep.described is not None
    hostile = replace(
        deep,
        name=EVIL + LONG,
        trained=LONG,
        described=DataDescription(names, deep.described.image_shape, 16.0, 0.0),
        facts={LONG: LONG, EVIL: EVIL},
        repeat=f"zerokara train {LONG}",
        missing=(LONG,),
    )
    empty = Reported(name="nothing", losses=np.zeros(0), missing=("Everything is missing.",))
    return {"plain": [plain], "hostile": [hostile], "empty": [empty], "several": [plain, hostile, deep, plain, deep]}


class Opened:
    """A page in a browser without JavaScript, with what it asked for and complained about."""

    def __init__(self, browser, path: Path, width: int, theme: str):
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=False
        )
        self.page = self.context.new_page()
        self.asked, self.complaints = [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    @property
    def width(self):
        return self.page.evaluate("document.documentElement.scrollWidth")


@pytest.fixture
def written(tmp_path, trainings) -> Iterator:
    def write(name, language="en"):
        words.set_language(language)
        path = tmp_path / f"{name}-{language}.html"
        path.write_text(page(trainings[name]), encoding="utf-8")
        return path

    yield write
    words.set_language("en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["plain", "hostile", "empty", "several"])
def test_a_page_fits_every_screen_and_asks_for_nothing(browser, written, name, language):
    path = written(name, language)
    for theme in THEMES:
        with Opened(browser, path, WIDTHS[0], theme) as opened:
            for width in WIDTHS:
                opened.page.set_viewport_size({"width": width, "height": 900})
                assert opened.width <= width, (width, theme)
            asked = [url for url in opened.asked if not url.startswith("data:image/png;base64,")]
            assert asked == [path.as_uri()]
            assert opened.complaints == []
            assert opened.page.title() != "broken"
            assert opened.page.evaluate("document.documentElement.lang") == language
            paper = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 384) == (theme == "dark")


def test_every_link_is_reached_by_the_keyboard_and_seen(browser, written, trainings):
    with Opened(browser, written("plain"), 1280, "light") as opened:
        reached = []
        for _ in range(30):
            opened.page.keyboard.press("Tab")
            href, outline = opened.page.evaluate(
                "[document.activeElement.getAttribute('href'), getComputedStyle(document.activeElement).outlineStyle]"
            )
            reached.append(href)
            if href:
                assert outline == "solid"
        links = [f"#{section.id}" for section in SECTIONS if section.content(trainings["plain"]) is not None]
        assert [href for href in reached if href][: len(links)] == links
        opened.page.locator("a", has_text="Recipe").click()
        assert opened.page.evaluate("document.getElementById('recipe').getBoundingClientRect().top") < 900


def test_what_a_screen_reader_is_told(browser, written):
    with Opened(browser, written("plain"), 1280, "light") as opened:
        for role, name in (
            ("heading", "Loss and accuracy"),
            ("region", "Inside the layers"),
            ("navigation", "Contents"),
            ("img", re.compile(r"^Curve of the loss: from 2\.\d+ at the first update")),
            ("img", re.compile("^The weights of 50 units")),
            ("columnheader", "precision"),
            ("rowheader", "learning_rate"),
        ):
            assert opened.page.get_by_role(role, name=name).first.is_visible(), (role, name)


def test_sprites_are_drawn_and_not_blurred(browser, written):
    with Opened(browser, written("plain"), 1280, "light") as opened:
        picture = opened.page.locator(".zk-sprite")
        assert picture.evaluate("element => element.complete && element.naturalWidth") == 10 * 8 + 9 * 2
        assert picture.evaluate("element => getComputedStyle(element).imageRendering") == "pixelated"
        box = picture.bounding_box()
        assert box["width"] % (10 * 8 + 9 * 2) == 0
        tile = opened.page.locator(".zk-tile").first
        assert {tile.bounding_box()["width"], tile.bounding_box()["height"]} == {8 * 6}


@pytest.mark.parametrize("name", ["plain", "hostile", "several"])
def test_a_page_prints_on_a4(browser, written, name):
    with Opened(browser, written(name), 1280, "dark") as opened:
        pdf = opened.page.pdf(prefer_css_page_size=True)
        assert re.search(rb"/MediaBox \[0 0 59[45][.\d]* 84[12]", pdf)
        assert 1 <= len(re.findall(rb"/Type /Page\b(?!s)", pdf)) <= 12
        opened.page.emulate_media(media="print")
        opened.page.set_viewport_size({"width": 688, "height": 900})  # 182 mm: A4 without its margins
        assert opened.width <= 688
        assert opened.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_a_notebook_s_box_fits_a_narrow_cell_and_leaves_the_rest_alone(browser, tmp_path, trainings):
    path = tmp_path / "notebook.html"
    around = "<p id='before'>x</p><table id='theirs'><tr><td>y</td></tr></table>"
    shown = [fragment(trainings[name]) for name in ("plain", "hostile", "several")]
    for boxes in ("", "".join(shown)):
        path.write_text(
            f"<!DOCTYPE html><meta charset='utf-8'><body style='margin:0'>{around}{boxes}", encoding="utf-8"
        )
        with Opened(browser, path, 500, "light") as opened:
            sizes = opened.page.evaluate(
                "['before', 'theirs'].map(id => [getComputedStyle(document.getElementById(id)).font, "
                "getComputedStyle(document.getElementById(id)).width])"
            )
            if not boxes:
                alone = sizes
            assert opened.width <= 500
    assert sizes == alone
