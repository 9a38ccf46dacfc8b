"""Words of the page's `lesson*.js`."""

from zerokara.words import translatable

TEXTS = {
    # Translators: a button, and the title of a list: short lessons about neural networks, in the lab
    "lessons": translatable("Lessons"),
    "lessons_help": translatable("Each takes about a minute: predict, then see what really happens."),
    # Translators: where one is in a lesson
    "lesson_step": translatable("Step {n} of {all}"),
    # Translators: in a list of lessons: it was begun, and is gone on with from there
    "lesson_left": translatable("Go on with step {n}"),
    # Translators: names a field for a number that one predicts
    "lesson_guess": translatable("Your prediction"),
    # Translators: a button: after predicting what will happen, see it
    "lesson_show": translatable("Show me"),
    # Translators: a button: after predicting what will happen, do it oneself
    "lesson_try": translatable("Let me do it"),
    # Translators: a title; one is asked to do something in the lab
    "lesson_act": translatable("Now it is your turn"),
    "lesson_going": translatable("The lab is training to update {update}. It has done {now}."),
    # Translators: a title, and the head of a column, beside what was predicted
    "lesson_came": translatable("What came"),
    # Translators: the head of a column, beside what came
    "lesson_predicted": translatable("Predicted"),
    "lesson_record": translatable("What you predicted, and what came"),
    # Translators: a button: to the next step of a lesson
    "lesson_next": translatable("Next"),
    # Translators: a title, after the last step of a lesson
    "lesson_over": translatable("That was the lesson."),
    # Translators: a button: a lesson from its first step on
    "lesson_again": translatable("From the beginning"),
    # Translators: a button: back to the list of lessons
    "lesson_others": translatable("Other lessons"),
    # Translators: a button: closes a lesson before or after its end; one can come back to it
    "lesson_leave": translatable("Leave"),
    # Translators: a button, after a sentence that says what would be lost
    "lesson_agree": translatable("Go on with the lesson"),
    # Translators: a button, after a sentence that says why something could not be done
    "lesson_retry": translatable("Once more"),
    # Translators: a button: only a line of a lesson stays to be seen
    "lesson_fold": translatable("Fold"),
    # Translators: a button: all of a lesson is seen again
    "lesson_unfold": translatable("Unfold"),
    # Translators: a title: network, training and what is chosen in the tabs, as a file
    "state_title": translatable("State of the lab"),
    "state_help": translatable(
        "The recipe, how far training is, and what is chosen in the tabs, as text: keep it, or give it to others."
    ),
    # Translators: a button
    "state_copy": translatable("Copy the state"),
    # Translators: a button: the lab goes to the state that stands in the field
    "state_open": translatable("Open the state below"),
    "state_select": translatable("It is selected: copy it with the keyboard."),
}
