"""`python -m benchmarks.scale`; `--help` lists what can be chosen."""

import sys

from benchmarks.scale import main

main(sys.argv[1:])
