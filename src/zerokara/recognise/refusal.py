"""Why a function is left to the plain loop."""

from zerokara.words import sentence


class Refused(Exception):
    """Not an error: what was found, as a whole sentence in the user's language. Its "it" is the function."""


class RefusedNow(Refused):
    """Found in the present numbers, such as weights that are too large. The same function may be recognised later."""


def unknown(name: str) -> Refused:
    """The refusal of an attribute, or of the items, of a class that is not looked into."""
    return Refused(sentence("Nothing is known of {name}.", name=name))
