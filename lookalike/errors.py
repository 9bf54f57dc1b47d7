"""All errors of lookalike; the class decides whether to retry.

`ImageRejected` concerns one image and becomes a value. `Unavailable` is temporary: wait and retry.
`PermanentError` needs a person: the job stops and says what to do.
Arguments go to `Exception.__init__` unchanged, so that errors survive pickling and Celery's JSON.
"""

from lookalike.installation import install_command
from lookalike.records import Reason
from lookalike.shown import shortened, visible

#: Most characters of a sentence: it may repeat a path, or what a library says.
LONGEST_SENTENCE = 2000


class LookalikeError(Exception):
    """The base class; `str()` is one or two lines for a person, whatever the names in them are."""

    def sentences(self) -> tuple[str, ...]:
        """What is wrong, and what to do."""
        return tuple(map(str, self.args))

    def __str__(self) -> str:
        lines = (visible(shortened(sentence, LONGEST_SENTENCE)) for sentence in self.sentences() if sentence)
        return "\n".join(lines)


class ImageRejected(LookalikeError):
    """This one image cannot be indexed, now or later."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def sentences(self) -> tuple[str, ...]:
        return (f"{self.reason}: {self.detail}" if self.detail else str(self.reason),)


class QueryRejected(ImageRejected):
    """The image to search for, or to embed, cannot be read; `source` is what the caller named."""

    def __init__(self, source: str, reason: Reason, detail: str = "") -> None:
        LookalikeError.__init__(self, source, reason, detail)
        self.source = source
        self.reason = reason
        self.detail = detail

    def sentences(self) -> tuple[str, ...]:
        if self.reason is Reason.NOT_FOUND:
            advice = "Give the path of an image. To search by words, use --text (lookalike.Text)."
            return f"{self.source} cannot be read as an image: there is no such file.", advice
        (why,) = super().sentences()
        return (f"{self.source} cannot be read as an image: {why}.",)


class Unavailable(LookalikeError):
    """A service is away; the work waits and is retried."""

    service = "service"
    advice = ""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(address, why)
        self.address = address
        self.why = why

    def sentences(self) -> tuple[str, ...]:
        return f"The {self.service} at {self.address} is not available: {self.why}.", self.advice


class BrokerUnavailable(Unavailable):
    """Redis cannot be reached."""

    service = "broker"
    advice = "Start it, or correct LOOKALIKE_BROKER_URL; unset it to use the embedded broker."


class EmbeddedBrokerUnavailable(BrokerUnavailable):
    """The private Redis of the embedded stack cannot be reached, although its owner keeps it running."""

    service = "embedded broker"
    advice = "Run the same command again: it starts the broker if nobody else does, and continues."


class BrokerRefuses(BrokerUnavailable):
    """Redis answers, but does not accept commands at the moment; `advice` fits its reason."""

    def __init__(self, address: str, why: str, advice: str) -> None:
        LookalikeError.__init__(self, address, why, advice)
        self.address = address
        self.why = why
        self.advice = advice


class IndexUnavailable(Unavailable):
    """The index cannot be reached, or is overloaded."""

    service = "index"
    advice = "Start it, or correct LOOKALIKE_INDEX_URL; unset it to use the embedded index."


class IndexBusy(IndexUnavailable):
    """Another process holds a lock of an embedded index."""

    advice = (
        "Wait until that has ended, then run the same command again: `lookalike status` shows jobs, `lookalike doctor` "
        "whether an ANN index is being built."
    )


class ShardsMissing(IndexUnavailable):
    """An OpenSearch answers without some shards of an index: they start soon after their node, or are lost."""

    advice = (
        "Start the node that holds them; GET /_cluster/allocation/explain tells why a shard does not start. If one is "
        "lost for good, delete its index (DELETE /INDEX) and ingest again."
    )

    def sentences(self) -> tuple[str, ...]:
        # A job that waits says the first sentence only.
        what, advice = super().sentences()
        return f"{what} `lookalike doctor` says how many shards are missing.", advice


class SourceUnavailable(Unavailable):
    """The folder with the images cannot be read at the moment."""

    service = "source"
    advice = "Check that it is mounted and that the network works, then run the same command again."


class HostUnavailable(Unavailable):
    """One of the hosts with images does not answer in order; the images of other hosts do not wait for it.

    `retry_after_s` is how long the host asks to wait, None if it does not say.
    """

    service = "host"
    advice = "`lookalike failed retry --reason host_unavailable` tries its images again."

    def __init__(self, address: str, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(address, why)
        self.args = (address, why, retry_after_s)
        self.retry_after_s = retry_after_s


class ObjectUnavailable(HostUnavailable):
    """One object of a store does not come, although the store answers: the others do not wait for it."""


class MachineExhausted(Unavailable):
    """This machine has no file descriptor or memory left, whatever the work was."""

    service = "machine"
    advice = "Raise its limit (ulimit -n, -u, -v; the container's memory), or run less (LOOKALIKE_CONCURRENCY)."

    def sentences(self) -> tuple[str, ...]:
        return f"The machine {self.address} has run out of something: {self.why}.", self.advice


class ModelProcessUnavailable(Unavailable):
    """The process that runs a worker's models has ended, or does not answer."""

    service = "model process"
    advice = "The worker restarts it; its log says why it ended."


