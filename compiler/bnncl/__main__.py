"""`python -m bnncl`."""

import sys

from bnncl.cli.main import main

sys.exit(main())
