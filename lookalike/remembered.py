"""The rejections that earlier jobs recorded, and whether they still stand. One that stands is not tried again."""

from collections.abc import Callable, Mapping

from lookalike.records import Basis, FileTimes, ImageRef, Reason, Rejected, Rejection

#: A file that was changed this shortly before it was looked at may change again without another time: file systems
#: keep times in steps of up to 2 s (FAT).
SETTLED_AFTER_NS = 2 * 10**9

NS_PER_MS = 10**6

#: Reasons that other label or metadata may remove; the others are about the image, whatever is said of it.
_OF_WHAT_IS_SAID = frozenset({Reason.BAD_METADATA, Reason.REFUSED})

Look = Callable[[str], FileTimes | None]
Rules = Callable[[Reason], str]


class Remembered:
    """The rejections of earlier jobs by uri. `look` gives the times of a local file, `rules` what a reason depends on
    beside the file. With `tries_again`, none of them stands."""

    def __init__(
        self, rejections: Mapping[str, Rejection], *, look: Look, rules: Rules, tries_again: bool = False
    ) -> None:
        self._rejections = rejections
        self._tries_again = tries_again
        self._look = look
        self._rules = rules

    def of(self, ref: ImageRef, *, is_stored: bool = False) -> Rejection | None:
        """The rejection of this image under today's rules; its file may have changed, and label and metadata, if the
        reason is not about them.

        With a document in the index (`is_stored`), only a rejection of this very reference that kept it counts.
        """
        found = self._rejections.get(ref.uri)
        if found is None or self._tries_again:
            return None
        if is_outdated(found, ref) and (is_stored or found.rejected.reason in _OF_WHAT_IS_SAID):
            return None
        if found.basis.rules != self._rules(found.rejected.reason):
            return None
        return found if found.rejected.kept or not is_stored else None

    def has(self, uri: str) -> bool:
        """Whether a rejection is recorded, whatever it is worth now."""
        return uri in self._rejections

    def is_refused(self, rejected: Rejected) -> bool:
        """Whether a reference that no worker sees is recorded as rejected for this reason."""
        found = self._rejections.get(rejected.uri)
        return found is not None and found.rejected.reason is rejected.reason

    def etag(self, ref: ImageRef) -> str:
        """What is known of the state of an image without a request: the etag that its place listed, or that of its
        local file; empty otherwise. What had the same before has not changed."""
        if ref.etag:
            return ref.etag
        times = self._look(ref.uri)
        return times.etag if times is not None else ""

    def basis(self, uri: str, reason: Reason, content_sha256: str, *, read_at_ns: int, etag: str = "") -> Basis:
        """What a new rejection is based on; the file was read, or tried, at this time (`time.time_ns`). `etag` is that
        of the bytes, if any were read."""
        return Basis(
            etag or self._settled(uri, read_at_ns), content_sha256, self._rules(reason), read_at_ns // NS_PER_MS
        )

    def _settled(self, uri: str, read_at_ns: int) -> str:
        times = self._look(uri)
        return "" if times is None or times.changed_ns > read_at_ns - SETTLED_AFTER_NS else times.etag


def is_outdated(rejection: Rejection, ref: ImageRef) -> bool:
    """Whether a record has another label or other metadata than the reference: it would be retried with these."""
    return rejection.ref != ref and not ref.keeps_metadata


def nothing_remembered() -> Remembered:
    """For work that has no ledger."""
    return Remembered({}, look=lambda uri: None, rules=lambda reason: "")
