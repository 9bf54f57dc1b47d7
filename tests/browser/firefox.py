"""Debian's Firefox, headless, driven by its own protocol: Marionette, JSON over a socket.

Playwright drives Firefox by WebDriver BiDi, but needs commands of it that the long-term releases of Firefox lack.
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

import base64
import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testing.processes import await_true
from testing.services import ServiceMissing
from testing.services.process import ServerProcess
from tests.browser.visitor import DISPATCH, TYPES

#: Any port, and no requests of the browser's own.
PREFERENCES = """user_pref("marionette.port", 0);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""
STARTED_S = 60.0
#: The errors of scripts and styles of pages, as the browser's console has them.
ERRORS = """return Services.console.getMessageArray()
    .filter((one) => one instanceof Ci.nsIScriptError && !(one.flags & Ci.nsIScriptError.warningFlag))
    .filter((one) => one.sourceName.startsWith("http"))
    .map((one) => `${one.sourceName}:${one.lineNumber} ${one.errorMessage}`)"""
#: Where the first element of a selector that has this text is, in the window.
BOX = """([selector, text]) => {
    const found = [...document.querySelectorAll(selector)].find((one) => one.textContent.includes(text));
    found?.scrollIntoView({block: "nearest", behavior: "instant"});
    const box = found?.checkVisibility() ? found.getBoundingClientRect() : null;
    return box && [box.x, box.y, box.width, box.height];
}"""
#: The keys that have no character, as WebDriver names them.
KEYS = {"Escape": "\ue00c", "Enter": "\ue007", "Shift": "\ue008", "ArrowRight": "\ue014"}


class Firefox:
    """One window. Raises AssertionError for what does not come true."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._count = 0
        self._read()
        self._command("NewSession")
        self._command("SetWindowRect", width=1280, height=900)

    def open(self, url: str) -> None:
        self._command("Navigate", url=url)

    def back(self) -> None:
        self._command("Back")

    def evaluate(self, function: str, argument: Any = None) -> Any:
        return self._command("ExecuteScript", script=f"return ({function})(arguments[0])", args=[argument])["value"]

    def await_text(self, selector: str, text: str = "") -> str:
        """Wait until an element of this selector is visible and has this text; all of its text."""
        texts = """(selector) => [...document.querySelectorAll(selector)]
            .map((one) => [one.textContent, one.checkVisibility()])"""
        found: str = await_true(
            lambda: [[own] for own, is_seen in self.evaluate(texts, selector) if is_seen and text in own]
        )[0][0]
        return found

    def await_true(self, function: str, argument: Any = None) -> None:
        await_true(lambda: self.evaluate(function, argument))

    def click(self, selector: str, text: str = "") -> None:
        self.drag(selector, (0.5, 0.5), (0.5, 0.5), text)

    def drag(self, selector: str, start: tuple[float, float], end: tuple[float, float], text: str = "") -> None:
        """Press the mouse at one place of an element and release it at another one, each as shares of its box."""
        left, top, width, height = await_true(lambda: self.evaluate(BOX, [selector, text]))
        moves = [
            {"type": "pointerMove", "x": round(left + x * width), "y": round(top + y * height), "duration": 0}
            for x, y in (start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end)
        ]
        steps = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
        self._command("PerformActions", actions=[{"type": "pointer", "id": "mouse", "actions": steps}])

    def press(self, keys: str) -> None:
        """A key, or several that are held together: "Shift+ArrowRight"."""
        names = [KEYS.get(key, key) for key in keys.split("+")]
        steps = [{"type": "keyDown", "value": key} for key in names]
        steps += [{"type": "keyUp", "value": key} for key in reversed(names)]
        self._command("PerformActions", actions=[{"type": "key", "id": "keyboard", "actions": steps}])

    def drop(self, path: Path) -> None:
        data = base64.b64encode(path.read_bytes()).decode()
        file = {"name": path.name, "type": TYPES[path.suffix], "base64": data}
        self.evaluate(DISPATCH, {"event": "drop", "files": [file], "on": "main"})

    def errors(self) -> list[str]:
        """All errors of pages since the browser started."""
        self._command("SetContext", "Marionette", value="chrome")
        found: list[str] = self._command("ExecuteScript", script=ERRORS, args=[])["value"]
        self._command("SetContext", "Marionette", value="content")
        return found

    def _command(self, name: str, module: str = "WebDriver", **parameters: Any) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, f"{module}:{name}", parameters]).encode()
        self._socket.sendall(f"{len(message)}:".encode() + message)
        _, _, error, result = self._read()
        assert error is None, f"{name}: {error['message']}"
        return result

    def _read(self) -> Any:
        """A message: its length, a colon, and JSON."""
        length = b""
        while not length.endswith(b":"):
            length += self._receive(1)
        return json.loads(self._receive(int(length[:-1])))

    def _receive(self, count: int) -> bytes:
        found = self._socket.recv(count, socket.MSG_WAITALL)
        assert len(found) == count, "Firefox has ended"
        return found


@contextmanager
def running(profile: Path) -> Iterator[Firefox]:
    """Firefox with a new profile in this folder. Raises ServiceMissing."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        raise ServiceMissing("no Firefox on the PATH: apt-get install firefox-esr")
    (profile / "user.js").write_text(PREFERENCES)
    port = profile / "MarionetteActivePort"
    # With access to the browser itself, whose console has the errors.
    options = ["--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", str(profile)]
    server = ServerProcess([path, *options], profile)
    try:
        server.await_ready(lambda: port.exists() and bool(port.read_text()), STARTED_S)
        with socket.create_connection(("127.0.0.1", int(port.read_text()))) as connection:
            yield Firefox(connection)
    finally:
        server.stop()
