"""The commit that a release is made of."""

import re
import subprocess
from pathlib import Path

from deploy.release.failed import Failed

_HEADING = re.compile(r"^## (\S+)(?: \((.*)\))?$", re.MULTILINE)


def tracked(root: Path) -> set[str]:
    """The paths of all files that git has, relative to the root."""
    return set(_git(root, "ls-files", "-z").split("\0")) - {""}


def commit_time(root: Path) -> int:
    """When the last commit was made, in seconds since 1970: the time of every file of a release."""
    return int(_git(root, "log", "-1", "--format=%ct"))


def check_clean(root: Path) -> None:
    """Raises Failed if a file differs from the last commit."""
    if changed := _git(root, "status", "--porcelain").splitlines():
        raise Failed(f"{len(changed)} changed files are not committed, such as {changed[0][3:]}: commit them first.")


def check_tag(root: Path, version: str) -> str:
    """What the tag and the changelog say of this version, in words. Raises Failed if they disagree with it.

    A commit without a tag is a rehearsal: its changelog may say "unreleased".
    """
    heading = _HEADING.search((root / "CHANGELOG.md").read_text())
    if heading is None or heading[1] != version:
        raise Failed(f"lookalike/release.py has version {version}; CHANGELOG.md begins with {heading and heading[1]}.")
    here = [tag for tag in _git(root, "tag", "--points-at", "HEAD").split() if tag.startswith("v")]
    if not here:
        if f"v{version}" in _git(root, "tag").split():
            raise Failed(f"v{version} is the tag of an earlier commit: raise the version in lookalike/release.py.")
        return "not tagged: a rehearsal"
    if here != [f"v{version}"]:
        raise Failed(f"The commit has the tag {', '.join(here)}; its version is {version}.")
    if heading[2] == "unreleased":
        raise Failed(f"The commit has the tag v{version}; CHANGELOG.md says that {version} is unreleased.")
    return f"tagged v{version}"


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout
