"""Hosts that ask robots to keep away are left alone, unless somebody decides otherwise."""

import asyncio
import time

import pytest

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.reading.web.robots import relevant
from lookalike.records import Reason
from testing.services.web import Answer, WebServer, reset
from tests.reading.web import hostile
from tests.reading.web.conftest import Client

JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 5


def polite(**changes: object) -> Client:
    return Client(respects_robots=True, **changes)


def robots(server: WebServer, text: str) -> None:
    server.put("/robots.txt", Answer(text.encode(), content_type="text/plain"))


def is_disallowed(server: WebServer, path: str = "/a/b.jpg") -> bool:
    url = server.put(path, JPEG)
    try:
        assert polite().fetch(url).data == JPEG
    except ImageRejected as rejected:
        assert rejected.reason is Reason.DISALLOWED
        return True
    return False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("User-agent: *\nDisallow: /", True),
        ("User-agent: *\nDisallow:", False),
        ("user-AGENT : Lookalike/2.0 # us\ndisallow:/a/", True),
        ("User-agent: lookalike\nDisallow: /other\n\nUser-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: lookalike\nAllow: /a/", False),
        ("User-agent: look\nDisallow: /", False),
        ("User-agent: lookalikebot\nDisallow: /", False),
        ("User-agent: *\nDisallow: /a/*.jpg$", True),
        ("User-agent: *\nDisallow: /a/*.png$", False),
        ("User-agent: *\nDisallow: /\nAllow: /a/", False),
        ("User-agent: *\nDisallow: /%61/", True),
        ("\ufeffUser-agent: *\r\nDisallow: /\r\n", True),
        ("User-agent: *\nCrawl-delay: 5\nUser-agent: x\nDisallow: /", True),
        ("<html>no such page</html>", False),
    ],
)
def test_robots_txt(server: WebServer, text: str, expected: bool) -> None:
    robots(server, text)
    assert is_disallowed(server) is expected
    url = server.put("/a/b.jpg", JPEG)
    assert Client().fetch(url).data == JPEG


@pytest.mark.parametrize("status", [404, 403, 401, 410, 204])
def test_a_host_without_robots_txt(server: WebServer, status: int) -> None:
    server.put("/robots.txt", Answer(b"", status))
    assert not is_disallowed(server)


@pytest.mark.parametrize(
    "answer", [Answer(status=503), Answer(status=429), hostile.silence, hostile.cut_off, hostile.drip]
)
def test_while_nobody_knows_the_rules_of_a_host_nothing_is_read(server: WebServer, answer: object) -> None:
    server.put("/robots.txt", answer)  # type: ignore[arg-type]
    url = server.put("/unknown.jpg", JPEG)
    with pytest.raises(HostUnavailable, match=r"robots\.txt cannot be read"):
        polite().fetch(url)
    assert "/unknown.jpg" not in server.paths()


def test_each_host_is_asked_once(server: WebServer) -> None:
    robots(server, "User-agent: *\nDisallow: /private/")
    urls = [server.put(f"/public/{number}.jpg", JPEG) for number in range(10)]
    asked = server.paths().count("/robots.txt")

    async def fetch_all(place):  # type: ignore[no-untyped-def]
        await asyncio.gather(*(place.fetch(url) for url in urls))
        for url in urls:
            await place.look(url)
        with pytest.raises(ImageRejected, match="disallowed"):
            await place.look(f"{server.url}/private/1.jpg")

    polite().used(fetch_all)
    assert server.paths().count("/robots.txt") - asked == 1


def test_a_broken_host_is_asked_once(server: WebServer) -> None:
    server.put("/robots.txt", Answer(status=503, extra={"Retry-After": "9"}))
    asked = server.paths().count("/robots.txt")

    async def fetch_twice(place):  # type: ignore[no-untyped-def]
        for _ in range(2):
            with pytest.raises(HostUnavailable) as away:
                await place.fetch(f"{server.url}/a.jpg")
            assert away.value.retry_after_s == 9

    polite().used(fetch_twice)
    assert server.paths().count("/robots.txt") - asked == 1


def test_a_robots_txt_that_fails_for_a_moment_costs_a_moment(server: WebServer) -> None:
    failures = [0]

    async def at_last(request, writer):  # type: ignore[no-untyped-def]
        failures[0] += 1
        if failures[0] <= 2:
            reset(writer)
        else:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    server.put("/robots.txt", at_last)
    url = server.put("/a.jpg", JPEG)

    async def fetch(place):  # type: ignore[no-untyped-def]
        asked, deadline = 0, time.monotonic() + 20
        while time.monotonic() < deadline:
            asked += 1
            try:
                return (await place.fetch(url)).data, asked
            except HostUnavailable:
                await asyncio.sleep(0.02)
        raise AssertionError("it is not asked again")

    data, asked = polite().used(fetch)
    assert data == JPEG
    # Not with each image.
    assert failures[0] == 3 < asked


