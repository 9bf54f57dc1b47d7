"""The rejected images in the ledger. Each has one record for a version of an index, on the list of the job that saw it
last; `holders:PLACE` says on which."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from lookalike.ledger import scripts
from lookalike.ledger.connection import Connection, key
from lookalike.messages import MessageInvalid, decode_rejection
from lookalike.records import Rejected, Rejection

logger = logging.getLogger(__name__)

#: Most records of one version of an index: about 600 bytes each in Redis' memory. Further rejected images are counted,
#: not recorded, and so each job tries them again.
MOST_RECORDS = 1_000_000
#: Uris in one atomic step.
URIS_PER_STEP = 1000


class Rejections(Connection):
    """The part of the ledger that is about rejected images. A `place` is a version of an index (`Job.place`)."""

    def rejected(self, job_id: str) -> Iterator[Rejected]:
        """The rejected images of a job that no later job has seen. Raises MessageInvalid."""
        return (rejection.rejected for rejection in self.rejections(job_id))

    def rejections(self, job_id: str) -> Iterator[Rejection]:
        """The same with their references and what they are based on. Raises MessageInvalid."""
        with self._translated():
            for _, payload in self._redis.hscan_iter(key("rejected", job_id)):
                yield decode_rejection(payload)

    def rejected_count(self, job_id: str) -> int:
        """Number of images on the job's list of rejected images."""
        with self._translated():
            return self._redis.hlen(key("rejected", job_id))

    def remove_rejected(self, job_id: str, uris: Sequence[str]) -> None:
        """Take images off the job's list, because another job has them now; the counts of the job stay."""
        with self._translated():
            if uris:
                self._redis.hdel(key("rejected", job_id), *uris)

    def recorded(self, place: str) -> Iterator[str]:
        """The uris of all images with a rejection at a place."""
        with self._translated():
            for uri, _ in self._redis.hscan_iter(key("holders", place), count=URIS_PER_STEP):
                yield uri.decode()

    def earlier(self, place: str, uris: Sequence[str]) -> Mapping[str, Rejection]:
        """The recorded rejections of some images, by uri. A malformed record counts as none: the image is tried."""
        with self._translated():
            payloads = self._run(scripts.EARLIER, keys=[key("holders", place)], args=[key("rejected", ""), *uris])
        return {item.rejected.uri: item for item in _valid(cast(list[bytes], payloads))}

    def forget(self, place: str, uris: Sequence[str]) -> None:
        """Remove the rejections of images that are indexed, or that are in no source any more."""
        with self._translated():
            for start in range(0, len(uris), URIS_PER_STEP):
                some = uris[start : start + URIS_PER_STEP]
                self._run(scripts.FORGET, keys=[key("holders", place)], args=[key("rejected", ""), *some])

    def forget_all(self, place: str) -> None:
        """Remove all rejections of a version that does not exist any more."""
        batch: list[str] = []
        for uri in self.recorded(place):
            batch.append(uri)
            if len(batch) == URIS_PER_STEP:
                self.forget(place, batch)
                batch = []
        self.forget(place, batch)

    def adopt(self, old: str, new: str, uris: Sequence[str]) -> None:
        """Move rejections from one place to another; an image that has one there keeps that one."""
        with self._translated():
            for start in range(0, len(uris), URIS_PER_STEP):
                some = uris[start : start + URIS_PER_STEP]
                keys = [key("holders", old), key("holders", new)]
                self._run(scripts.ADOPT, keys=keys, args=[key("rejected", ""), *some])


def _valid(payloads: Sequence[bytes]) -> Iterator[Rejection]:
    for payload in payloads:
        try:
            yield decode_rejection(payload)
        except MessageInvalid as error:
            logger.warning("%s", error)
