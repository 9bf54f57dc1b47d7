"""`python -m deploy.release.version 0.2.0`: raises the version in every file that names it."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from deploy.release.source import tracked

#: The version in the code, in references to our images, and in their label. pyproject.toml reads that of the code.
_NAMED = re.compile(
    r'(?P<before>^RELEASE = "|\blookalike-[a-z-]+:|\borg\.opencontainers\.image\.version=")(?P<version>\d[\w.]*\w)',
    re.MULTILINE,
)


def named_versions(root: Path) -> Iterator[tuple[str, str]]:
    """File and version, for each place that names the version."""
    for name, text in _texts(root):
        yield from ((name, found["version"]) for found in _NAMED.finditer(text))


def raise_version(root: Path, version: str) -> list[str]:
    """Change every place. Returns the files."""
    changed = [(name, text) for name, text in _texts(root) if _NAMED.search(text)]
    for name, text in changed:
        (root / name).write_text(_NAMED.sub(rf"\g<before>{version}", text))
    return [name for name, _ in changed]


def _texts(root: Path) -> Iterator[tuple[str, str]]:
    """The changelog and tests name other versions."""
    for name in sorted(tracked(root) - {"CHANGELOG.md"}):
        path = root / name
        if (
            not name.startswith("tests/")
            and path.suffix in {"", ".py", ".yml", ".yaml", ".md", ".toml", ".sh"}
            and path.is_file()
        ):
            yield name, path.read_text()


def main() -> None:
    """Print the files that changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    print("\n".join(raise_version(Path(__file__).parents[2], parser.parse_args().version)))
    print("Give CHANGELOG.md a section of this version as well.")


if __name__ == "__main__":
    main()
