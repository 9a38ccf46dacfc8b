"""The one exception of this room: why a function is left to the plain loop."""


class Refused(Exception):
    """Not an error: what was found, worded to follow "the plain loop, because"."""
