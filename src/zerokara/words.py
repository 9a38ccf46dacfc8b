"""What a user reads: one place words all of it, in English, Japanese or Korean.

Every sentence a user may read is written in English where it is needed and goes through `sentence`, which translates it
by the catalogues in locales/ and fills in the facts. A good one says what was wrong, what was got, what was expected,
what was done about it, and what to do next. It is whole: another language puts its words in another order, so that no
part of a sentence, and no word that it needs, can be a fact of it. Facts are names, numbers, paths, and what the system
or a library said.

Whatever a program may read (keys, states, names of options and files) is never translated.
"""

import importlib.util
import os
import shlex
import struct
import sys
from pathlib import Path
from typing import Protocol

LANGUAGES = ("en", "ja", "ko")
OTHER_NAMES = {"jp": "ja", "japanese": "ja", "kr": "ko", "korean": "ko"}
"""Of countries, which many take for languages, and of languages on Windows: Japanese_Japan.932."""
LOCALES = Path(__file__).with_name("locales")


class Catalogue(Protocol):
    """What gettext's translations have: English in, the other language out."""

    def gettext(self, message: str) -> str:
        """The translation of a sentence."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The translation of the first where n is 1 in English, else of the second, in the plural form for n."""


class English:
    """The language in which sentences are written."""

    def gettext(self, message: str) -> str:
        """The sentence itself."""
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The first for 1, else the second."""
        return msgid1 if n == 1 else msgid2


_spoken: tuple[str, Catalogue] | None = None
"""The language and its catalogue; None until a sentence is needed."""


def sentence(template: str, /, **facts: object) -> str:
    """Translate a sentence and fill in the facts of the case.

    >>> sentence("{name} must be a positive number. Got {got}.", name="learning_rate", got=-0.1)
    'learning_rate must be a positive number. Got -0.1.'
    """
    return _catalogue().gettext(template).format(**facts)


def plural(one: str, many: str, /, n: int, **facts: object) -> str:
    """The sentence for n things: `one` where English has the singular. `{n}` is a fact of it.

    >>> plural("{n} run was removed.", "{n:,} runs were removed.", n=1200)
    '1,200 runs were removed.'
    """
    return _catalogue().ngettext(one, many, n).format(n=n, **facts)


def translatable(template: str, /) -> str:
    """Mark a sentence that a constant, a table or a field holds; `sentence` translates it when it is shown."""
    return template


def in_english(template: str, /, **facts: object) -> str:
    """Fill in a text that stays English: what only developers read, or what lies in a file for programs."""
    return template.format(**facts)


def paragraph(*sentences: str) -> str:
    """Whole sentences one after the other; empty ones are left out. Japanese puts no space between them.

    >>> paragraph("It failed.", "", "Nothing was written.")
    'It failed. Nothing was written.'
    """
    return ("" if language() == "ja" else " ").join(filter(None, sentences))


def language() -> str:
    """The language that is spoken: en, ja or ko. Until `set_language` is called, that of the environment."""
    _catalogue()
    assert _spoken is not None
    return _spoken[0]


def set_language(name: str | None) -> str:
    """Speak another language from now on, such as "ja", "ko" or "ja_JP.UTF-8"; with None, that of the environment.

    Returns the language that is spoken: English where the name is of one that zerokara does not speak, or its catalogue
    cannot be read.
    """
    global _spoken
    known = (_known(name) if name is not None else _of_environment()) or "en"
    try:
        _spoken = (known, _read(known))
    except (OSError, ValueError, struct.error):  # a catalogue that is lost or damaged must not take the error's place
        _spoken = ("en", English())
    return _spoken[0]


def is_spoken(name: str) -> bool:
    """Whether zerokara speaks the language of that name."""
    return _known(name) is not None


def to_install(*packages: str) -> str:
    """The command that brings packages to the Python that is running, wherever the user's shell is."""
    pip = [sys.executable, "-m", "pip", "install"]
    uv = ["uv", "pip", "install", "--python", sys.executable]
    return shlex.join([*(pip if importlib.util.find_spec("pip") else uv), *packages])


def _catalogue() -> Catalogue:
    if _spoken is None:
        set_language(None)
    assert _spoken is not None
    return _spoken[1]


def _read(known: str) -> Catalogue:
    if known == "en":
        return English()
    from gettext import GNUTranslations  # English starts without it

    with open(LOCALES / known / "LC_MESSAGES" / "zerokara.mo", "rb") as file:
        return GNUTranslations(file)


def _known(name: str) -> str | None:
    """The language of ja, ja_JP.UTF-8, ja-JP or Japanese_Japan.932; None for one that is not spoken here."""
    word = str(name).strip().lower()
    for mark in "_-.@":
        word = word.partition(mark)[0]
    word = OTHER_NAMES.get(word, word)
    return word if word in LANGUAGES else None


def _of_environment() -> str | None:
    """That of ZEROKARA_LANG; else of the first of LC_ALL, LC_MESSAGES and LANG that is set; else of the system."""
    asked = os.environ.get("ZEROKARA_LANG")
    if asked:
        return _known(asked)
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), None)
    found = _known(named or _of_system())
    return found if found and _can_be_printed(found) else None


def _of_system() -> str:
    """What the system is set to where no variable says so, as in a notebook that was started from a menu."""
    if sys.platform == "win32":
        import ctypes
        from locale import windows_locale

        return windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    if sys.platform == "darwin":
        import subprocess

        return subprocess.run(["defaults", "read", "-g", "AppleLocale"], capture_output=True, text=True).stdout
    return ""


def _can_be_printed(known: str) -> bool:
    """Whether the terminal has its letters; where it has not, English is better than question marks."""
    try:
        {"en": "", "ja": "重み", "ko": "가중치"}[known].encode(getattr(sys.stderr, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
