"""Requests signed for AWS, verified as AWS does: botocore signs the received request again."""

import hashlib
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lookalike.errors import AccessDenied, BadSetting, MissingExtra
from lookalike.index import Index, IndexOptions, open_index, open_versions
from lookalike.index.opensearch.status import ResponseKind, classify
from testing.services.tls import Authority, TlsProxy
from tests.index.documents import COSINE, documents

REGION = "eu-central-1"
SECRET = "hunter2-secret"
TOKEN = "hunter2-token"
SIGNATURE = re.compile(r"AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=(\S+)")


class Gateway(BaseHTTPRequestHandler):
    """Forwards correctly signed requests to OpenSearch and answers the others as AWS does."""

    behind = ""
    protocol_version = "HTTP/1.1"
    pool = urllib3.PoolManager()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if problem := self.problem(body):
            return self.give(403, json.dumps({"message": problem}).encode())
        kind = {"Content-Type": self.headers.get("Content-Type", "application/json")}
        passed = self.pool.request(self.command, self.behind + self.path, body=body or None, headers=kind)
        self.give(passed.status, passed.data)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def problem(self, body: bytes) -> str:
        """Why the signature is invalid; empty if it is valid."""
        parts = SIGNATURE.fullmatch(self.headers.get("Authorization", ""))
        if parts is None:
            return "Missing Authentication Token"
        names = parts[2].split(";")
        if self.headers["X-Amz-Content-SHA256"] != hashlib.sha256(body).hexdigest():
            return "The body is not the one that was signed."
        if not {"host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"} <= set(names):
            return "A header that counts is not signed."
        signed = {name: self.headers[name] for name in names}
        if parts[3] != self.signature(parts[1].split("/"), signed, body):
            # After the first line, AWS repeats the request with its headers.
            return f"The request signature we calculated does not match.\n\nx-amz-security-token:{TOKEN}"
        return ""

    def signature(self, scope: list[str], headers: dict[str, str], body: bytes) -> str:
        key, _, region, service, _ = scope
        request = AWSRequest(self.command, f"https://{headers['host']}{self.path}", headers=headers, data=body)
        request.context["timestamp"] = headers["x-amz-date"]
        signer = SigV4Auth(Credentials(key, SECRET, TOKEN), service, region)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return str(signer.signature(text, request))

    def give(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@contextmanager
def gateway(opensearch_url: str, folder: Path) -> Iterator[tuple[str, IndexOptions]]:
    """The gateway's URL, with TLS, and the options to connect to it."""
    handler = type("Handler", (Gateway,), {"behind": opensearch_url})
    authority = Authority(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with TlsProxy(authority.server(), server.server_port) as proxy:
            options = IndexOptions(ca_certs=str(authority.file), aws_region=REGION, retry_s=1.0)
            yield f"https://localhost:{proxy.port}", options
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials for the gateway instead of those of this machine."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "owner")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def opened(url: str, **options: Any) -> Index:
    return open_index(url, "images", options=IndexOptions(aws_region=REGION, **options))


def test_an_index_is_filled_and_searched_with_signed_requests(opensearch_url: str, tmp_path: Path) -> None:
    some = documents(20)
    with gateway(opensearch_url, tmp_path) as (url, options):
        with closing(open_index(url, "images", options=options)) as index:
            index.ensure(COSINE)
            assert index.write(some) == []
            index.refresh()
            assert index.count() == 20
            assert index.search(some[3].image_embedding, 1)[0].id == some[3].id
            assert len(index.stored([document.id for document in some])) == 20
            assert len(list(index.scan())) == 20
        with closing(open_versions(url, "images", options=options)) as versions:
            versions.move(versions.create(COSINE))
            assert [info.is_current for info in versions.infos()] == [False, True]


def test_a_wrong_secret_is_rejected_and_the_error_has_no_secret(
    opensearch_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with (
        gateway(opensearch_url, tmp_path) as (url, options),
        closing(open_index(url, "images", options=options)) as index,
        pytest.raises(AccessDenied) as error,
    ):
        index.model()
    assert "rejected the credentials: 403 The request signature we calculated does not match." in str(error.value)
    assert "hunter2" not in str(error.value)
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize("url", ["http://localhost:9200", "https://user:password@localhost:9200"])
def test_requests_are_signed_only_for_https_without_a_user(url: str) -> None:
    with pytest.raises(BadSetting, match="cannot be signed for AWS") as error:
        opened(url)
    assert "password" not in str(error.value)


def test_missing_credentials_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    with pytest.raises(BadSetting, match="there are no AWS credentials"):
        opened("https://localhost:9200")


def test_incomplete_credentials_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BadSetting, match="Cannot read the AWS credentials"):
        opened("https://localhost:9200")


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(MissingExtra, match=r'needs the extra "aws": pip install '):
        opened("https://localhost:9200")


def test_a_serverless_collection_without_ids_stops_a_job_and_rejects_no_image() -> None:
    error = {"type": "illegal_argument_exception", "reason": "Document ID is not supported in create/index operation"}
    assert classify(400, error) is ResponseKind.CONFLICT
