"""The page of one training or of several: one HTML file that needs nothing else, and the same for a notebook."""

from __future__ import annotations

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
    return str(
        rendered(
            "page.html",
            language=language(),
            title=_title(trainings),
            style=_style(),
            sections=_sections(trainings),
            words={
                # Translators: names the list of links to the parts of a page.
                "contents": sentence("Contents"),
                "made": sentence("Made by zerokara {version}.", version=VERSION),
            },
        )
    )


def fragment(trainings: Sequence[Reported]) -> str:
    """The same sections for a notebook, in a box whose style touches nothing around it."""
    return str(rendered("fragment.html", language=language(), style=_style(), sections=_sections(trainings)))


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
