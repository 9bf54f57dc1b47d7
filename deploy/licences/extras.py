"""Which extras install a package."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.licences.packages import installed
from deploy.locks import read_lock

#: Stands for the installation without extras.
ALWAYS = "always"
#: Lock file -> the extra of those packages in it that no installed package asks for.
LOCKS = {
    "requirements-producer.lock": ALWAYS,
    "requirements-embedded.lock": "embedded",
    "requirements-api.lock": "api",
    "requirements-worker.lock": "worker",
    "requirements-flower.lock": "flower",
    "requirements.lock": "all",
    "requirements-gpu.lock": "gpu",
    "requirements-peers.lock": "make peers",
    "requirements-uv.lock": "make install",
}
_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
_SYSTEMS = [
    _LINUX | {"platform_machine": "x86_64"},
    _LINUX | {"platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
]
#: It installs what the other extras name.
_WHOLE = "all"


def packages_by_extra(root: Path) -> dict[str, set[str]]:
    """Package -> the smallest extras that install it, on any system."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = {ALWAYS: project["dependencies"], **project["optional-dependencies"]}
    found = {extra: _closure(lines) for extra, lines in asked.items() if extra != _WHOLE}
    included = {extra: _included(extra, asked) for extra in found}
    by_package: dict[str, set[str]] = defaultdict(set)
    for extra, packages in found.items():
        for name in packages - set().union(*(found[other] for other in included[extra])):
            by_package[name].add(extra)
    for lock, extra in LOCKS.items():
        for package in read_lock(root / lock):
            if not by_package[package.name]:
                by_package[package.name].add(extra)
    return dict(by_package)


def _included(extra: str, asked: dict[str, list[str]]) -> set[str]:
    """The extras that an extra includes, and the installation without extras."""
    if extra == ALWAYS:
        return set()
    direct = {name for line in asked[extra] if (one := Requirement(line)).name == "lookalike" for name in one.extras}
    return {ALWAYS, *direct}.union(*(_included(other, asked) for other in direct))


def _closure(lines: Iterable[str]) -> set[str]:
    names: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    _add(lines, frozenset(), seen)
    names |= {name for name, _ in seen}
    return names


def _add(lines: Iterable[str], extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> None:
    for line in lines:
        requirement = Requirement(line)
        name, wanted = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if name == "lookalike" or (name, wanted) in seen or not _applies(requirement, extras):
            continue
        seen.add((name, wanted))
        package = installed(name)
        _add((package.requires or []) if package else [], wanted, seen)


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    return requirement.marker is None or any(
        requirement.marker.evaluate({**system, "extra": extra}) for system in _SYSTEMS for extra in {"", *extras}
    )
