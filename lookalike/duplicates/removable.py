"""Which images of a group may be removed, as their files are now: the index knows them as they were."""

import os

from lookalike.duplicates.best import best
from lookalike.duplicates.groups import Group, Member, is_file, time_of
from lookalike.errors import ImageRejected
from lookalike.storage import local_path

#: What is the same for two paths of one file, and for no two files.
Identity = tuple[object, ...]


def removable(group: Group) -> list[Member]:
    """The members that can go, because a file with another copy stays.

    A file that is gone, or was changed since it was indexed, neither goes nor stays for another one. A path that leads
    to the file that stays, as a link does, cannot go either. Images that are no files of this machine count as they are
    indexed.
    """
    there = {member.id: found for member in group.members if (found := _identity(member)) is not None}
    left = [member for member in group.members if member.id in there]
    if len(left) < 2:
        return []
    stays = there[group.keep if group.keep in there else best(left)[0].id]
    return [member for member in left if there[member.id] != stays]


def _identity(member: Member) -> Identity | None:
    """None for a file that is not as it was indexed."""
    if not is_file(member.uri):
        return (member.uri,)
    try:
        state = os.stat(local_path(member.uri))
    except (OSError, ValueError, ImageRejected):
        return None
    # None is not known.
    is_as_indexed = member.size_bytes in (None, state.st_size) and member.modified_at in (
        None,
        time_of(state.st_mtime_ns),
    )
    return (state.st_dev, state.st_ino) if is_as_indexed else None
