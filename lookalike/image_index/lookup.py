"""The part of a handle that searches, and embeds images."""

import os
import time
from collections.abc import Iterable

from lookalike.errors import NotIndexed
from lookalike.filters import Condition, Filters
from lookalike.image_index import arguments
from lookalike.image_index.base import Handle, on_open_handle
from lookalike.image_index.matches import Matches
from lookalike.image_index.query import Query, encoded, rejections_of
from lookalike.image_index.searching import Searching
from lookalike.index.checks import check_filters
from lookalike.records import Match, Vectors, document_id


class Lookup(Handle):
    """Search by image, id or uri."""

    @on_open_handle("embedded")
    def search(
        self,
        image: "Query | None" = None,
        *,
        id: str | None = None,
        uri: str | os.PathLike[str] | None = None,
        k: int = 10,
        filters: Filters | None = None,
        exact: bool = False,
    ) -> Matches:
        """The `k` stored images (1 to 1000) most like an image, or like the stored one with this `id` or `uri`.

        `image` is a path, the bytes of an image file, a PIL image, or a NumPy array of uint8: [height, width, 3] in
        RGB, [height, width, 4] in RGBA or [height, width] in grey. A stored image is not among its own matches.
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
        if image is not None:
            with rejections_of(image):
                data = encoded(image, self._settings, compressed=searching.is_remote)
                found = searching.like_image(data, int(k), conditions, exact=exact)
        else:
            found = _like_stored(searching, id, uri, int(k), conditions, exact)
        took_ms = (time.perf_counter() - began) * 1000
        return Matches(found, took_ms=took_ms, thumbnail=searching.thumbnail)

    @on_open_handle("embedded")
    def embed(self, images: "Query | Iterable[Query]") -> Vectors:
        """Vectors of one or many images with the configured model, float32 [N, D]; no index is needed.

        Images are given as for `search`. Raises QueryRejected for the first that cannot be read, ModelUnavailable.
        """
        from lookalike.image_index.embedding import embed

        return embed(images, self._resources.embedder(), self._settings)


def _like_stored(
    searching: Searching,
    id: str | None,
    uri: str | os.PathLike[str] | None,
    k: int,
    filters: tuple[Condition, ...],
    exact: bool,
) -> list[Match]:
    if id is not None:
        return searching.like_stored(id, k, filters, exact=exact)
    place = arguments.stored_uri(uri or "")
    try:
        return searching.like_stored(document_id(place), k, filters, exact=exact)
    except NotIndexed as error:
        # The caller knows the place and not its id.
        raise NotIndexed(place, error.index) from error
