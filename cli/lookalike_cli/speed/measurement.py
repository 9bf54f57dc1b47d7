"""Runs a measurement: the stages and the whole pipeline in turn, on the same images and cores."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from lookalike import factories
from lookalike.embedded import OwnedStack, Stack, open_stack
from lookalike.embedding import Embedder, ModelSpec
from lookalike.embedding.runtimes.cpu import time_in_8_bits
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.errors import PermanentError
from lookalike.index import backend_of
from lookalike.machine import usable_cores, visible_gpus
from lookalike.plural import counted
from lookalike.records import ImageRef
from lookalike.settings import Settings
from lookalike.stage_clock import StageClock
from lookalike_cli.speed.facts import Facts, Seat
from lookalike_cli.speed.figures import Stage, Stages, Whole, per_image, spread
from lookalike_cli.speed.private import private_settings
from lookalike_cli.speed.sample import Sample, even, examine
from lookalike_cli.speed.stages import SERVER, STAGES, StageWork
from lookalike_cli.speed.whole import Ingest, ingest, warm_up
from lookalike_producer.preparation import prepare_model
from lookalike_worker.model_processes import ModelProcesses


@dataclass(frozen=True)
class Measurement:
    """`rejected` counts sampled files that are not valid images; they are not measured."""

    stages: Stages
    whole: Whole
    facts: Facts
    rejected: int


def measure(
    settings: Settings, references: Sequence[ImageRef], *, repeats: int, on_note: Callable[[str], None]
) -> Measurement:
    """Measure the stages and the whole; `on_note` receives progress notes.

    Everything that was started or written is removed afterwards. Raises SourceMissing without a valid image, and
    what index, model and job raise.
    """
    busy_cores = os.getloadavg()[0]
    spec = factories.model_spec(settings)
    sample, chunk_size = _even_sample(settings, examine(settings, references, size=spec.size))
    # Report an unreachable index before building a model.
    factories.list_indexes(settings)
    prepare_model(settings, spec, with_artifact=True, on_note=on_note)
    images = sample.references
    with _set_up(settings.model_copy(update={"chunk_size": chunk_size}), spec) as bench:
        on_note(f"Warming up {counted(settings.processes, 'process', 'processes')} ...")
        bench.warm_up(images)
        staged: list[tuple[StageClock, int]] = []
        wholes: list[Ingest] = []
        for number in range(1, repeats + 1):
            on_note(f"Measuring {counted(len(images), 'image')}, {number} of {repeats} ...")
            staged.append(bench.work.run(images))
            wholes.append(ingest(bench.settings, spec, bench.stack, images))
    run = secrets.token_hex(6)
    return Measurement(_stages(run, staged), _whole(run, wholes), _facts(bench, sample, busy_cores), sample.rejected)


@dataclass(frozen=True)
class _Bench:
    """The measuring parts: stages run in this process, the whole in a private stack."""

    settings: Settings
    spec: ModelSpec
    stack: Stack
    embed: Embedder
    work: StageWork
    seat: Seat
    gpus: int

    def warm_up(self, images: Sequence[ImageRef]) -> None:
        """Run both once, so that one-off costs are not measured."""
        self.work.run(images[: self.settings.chunk_size])
        warm_up(self.settings, self.spec, self.stack, images)


@contextmanager
def _set_up(settings: Settings, spec: ModelSpec) -> Iterator[_Bench]:
    with ExitStack() as exits:
        private = exits.enter_context(private_settings(settings))
        stack = exits.enter_context(open_stack(private))
        # Kill the worker at once, also after an interrupt: nothing that it writes is kept.
        exits.callback(_stop_worker, stack)
        backend = backend_of(private.index_location)
        server = exits.enter_context(backend.cpu_clock(private.index_location, factories.index_options(private)))
        embed, gpus = exits.enter_context(_embedder(private, spec))
        work = StageWork(private, embed, server)
        seat = Seat.EMBEDDED if backend.is_embedded else Seat.HERE if server else Seat.ELSEWHERE
        yield _Bench(private, spec, stack, embed, work, seat, gpus)


@contextmanager
def _embedder(settings: Settings, spec: ModelSpec) -> Iterator[tuple[Embedder, int]]:
    """The model as the processes of a worker have it, and the number of GPUs that run it for all of them."""
    gpus = visible_gpus() if settings.runtime != "openvino" else ()
    processes = ModelProcesses(settings, gpus)
    try:
        if gpus:
            processes.start()
        addresses = processes.addresses
        here = partial(factories.embedder, settings, spec, for_chunks=True)
        yield RemoteEmbedder(addresses[0], spec) if addresses else here(), len(addresses)
    finally:
        processes.stop()


def _stop_worker(stack: Stack) -> None:
    if isinstance(stack, OwnedStack):
        stack.dismiss_worker()


def _even_sample(settings: Settings, sample: Sample) -> tuple[Sample, int]:
    """Cut the sample so that every process gets the same number of full chunks; return it with the chunk size."""
    count, chunk_size = even(len(sample.references), processes=settings.processes, chunk_size=settings.chunk_size)
    return replace(sample, references=sample.references[:count]), chunk_size


def _stages(run: str, staged: Sequence[tuple[StageClock, int]]) -> Stages:
    """Summarize the repeats; the image count is the lowest of them, so that a repeat that lost images is not compared
    with a whole that did not. Raises PermanentError if no image was indexed."""
    images = min(indexed for _, indexed in staged)
    if not images:
        raise PermanentError("None of the sampled images can be indexed with this model.", "Use other images.")
    cpu_s, wall_s = [clock.cpu_s for clock, _ in staged], [clock.wall_s for clock, _ in staged]
    measured = [name for name in STAGES if all(name in times for times in cpu_s)]
    costs = {name: per_image(cpu_s, name, images) for name in measured}
    elapsed = {name: per_image(wall_s, name, images) for name in measured if name != SERVER}
    return Stages(run, images, tuple(Stage(name, costs[name], elapsed.get(name)) for name in measured))


def _whole(run: str, wholes: Sequence[Ingest]) -> Whole:
    return Whole(run, min(one.indexed for one in wholes), spread([one.indexed / one.seconds for one in wholes]))


def _facts(bench: _Bench, sample: Sample, busy_cores: float) -> Facts:
    is_on_cpu = not bench.gpus and bench.settings.runtime in ("auto", "openvino")
    return Facts(
        cores=usable_cores(),
        processes=bench.settings.processes,
        chunk_size=bench.settings.chunk_size,
        model=bench.embed.identity.name,
        dimension=bench.embed.identity.dimension,
        precision=bench.embed.precision,
        time_in_8_bits=time_in_8_bits(bench.embed.precision) if is_on_cpu else None,
        seat=bench.seat,
        megapixels=sample.megapixels,
        size_bytes=sample.size_bytes,
        first_read_s=sample.first_read_s,
        busy_cores=busy_cores,
        gpus=bench.gpus,
        images_per_call=getattr(bench.embed, "batch_size", None) if is_on_cpu else None,
    )
