"""The part of a handle that searches, and embeds images."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from lookalike.errors import NotIndexed
from lookalike.filters import Filters
from lookalike.image_index import arguments
from lookalike.image_index.base import Handle, on_open_handle
from lookalike.image_index.examples import Example, Image, Stored, checked, is_examples
from lookalike.image_index.matches import About, Matches
from lookalike.image_index.query import Query, rejections_of
from lookalike.records import Vectors


class Lookup(Handle):
    """Search by image, id or uri."""

    @on_open_handle("embedded")
    def search(
        self,
        image: "Query | Example | Sequence[Example] | None" = None,
        *,
        id: str | None = None,
        uri: str | os.PathLike[str] | None = None,
        k: int = 10,
        filters: Filters | None = None,
        min_score: float = -1.0,
        sort: str = "score",
        group_by: str | None = None,
        diversity: float = 0.0,
        exact: bool = False,
    ) -> Matches:
        """The `k` stored images (1 to 1000) most like an image, or like the stored one with this `id` or `uri`.

        `image` is a path, the bytes of an image file, a PIL image, or a NumPy array of uint8: [height, width, 3] in
        RGB, [height, width, 4] in RGBA or [height, width] in grey. Or it is a list of up to 32 examples of what is
        wanted and what is not: `[Image("a.jpg", weight=2), Stored(id), -Image("b.jpg", region="10,10,200,200")]`,
        also in words, `Text("fruit")`, if the model of the index has a text side.
        Stored images that are searched with are not among the matches.

        Only images that meet all `filters` are found: a list of texts such as `"year>=2020"`, or a dict of `label`,
        `uri` or a metadata field to a value, or to several of which one must fit. Matches with a score below
        `min_score` are left out.

        `sort` is `score`, `taken` (when the photograph was taken, as its EXIF says),
        `ingested`, `label` or a metadata field, and a minus before it reverses the order. `group_by`, `label` or a
        metadata field, leaves only the best match for each of its values. `diversity`, from 0 to 1, chooses matches
        that differ from one another. `exact` compares all vectors, however many there are. With LOOKALIKE_API_URL set,
        the query service answers.

        Raises QueryRejected for an image that cannot be read, IndexMissing, NotIndexed, ModelMismatch if the index
        was made with another model, BadFilter for a field that the index does not have or a value that does not fit
        it, BadSetting for any other argument, QueryServiceUnavailable.
        """
        arguments.check_query(image, id, uri, k)
        options = arguments.search_options(
            k=k, filters=filters, min_score=min_score, sort=sort, group_by=group_by, diversity=diversity, exact=exact
        )
        given = _examples(image, id, uri)
        searching = self._resources.searching(preload=any(isinstance(example, Image) for example in given))
        began = time.perf_counter()
        with _named(given):
            examples = [example.resolved(self._settings, compressed=searching.is_remote) for example in given]
            found = searching.like(examples, options)
        took_ms = (time.perf_counter() - began) * 1000
        return Matches(found.matches, took_ms=took_ms, answer=About.of(found), thumbnail=searching.thumbnail)

    @on_open_handle("embedded")
    def embed(self, images: "Query | Iterable[Query]") -> Vectors:
        """Vectors of one or many images, float32 [N, D], with the chosen model, or with that of the index.

        Images are given as for `search`. If the index does not exist, it is the default model. Raises QueryRejected
        for the first image that cannot be read, ModelUnavailable, and what the index raises.
        """
        from lookalike.image_index.embedding import embed

        return embed(images, self._resources.embedder(), self._settings)


def _examples(
    image: "Query | Example | Sequence[Example] | None", id: str | None, uri: str | os.PathLike[str] | None
) -> Sequence[Example]:
    """Raises BadQuery, BadSetting."""
    if image is None:
        return [Stored(id, uri)]
    return checked(image) if is_examples(image) else [Image(image)]


@contextmanager
def _named(given: Sequence[Example]) -> Iterator[None]:
    """Names in an error what the caller has named: an image, or the place of a stored one."""
    only = given[0] if len(given) == 1 else None
    try:
        with rejections_of(only.image if isinstance(only, Image) else only):
            yield
    except NotIndexed as error:
        places = {example.image_id: example.place for example in given if isinstance(example, Stored)}
        raise NotIndexed(places.get(error.id, error.id), error.index) from error
