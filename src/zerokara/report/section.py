"""A section of a page: what it is called, and what makes its HTML of one training or of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from zerokara.report.reported import Reported

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

Content = Callable[[Sequence[Reported]], "Markup | None"]


@dataclass(frozen=True)
class Section:
    """One section of a page, a notebook's output, or the lab.

    Attributes:
        id: the same in every language: the anchor in the page.
        heading: translatable.
        content: its HTML, everything in it escaped; None where there is nothing to show of these trainings.
    """

    id: str
    heading: str
    content: Content


def of_one(content: Callable[[Reported], Markup | None]) -> Content:
    """What makes a section of one training, for a page of one; nothing on a page of several."""

    def of(trainings: Sequence[Reported]) -> Markup | None:
        return content(trainings[0]) if len(trainings) == 1 else None

    return of


def of_several(content: Content) -> Content:
    """What makes a section of several trainings; nothing on a page of one."""

    def of(trainings: Sequence[Reported]) -> Markup | None:
        return content(trainings) if len(trainings) > 1 else None

    return of


def rendered(template: str, **context: Any) -> Markup:
    """A template of this room with these values in it, all of them escaped but for `Markup`."""
    from markupsafe import Markup

    return Markup(environment().get_template(template).render(**context))


@cache
def environment() -> Environment:
    """The templates, which hold no words: those come in the language that is spoken."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("zerokara.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
