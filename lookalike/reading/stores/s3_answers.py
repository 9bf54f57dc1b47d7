"""What S3 and compatible stores answer: errors by their code, and pages of a listing."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from lookalike.reading.stores.aws import REGION
from lookalike.reading.stores.client import Entry, plain_etag
from lookalike.reading.stores.problems import Kind, StoreProblem

#: A page has at most 1000 keys of 1 KiB, each letter of which may be encoded; an error is far shorter.
MAX_PAGE_BYTES = 16 * 2**20
MAX_ERROR_BYTES = 64 * 2**10

#: Codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and of compatible stores.
_CODES = {
    "NoSuchKey": Kind.NO_KEY,
    "NoSuchVersion": Kind.NO_KEY,
    "MethodNotAllowed": Kind.NO_KEY,
    "NoSuchBucket": Kind.NO_BUCKET,
    "InvalidBucketName": Kind.NO_BUCKET,
    "AllAccessDisabled": Kind.DENIED,
    "AccessDenied": Kind.DENIED,
    "AccountProblem": Kind.DENIED,
    "NotSignedUp": Kind.DENIED,
    "InvalidAccessKeyId": Kind.CREDENTIALS,
    "SignatureDoesNotMatch": Kind.CREDENTIALS,
    "InvalidSecurity": Kind.CREDENTIALS,
    "InvalidToken": Kind.CREDENTIALS,
    "AuthorizationHeaderMalformed": Kind.CREDENTIALS,
    "InvalidClientTokenId": Kind.CREDENTIALS,
    "UnrecognizedClientException": Kind.CREDENTIALS,
    "ExpiredToken": Kind.EXPIRED,
    "ExpiredTokenException": Kind.EXPIRED,
    "TokenRefreshRequired": Kind.EXPIRED,
    "RequestExpired": Kind.EXPIRED,
    "RequestTimeTooSkewed": Kind.CLOCK,
    "PermanentRedirect": Kind.REGION,
    "TemporaryRedirect": Kind.REGION,
    "Redirect": Kind.REGION,
    "IllegalLocationConstraintException": Kind.REGION,
    "InvalidObjectState": Kind.ARCHIVED,
    "KMS.DisabledException": Kind.NO_DECRYPTION,
    "KMS.NotFoundException": Kind.NO_DECRYPTION,
    "KMS.KMSInvalidStateException": Kind.NO_DECRYPTION,
    "KMS.InvalidStateException": Kind.NO_DECRYPTION,
    "KMS.InvalidKeyUsageException": Kind.NO_DECRYPTION,
    "KMS.AccessDeniedException": Kind.DENIED,
    "KMS.ThrottlingException": Kind.THROTTLED,
    "KMS.LimitExceededException": Kind.THROTTLED,
    "KMS.KMSInternalException": Kind.FAILING,
    "KMS.InternalException": Kind.FAILING,
    "KMS.DependencyTimeoutException": Kind.FAILING,
    "KMS.KeyUnavailableException": Kind.FAILING,
    "KeyTooLongError": Kind.BAD_KEY,
    "XMinioInvalidObjectName": Kind.BAD_KEY,
    "InvalidURI": Kind.BAD_KEY,
    "InvalidRange": Kind.SHORTER,
    "SlowDown": Kind.THROTTLED,
    "TooManyRequests": Kind.THROTTLED,
    "TooManyRequestsException": Kind.THROTTLED,
    "RequestLimitExceeded": Kind.THROTTLED,
    "Throttling": Kind.THROTTLED,
    "ThrottlingException": Kind.THROTTLED,
    "BandwidthLimitExceeded": Kind.THROTTLED,
    "RequestTimeout": Kind.FAILING,
    "OperationAborted": Kind.FAILING,
}
#: For answers without a code: those to HEAD, and those of a proxy.
_STATUSES = {
    **{
        301: Kind.REGION,
        304: Kind.NOT_MODIFIED,
        307: Kind.REGION,
        401: Kind.CREDENTIALS,
        403: Kind.DENIED,
        404: Kind.NO_KEY,
    },
    **{405: Kind.NO_KEY, 408: Kind.FAILING, 410: Kind.NO_KEY, 416: Kind.SHORTER, 429: Kind.THROTTLED},
}
#: Tags of a page: each key has about 30, with its checksums and its owner.
MOST_TAGS = 200_000

#: Those of the key service have a dot.
_CODE = re.compile(r"\w[\w.]{0,59}")
#: A store never sends a web page; a proxy or another server does.
_HTML = re.compile(rb"\s*<(?:!doctype html|html)", re.IGNORECASE)
_ENCRYPTED = b"Server Side Encryption"


@dataclass(frozen=True)
class Page:
    """Some keys, and what to ask the next page with; empty for the last one."""

    entries: list[Entry]
    following: str = ""


def problem_of(status: int, body: bytes, region: str = "", retry_after: str = "") -> StoreProblem:
    """The problem behind an answer. `region` is that of its header."""
    error = _parsed(body)
    code = "" if error is None else error.findtext("{*}Code") or ""
    code = code if _CODE.fullmatch(code) else ""
    region = region or ("" if error is None else error.findtext("{*}Region") or "")
    region = region if REGION.fullmatch(region) else ""
    kind = _kind(status, code, body, region)
    wait_s = float(retry_after) if retry_after.isdecimal() and len(retry_after) < 6 else None
    return StoreProblem(kind, code or f"HTTP {status}", region=region, retry_after_s=wait_s)


def _kind(status: int, code: str, body: bytes, region: str) -> Kind:
    if code == "AuthorizationHeaderMalformed" and region:
        return Kind.REGION
    if code == "InvalidRequest" and _ENCRYPTED in body:
        return Kind.ENCRYPTED
    if code in _CODES:
        return _CODES[code]
    if status >= 500:
        return Kind.THROTTLED if code.startswith("SlowDown") else Kind.FAILING
    return _STATUSES.get(status, Kind.REFUSED)


def page_of(body: bytes) -> Page:
    """Raises StoreProblem for what is no page, such as one that was cut."""
    root = _parsed(body)
    if _HTML.match(body):
        raise StoreProblem(Kind.NO_STORE, "it sends a web page")
    if root is None or not root.tag.endswith("ListBucketResult"):
        raise StoreProblem(Kind.FAILING, "its list of keys cannot be read")
    is_encoded = root.findtext("{*}EncodingType") == "url"
    try:
        entries = [_entry(item, is_encoded) for item in root.iterfind("{*}Contents")]
    except ValueError as error:
        raise StoreProblem(Kind.FAILING, "its list of keys cannot be read") from error
    following = root.findtext("{*}NextContinuationToken") or ""
    if root.findtext("{*}IsTruncated") != "true":
        return Page(entries)
    if not following:
        # Nobody may take what is missing for deleted.
        raise StoreProblem(Kind.REFUSED, "its list of keys breaks off, and does not say how it goes on")
    return Page(entries, following)


def _entry(item: "ElementTree.Element", is_encoded: bool) -> Entry:
    key = item.findtext("{*}Key") or ""
    # As botocore does, which all compatible stores are tested with.
    key = unquote_plus(key, errors="surrogateescape") if is_encoded else key
    size_bytes = int(item.findtext("{*}Size") or 0)
    if size_bytes < 0:
        raise ValueError("an object of less than nothing")
    return Entry(key, size_bytes, plain_etag(item.findtext("{*}ETag")))


def _parsed(body: bytes) -> "ElementTree.Element | None":
    # No answer of a store declares entities, or is in UTF-16, where "<!" would be written with zeros; whoever does so
    # means harm. An element takes a hundred times the memory of its tag.
    if not body.lstrip().startswith(b"<") or b"<!" in body or b"\0" in body or body.count(b"<") > MOST_TAGS:
        return None
    try:
        return ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
