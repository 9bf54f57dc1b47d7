"""Embeds a labelled folder with each model, through the same pipeline as the workers. Stores nothing."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from lookalike import factories
from lookalike.embedding import ModelSpec
from lookalike.index.annotation import Annotated, Annotation
from lookalike.metadata import Fields
from lookalike.pipeline import ingest
from lookalike.records import Chunk, Document, ImageRef, Rejected, Stored
from lookalike.settings import Settings
from lookalike_evaluation.candidate import Candidate, with_common_images
from lookalike_evaluation.candidate_specs import CandidateSpec

#: Job id of the documents; they exist only during a measurement.
JOB = "evaluate"


@dataclass
class DocumentBuffer:
    """A pipeline index that keeps every document in memory."""

    documents: list[Document] = field(default_factory=list)

    def fields(self) -> Fields:
        return {}

    def stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        return {}

    def write(self, documents: Sequence[Document]) -> list[Rejected]:
        self.documents += documents
        return []

    def annotate(self, annotations: Mapping[str, Annotation]) -> Annotated:
        """It holds no documents of before."""
        return Annotated(frozenset(), [])

    def discard(self, documents: Mapping[str, Stored]) -> None:
        """Does nothing: an image whose document it holds is not read again."""


def embed_folder(
    settings: Settings, spec: ModelSpec, references: Sequence[ImageRef], advance: Callable[[int], None]
) -> tuple[Candidate, list[Rejected]]:
    """Read, decode and embed every image as a worker does; call `advance` with the number of images done.

    Raises what the model raises. Memory: one vector per image.
    """
    embed = factories.embedder(settings, spec, threads=settings.processes)
    step = partial(
        ingest,
        fetch=factories.reader(settings).arrivals,
        decode=partial(factories.decode, settings, **spec.frame._asdict()),
        embed=embed,
        fingerprint=spec.fingerprint,
    )
    buffer = DocumentBuffer()
    rejected: list[Rejected] = []
    began = time.monotonic()
    for start in range(0, len(references), settings.chunk_size):
        part = tuple(references[start : start + settings.chunk_size])
        rejected += step(Chunk(f"{JOB}/{start}", JOB, part), index=buffer).rejected
        advance(len(part))
    seconds = time.monotonic() - began
    return Candidate(spec.name, embed.identity, tuple(buffer.documents), seconds=seconds), rejected


def embed_candidates(
    settings: Settings, specs: Sequence[CandidateSpec], references: Sequence[ImageRef], advance: Callable[[int], None]
) -> tuple[list[Candidate], int]:
    """Return one candidate per spec, with the images that all have in common, and the number of rejected images.

    Specs with the same fingerprint share one embedding.
    """
    distinct = distinct_models(specs)
    embedded: dict[str, Candidate] = {}
    rejected_uris: set[str] = set()
    for fingerprint, spec in distinct.items():
        embedded[fingerprint], rejected = embed_folder(settings, spec, references, advance)
        rejected_uris.update(image.uri for image in rejected)
    candidates = [replace(embedded[one.spec.fingerprint], name=one.name, fit_on=one.fit_on) for one in specs]
    return with_common_images(candidates), len(rejected_uris)


def distinct_models(specs: Sequence[CandidateSpec]) -> dict[str, ModelSpec]:
    """The models to embed with, by fingerprint."""
    return {one.spec.fingerprint: one.spec for one in specs}