def test_who_gives_up_does_not_take_the_rules_away_from_others(server: WebServer) -> None:
    async def late(request, writer):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.2)
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    server.put("/robots.txt", late)
    url = server.put("/a.jpg", JPEG)

    async def fetch_both(place):  # type: ignore[no-untyped-def]
        first, second = (asyncio.create_task(place.fetch(url)) for _ in range(2))
        await asyncio.sleep(0.1)
        first.cancel()
        return (await second).data

    assert polite().used(fetch_both) == JPEG


def test_a_redirect_leads_to_the_rules_of_its_host(server: WebServer) -> None:
    robots(server, "")
    with WebServer() as other:
        robots(other, "User-agent: *\nDisallow: /")
        url = server.put("/away.jpg", Answer(b"", 302, extra={"Location": other.put("/a.jpg", JPEG)}))
        with pytest.raises(ImageRejected, match=f"disallowed: robots.txt of {other.url}"):
            polite().fetch(url)
        assert other.paths() == ["/robots.txt"]


def test_robots_txt_may_be_a_redirect_but_not_inwards(server: WebServer) -> None:
    with WebServer("127.0.0.2") as inner:
        for target, expected in (("/other.txt", True), (inner.put("/robots.txt", b""), False), ("/robots.txt", False)):
            server.put("/robots.txt", Answer(b"", 301, extra={"Location": target}))
            server.put("/other.txt", Answer(b"User-agent: *\nDisallow: /", content_type="text/plain"))
            assert is_disallowed(server) is expected
        assert inner.requests == []


def test_the_rules_of_a_host_are_read_although_a_root_has_only_a_folder_of_it(server: WebServer) -> None:
    robots(server, "User-agent: *\nDisallow: /a/secret")
    client = polite(roots=[f"{server.url}/a/"])
    assert client.fetch(server.put("/a/b.jpg", JPEG)).data == JPEG
    with pytest.raises(ImageRejected, match="disallowed"):
        client.fetch(server.put("/a/secret.jpg", JPEG))


def test_a_hostile_robots_txt_is_bounded(server: WebServer) -> None:
    lines = [f"User-agent: robot{number}" for number in range(9_000)] + ["User-agent: *"]
    lines += [f"Disallow: /{'*a' * 9}{number}" for number in range(9_000)]
    text = "\n".join(lines)
    assert len(relevant(text, "lookalike").splitlines()) == 5001
    robots(server, text)
    begun = time.process_time()
    assert not is_disallowed(server, "/" + "a" * 4000)
    assert time.process_time() - begun < 10
    server.put("/robots.txt", hostile.endless)
    assert not is_disallowed(server)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("noindex", True),
        ("NoImageIndex, nofollow", True),
        ("nofollow, noai", True),
        ("noimageai", True),
        ("none", True),
        ("all", False),
        ("nofollow", False),
        ("lookalike: noindex", True),
        ("Lookalike: nofollow, noai", True),
        ("otherbot: noindex", False),
        ("otherbot: nofollow, noai", False),
        ("otherbot: nofollow, lookalike: noai", True),
        ("otherbot: noindex, *: nofollow, noimageai", True),
        ("noai, otherbot: nofollow", True),
        ("*: noai", True),
        ("max-image-preview: none", False),
        ("unavailable_after: Wed, 01 Jan 2020 00:00:00 GMT, noindex", True),
    ],
)
def test_x_robots_tag(server: WebServer, tags: str, expected: bool) -> None:
    robots(server, "")
    url = server.put("/tagged.jpg", Answer(JPEG, extra={"X-Robots-Tag": tags}))
    assert Client().fetch(url).data == JPEG
    for ask in (polite().fetch, polite().look):
        if expected:
            with pytest.raises(ImageRejected) as rejected:
                ask(url)
            assert rejected.value.reason is Reason.DISALLOWED and "X-Robots-Tag" in rejected.value.detail
        else:
            ask(url)


def test_reserved_text_and_data_mining(server: WebServer) -> None:
    robots(server, "")
    with pytest.raises(ImageRejected, match="disallowed"):
        polite().fetch(server.put("/r.jpg", Answer(JPEG, extra={"TDM-Reservation": "1"})))
    polite().fetch(server.put("/r.jpg", Answer(JPEG, extra={"TDM-Reservation": "0"})))


def test_sites_address_us_by_the_name_in_the_user_agent(server: WebServer) -> None:
    robots(server, "User-agent: shopbot\nDisallow: /")
    url = server.put("/a.jpg", JPEG)
    with pytest.raises(ImageRejected, match="disallowed"):
        polite(user_agent="ShopBot/1.0 (+https://shop.example/bot)").fetch(url)
    assert server.requests[-1].headers["user-agent"] == "ShopBot/1.0 (+https://shop.example/bot)"
