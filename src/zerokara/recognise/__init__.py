"""Numerical gradients of a learner's own network, recognised, proven, and computed without the loop.

`loss_W = lambda W: self.loss(x, t)` is an opaque function, and the textbook's loop calls it twice per weight.
Here it is

1. interpreted without being run: it only computes (`zerokara.interpret`), as long as its guards hold;
2. identified as a fully connected network, by shapes (`layout`) and by numbers (`identification`);
3. proven: the same values at random weights, the same differences of single weights (`proof`);
4. left to the engine that computes the same differences for all weights at once, confirmed each time (`plan`).

What fails anywhere is left to the loop, and said once (`recogniser`). `zerokara.own_loops` proves which differences a
loop of the learner's own takes, and of what.
"""

from zerokara.interpret.refusal import Refused
from zerokara.recognise.recogniser import accelerated, mode, mode_now, reason_of, records
from zerokara.recognise.sampling import is_in_silence

__all__ = [
    "Refused",
    "accelerated",
    "is_in_silence",
    "mode",
    "mode_now",
    "reason_of",
    "records",
]
