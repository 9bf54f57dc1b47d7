"""`python -m documentation` builds the site into site/ and checks its links."""

import argparse
import subprocess
import sys

from documentation.build import build
from documentation.check import faults
from documentation.pages import ROOT

SITE = ROOT / "site"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m documentation", description=__doc__)
    parser.parse_args()
    if found := list(faults()):
        print(*found, sep="\n")
        return 1
    try:
        build(SITE)
    except subprocess.CalledProcessError as error:
        print(error.stdout, error.stderr, sep="\n", file=sys.stderr)
        return 1
    print(f"{SITE.relative_to(ROOT)}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
