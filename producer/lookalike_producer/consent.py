"""Consent to what a sync that goes on deletes: what was held back stays until somebody has dealt with it."""

from lookalike_producer.deletion import Deletion
from lookalike_producer.metadata_loss import MetadataLoss
from lookalike_producer.tables.repeats import Filter


class Consent:
    """Whether to delete so much. Of a large deletion nothing is deleted, nor anything else, until none of its images is
    an orphan any more: somebody has deleted them, or they are back. Its memory does not grow with them."""

    def __init__(self) -> None:
        self._held: Filter | None = None
        #: Whether the last deletion is one that was not held back before.
        self.is_new = False

    @property
    def is_holding(self) -> bool:
        return self._held is not None

    def __call__(self, deletion: Deletion | MetadataLoss) -> bool:
        if isinstance(deletion, MetadataLoss):
            return False
        self.is_new = False
        if self._held is not None and any(uri in self._held for uri in deletion.uris()):
            return False
        self.release()
        if deletion.is_large:
            self._hold(deletion)
        return not self.is_holding

    def release(self) -> None:
        """There is nothing to delete any more."""
        self._held = None

    def _hold(self, deletion: Deletion) -> None:
        self._held, self.is_new = Filter(), True
        for uri in deletion.uris():
            self._held.add(uri)
