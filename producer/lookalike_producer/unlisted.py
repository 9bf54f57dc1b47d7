"""A folder that a walk could not list, as a reference."""

from dataclasses import dataclass

from lookalike.records import ImageRef, Reason, Rejected


@dataclass(frozen=True)
class UnlistedFolder(ImageRef):
    """It counts as one image that is rejected for `reason`: nobody knows what is in it."""

    reason: Reason = Reason.UNREADABLE
    detail: str = ""

    @property
    def rejected(self) -> Rejected:
        return Rejected(self.uri, self.reason, self.detail)
