"""The ledger, reader, models and indexes of a worker process; models and indexes are opened when first needed.

Nothing is opened before the fork, because models, database handles and connections do not survive it.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock

from billiard.process import current_process

from lookalike import factories
from lookalike.embedded.redis_server import is_embedded
from lookalike.embedding import Embedder, ModelSpec
from lookalike.embedding.artifacts.cache import is_built
from lookalike.embedding.runtimes.remote_embedder import RemoteEmbedder
from lookalike.errors import IndexConflict, IndexUnavailable, ModelMismatch
from lookalike.host_wait import HostWait
from lookalike.images import DecodedImage
from lookalike.index import Index
from lookalike.ledger import Job, Ledger
from lookalike.pipeline import ChunkIndex, Fetch
from lookalike.reading.reader import Reader
from lookalike.records import Chunk, Wait
from lookalike.remembered import Remembered
from lookalike.retry import retry_while
from lookalike.settings import Settings
from lookalike_worker.retrying_index import RetryingIndex

#: Models and indexes in memory: of the running job and, during a change of models, of the job before.
CACHE_SIZE = 2
#: Of the time limit, for the ANN index at the end of a job; compacting the index comes before.
BUILD_SHARE = 0.75


class WorkerContext:
    """One per process. `model_processes`: sockets of the processes that hold the models; empty: load them here. `check`
    is called again and again while images or an ANN index are waited for; what it raises ends the wait."""

    def __init__(
        self,
        settings: Settings,
        broker_url: str,
        model_processes: Sequence[Path] = (),
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        #: Raises WorkerStopping once the worker is to wait for nothing more.
        self.check = check
        #: The process that ends a job is killed after its time limit, as any other.
        self.build_limit_s = BUILD_SHARE * settings.time_limit_s
        self._model_processes = model_processes
        self.ledger = Ledger(broker_url)
        url = settings.broker_url.get_secret_value() if settings.broker_url else None
        self._honours_named = is_embedded(url, settings.home)
        self._reader: tuple[tuple[str, ...], Reader] | None = None
        self._rules = factories.rejection_rules(settings)
        #: Of two threads that need a model, the second waits for the first.
        self._loading = Lock()
        self._embedders = lru_cache(maxsize=CACHE_SIZE)(self._load)
        self._indexes = lru_cache(maxsize=CACHE_SIZE)(self._open)

    def warm_up(self) -> bool:
        """Load what a job of the embedded stack will probably need, before its first chunk comes: the code of the index
        and, if it is built, the model. Whether the model was loaded. Raises the errors of both."""
        if not self._honours_named or self._model_processes:
            return False
        with closing(factories.open_index(self._settings)):
            spec = factories.working_spec(self._settings)
        if not is_built(spec, self._settings.home):
            return False
        with self._loading:
            self._embedders(spec.to_json())
        return True

    def host_wait(self, wait: Wait | None) -> HostWait:
        """How long the images of a chunk go on waiting for their hosts; `wait` is how they have waited until now."""
        return HostWait(self._settings.host_wait_s, wait)

    def fetch(self, job: Job, wait: HostWait) -> Fetch:
        return partial(self.reader(job).arrivals, tries=wait.tries, check=self.check)

    def reader(self, job: Job) -> Reader:
        """Reads what a job may read: with the embedded stack also the web addresses that its command named."""
        named = job.named if self._honours_named else ()
        if self._reader is None or self._reader[0] != named:
            if self._reader is not None:
                self._reader[1].close()
            reader = factories.reader(self._settings, is_embedded=self._honours_named, named=named)
            self._reader = (named, reader)
        return self._reader[1]

    def remembered(self, job: Job, chunk: Chunk) -> Remembered:
        """The rejections of the chunk's images by earlier jobs."""
        uris = [ref.uri for ref in chunk.refs]
        rejections = retry_while(lambda: self.ledger.earlier(job.place, uris))
        return Remembered(rejections, look=self.reader(job).look, rules=self._rules, tries_again=job.tries_again)

    def decoder(self, job: Job) -> Callable[[bytes], DecodedImage]:
        """Return a function that decodes to the image size of the job's model, or to what its model process resizes.
        Raises as `embedder`."""
        embed = self.embedder(job)
        return factories.decoder(self._settings, embed)

    def embedder(self, job: Job) -> Embedder:
        """The job's model. Raises ModelUnavailable, or ModelMismatch if the producer's model is another one."""
        with self._loading:
            embed = self._embedders(job.spec)
        if embed.identity.fingerprint != job.fingerprint:
            raise ModelMismatch(job.index, f"{job.model} ({job.fingerprint})", str(embed.identity))
        return embed

    def index(self, job: Job) -> Index:
        """The job's index. Raises IndexMissing, ModelMismatch, IndexConflict."""
        ours = self._settings.index_address
        if job.index_address != ours:
            raise IndexConflict(
                f"The job is for the index at {job.index_address}; this worker writes to {ours}.",
                "Start producer and workers with the same LOOKALIKE_INDEX_URL.",
            )
        return self._indexes(job.index, job.model, job.fingerprint)

    def chunk_index(self, job: Job) -> ChunkIndex:
        """The job's index for the pipeline; waits while the index is unavailable. Raises as `index` does."""
        retry_s = self._settings.index_retry_s
        return RetryingIndex(retry_while(lambda: self.index(job), IndexUnavailable, retry_s), retry_s)

    def _load(self, spec: str) -> Embedder:
        if not self._model_processes:
            return factories.embedder(self._settings, ModelSpec.from_json(spec), for_chunks=True)
        # Celery numbers a worker's processes from 0; a replacement takes the number of the process that died.
        number = getattr(current_process(), "index", 0)
        address = self._model_processes[number % len(self._model_processes)]
        return RemoteEmbedder(address, ModelSpec.from_json(spec), self._settings.answer_limit_s)

    def _open(self, name: str, model: str, fingerprint: str) -> Index:
        index = factories.open_index(self._settings, name)
        stored = index.model()
        if stored.fingerprint != fingerprint:
            raise ModelMismatch(name, str(stored), f"{model} ({fingerprint})")
        return index
