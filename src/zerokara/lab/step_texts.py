"""Words of the page's `step*.js`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of a tab: one update of the weights, shown step by step
    "step": translatable("One update"),
}
