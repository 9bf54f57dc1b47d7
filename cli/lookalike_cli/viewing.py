"""Shows matches in the programs of the desktop: a folder of links in their order, or web addresses."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lookalike import launch
from lookalike.disk import make_private, write_error
from lookalike.errors import PermanentError
from lookalike.plural import counted
from lookalike.records import Match
from lookalike.uris import is_remote, member_of, scheme_of
from lookalike_cli.console import remark

#: Folders of links that stay: a viewer may still show an earlier search.
KEPT = 5
#: Web addresses that are opened: each is a tab of the browser.
MOST_ADDRESSES = 10
#: An opener hands over to a viewer within this time, or is the viewer itself.
HANDED_OVER_S = 5.0
#: What a name of a file may not hold on some systems.
_UNFIT = re.compile(r"[^\w.-]+")
#: Longest name of a link, without its number: file systems allow 255 bytes, and a character has up to 4.
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Viewer:
    """Opens a folder or a web address as a double click does."""

    program: str

    def open(self, place: str) -> None:
        """Raises PermanentError if the program says that it failed."""
        # The viewer speaks the user's language, and must not write to our stdout.
        language = {name: text for name, text in os.environ.items() if name.startswith(("LANG", "LC_"))}
        process = launch.start(
            [self.program, place],
            {"LC_ALL": "", **language},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = process.wait(HANDED_OVER_S)
        except subprocess.TimeoutExpired:
            return
        if code:
            raise PermanentError(
                f"{self.program} cannot open {place} (exit code {code}).", "Open it yourself, or leave out --open."
            )


def find_viewer() -> Viewer:
    """The program of this desktop. Raises PermanentError on a machine without one."""
    name = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(name)
    if program is None:
        raise PermanentError(
            f"--open needs the program {name}.", "Install it (package xdg-utils), or leave out --open."
        )
    if name == "xdg-open" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise PermanentError("There is no display to open images on.", "Leave out --open, or run it on a desktop.")
    return Viewer(program)


def view(matches: Sequence[Match], home: Path, viewer: Viewer) -> None:
    """Open the folder of links to the matches, or, if all are web addresses, these. Raises PermanentError."""
    if matches and all(scheme_of(match.uri) in ("http", "https") and not member_of(match.uri) for match in matches):
        _open_addresses([match.uri for match in matches], viewer)
        return
    links = [(rank, path) for rank, match in enumerate(matches, 1) if (path := _file(match.uri)) is not None]
    if len(links) < len(matches):
        left_out = counted(len(matches) - len(links), "match is", "matches are")
        remark(f"{left_out} left out of the folder: only files of this machine that still exist are shown.")
    if links:
        viewer.open(str(_linked(links, len(str(max(len(matches), 10))), home / "shown")))


def _open_addresses(addresses: Sequence[str], viewer: Viewer) -> None:
    if len(addresses) > MOST_ADDRESSES:
        remark(f"The first {MOST_ADDRESSES} of {len(addresses):,} web addresses are opened.")
    for address in addresses[:MOST_ADDRESSES]:
        viewer.open(address)


def _file(uri: str) -> Path | None:
    """The file that a match is, if it is one of this machine that exists."""
    path = None if is_remote(uri) or member_of(uri) else Path(uri)
    return path if path is not None and path.is_file() else None


def _linked(links: Sequence[tuple[int, Path]], digits: int, parent: Path) -> Path:
    """A new folder with a link to each file, whose name begins with its rank. Raises AccessDenied, DiskFull."""
    try:
        make_private(parent)
        _remove_old(parent)
        folder = Path(tempfile.mkdtemp(prefix="matches-", dir=parent))
        for rank, path in links:
            (folder / f"{rank:0{digits}}-{_name(path)}").symlink_to(path)
    except OSError as error:
        raise write_error(parent, error, "Set LOOKALIKE_HOME to a folder that you own.") from error
    return folder


def _name(path: Path) -> str:
    return _UNFIT.sub("_", path.stem)[:_LONGEST_NAME] + _UNFIT.sub("_", path.suffix)[:_LONGEST_NAME]


def _remove_old(parent: Path) -> None:
    # Another search may remove the same folders at the same time.
    folders = sorted(parent.glob("matches-*"), key=os.path.getmtime)
    for folder in folders[: max(0, len(folders) - KEPT + 1)]:
        shutil.rmtree(folder, ignore_errors=True)
