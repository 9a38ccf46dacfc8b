"""Words of the page's `base.js`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of the program
    "lab": translatable("zerokara lab"),
}
