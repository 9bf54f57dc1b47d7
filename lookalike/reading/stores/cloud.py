"""The client of Google Cloud Storage and of Azure: obstore, which also finds their credentials."""

import asyncio
import os
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from lookalike.addresses import is_loopback, plain_address
from lookalike.errors import BadSetting, ImageRejected
from lookalike.extras import requiring
from lookalike.reading.allowance import received
from lookalike.reading.contract import Fetched, State
from lookalike.reading.pace import LEAST_BYTES_PER_S, PACE_S
from lookalike.reading.stores.client import Entry, check_changed, plain_etag, quoted_etag
from lookalike.reading.stores.location import Location
from lookalike.reading.stores.problems import Kind, StoreProblem
from lookalike.reading.stores.progress import Progress
from lookalike.reading.stores.retrying import tried
from lookalike.records import Reason, Span
from lookalike.shown import shown

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta
    from obstore.store import AzureStore, GCSStore

Answer = TypeVar("Answer")

#: Each has connections of its own.
MAX_BUCKETS = 32
#: Buckets of which it is remembered that credentials serve.
MAX_REMEMBERED = 1024
#: From a request to the end of the header of its answer.
ANSWER_S = 20.0
#: Keys of a listing that are passed on at once.
PAGE_KEYS = 1000
#: Where Azure's emulator is unless its address is given.
_EMULATOR = "http://127.0.0.1:10000"

_STATUS = re.compile(r"non-2xx status code: (\d{3})")
_CODE = re.compile(r"<(?:Code|code)>(\w{1,60})</")
#: The first key that obstore cannot have.
_KEY = re.compile(r'Path "(.*?)"(?: contained|: )', re.DOTALL)
_CODES = {
    "NoSuchBucket": Kind.NO_BUCKET,
    "ContainerNotFound": Kind.NO_BUCKET,
    "ContainerBeingDeleted": Kind.NO_BUCKET,
    "AccountIsDisabled": Kind.DENIED,
    "AuthenticationFailed": Kind.CREDENTIALS,
    "InvalidAuthenticationInfo": Kind.CREDENTIALS,
    "NoAuthenticationInformation": Kind.NOT_SIGNED,
    "PublicAccessNotPermitted": Kind.NOT_SIGNED,
    "AuthenticationRequired": Kind.NOT_SIGNED,
    "BlobArchived": Kind.ARCHIVED,
    "BlobBeingRehydrated": Kind.ARCHIVED,
    "BlobUsesCustomerSpecifiedEncryption": Kind.ENCRYPTED,
    "ResourceIsEncryptedWithCustomerEncryptionKey": Kind.ENCRYPTED,
    "KeyVaultEncryptionKeyNotFound": Kind.NO_DECRYPTION,
    "KeyVaultAccessTokenCannotBeAcquired": Kind.NO_DECRYPTION,
    "UserProjectMissing": Kind.DENIED,
    "UserProjectAccessDenied": Kind.DENIED,
    "InvalidRange": Kind.SHORTER,
    "ServerBusy": Kind.THROTTLED,
}
_STATUSES = {401: Kind.CREDENTIALS, 403: Kind.DENIED, 404: Kind.NO_KEY, 408: Kind.FAILING, 416: Kind.SHORTER}
_STATUSES |= {429: Kind.THROTTLED}
#: What the libraries say when they look for credentials where this machine has none.
_NO_CREDENTIALS = re.compile(r"metadata/(?:identity|instance)|computeMetadata|metadata\.google|169\.254\.169\.254")


