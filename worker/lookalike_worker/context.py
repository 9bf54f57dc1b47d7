"""What a worker process works with: ledger, storage, models and indexes, each opened when first needed.

Nothing is opened before the fork: models, database handles and connections do not survive it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

from billiard.process import current_process

from lookalike import factories
from lookalike.embedding import Embedder, ModelSpec
from lookalike.embedding.runtimes.remote_embedder import SharedEmbedder
from lookalike.errors import IndexConflict, IndexUnavailable, ModelMismatch
from lookalike.images import DecodedImage
from lookalike.index import Index
from lookalike.ledger import Job, Ledger
from lookalike.pipeline import ChunkIndex
from lookalike.retry import retry_while
from lookalike.settings import Settings
from lookalike_worker.retrying_index import RetryingIndex

#: A process serves the running job and, while models change over, the one before it.
KEPT = 2


class WorkerContext:
    """One per process. `model_processes`: where models are shared instead of loaded here."""

    def __init__(self, settings: Settings, broker_url: str, model_processes: Sequence[Path] = ()) -> None:
        self._settings = settings
        self._model_processes = model_processes
        self.ledger = Ledger(broker_url)
        self._storage = factories.storage(settings)
        self._embedders = lru_cache(maxsize=KEPT)(self._load)
        self._indexes = lru_cache(maxsize=KEPT)(self._open)

    def read(self, uri: str) -> bytes:
        return self._storage.read(uri)

    def decoder(self, job: Job) -> Callable[[bytes], DecodedImage]:
        """Decodes to the size that the job's model takes."""
        return partial(factories.decode, self._settings, size=ModelSpec.from_json(job.spec).size)

    def embedder(self, job: Job) -> Embedder:
        """The job's model. Raises ModelUnavailable, or ModelMismatch if it is not here what it is for the producer."""
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

    def shelf(self, job: Job) -> ChunkIndex:
        """The job's index for a chunk: one that is away is waited for, also before it is first opened. Raises as
        `index` does."""
        patience_s = self._settings.index_retry_s
        return RetryingIndex(retry_while(lambda: self.index(job), IndexUnavailable, patience_s), patience_s)

    def _load(self, spec: str) -> Embedder:
        if not self._model_processes:
            return factories.embedder(self._settings, ModelSpec.from_json(spec))
        # Processes of one worker are numbered from 0, also those that follow one that died.
        number = getattr(current_process(), "index", 0)
        address = self._model_processes[number % len(self._model_processes)]
        return SharedEmbedder(address, ModelSpec.from_json(spec))

    def _open(self, name: str, model: str, fingerprint: str) -> Index:
        index = factories.open_index(self._settings, name)
        held = index.model()
        if held.fingerprint != fingerprint:
            raise ModelMismatch(name, str(held), f"{model} ({fingerprint})")
        return index
