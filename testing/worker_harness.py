"""A real worker with one process, and the broker and ledger around it, for tests that send it messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import redis
from celery import Celery

from lookalike import embedding, factories
from lookalike.ledger import Job, JobState, Ledger
from lookalike.queue import send_chunk, send_finish
from lookalike.records import Chunk, ImageRef
from lookalike.settings import Settings
from testing.images import encoded
from testing.processes import await_true
from testing.services.process import ServerProcess


@dataclass
class WorkerHarness:
    """A worker with one process, its broker and ledger, and a folder that it may read."""

    settings: Settings
    root: Path
    app: Celery
    ledger: Ledger
    client: redis.Redis
    worker: ServerProcess
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def log(self) -> str:
        return self.worker.output.read_text(errors="replace")

    def open_job(self) -> str:
        spec = factories.model_spec(self.settings)
        return self.ledger.open_job(
            source=str(self.root),
            index=self.settings.index,
            index_address=self.settings.index_address,
            model=embedding.identify(spec, self.settings.home),
            spec=spec.to_json(),
        )

    def run(self, *uris: str) -> Job:
        """Run a job of one chunk and wait for its end."""
        job_id = self.open_job()
        chunk = Chunk(f"{job_id}/000000", job_id, tuple(ImageRef(uri) for uri in uris))
        self.ledger.open_chunk(chunk)
        send_chunk(self.app, chunk.id)
        return self._drained(job_id)

    def run_raw(self, payload: bytes) -> Job:
        """Run a job of one chunk whose record in the ledger is `payload`."""
        job_id = self.open_job()
        self.client.hset(f"lookalike:ledger:outstanding:{job_id}", f"{job_id}/000000", payload)
        send_chunk(self.app, f"{job_id}/000000")
        return self._drained(job_id)

    def _drained(self, job_id: str) -> Job:
        if self.ledger.drain(job_id):  # the worker was quicker
            send_finish(self.app, job_id)
        return self.ended(job_id)

    def ended(self, job_id: str) -> Job:
        await_true(lambda: self.ledger.job(job_id).has_ended)
        return self.ledger.job(job_id)

    def assert_works(self) -> None:
        """Assert that the worker indexes a new image."""
        image = self.root / f"good-{next(self.numbers)}.jpg"
        image.write_bytes(encoded("jpeg"))
        job = self.run(str(image))
        assert (job.state, job.indexed, job.rejected) == (JobState.FINISHED, 1, 0)
