"""The headers by which a host keeps robots away from an image."""

import re
from collections.abc import Iterable

from lookalike.errors import ImageRejected
from lookalike.records import Reason

#: Directives of X-Robots-Tag that concern us: search by images, and learning from them.
OPT_OUTS = frozenset({"noindex", "noimageindex", "noai", "noimageai", "none"})
#: Directives that have a value behind a colon, which is no name of a robot.
_WITH_VALUE = frozenset({"max-image-preview", "max-snippet", "max-video-preview", "unavailable_after"})
_ROBOT = re.compile(r"\s*(\*|[a-zA-Z0-9_-]+)\s*:")


def check_opt_out(tags: Iterable[str], reservations: Iterable[str], robot: str) -> None:
    """Raises ImageRejected (disallowed) for values of X-Robots-Tag, or of TDM-Reservation, that concern `robot`.

    A value that names another robot does not.
    """
    for tag in tags:
        found = _directives(tag, robot) & OPT_OUTS
        if found:
            raise ImageRejected(Reason.DISALLOWED, f"the host asks for {min(found)} (X-Robots-Tag)")
    if any(value.strip() == "1" for value in reservations):
        raise ImageRejected(Reason.DISALLOWED, "the host reserves text and data mining (TDM-Reservation)")


def _directives(tag: str, robot: str) -> set[str]:
    """The directives of one value that address this robot, or all. A name counts up to the next one: a proxy may have
    joined several headers to one."""
    found, addressed = set(), "*"
    for directive in tag.split(","):
        named = _ROBOT.match(directive)
        if named and named[1].lower() not in _WITH_VALUE:
            addressed, directive = named[1].lower(), directive[named.end() :]
        if addressed in (robot, "*"):
            found.add(directive.strip().lower())
    return found
