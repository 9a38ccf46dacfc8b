"""Words of the page's `boot.js`, which are there before a lab is."""

from zerokara.words import translatable

TEXTS = {
    "lost": translatable(
        "The connection to the lab was lost, and this page tries to get it back. If the lab was ended, any runs "
        "it made are kept. Start it again in the same way, and open the address that it prints."
    ),
    "ended": translatable(
        "This lab has ended; if it made runs, they are kept. Start it again in the same way, and open the address that "
        "it prints."
    ),
    "full": translatable("Too many pages of this lab are open. Close some of them; this page then goes on."),
    # Translators: a message in a browser that runs no scripts.
    "script": translatable("This page needs JavaScript."),
}
