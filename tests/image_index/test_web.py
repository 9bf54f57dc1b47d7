"""Images of web hosts through the embedded stack, with real processes."""

from pathlib import Path
from typing import Any

import lookalike
from lookalike.records import Reason
from testing.services.web import Answer, WebServer
from tests.browser.stage import LABELS


def test_every_address_becomes_a_document_or_a_rejection(
    embedded: dict[str, Any], drawn: tuple[Path, Path], tmp_path: Path
) -> None:
    """The command names one folder of a private host; a list may name others, which are not read."""
    images_of = sorted((drawn[0] / LABELS[0]).iterdir())
    with WebServer() as server, lookalike.open("images", **embedded) as images:
        server.put("/robots.txt", Answer(b"User-agent: *\nDisallow: /named/private/", content_type="text/plain"))
        good = [server.put(f"/named/{number}.jpg", file.read_bytes()) for number, file in enumerate(images_of[:3])]
        expected = {
            server.url + "/named/gone.jpg": Reason.NOT_FOUND,
            server.put("/named/page.jpg", Answer(b"<html>log in</html>")): Reason.NOT_AN_IMAGE,
            server.put("/named/private/a.jpg", images_of[0].read_bytes()): Reason.DISALLOWED,
            server.put("/other/a.jpg", images_of[0].read_bytes()): Reason.OUTSIDE_ROOT,
            "http://169.254.169.254/latest/meta-data/": Reason.OUTSIDE_ROOT,
            "http://2130706433/a.jpg": Reason.BAD_URI,
        }
        listed = tmp_path / "urls.csv"
        listed.write_text("\n".join(["url", *good[1:], *expected]))
        report = images.ingest(good[0], str(listed), progress=False)
        assert report.found == 9 and report.indexed == 3
        rejected = {item.uri: item.reason for item in images.rejected(report.job)}
        assert sorted(rejected.values()) == sorted(expected.values())
        assert {uri: reason for uri, reason in rejected.items() if uri in expected}.items() <= expected.items()
        assert len(images) == 3
        assert "/other/a.jpg" not in server.paths() and "/named/private/a.jpg" not in server.paths()
        again = images.ingest(good[0], str(listed), progress=False)
        assert (again.unchanged, again.rejected) == (3, 6)
