// What is shown of a learner's own script: its lines with what was found about them.
