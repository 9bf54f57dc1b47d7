"""`python -m deploy.licences`: writes docs/licences.md, and fails on a licence that may not be installed."""

import sys

from deploy.engines import ROOT
from deploy.licences.page import page
from deploy.licences.table import rows, surprises


def main() -> None:
    """Exit code 1 and a line for each licence that is unknown or not allowed."""
    table = rows(ROOT)
    if found := list(surprises(table)):
        sys.exit("\n".join(found))
    (ROOT / "docs" / "licences.md").write_text(page(table))
    missing = [row.package for row in table if not row.is_installed]
    print(f"docs/licences.md: {len(table)} packages, {len(missing)} of them not installed here: {', '.join(missing)}")


if __name__ == "__main__":
    main()
