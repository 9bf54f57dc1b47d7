"""Runs a measurement: the stages and the whole pipeline in turn, on the same images and cores."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lookalike import factories, nvidia_smi
from lookalike.decoders import Rates, fastest
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
from lookalike_cli.speed.decoding import decoder_rates
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
    spec = factories.working_spec(settings)
    examined = examine(settings, references, size=spec.size)
    # Report an unreachable index before building a model.
    factories.list_indexes(settings)
    prepare_model(settings, spec, with_artifact=True, on_note=on_note)
    with private_settings(settings) as private, _model(private, spec) as model:
        rates = decoder_rates(settings, spec, model.addresses, model.gpus, examined.references, on_note)
        processes = fastest(rates) if rates else settings.processes
        sample, chunk_size = _even_sample(examined, processes, settings.chunk_size)
        chosen = private.model_copy(update={"chunk_size": chunk_size, "concurrency": processes})
        with _set_up(chosen, model) as bench:
            staged, wholes = _repeated(bench, sample.references, repeats, on_note)
        run = secrets.token_hex(6)
        facts = _facts(bench, sample, rates, busy_cores)
        return Measurement(_stages(run, staged), _whole(run, wholes), facts, sample.rejected)


def _repeated(
    bench: "_Bench", images: Sequence[ImageRef], repeats: int, on_note: Callable[[str], None]
) -> tuple[list[tuple[StageClock, int]], list[Ingest]]:
    """The stages and the whole, in turn."""
    on_note(f"Warming up {counted(bench.settings.processes, 'process', 'processes')} ...")
    bench.warm_up(images)
    staged: list[tuple[StageClock, int]] = []
    wholes: list[Ingest] = []
    for number in range(1, repeats + 1):
        on_note(f"Measuring {counted(len(images), 'image')}, {number} of {repeats} ...")
        staged.append(bench.work.run(images))
        wholes.append(ingest(bench.settings, bench.model.spec, bench.stack, images))
    return staged, wholes


@dataclass(frozen=True)
class _Model:
    """The model as the processes of a worker have it. `addresses`: of the processes that run it for them on `gpus`;
    none if it runs here."""

    spec: ModelSpec
    embed: Embedder
    addresses: tuple[Path, ...]
    gpus: tuple[str, ...]


@dataclass(frozen=True)
class _Bench:
    """The measuring parts: stages run in this process, the whole in a private stack."""

    settings: Settings
    model: _Model
    stack: Stack
    work: StageWork
    seat: Seat

    def warm_up(self, images: Sequence[ImageRef]) -> None:
        """Run both once, so that one-off costs are not measured."""
        self.work.run(images[: self.settings.chunk_size])
        warm_up(self.settings, self.model.spec, self.stack, images)


@contextmanager
def _set_up(private: Settings, model: _Model) -> Iterator[_Bench]:
    with ExitStack() as exits:
        stack = exits.enter_context(open_stack(private))
        # Kill the worker at once, also after an interrupt: nothing that it writes is kept.
        exits.callback(_stop_worker, stack)
        backend = backend_of(private.index_location)
        server = exits.enter_context(backend.cpu_clock(private.index_location, factories.index_options(private)))
        work = StageWork(private, model.embed, server)
        seat = Seat.EMBEDDED if backend.is_embedded else Seat.HERE if server else Seat.ELSEWHERE
        yield _Bench(private, model, stack, work, seat)


@contextmanager
def _model(settings: Settings, spec: ModelSpec) -> Iterator[_Model]:
    gpus = visible_gpus() if settings.runtime != "openvino" else ()
    processes = ModelProcesses(settings, gpus)
    try:
        if gpus:
            processes.start()
        addresses = processes.addresses
        here = partial(factories.embedder, settings, spec, for_chunks=True)
        embed = RemoteEmbedder(addresses[0], spec) if addresses else here()
        yield _Model(spec, embed, addresses, gpus if addresses else ())
    finally:
        processes.stop()


def _stop_worker(stack: Stack) -> None:
    if isinstance(stack, OwnedStack):
        stack.dismiss_worker()


def _even_sample(sample: Sample, processes: int, chunk_size: int) -> tuple[Sample, int]:
    """Cut the sample so that every process gets the same number of full chunks; return it with the chunk size."""
    count, chunk_size = even(len(sample.references), processes=processes, chunk_size=chunk_size)
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


def _facts(bench: _Bench, sample: Sample, rates: Rates, busy_cores: float) -> Facts:
    embed, gpus = bench.model.embed, bench.model.gpus
    is_on_cpu = not gpus and bench.settings.runtime in ("auto", "openvino")
    return Facts(
        cores=usable_cores(),
        processes=bench.settings.processes,
        chunk_size=bench.settings.chunk_size,
        model=embed.identity.name,
        dimension=embed.identity.dimension,
        precision=embed.precision,
        time_in_8_bits=time_in_8_bits(embed.precision) if is_on_cpu else None,
        seat=bench.seat,
        megapixels=sample.megapixels,
        size_bytes=sample.size_bytes,
        first_read_s=sample.first_read_s,
        busy_cores=busy_cores,
        gpus=len(gpus),
        gpu_memory=nvidia_smi.memory(gpus),
        decoder_rates=rates,
        images_per_call=getattr(embed, "batch_size", None) if is_on_cpu else None,
    )
