"""Abstract interpretation of a learner's functions: what they read and compute, found without running them."""

from zerokara.interpret.interpreter import Purity, purity_of
from zerokara.interpret.refusal import Refused, RefusedNow

__all__ = ["Purity", "Refused", "RefusedNow", "purity_of"]
