"""Lessons as files: a folder of each, with lesson.toml, a text in each language, and states of the lab.

    what-loss-is/               the folder's name is that of the lesson: small letters, digits, hyphens
        lesson.toml             the steps
        en.md  ja.md  ko.md     the texts; one language is enough
        trained.toml            a state, as the lab copies it (`zerokara.lab.states`); any number of them

lesson.toml has the steps, in order:

    [[step]]
    name = "first"              small letters, digits, _ ; texts and later steps call it so
    begin = "trained"           the state that the lab goes to when the step begins: trained.toml
    show = "broken"             the state that it goes to after the prediction
    tab = "train"               the tab that is shown, where no state says it
    predict = ["rises", "falls"]                    a prediction to be chosen of these, before anything is shown,
    predict = { number = "loss", near = 0.1, format = ".2f" }     or a number, which is right if it is that near
    do = "abs(probe.at - start.probe.at) > 0.2"     what the learner does in the lab; the step waits until it is so
    came = [                                        what came, of the choices: the first whose rule holds
        { choice = "rises", when = "probe.loss > start.probe.loss" },
        { choice = "falls" },                       the last one has no rule
    ]
    overlay = "first"           the curve of the training that was measured in that step is drawn over this one

All but the name may be left out. Steps go like this: the lab goes to `begin`; the text is read, and a prediction is
made; the lab goes to `show`; what is to be done is done; then numbers are measured, and what came is told, beside the
prediction. What has to be measured follows from the rules and texts that mention it: `zerokara.lab.lesson_rules`,
`zerokara.lab.lesson_measures`.

en.md, ja.md and ko.md have the same headings, which stay English but for the title and the texts themselves:

    # What the loss is          the title; below it one paragraph for the list of lessons

    ## first                    the step of that name, and its text
    One weight is the dot on the curve. …

    ### Prediction              where the step has `predict`: the question, and for choices a list of all of them
    You drag the dot to the right. What happens to the loss?
    - rises: It rises.
    - falls: It falls.

    ### Action                  where the step has `do`: what to do, in one sentence
    Drag the dot.

    ### What came               told at the end of the step; without it nothing is
    The loss was {start.probe.loss:.3f}, and is {probe.loss:.3f} now.

Texts are plain text in paragraphs; a line break within a paragraph is a space. {loss:.3f} is a measure, or anything
that a rule can compute of several, {first.loss / loss:.0f}, as Python formats it: `,`, `.3f`, `.2e`, `.3g`, `.1%`.
Before "What came", only those of earlier steps can stand. Braces themselves are {{ and }}.

Files may be a stranger's. Sizes are bounded, links are not followed, nothing outside the folder is read, and nothing is
executed. What is wrong is refused with a sentence that names file and place.
"""
