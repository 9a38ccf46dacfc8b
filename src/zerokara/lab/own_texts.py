"""Words of the page's `own*.js`: of a learner's own script."""

from zerokara.words import translatable

TEXTS = {
    # Translators: what the source text of a file is to a screen reader
    "script_lines": translatable("The lines of {name}"),
}

INSTEAD = {
    # Translators: how many losses a learner's own list has; also the axis of a chart
    "update": translatable("Losses recorded"),
    "loss_title": translatable("Losses that were recorded"),
    # Translators: name of a curve: each loss that was recorded
    "each_update": translatable("each loss"),
    # Translators: name of a curve: each point is the mean of so many losses, 2 or more
    "mean_of": translatable("mean of {n} losses"),
    "draw_wrong": translatable("Misread test samples: {n}"),
    "probe_about": translatable("The loss is the mean over {samples} of its training samples."),
    "step_held": translatable("Its network, held still while you look"),
}
"""What stands there for a learner's own training in the place of other words: nobody counts its updates."""
