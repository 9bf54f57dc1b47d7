"""Cancels a job in the ledger: its chunks are dropped, but those that a worker holds now are finished."""

from collections.abc import Sequence

from lookalike.ledger import scripts
from lookalike.ledger.chunks import Chunks
from lookalike.ledger.connection import key
from lookalike.ledger.job import JobState

#: Chunks that are dropped in one atomic step.
CHUNKS_PER_STEP = 500


class Cancelling(Chunks):
    """The part of the ledger that is about the cancellation of jobs."""

    def cancel(self, job_id: str, *, ending: JobState = JobState.CANCELLED) -> JobState:
        """Accept no more chunks, drop those that no worker holds, and return the state of the job then.

        CANCELLING: workers hold chunks; call it again when a lease may have ended. FINISHING: nothing is left, and
        `finish` ends the job as `ending`, that of the first call. A job that is FINISHING or has ended stays as it is.
        """
        state = self._cancel(job_id, (), ending)
        if state is JobState.CANCELLING:
            chunk_ids = self.outstanding_ids(job_id)
            for start in range(0, len(chunk_ids), CHUNKS_PER_STEP):
                state = self._cancel(job_id, chunk_ids[start : start + CHUNKS_PER_STEP], ending)
        return state

    def _cancel(self, job_id: str, chunk_ids: Sequence[str], ending: JobState) -> JobState:
        names = ("job", "outstanding", "attempts", "timeouts", "waiting", "opened")
        keys = [*(key(name, job_id) for name in names), key("due"), *(key("lease", chunk_id) for chunk_id in chunk_ids)]
        with self._translated():
            return JobState(self._run(scripts.CANCEL, keys=keys, args=[ending.value, *chunk_ids]).decode())
