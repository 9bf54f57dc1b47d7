"""The uri of an image, from what a row holds."""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from lookalike.errors import ImageRejected
from lookalike.reading.stores.location import location_of
from lookalike.shown import printable
from lookalike.storage import beginnings, local_path, local_uri, named_uri
from lookalike.unicode import is_path, is_unicode
from lookalike.uris import (
    MAX_URI,
    STORE_SCHEMES,
    WEB_SCHEMES,
    image_url,
    is_remote,
    member_of,
    member_uri,
    reads_as_part,
    scheme_of,
)
from lookalike_producer.named import absolute, existing
from lookalike_producer.tables.rows import BadRow

_MISSING = frozenset({"", "nan", "null", "none", "na", "n/a", "nil"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
#: A path that names one file however it is read: no quotes, schemes, escapes, or letters that are spelt in two ways.
_PLAIN = re.compile(r"""[^\s~"'\\:#\x80-\U0010ffff](?:[^"'\\:\x00-\x1f\x7f-\U0010ffff]*[^\s"'\\:\x7f-\U0010ffff])?""")
#: A URL that `image_url` would leave as it is.
_PLAIN_URL = re.compile(
    r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*/[A-Za-z0-9/_.~!$&'()*+,;=:%-]*(?:\?[A-Za-z0-9/_.~=&%+-]*)?"
)
#: An address of a store that `location_of` takes as it is.
_PLAIN_OBJECT = re.compile(
    r"(?:s3|gs)://[a-z0-9][a-z0-9.-]{1,60}[a-z0-9]/[A-Za-z0-9/_=-][A-Za-z0-9/_.=-]{0,900}[A-Za-z0-9]"
)
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]").match
_SCHEMES = ", ".join(f"{scheme}://" for scheme in sorted(STORE_SCHEMES | WEB_SCHEMES | {"file"}))


class BadUri(ValueError):
    """What a row holds names no image; the text is a clause."""


@dataclass(frozen=True)
class Where:
    """Where the images of relative paths lie: in a folder, perhaps with a suffix that the paths lack."""

    folder: str
    suffix: str = ""

    def path(self, name: str) -> str:
        return absolute(name + self.suffix, self.folder)


class Addresses:
    """The uris that the rows of a table name; relative ones start at the places `where`, of which a file has the first
    that holds it. `within`: the folder below which all of them lie, if they may not lie anywhere."""

    def __init__(self, base: str, where: Sequence[Where] = (), within: str = "") -> None:
        self._base = base
        self._within = beginnings(within.rstrip("/")) if within else ()
        self._is_remote = is_remote(base)
        self._is_web = scheme_of(base) in WEB_SCHEMES
        self._where = where or (Where(base),)
        self._only = self._where[0] if len(self._where) == 1 else None

    def uri(self, value: Any) -> str:
        """Raises BadUri."""
        text = value if type(value) is str else _text(value)
        if _PLAIN_URL.fullmatch(text) or (_PLAIN_OBJECT.fullmatch(text) and ".." not in text):
            uri = text
        elif _PLAIN.fullmatch(text) and not self._is_remote:
            uri = self._local(text)
        else:
            uri = self._other(text)
        if len(uri) > MAX_URI // 4 and len(uri.encode()) > MAX_URI:
            raise BadUri(f"the uri has more than {MAX_URI:,} bytes")
        if self._within and not uri.startswith(self._within):
            raise BadUri("it lies outside of the folder that the table describes; give the table itself to read it")
        return uri

    def _local(self, text: str) -> str:
        if text.lower() in _MISSING:
            raise BadUri("the uri is missing")
        if self._only is not None:
            path = self._only.path(text)
        else:
            paths = [where.path(text) for where in self._where]
            path = next(filter(os.path.lexists, paths), paths[0])
        # The text is plain; the folder may be called whatever.
        return path if path.isascii() and "#" not in path else named_uri(path)

    def _other(self, given: str) -> str:
        text = given.strip()
        if text.lower() in _MISSING:
            raise BadUri("the uri is missing")
        if len(text) > MAX_URI:
            raise BadUri(f"the uri has {len(text):,} characters, more than {MAX_URI:,}")
        if _CONTROL(text):
            raise BadUri(f"the uri has control characters: {printable(text)}")
        scheme = scheme_of(text)
        # A path may have bytes that are no text; an address may not.
        if not (is_path(text) if scheme in ("", "file") else is_unicode(text)):
            raise BadUri(f"the uri is not valid Unicode: {printable(text)}")
        return self._address(text, scheme) if scheme not in ("", "file") else self._relative(text, scheme, given)

    @staticmethod
    def _address(text: str, scheme: str) -> str:
        if scheme in WEB_SCHEMES:
            return _web(text)
        if scheme in STORE_SCHEMES:
            return _stored(text)
        raise BadUri(f"{scheme}:// is not supported; use one of {_SCHEMES}")

    def _relative(self, text: str, scheme: str, given: str) -> str:
        if text[:5].lower() == "data:":
            raise BadUri("the row holds the image itself; write images as files")
        if self._is_web:
            return self._beside(text, scheme)
        if self._is_remote and not scheme and not text.startswith("/"):
            return self.uri(f"{self._base.rstrip('/')}/{text}")
        return self._path(given)

    def _beside(self, text: str, scheme: str) -> str:
        """The address that a path means at a web address, as in a page; what a host sends names no files of ours."""
        if scheme:
            raise BadUri("a table of a web host names no files of this machine")
        name = text if text.startswith("/") else f"./{text}"
        return _web(urljoin(f"{self._base.rstrip('/')}/", name))

    def _path(self, text: str) -> str:
        """The uri of a file; what people write is taken as it is first, then as Windows means it."""
        for where in self._where:
            for name in (text, text.replace("\\", "/")) if "\\" in text and not _WINDOWS(text) else (text,):
                if path := existing(name + where.suffix, where.folder):
                    return local_uri(path)
        text = text.strip()
        if scheme_of(text):
            try:
                return local_uri(local_path(text))
            except ImageRejected as error:
                raise BadUri(error.detail) from error
        return named_uri(self._where[0].path(os.path.expanduser(text)))


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, BadRow):
        raise BadUri(value.why)
    if isinstance(value, bool | list | dict | bytes):
        raise BadUri("the uri is no text")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _web(text: str) -> str:
    try:
        return image_url(text)
    except ValueError as error:
        raise BadUri(str(error).partition(": http")[0]) from error


def _stored(text: str) -> str:
    member = member_of(text)
    try:
        at = location_of(member.archive if member else text)
    except ValueError as error:
        raise BadUri(str(error)) from error
    if not at.key or at.key.endswith("/"):
        raise BadUri("the address names no object")
    if member is None and reads_as_part(at.uri):
        raise BadUri("the key reads like a row of a table")
    return member_uri(at.uri, member.name) if member else at.uri
