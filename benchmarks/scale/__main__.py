"""`python -m benchmarks.scale`; `--help` lists the options."""

import sys

from benchmarks.scale import main

main(sys.argv[1:])
