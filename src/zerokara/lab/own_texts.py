"""Words of the page's `own*.js`: of a learner's own script."""

from zerokara.words import translatable

TEXTS = {
    # Translators: what the source text of a file is to a screen reader
    "script_lines": translatable("The lines of {name}"),
}
