"""Rules that find the bottleneck of an ingest from the measured numbers, and advise what to change."""

from collections.abc import Iterator
from dataclasses import dataclass

from lookalike.embedding import NAMED
from lookalike.embedding.specs.names import INT8
from lookalike_cli.speed.facts import Facts, Seat
from lookalike_cli.speed.figures import Stages, Whole, bound, efficiency, shares
from lookalike_cli.speed.stages import BULK, DECODE, EMBED, ENCODE, FETCH, LOOK_UP, READ, SERVER

#: Below this efficiency, time is lost between the stages.
GOOD_EFFICIENCY = 0.85
#: Waiting is the bottleneck if it keeps the rate below this share of the bound.
WAITING_SHARE = 0.8
#: If other programs keep more than this share of the cores busy, the numbers are unreliable.
BUSY_SHARE = 0.25
#: The default model, the fastest on a CPU.
SMALLEST_MODEL = "efficientnet-lite0"
#: Decoding larger images is mostly spent on pixels that the model never sees.
LARGE_MEGAPIXELS = 2.0
#: The default chunk size; in smaller chunks the overhead per chunk is noticeable.
SMALL_CHUNK = 64
#: The maximum of LOOKALIKE_CHUNK_SIZE.
LARGEST_CHUNK = 1024
#: Dimension of the default model; larger vectors make every later stage slower.
USUAL_DIMENSION = 256

WORKERS, QUEUE, OTHERS = "workers", "queue", "other programs"


@dataclass(frozen=True)
class Diagnosis:
    """`bottleneck` is a stage, `workers`, `queue` or `other programs`; `advice` has sentences, best first."""

    bottleneck: str
    why: str
    advice: tuple[str, ...]


def diagnose(stages: Stages, whole: Whole, facts: Facts) -> Diagnosis:
    """Apply the first rule that matches: too few processes, waiting, time lost between the stages; otherwise the
    bottleneck is the stage with the most CPU time."""
    found = _too_few_processes(facts) or _waiting(stages, facts) or _between(stages, whole, facts) or _dearest(stages)
    bottleneck, why = found
    return Diagnosis(bottleneck, why, (*_advice(bottleneck, stages, facts), *_beside(stages, facts)))


def _too_few_processes(facts: Facts) -> tuple[str, str] | None:
    # Fewer that were measured to be faster are enough.
    if facts.processes >= facts.cores or facts.decoder_rates:
        return None
    return WORKERS, f"{facts.processes} of {facts.cores} cores have a worker process"


def _waiting(stages: Stages, facts: Facts) -> tuple[str, str] | None:
    """Return the stage with the longest wait, if waiting keeps the rate below the bound. Waiting for a server on
    this machine does not count while that server computes: the bound includes its CPU time."""
    waiting = {stage.name: stage.waiting_s for stage in stages.stages}
    server = stages.stage(SERVER)
    waiting[BULK] = max(0.0, waiting[BULK] - (server.cpu_s.median if server else 0.0))
    elapsed_s = stages.cpu_s + sum(waiting.values())
    if facts.processes / elapsed_s >= WAITING_SHARE * bound(stages, facts.working):
        return None
    longest = max(waiting, key=lambda name: waiting[name])
    stalled = f"waits {1000 * waiting[longest]:.1f} ms per image while its core is idle"
    if longest == EMBED and facts.gpus:
        return longest, f"it waits {1000 * waiting[longest]:.1f} ms per image for the GPU"
    if longest in (READ, FETCH, BULK, LOOK_UP):
        return longest, f"it {stalled}"
    return OTHERS, f"{longest}, which only computes, {stalled.replace('is idle', 'is used by others')}"


def _between(stages: Stages, whole: Whole, facts: Facts) -> tuple[str, str] | None:
    reached = efficiency(stages, whole, facts.working)
    if reached is None or reached >= GOOD_EFFICIENCY:
        return None
    if facts.busy_cores > BUSY_SHARE * facts.cores:
        return OTHERS, f"they used {facts.busy_cores:.1f} of {facts.cores} cores before the measurement began"
    return QUEUE, f"{1 - reached:.0%} of the cores' time is spent outside the stages"


def _dearest(stages: Stages) -> tuple[str, str]:
    parts = shares(stages.stages)
    name = max(parts, key=lambda stage: parts[stage])
    return name, f"{parts[name]:.0%} of the CPU time"


