"""The page of one training or of several: one HTML file that needs nothing else, and the same for a notebook."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.report.sections import SECTIONS
from zerokara.version import VERSION
from zerokara.words import language, sentence

if TYPE_CHECKING:
    from markupsafe import Markup


def page(trainings: Sequence[Reported]) -> str:
    """The page of these trainings, in the language that is spoken: HTML that asks for no other file, and runs nothing.

    Args:
        trainings: one; or several, in the order in which they are compared.
    """
    return composed(_title(trainings), _sections(trainings))


def composed(title: str, sections: Sequence[tuple[str, str, Markup]]) -> str:
    """A page of any sections: the id, heading and content of each."""
    return _readable(
        rendered(
            "page.html",
            language=language(),
            title=title,
            style=_style(),
            sections=sections,
            words={
                # Translators: names the list of links to the parts of a page.
                "contents": sentence("Contents"),
                "made": sentence("Made by zerokara {version}.", version=VERSION),
            },
        )
    )


def fragment(trainings: Sequence[Reported]) -> str:
    """The same sections for a notebook, in a box whose style touches nothing around it."""
    return _readable(
        rendered(
            "fragment.html",
            language=language(),
            title=_title(trainings),
            style=_style(),
            sections=_sections(trainings),
        )
    )


UNREADABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What no page may hold, or what turns the order of letters around: names of folders may have any of it."""


def _readable(html: str) -> str:
    return UNREADABLE.sub("\ufffd", html)


def _title(trainings: Sequence[Reported]) -> str:
    names = [training.name for training in trainings]
    if len(names) <= 3:
        return ", ".join(names)
    return sentence("{first} and {n} more", first=names[0], n=len(names) - 1)


def _sections(trainings: Sequence[Reported]) -> list[tuple[str, str, Markup]]:
    """The id, heading and content of those that have something to show."""
    made = ((section, section.content(trainings)) for section in SECTIONS)
    return [(section.id, sentence(section.heading), content) for section, content in made if content is not None]


@cache
def _style() -> Markup:
    from markupsafe import Markup

    return Markup(files("zerokara.report").joinpath("templates/page.css").read_text(encoding="utf-8"))
