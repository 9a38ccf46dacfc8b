"""Words of the page's `own*.js`: of a learner's own script."""

TEXTS: dict[str, str] = {}
