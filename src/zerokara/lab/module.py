"""The page's files: one ES module, one style sheet, and the HTML that a browser begins with.

What is in `page/` is written by hand and served as it is. uPlot (`page/uplot/`) and the parts of our own are put one
after the other, in this order; together they are one module, with one scope, which a browser is served as a file and
anywidget is given as text. There is no build step.
"""

from __future__ import annotations

import html
from functools import cache
from importlib.resources import files
from string import Template

from zerokara.lab import boot_texts
from zerokara.words import language, sentence

SCRIPTS = (
    "uplot/uPlot.iife.min.js",
    "base.js",
    "theme.js",
    "numbers.js",
    "tables.js",
    "pictures.js",
    "charts.js",
    "train.js",
    "draw_sheet.js",
    "draw_ink.js",
    "draw_files.js",
    "draw_pixels.js",
    "draw_samples.js",
    "draw_answer.js",
    "draw_units.js",
    "draw_unit.js",
    "train_controls.js",
    "train_form.js",
    "train_curves.js",
    "train_pictures.js",
    "train_layers.js",
    "draw.js",
    "probe_plane.js",
    "probe_pick.js",
    "probe_curve.js",
    "probe_slopes.js",
    "probe_surface.js",
    "probe.js",
    "step_markup.js",
    "step_numbers.js",
    "step_overview.js",
    "step_stage.js",
    "step_picture.js",
    "step.js",
    "lesson_states.js",
    "lesson_parts.js",
    "lessons.js",
    "own.js",
    "own_source.js",
    "notebook.js",
    "lab.js",
)
STYLES = (
    "boot.css",
    "uplot/uPlot.min.css",
    "base.css",
    "train.css",
    "draw.css",
    "probe.css",
    "step.css",
    "lessons.css",
    "own.css",
    "notebook.css",
)


@cache
def script() -> str:
    """The module."""
    return "\n".join(map(_text, SCRIPTS))


@cache
def style() -> str:
    """Its style sheet."""
    return "\n".join(map(_text, STYLES))


def page(token: str) -> str:
    """The HTML that a browser begins with."""
    words = {key: html.escape(sentence(text)) for key, text in boot_texts.TEXTS.items()}
    return Template(_text("index.html")).substitute(words, token=token, language=language())


def boot() -> str:
    """What that runs: it opens the socket, and hands it to the module."""
    return _text("boot.js")


def _text(name: str) -> str:
    return files("zerokara.lab").joinpath("page", name).read_text(encoding="utf-8")
