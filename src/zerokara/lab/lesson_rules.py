"""Rules of a lesson: what must have happened, what came, and the numbers in its texts.

A rule is a short text such as

    loss > 2 * first.loss
    abs(probe.at - start.probe.at) > 0.2
    draw.answer == draw.label and draw.probability < 0.5

Names are measures (`zerokara.lab.lesson_measures`): `loss` is the one of this step, `first.loss` that of an earlier
step called first, `start.loss` what it was when this step began to wait for the learner. There are numbers, texts in
quotes, + - * /, abs(…), < <= > >= == !=, `and`, `or`. Nothing else is, and nothing of it is run as Python.

What is not known, such as a loss that is no number, makes a comparison false, whichever it is.
"""