def _advice(bottleneck: str, stages: Stages, facts: Facts) -> Iterator[str]:
    if bottleneck == WORKERS:
        yield f"Run more processes: unset LOOKALIKE_CONCURRENCY or set it to {facts.cores}."
    elif bottleneck == OTHERS:
        yield "Measure again when the machine is otherwise idle."
    elif bottleneck == QUEUE:
        yield from _for_queue(facts)
    elif bottleneck == READ:
        yield _more_processes(facts)
        yield "Move the images closer: a local disk is faster than a network."
    elif bottleneck == FETCH:
        yield from _for_fetch(facts)
    elif bottleneck == DECODE:
        yield from _for_decode(facts)
    elif bottleneck == EMBED:
        yield from _for_embed(facts)
    elif bottleneck in (ENCODE, BULK, LOOK_UP, SERVER):
        yield from _for_index(bottleneck, facts)
    else:
        yield MORE_CORES


MORE_CORES = "Use more cores, or workers on more machines."
MORE_GPUS = "Use more GPUs, or workers with GPUs on more machines."


def _for_queue(facts: Facts) -> Iterator[str]:
    yield from _bigger_chunk(facts)
    yield "Put LOOKALIKE_HOME on a faster disk: the broker writes to it for every chunk."


def _more_processes(facts: Facts) -> str:
    return f"Run more processes than cores (LOOKALIKE_CONCURRENCY={2 * facts.processes}): some embed while others wait."


def _for_fetch(facts: Facts) -> Iterator[str]:
    yield "Ask hosts that allow it for more images at once: LOOKALIKE_HOST_CONNECTIONS=32, LOOKALIKE_FETCHES=64."
    yield from _bigger_chunk(facts)
    yield _more_processes(facts)


def _bigger_chunk(facts: Facts) -> Iterator[str]:
    if facts.chunk_size < SMALL_CHUNK:
        yield f"Use larger chunks: LOOKALIKE_CHUNK_SIZE={SMALL_CHUNK}, and a --count large enough to fill several."
    elif facts.chunk_size < LARGEST_CHUNK:
        yield f"Use larger chunks: LOOKALIKE_CHUNK_SIZE={min(LARGEST_CHUNK, 2 * facts.chunk_size)}."


def _for_decode(facts: Facts) -> Iterator[str]:
    if facts.megapixels > LARGE_MEGAPIXELS:
        yield f"Use smaller copies or JPEG: images of {facts.megapixels:.0f} megapixels decode several times slower."
    yield MORE_CORES


def _for_embed(facts: Facts) -> Iterator[str]:
    if facts.precision == "f32":
        place = "GPUs that have it" if facts.gpus else "CPUs that are faster with it"
        yield f"LOOKALIKE_PRECISION=auto computes in bf16 on {place}: up to twice as fast."
    if facts.model != SMALLEST_MODEL:
        yield f"Use a smaller model if its quality suffices (`lookalike evaluate`): --model {SMALLEST_MODEL}."
    yield from _in_8_bits(facts)
    yield MORE_GPUS if facts.gpus else MORE_CORES


def _in_8_bits(facts: Facts) -> Iterator[str]:
    """For models known by name, which take the option."""
    name, _, options = facts.model.partition(":")
    if facts.time_in_8_bits is None or name not in NAMED or INT8 in options.split("+"):
        return
    quick = f"{facts.model}{'+' if options else ':'}{INT8}"
    share = f"{facts.time_in_8_bits} of the model's time on this CPU"
    yield f"Compute in 8-bit integers, which takes {share} and needs an index of its own: --model {quick}."


def _for_index(bottleneck: str, facts: Facts) -> Iterator[str]:
    if facts.seat is Seat.HERE and bottleneck != ENCODE:
        yield "Move the index to another machine: here it uses cores that the workers need."
    if facts.seat is Seat.ELSEWHERE and bottleneck != ENCODE:
        yield _more_processes(facts)
    if facts.seat is Seat.EMBEDDED:
        yield "Use OpenSearch (LOOKALIKE_INDEX_URL): the embedded index allows one writer at a time."
    if bottleneck != SERVER:
        yield from _bigger_chunk(facts)
    if facts.dimension > USUAL_DIMENSION:
        yield f"Fit a head with {USUAL_DIMENSION} dimensions: vectors of {facts.dimension:,} make large documents."


def _beside(stages: Stages, facts: Facts) -> Iterator[str]:
    """Advice on the first read, which the measurement does not include."""
    if facts.processes / facts.first_read_s < bound(stages, facts.cores):
        yield (
            f"The first read of an image took {1000 * facts.first_read_s:.1f} ms: "
            "images outside the cache are limited by the storage."
        )
