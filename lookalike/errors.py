"""Every failure we can name; the class is the retry policy.

`ImageRejected` concerns one image and becomes a value. `Unavailable` passes: wait and retry.
`PermanentError` does not: a person has to act, so the job stops and says what to do.
Arguments go to `Exception.__init__` unchanged, so that errors survive pickling and Celery's JSON.
"""

from lookalike.records import Reason


class LookalikeError(Exception):
    """The root; `str()` is one or two lines fit for a person."""


class ImageRejected(LookalikeError):
    """This image cannot be indexed, now or later; its neighbours can."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else str(self.reason)


class QueryRejected(ImageRejected):
    """The image to search for, or to embed, cannot be read; `source` is what the caller named."""

    def __init__(self, source: str, reason: Reason, detail: str = "") -> None:
        LookalikeError.__init__(self, source, reason, detail)
        self.source = source
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.source} cannot be read as an image: {super().__str__()}."


class Unavailable(LookalikeError):
    """A service is away; the work waits and is tried again."""

    service = "service"
    advice = ""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(address, why)
        self.address = address
        self.why = why

    def __str__(self) -> str:
        return f"The {self.service} at {self.address} is not available: {self.why}.\n{self.advice}".rstrip()


class BrokerUnavailable(Unavailable):
    """Redis cannot be reached."""

    service = "broker"
    advice = "Start it, or correct LOOKALIKE_BROKER_URL; unset it to use the embedded one."


class IndexUnavailable(Unavailable):
    """The index cannot be reached or pushes back."""

    service = "index"
    advice = "Start it, or correct LOOKALIKE_INDEX_URL; unset it to use the embedded one."


class SourceUnavailable(Unavailable):
    """The place where images lie cannot be read for now."""

    service = "source"
    advice = "Check that it is mounted and that the network is up, then run the same command again."


class ModelProcessUnavailable(Unavailable):
    """The process that holds a worker's models has ended, or does not answer."""

    service = "model process"
    advice = "The worker starts it again; its log says why it ended."


class QueryServiceUnavailable(Unavailable):
    """The query service cannot be reached, or has asked to come back later."""

    service = "query service"
    advice = "`lookalike doctor` tells whether it is ready; LOOKALIKE_API_URL says where it is."


class PermanentError(LookalikeError):
    """Trying again cannot help: a person has to act."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what}\n{self.advice}".rstrip()


class SourceMissing(PermanentError):
    """A folder, glob or list that is not there, or holds nothing."""


class BadSetting(PermanentError):
    """A setting or argument that cannot be used."""


class Closed(PermanentError):
    """A handle is used after it was closed."""


class AccessDenied(PermanentError):
    """A service turned our credentials down."""


class RequestRefused(PermanentError):
    """The query service turned a request down; `what` is its own sentence, `status` that of HTTP."""

    def __init__(self, what: str, status: int) -> None:
        LookalikeError.__init__(self, what, status)
        self.what = what
        self.advice = ""
        self.status = status


class UnsupportedService(PermanentError):
    """A service answers, but is not what we need, or not in a state to do it."""


class IndexMissing(PermanentError):
    """The index asked for does not exist."""


class IndexConflict(PermanentError):
    """The index is there, but not as we need it."""


class ModelUnavailable(PermanentError):
    """The model, its weights or its runtime cannot be had."""


class NotStored(LookalikeError):
    """A search starts from an image that the index does not hold."""

    def __init__(self, id: str, index: str) -> None:
        super().__init__(id, index)
        self.id = id
        self.index = index

    def __str__(self) -> str:
        return f"Index {self.index} holds no image {self.id}.\nIngest it first, or search by the image itself."


class JobUnknown(PermanentError):
    """The ledger holds no such job."""


class JobEnded(LookalikeError):
    """A job that has ended is asked to take more work."""

    def __init__(self, job: str) -> None:
        super().__init__(job)
        self.job = job

    def __str__(self) -> str:
        return f"Job {self.job} has ended and takes no more work."


class ChunkHeld(LookalikeError):
    """A chunk's message came again while the chunk is in work."""

    def __init__(self, chunk: str) -> None:
        super().__init__(chunk)
        self.chunk = chunk

    def __str__(self) -> str:
        return f"Chunk {self.chunk} is in work already."


class JobFailed(PermanentError):
    """A job was stopped; the message is the reason the worker gave."""


class DiskFull(PermanentError):
    """No room left where we must write."""


class ModelMismatch(PermanentError):
    """An index built with one model is asked to take, or answer, another."""

    def __init__(self, index: str, theirs: str, ours: str) -> None:
        LookalikeError.__init__(self, index, theirs, ours)
        self.index = index
        self.theirs = theirs
        self.ours = ours

    def __str__(self) -> str:
        return (
            f"Index {self.index} holds vectors of {self.theirs}; this is {self.ours}.\n"
            "Use the model of the index (--model, or LOOKALIKE_MODEL for all commands), or another index (--index)."
        )
