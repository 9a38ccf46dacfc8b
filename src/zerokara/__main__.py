"""`python -m zerokara` is `zerokara`."""

import sys

from zerokara.cli import main

sys.exit(main())
