"""Words of the page's tab Train: `train.js` and the files whose names begin with `train_`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: the name of a tab
    "train": translatable("Train"),
    # Translators: the group of buttons that steer a training
    "controls": translatable("Controls"),
    # Translators: a button: begin to train
    "start": translatable("Start"),
    # Translators: a button: begin a new training, after one has ended
    "start_again": translatable("Start again"),
    # Translators: a button: begin a new training with what stands in the form above
    "start_recipe": translatable("Start with this recipe"),
    # Translators: a button: let a training rest
    "pause": translatable("Pause"),
    # Translators: a button: a training that rests goes on
    "go_on": translatable("Go on"),
    # Translators: a button: do one update and rest
    "one_update": translatable("One update"),
    # Translators: a button: train for one epoch and rest
    "one_epoch": translatable("One epoch"),
    # Translators: a button: end the training for good
    "stop": translatable("Stop"),
    # Translators: a slider: how many updates are done in a second
    "pace": translatable("Pace"),
    # Translators: how many updates are done in a second, in few letters
    "per_second": translatable("{n}/s"),
    "full_speed": translatable("Full speed"),
    # Translators: before a box for a number, in percent
    "until": translatable("Test accuracy"),
    # Translators: a button: train until the test accuracy in the box before it is reached
    "train_until": translatable("Train until then"),
    "learning_rate": translatable("Learning rate"),
    "momentum": translatable("Momentum"),
    # Translators: weight decay, a penalty on large weights
    "weight_decay": translatable("L2"),
    # Translators: head of a list of settings that were changed while the network was trained
    "changes": translatable("Changes: {n}"),
    # Translators: an item of a list of settings that were changed while the network was trained
    "change": translatable("After update {iteration}: {setting} {value}"),
    # Translators: the number of an update; also the axis of a chart
    "update": translatable("Update"),
    # Translators: a button: continue from the earlier update that was chosen
    "go_back": translatable("Go back"),
    # Translators: a button: after going back, go to a later update that was chosen
    "go_forward": translatable("Go forward"),
    "fact_epoch": translatable("Epoch"),
    "fact_rate": translatable("Updates per second"),
    "fact_left": translatable("Time left"),
    # Translators: after the number of the update that was done: how many there will be
    "of": translatable("of {all}"),
    # Translators: everything that decides what a training computes
    "recipe": translatable("Recipe"),
    "recipe_help": translatable(
        "What the next training computes. An empty field takes the value that fits the others."
    ),
    # Translators: a group of fields of a recipe
    "table_network": translatable("Network"),
    # Translators: a group of fields of a recipe
    "table_data": translatable("Data"),
    # Translators: a group of fields of a recipe
    "table_training": translatable("Training"),
    "command": translatable("As a command"),
    "toml": translatable("As a file (TOML)"),
    # Translators: a button
    "copy": translatable("Copy"),
    # Translators: after the button Copy was pressed
    "copied": translatable("Copied"),
    "loss_title": translatable("Loss of each update"),
    "log_scale": translatable("Log scale"),
    # Translators: name of a curve: the loss of each update
    "each_update": translatable("each update"),
    # Translators: name of a curve: each point is the mean loss of so many updates, 2 or more
    "mean_of": translatable("mean of {n} updates"),
    # Translators: name of a curve
    "smoothed": translatable("smoothed"),
    # Translators: of several numbers
    "largest": translatable("largest"),
    # Translators: of several numbers
    "smallest": translatable("smallest"),
    "accuracy": translatable("Accuracy"),
    # Translators: name of a curve: the accuracy on the training data
    "training_samples": translatable("training data"),
    # Translators: name of a curve: the accuracy on the test data
    "test_samples": translatable("test data"),
    "earlier_runs": translatable("Earlier runs"),
    "no_runs": translatable("There are no earlier runs here yet."),
    "weights_title": translatable("What each hidden unit looks for (W1)"),
    "weights_label": translatable("The weights of each hidden unit, as a picture"),
    # Translators: a switch: each picture has colours that fit its own largest weight
    "each_scale": translatable("A scale for each"),
    "each_scale_help": translatable(
        "Give each picture the full strength of the colours, however small its weights are."
    ),
    # Translators: shown are only the first of all hidden units
    "first_units": translatable("The first {n} of {all} units"),
    # Translators: ink where a picture is blue speaks against the unit
    "against": translatable("ink speaks against"),
    # Translators: ink where a picture is orange speaks for the unit
    "in_favour": translatable("for the unit"),
    # Translators: a hidden unit, head of a column
    "unit": translatable("unit"),
    # Translators: the length of a vector, head of a column
    "norm": translatable("norm"),
    "confusion_title": translatable("What is taken for what"),
    "confusion_axes": translatable("rows: true, columns: read"),
    "confusion_help": translatable("Test samples of each class (rows), by the class that the network reads (columns)."),
    "not_evaluated": translatable("Shown once the network has seen the test data."),
    "misread_title": translatable("Misread, and sure of it"),
    "misread_axes": translatable("true → read"),
    # Translators: a digit that the network takes for another
    "misread_one": translatable("Test sample {index}: {label}, read as {answer}, certainty {certainty}"),
    "none_misread": translatable("No test sample is misread."),
    "sizes_title": translatable("Sizes of weights, gradients and updates"),
    # Translators: W1, b1 and so on, head of a column
    "parameter": translatable("parameter"),
    # Translators: size of the weights, head of a column
    "weights": translatable("weights"),
    # Translators: size of the gradient, head of a column
    "gradient": translatable("gradient"),
    # Translators: size of the last update, head of a column
    "last_update": translatable("update"),
    # Translators: size of the last update divided by that of the weights, head of a column
    "ratio": translatable("update / weights"),
    # Translators: what the doctor found in this training
    "findings_title": translatable("What the doctor finds"),
    # Translators: keys that do something anywhere on the page
    "keys": translatable("Keyboard"),
    "key_space": translatable("Space: start, pause, go on."),
    "key_point": translatable("Full stop: one update."),
    "key_arrows": translatable("Arrow keys: move in sliders, tabs and pictures."),
}
