"""What holds an ingest back, and what to change: plain rules over the numbers; measures and prints nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from lookalike_cli.speed.facts import Facts, Seat
from lookalike_cli.speed.figures import Stages, Whole, bound, efficiency, shares
from lookalike_cli.speed.stages import BULK, DECODE, EMBED, ENCODE, LOOK_UP, READ, SERVER

#: A whole below this share of what the processes allow loses time between the stages.
GOOD_EFFICIENCY = 0.85
#: Waiting that keeps the whole this far below the bound is what holds it back.
WAITING_SHARE = 0.8
#: Others that keep this share of the cores busy make the numbers worth little.
BUSY_SHARE = 0.25
#: The default model; none that is offered embeds faster on a CPU.
SMALLEST_MODEL = "efficientnet-lite0"
#: Larger pictures spend most of their decoding on pixels that the model never sees.
LARGE_MEGAPIXELS = 2.0
#: Chunks of the default size; fewer pictures make the work around a chunk show.
SMALL_CHUNK = 64
#: What LOOKALIKE_CHUNK_SIZE may be at most.
LARGEST_CHUNK = 1024
#: Dimension of the default model: more numbers a vector make every later stage dearer.
USUAL_DIMENSION = 256

WORKERS, QUEUE, OTHERS = "workers", "queue", "other programs"


@dataclass(frozen=True)
class Verdict:
    """`bottleneck` is a stage, or `workers`, `queue` or `other programs`; `advice` is whole sentences, best first."""

    bottleneck: str
    why: str
    advice: tuple[str, ...]


def judge(stages: Stages, whole: Whole, facts: Facts) -> Verdict:
    """The first rule that holds: too few processes, waiting, time lost between the stages, and else the stage that
    takes most of the cores' time."""
    found = _too_few_processes(facts) or _waiting(stages, facts) or _between(stages, whole, facts) or _dearest(stages)
    bottleneck, why = found
    return Verdict(bottleneck, why, (*_advice(bottleneck, stages, facts), *_beside(stages, facts)))


def _too_few_processes(facts: Facts) -> tuple[str, str] | None:
    if facts.processes >= facts.cores:
        return None
    return WORKERS, f"{facts.processes} of {facts.cores} cores have a worker process"


def _waiting(stages: Stages, facts: Facts) -> tuple[str, str] | None:
    """The stage that stands still for longest, if standing still is what keeps the cores from their bound. While a
    server on this machine is waited for it computes, which the bound has counted."""
    waiting = {stage.name: stage.waiting_s for stage in stages.stages}
    server = stages.stage(SERVER)
    waiting[BULK] = max(0.0, waiting[BULK] - (server.cpu_s.median if server else 0.0))
    elapsed_s = stages.cpu_s + sum(waiting.values())
    if facts.processes / elapsed_s >= WAITING_SHARE * bound(stages, facts.cores):
        return None
    longest = max(waiting, key=lambda name: waiting[name])
    stalled = f"waits {1000 * waiting[longest]:.1f} ms a picture while its core stands idle"
    if longest in (READ, BULK, LOOK_UP):
        return longest, f"it {stalled}"
    return OTHERS, f"{longest}, which computes only, {stalled.replace('stands idle', 'is held by others')}"


def _between(stages: Stages, whole: Whole, facts: Facts) -> tuple[str, str] | None:
    reached = efficiency(stages, whole, facts.cores)
    if reached is None or reached >= GOOD_EFFICIENCY:
        return None
    if facts.busy_cores > BUSY_SHARE * facts.cores:
        return OTHERS, f"they kept {facts.busy_cores:.1f} of {facts.cores} cores busy before the measurement began"
    return QUEUE, f"{1 - reached:.0%} of the cores' time goes to none of the stages"


def _dearest(stages: Stages) -> tuple[str, str]:
    parts = shares(stages.stages)
    name = max(parts, key=lambda stage: parts[stage])
    return name, f"{parts[name]:.0%} of the cores' time"


def _advice(bottleneck: str, stages: Stages, facts: Facts) -> Iterator[str]:
    if bottleneck == WORKERS:
        yield f"Run more processes: unset LOOKALIKE_CONCURRENCY, or set it to {facts.cores}."
    elif bottleneck == OTHERS:
        yield "Measure again when the machine has nothing else to do."
    elif bottleneck == QUEUE:
        yield from _for_queue(facts)
    elif bottleneck == READ:
        yield _more_processes(facts)
        yield "Bring the pictures nearer: a local disk instead of a network's."
    elif bottleneck == DECODE:
        yield from _for_decode(facts)
    elif bottleneck == EMBED:
        yield from _for_embed(facts)
    elif bottleneck in (ENCODE, BULK, LOOK_UP, SERVER):
        yield from _for_index(bottleneck, facts)
    else:
        yield MORE_CORES


MORE_CORES = "More cores, or workers on more machines, are the only cure."


def _for_queue(facts: Facts) -> Iterator[str]:
    yield from _bigger_chunk(facts)
    yield "Broker and worker on slow disks cost each chunk a write: put LOOKALIKE_HOME on a faster one."


def _more_processes(facts: Facts) -> str:
    return f"Run more processes than cores: LOOKALIKE_CONCURRENCY={2 * facts.processes}; some wait, others embed."


def _bigger_chunk(facts: Facts) -> Iterator[str]:
    if facts.chunk_size < SMALL_CHUNK:
        yield f"Give a bigger chunk: LOOKALIKE_CHUNK_SIZE={SMALL_CHUNK}, and --pictures large enough to fill some."
    elif facts.chunk_size < LARGEST_CHUNK:
        yield f"Give a bigger chunk: LOOKALIKE_CHUNK_SIZE={min(LARGEST_CHUNK, 2 * facts.chunk_size)}."


def _for_decode(facts: Facts) -> Iterator[str]:
    if facts.megapixels > LARGE_MEGAPIXELS:
        yield f"Pictures of {facts.megapixels:.0f} megapixels: smaller copies, or JPEG, decode several times faster."
    yield MORE_CORES


def _for_embed(facts: Facts) -> Iterator[str]:
    if facts.precision == "f32":
        yield "Compute in bf16 where the CPU can (LOOKALIKE_PRECISION=auto): about twice as fast, and as good."
    if facts.model != SMALLEST_MODEL:
        yield f"Take a smaller model: --model {SMALLEST_MODEL}, if its answers are good enough (`lookalike evaluate`)."
    yield MORE_CORES


def _for_index(bottleneck: str, facts: Facts) -> Iterator[str]:
    if facts.seat is Seat.HERE and bottleneck != ENCODE:
        yield "Put the index on another machine: here it takes cores from the workers."
    if facts.seat is Seat.ELSEWHERE and bottleneck != ENCODE:
        yield _more_processes(facts)
    if facts.seat is Seat.EMBEDDED:
        yield "The embedded index takes one writer at a time: an OpenSearch (LOOKALIKE_INDEX_URL) takes many."
    if bottleneck != SERVER:
        yield from _bigger_chunk(facts)
    if facts.dimension > USUAL_DIMENSION:
        yield f"A vector has {facts.dimension:,} numbers: a fitted head of {USUAL_DIMENSION} makes documents smaller."


def _beside(stages: Stages, facts: Facts) -> Iterator[str]:
    """What the measured pictures do not show, because they were read before."""
    if facts.processes / facts.first_read_s < bound(stages, facts.cores):
        yield (
            f"The first reading of a picture took {1000 * facts.first_read_s:.1f} ms: "
            "pictures that no cache holds come no faster than the storage gives them."
        )
