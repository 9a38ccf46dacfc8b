"""Why a function is left to the plain loop."""

from __future__ import annotations

from zerokara.words import paragraph, sentence


class Refused(Exception):
    """Not an error: what was found, as a whole sentence in the user's language. Its "it" is the function."""

    names_its_line = False

    def locate(self, line: int, file: str | None = None) -> None:
        """Say where in the code this was found, unless that is known already; the file, where there are several."""
        if self.names_its_line:
            return
        where = (
            sentence("That is in line {line}.", line=line)
            if file is None
            else sentence("That is in line {line} of {file}.", line=line, file=file)
        )
        self.args, self.names_its_line = (paragraph(str(self), where),), True


class RefusedAt(Refused):
    """A refusal whose sentence names the line itself."""

    names_its_line = True


class RefusedNow(Refused):
    """Found in the present numbers, such as weights that are too large. The same function may be recognised later."""


def unknown(name: str) -> Refused:
    """The refusal of an attribute, or of the items, of a class that is not looked into."""
    return Refused(sentence("Nothing is known of {name}.", name=name))
