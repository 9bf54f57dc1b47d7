"""How many processes of a worker decode for its GPUs: `bench` measures it, and it is kept for this machine."""

import math
from collections.abc import Mapping, Sequence

from lookalike import nvidia_smi
from lookalike.embedding.artifacts.kept_choices import add_entry, read_entries
from lookalike.embedding.artifacts.saved_models import write_file
from lookalike.embedding.runtimes import gpu
from lookalike.machine import usable_cores
from lookalike.release import RELEASE
from lookalike.settings import Settings

#: Under LOOKALIKE_HOME: images a second by number of processes, for each machine that shares the folder.
FILE = "decoders.json"
#: Fewer processes than cores are taken if they are faster by this factor: noise takes none.
GAIN = 1.05

Rates = Mapping[int, float]


def candidates(cores: int) -> list[int]:
    """The numbers that are compared, ascending: half of the cores, three quarters, and all. The model processes and the
    index may need the others."""
    return sorted({max(1, cores // 2), max(1, 3 * cores // 4), cores})


def fastest(rates: Rates) -> int:
    """The most, which is one for each core, unless fewer are faster."""
    most, best = max(rates), max(rates, key=lambda number: rates[number])
    return best if rates[best] > GAIN * rates[most] else most


def processes(settings: Settings, gpus: Sequence[str]) -> int:
    """Of a worker whose model runs on these GPUs: what is set, else what is fastest of what was measured, else one for
    each core."""
    if settings.concurrency:
        return settings.concurrency
    rates = kept(settings, gpus)
    return fastest(rates) if rates else settings.processes


def kept(settings: Settings, gpus: Sequence[str]) -> Rates | None:
    """What was measured; None if that was on another machine, with other settings or another version, or is not
    readable."""
    if not (found := read_entries(settings.home / FILE)) or (circumstances := _circumstances(settings, gpus)) is None:
        return None
    return _read(found.get(circumstances))


def keep(settings: Settings, gpus: Sequence[str], rates: Rates) -> bool:
    """Whether it could be kept: nvidia-smi names the GPUs, and the file can be written."""
    if (circumstances := _circumstances(settings, gpus)) is None:
        return False
    return add_entry(settings.home / FILE, circumstances, rates, write_file)


def _circumstances(settings: Settings, gpus: Sequence[str]) -> str | None:
    """All that the rates depend on but the images; None if the GPUs are not known by name."""
    names = nvidia_smi.names(gpus)
    if len(names) != len(gpus):
        return None
    runtime, decoder = gpu.runtime(settings.runtime), "GPU" if settings.gpu_decoding else "CPU"
    facts = [f"{usable_cores()} cores", *names, settings.model, runtime, f"JPEGs on the {decoder}", RELEASE]
    return ", ".join(facts)


def _read(found: object) -> Rates | None:
    """None if it is not what `keep` writes: then it says nothing about one process for each core."""
    if not isinstance(found, dict) or set(found) != {str(number) for number in candidates(usable_cores())}:
        return None
    if not all(isinstance(rate, int | float) and math.isfinite(rate) and rate > 0 for rate in found.values()):
        return None
    return {int(number): float(rate) for number, rate in found.items()}
