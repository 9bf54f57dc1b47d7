"""Walks folders without recursion, with few open folders, and past what cannot be listed.

Memory grows with the depth of the folders, not with the number of files; with `follow_links`, also with the number of
folders and links.
"""

import errno
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lookalike.clutter import is_left_out
from lookalike.errors import ResourceExhausted
from lookalike_producer.walk.options import WalkOptions
from lookalike_producer.walk.pattern import NOWHERE, Pattern, Positions

#: Folders that are open at once. Below so many levels, a walk lists the folders before it goes into them.
OPEN_FOLDERS = 16

#: Not a fault of the folder: the next one would meet it too.
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}


@dataclass(frozen=True)
class Unlisted:
    """A folder that cannot be listed, or whose listing broke off."""

    path: str
    error: OSError


#: Whether a path below the folder of a source is left out, if the folders above it are not.
Excludes = Callable[[str], bool] | None
#: The folder of an image and its name.
Found = tuple[str, str]


class Folder:
    """A folder to list. `inner` is its path from the source's folder, with a slash at the end unless it is empty.

    `mount` is the topmost folder of the source on the same device. `before` are the patterns with which it was listed
    already, on other ways through links.
    """

    __slots__ = ("before", "device", "excludes", "inner", "mount", "path", "pattern", "positions")

    def __init__(self, path: str, inner: str, pattern: Pattern, positions: Positions, excludes: Excludes) -> None:
        self.path = path
        self.inner = inner
        self.pattern = pattern
        self.positions = positions
        self.excludes = excludes
        self.device: int | None = None
        self.mount = path
        self.before: dict[Pattern, Positions] = {}

    def below(self, name: str, positions: Positions) -> "Folder":
        made = Folder(f"{self.path}/{name}", f"{self.inner}{name}/", self.pattern, positions, self.excludes)
        made.device, made.mount = self.device, self.mount
        return made


class Walker:
    """One walk through the folders of one or several sources."""

    def __init__(self, options: WalkOptions) -> None:
        self._options = options
        #: By device and inode: the patterns with which a folder was listed, and at which of their positions.
        self._visited: dict[tuple[int, int], dict[Pattern, Positions]] = {}
        self._folder_links: deque[Folder] = deque()
        self._file_links: deque[tuple[Folder, str]] = deque()
        #: Folders that hold images, each on another device than the folder above it, or named by a source.
        self.mounts: set[str] = set()

    def walk(self, folder: str, pattern: Pattern) -> Iterator[Found | Unlisted]:
        """The files below `folder` that match, in no particular order. The path has no slash at its end.

        Raises ResourceExhausted if this process may open no more files; BadSetting, now, for an ignore file in it that
        cannot be used.
        """
        return self._tree(Folder(folder, "", pattern, pattern.start, self._options.within(folder).excludes_next))

    @property
    def has_links(self) -> bool:
        """Whether links to follow wait for `linked`."""
        return bool(self._folder_links or self._file_links)

    def linked(self) -> Iterator[Found | Unlisted]:
        """What links add, after all walks: a folder or file that a walk has reached is not reached again."""
        while self._folder_links:
            yield from self._tree(self._folder_links.popleft())
        for folder, name in self._file_links:
            if not self._has_reached(os.path.realpath(f"{folder.path}/{name}")):
                yield folder.path, name

    def _tree(self, root: Folder) -> Iterator[Found | Unlisted]:
        levels, waiting = [self._listing(root)], list[Folder]()
        while levels:
            for item in levels[-1]:
                if not isinstance(item, Folder):
                    yield item
                elif len(levels) < OPEN_FOLDERS:
                    levels.append(self._listing(item))
                    break
                else:
                    waiting.append(item)
            else:
                levels.pop()
                if waiting:
                    levels.append(self._listing(waiting.pop()))

    def _listing(self, folder: Folder) -> Iterator[Found | Unlisted | Folder]:
        has_images = False
        try:
            if not self._enter(folder):
                return
            with os.scandir(folder.path or "/") as entries:
                for entry in entries:
                    item = self._item(folder, entry)
                    if item is not None:
                        has_images = has_images or item.__class__ is tuple
                        yield item
        except OSError as error:
            if error.errno in _EXHAUSTED:
                raise ResourceExhausted(f"A walk stopped at {folder.path}: {error.strerror}.", _MORE_FILES) from error
            yield Unlisted(folder.path or "/", error)
        if has_images:
            self.mounts.add(folder.mount or "/")

    def _enter(self, folder: Folder) -> bool:
        """Whether the folder has to be listed: with `follow_links`, only once. Raises OSError."""
        status = os.stat(folder.path or "/")
        if status.st_dev != folder.device:
            folder.device, folder.mount = status.st_dev, folder.path
        if self._options.follow_links:
            visited = self._visited.setdefault((status.st_dev, status.st_ino), {})
            folder.before = dict(visited)
            folder.positions -= visited.get(folder.pattern, NOWHERE)
            visited[folder.pattern] = visited.get(folder.pattern, NOWHERE) | folder.positions
            if any(pattern.is_everything for pattern in folder.before):
                return False
        return bool(folder.positions)

    def _item(self, folder: Folder, entry: os.DirEntry[str]) -> Found | Folder | None:
        name = entry.name
        if folder.pattern.is_everything:
            if not self._options.include_hidden and is_left_out(name):
                return None
            is_match, positions = True, folder.positions
        else:
            is_match, positions = folder.pattern.step(folder.positions, name)
        if _is_folder(entry):
            return folder.below(name, positions) if positions and not self._is_excluded(folder, f"{name}/") else None
        if folder.before and _matches(folder.before, name):
            is_match = False
        if not (is_match or positions) or self._is_excluded(folder, name):
            return None
        if _is_link(entry):
            return self._link(folder, name, is_match, positions)
        return (folder.path, name) if is_match else None

    def _link(self, folder: Folder, name: str, is_match: bool, positions: Positions) -> Found | None:
        """A link to a file is an image of its own name, unless links are followed to where the image is."""
        if os.path.isdir(f"{folder.path}/{name}"):
            if self._options.follow_links and positions and not self._is_excluded(folder, f"{name}/"):
                self._folder_links.append(folder.below(name, positions))
            return None
        if not is_match:
            return None
        if self._options.follow_links:
            self._file_links.append((folder, name))
            return None
        return folder.path, name

    @staticmethod
    def _is_excluded(folder: Folder, name: str) -> bool:
        return folder.excludes is not None and folder.excludes(folder.inner + name)

    def _has_reached(self, path: str) -> bool:
        """Whether the walk has passed the file at `path`, which contains no link."""
        folder, name = os.path.split(path)
        try:
            status = os.stat(folder)
            os.stat(path)
        except OSError:
            return False
        return _matches(self._visited.get((status.st_dev, status.st_ino), {}), name)


_MORE_FILES = "Raise the limit of open files (`ulimit -n`), or close other programs; then run the same command again."


def _matches(patterns: Mapping[Pattern, Positions], name: str) -> bool:
    return any(pattern.step(positions, name)[0] for pattern, positions in patterns.items())


def _is_link(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink()
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        # Whatever it is, it cannot be examined: it passes as an image, which is then rejected with the reason.
        return False
