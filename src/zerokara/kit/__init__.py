"""A classroom without internet: everything in one folder, with an installer that needs no administrator."""

from zerokara.kit.making import Kit, make_kit
from zerokara.kit.target import Target

__all__ = ["Kit", "Target", "make_kit"]
