"""Runs jobs on worker processes whose model only waits."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np

from lookalike import embedding
from lookalike.addresses import plain_address
from lookalike.index import open_index
from lookalike.ledger import Job, JobState, Ledger
from lookalike.queue import make_app, send_chunks
from lookalike.records import ImageRef
from lookalike_producer.enqueue import enqueue
from testing.workers import Workers, Wrap, unwrapped

PATCHES = Path(__file__).parent / "patches"
MODEL = "efficientnet-lite0"
#: Seconds per image of the waiting model. Other work takes about 5 ms of CPU per image, so two cores suffice.
IMAGE_S = 0.1
CHUNK_SIZE = 16
#: The rate is measured between these shares of a job, where every worker is busy.
STEADY = (0.1, 0.9)
POLL_S = 0.02
#: A job that takes this many times the expected time counts as stuck.
MOST_TIMES = 10

#: Seconds, and images done by then.
Samples = list[tuple[float, int]]


class WaitingWorkers:
    """`count` workers of `processes` each, an index and a ledger, under `folder`. Entering raises AssertionError if the
    workers do not become ready. `variables` are further ones of the workers' environment."""

    def __init__(
        self,
        broker_url: str,
        index_url: str,
        folder: Path,
        count: int,
        wrap: Wrap = unwrapped,
        *,
        image_s: float = IMAGE_S,
        chunk_size: int = CHUNK_SIZE,
        processes: int = 1,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._broker_url = broker_url
        self._index_url = index_url
        self._folder = folder
        self._home = folder / "home"
        self._count = count
        self._wrap = wrap
        self._image_s = image_s
        self._chunk_size = chunk_size
        self._processes = processes
        self._variables = variables
        self._ledger = Ledger(broker_url)
        self._index = open_index(index_url, f"scale-{folder.name}")
        self._spec = embedding.resolve(MODEL)
        self._model = embedding.identify(self._spec, self._home)

    def __enter__(self) -> Self:
        self._home.mkdir(parents=True)
        with ExitStack() as stack:
            stack.callback(self._ledger.close)
            stack.callback(self._index.close)
            self._index.ensure(self._model)
            stack.callback(self._index.drop)
            workers = Workers(self._environment(), self._folder, self._count, self._processes, wrap=self._wrap)
            self.workers = stack.enter_context(workers)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        # Python ignores a broken sitecustomize, and then the workers build the real model.
        assert error or not (self._home / "models").exists(), "the workers used the real model"

    def is_busy(self, job: Job) -> bool:
        """Whether every worker has a chunk of this job in work."""
        return self._ledger.outstanding(job.id) - len(self._ledger.unleased(job.id)) >= self._count

    def ingest(self, images: Sequence[ImageRef]) -> float:
        """Run a job with these images; returns the images per second of its steady part."""
        _, samples = self.work(images)
        return slope(samples, len(images))

    def work(self, images: Sequence[ImageRef], look: Callable[[Job], None] = lambda job: None) -> tuple[Job, Samples]:
        """Run a job with these images; returns the ended job, and the number of images done over time."""
        job_id = self._ledger.open_job(
            source="pictures",
            index=self._index.name,
            index_address=plain_address(self._index_url),
            model=self._model,
            spec=self._spec.to_json(),
        )
        with make_app(self._broker_url) as app:
            send = partial(send_chunks, app)
            enqueue(images, job_id, ledger=self._ledger, send=send, chunk_size=self._chunk_size, limit=len(images))
        deadline = time.monotonic() + MOST_TIMES * (10 + len(images) * self._image_s)
        samples: Samples = []
        while not (job := self._ledger.job(job_id)).has_ended:
            samples.append((time.monotonic(), job.done))
            look(job)
            assert time.monotonic() < deadline, f"job {job_id} did not end"
            time.sleep(POLL_S)
        assert (job.state, job.indexed) == (JobState.FINISHED, job.found), job
        return job, samples

    def documents(self) -> int:
        """How many documents the index holds."""
        return self._index.count()

    def _environment(self) -> dict[str, str]:
        paths = [str(PATCHES), *filter(None, [os.environ.get("PYTHONPATH")])]
        ours = {
            "LOOKALIKE_HOME": str(self._home),
            "LOOKALIKE_BROKER_URL": self._broker_url,
            "LOOKALIKE_INDEX_URL": self._index_url,
            "LOOKALIKE_KEEP_ENV": "PYTHONPATH,SCALE_*",
            "PYTHONPATH": os.pathsep.join(paths),
            "SCALE_IMAGE_S": str(self._image_s),
            **self._variables,
        }
        return {**os.environ, **ours}


def slope(samples: Samples, total: int) -> float:
    """Images per second in the steady part of a job of `total` images: the slope of a line through the samples."""
    low, high = (share * total for share in STEADY)
    steady = np.array([sample for sample in samples if low <= sample[1] <= high])
    began_s = steady[0, 0]
    return float(np.polyfit(steady[:, 0] - began_s, steady[:, 1], 1)[0])


def slope_between(samples: Samples, begin_s: float, end_s: float) -> float:
    """Images per second between two moments."""
    steady = np.array([sample for sample in samples if begin_s <= sample[0] <= end_s])
    return float(np.polyfit(steady[:, 0] - begin_s, steady[:, 1], 1)[0])
