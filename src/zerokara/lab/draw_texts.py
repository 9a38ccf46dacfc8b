"""Words of the page's `draw*.js`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of a tab
    "draw": translatable("Draw"),
    # Translators: what is drawn, opened or edited; a label for screen readers
    "draw_what": translatable("What the network is asked about"),
    # Translators: one of two choices: to draw a picture
    "draw_ink": translatable("A drawing"),
    # Translators: one of two choices: a picture of the test data
    "draw_sample": translatable("A test sample"),
    "draw_sheet": translatable("A sheet to draw on"),
    # Translators: on an empty sheet
    "draw_hint": translatable("Draw here, or drop or paste a picture"),
    "draw_keys": translatable(
        "By keyboard: arrow keys move the cursor, Space inks a cell or clears it, Shift with an arrow key draws a "
        "line, E takes the eraser or the brush, Ctrl+Z undoes, Delete clears the sheet."
    ),
    "draw_undo": translatable("Undo"),
    # Translators: a button that takes all ink off the sheet
    "draw_clear": translatable("Clear"),
    "draw_eraser": translatable("Eraser"),
    "draw_width": translatable("Brush width"),
    # Translators: a button that opens a file of the computer
    "draw_file": translatable("Open a picture"),
    "draw_too_large": translatable(
        "The picture's file is too large, and this browser could not make it smaller. Expected at most 1 MB."
    ),
    "draw_no_pictures": translatable("Samples of these data are no gray pictures, so there is nothing to draw here."),
    "draw_pixels": translatable("Pixels that can be edited"),
    "draw_pixel_keys": translatable(
        "By keyboard: arrow keys move the cursor, Space gives the pixel the value to paint with, + and - change it, "
        "Shift with an arrow key draws a line, Ctrl+Z undoes, Delete restores all pixels."
    ),
    "draw_value": translatable("Value to paint with"),
    # Translators: a pixel, before a field with its value
    "draw_pixel": translatable("Row {row}, column {column}"),
    # Translators: a button: all pixels get back the values that they had before they were edited
    "draw_reset": translatable("As it was"),
    "draw_number": translatable("Number of the test sample"),
    # Translators: a button: any test sample
    "draw_random": translatable("At random"),
    # Translators: a button: the next test sample that the network takes for something else
    "draw_misread": translatable("Next misread"),
    # Translators: a title: the test samples that the network takes for something else, and is surest of
    "draw_most": translatable("Most confidently misread"),
    # Translators: a button: ask the network again which samples it misreads, as it has learned meanwhile
    "draw_again": translatable("Look again"),
    # Translators: what a test sample really is
    "draw_label": translatable("Label: {label}"),
    "draw_wrong": translatable("Misread test samples after {iteration} updates: {n}"),
    "draw_read_as": translatable("Label {label}, read as {answer}, {certainty}"),
    "draw_seen": translatable("What the network sees"),
    # Translators: a button: to change single pixels of the network's input
    "draw_edit": translatable("Edit these pixels"),
    "draw_answer": translatable("Answer"),
    "draw_probabilities": translatable("Probability of each class"),
    # Translators: below bars with a line and two numbers each, where units of the network are switched off
    "draw_before": translatable("The line and the second number are those with all units on."),
    "draw_hidden": translatable("Activity of the hidden units"),
    "draw_layer": translatable("Hidden layer {layer}"),
    "draw_more": translatable("Units shown: {shown} of {units}"),
    "draw_unit_keys": translatable(
        "Choose a unit with a click or arrow keys; a double click or Delete switches it off: its activation is 0 then."
    ),
    "draw_cell": translatable("Unit {unit}: {activity}"),
    "draw_cell_off": translatable("Unit {unit}, switched off"),
    "draw_all_on": translatable("All units on"),
    # Translators: a title; whose inputs are shown is not chosen yet
    "draw_unit_none": translatable("What spoke for and against a unit"),
    "draw_choose": translatable("Choose a hidden unit, or a class beside its probability."),
    # Translators: a title; units are numbered within their layer
    "draw_unit": translatable("Unit {unit} of hidden layer {layer}"),
    # Translators: a title; name is that of a class
    "draw_output": translatable("Output unit of class {name}"),
    "draw_unit_short": translatable("Unit {unit}"),
    "draw_off": translatable("Switch it off"),
    "draw_on": translatable("Switch it on"),
    "draw_input": translatable("Input"),
    "draw_weights": translatable("Weights"),
    "draw_contributions": translatable("Input × weights"),
    "draw_sum": translatable("Sum of inputs × weights"),
    "draw_bias": translatable("Bias"),
    # Translators: the sum of a unit's inputs times their weights, and of its bias
    "draw_total": translatable("Sum with the bias"),
    # Translators: of an output unit, before softmax
    "draw_score": translatable("Score"),
    # Translators: name is that of an activation function, such as relu
    "draw_activity": translatable("Activation ({name})"),
    "draw_activity_off": translatable("Activation, switched off"),
    # Translators: inputs of a unit that made its sum larger
    "draw_for": translatable("Spoke for it"),
    # Translators: inputs of a unit that made its sum smaller
    "draw_against": translatable("Spoke against it"),
    # Translators: a unit's activation times its weights to units of the next layer
    "draw_handed": translatable("What it hands on"),
}
