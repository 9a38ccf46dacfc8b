"""Rules of lessons, which may be a stranger's: what they give, and that nothing else is in them."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest

from zerokara.errors import UsageError
from zerokara.lab.lesson_rules import Rule, Template

VALUES = {"loss": 0.5, "first.loss": 2.0, "start.probe.at": 0.25, "draw.answer": "7", "bad": None, "zero": 0.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("loss < first.loss", True),
        ("loss > first.loss", False),
        ("2 * loss + 1 == first.loss", True),
        ("first.loss / loss", 4.0),
        ("abs(loss - first.loss)", 1.5),
        ("-loss + -1 - 1", -2.5),
        ("0.2 < start.probe.at <= 0.25", True),
        ('draw.answer == "7"', True),
        ('draw.answer != "7" or loss == 0.5', True),
        ("loss == 0.5 and loss == 1", False),
        ("loss / zero", None),
        ("1e308 * 10", None),
        ("bad + 1", None),
        ("bad < 1 or bad >= 1 or bad == 1 or bad != 1", False),
        ("1e999 - 1e999 != 1", False),
        ("draw.answer < 8", False),
        ("draw.answer - 1", None),
        ("nowhere == 1", False),
    ],
)
def test_a_rule_is_arithmetic(text: str, value: object) -> None:
    rule = Rule.of(text)
    assert rule.value(VALUES) == value
    assert rule.holds(VALUES) is (value is True)


def test_it_knows_what_it_mentions() -> None:
    assert Rule.of("abs(probe.at - start.probe.at) > 2 * first.gradient.W1").names == {
        "probe.at",
        "start.probe.at",
        "first.gradient.W1",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loss >",
        "loss; loss",
        "loss = 2",
        "__import__('os')",
        "abs(loss, 2)",
        "abs(loss, x=2)",
        "max(loss, 2)",
        "loss.real()",
        "loss[0]",
        "loss ** 9999999",
        "9 << 99",
        "not loss",
        "loss and 2",
        "[loss for x in y]",
        "lambda: 1",
        "f'{loss}'",
        "loss in first",
        "True",
        "None",
        "1j",
        "b'x'",
        "(x := 2)",
        "loss if 1 > 0 else 2",
        "1" * 301,
        "(" * 200 + "1" + ")" * 200,
        "-" * 299 + "1",
        "loss > 1\0",
        "first().loss",
    ],
)
def test_nothing_else_is_a_rule(text: str) -> None:
    if text.startswith(("(((", "---")):  # deep, and harmless: what can be read can be computed
        with suppress(UsageError):
            assert abs(Rule.of(text).value({}) or 0) == 1
        return
    with pytest.raises(UsageError, match=r"is no rule\. Expected one such as: loss > 2\.5"):
        Rule.of(text)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{loss:.3f}, {first.loss / loss:.0f} times, {draw.answer:.1f}", "0.500, 4 times, 7"),
        ("{loss:.1%} {{not}} {bad:.2f} {loss}", "50.0% {not} – 0.5"),
        ("{first.loss:,} {start.probe.at:.1e} {start.probe.at}", "2 2.5e-1 0.25"),
        ("{1e30} {1e30:,} {1e30 / 3:.3f} {1e30 / 3:,.1f} {1234567.0:,}", "1e30 1e30 3.333e29 3.333e29 1,234,567"),
    ],
)
def test_measures_are_put_into_a_text(text: str, filled: str) -> None:
    assert Template.of(text).filled(VALUES) == filled


@pytest.mark.parametrize(
    "text", ["{", "}", "{loss", "{}", "{loss!r}", "{loss.__class__()}", "{loss:{loss}}", "{loss:>9999999}"]
)
def test_nothing_else_is_put_in(text: str) -> None:
    with pytest.raises(UsageError):
        Template.of(text)


def test_what_is_no_number_is_not_printed_as_one() -> None:
    assert Rule.of("loss").value({"loss": math.inf}) is None
