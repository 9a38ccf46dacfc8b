"""`python -m zerokara` is the same as the command `zerokara`."""

import sys

from zerokara_command import main

if __name__ == "__main__":
    sys.exit(main())
