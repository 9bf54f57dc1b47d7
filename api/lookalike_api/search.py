"""Finds the stored images most similar to an image, with the model, decoder and index that the workers use."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np

from lookalike.embedding import Embedder
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.errors import BadQuery, ImageRejected, IndexMissing, LookalikeError, ModelMismatch, NotIndexed
from lookalike.filters import METADATA_PREFIX, Condition, stored_field
from lookalike.images import DecodedImage
from lookalike.index.base import Index, VectorQuery
from lookalike.queries.diversity import candidates_for, diverse
from lookalike.queries.examples import Example, Upload, ids_of, texts_of
from lookalike.queries.options import Options
from lookalike.queries.order import BY_SCORE, check_field, parse_order, value_of
from lookalike.queries.pages import FIRST_PAGE, Ask, Page, Paging, arranged, page_of
from lookalike.queries.region import Region
from lookalike.records import Document, Frame, Match, ModelIdentity, Pixels, Vector
from lookalike.stage_clock import StageClock
from lookalike_api.mixture import Embedded, Ingredients, vector_of
from lookalike_api.texts import Texts

Load = Callable[[ModelIdentity], Embedder]
Decode = Callable[[bytes, Frame, Region | None], DecodedImage]
Result = TypeVar("Result")


class FrameChanged(Exception):
    """The pixels were decoded for a model that sees images in another way."""


#: The index may move to another version before a search, or between two steps of it. These errors say so, and the
#: second attempt finds the new version.
MOVED = (ModelMismatch, IndexMissing, FrameChanged)


@dataclass(frozen=True)
class Query:
    """The options of a search: which images count, which of the matches are shown, and whether all vectors are
    compared."""

    paging: Paging = FIRST_PAGE
    filters: tuple[Condition, ...] = ()
    exact: bool = False
    #: The cursor that was given: "*" asks for the first page with a cursor.
    cursor: str | None = None
    #: How much matches shall differ from one another, from 0 to 1.
    diversity: float = 0.0
    #: The fields whose values are counted among the images that meet the filters.
    facets: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Raises BadQuery."""
        if self.diversity and (self.cursor or self.paging.offset or self.paging.order != BY_SCORE):
            raise BadQuery("A search with diversity is one page, best first.", "Leave out cursor, offset and sort.")

    def asked(self, vector: Vector, k: int, fingerprint: str) -> VectorQuery:
        """What the index is asked for the k nearest of a vector, float32 [D], of the model `fingerprint`."""
        return VectorQuery(vector, k, self.filters, fingerprint, self.exact)

    def without(self, ids: frozenset[str]) -> "Query":
        """The same, without matches of these ids."""
        return replace(self, paging=replace(self.paging, leave_out=self.paging.leave_out | ids))


def query_of(options: Options) -> Query:
    """Raises BadQuery, BadFilter."""
    group_by = None if options.group_by is None else stored_field(options.group_by)
    paging = Paging(options.k, min_score=options.min_score, order=parse_order(options.sort), group_by=group_by)
    return Query(paging, options.filters, options.exact, diversity=options.diversity)


class Found(NamedTuple):
    """A page of matches, and the model of the vectors that were compared."""

    page: Page
    model: ModelIdentity


