"""`python -m deploy.platforms`: asks the registry for wheels and writes docs/platforms.md. Needs uv and the network."""

import sys
from collections.abc import Iterator

from deploy.engines import ROOT
from deploy.locks import Locked, read_lock
from deploy.platforms.page import INSTALLATIONS, PLATFORMS, PYTHONS, page
from deploy.platforms.wheels import Failed, find_uv, missing_wheels


def find(uv: str) -> Iterator[tuple[tuple[str, str, str], set[str]]]:
    """Raises Failed."""
    locks = {name: list(read_lock(ROOT / lock)) for name, lock in INSTALLATIONS.items()}
    for platform, named in PLATFORMS.items():
        for python in PYTHONS:
            # The same versions are in several locks; each is asked for once.
            known: dict[Locked, bool] = {}
            for name, packages in locks.items():
                new = [package for package in packages if package not in known]
                missing = missing_wheels(uv, new, named, python)
                known |= {package: package.name in missing for package in new}
                yield (platform, python, name), {package.name for package in packages if known[package]}
            print(f"{platform}, Python {python}: {sum(known.values())} packages without a wheel", flush=True)


def main() -> None:
    """Exit code 1 and the reason if uv is missing or cannot reach the registry."""
    try:
        found = dict(find(find_uv(ROOT)))
    except Failed as failure:
        sys.exit(str(failure))
    (ROOT / "docs" / "platforms.md").write_text(page(found))


if __name__ == "__main__":
    main()
