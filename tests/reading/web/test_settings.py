"""The settings reach the place that reads web addresses."""

from pathlib import Path

import pytest

from lookalike.errors import BadSetting, ImageRejected
from lookalike.factories import reader, with_roots
from lookalike.settings import read_settings
from testing.services.web import Answer, WebServer

JPEG = b"\xff\xd8\xff" + bytes(range(256)) * 5


def test_a_reader_reads_web_addresses_as_the_settings_say(server: WebServer, tmp_path: Path) -> None:
    url = server.put("/a.jpg", Answer(JPEG, extra={"X-Robots-Tag": "noai"}))
    server.put("/robots.txt", Answer(b"", 404))
    polite = reader(read_settings(home=tmp_path, roots=[server.url], user_agent="shopbot/1.0"))
    with pytest.raises(ImageRejected, match="disallowed"):
        polite.read(url)
    assert server.requests[-1].headers["user-agent"] == "shopbot/1.0"
    bold = reader(read_settings(home=tmp_path, roots=[server.url], respect_robots=False))
    assert bold.read(url) == JPEG
    for each in (polite, bold):
        each.close()


def test_the_embedded_stack_reads_what_a_command_names(server: WebServer, tmp_path: Path) -> None:
    url = server.put("/named/a.jpg", JPEG)
    settings = read_settings(home=tmp_path, respect_robots=False)
    for roots, is_read in ((("https://a.example/",), False), ((f"{server.url}/named/",), True)):
        read = reader(with_roots(settings, is_embedded=True, named=roots))
        if is_read:
            assert read.read(url) == JPEG
        else:
            with pytest.raises(ImageRejected, match="not at a public address"):
                read.read(url)
        read.close()


@pytest.mark.parametrize("text", ["", " ", "bot\nX: y", "bot\r", "1bot", "b\u00f6t/1", "bot/" + "x" * 500, "bot\x00"])
def test_what_cannot_be_a_user_agent(text: str, tmp_path: Path) -> None:
    if not text:
        assert read_settings(home=tmp_path, user_agent=text).user_agent is None
        return
    with pytest.raises(BadSetting, match="user_agent"):
        read_settings(home=tmp_path, user_agent=text)
