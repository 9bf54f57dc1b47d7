"""Reads jobs from the ledger and converts them to answers."""

import logging
import time
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

from lookalike import http_schemas as schemas
from lookalike.errors import BrokerUnavailable, PermanentError
from lookalike.ledger import Job, Ledger
from lookalike.messages import MessageInvalid
from lookalike.preflight import broker_diagnostics
from lookalike.shown import shortened

Value = TypeVar("Value")

logger = logging.getLogger(__name__)

#: Of a job's error in an answer.
MOST_CHARACTERS = 2000


class JobHistory:
    """Every method raises BrokerUnavailable, and JobUnknown for an id that is not in the ledger."""

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self.ledger = Ledger(broker_url)

    def latest(self, limit: int) -> schemas.Jobs:
        return schemas.Jobs(tuple(self._schema(job) for job in self.ledger.jobs(limit)))

    def one(self, job_id: str) -> schemas.Job:
        return self._schema(self.ledger.job(job_id))

    def rejected(self, job_id: str, limit: int, offset: int) -> schemas.RejectedPage:
        """A page of the rejected images; in no particular order."""
        self.ledger.job(job_id)
        page = islice(self.ledger.rejected(job_id), offset, offset + limit)
        return schemas.RejectedPage(failed=tuple(page), total=self.ledger.rejected_count(job_id))

    def is_available(self) -> bool:
        try:
            self.ledger.ping()
        except (BrokerUnavailable, PermanentError):
            return False
        return True

    def check_writable(self) -> None:
        """Raises PermanentError if the broker takes no jobs, such as a read-only replica."""
        broker_diagnostics(self._broker_url)

    def close(self) -> None:
        self.ledger.close()

    def _schema(self, job: Job) -> schemas.Job:
        return schemas.Job(
            id=job.id,
            kind=job.kind.value,
            state=job.state.value,
            source=job.source,
            index=job.index,
            model=job.model,
            found=job.found,
            indexed=job.indexed,
            unchanged=job.unchanged,
            rejected=job.rejected,
            placed=job.placed,
            outstanding=0 if job.has_ended else _valid(0, job, lambda: self.ledger.outstanding(job.id)),
            resent=job.resent,
            reasons=job.reasons,
            began=job.started_at,
            ended=job.ended_at,
            seconds=round((job.ended_at or time.time()) - job.started_at, 3),
            error=shortened(job.error, MOST_CHARACTERS),
        )


def _valid(default: Value, job: Job, ask: Callable[[], Value]) -> Value:
    """The answer, or `default` if the record is not ours: it harms nothing else of this job, and no other job."""
    try:
        return ask()
    except MessageInvalid as error:
        logger.warning("Cannot read a record of job %s: %s", job.id, " ".join(str(error).split()))
        return default
