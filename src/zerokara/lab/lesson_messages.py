"""Messages of lessons, and of states that are copied and opened.

The page keeps what was measured, `before`: {step name: values}, and sends it along; Python remembers nothing of it.
Steps are numbered from 0. All texts are in the language that is spoken, filled in, plain, paragraphs parted by an empty
line. From a view that steers, or while none does, those with (S).

    lessons {}                          → {lessons: [{name, title, about, own}], problems: [sentence]}
        own: from the folder of --lessons. problems: why lessons of that folder cannot be used

    lesson {lesson}                     → {lesson, title, about, steps: [name]}

    lesson_step {lesson, step, before, confirmed} (S)
        a step begins: the lab goes to its state `begin`
        → {lesson, step, name, last, text, predict, shows, action, where}
          last: whether it is the last one
          predict: null, or {question, choices: [{name, text}]} to choose of, or {question, unit: "" or "%"} to type a number
          shows: whether `lesson_show` is to be asked after the prediction
          action: what the learner is to do in the lab; "" where nothing
          where: null to leave all as it is, or {tab, fields, iteration, training, running}, see below
        or → {ask}: a sentence; nothing has been done yet. If the learner agrees, send it again with confirmed: true

    lesson_show {lesson, step, before, confirmed} (S)
        after the prediction, or at once where none is asked for: the lab goes to the state `show`
        → {where, overlay}              overlay: null, or the run to ask `overlay` {run} for
        or → {ask}

    lesson_measure {lesson, step, before, start, prediction, fields}
        start: null at first, then what the answer before said; prediction: name of a choice, or the number typed, or null;
        fields: {tab: state()} of all tabs. To be asked after `where` was reached and restored, at most 5 times a second,
        until it is done
        → {done: false, start}          what the learner is to do has not happened, or the training is not there yet
        → {done: true, start, values, text, predicted, came, right}
          values: what to keep as before[step name]
          text: What came; "" where there is none
          predicted, came: both as texts, "" where nothing was predicted; right: whether they agree, else null

    state {tab, fields: {tab: state()}}  → {toml}
    open_state {toml, confirmed} (S)     → {where} or {ask}

`where` is {tab, fields: {tab: …}, iteration, training, running}. The page waits for a frame of that `training` (its number)
whose state is paused, untrained or any that has ended, with that iteration, or where `running`, one that has come so
far; shows the tab; and calls `restore` of each tab in `fields` with what stands there ({} for all others, where `fields`
is not null; null: they stay as they are, and `iteration` is null too: nothing is to be waited for).
"""
