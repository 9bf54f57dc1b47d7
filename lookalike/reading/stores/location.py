"""Where an object is: the store, the bucket, and the key, which a uri holds exactly as the store does."""

import re
from dataclasses import dataclass

from lookalike.uris import MAX_URI, STORE_SCHEMES, scheme_of

#: What a bucket of S3 or Google, or a container of Azure, may be called. Nothing else may get into a host name.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,220}[A-Za-z0-9]")
#: The longest key of S3 and Google; Azure allows as many characters.
MAX_KEY_BYTES = 1024


@dataclass(frozen=True)
class Location:
    """An object, or with a key that is empty or ends with a slash, all objects whose keys begin so.

    A key is no path: it may hold spaces, `%`, `#`, `//` and line breaks, and a uri has them as they are. There is no
    percent-encoding, so that each key has one uri, and each uri one key.
    """

    scheme: str
    bucket: str
    key: str = ""

    @property
    def uri(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}"

    @property
    def store(self) -> str:
        """The bucket, for messages."""
        return f"{self.scheme}://{self.bucket}"

    def at(self, key: str) -> "Location":
        return Location(self.scheme, self.bucket, key)


def location_of(uri: str) -> Location:
    """Raises ValueError, with a short text that repeats nothing of the uri, for one that names no object or prefix."""
    scheme, (bucket, _, key) = scheme_of(uri), uri[len(scheme_of(uri)) + 3 :].partition("/")
    if scheme not in STORE_SCHEMES:
        raise ValueError("it is no address of an object store")
    if "@" in bucket or ":" in bucket:
        raise ValueError("the address holds credentials or a host; it begins with the bucket")
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise ValueError("the bucket has no valid name")
    if len(uri) > MAX_URI:
        raise ValueError(f"the address has {len(uri)} characters, more than {MAX_URI}")
    _check_key(key, scheme)
    return Location(scheme, bucket, key)


def _check_key(key: str, scheme: str) -> None:
    try:
        size = len(key if scheme == "az" else key.encode())
    except UnicodeEncodeError as error:
        raise ValueError("the key is not valid UTF-8") from error
    if size > MAX_KEY_BYTES:
        raise ValueError(f"the key has {size} bytes, more than {MAX_KEY_BYTES}")
    if ".." in key.split("/"):
        # A proxy before a store may take the part for the way to another prefix, or another bucket.
        raise ValueError("the key has a part that is '..'")