class CloudClient:
    """A client for one bucket after the other is made when it is needed; the last ones are kept."""

    def __init__(self) -> None:
        self._stores: OrderedDict[tuple[str, str], GCSStore | AzureStore] = OrderedDict()
        self._unsigned: set[tuple[str, str]] = set()
        #: Those that have answered to credentials.
        self._signed: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def get(self, at: Location, span: Span | None, max_bytes: int, *, unless: str = "") -> Fetched:
        path, options = _path(at), _options_of(span, unless)

        async def ask(store: "GCSStore | AzureStore") -> Fetched:
            async with asyncio.timeout(ANSWER_S):
                result = await store.get_async(path, options=options)
            check_changed(result.meta["e_tag"], unless)
            size = span.length if span else result.meta["size"]
            data = bytearray()
            async for piece in _pieces(result) if size <= max_bytes else _nothing():
                data += piece
                if len(data) > max_bytes:
                    break
            if max(size, len(data)) > max_bytes:
                raise ImageRejected(Reason.TOO_LARGE, f"{size} bytes; at most {max_bytes} are read")
            return Fetched(bytes(data), plain_etag(result.meta["e_tag"]))

        fetched = await self._asked(at, ask)
        if not fetched.data:
            raise ImageRejected(Reason.EMPTY, "0 bytes")
        return fetched

    async def head(self, at: Location) -> State:
        path = _path(at)
        meta = await self._asked(at, lambda store: store.head_async(path))
        return State(plain_etag(meta["e_tag"]), meta["size"])

    async def pages(self, at: Location, *, patience_s: float = 0.0) -> AsyncIterator[list[Entry]]:
        # obstore lists whole folders: what begins with the rest of the key is chosen here.
        folder = at.key.rpartition("/")[0] or None
        streams: list[Any] = []
        last, progress = "", Progress()

        async def following(store: "GCSStore | AzureStore") -> "Sequence[ObjectMeta] | None":
            if not streams:
                streams.append(store.list(folder, offset=last or None, chunk_size=PAGE_KEYS))
            try:
                return await anext(streams[0], None)
            except BaseException:
                streams.clear()
                raise

        while (page := await tried(lambda: self._asked(at, following), patience_s=patience_s)) is not None:
            last = page[-1]["path"] if page else last
            entries = [Entry(_key(item), item["size"], plain_etag(item["e_tag"])) for item in page]
            if entries:
                progress.check(entries)
            yield [entry for entry in entries if entry.key.startswith(at.key)]

    async def close(self) -> None:
        self._stores.clear()

    def _store(self, at: Location) -> "GCSStore | AzureStore":
        place = (at.scheme, at.bucket)
        if place not in self._stores:
            with requiring(f"{at.scheme}://", "cloud"):
                self._stores[place] = _made(at, is_unsigned=place in self._unsigned)
        self._stores.move_to_end(place)
        if len(self._stores) > MAX_BUCKETS:
            self._stores.popitem(last=False)
        return self._stores[place]

    async def _asked(self, at: Location, ask: "Callable[[GCSStore | AzureStore], Awaitable[Answer]]") -> Answer:
        """The answer, without credentials if there are none. Raises StoreProblem."""
        store, place = self._store(at), (at.scheme, at.bucket)
        try:
            answer = await ask(store)
        except (OSError, ValueError, _base_error()) as error:
            if self._goes_unsigned(error, at):
                return await self._asked(at, ask)
            if place in self._signed and _NO_CREDENTIALS.search(str(error)):
                # Who gave credentials before does so again: work waits.
                raise StoreProblem(Kind.EXPIRED, "there are no new ones") from None
            # Without its cause, which a traceback in a log would show: it repeats whatever the store has answered.
            raise problem_of(error) from None
        if place not in self._unsigned:
            self._signed[place] = None
            if len(self._signed) > MAX_REMEMBERED:
                self._signed.popitem(last=False)
        return answer

    def _goes_unsigned(self, error: BaseException, at: Location) -> bool:
        """Whether to ask again without credentials: none are set, and this machine has no role."""
        place = (at.scheme, at.bucket)
        if place in self._unsigned or place in self._signed or not _NO_CREDENTIALS.search(str(error)):
            return False
        self._unsigned.add(place)
        self._stores.pop(place, None)
        return True


def problem_of(error: BaseException) -> StoreProblem:
    """The problem behind an error of obstore, which has classes for some, and a text for all."""
    text = str(error)
    status = int(found[1]) if (found := _STATUS.search(text)) else 0
    code = found[1] if (found := _CODE.search(text)) else ""
    kind = _kind(error, text, status, code)
    if kind is Kind.BAD_KEY and (key := _KEY.search(text)):
        return StoreProblem(kind, shown(key[1]))
    return StoreProblem(kind, code or (f"HTTP {status}" if status else ""))


def _kind(error: BaseException, text: str, status: int, code: str) -> Kind:
    if isinstance(error, _not_modified()):
        return Kind.NOT_MODIFIED
    if code in _CODES:
        return _CODES[code]
    if "specified bucket does not exist" in text:
        return Kind.NO_BUCKET
    if status:
        return Kind.FAILING if status >= 500 else _STATUSES.get(status, Kind.REFUSED)
    if isinstance(error, FileNotFoundError):
        return Kind.NO_KEY
    if "parse path" in text or "invalid path" in text:
        return Kind.BAD_KEY
    if "credential" in text.lower() or "token" in text.lower():
        return Kind.NO_CREDENTIALS
    if "certificate" in text.lower():
        return Kind.UNTRUSTED
    return Kind.AWAY if "error sending request" in text else Kind.FAILING


