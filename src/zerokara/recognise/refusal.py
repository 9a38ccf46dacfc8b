"""Why a function is left to the plain loop."""


class Refused(Exception):
    """Not an error: what was found, as a whole sentence in the user's language. Its "it" is the function."""


class RefusedNow(Refused):
    """Found in the present numbers, such as weights that are too large. The same function may be recognised later."""
