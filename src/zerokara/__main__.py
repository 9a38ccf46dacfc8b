"""The `zerokara` command; `python -m zerokara` is the same."""

import signal
import sys


def main() -> int:
    """Run one command. While it is still being loaded, Ctrl-C ends the process without a traceback."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from zerokara.cli import main as run

    signal.signal(signal.SIGINT, before)
    return run()


if __name__ == "__main__":
    sys.exit(main())
