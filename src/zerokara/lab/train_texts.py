"""Words of the page's `train.js`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of a tab
    "train": translatable("Train"),
}
