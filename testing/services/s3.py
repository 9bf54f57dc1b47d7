"""An S3 for tests: moto's server, and a proxy before it that fails like a store.

moto, because it comes from PyPI, starts in two seconds without Java or Docker, answers with the codes of S3, checks
signatures if it is asked to, and is what boto's own users test with. It answers too fast and too well: the proxy
delays, throttles, resets and cuts. moto cannot have keys with a line break; `testing.services.key_server` can.
"""

import asyncio
import contextlib
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

from aiohttp import ClientSession, DummyCookieJar, web
from yarl import URL

from testing.services.ports import free_port
from testing.services.process import ServerProcess, run_folder

READY_TIMEOUT_S = 60.0
REGION = "us-east-1"
#: What `reset-auth` of moto takes: so many requests are not checked.
NO_CHECK = "inf"
CHECK_ALL = "0"


class S3Server:
    """A moto server on a free port of the loopback interface, in a process of its own.

    `page_keys`: how many keys a page of a listing has at most.
    """

    def __init__(self, page_keys: int = 1000) -> None:
        self._page_keys = page_keys
        self._folder: Path | None = None
        self._process: ServerProcess | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The variables with which programs find this store."""
        return variables(self.url)

    def client(self, **options: Any) -> Any:
        """A client of boto3, to put objects there and to manage users."""
        import boto3

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(**{"service_name": "s3", "endpoint_url": self.url, "region_name": REGION} | keys | options)

    def bucket(self, name: str, objects: Mapping[str, bytes] | Iterable[str] = (), region: str = REGION) -> str:
        """A new bucket with these objects; returns its address."""
        client = self.client(region_name=region)
        more = {} if region == REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=name, **more)
        contents = objects if isinstance(objects, Mapping) else dict.fromkeys(objects, b"x")
        for key, content in contents.items():
            client.put_object(Bucket=name, Key=key, Body=content)
        return f"s3://{name}"

    @contextlib.contextmanager
    def checking(self) -> Any:
        """Check signatures and permissions of every request inside."""
        self._set_checks(CHECK_ALL)
        try:
            yield
        finally:
            self._set_checks(NO_CHECK)

    def empty(self) -> None:
        """Delete all buckets and users."""
        urlopen(Request(f"{self.url}/moto-api/reset", method="POST")).close()

    def start(self) -> None:
        self._folder = run_folder("s3")
        self.port = free_port()
        variable = f"MOTO_S3_DEFAULT_MAX_KEYS={self._page_keys}"
        command = [
            "/usr/bin/env",
            variable,
            sys.executable,
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        self._process = ServerProcess(command, self._folder)
        self._process.await_ready(self._answers, READY_TIMEOUT_S)

    def stop(self) -> None:
        if self._process:
            self._process.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _set_checks(self, after: str) -> None:
        headers = {"Content-Type": "text/plain"}
        urlopen(Request(f"{self.url}/moto-api/reset-auth", after.encode(), headers)).close()

    def _answers(self) -> bool:
        try:
            urlopen(f"{self.url}/moto-api/").close()
        except OSError:
            return False
        return True


def variables(url: str) -> dict[str, str]:
    """The variables with which programs use the S3 at `url`, and no configuration of this machine."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": "/nonexistent/config",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass(frozen=True)
class Asked:
    """A request that the proxy got."""

    method: str
    target: str

    @property
    def key(self) -> str:
        """What is behind the bucket, as it was sent."""
        return urlsplit(self.target).path.partition("/")[2].partition("/")[2]

    @property
    def is_list(self) -> bool:
        return "list-type=2" in self.target

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass
class Fault:
    """What happens to the requests that `concerns` says, at most so many `times`: a delay, then an answer of the
    store's own (`status` and `code`), a reset, or a body that ends after `cut_after` bytes."""

    concerns: Callable[[Asked], bool] = lambda asked: True
    times: int = 10**9
    delay_s: float = 0.0
    status: int = 0
    code: str = ""
    headers: Mapping[str, str] | None = None
    detail: str = ""
    body: str = ""
    is_reset: bool = False
    cut_after: int | None = None


class S3Proxy:
    """Forwards to the server at `behind`, but for faults. `asked` are the requests so far."""

    def __init__(self, url: str = "") -> None:
        self.behind = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.ServerRunner | None = None
        self._session: ClientSession | None = None
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heal(self) -> None:
        self.faults.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        self._session = ClientSession(auto_decompress=False, cookie_jar=DummyCookieJar())
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        assert self._runner and self._session
        await self._runner.cleanup()
        await self._session.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(request.method, request.raw_path)
        self.asked.append(asked)
        fault = next((fault for fault in self.faults if fault.times > 0 and fault.concerns(asked)), Fault())
        fault.times -= 1
        await asyncio.sleep(fault.delay_s)
        if fault.is_reset:
            assert request.transport
            request.transport.abort()
            return web.Response()
        if fault.status:
            error = f"<Error><Code>{fault.code}</Code>{fault.detail}</Error>" if fault.code else ""
            return web.Response(status=fault.status, text=fault.body or error, headers=fault.headers)
        try:
            return await self._forwarded(request, fault.cut_after)
        except ConnectionError:
            # The client has gone away: it had waited long enough.
            return web.Response()

    async def _forwarded(self, request: web.BaseRequest, cut_after: int | None) -> web.StreamResponse:
        assert self._session
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        url = URL(self.behind + request.raw_path, encoded=True)
        body = await request.read()
        async with self._session.request(
            request.method,
            url,
            headers=headers | {"Host": URL(self.behind).authority},
            data=body,
            allow_redirects=False,
        ) as answer:
            content = await answer.read()
            response = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
            if request.method != "HEAD":
                response.content_length = len(content)
            await response.prepare(request)
            await response.write(content if cut_after is None else content[:cut_after])
            if cut_after is not None and request.transport:
                request.transport.close()
            return response


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    dropped = ("transfer-encoding", "connection", "date", "server")
    return {name: value for name, value in headers.items() if name.lower() not in dropped}
