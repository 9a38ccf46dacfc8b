"""Numerical gradients of a learner's own network, recognised, proven, and computed without the loop.

`loss_W = lambda W: self.loss(x, t)` is an opaque function, and the textbook's loop calls it twice per weight. Here it
is read (`purity`: it only computes), understood (`structure`, `inference`: a fully connected network, by shapes and by
numbers), proven (`proof`: the same values at random weights, the same single differences) and then left to the engine
that computes the same central differences for all weights at once (`plan`). What fails anywhere is left to the loop.
"""

from zerokara.recognise.recogniser import accelerated, mode

__all__ = ["accelerated", "mode"]
