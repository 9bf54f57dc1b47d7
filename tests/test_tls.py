"""Real TLS connections: the right server is trusted, and others are rejected at once with the reason."""

import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from lookalike import factories
from lookalike.broker import broker_location
from lookalike.client import Client
from lookalike.errors import BadSetting, IndexMissing
from lookalike.ledger import Ledger
from lookalike.queue import make_app, queued_count, send_chunk
from lookalike.settings import Settings, read_settings
from testing.services.tls import Authority, TlsProxy

#: Handshakes of one call: a permanent rejection must not be retried.
MOST_HANDSHAKES = 3


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    """The authority that is trusted."""
    return Authority(tmp_path, "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    """An authority that is not trusted."""
    return Authority(tmp_path, "theirs")


def settings_for(port: int, ours: Authority, **more: object) -> Settings:
    broker, index = f"rediss://localhost:{port}/0", f"https://localhost:{port}"
    return read_settings(broker_url=broker, index_url=index, ca_certs=ours.file, **more)


def use_index(settings: Settings) -> None:
    with closing(factories.open_index(settings)) as index, pytest.raises(IndexMissing):
        index.model()


def use_ledger(settings: Settings) -> None:
    with closing(Ledger(broker_location(settings) or "")) as ledger:
        ledger.ping()


def use_queue(settings: Settings) -> None:
    with closing(make_app(broker_location(settings) or "")) as app:
        send_chunk(app, "job/1")
        assert queued_count(broker_location(settings) or "") == 1


def use_client(settings: Settings) -> None:
    with Client(f"https://{urlsplit(settings.index_location).netloc}", ca_certs=str(settings.ca_certs)) as client:
        client.ready()


Use = Callable[[Settings], None]
everywhere = pytest.mark.parametrize("use", [use_index, use_ledger, use_client])
with_client_certificate = pytest.mark.parametrize("use", [use_index, use_ledger])


def assert_rejected(use: Use, context: ssl.SSLContext, ours: Authority, words: str, **more: object) -> None:
    # The handshake fails, so no service is needed behind it.
    with TlsProxy(context, 9) as proxy:
        with pytest.raises(BadSetting, match=words) as error:
            use(settings_for(proxy.port, ours, **more))
        assert proxy.handshakes <= MOST_HANDSHAKES
    assert len(str(error.value).splitlines()) == 2
    assert f"localhost:{proxy.port}" in str(error.value)


@everywhere
def test_a_server_of_an_unknown_authority_is_rejected(use: Use, ours: Authority, theirs: Authority) -> None:
    assert_rejected(use, theirs.server(), ours, "authority that is not trusted here")


@everywhere
def test_an_expired_certificate_is_rejected(use: Use, ours: Authority) -> None:
    assert_rejected(use, ours.server(has_expired=True), ours, "certificate has expired")


@everywhere
def test_a_certificate_for_another_host_is_rejected(use: Use, ours: Authority) -> None:
    assert_rejected(use, ours.server("other.example"), ours, "for another host name")


def test_the_queue_checks_certificates_as_well(ours: Authority) -> None:
    assert_rejected(use_queue, ours.server("other.example"), ours, "for another host name")


@with_client_certificate
def test_a_missing_client_certificate_is_named(use: Use, ours: Authority) -> None:
    assert_rejected(use, ours.server(demands=ours), ours, "requires a client certificate")


@with_client_certificate
def test_a_client_certificate_of_another_authority_is_named(use: Use, ours: Authority, theirs: Authority) -> None:
    certificate, key = theirs.client("worker")
    words = "rejected our client certificate"
    assert_rejected(use, ours.server(demands=ours), ours, words, client_cert=certificate, client_key=key)


@pytest.mark.parametrize("use", [use_ledger, use_queue])
def test_redis_is_reached_over_tls_with_our_certificate(use: Use, redis_url: str, ours: Authority) -> None:
    certificate, key = ours.client("worker")
    with TlsProxy(ours.server(demands=ours), urlsplit(redis_url).port or 0) as proxy:
        use(settings_for(proxy.port, ours, client_cert=certificate, client_key=key))
        assert proxy.handshakes


def test_opensearch_is_reached_over_tls_with_our_certificate(opensearch_url: str, ours: Authority) -> None:
    certificate, key = ours.client("worker")
    with TlsProxy(ours.server(demands=ours), urlsplit(opensearch_url).port or 0) as proxy:
        use_index(settings_for(proxy.port, ours, client_cert=certificate, client_key=key))
        assert proxy.handshakes


def test_a_server_without_tls_is_named(opensearch_url: str, ours: Authority) -> None:
    with pytest.raises(BadSetting, match="does not use TLS"):
        use_index(settings_for(urlsplit(opensearch_url).port or 0, ours))


def test_unusable_files_are_named(ours: Authority, theirs: Authority, tmp_path: Path) -> None:
    certificate, key = ours.client("worker")
    other_key = theirs.client("other")[1]
    (tmp_path / "text").write_text("no certificate")
    for ca_certs, client_cert, client_key, words in [
        (tmp_path / "absent", None, None, "Cannot read certificates from .*absent: No such file"),
        (tmp_path / "text", None, None, "text: it contains no certificate"),
        (ours.file, certificate, None, "LOOKALIKE_CLIENT_KEY is not set"),
        (ours.file, None, key, "LOOKALIKE_CLIENT_CERT is not set"),
        (ours.file, certificate, tmp_path / "gone", "Cannot read .*gone: No such file"),
        (ours.file, certificate, tmp_path / "text", "not in PEM format"),
        (ours.file, certificate, other_key, "they do not match"),
    ]:
        changes = {"ca_certs": ca_certs, "client_cert": client_cert, "client_key": client_key}
        settings = settings_for(9, ours).model_copy(update=changes)
        for use in (broker_location, factories.open_index):
            with pytest.raises(BadSetting, match=words):
                use(settings)


@pytest.mark.parametrize("url", ["redis://:hunter2@broker.example", "redis://worker:hunter2@192.0.2.1:6379/0"])
def test_the_broker_password_is_not_sent_over_a_network_unencrypted(url: str) -> None:
    with pytest.raises(BadSetting, match=r"A password would be sent to redis://.* unencrypted") as error:
        broker_location(read_settings(broker_url=url))
    assert "hunter2" not in str(error.value) and "rediss" in error.value.advice
    assert broker_location(read_settings(broker_url=url, insecure=True)) == url
    here = "redis://:hunter2@localhost:6379/0"
    assert broker_location(read_settings(broker_url=here)) == here


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "http://u:hunter2@h",
        "redis://u:hunter2@h:port",
        "rediss://u:hunter2@[h",
        "redis://:1/hunter2@h",
        "redis://u:1/hunter2@h",
    ],
)
def test_an_invalid_broker_url_is_rejected_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="LOOKALIKE_BROKER_URL") as error:
        broker_location(read_settings(broker_url=url))
    assert "hunter2" not in str(error.value)


def test_a_url_cannot_turn_off_the_check_of_certificates(ours: Authority) -> None:
    url = "rediss://localhost/0?ssl_cert_reqs=none&ssl_check_hostname=false"
    location = broker_location(settings_for(9, ours).model_copy(update={"broker_url": SecretStr(url)}))
    assert location and "ssl_cert_reqs=required" in location and "ssl_check_hostname=true" in location
