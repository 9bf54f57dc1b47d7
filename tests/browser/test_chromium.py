"""The browser of these tests is not disturbed by what else happens on the machine."""

import subprocess
import sys

import pytest

from tests.browser import chromium

OPEN = "import socket; from tests.browser.chromium import refuse_netlink; refuse_netlink(); socket.socket(socket.{0})"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="netlink is of Linux")
@pytest.mark.parametrize(("family", "is_open"), [("AF_NETLINK", False), ("AF_INET", True), ("AF_UNIX", True)])
def test_the_browser_cannot_listen_to_changes_of_network_devices(family: str, is_open: bool) -> None:
    opened = subprocess.run([sys.executable, "-c", OPEN.format(family)], capture_output=True, text=True)
    assert (opened.returncode == 0) is is_open, opened.stderr
    assert is_open or "Address family not supported" in opened.stderr


def test_the_browser_is_started_that_way() -> None:
    """Also by its own path, as Playwright does."""
    assert chromium.PATH is None or "Chromium" in subprocess.check_output([chromium.__file__, "--version"], text=True)
