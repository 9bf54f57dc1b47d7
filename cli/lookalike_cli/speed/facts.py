"""Facts about machine, settings and images on which the advice depends."""

from dataclasses import dataclass, field
from enum import StrEnum

from lookalike.decoders import Rates


class Seat(StrEnum):
    """Where the index runs."""

    EMBEDDED = "embedded"
    HERE = "here"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Facts:
    """`time_in_8_bits`: the share of its time that the model takes with `:int8`, or None if it does not run on the
    CPU. `busy_cores` is the load average before the measurement began. `gpus` run the model, or with 0 the cores do;
    with OpenVINO, one thread of each process with `images_per_call`. `gpu_memory`: of each GPU, at the end.
    `decoder_rates`: images a second by number of processes, without queue and index, if that was measured."""

    cores: int
    processes: int
    chunk_size: int
    model: str
    dimension: int
    precision: str
    time_in_8_bits: str | None
    seat: Seat
    megapixels: float
    size_bytes: int
    first_read_s: float
    busy_cores: float
    gpus: int = 0
    gpu_memory: tuple[str, ...] = ()
    decoder_rates: Rates = field(default_factory=dict)
    images_per_call: int | None = None

    @property
    def working(self) -> int:
        """Cores on which the stages run: a GPU's model process may need the others."""
        return min(self.processes, self.cores)
