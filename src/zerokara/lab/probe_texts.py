"""Words of the page's `probe.js`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of a tab
    "probe": translatable("Probe"),
}
