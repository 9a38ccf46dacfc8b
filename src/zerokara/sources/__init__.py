"""Reading a learner's file without running it.

`cells` cuts a notebook (`notebook`), a note or a transcript (`transcript`) into pieces of code, where `magics` knows
IPython's own lines; `syntax` answers what a file's syntax tree and names tell; `definitions` finds, and proves, the
definition that a function comes from.
"""
