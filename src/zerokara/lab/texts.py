"""The words that stand on the page: one list for each of its files, translated when a page opens."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from zerokara.lab import draw_texts, lesson_texts, own_texts, page_texts, probe_texts, step_texts, train_texts
from zerokara.words import sentence

TEXTS = {
    **page_texts.TEXTS,
    **train_texts.TEXTS,
    **draw_texts.TEXTS,
    **probe_texts.TEXTS,
    **step_texts.TEXTS,
    **lesson_texts.TEXTS,
    **own_texts.TEXTS,
}
"""Key → English text, whole; {names} in it are put in by the page."""


def texts(instead: Mapping[str, str] | None = None) -> dict[str, str]:
    """All of them in the language that is spoken, some in the place of others."""
    return {key: sentence(text, **_themselves(text)) for key, text in {**TEXTS, **(instead or {})}.items()}


def _themselves(text: str) -> dict[str, str]:
    """Each {name} in a text, as a fact that stays that {name}."""
    names = [name for _, name, _, _ in Formatter().parse(text) if name]
    return {name: f"{{{name}}}" for name in names}
