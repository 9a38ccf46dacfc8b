"""Words of the page's `step*.js`. Formulas are Python's: x, W1, a1, δ1, … are as in the textbook in every language."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of a tab: one update of the weights, shown step by step
    "step": translatable("One update"),
    # Translators: a title: the picture that one update of the weights is shown with
    "step_picture": translatable("The picture"),
    # Translators: before a list of classes: what a drawing is meant to be
    "step_label": translatable("Label"),
    # Translators: answer is the name of a class and its probability
    "step_answer": translatable("The network's answer: {answer}"),
    "step_held": translatable("Network after update {iteration}, held still while you look"),
    # Translators: a button: look at the network as it is now, after more updates
    "step_newest": translatable("Take the newest"),
    # Translators: what the places of the network are, from the picture to the loss and back, to a screen reader
    "step_places": translatable("Stages of the update, in their places"),
    # Translators: labels of three rows of pictures: from the picture to the loss, back, and the new weights
    "step_forward": translatable("Forward"),
    "step_backward": translatable("Backward"),
    "step_update": translatable("Update"),
    # Translators: buttons with an arrow beside them, and what stands between
    "step_before": translatable("Back"),
    "step_next": translatable("Next"),
    "step_of": translatable("Stage {n} of {total}"),
    # Translators: above a picture of numbers that can be chosen with the mouse or arrow keys
    "step_keys": translatable(
        "Point at a cell for its number; a click or arrow keys choose it. Arrow keys elsewhere go on and back."
    ),
    # Translators: the following say what happens at one stage of an update; letters such as W, b, y, t and L stay
    "step_says_x": translatable("The picture becomes one row of {n} numbers: the input x."),
    "step_says_a": translatable(
        "Every unit multiplies all its inputs by its weights, adds the products up, and adds its bias."
    ),
    "step_says_z": translatable("The activation function {name} is applied to each number by itself."),
    "step_says_y": translatable("Softmax turns the scores into probabilities: all positive, and 1 together."),
    "step_says_L": translatable("The loss says in one number how far the output y is from the label t."),
    "step_says_d_difference": translatable(
        "Now back: how does the loss change with each score? With softmax and cross entropy the answer is y − t. "
        "The last column computes it anew: each score moved by h = {h} up and down, the loss computed both times."
    ),
    "step_says_d_other": translatable(
        "Now back: how does the loss change with each score? With this loss it is not y − t. "
        "The last column computes it anew: each score moved by h = {h} up and down, the loss computed both times."
    ),
    "step_says_dW": translatable("The gradient of a weight: what came in by it, times the δ of the unit it leads to."),
    "step_says_dW_decay": translatable(
        "The gradient of a weight: what came in by it, times the δ of the unit it leads to, and λ times the weight "
        "itself for weight decay."
    ),
    "step_says_dz": translatable("Each δ goes back by the weights that the numbers came by, and is added up again."),
    "step_says_d": translatable(
        "What came back is multiplied by the slope of {name}: where that is flat, nothing goes further back."
    ),
    "step_says_nW": translatable(
        "The optimizer {name} moves every weight and bias against its gradient. In training that is the mean over a "
        "mini-batch of {batch} samples; here it is that of one picture alone."
    ),
    "step_says_nL": translatable("The same picture once more, with the new weights: this is the loss now."),
}