class QueryServiceUnavailable(Unavailable):
    """The query service cannot be reached, or asks to retry later."""

    service = "query service"
    advice = "Check LOOKALIKE_API_URL; `lookalike doctor` shows whether the service is ready."


class PermanentError(LookalikeError):
    """A retry cannot help: a person has to act. `what` says what is wrong, `advice` what to do."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice

    def sentences(self) -> tuple[str, ...]:
        return self.what, self.advice


class SourceMissing(PermanentError):
    """A folder, glob or list of images does not exist, or is empty."""


class BadSetting(PermanentError):
    """A setting or argument is invalid."""


class BadFilter(BadSetting):
    """A filter cannot be read, names a field that the index does not have, or a value that does not fit its field."""


class BadQuery(BadSetting):
    """The examples of a search cannot be one query: a weight, a region, or what they have in common."""


class Closed(PermanentError):
    """A handle is used after it was closed."""


class MissingExtra(PermanentError):
    """A feature needs packages that are not installed; `extra` names the extra that has them, or several: "a,b"."""

    def __init__(self, needed_by: str, extra: str) -> None:
        LookalikeError.__init__(self, needed_by, extra)
        self.needed_by = needed_by
        self.extra = extra

    def sentences(self) -> tuple[str, ...]:
        extras = " and ".join(f'"{name}"' for name in self.extra.split(","))
        word = "extras" if "," in self.extra else "extra"
        return (f"{self.needed_by} needs the {word} {extras}: {install_command(self.extra)}",)


class AccessDenied(PermanentError):
    """A service rejected the credentials, or denied an operation."""


class RequestRejected(PermanentError):
    """The query service rejected a request; `what` is its message, `status` the HTTP status."""

    def __init__(self, what: str, status: int) -> None:
        LookalikeError.__init__(self, what, status)
        self.what = what
        self.advice = ""
        self.status = status


class FilterRejected(RequestRejected, BadFilter):
    """The query service rejected a filter: the same as a BadFilter of an index of this machine."""


class UnsupportedService(PermanentError):
    """A service answers, but it is of the wrong kind, version or state."""


class IndexMissing(PermanentError):
    """The index asked for does not exist."""


class IndexConflict(PermanentError):
    """The index exists, but does not fit the operation."""


class MapMissing(PermanentError):
    """A version of an index has no map of its images, or one of another model."""

    def __init__(self, version: str) -> None:
        LookalikeError.__init__(self, version)
        self.version = version

    def sentences(self) -> tuple[str, ...]:
        return f"{self.version} has no map yet.", "`lookalike map` makes one."


class ModelUnavailable(PermanentError):
    """The model, its weights or its runtime cannot be loaded."""


class NotIndexed(LookalikeError):
    """A search by id or uri names an image that is not in the index."""

    def __init__(self, id: str, index: str) -> None:
        super().__init__(id, index)
        self.id = id
        self.index = index

    def sentences(self) -> tuple[str, ...]:
        what = f"Index {self.index} does not contain image {shortened(self.id)}."
        return what, "Ingest it first, or search with an image file."


class JobUnknown(PermanentError):
    """The ledger has no such job."""


class JobEnded(LookalikeError):
    """A job has ended and accepts no more chunks."""

    def __init__(self, job: str) -> None:
        super().__init__(job)
        self.job = job

    def sentences(self) -> tuple[str, ...]:
        return (f"Job {self.job} has ended and accepts no more work.",)


class ChunkLeased(LookalikeError):
    """A chunk's message was delivered twice, and another process holds the lease of the chunk."""

    def __init__(self, chunk: str) -> None:
        super().__init__(chunk)
        self.chunk = chunk

    def sentences(self) -> tuple[str, ...]:
        return (f"Another process is working on chunk {self.chunk}.",)


class WorkerStopping(LookalikeError):
    """The worker stops while images are still on their way, or an ANN index is being built: the chunk, or the end of
    the job, goes back, and another worker takes it."""

    def sentences(self) -> tuple[str, ...]:
        return ("The worker stops before the chunk, or the end of the job, is done.",)


class JobFailed(PermanentError):
    """A job was stopped; `what` is the reason that the worker gave, in one line or two."""

    def sentences(self) -> tuple[str, ...]:
        return tuple(self.what.split("\n", 1))


class JobCancelled(PermanentError):
    """A job was cancelled while somebody waited for it; what it indexed stays."""


class DiskFull(PermanentError):
    """No space left on a disk that must be written."""


class ResourceExhausted(PermanentError):
    """This process has reached a limit of the machine, such as that of open files."""


class DeletionRefused(PermanentError):
    """A sync would delete a large share of an index, and nobody agreed."""


class MetadataLossRefused(PermanentError):
    """A sync would remove metadata from a large share of an index, and nobody agreed."""


class ModelMismatch(PermanentError):
    """The vectors of an index come from one model, and the request uses another."""

    def __init__(self, index: str, theirs: str, ours: str) -> None:
        LookalikeError.__init__(self, index, theirs, ours)
        self.index = index
        self.theirs = theirs
        self.ours = ours

    def sentences(self) -> tuple[str, ...]:
        return (
            f"Index {self.index} contains vectors of {self.theirs}, but the current model is {self.ours}.",
            "Use the model of the index (LOOKALIKE_MODEL, --model or model=), or another index.",
        )
