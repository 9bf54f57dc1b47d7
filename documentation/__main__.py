"""`python -m documentation` checks the pages of docs/, and builds the site into site/."""

import argparse
import sys
from collections.abc import Iterable

from documentation.build import BuildFailed, build
from documentation.check import faults
from documentation.html import site_faults
from documentation.outside import unreachable
from documentation.pages import ROOT
from documentation.reference.page import MeaningMissing
from documentation.reference.pages import write

SITE = ROOT / "site"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m documentation", description=__doc__)
    parser.add_argument(
        "--links", action="store_true", help="ask other hosts for the pages that are linked to, instead"
    )
    parser.add_argument("--reference", action="store_true", help="write the pages that come from the code, instead")
    options = parser.parse_args()
    if options.reference:
        return _reference()
    if options.links:
        return _told(unreachable())
    return _told(faults()) or _built() or _told(site_faults(SITE))


def _reference() -> int:
    try:
        for path in write():
            print(path.relative_to(ROOT))
    except MeaningMissing as error:
        return _told([str(error)])
    return 0


def _built() -> int:
    try:
        build(SITE)
    except BuildFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Open {SITE.relative_to(ROOT)}/index.html")
    return 0


def _told(lines: Iterable[str]) -> int:
    found = list(lines)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
