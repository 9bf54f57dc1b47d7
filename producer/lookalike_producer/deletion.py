"""What a sync deletes from the index, what it keeps in doubt, and when it asks first."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lookalike.batches import batched
from lookalike.errors import DeletionRefused
from lookalike_producer import shares
from lookalike_producer.absence import Absence, Doubt
from lookalike_producer.diff import Diff
from lookalike_producer.metadata_loss import MetadataLoss

#: Examples for people, and folders in doubt that are named.
NAMED = 20


@dataclass
class Deletion:
    """What a sync deletes from the index, and what it keeps in doubt."""

    documents: int
    """Images of the index that the sources are compared with."""
    count: int = 0
    """Orphans that are deleted."""
    kept: int = 0
    """Orphans that are kept, because they may still exist."""
    doubts: Counter[Doubt] = field(default_factory=Counter)
    """How many are kept for each folder and reason; the first folders only."""
    moved: set[str] = field(default_factory=set)
    """Folders that are on another device than before."""
    examples: list[str] = field(default_factory=list)
    """The uris of the first images that are deleted."""
    asks_always: bool = False
    """Whether somebody must agree to any deletion, not only to a large one."""
    uris: Callable[[], Iterator[str]] = field(default=lambda: iter(()), compare=False, repr=False)
    """A function that gives the uris of all images that are deleted."""

    @property
    def needs_consent(self) -> bool:
        """Whether somebody must agree to it."""
        return self.is_large or (self.asks_always and self.count > 0)

    @property
    def is_large(self) -> bool:
        """Whether it is more than a tenth of the images; up to 10 images, more than half."""
        return shares.is_large(self.count, self.documents)

    @property
    def harmless_among(self) -> int:
        """The number of images of which this deletion is no large share."""
        return shares.harmless_among(self.count)

    def __str__(self) -> str:
        return shares.share_of(self.count, self.documents)

    @property
    def question(self) -> str:
        """What a person at a terminal is asked."""
        return f"Delete {self} from the index?"


#: Whether to delete so many images, or so much metadata.
Confirm = Callable[[Deletion | MetadataLoss], bool]


def planned(diff: Diff, absence: Absence, *, asks_always: bool = False) -> Deletion:
    """What is deleted of the orphans in a comparison. Nothing is deleted yet."""
    deletion = Deletion(diff.documents, asks_always=asks_always)
    deletion.uris = lambda: (uri for _, uri in _gone(diff, absence))
    for _, uri in diff.orphans():
        doubt = absence.doubt(uri)
        if doubt is None:
            deletion.count += 1
            deletion.examples += [uri] if len(deletion.examples) < NAMED else []
            continue
        deletion.kept += 1
        deletion.moved |= {doubt.folder} if doubt.is_about_device else set()
        if doubt in deletion.doubts or len(deletion.doubts) < NAMED:
            deletion.doubts[doubt] += 1
    return deletion


def unquestioned(diff: Diff, absence: Absence, size: int) -> Iterator[list[tuple[str, str]]]:
    """Ids and uris of what is deleted, at most `size` at a time."""
    return batched(_gone(diff, absence), size)


def _gone(diff: Diff, absence: Absence) -> Iterator[tuple[str, str]]:
    return ((id, uri) for id, uri in diff.orphans() if absence.doubt(uri) is None)


def check(deletion: Deletion, confirm: Confirm) -> None:
    """Raises DeletionRefused if somebody has to agree to the deletion, and nobody does."""
    if deletion.needs_consent and not confirm(deletion):
        raise DeletionRefused(
            f"A sync would delete {deletion} from the index, so it has changed nothing.",
            "Look at them with --dry-run (dry_run=True); if they are to go, repeat it with --yes (yes=True).",
        )