class Searcher:
    """Searches one index, and follows it when it moves to another model. Thread-safe.

    `load` loads the model of the vectors in the index. It is called for the first image and by `refresh`; a search by
    id needs no model, and one by `texts` only its text side. `decode` takes the frame of the model.
    Every method also raises what the index raises.
    """

    def __init__(self, index: Index, *, load: Load, decode: Decode, texts: Texts) -> None:
        self.index = index
        self.texts = texts
        self._load = load
        self._decode = decode
        self._loading = threading.Lock()
        self._embedder: Embedder | None = None
        #: By their fingerprints.
        self._models: dict[str, ModelIdentity] = {}

    @property
    def model(self) -> ModelIdentity | None:
        """The loaded model, or None before the first one is loaded."""
        return self._embedder.identity if self._embedder else None

    @property
    def frame(self) -> Frame:
        """What the model sees of an image. Before a model is loaded, the usual one: a bad image is rejected without
        loading a model for it."""
        return self._embedder.frame if self._embedder else Frame(IMAGE_SIZE)

    @property
    def is_loading(self) -> bool:
        """Whether the first model is being loaded now."""
        return self._embedder is None and self._loading.locked()

    def like_image(
        self, data: bytes, k: int, filters: tuple[Condition, ...] = (), *, exact: bool = False
    ) -> list[Match]:
        """The k stored images most similar to an encoded image, best first. Raises ImageRejected, ModelMismatch."""
        return self.like([Upload(data)], Query(Paging(k), filters, exact)).page.matches

    def like(self, examples: Sequence[Example], query: Query, clock: StageClock | None = None) -> Found:
        """The stored images most similar to what the examples have in common, without those that are examples, best
        first. Of a stored image a region must come as an upload. `clock` measures the stages decode, embed and search.

        Raises ImageRejected, NotIndexed, ModelMismatch, BadQuery for examples that cancel each other out, and for texts
        if the model has no text side."""
        query, clock = query.without(ids_of(examples)), clock or StageClock()
        uploads = [example for example in examples if isinstance(example, Upload)]
        try:
            return self._like(examples, uploads, query, clock)
        except MOVED:
            if uploads:
                self.refresh()
            if texts_of(examples):
                self.texts.refresh()
            return self._like(examples, uploads, query, clock)

    def _like(self, examples: Sequence[Example], uploads: Sequence[Upload], query: Query, clock: StageClock) -> Found:
        with clock.timing("search"):
            documents = {id: self.document(id) for id in ids_of(examples)}
            if len(examples) == len(documents) == 1:
                (document,) = documents.values()
                page = self.nearest(document.image_embedding, query, document.model)
                return Found(page, self.model_of(document.model))
        texts = texts_of(examples)
        decoded = self._embedded(examples, clock) if uploads else None
        with clock.timing("embed"):
            parts = Ingredients(documents, decoded, self.embed_texts(texts) if texts else None)
        with clock.timing("search"):
            model = parts.model(self.index.name) or self.index.model()
            vector = vector_of(examples, parts, model, self.index.name)
            return Found(self.nearest(vector, query, model.fingerprint), model)

    def _embedded(self, examples: Sequence[Example], clock: StageClock) -> Embedded:
        """Of the uploads."""
        frame = self.frame
        with clock.timing("decode"):
            pixels = [
                self._decoded(example, frame, number, len(examples))
                for number, example in enumerate(examples, 1)
                if isinstance(example, Upload)
            ]
        with clock.timing("embed"):
            return self.embed(np.stack(pixels), frame)

    def _decoded(self, upload: Upload, frame: Frame, number: int, count: int) -> Pixels:
        try:
            return self._decode(upload.data, frame, upload.region).pixels
        except ImageRejected as rejected:
            raise numbered(rejected, number, count) from rejected

    def embed(self, pixels: Pixels, frame: Frame) -> Embedded:
        """Embed images, uint8 RGB [N, size, size, 3], that were decoded to this frame. Raises FrameChanged if the model
        has another one, ModelMismatch, ModelUnavailable."""
        embedder = self._embedder or self.refresh()
        if frame != embedder.frame:
            raise FrameChanged
        return Embedded(embedder(pixels), embedder.identity)

    def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Embed texts. Raises BadQuery for a model without a text side, ModelMismatch, ModelUnavailable."""
        encoder = self.texts.encoder()
        return Embedded(encoder(texts), encoder.identity)

    def nearest(self, vector: Vector, query: Query, fingerprint: str) -> Page:
        """The matches of a vector, float32 [D], of the model `fingerprint`. Raises ModelMismatch if the index moved to
        another model, BadQuery for an order or groups by a field that the index does not have."""

        def ask(k: int) -> list[Match]:
            return next(self._found([query.asked(vector, k, fingerprint)]))

        page = self._diverse(ask, query, fingerprint) if query.diversity else page_of(ask, query.paging)
        self._check_fields(query.paging, page.matches)
        return page

    def _check_fields(self, paging: Paging, matches: Sequence[Match]) -> None:
        """Raises BadQuery for an order or groups by a field that the index does not have. It is asked for its fields
        only if the first matches have none of them either."""
        if paging.cursor:
            return
        for field in (paging.order.field, paging.group_by or ""):
            if field.startswith(METADATA_PREFIX) and all(value_of(match, field) is None for match in matches):
                check_field(field, self.index.fields(), self.index.name)

    def _diverse(self, ask: Ask, query: Query, fingerprint: str) -> Page:
        k = query.paging.k
        page = page_of(ask, replace(query.paging, k=candidates_for(k)))
        vectors = self.index.vectors([match.id for match in page.matches])
        # One may have been deleted meanwhile.
        matches = [match for match in page.matches if match.id in vectors]
        if not matches:
            return page
        scores, found = [match.score for match in matches], np.stack([vectors[match.id] for match in matches])
        chosen = diverse(scores, found, k, query.diversity, self.model_of(fingerprint).metric)
        return replace(page, matches=[matches[position] for position in chosen], is_last=True)

    def nearest_each(self, vectors: Iterable[Vector], query: Query, fingerprint: str) -> list[list[Match]]:
        """What `nearest` finds for each of the vectors, float32 [D], with one question to the index if that is enough.
        Raises the first error."""
        if query.diversity or not query.paging.is_plain:
            return [self.nearest(vector, query, fingerprint).matches for vector in vectors]
        asked = [query.asked(vector, query.paging.wanted, fingerprint) for vector in vectors]
        return [
            arranged(matches, query.paging)[query.paging.offset :][: query.paging.k] for matches in self._found(asked)
        ]

    def _found(self, queries: Sequence[VectorQuery]) -> Iterator[list[Match]]:
        """What the index finds for each. Raises the first error."""
        for matches in self.index.search_each(queries):
            if isinstance(matches, LookalikeError):
                raise matches
            yield matches

    def known(self, fingerprint: str) -> ModelIdentity | None:
        """The model of this fingerprint, if it was asked for before."""
        return self._models.get(fingerprint)

    def model_of(self, fingerprint: str) -> ModelIdentity:
        """The model of this fingerprint, which the index holds. Raises ModelMismatch if it holds another one by now."""
        if fingerprint not in self._models:
            model = self.index.model()
            self._models[model.fingerprint] = model
        if fingerprint not in self._models:
            raise ModelMismatch(self.index.name, str(model), f"a model with the fingerprint {fingerprint}")
        return self._models[fingerprint]

    def document(self, id: str) -> Document:
        """The stored document. Raises NotIndexed."""
        document = self.index.get(id)
        if document is None:
            raise NotIndexed(id, self.index.name)
        return document

    def refresh(self) -> Embedder:
        """The model of the vectors that the index holds now; loaded unless it already is. Raises ModelMismatch if the
        settings do not name that model, ModelUnavailable, BadSetting."""
        with self._loading:
            stored = self.index.model()
            if self._embedder is None or self._embedder.identity.fingerprint != stored.fingerprint:
                self._embedder = self._load(stored)
            return self._embedder


def numbered(rejected: ImageRejected, number: int, count: int) -> ImageRejected:
    """The rejection of one image of several."""
    if count == 1:
        return rejected
    which = f"image {number} of {count}"
    return ImageRejected(rejected.reason, f"{which}: {rejected.detail}" if rejected.detail else which)
