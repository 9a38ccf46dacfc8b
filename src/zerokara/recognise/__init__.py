"""Numerical gradients of a learner's own network, recognised, proven, and computed without the loop.

`loss_W = lambda W: self.loss(x, t)` is an opaque function, and the textbook's loop calls it twice per weight.
Here it is

1. interpreted without being run: it only computes (`interpreter`), as long as its `guards` hold;
2. identified as a fully connected network, by shapes (`layout`) and by numbers (`identification`);
3. proven: the same values at random weights, the same differences of single weights (`proof`);
4. left to the engine that computes the same central differences for all weights at once, confirmed each time (`plan`).

What fails anywhere is left to the loop, and said once (`recogniser`). `formula` proves which difference a learner's own
gradient function computes.
"""

from zerokara.recognise.formula import check_shape, step_of
from zerokara.recognise.own_loops import HOPELESS, NOT_FOUND, OwnCall, own_loop_result
from zerokara.recognise.recogniser import accelerated, mode
from zerokara.recognise.refusal import Refused

__all__ = [
    "HOPELESS",
    "NOT_FOUND",
    "OwnCall",
    "Refused",
    "accelerated",
    "check_shape",
    "mode",
    "own_loop_result",
    "step_of",
]
