"""Words of the page's `probe.js` and the files of its tab."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of a tab
    "probe": translatable("Probe"),
    # Translators: heads of the four cards of the tab Probe
    "probe_pick": translatable("Pick a weight"),
    "probe_along": translatable("Loss along this weight"),
    "probe_slopes": translatable("Its slope, two ways"),
    "probe_over": translatable("Loss over both weights"),
    "probe_pictures": translatable("Weights of the first layer; arrow keys pick another pixel."),
    "probe_near": translatable("Weights of one unit, enlarged; arrow keys pick another pixel."),
    # Translators: one of two weights that can be picked, as on a map with two axes
    "probe_first": translatable("First weight"),
    "probe_second": translatable("Second weight"),
    # Translators: W1, b1, W2, …
    "probe_parameter": translatable("Parameter"),
    # Translators: the number of the unit, or pixel, that a weight comes from
    "probe_input": translatable("From input"),
    # Translators: the number of the unit that a weight leads to
    "probe_unit": translatable("To unit"),
    # Translators: a button: picks the weight with the largest gradient
    "probe_steepest": translatable("Steepest"),
    "probe_samples": translatable("Training samples"),
    "probe_hold": translatable("Hold still while training goes on"),
    "probe_about": translatable(
        "After update {iteration}. The loss is the mean over the {samples} samples that training takes first."
    ),
    "probe_decay": translatable("The penalty of weight decay is part of it."),
    # Translators: how far around a weight a curve reaches
    "probe_range": translatable("Range"),
    # Translators: a range that is chosen so that one sees something
    "probe_adaptive": translatable("Adaptive"),
    "probe_close": translatable("Around w ± h"),
    "probe_value": translatable("Value of the weight"),
    # Translators: names a slider that gives a weight another value
    "probe_drag": translatable("Drag the weight"),
    "probe_put_back": translatable("Put back"),
    "probe_moved": translatable("Moved on a copy: the training goes on with {value}."),
    "probe_loss": translatable("Loss"),
    # Translators: the share of these samples that the network classifies rightly
    "probe_accuracy": translatable("Accuracy on these samples"),
    # Translators: a value before the weight was moved by hand
    "probe_before": translatable("before: {value}"),
    # Translators: a straight line that touches the curve
    "probe_tangent": translatable("Tangent: backpropagation"),
    # Translators: a straight line through two points of the curve
    "probe_secant": translatable("Secant: central difference"),
    "probe_kinks": translatable("A ReLU switches in a sample"),
    "probe_offset": translatable("distance from w"),
    "probe_loss_offset": translatable("loss, less that at w"),
    "probe_step": translatable("Step h"),
    "probe_precision": translatable("Precision"),
    "probe_numerical": translatable("Numerical slope"),
    "probe_backprop": translatable("Slope by backpropagation"),
    "probe_difference": translatable("Difference"),
    "probe_error": translatable("Difference of the two slopes, over h"),
    # Translators: a horizontal line in a chart: here the error is as large as the slope itself
    "probe_size": translatable("Size of the slope"),
    # Translators: what makes the error at a small h; stands in a chart
    "probe_rounding": translatable("rounding"),
    # Translators: what makes the error at a large h; stands in a chart
    "probe_truncation": translatable("truncation"),
    "probe_way": translatable("Way while training"),
    # Translators: an arrow that points where the loss falls fastest
    "probe_downhill": translatable("Downhill: minus the gradient"),
    "probe_map_note": translatable(
        "All other weights stay as they are now. While training they moved too, and other samples counted: "
        "the way need not lead downhill here."
    ),
    "probe_update": translatable("update"),
}
