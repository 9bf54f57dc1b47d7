"""Why images are rejected."""

from enum import StrEnum


class Reason(StrEnum):
    """Why an image was rejected; a fixed set, so that rejections can be counted and filtered."""

    EMPTY = "empty"
    NOT_FOUND = "not_found"
    NOT_REGULAR = "not_regular"
    UNREADABLE = "unreadable"
    OUTSIDE_ROOT = "outside_root"
    TOO_LARGE = "too_large"
    BOMB = "bomb"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    CHANGED = "changed"
    BAD_VECTOR = "bad_vector"
    REFUSED = "refused"
    WORKER_KILLED = "worker_killed"
    TIMEOUT = "timeout"
    #: The place asks for credentials, or denies them.
    FORBIDDEN = "forbidden"
    #: The host asks robots, or this use, to keep away.
    DISALLOWED = "disallowed"
    #: The host was tried for a bounded time, and did not answer, or not in order.
    HOST_UNAVAILABLE = "host_unavailable"
    #: The host's TLS certificate does not verify.
    UNTRUSTED_HOST = "untrusted_host"
    #: The host answers with a page or a message in place of an image.
    NOT_AN_IMAGE = "not_an_image"
    #: A row, a line or an address that can name no image.
    BAD_URI = "bad_uri"
    #: A value of a row does not fit the type of its field.
    BAD_METADATA = "bad_metadata"
    #: The region of a query lies outside its image.
    BAD_REGION = "bad_region"

    @property
    def is_about_content(self) -> bool:
        """Whether the file holds nothing that can be indexed: then a document of it tells of a former file.

        With any other reason a former document may be true, or is at least the best there is: nobody has seen what the
        file holds now, or model or index failed for it.
        """
        return self in _ABOUT_CONTENT


_ABOUT_CONTENT = frozenset(
    {
        *(Reason.EMPTY, Reason.TOO_LARGE, Reason.BOMB),
        *(Reason.UNSUPPORTED, Reason.TRUNCATED, Reason.CORRUPT),
    }
)
