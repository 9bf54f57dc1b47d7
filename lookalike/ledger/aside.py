"""The chunks of images that were put aside, because their host does not give them now."""

import time
from dataclasses import dataclass
from typing import cast

from lookalike.ledger import scripts
from lookalike.ledger.connection import Connection, key
from lookalike.messages import decode_waiting
from lookalike.plural import counted

#: Chunks that are sent again in one step.
MOST_DUE = 500


@dataclass(frozen=True)
class Waiting:
    """The images of a job that wait for a host, since when (seconds since 1970), and what the host did last."""

    host: str
    images: int
    since: float
    why: str

    def __str__(self) -> str:
        verb = "waits" if self.images == 1 else "wait"
        return f"{counted(self.images, 'image')} {verb} for {self.host}: {self.why}"


class Aside(Connection):
    """The part of the ledger that is about images that wait for their host."""

    def aside(self, job_id: str) -> int:
        """Number of outstanding chunks of the job that were put aside."""
        with self._translated():
            return self._redis.hlen(key("waiting", job_id))

    def due(self) -> list[str]:
        """The chunks that were put aside until now. They are given once; the caller sends them, and one that is not
        sent counts as lost."""
        arguments = [repr(time.time()), MOST_DUE, key("outstanding", ""), key("opened", "")]
        with self._translated():
            ids = self._run(scripts.DUE, keys=[key("due")], args=arguments)
        return [chunk_id.decode() for chunk_id in cast(list[bytes], ids)]

    def waiting(self, job_id: str) -> list[Waiting]:
        """The hosts that images of the job wait for, most images first. Malformed records are left out."""
        with self._translated():
            payloads = cast(list[bytes], self._redis.hvals(key("waiting", job_id)))
        hosts: dict[str, Waiting] = {}
        for wait, images in filter(None, map(decode_waiting, payloads)):
            known = hosts.get(wait.host, Waiting(wait.host, 0, wait.first_at, wait.why))
            since, why = min(known.since, wait.first_at), wait.why if wait.first_at > known.since else known.why
            hosts[wait.host] = Waiting(wait.host, known.images + images, since, why)
        return sorted(hosts.values(), key=lambda item: (-item.images, item.host))
