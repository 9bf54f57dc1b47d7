"""Watches a folder: says of each new photo which older one is most like it, and lists the duplicates."""

import argparse
import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from watchfiles import watch

import lookalike
from lookalike.errors import LookalikeError

#: From this score on, two photos are hardly different.
SAME = 0.98
#: The most matches that a search gives.
MOST_MATCHES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of photos")
    parser.add_argument("--index", default="photos", help="the name of the index")
    parser.add_argument("--open", action="store_true", help="open the similar photo")
    given = parser.parse_args()
    if not given.folder.is_dir():
        parser.error(f"There is no folder {given.folder}.")
    with suppress(KeyboardInterrupt), lookalike.open(given.index) as images:
        follow(images, given.folder.resolve(), opens=given.open)


def follow(images: lookalike.ImageIndex, folder: Path, *, opens: bool) -> None:
    """Index the folder, then what is added to it, until Ctrl-C."""
    changes = changes_in(folder)
    next(changes)  # from now on, no new file is missed
    images.ingest(folder)
    list_duplicates(images, folder)
    print(f"{len(images)} photos. Watching {os.path.relpath(folder)}; Ctrl-C ends.", flush=True)
    newest = newest_in(images)
    for changed in filter(None, changes):
        report = images.sync(folder, changed=changed, progress=False).job
        for rejected in images.rejected(report.job) if report else ():
            print(f"{shown(rejected.uri, folder)}: not indexed, {rejected.detail}", flush=True)
        compare(images, folder, since=newest, opens=opens)
        newest = newest_in(images)


def changes_in(folder: Path) -> Iterator[list[Path]]:
    """The paths that changed; an empty list now and then, also at the start."""
    for changed in watch(folder, yield_on_timeout=True, rust_timeout=1000):
        yield [Path(path) for _, path in changed]


def newest_in(images: lookalike.ImageIndex) -> str:
    """When the latest photo was indexed."""
    return next((photo.ingested_at for photo in images.list(limit=1)), "")


def compare(images: lookalike.ImageIndex, folder: Path, *, since: str, opens: bool) -> None:
    """Print the older photo that is most like each one that was indexed after `since`."""
    added = list(takewhile(lambda photo: photo.ingested_at > since, images.list("newest")))
    for photo in added:
        # One more than there are other new ones, so one of the matches is older.
        matches = images.search(id=photo.id, k=min(len(added), MOST_MATCHES))
        for match in [match for match in matches if match.ingested_at <= since][:1]:
            relation = "a duplicate of" if match.score >= SAME else "most like"
            print(f"{shown(photo.uri, folder)}: {relation} {shown(match.uri, folder)} ({match.score:.2f})", flush=True)
            if opens:
                webbrowser.open(Path(match.uri).as_uri())


def list_duplicates(images: lookalike.ImageIndex, folder: Path) -> None:
    for group in images.duplicates(SAME):
        for other in group.others:
            kept = next(member for member in group.members if member.id == group.keep)
            print(f"{shown(other.uri, folder)}: a duplicate of {shown(kept.uri, folder)} ({other.score:.2f})")


def shown(uri: str, folder: Path) -> str:
    return str(Path(uri).relative_to(folder)) if Path(uri).is_relative_to(folder) else uri


if __name__ == "__main__":
    try:
        main()
    except LookalikeError as error:
        sys.exit(str(error))
