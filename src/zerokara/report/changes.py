"""What was changed while a network trained, and the run from an earlier update of which it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zerokara.report.repetition import written
from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.training.changes import Change, Parent
from zerokara.words import plural, sentence, translatable

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_SHOWN = 40
"""Changes that a table names, the first ones; run.json has all of them."""
HEADS = (
    # Translators: head of a column of numbers of updates, after each of which a setting was changed
    translatable("after update"),
    translatable("option"),
    translatable("value"),
)
CHANGES = translatable("Changed while it trained")
NOT_IN_RECIPE = translatable("What was changed while {run} trained is not part of its recipe.")


def changes(training: Reported) -> Markup | None:
    """A line for each change, and the sentence on its parent; None of a training that nobody touched."""
    if not training.changes and training.parent is None:
        return None
    return rendered(
        "changes.html",
        told=[] if training.parent is None else [parent_in_words(training.parent)],
        caption=sentence(NOT_IN_RECIPE, run=training.name),
        heads=[sentence(head) for head in HEADS],
        rows=rows(training.changes),
        more=left_out(training.changes),
    )


def rows(made: Sequence[Change]) -> list[tuple[str, str, str]]:
    """Update, setting and value of the first changes, as a table has them below `HEADS`."""
    return [
        (f"{change.iteration:,}", change.field, written(change.field, change.value)) for change in made[:MOST_SHOWN]
    ]


def left_out(made: Sequence[Change]) -> str:
    """A sentence on how many more there are than `rows` names; "" where it names all."""
    n = len(made) - MOST_SHOWN
    if n <= 0:
        return ""
    return plural("{n:,} more change is not shown here.", "{n:,} more changes are not shown here.", n=n)


def parent_in_words(parent: Parent) -> str:
    """Where a training goes on from."""
    return sentence("It goes on from update {iteration:,} of {run}.", iteration=parent.iteration, run=parent.run)
