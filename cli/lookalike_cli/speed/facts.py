"""Facts about machine, settings and images on which the advice depends."""

from dataclasses import dataclass
from enum import StrEnum


class Seat(StrEnum):
    """Where the index runs."""

    EMBEDDED = "embedded"
    HERE = "here"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Facts:
    """`time_in_8_bits`: the share of its time that the model takes with `:int8`, or None if it does not run on the
    CPU. `busy_cores` is the load average before the measurement began. `gpus` run the model, or with 0 the cores do;
    with OpenVINO, one thread of each process with `images_per_call`."""

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
    images_per_call: int | None = None
