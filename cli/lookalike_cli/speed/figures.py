"""What was measured, and the ratios that may be made of it; measures nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

MILLION = 1_000_000
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Spread:
    """What came of a few repeats of one measurement."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Stage:
    """One step of a picture's way, alone on an otherwise idle machine, in seconds a picture.

    `wall_s` is None for what runs beside us and has no beginning and end of its own.
    """

    name: str
    cpu_s: Spread
    wall_s: Spread | None

    @property
    def waiting_s(self) -> float:
        """How long the stage stood still: for a disk, for the index, or for a core that others held."""
        return max(0.0, self.wall_s.median - self.cpu_s.median) if self.wall_s else 0.0


@dataclass(frozen=True)
class Stages:
    """All stages of `pictures` pictures; `run` tells which measurement this belongs to."""

    run: str
    pictures: int
    stages: tuple[Stage, ...]

    @property
    def cpu_s(self) -> float:
        """Of one picture, in all."""
        return sum(stage.cpu_s.median for stage in self.stages)

    @property
    def wall_s(self) -> float:
        """Of one picture, from its file to the index, in one process."""
        return sum(stage.wall_s.median for stage in self.stages if stage.wall_s)

    def stage(self, name: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.name == name), None)


@dataclass(frozen=True)
class Whole:
    """A real ingest of `pictures` pictures: `rate` of them a second."""

    run: str
    pictures: int
    rate: Spread


def spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))


def per_picture(repeats: Sequence[dict[str, float]], name: str, pictures: int) -> Spread:
    """Of the totals that each repeat has under `name`."""
    return spread([repeat[name] / pictures for repeat in repeats])


def bound(stages: Stages, cores: int) -> float:
    """Pictures a second if `cores` cores did nothing but the stages, each at the pace it has alone."""
    return cores / stages.cpu_s


def efficiency(stages: Stages, whole: Whole, cores: int) -> float | None:
    """The whole's share of the bound; None unless both come from one run and the same pictures."""
    if (stages.run, stages.pictures) != (whole.run, whole.pictures):
        return None
    return whole.rate.median / bound(stages, cores)


def hours_per_million(rate: float) -> float:
    return MILLION / rate / SECONDS_PER_HOUR


def shares(stages: Iterable[Stage]) -> dict[str, float]:
    """Each stage's part of the cores' time."""
    costs = {stage.name: stage.cpu_s.median for stage in stages}
    return {name: cost / sum(costs.values()) for name, cost in costs.items()}
