"""Groups that do not chain: each has a centre, and every member is near it.

Joining every pair of near images would put A and C into one group because both are near B, and a long chain of frames
of a film into one, whose ends have nothing in common. Here the images with the most near ones become centres, none of
them near another, and every other image joins the nearest centre (star clustering: Aslam, Pelekhov and Rus, The Star
Clustering Algorithm, 2004).
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

#: An image with more near ones becomes a centre at once: what is remembered of each image stays small, and the images
#: near it need no search.
MOST_REMEMBERED = 64


@dataclass(frozen=True)
class Star:
    """A group by ids: the score of each member with the centre. The centre is a member, with a score of 1."""

    centre: str
    scores: dict[str, float]
    is_identical: bool = False

    @property
    def score(self) -> float:
        """The lowest score of a member with the centre."""
        return min(self.scores.values())

    def cut(self, count: int) -> "Star":
        """The centre and the members nearest to it, `count` images in all."""
        nearest = sorted(self.scores, key=lambda id: (id != self.centre, -self.scores[id], id))[:count]
        return replace(self, scores={id: self.scores[id] for id in nearest})

    @property
    def order(self) -> tuple[bool, int, float, str]:
        """Identical images first, then large groups, then those whose images are nearest."""
        return not self.is_identical, -len(self.scores), -self.score, self.centre


class Stars:
    """Call `add` for each image, then `groups` once. Images are numbers."""

    def __init__(self) -> None:
        self._near: dict[int, tuple[array[int], array[float]]] = {}
        self._centres: set[int] = set()
        #: Member -> its centre, and the score of both.
        self._joined: dict[int, tuple[int, float]] = {}

    def has_place(self, image: int) -> bool:
        """Whether an image is in a group already, so that it need not be compared."""
        return image in self._joined or image in self._centres

    def add(self, image: int, near: Iterable[tuple[int, float]]) -> None:
        """Take which images are near this one, with their scores."""
        if self.has_place(image):
            return
        others, scores = array("I"), array("d")
        for other, score in near:
            others.append(other)
            scores.append(score)
        if len(others) > MOST_REMEMBERED:
            self._place(image, others, scores)
        elif others:
            self._near[image] = (others, scores)

    def groups(self) -> Iterator[tuple[int, list[tuple[int, float]]]]:
        """Each centre with its members and their scores. A centre whose members are all nearer to others is left out.

        The order in which images were added matters only for those with more near ones than are remembered."""
        for image in sorted(self._near, key=lambda image: (-len(self._near[image][0]), image)):
            if not self.has_place(image):
                self._place(image, *self._near[image])
        members: dict[int, list[tuple[int, float]]] = {}
        for member, (centre, score) in self._joined.items():
            members.setdefault(centre, []).append((member, score))
        yield from members.items()

    def _place(self, image: int, near: Sequence[int], scores: Sequence[float]) -> None:
        """Make this image a centre, or a member of the nearest centre that it is near to."""
        pairs = list(zip(scores, near, strict=True))
        if centres := [pair for pair in pairs if pair[1] in self._centres]:
            score, centre = max(centres)
            self._join(image, centre, score)
            return
        self._centres.add(image)
        for score, other in pairs:
            self._join(other, image, score)

    def _join(self, member: int, centre: int, score: float) -> None:
        if member not in self._joined or score > self._joined[member][1]:
            self._joined[member] = (centre, score)
