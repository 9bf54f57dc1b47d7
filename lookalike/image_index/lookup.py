"""The part of a handle that searches, and embeds images."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from lookalike.errors import NotIndexed
from lookalike.filters import Filters
from lookalike.image_index import arguments
from lookalike.image_index.base import Handle, on_open_handle
from lookalike.image_index.examples import Example, Image, Stored, is_examples, resolved
from lookalike.image_index.matches import Matches
from lookalike.image_index.query import Query, rejections_of
from lookalike.index.checks import check_filters
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
        exact: bool = False,
    ) -> Matches:
        """The `k` stored images (1 to 1000) most like an image, or like the stored one with this `id` or `uri`.

        `image` is a path, the bytes of an image file, a PIL image, or a NumPy array of uint8: [height, width, 3] in
        RGB, [height, width, 4] in RGBA or [height, width] in grey. Or it is a list of up to 32 examples of what is
        wanted and what is not: `[Image("a.jpg", weight=2), Stored(id), -Image("b.jpg", region="10,10,200,200")]`.
        Stored images that are searched with are not among the matches.
        Only images that meet all `filters` are found: a list of texts such as `"year>=2020"`, or a dict of `label`,
        `uri` or a metadata field to a value, or to several of which one must fit. `exact` compares all vectors, however
        many there are. With LOOKALIKE_API_URL set, the query service answers.

        Raises QueryRejected for an image that cannot be read, IndexMissing, NotIndexed, ModelMismatch if the index
        was made with another model, BadFilter for a field that the index does not have or a value that does not fit
        it, BadSetting for any other argument, QueryServiceUnavailable.
        """
        arguments.check_query(image, id, uri, k)
        conditions = check_filters(filters)
        searching = self._resources.searching(preload=image is not None)
        began = time.perf_counter()
        with _named(image, id, uri):
            examples = resolved(_examples(image, id, uri), self._settings, compressed=searching.is_remote)
            found = searching.like(examples, int(k), conditions, exact=exact)
        took_ms = (time.perf_counter() - began) * 1000
        return Matches(found, took_ms=took_ms, thumbnail=searching.thumbnail)

    @on_open_handle("embedded")
    def embed(self, images: "Query | Iterable[Query]") -> Vectors:
        """Vectors of one or many images with the configured model, float32 [N, D]; no index is needed.

        Images are given as for `search`. Raises QueryRejected for the first that cannot be read, ModelUnavailable.
        """
        from lookalike.image_index.embedding import embed

        return embed(images, self._resources.embedder(), self._settings)


def _examples(
    image: "Query | Example | Sequence[Example] | None", id: str | None, uri: str | os.PathLike[str] | None
) -> "Example | Sequence[Example]":
    if image is None:
        return Stored(id, uri=uri)
    return image if is_examples(image) else Image(image)


def _only(image: object) -> object:
    """The image that a rejection is about, if it can be only one."""
    given = image if isinstance(image, list | tuple) else [image]
    (only,) = given if len(given) == 1 else (None,)
    return only.image if isinstance(only, Image) else only


@contextmanager
def _named(image: object, id: str | None, uri: str | os.PathLike[str] | None) -> Iterator[None]:
    """Names in an error what the caller has named."""
    try:
        with rejections_of(_only(image)):
            yield
    except NotIndexed as error:
        if uri is None:
            raise
        # The caller knows the place and not its id.
        raise NotIndexed(arguments.stored_uri(uri), error.index) from error
