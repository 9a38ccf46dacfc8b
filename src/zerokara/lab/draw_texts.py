"""Words of the page's `draw.js`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of a tab
    "draw": translatable("Draw"),
}
