"""Why a function is left to the plain loop."""


class Refused(Exception):
    """Not an error: what was found, worded to follow "the plain loop, because"."""


class RefusedNow(Refused):
    """Found in the present numbers, such as weights that are too large. The same function may be recognised later."""
