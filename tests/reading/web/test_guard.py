"""No address, name, redirect or proxy leads a worker to where it is not allowed to read."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lookalike.errors import BadSetting, HostUnavailable, ImageRejected, SourceUnavailable
from lookalike.reading.arrivals import Unchanged, Wanted
from lookalike.reading.reader import Reader
from lookalike.reading.web.proxies import Proxies
from lookalike.records import ImageRef, Reason, Span
from lookalike.settings import read_settings
from testing.archives import write_tar
from testing.services.tls import Authority
from testing.services.web import Answer, WebServer
from tests.reading.web.conftest import Client, names

JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 5


def redirect(target: str, status: int = 302) -> Answer:
    return Answer(b"see there", status, "text/plain", {"Location": target})


@pytest.fixture(scope="module")
def inner() -> Iterator[WebServer]:
    """A server that no root allows: whoever reaches it has got around the guard."""
    with WebServer("127.0.0.2") as server:
        server.put("/secret.jpg", JPEG)
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def refused(client: Client, url: str) -> ImageRejected:
    with pytest.raises(ImageRejected) as rejected:
        client.fetch(url)
    with pytest.raises(ImageRejected):
        client.look(url)
    with pytest.raises(ImageRejected):
        client.fetch(url, Span(0, 10))
    return rejected.value


def test_the_default_reads_no_host(server: WebServer) -> None:
    rejected = refused(Client(roots=["/"]), server.put("/a.jpg", JPEG))
    assert rejected.reason is Reason.OUTSIDE_ROOT
    assert f'add "{server.url}/" to LOOKALIKE_ROOTS' in rejected.detail


@pytest.mark.parametrize("host", ["127.0.0.2", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "inner.example"])
@pytest.mark.parametrize("roots", [["http://"], ["http://*.example/", "http://"], ["10.0.0.0/8"], ["127.0.0.1"]])
def test_an_inner_address_is_refused_in_every_form(inner: WebServer, host: str, roots: list[str]) -> None:
    client = Client(roots=roots, look_up=names(inner_example="127.0.0.2"))
    asked = len(inner.requests)
    rejected = refused(client, f"http://{host}:{inner.port}/secret.jpg")
    assert rejected.reason is Reason.OUTSIDE_ROOT and "LOOKALIKE_ROOTS" in rejected.detail
    assert len(inner.requests) == asked and "127.0.0.2" not in rejected.detail.replace(host, "")


@pytest.mark.parametrize("host", ["0x7f.0.0.2", "2130706434", "0177.0.0.2", "127.2", "127.0.0.2.", "%31%32%37.0.0.2"])
def test_another_notation_of_an_address_is_no_address(inner: WebServer, host: str) -> None:
    rejected = refused(Client(roots=["http://"]), f"http://{host}:{inner.port}/secret.jpg")
    assert rejected.reason is Reason.BAD_URI


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1@127.0.0.2:{port}/secret.jpg",
        "http://127.0.0.1\\@127.0.0.2:{port}/secret.jpg",
        "http://127.0.0.2:{port}\\@127.0.0.1/secret.jpg",
        "http://127.0.0.2:{port}#@127.0.0.1/secret.jpg",
        "http://127.0.0.2:{port}?@127.0.0.1/secret.jpg",
        "http://127.0.0.2\t:{port}/secret.jpg",
        "http://127.0.0.1 127.0.0.2:{port}/secret.jpg",
        "http:127.0.0.2:{port}/secret.jpg",
        "http:///127.0.0.2:{port}/secret.jpg",
        "http://[127.0.0.2]:{port}/secret.jpg",
        "http://127.0.0.1%00.127.0.0.2:{port}/secret.jpg",
        "http://127.0.0.1\r\nHost: 127.0.0.2:{port}/secret.jpg",
    ],
)
def test_an_address_that_programs_read_in_different_ways(inner: WebServer, client: Client, url: str) -> None:
    asked = len(inner.requests)
    refused(client, url.format(port=inner.port))
    assert len(inner.requests) == asked


@pytest.mark.parametrize(
    "root", ["http://127.0.0.2:{port}/", "http://inner.example:{port}/secret.jpg", "127.0.0.0/8", "127.0.0.2"]
)
def test_a_root_that_names_the_host_or_its_network_allows_it(inner: WebServer, root: str) -> None:
    host = "inner.example" if "inner" in root else "127.0.0.2"
    client = Client(roots=[root.format(port=inner.port)], look_up=names(inner_example="127.0.0.2"))
    assert client.fetch(f"http://{host}:{inner.port}/secret.jpg").data == JPEG


def test_a_name_that_is_in_a_root_does_not_lead_to_the_metadata_of_a_cloud() -> None:
    client = Client(roots=["http://pictures.example/"], look_up=names(pictures_example="169.254.169.254"))
    assert refused(client, "http://pictures.example/latest/meta-data/").reason is Reason.OUTSIDE_ROOT


def test_a_name_is_looked_up_once_and_that_address_used(server: WebServer, inner: WebServer) -> None:
    """DNS rebinding: the resolver gives an allowed address first, and an inner one when it is asked again."""
    url = f"http://rebound.example:{server.port}/a.jpg"
    server.put("/a.jpg", JPEG)
    asked: list[str] = []
    look_up = names(rebound_example=["127.0.0.1", "127.0.0.2"])

    async def counted(host: str) -> list[str]:
        asked.append(host)
        return await look_up(host)

    assert Client(look_up=counted).fetch(url).data == JPEG
    assert asked == ["rebound.example"] and server.requests[-1].server == "127.0.0.1"


def test_a_resolver_that_changes_its_answer_between_two_requests(server: WebServer, inner: WebServer) -> None:
    server.put("/a.jpg", Answer(JPEG, extra={"Connection": "close"}))
    look_up = names(rebound_example=["127.0.0.1", "127.0.0.2"])

    async def fetch_twice(place):  # type: ignore[no-untyped-def]
        # The second server would have the same port.
        url = f"http://rebound.example:{server.port}/a.jpg"
        first = await place.fetch(url)
        with pytest.raises(ImageRejected, match="outside_root"):
            await place.fetch(url)
        return first

    assert Client(look_up=look_up).used(fetch_twice).data == JPEG


def test_only_allowed_addresses_of_a_name_are_used(server: WebServer) -> None:
    look_up = names(many_example="127.0.0.2,10.0.0.1,127.0.0.1,169.254.169.254")
    server.put("/a.jpg", JPEG)
    assert Client(look_up=look_up).fetch(f"http://many.example:{server.port}/a.jpg").data == JPEG


def test_the_next_address_of_a_name_is_tried(server: WebServer) -> None:
    client = Client(roots=["127.0.0.0/8"], look_up=names(two_example="127.0.0.9,127.0.0.1"))
    server.put("/a.jpg", JPEG)
    assert client.fetch(f"http://two.example:{server.port}/a.jpg").data == JPEG


def test_connections_that_one_root_allows_are_not_used_under_another(inner: WebServer) -> None:
    inner.put("/open/a.jpg", JPEG)
    host = f"http://inner.example:{inner.port}"
    client = Client(roots=[f"{host}/open/", "http://"], look_up=names(inner_example="127.0.0.2"))

    async def fetch_both(place):  # type: ignore[no-untyped-def]
        assert (await place.fetch(f"{host}/open/a.jpg")).data == JPEG
        with pytest.raises(ImageRejected, match="outside_root"):
            await place.fetch(f"{host}/secret.jpg")

    client.used(fetch_both)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("written", ["http://127.0.0.2:{port}/secret.jpg", "//127.0.0.2:{port}/secret.jpg"])
def test_a_redirect_inwards_is_refused(
    server: WebServer, inner: WebServer, client: Client, status: int, written: str
) -> None:
    asked = len(inner.requests)
    url = server.put("/in.jpg", redirect(written.format(port=inner.port), status))
    assert refused(client, url).reason is Reason.OUTSIDE_ROOT
    assert len(inner.requests) == asked


def test_a_redirect_to_a_name_that_leads_inwards_is_refused(server: WebServer, inner: WebServer) -> None:
    url = server.put("/in.jpg", redirect(f"http://inner.example:{inner.port}/secret.jpg"))
    client = Client(roots=["127.0.0.1", "http://"], look_up=names(inner_example="127.0.0.2"))
    assert refused(client, url).reason is Reason.OUTSIDE_ROOT


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", Reason.OUTSIDE_ROOT),
        ("ftp://127.0.0.1/a.jpg", Reason.OUTSIDE_ROOT),
        ("s3://bucket/a.jpg", Reason.OUTSIDE_ROOT),
        ("data:image/gif;base64,R0lGODlhAQABAAAAACw=", Reason.OUTSIDE_ROOT),
        ("gopher://127.0.0.1:6379/_FLUSHALL", Reason.OUTSIDE_ROOT),
        ("http://me:hunter2@127.0.0.1/", Reason.BAD_URI),
        ("http://0x7f.2/", Reason.BAD_URI),
        ("http://[::1/", Reason.BAD_URI),
        ("http://127.0.0.1/" + "x" * 8190, Reason.UNREADABLE),
    ],
)
def test_a_redirect_to_something_else(server: WebServer, client: Client, target: str, reason: Reason) -> None:
    rejected = refused(client, server.put("/odd.jpg", redirect(target)))
    assert rejected.reason is reason and "hunter2" not in str(rejected)


@pytest.mark.parametrize("written", [b"/caf\xe9.jpg", b"/caf%E9.jpg", b"http://127.0.0.1:PORT/caf\xe9.jpg"])
def test_a_redirect_that_is_not_utf_8_is_sent_as_its_bytes(server: WebServer, client: Client, written: bytes) -> None:
    """A host may write its addresses in Latin-1."""

    async def answer(request, writer):  # type: ignore[no-untyped-def]
        target = written.replace(b"PORT", b"%d" % server.port)
        writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + target + b"\r\n\r\n")
        await writer.drain()

    with pytest.raises(ImageRejected, match="404"):
        client.fetch(server.put("/latin", answer))
    assert server.requests[-1].target == "/caf%E9.jpg"


def test_redirects_within_the_roots_are_followed(server: WebServer, client: Client) -> None:
    server.put("/5.jpg", JPEG)
    for number in range(5):
        server.put(f"/{number}.jpg", redirect(f"{number + 1}.jpg" if number % 2 else f"{server.url}/{number + 1}.jpg"))
    fetched = client.fetch(f"{server.url}/0.jpg")
    assert fetched.data == JPEG and client.look(f"{server.url}/0.jpg").etag == fetched.etag
    assert client.fetch(f"{server.url}/0.jpg", Span(3, 4)).data == JPEG[3:7]
    server.put("/first.jpg", redirect("0.jpg"))
    assert "more than 5" in refused(client, f"{server.url}/first.jpg").detail


def test_a_ring_ends(server: WebServer, client: Client) -> None:
    server.put("/b.jpg", redirect("/a.jpg"))
    asked = len(server.requests)
    assert refused(client, server.put("/a.jpg", redirect("/b.jpg"))).reason is Reason.UNREADABLE
    assert len(server.requests) - asked == 3 * 6


def test_a_redirect_without_a_target(server: WebServer, client: Client) -> None:
    assert refused(client, server.put("/nowhere.jpg", Answer(b"", 302))).reason is Reason.UNREADABLE


def test_tls_checks_the_name_although_the_address_is_pinned(authority: Authority) -> None:
    look_up = names(good_example="127.0.0.1", other_example="127.0.0.1")
    client = Client(ca_certs=str(authority.file), look_up=look_up)
    with WebServer(tls=authority.server("good.example")) as server:
        server.put("/a.jpg", JPEG)
        assert client.fetch(f"https://good.example:{server.port}/a.jpg").data == JPEG
        rejected = refused(client, f"https://other.example:{server.port}/a.jpg")
        assert rejected.reason is Reason.UNTRUSTED_HOST and "another host name" in rejected.detail


@pytest.mark.parametrize("fault", ["expired", "unknown authority", "self-signed", "no TLS"])
def test_tls_that_does_not_verify(authority: Authority, tmp_path: Path, fault: str) -> None:
    context: ssl.SSLContext | None = authority.server("a.example", has_expired=fault == "expired")
    ca_certs = str(authority.file)
    if fault == "unknown authority":
        ca_certs = str(Authority(tmp_path, "other").file)
    elif fault == "no TLS":
        context = None
    client = Client(ca_certs=None if fault == "self-signed" else ca_certs, look_up=names(a_example="127.0.0.1"))
    with WebServer(tls=context) as server:
        server.put("/a.jpg", JPEG)
        rejected = refused(client, f"https://a.example:{server.port}/a.jpg")
        assert rejected.reason is Reason.UNTRUSTED_HOST, rejected
        assert server.requests == []


def test_a_redirect_from_https_to_http_is_refused(authority: Authority, server: WebServer) -> None:
    client = Client(ca_certs=str(authority.file), look_up=names(a_example="127.0.0.1"))
    with WebServer(tls=authority.server("a.example")) as secure:
        secure.put("/a.jpg", redirect(server.put("/a.jpg", JPEG)))
        rejected = refused(client, f"https://a.example:{secure.port}/a.jpg")
    assert rejected.reason is Reason.UNTRUSTED_HOST and "https to http" in rejected.detail


@pytest.mark.parametrize(
    ("number", "reason"), [(socket.EAI_NONAME, Reason.NOT_FOUND), (socket.EAI_AGAIN, None), (socket.EAI_FAIL, None)]
)
def test_a_name_that_is_not_found(number: int, reason: Reason | None) -> None:
    async def look_up(host: str) -> list[str]:
        raise socket.gaierror(number, "says the resolver")

    client = Client(roots=["http://"], look_up=look_up)
    with pytest.raises(ImageRejected if reason else HostUnavailable) as caught:
        client.fetch("http://nobody.example/a.jpg")
    assert getattr(caught.value, "reason", None) is reason


def test_a_resolver_that_hangs_holds_up_its_own_name_only(server: WebServer) -> None:
    async def look_up(host: str) -> list[str]:
        if host == "slow.example":
            await asyncio.Event().wait()
        return ["127.0.0.1"]

    server.put("/a.jpg", JPEG)

    async def both(place):  # type: ignore[no-untyped-def]
        hosts = ("slow.example", "quick.example")
        return await asyncio.gather(
            *(place.fetch(f"http://{host}:{server.port}/a.jpg") for host in hosts), return_exceptions=True
        )

    slow, quick = Client(look_up=look_up).used(both)
    assert isinstance(slow, HostUnavailable) and quick.data == JPEG


def test_redirects_between_hosts_are_followed_and_guarded_by_whoever_counts_their_requests(
    server: WebServer, inner: WebServer, tmp_path: Path
) -> None:
    with WebServer("127.0.0.3") as other:
        roots = (f"{server.url}/", f"{other.url}/")
        last = server.put("/last.jpg", redirect(other.put("/last.jpg", redirect(server.put("/end.jpg", JPEG)))))
        ring = server.put("/ring", redirect(f"{other.url}/ring"))
        other.put("/ring", redirect(ring))
        inwards = server.put("/in", redirect(other.put("/in", redirect(f"{inner.url}/secret.jpg"))))
        write_tar(tmp_path / "a.tar", {f"{number}.jpg": JPEG for number in range(8)})
        archive = server.put("/a.tar", redirect(other.put("/a.tar", (tmp_path / "a.tar").read_bytes())))
        member = server.put("/member", redirect(f"{other.url}/a.tar#7.jpg"))
        with closing(Reader(read_settings(home=tmp_path, roots=roots, respect_robots=False))) as reader:
            asked = len(inner.requests)
            fetched = reader.fetch(ImageRef(last))
            assert fetched.data == JPEG
            known = reader.arrivals([Wanted(ImageRef(last), fetched.etag)])
            assert [arrival.result for arrival in known] == [Unchanged(fetched.etag)]
            assert reader.read(f"{archive}#7.jpg") == JPEG, "each of its parts is redirected"
            assert reader.read(member) == (tmp_path / "a.tar").read_bytes(), "a host names no member of an archive"
            server.requests.clear()
            other.requests.clear()
            assert rejection(reader, ring).detail == "it redirects more than 5 times"
            assert len(server.requests) + len(other.requests) == 6
            assert rejection(reader, inwards).reason is Reason.OUTSIDE_ROOT
            assert len(inner.requests) == asked


def rejection(reader: Reader, uri: str) -> ImageRejected:
    with pytest.raises(ImageRejected) as rejected:
        reader.fetch(ImageRef(uri))
    return rejected.value


def test_nobody_sees_what_netrc_holds(
    server: WebServer, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password pw\ndefault login me password pw")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client.fetch(server.put("/a.jpg", JPEG))
    assert "authorization" not in server.requests[-1].headers


def test_the_resolver_of_the_system_knows_this_machine(server: WebServer) -> None:
    server.put("/a.jpg", JPEG)
    assert Client().fetch(f"http://localhost:{server.port}/a.jpg").data == JPEG
    assert refused(Client(roots=["http://"]), f"http://localhost:{server.port}/a.jpg").reason is Reason.OUTSIDE_ROOT


@pytest.mark.parametrize("name", ["http", "all"])
def test_this_machine_is_never_reached_through_a_proxy(server: WebServer, name: str) -> None:
    with WebServer() as proxy:
        client = Client(roots=["127.0.0.0/8", f"http://localhost:{server.port}/"], proxies=Proxies({name: proxy.url}))
        server.put("/a.jpg", JPEG)
        for host in ("127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]"):
            assert client.fetch(f"http://{host}:{server.port}/a.jpg").data == JPEG
        assert proxy.requests == []


def test_a_proxy_is_asked_by_name_with_its_credentials() -> None:
    with WebServer() as proxy:
        proxy.put("/a.jpg", JPEG)
        proxies = Proxies({"http": f"http://me:pw@127.0.0.1:{proxy.port}", "no": "direct.example"})
        look_up = names(far_example="8.8.8.8", direct_example="127.0.0.1", inner_example="10.0.0.1")
        client = Client(roots=["http://", "127.0.0.1"], proxies=proxies, look_up=look_up)
        assert client.fetch("http://far.example/a.jpg").data == JPEG
        assert proxy.requests[-1].target == "http://far.example/a.jpg"
        assert proxy.requests[-1].headers["proxy-authorization"] == "Basic bWU6cHc="
        assert client.fetch(f"http://direct.example:{proxy.port}/a.jpg").data == JPEG
        assert proxy.requests[-1].target == "/a.jpg"
        asked = len(proxy.requests)
        for host in ("inner.example", "10.0.0.1", "[::ffff:10.0.0.1]"):
            assert refused(client, f"http://{host}/a.jpg").reason is Reason.OUTSIDE_ROOT
        assert len(proxy.requests) == asked


def test_a_proxy_knows_names_that_are_unknown_here() -> None:
    async def look_up(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with WebServer() as proxy:
        proxy.put("/a.jpg", JPEG)
        client = Client(roots=["http://"], proxies=Proxies({"http": proxy.url}), look_up=look_up)
        assert client.fetch("http://far.example/a.jpg").data == JPEG


@pytest.mark.parametrize(("status", "error"), [(407, ImageRejected), (403, ImageRejected), (502, HostUnavailable)])
def test_a_proxy_that_refuses(status: int, error: type[Exception]) -> None:
    with WebServer() as proxy:
        proxies = Proxies({"https": f"http://me:hunter2@127.0.0.1:{proxy.port}"})
        proxy.put("far.example:443", Answer(b"", status))
        client = Client(roots=["https://"], proxies=proxies, look_up=names(far_example="8.8.8.8"))
        with pytest.raises(error, match="proxy of this machine") as caught:
            client.fetch("https://far.example/a.jpg")
        assert "hunter2" not in str(caught.value)


def test_a_proxy_that_is_away_is_waited_for() -> None:
    with WebServer() as gone:
        proxies = Proxies({"http": gone.url})
    with pytest.raises(SourceUnavailable, match="proxy"):
        Client(roots=["http://"], proxies=proxies, look_up=names(far_example="8.8.8.8")).fetch("http://far.example/a")


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1080", "http://", "http://[::1"])
def test_a_proxy_that_cannot_be_used_is_named(address: str) -> None:
    with pytest.raises(BadSetting, match="HTTPS_PROXY"):
        Proxies({"https": address})
