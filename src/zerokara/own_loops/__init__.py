"""Functions of the learner's own that take difference quotients in a loop over arrays, and their results without it.

A function is proven twice to compute such quotients: by its code, read with what each value may depend on (`code.py`,
`values.py`), and by watching it run among stand-ins (`watching.py`, `stand_ins.py`). What it did there says whose
elements it moves (`blocks.py`), what comes out (`outline.py`) and by which formula (`formula.py`); from that follows
the result of a call (`answering.py`).
"""

from zerokara.own_loops.answering import own_loop_result
from zerokara.own_loops.call import HOPELESS, NOT_FOUND, OwnCall

__all__ = ["HOPELESS", "NOT_FOUND", "OwnCall", "own_loop_result"]
