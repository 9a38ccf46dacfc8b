"""The tab Train in Chromium: every control by mouse, keyboard and touch; numbers as the run has them."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from .pages import Served, facts, finished_run, in_state, wait

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def read_table(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    return list(csv.DictReader(path.read_text().splitlines()))


def as_shown(value: float, digits: int) -> str:
    """So many significant digits, as the page writes numbers between a thousandth and a thousand."""
    size = int(np.floor(np.log10(value)))
    text = f"{value:.{digits - 1 - size}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rows(table) -> list[list[str]]:
    """The cells of a table's body."""
    return table.evaluate("t => [...t.tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent))")


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
        f"{round(float(evaluations[-1][key]), 4):.2%}" for key in ("train_accuracy", "test_accuracy")
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
    assert page.locator("[data-field=learning_rate] [type=range]").input_value() == "-0.6"  # log10(0.25), in its steps
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
    page.locator(".timeline [type=range]").fill("8")
    button("Go forward").click()
    told = wait(page, lambda told: told["state"] == "paused" and told["iteration"] == 8)
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
    for name in ("draw", "probe", "step", "train"):
        key("ArrowRight")
        assert page.evaluate("document.activeElement.dataset.tab") == name
        assert page.locator("[role=tabpanel]:visible").count() == 1
    key("End")
    assert page.evaluate("document.activeElement.dataset.tab") == "step"
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
    page.get_by_role("button", name="Full speed").tap()
    wait(page, lambda told: told["pace"]["mode"] == "rate")
    assert page.locator(".pace").evaluate("e => getComputedStyle(e).opacity") == "1"
    for name in ("draw", "probe", "step", "train"):
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
    page.locator(".recipe > summary").click()
    lines = "e => e.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight)"
    page.evaluate("document.querySelector('.recipe h2').textContent = 'レシピ'")  # may break between any two letters
    assert page.locator(".recipe h2").evaluate(lines) < 1.5
    page.get_by_role("button", name="Start", exact=True).click()
    told = wait(page, lambda told: told["state"] in ("running", "finished") and told["settings"]["momentum"])
    assert told["settings"] == {"learning_rate": 0.5, "momentum": 0.9, "weight_decay": 0.0}
    assert page.locator("[data-field=momentum]").is_visible()
    assert len(page.locator(".sizes tbody tr").all()) == 3
