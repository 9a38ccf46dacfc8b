"""Keeps the catalogues of src/zerokara/locales: what is said in English, and how Japanese and Korean say it.

    make words   # takes new sentences in, drops old ones, and compiles what `zerokara.words` reads

Sentences without a translation are listed. `docs/GLOSSARY.md` has the terms. `tests/test_words.py` fails where a
catalogue is not that of the code, lacks a translation, or is not compiled.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).parents[1] / "src"
LOCALES = SOURCE / "zerokara" / "locales"
LANGUAGES = ("ja", "ko")
KEYWORDS = {"sentence": None, "translatable": None, "plural": (1, 2)}
"""The functions of `zerokara.words`, and which of their arguments are translated."""
ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)
"""The header's date: a catalogue changes where its sentences do, and not each time it is written."""


def sentences() -> Catalog:
    """Every sentence of the code, with the files it is in."""
    found = Catalog(project="zerokara", charset="utf-8", creation_date=ALWAYS, revision_date=ALWAYS)
    extracted = extract_from_dir(
        SOURCE, [("**.py", "python")], keywords=KEYWORDS, comment_tags=["Translators:"], strip_comment_tags=True
    )
    for file, _, message, comments, context in sorted(extracted, key=lambda one: (one[0], one[1])):
        found.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    return found


def path(language: str, kind: str = "po") -> Path:
    """The file of a catalogue: "po" for people, "mo" for `zerokara.words`."""
    return LOCALES / language / "LC_MESSAGES" / f"zerokara.{kind}"


def read(language: str) -> Catalog:
    """A catalogue as it is kept."""
    with path(language).open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """A catalogue with the code's sentences: new ones lack a translation, those that are no longer said are gone."""
    kept = read(language) if path(language).exists() else Catalog(locale=language)
    made = sentences()
    made.locale, made.fuzzy = kept.locale, False
    made.revision_date = ALWAYS
    for message in made:
        if message.id and (old := kept.get(message.id)) and not old.fuzzy:
            message.string = old.string
            message.user_comments = old.user_comments
    return made


def text(catalogue: Catalog) -> bytes:
    """A catalogue as its file has it."""
    file = io.BytesIO()
    write_po(file, catalogue, width=120, include_lineno=False, ignore_obsolete=True)
    return file.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """A catalogue as gettext reads it."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def untranslated(catalogue: Catalog) -> Iterator[Message]:
    """The messages without a translation."""
    for message in catalogue:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(strings)):
            yield message


def placeholders(template: str) -> set[tuple[str, str, str]]:
    """The facts that a template names, with how each is written: {n:,} and {got!r}."""
    parsed = Formatter().parse(template)
    return {(name, spec or "", conversion or "") for _, name, spec, conversion in parsed if name is not None}


def differing(catalogue: Catalog) -> Iterator[Message]:
    """The messages whose translation does not name the same facts, written in the same way."""
    for message in catalogue:
        if message.id:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if any(string and placeholders(string) != placeholders(ids[-1]) for string in strings):
                yield message


def main() -> None:
    """Write and compile both catalogues; list what is missing."""
    for language in LANGUAGES:
        catalogue = updated(language)
        path(language).parent.mkdir(parents=True, exist_ok=True)
        path(language).write_bytes(text(catalogue))
        path(language, "mo").write_bytes(compiled(read(language)))
        missing, wrong = list(untranslated(catalogue)), list(differing(catalogue))
        print(f"{language}: {len(catalogue)} sentences, {len(missing)} not translated, {len(wrong)} with other facts")
        for message in [*missing, *wrong]:
            print(f"  {message.id!r}")


if __name__ == "__main__":
    main()
