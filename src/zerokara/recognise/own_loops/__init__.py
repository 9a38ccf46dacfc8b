"""Functions of the learner's own that take difference quotients in a loop over arrays, and their results without it.

A function is proven twice to compute such quotients: by its code, read with what each number may depend on (`code.py`),
and by watching it compute on stand-ins (`watching.py`). From what it did there follows its form (`form.py`), and from
that the result of a call (`answering.py`).
"""
