"""The result of a search: a sequence of `Match`, best first, that a notebook shows as a gallery."""

from collections.abc import Callable, Iterable, Sequence
from typing import overload

from lookalike.image_index import gallery
from lookalike.records import Match
from lookalike.shown import printable

#: A JPEG of a match, or None where its file cannot be shown.
Thumbnail = Callable[[Match], bytes | None]


def no_thumbnail(_: Match) -> None:
    """For matches whose images cannot be read."""


class Matches(Sequence[Match]):
    """Stored images, most alike first. `took_ms` is how long the search took, in milliseconds.

    As the last expression of a notebook cell it shows a gallery, with thumbnails of the image files as they are now.
    A pickled copy has no thumbnails.
    """

    def __init__(self, matches: Iterable[Match], *, took_ms: float = 0.0, thumbnail: Thumbnail = no_thumbnail) -> None:
        self._matches = tuple(matches)
        self._thumbnail = thumbnail
        self.took_ms = took_ms

    @overload
    def __getitem__(self, position: int) -> Match: ...

    @overload
    def __getitem__(self, position: slice) -> "Matches": ...

    def __getitem__(self, position: int | slice) -> "Match | Matches":
        if isinstance(position, slice):
            return Matches(self._matches[position], took_ms=self.took_ms, thumbnail=self._thumbnail)
        return self._matches[position]

    def __len__(self) -> int:
        return len(self._matches)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Matches) and self._matches == other._matches

    def __hash__(self) -> int:
        return hash(tuple(match.id for match in self._matches))

    def __copy__(self) -> "Matches":
        return self[:]

    def __reduce__(self) -> "tuple[object, ...]":
        # Without the thumbnails: they come from files, or from a service, that the other process may not reach.
        return Matches._restored, (self._matches, self.took_ms)

    @classmethod
    def _restored(cls, matches: tuple[Match, ...], took_ms: float) -> "Matches":
        return cls(matches, took_ms=took_ms)

    def __repr__(self) -> str:
        lines = (f"  {match.score:.4f}  {printable(match.name or '-')}  {match.uri!r}" for match in self._matches)
        return "\n".join([f"{len(self)} matches", *lines])

    def _repr_html_(self) -> str:
        return gallery.html(self._matches, self._thumbnail)
