"""The rejected images of the jobs in the ledger."""

from collections.abc import Iterator, Sequence

from lookalike.ledger.connection import Connection, key
from lookalike.messages import decode_rejected
from lookalike.records import ImageRef, Rejected


class Rejections(Connection):
    """The part of the ledger that is about rejected images."""

    def rejected(self, job_id: str) -> Iterator[Rejected]:
        """The rejected images of a job. Raises MessageInvalid."""
        return (rejected for rejected, _ in self.rejections(job_id))

    def rejections(self, job_id: str) -> Iterator[tuple[Rejected, ImageRef]]:
        """The rejected images of a job, with their references. Raises MessageInvalid."""
        with self._translated():
            for _, payload in self._redis.hscan_iter(key("rejected", job_id)):
                yield decode_rejected(payload)

    def rejected_count(self, job_id: str) -> int:
        """Number of images on the job's list of rejected images."""
        with self._translated():
            return self._redis.hlen(key("rejected", job_id))

    def remove_rejected(self, job_id: str, uris: Sequence[str]) -> None:
        """Take images off the job's list, because another job has them now; the counts of the job stay."""
        with self._translated():
            if uris:
                self._redis.hdel(key("rejected", job_id), *uris)
