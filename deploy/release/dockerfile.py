"""Which files of the checkout each target of the Dockerfile needs."""

import re
from dataclasses import dataclass, field
from pathlib import Path

_FROM = re.compile(r"^FROM (\S+) AS (\S+)$", re.IGNORECASE)
_COPY = re.compile(r"^COPY (?:--from=(\S+) )?(.*)$")


@dataclass
class Stage:
    base: str
    #: The stages that it copies from.
    others: set[str] = field(default_factory=set)
    #: Files and folders that it copies from the checkout.
    paths: set[str] = field(default_factory=set)


def read_stages(dockerfile: Path) -> dict[str, Stage]:
    """Name -> stage, in their order."""
    stages: dict[str, Stage] = {}
    for line in dockerfile.read_text().replace("\\\n", " ").splitlines():
        if begun := _FROM.match(line):
            stages[begun[2]] = Stage(begun[1])
        elif copied := _COPY.match(line):
            stage = stages[next(reversed(stages))]
            *sources, _ = [word for word in copied[2].split() if not word.startswith("--")]
            if copied[1]:
                stage.others.add(copied[1])
            else:
                stage.paths |= set(sources)
    return stages


def targets(stages: dict[str, Stage]) -> list[str]:
    """The stages that no other stage needs: those that become images."""
    needed = {name for stage in stages.values() for name in {stage.base, *stage.others}}
    return [name for name in stages if name not in needed]


def paths_of(target: str, stages: dict[str, Stage]) -> set[str]:
    """The files and folders of the checkout that a target needs, and the stages below it."""
    stage = stages.get(target)
    if stage is None:  # the base image
        return set()
    return stage.paths.union(*(paths_of(name, stages) for name in {stage.base, *stage.others}))
