"""The command line: parse, call, print. No command computes anything itself."""

from zerokara.cli.app import main

__all__ = ["main"]
