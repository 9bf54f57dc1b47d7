"""What a store answers in place of an object, and what that means for an image, or for a source."""

from enum import Enum

from lookalike.errors import (
    AccessDenied,
    BadSetting,
    HostUnavailable,
    ImageRejected,
    LookalikeError,
    ObjectUnavailable,
    SourceMissing,
    SourceUnavailable,
)
from lookalike.reading.stores.location import Location
from lookalike.records import Reason
from lookalike.uris import scheme_of


class Kind(Enum):
    """What is wrong; the value says it, for the end of a sentence."""

    NO_KEY = "there is no such key"
    NO_BUCKET = "there is no such bucket"
    NO_STORE = "what answers is no object store"
    DENIED = "access is denied"
    NOT_SIGNED = "access is denied without credentials"
    CREDENTIALS = "the store does not accept the credentials"
    NO_CREDENTIALS = "the credentials cannot be read"
    EXPIRED = "the credentials have expired"
    CLOCK = "the clock of this machine is wrong"
    REGION = "the bucket is in another region"
    ARCHIVED = "the object is archived; restore it first"
    ENCRYPTED = "the object is encrypted with a key that the store was not given"
    NO_DECRYPTION = "the key that the object is encrypted with cannot be used"
    BAD_KEY = "such a key cannot be read"
    NOT_MODIFIED = "the store says that the object has not changed, although it was not asked"
    SHORTER = "the object is shorter than when it was listed"
    UNTRUSTED = "the certificate of the store does not verify"
    REFUSED = "the store refuses the request"
    #: A retry may help with these.
    THROTTLED = "the store asks for fewer requests"
    FAILING = "the store does not answer in order"
    AWAY = "the store cannot be reached"
    SLOW = "the store sends too slowly"

    @property
    def passes(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self in _PASSING


#: How long a store is left alone that asks for fewer requests without saying how long: S3 does so.
THROTTLED_S = 1.0

_PASSING = {Kind.THROTTLED, Kind.FAILING, Kind.AWAY, Kind.SLOW}

_REASONS = {
    Kind.NO_KEY: Reason.NOT_FOUND,
    Kind.NO_BUCKET: Reason.NOT_FOUND,
    Kind.ARCHIVED: Reason.UNREADABLE,
    Kind.ENCRYPTED: Reason.UNREADABLE,
    Kind.NO_DECRYPTION: Reason.UNREADABLE,
    Kind.REFUSED: Reason.UNREADABLE,
    Kind.NOT_MODIFIED: Reason.UNREADABLE,
    Kind.BAD_KEY: Reason.BAD_URI,
    Kind.SHORTER: Reason.CHANGED,
    Kind.UNTRUSTED: Reason.UNTRUSTED_HOST,
}

#: The variable that says where a store is.
ADDRESS_OF = {"s3": "AWS_ENDPOINT_URL", "gs": "GOOGLE_BASE_URL", "az": "AZURE_STORAGE_ENDPOINT"}
_RENEWAL_ADVICE = {
    "s3": "Renew them: `aws sso login`, or new keys with a new AWS_SESSION_TOKEN. Then run the same command again.",
    "gs": "Renew them: `gcloud auth application-default login`. Then run the same command again.",
    "az": "Renew them: `az login`, or a new AZURE_STORAGE_SAS_TOKEN. Then run the same command again.",
}
_REFUSED_ADVICE = {
    "s3": "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile that AWS_PROFILE names.",
    "gs": "Correct the file that GOOGLE_APPLICATION_CREDENTIALS names.",
    "az": "Correct AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN.",
}
_CREDENTIALS_ADVICE = {
    "s3": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role.",
    "gs": "Set GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`.",
    "az": "Set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN.",
}
_ADVICE = {
    Kind.NO_KEY: "List what is there, and correct the address.",
    Kind.BAD_KEY: "Rename the object, or name the other ones in a list.",
    Kind.DENIED: "The credentials need the right to list this bucket and to read its objects.",
    Kind.CLOCK: "Set the clock; stores accept 15 minutes of difference.",
    Kind.REGION: "Set AWS_REGION to the region of the bucket.",
    Kind.UNTRUSTED: "Set AWS_CA_BUNDLE or SSL_CERT_FILE to a file with the authority of the store.",
}


class StoreUnavailable(SourceUnavailable):
    """A store of objects is away altogether, or its credentials have expired: the work waits."""

    service = "store"

    def __init__(self, address: str, why: str) -> None:
        super().__init__(address, why)
        self.advice = f"{_check(scheme_of(address))} The work continues when the store answers."


def _check(scheme: str) -> str:
    return f"Check the network, and the address of the store if {ADDRESS_OF.get(scheme, 'a variable')} gives one."


class StoreProblem(Exception):
    """A request failed. `detail` is the store's own code, such as `NoSuchKey`, or a short text of ours, never a text of
    a library: it may contain a signed address. `region` is where the bucket is, if the store says so."""

    def __init__(self, kind: Kind, detail: str = "", *, region: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.region = region
        self.retry_after_s = retry_after_s

    @property
    def why(self) -> str:
        return f"{self.kind.value} ({self.detail})" if self.detail else self.kind.value


def about_image(problem: StoreProblem, at: Location, *, others_answer: bool = False) -> LookalikeError:
    """The error for the image at a location. `others_answer`: the bucket answers other requests."""
    if problem.kind is Kind.THROTTLED and others_answer:
        return HostUnavailable(at.store, problem.why, problem.retry_after_s or THROTTLED_S)
    if problem.kind.passes and others_answer:
        return ObjectUnavailable(at.store, problem.why, problem.retry_after_s)
    if problem.kind.passes or problem.kind is Kind.EXPIRED:
        return StoreUnavailable(at.store, problem.why)
    return ImageRejected(_REASONS.get(problem.kind, Reason.FORBIDDEN), problem.why)


def about_source(problem: StoreProblem, at: Location, named: str) -> LookalikeError:
    """The error for a source, before work starts. `named` is the source as people know it."""
    if problem.kind.passes:
        away = StoreUnavailable(at.store, problem.why)
        away.advice = f"{_check(at.scheme)} Then run the same command again."
        return away
    what, advice = f"{named} cannot be read: {problem.why}.", _advice(problem.kind, at.scheme)
    if problem.kind in (Kind.NO_KEY, Kind.NO_BUCKET, Kind.BAD_KEY):
        return SourceMissing(what, advice)
    if problem.kind in (Kind.REGION, Kind.UNTRUSTED, Kind.CLOCK, Kind.NO_STORE):
        return BadSetting(what, advice)
    return AccessDenied(what, advice)


def _advice(kind: Kind, scheme: str) -> str:
    if kind is Kind.NO_BUCKET:
        return f"Correct the name; if the store is not that of the provider, set {ADDRESS_OF[scheme]} to its address."
    if kind is Kind.NO_STORE:
        where = " (or endpoint_url of the profile)" if scheme == "s3" else ""
        return f"Correct {ADDRESS_OF[scheme]}{where}: it names another server."
    by_scheme = {Kind.EXPIRED: _RENEWAL_ADVICE, Kind.CREDENTIALS: _REFUSED_ADVICE}.get(kind, _CREDENTIALS_ADVICE)
    return _ADVICE.get(kind, by_scheme[scheme])
