"""The result of a search: a sequence of `Match`, best first, that a notebook shows as a gallery."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import overload

from lookalike.http_schemas import SearchResult
from lookalike.image_index import gallery
from lookalike.records import Match
from lookalike.shown import printable

#: A JPEG of a match, or None where its file cannot be shown.
Thumbnail = Callable[[Match], bytes | None]


def no_thumbnail(_: Match) -> None:
    """For matches whose images cannot be read."""


@dataclass(frozen=True)
class About:
    """What an answer says beside its matches: the `model` of the vectors that were compared, how many of the nearest
    images were looked at (`candidates`), and the milliseconds of each stage of the search."""

    model: str = ""
    candidates: int = 0
    stages_ms: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, found: SearchResult) -> "About":
        stages = {name: took for name, took in asdict(found.took_ms).items() if name != "total"}
        return cls(found.model, found.candidates, stages)


NOTHING_KNOWN = About()


class Matches(Sequence[Match]):
    """A sequence of `Match`, most alike first. `took_ms` is how long the search took, in milliseconds.

    As the last expression of a notebook cell it shows a gallery, with thumbnails of the image files as they are now.
    A pickled copy has no thumbnails.
    """

    def __init__(
        self,
        matches: Iterable[Match],
        *,
        took_ms: float = 0.0,
        answer: About = NOTHING_KNOWN,
        thumbnail: Thumbnail = no_thumbnail,
    ) -> None:
        self._matches = tuple(matches)
        self._answer = answer
        self._thumbnail = thumbnail
        self.took_ms = took_ms

    @property
    def model(self) -> str:
        """The name of the model of the vectors that were compared."""
        return self._answer.model

    @property
    def candidates(self) -> int:
        """How many of the nearest images were looked at."""
        return self._answer.candidates

    @property
    def stages_ms(self) -> dict[str, float]:
        """The milliseconds of decode, embed and search; those of a query service are without the way to it."""
        return dict(self._answer.stages_ms)

    @overload
    def __getitem__(self, position: int) -> Match: ...

    @overload
    def __getitem__(self, position: slice) -> "Matches": ...

    def __getitem__(self, position: int | slice) -> "Match | Matches":
        if isinstance(position, slice):
            some = self._matches[position]
            return Matches(some, took_ms=self.took_ms, answer=self._answer, thumbnail=self._thumbnail)
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
        return Matches._restored, (self._matches, self.took_ms, self._answer)

    @classmethod
    def _restored(cls, matches: tuple[Match, ...], took_ms: float, answer: About) -> "Matches":
        return cls(matches, took_ms=took_ms, answer=answer)

    def __repr__(self) -> str:
        lines = (f"  {match.score:.4f}  {printable(match.name or '-')}  {match.uri!r}" for match in self._matches)
        return "\n".join([f"{len(self)} matches", *lines])

    def _repr_html_(self) -> str:
        return gallery.html(self._matches, self._thumbnail)
