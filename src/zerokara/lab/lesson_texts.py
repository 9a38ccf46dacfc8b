"""Words of the page's `lesson*.js`."""

TEXTS: dict[str, str] = {}
