"""A state of the lab as TOML: what is trained, after which update, with which changes, and what one was looking at.

It begins with a recipe's tables, so `zerokara lab --recipe FILE` takes it too, and goes on with its own:

    [network]  [data]  [training]       as in a recipe
    [state]
    tab = "probe"                       the tab that is shown: train, draw, probe or step
    update = 600                        the training stands after so many updates; 0: nothing has been learned yet
    pace = 200                          (seldom) how fast to go there, in updates per second; without it: at full speed
    running = true                      (seldom) the training goes on from there, at that pace, instead of being paused
    [[state.changes]]                   settings that were changed on the way, in order: one table for each
    iteration = 300
    field = "learning_rate"
    value = 0.5
    [train]  [draw]  [probe]  [step]    what is chosen in these tabs, each only as far as it is not as at first:
                                        whole numbers, numbers, texts, true or false, lists and tables of these

Whoever opens it on the same engine has the same weights, bit for bit. It may be a stranger's: what does not fit is
refused with a sentence, and nothing is read but the data set, which must be one of the catalogue or the lab's own.
"""
