"""The metadata that a sync takes from images because the sources no longer give it, and when it asks first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lookalike.errors import MetadataLossRefused
from lookalike_producer import shares
from lookalike_producer.diff import Diff

#: Fields that a sentence names.
NAMED = 5


@dataclass(frozen=True)
class MetadataLoss:
    """How many images lose metadata in a sync, and which fields."""

    documents: int
    """Images of the index that the sources are compared with."""
    count: int
    """Images that lose at least one field, because their sources give no value for it any more."""
    fields: Mapping[str, int]
    """How many images lose each field."""

    @property
    def needs_consent(self) -> bool:
        """Whether somebody must agree to it."""
        return self.is_large

    @property
    def is_large(self) -> bool:
        """Whether it is more than a tenth of the images; up to 10 images, more than half."""
        return shares.is_large(self.count, self.documents)

    def __str__(self) -> str:
        return f"{shares.share_of(self.count, self.documents)}: {self.names}"

    @property
    def names(self) -> str:
        """The fields that most images lose, as a list for people."""
        often = sorted(self.fields, key=lambda name: (-self.fields[name], name))
        more = [f"{len(often) - NAMED:,} more"] if len(often) > NAMED else []
        return ", ".join([*often[:NAMED], *more])

    @property
    def question(self) -> str:
        """What a person at a terminal is asked."""
        return f"Remove metadata from {self}?"


def lost_metadata(diff: Diff) -> MetadataLoss:
    """What the images that were compared lose in the job that follows."""
    return MetadataLoss(diff.documents, diff.losing, dict(diff.lost))


def check(loss: MetadataLoss, confirm: Callable[[MetadataLoss], bool]) -> None:
    """Raises MetadataLossRefused if somebody has to agree to the loss, and nobody does."""
    if loss.needs_consent and not confirm(loss):
        raise MetadataLossRefused(
            f"A sync would remove metadata from {loss}. It has changed nothing.",
            "Name the columns to keep, as in --metadata all (metadata='all'); if the metadata is to go, repeat it with "
            "--yes (yes=True).",
        )
