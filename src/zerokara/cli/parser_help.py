"""The help of the commands that cyclopts parses, made of the fields it hands to a formatter, in the user's language.

Its own texts, such as "[required]", are replaced by ours; what commands and options are for stands beside them, as
translatable texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zerokara.words import sentence, translatable

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel

    from zerokara.cli.help import Panel

TITLES = {
    "Commands": translatable("Commands"),
    # Translators: what a command takes by its place, such as the name of a run; not mathematics.
    "Arguments": translatable("Arguments"),
    "Parameters": translatable("Options"),
}
"""cyclopts' titles in our words. In zerokara, parameters are those of a network."""
EVERYWHERE = ("--help", "--version")
"""Of which `help_page` tells itself."""


class HelpPage:
    """A help formatter of cyclopts: it keeps what it is given, until all of it is printed as one page."""

    def __init__(self) -> None:
        self._usage, self._version = "", False
        self._description: list[str] = []
        self._panels: list[Panel] = []

    def render_usage(self, console: object, options: object, usage: Any) -> None:
        """Keep how the command is called, which comes first."""
        self._usage, self._version = _plain(usage).removeprefix("Usage: "), False
        self._description, self._panels = [], []

    def render_description(self, console: object, options: object, description: Any) -> None:
        """Keep what the command does."""
        self._description = [sentence(text) for text in _plain(description).split("\n\n") if text]

    def __call__(self, console: object, options: object, panel: HelpPanel) -> None:
        """Keep some options or commands."""
        self._version = self._version or any("--version" in entry.names for entry in panel.entries)
        from zerokara.cli.help import Panel  # here, as whoever asks for no help need not wait for it

        rows = [(_label(entry), _told(entry)) for entry in panel.entries if not set(EVERYWHERE) & set(entry.names)]
        if rows:
            title = TITLES.get(str(panel.title), str(panel.title))
            self._panels.append(Panel(sentence(title), rows))

    def print(self) -> None:
        """Print the page, if there is one."""
        if self._usage:
            from zerokara.cli.help import help_page

            print(help_page(self._usage, self._description, self._panels, version=self._version))
        self._usage = ""


def _plain(text: Any) -> str:
    """The text that cyclopts has put into one of rich's objects."""
    return str(getattr(getattr(text, "primary_renderable", text), "plain", text)).strip()


def _label(entry: HelpEntry) -> str:
    """How an option is written. Before version 5, cyclopts does not say what kind of value it takes."""
    labels = getattr(entry, "display_labels_with_metavar", None) or (*entry.names, *entry.shorts)
    return ", ".join(labels)


def _told(entry: HelpEntry) -> str:
    from zerokara.cli.help import told
    from zerokara.cli.options import choices_of

    text = _plain(entry.description)
    choices = next(filter(None, map(choices_of, entry.names)), ())
    default = None if entry.default == "False" else entry.default  # a flag is off, which goes without saying
    return told(sentence(text) if text else "", choices, default, required=entry.required)
