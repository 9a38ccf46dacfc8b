"""What the compiled core refuses, in words. The core itself raises a name and the facts of the case, `_core.Refusal`.

Most of it guards against mistakes in `zerokara.engine.compiled`, which words by itself what users may meet.
"""

from zerokara.errors import IN_A_TABLE
from zerokara.nn.formulas import OTHER_PARAMETERS
from zerokara.words import sentence, translatable

REFUSALS = {
    "layers-differ": translatable("weights and biases must be lists of the same length, at least 1."),
    "weights-empty": translatable("W{layer} must not be empty."),
    "weights-rows": translatable("W{layer} must have as many rows as the layer before has units."),
    "biases-length": translatable("b{layer} must have one element per column of W{layer}."),
    "unknown-name": IN_A_TABLE,
    "weight-decay-negative": translatable("weight_decay must be 0 or a positive number. Got {got}."),
    "threads-range": translatable("threads must lie from 1 to 1024. Got {got}."),
    "too-many-features": translatable("The compiled engine takes at most {most} features."),
    "settings-differ": translatable("This optimizer has the settings {known}, and no other."),
    "slots-differ": translatable("This optimizer has the slots {known}, and no other."),
    "slot-length": translatable("A slot of the optimizer must have one array for each parameter."),
    "slot-shape": translatable("The optimizer's state must have the shapes of the parameters."),
    "pixels-dtype": translatable("pixels must be uint8, float32 or float64."),
    "pixels-columns": translatable("pixels must have as many columns as W1 has rows."),
    "full-negative": translatable("full must be positive, or 0 for pixels that are values."),
    "labels-length": translatable("There must be one label per sample."),
    "labels-range": translatable("Labels must lie from 0 to {last}. Got {got}."),
    "batches-range": translatable("Sample indices must lie from 0 to {last}. Got {got}."),
    "batch-size": translatable("The compiled engine takes batches of 1 to {most} samples."),
    "losses-length": translatable("losses must have one element per batch."),
    "scores-shape": translatable("scores must have shape (samples, classes)."),
    "classes-length": translatable("classes must have one element per sample."),
    "x-columns": translatable("x must have as many columns as W1 has rows."),
    "x-empty": translatable("x must have at least one row."),
    "targets-rows": translatable("targets must have one row per row of x."),
    "targets-columns": translatable("targets must have one column per class."),
    "parameters-differ": OTHER_PARAMETERS,
    "points-order": translatable("above must be larger than below, and both finite. Got {above} and {below}."),
    "gradients-missing": translatable("There must be a gradient, or None, for each parameter."),
    "gradient-shape": translatable("A gradient must have the shape of its parameter."),
    "level-unknown": translatable("ZEROKARA_LEVEL must be v4, v3 or baseline. Got {got}. Unset it to take the best."),
    "level-too-high": translatable(
        "ZEROKARA_LEVEL asks for {got}, but this machine and this build go no further than {best}. "
        "Unset it to take the best."
    ),
}
"""What the core calls it → what a user reads."""


def worded(refusal: ValueError) -> str:
    """The sentence for a `_core.Refusal`."""
    name, facts = refusal.args
    return sentence(REFUSALS[name], **facts)
