"""What the advice looks at beside the times: machine, settings and pictures; measures nothing."""

from dataclasses import dataclass
from enum import StrEnum


class Seat(StrEnum):
    """Where the index computes."""

    EMBEDDED = "embedded"
    HERE = "here"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Facts:
    """`busy_cores` is what others kept busy before the measurement began (the system's load average)."""

    cores: int
    processes: int
    chunk_size: int
    model: str
    dimension: int
    precision: str
    seat: Seat
    megapixels: float
    size_bytes: int
    first_read_s: float
    busy_cores: float
