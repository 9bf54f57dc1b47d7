"""The types of problem documents (RFC 9457): a URI that never changes, its status, and what to do about it.

/docs/problems shows them to people, and docs/reference/http.md lists them.
"""

from dataclasses import dataclass

from lookalike.http_schemas import PROBLEM_PREFIX


@dataclass(frozen=True)
class ProblemType:
    """`name` is the end of the URI, `title` the same for every problem of the type."""

    name: str
    status: int
    title: str
    advice: str

    @property
    def uri(self) -> str:
        return PROBLEM_PREFIX + self.name


REQUEST = ProblemType("request", 400, "The request cannot be used", "Correct what the detail names.")
PARAMETER = ProblemType(
    "parameter",
    400,
    "A parameter cannot be used",
    "Correct the parameter, or the member of the body, that `parameter` names.",
)
FILTER = ProblemType(
    "filter",
    400,
    "A filter cannot be used",
    "Filter on a field of the index, by a value of its type; GET /fields lists both.",
)
QUERY = ProblemType(
    "query",
    400,
    "The search cannot be done as it is asked",
    "Correct the example, weight, region, cursor or order that the detail names.",
)
KEY = ProblemType(
    "key", 401, "The API key is missing or wrong", "Send it as `Authorization: Bearer KEY` or as `X-API-Key: KEY`."
)
FORBIDDEN = ProblemType(
    "forbidden",
    403,
    "The service does not allow it",
    "A service without a key refuses other users of its machine, and pages of other origins: set LOOKALIKE_API_KEY, or "
    "allow the origin with LOOKALIKE_CORS_ORIGINS. With a key, it retries images if LOOKALIKE_API_RETRY allows it.",
)
NOT_FOUND = ProblemType(
    "not-found", 404, "There is no such thing", "Correct the path, or look why the file is not there any more."
)
NOT_INDEXED = ProblemType(
    "not-indexed", 404, "The image is not in the index", "Ingest it first, or send the image itself."
)
JOB = ProblemType("job", 404, "There is no such job", "GET /jobs lists the latest ones.")
NO_MAP = ProblemType("no-map", 404, "There is no map yet", "Make it with `lookalike map`.")
METHOD = ProblemType("method", 405, "The path has no such method", "The header Allow names its methods.")
SLOW_BODY = ProblemType("slow", 408, "The request did not arrive in time", "Send it again, over a faster connection.")
CONFLICT = ProblemType("conflict", 409, "It is being done already", "Wait until that has ended.")
TOO_LARGE = ProblemType(
    "too-large", 413, "The body is too large", "Send a smaller image, or set LOOKALIKE_MAX_UPLOAD_BYTES."
)
LONG_ADDRESS = ProblemType("long-address", 414, "The address is too long", "Give fewer or shorter filters.")
BODY = ProblemType(
    "body",
    415,
    "The body has a form that is not read here",
    "Send it uncompressed, with the content type of the route.",
)
HOST = ProblemType(
    "host",
    421,
    "The service has another name",
    "Without a key it answers only to localhost and to addresses of loopback: set LOOKALIKE_API_KEY.",
)
IMAGE = ProblemType(
    "image", 422, "The image is rejected", "`rejection.reason` says why in one word; send another image."
)
LONG_HEAD = ProblemType("long-headers", 431, "The headers are too long", "Send fewer or shorter headers.")
FAILED = ProblemType("failed", 500, "The service has failed", "Its log says why.")
UNAVAILABLE = ProblemType(
    "unavailable",
    503,
    "The service cannot answer now",
    "Repeat the request after the seconds of Retry-After, if given.",
)
BUSY = ProblemType("busy", 503, "The service is busy", "Repeat the request after the seconds of Retry-After.")
TIMEOUT = ProblemType("timeout", 503, "The search took too long", "Repeat it later, or set LOOKALIKE_SEARCH_TIMEOUT_S.")
NO_INDEX = ProblemType("no-index", 503, "There is no index yet", "Ingest images first.")
INDEX_AWAY = ProblemType("index-away", 503, "The index does not answer", "Repeat the request after a few seconds.")
BROKER_AWAY = ProblemType(
    "broker-away", 503, "The broker does not answer", "Only jobs need it: run `lookalike up`, or start Redis."
)
STORAGE_AWAY = ProblemType(
    "storage-away", 503, "The storage of the images cannot be read now", "Repeat the request after a few seconds."
)
MODEL_AWAY = ProblemType("model-away", 503, "The model cannot be loaded", "The service's log says why.")
OTHER_MODEL = ProblemType(
    "other-model", 503, "The index has vectors of another model", "Start the service with the model that is named."
)
HOST_AWAY = ProblemType("host-away", 504, "The host of the image does not give it in time", "Repeat the request later.")

#: What a status means if nothing more is known.
GENERAL = (
    *(REQUEST, KEY, FORBIDDEN, NOT_FOUND, METHOD, SLOW_BODY, CONFLICT, TOO_LARGE, LONG_ADDRESS, BODY, HOST, IMAGE),
    *(LONG_HEAD, FAILED, UNAVAILABLE, HOST_AWAY),
)
#: All of them, by status.
TYPES = (
    *(REQUEST, PARAMETER, FILTER, QUERY, KEY, FORBIDDEN, NOT_FOUND, NOT_INDEXED, JOB, NO_MAP, METHOD, SLOW_BODY),
    *(CONFLICT, TOO_LARGE, LONG_ADDRESS, BODY, HOST, IMAGE, LONG_HEAD, FAILED, UNAVAILABLE, BUSY, TIMEOUT, NO_INDEX),
    *(INDEX_AWAY, BROKER_AWAY, STORAGE_AWAY, MODEL_AWAY, OTHER_MODEL, HOST_AWAY),
)


def type_of(status: int) -> ProblemType | None:
    """The general type of this status; None if there is none, and the status says all (`about:blank`)."""
    return next((each for each in GENERAL if each.status == status), None)
