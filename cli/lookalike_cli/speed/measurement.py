"""One run: the stages and the whole in turn, on the same pictures and cores; draws no conclusions."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from lookalike_producer.jobs import prepare_model

from lookalike import factories
from lookalike.embedded import Stack, open_stack
from lookalike.embedded.stack import OwnedStack
from lookalike.embedding import Embedder, ModelSpec
from lookalike.errors import PermanentError
from lookalike.index import backend_of
from lookalike.machine import usable_cores
from lookalike.records import ImageRef
from lookalike.settings import Settings
from lookalike_cli.console import remark
from lookalike_cli.speed.clock import Clock
from lookalike_cli.speed.facts import Facts, Seat
from lookalike_cli.speed.figures import Stage, Stages, Whole, per_picture, spread
from lookalike_cli.speed.private import private
from lookalike_cli.speed.sample import Sample, even, examine
from lookalike_cli.speed.stages import SERVER, STAGES, StageWork
from lookalike_cli.speed.whole import Ingest, ingest, warm_up


@dataclass(frozen=True)
class Measurement:
    """`rejected` files of those that were drawn are no pictures, and in neither side."""

    stages: Stages
    whole: Whole
    facts: Facts
    rejected: int


def measure(
    settings: Settings, references: Sequence[ImageRef], *, repeats: int, tell: Callable[[str], None]
) -> Measurement:
    """`tell` is told what is being done. Raises SourceMissing if none is a picture, and what index, model and job
    raise. Everything that was started or written is gone afterwards."""
    busy_cores = os.getloadavg()[0]
    spec = factories.model_spec(settings)
    sample, chunk_size = _dealt(settings, examine(settings, references, size=spec.size))
    # An index that is away should say so before a model is built.
    factories.list_indexes(settings)
    prepare_model(settings, spec, with_artifact=True, on_note=remark)
    pictures = sample.references
    with _set_up(settings.model_copy(update={"chunk_size": chunk_size}), spec) as bench:
        tell(f"Warming up {settings.processes} processes ...")
        bench.warm_up(pictures)
        staged: list[tuple[Clock, int]] = []
        wholes: list[Ingest] = []
        for number in range(1, repeats + 1):
            tell(f"Measuring {len(pictures):,} pictures, {number} of {repeats} ...")
            staged.append(bench.work.run(pictures))
            wholes.append(ingest(bench.settings, spec, bench.stack, pictures))
    run = secrets.token_hex(6)
    return Measurement(_stages(run, staged), _whole(run, wholes), _facts(bench, sample, busy_cores), sample.rejected)


@dataclass(frozen=True)
class _Bench:
    """What measures: stages in this process, the whole in a stack of its own."""

    settings: Settings
    spec: ModelSpec
    stack: Stack
    embed: Embedder
    work: StageWork
    seat: Seat

    def warm_up(self, pictures: Sequence[ImageRef]) -> None:
        """Both sides once, for what only a first time takes."""
        self.work.run(pictures[: self.settings.chunk_size])
        warm_up(self.settings, self.spec, self.stack, pictures)


@contextmanager
def _set_up(settings: Settings, spec: ModelSpec) -> Iterator[_Bench]:
    with ExitStack() as ending:
        ours = ending.enter_context(private(settings))
        stack = ending.enter_context(open_stack(ours))
        # At once even when interrupted: nothing of what it may be writing is kept.
        ending.callback(_dismiss_worker, stack)
        backend = backend_of(ours.index_location)
        server = ending.enter_context(backend.cpu_clock(ours.index_location, factories.index_options(ours)))
        embed = factories.embedder(ours, spec)
        is_embedded = backend.is_exact
        work = StageWork(ours, embed, server, is_encoding=not is_embedded)
        seat = Seat.EMBEDDED if is_embedded else Seat.HERE if server else Seat.ELSEWHERE
        yield _Bench(ours, spec, stack, embed, work, seat)


def _dismiss_worker(stack: Stack) -> None:
    if isinstance(stack, OwnedStack):
        stack.dismiss_worker()


def _dealt(settings: Settings, sample: Sample) -> tuple[Sample, int]:
    """The pictures that make whole chunks, as many for each process, and how many a chunk gets."""
    count, chunk_size = even(len(sample.references), processes=settings.processes, chunk_size=settings.chunk_size)
    return replace(sample, references=sample.references[:count]), chunk_size


def _stages(run: str, staged: Sequence[tuple[Clock, int]]) -> Stages:
    """The count is that of the repeat with the fewest pictures: one that lost some fits no whole that did not.
    Raises PermanentError for none at all."""
    pictures = min(indexed for _, indexed in staged)
    if not pictures:
        raise PermanentError("None of the sampled images can be indexed with this model.", "Use other images.")
    cpu_s, wall_s = [clock.cpu_s for clock, _ in staged], [clock.wall_s for clock, _ in staged]
    measured = [name for name in STAGES if all(name in times for times in cpu_s)]
    costs = {name: per_picture(cpu_s, name, pictures) for name in measured}
    elapsed = {name: per_picture(wall_s, name, pictures) for name in measured if name != SERVER}
    return Stages(run, pictures, tuple(Stage(name, costs[name], elapsed.get(name)) for name in measured))


def _whole(run: str, wholes: Sequence[Ingest]) -> Whole:
    return Whole(run, min(one.indexed for one in wholes), spread([one.indexed / one.seconds for one in wholes]))


def _facts(bench: _Bench, sample: Sample, busy_cores: float) -> Facts:
    return Facts(
        cores=usable_cores(),
        processes=bench.settings.processes,
        chunk_size=bench.settings.chunk_size,
        model=bench.embed.identity.name,
        dimension=bench.embed.identity.dimension,
        precision=getattr(bench.embed, "precision", "f32"),
        seat=bench.seat,
        megapixels=sample.megapixels,
        size_bytes=sample.size_bytes,
        first_read_s=sample.first_read_s,
        busy_cores=busy_cores,
    )
