"""Checks the gradient that a learner's own code computes, and names the mistake in it by proof.

`subject.py` is what all of the room talks about: a network of whatever make, as parameters, a loss and a gradient.
"""