def _key(item: "ObjectMeta") -> str:
    """The key of a listing, in which obstore drops a slash at the end: that of an empty object which marks a folder."""
    path = item["path"]
    return f"{path}/" if item["size"] == 0 and "." not in path.rpartition("/")[2] else path


def _path(at: Location) -> str:
    """The key, if obstore reads this very key: it drops slashes at both ends, and refuses other things itself."""
    if at.key.startswith("/") or at.key.endswith("/"):
        raise StoreProblem(Kind.BAD_KEY, "a slash at its beginning or its end")
    return at.key


def _options_of(span: Span | None, unless: str) -> Any:
    part = {"range": (span.start, span.start + span.length)} if span else {}
    return part | ({"if_none_match": tag} if (tag := quoted_etag(unless)) else {})


async def _pieces(result: "GetResult") -> AsyncIterator[bytes]:
    """The body in pieces of as many bytes as must come in `PACE_S` at least. Raises StoreProblem (SLOW)."""
    # By default obstore gives 10 MB at once: meanwhile a large object would look as if nothing came.
    stream = result.stream(min_chunk_size=int(PACE_S * LEAST_BYTES_PER_S))
    while True:
        try:
            async with asyncio.timeout(PACE_S):
                piece = await anext(stream, None)
        except TimeoutError as error:
            why = f"it sends fewer than {LEAST_BYTES_PER_S:.0f} bytes a second"
            raise StoreProblem(Kind.SLOW, why) from error
        if piece is None:
            return
        await received(len(piece))
        yield bytes(piece)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def _base_error() -> type[Exception]:
    from obstore.exceptions import BaseError

    return BaseError


def _not_modified() -> type[Exception]:
    from obstore.exceptions import NotModifiedError

    return NotModifiedError


def _made(at: Location, *, is_unsigned: bool) -> "GCSStore | AzureStore":
    """A client for one bucket with the configuration of the environment. Raises BadSetting."""
    from obstore.store import AzureStore, GCSStore

    # Retries are the place's, so that they are the same for all stores.
    common: Any = {"retry_config": {"max_retries": 0, "retry_timeout": timedelta(seconds=1)}}
    unsigned: Any = {"skip_signature": True} if is_unsigned else {}
    try:
        if at.scheme == "gs":
            options = _options(os.environ.get("GOOGLE_BASE_URL"))
            return GCSStore(at.bucket, client_options=options, **common, **unsigned)
        given = _azure(os.environ)
        return AzureStore(at.bucket, client_options=_options(given.get("endpoint")), **common, **given, **unsigned)
    except (OSError, ValueError, _base_error()) as error:
        if at.scheme == "az" and "account" in str(error).lower():
            raise BadSetting(
                "An az:// address needs the name of an account.", "Set AZURE_STORAGE_ACCOUNT_NAME."
            ) from None
        raise StoreProblem(Kind.NO_CREDENTIALS, "the settings of the store cannot be used") from None


def _options(endpoint: str | None) -> Any:
    """Timeouts, and plain http where the endpoint is on this machine or the user allows it. Raises BadSetting."""
    options = {"connect_timeout": "5s", "read_timeout": "20s", "timeout": "120s"}
    if endpoint is None or not endpoint.startswith("http://"):
        return options
    names = ("AZURE_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP")
    is_allowed = any(os.environ.get(name, "").lower() in ("true", "1") for name in names)
    if not is_allowed and not is_loopback(urlsplit(endpoint).hostname or ""):
        what = f"The store at {plain_address(endpoint)} would be asked unencrypted."
        raise BadSetting(what, f"Use https, or set {' or '.join(names)} to true.")
    return options | {"allow_http": True}


def _azure(variables: Mapping[str, str]) -> dict[str, Any]:
    """What obstore does not take from the environment by itself: a connection string, and the emulator's address."""
    text = variables.get("AZURE_STORAGE_CONNECTION_STRING", "")
    parts = dict(part.partition("=")[::2] for part in text.split(";") if part)
    names = {"AccountName": "account_name", "AccountKey": "account_key", "SharedAccessSignature": "sas_key"}
    given: dict[str, Any] = {ours: parts[theirs] for theirs, ours in names.items() if theirs in parts}
    endpoint = parts.get("BlobEndpoint") or variables.get("AZURE_STORAGE_ENDPOINT")
    if variables.get("AZURE_STORAGE_USE_EMULATOR", "").lower() in ("true", "1"):
        return given | {"use_emulator": True, "endpoint": endpoint or f"{_EMULATOR}/devstoreaccount1"}
    return given | ({"endpoint": endpoint} if endpoint else {})
