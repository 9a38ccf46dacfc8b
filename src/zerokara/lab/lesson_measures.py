"""What a lesson can measure: numbers of the training and of the tabs, by name.

They come from the functions that the tabs ask, so they are those on the page. A value is a number, a text, or null
where there is none (a loss that is not finite, an accuracy before the first evaluation).

    of the training, as the tab Train shows it
    update, epoch               updates and epochs done
    loss                        the smoothed loss at the end of the curve; before the first update that of its batch
    loss.lowest, loss.highest   of all updates so far
    train_accuracy, test_accuracy, evaluated     of the latest evaluation, and the update that it was at
    gap                         train_accuracy - test_accuracy
    learning_rate, momentum, weight_decay        in use
    running, diverged, finished                  1 if that is how the training stands, else 0
    run                         name of its folder, a text; "" where it has none
    samples                     that are trained on
    weights.N, gradient.N, next_update.N         sizes of W1, W2, … (N = 1, 2, …), of their gradient and next update
    dead.N, saturated.N         share of the units of hidden layer N, as the doctor counts them, on the same samples

    of the tab Probe, for what is chosen there
    probe.at, probe.value       where the weight was dragged to, and what it is in the network
    probe.loss, probe.loss_before                the loss there, and with the weight as it is in the network
    probe.h, probe.numerical, probe.backprop, probe.error
    probe.accuracy, probe.samples, probe.precision

    of the tab Draw
    draw.answer, draw.probability                name of the class that is answered, and its probability
    draw.label, draw.label_probability           those of the test sample that is looked at; "" and null without one
    draw.answer_before, draw.probability_before  the answer with all units on, and its probability
    draw.off                    how many units are switched off
    draw.layer, draw.unit       of the unit that is looked at; null without one
    draw.unit_activity, draw.unit_total, draw.unit_bias     what it hands on; its sum of inputs × weights + bias; bias

    of the tab Step
    step.stage, step.label, step.loss
"""
