"""The measured numbers and the ratios derived from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

#: The stage that runs the model.
EMBED = "embed"
MILLION = 1_000_000
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Spread:
    """Median, minimum and maximum of repeated measurements."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline, measured alone, in seconds per image.

    `wall_s` is None for a server, which works in the background.
    """

    name: str
    cpu_s: Spread
    wall_s: Spread | None

    @property
    def waiting_s(self) -> float:
        """Seconds per image in which the stage waited: for a disk, for the index, or for a core."""
        return max(0.0, self.wall_s.median - self.cpu_s.median) if self.wall_s else 0.0


@dataclass(frozen=True)
class Stages:
    """All stages, measured with `images`; `run` identifies the measurement."""

    run: str
    images: int
    stages: tuple[Stage, ...]

    @property
    def cpu_s(self) -> float:
        """CPU seconds per image, over all stages."""
        return sum(stage.cpu_s.median for stage in self.stages)

    @property
    def wall_s(self) -> float:
        """Seconds per image from file to index, in one process."""
        return sum(stage.wall_s.median for stage in self.stages if stage.wall_s)

    def stage(self, name: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.name == name), None)


@dataclass(frozen=True)
class Whole:
    """A real ingest of `images` at `rate` images per second."""

    run: str
    images: int
    rate: Spread


def spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))


def per_image(repeats: Sequence[dict[str, float]], name: str, images: int) -> Spread:
    """The spread over the repeats of the total `name`, divided by the number of images."""
    return spread([repeat[name] / images for repeat in repeats])


def bound(stages: Stages, cores: int) -> float:
    """Images per second if `cores` cores did nothing but the stages, each as fast as alone."""
    return cores / stages.cpu_s


def forward_rate(stages: Stages, cores: int) -> float | None:
    """Images per second if `cores` cores did nothing but embed; None without an embedding stage."""
    embed = stages.stage(EMBED)
    return cores / embed.cpu_s.median if embed and embed.cpu_s.median else None


def efficiency(stages: Stages, whole: Whole, cores: int) -> float | None:
    """The rate as a share of the bound; None unless both are from one run and the same images."""
    if (stages.run, stages.images) != (whole.run, whole.images):
        return None
    return whole.rate.median / bound(stages, cores)


def hours_per_million(rate: float) -> float:
    return MILLION / rate / SECONDS_PER_HOUR


def shares(stages: Iterable[Stage]) -> dict[str, float]:
    """Each stage's share of the CPU time."""
    costs = {stage.name: stage.cpu_s.median for stage in stages}
    return {name: cost / sum(costs.values()) for name, cost in costs.items()}
