"""Reads what a learner's own training left behind, and finds what a gradient check cannot see.

`diagnosed` is asked at the end of a run, of a cell or by hand. It works on copies: nothing of the learner's is changed.
"""

from zerokara.own_training.diagnosis import diagnosed
from zerokara.own_training.memory import Called, Memory
from zerokara.own_training.program import Program, SourceText

__all__ = ["Called", "Memory", "Program", "SourceText", "diagnosed"]
