"""Words of the page's frame: `base.js`, `charts.js`, `lab.js`, `tables.js` and `theme.js`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of the program
    "lab": translatable("zerokara lab"),
    # Translators: what the tabs, such as Train, Draw and Probe, are to a screen reader
    "tabs": translatable("Parts of the lab"),
    # Translators: a switch between the colours of the page
    "theme": translatable("Colours"),
    # Translators: colours of the page: as the computer is set
    "theme_auto": translatable("Like the system"),
    # Translators: colours of the page
    "theme_light": translatable("Light"),
    # Translators: colours of the page
    "theme_dark": translatable("Dark"),
    # Translators: a switch that makes everything on the page larger
    "projector": translatable("Projector"),
    "projector_help": translatable("Large letters and lines, legible from the last row of a classroom."),
    "as_table": translatable("As a table"),
    # Translators: in a notebook
    "closed": translatable("This lab is closed. What was trained is kept; run the cell again to open a new one."),
    "watching": translatable("Another page steers this training, and this one watches."),
    # Translators: a button; another page steers the training until then
    "take_over": translatable("Take over"),
}
