"""The command `zerokara`, until zerokara itself is loaded.

It lies outside that package because whatever is imported from there imports NumPy first, and Ctrl-C would meanwhile end
in a traceback through NumPy.
"""

import signal
import sys


def main() -> int:
    """Run one command; its exit status. Ctrl-C while it is being loaded ends the process, without a word."""
    python_listens = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if python_listens:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from zerokara.cli import command

    run = command(sys.argv[1:])
    if python_listens:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()
