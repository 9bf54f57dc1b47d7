"""Runs one split through a real index: stores one part, queries with the other, keeps the results."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property

from lookalike.errors import IndexConflict
from lookalike.index import Index
from lookalike.records import Document, Match, ModelIdentity, Vectors
from lookalike_evaluation.candidate import Candidate
from lookalike_evaluation.exact import ExactSearch
from lookalike_evaluation.metrics import Figures, average_precision, hit, mean, precision
from lookalike_evaluation.split import Split

OpenIndex = Callable[[], AbstractContextManager[Index]]

#: Documents in one write.
BATCH = 256
#: For the ANN index of an embedded index; a million vectors take some minutes.
BUILD_LIMIT_S = 3600.0


@dataclass(frozen=True)
class Answer:
    """The results of one query. `seconds` is the search alone; `relevant` counts stored images with its label."""

    uri: str
    label: str
    matches: tuple[Match, ...]
    relevant: int
    recall: float
    seconds: float

    @cached_property
    def right(self) -> list[bool]:
        return [match.name == self.label for match in self.matches]

    def figures(self, k: int) -> Figures:
        return Figures(
            hit_at_k=hit(self.right, k),
            precision_at_1=precision(self.right, 1),
            precision_at_k=precision(self.right, k),
            map_at_k=average_precision(self.right, k, self.relevant),
            recall_vs_exact=self.recall,
        )


@dataclass(frozen=True)
class Trial:
    """The answers of one split, one per query."""

    seed: int
    stored: int
    answers: tuple[Answer, ...]

    def figures(self, k: int) -> Figures:
        return mean([answer.figures(k) for answer in self.answers])


def run_trial(candidate: Candidate, split: Split, *, open_index: OpenIndex, k: int, size: int) -> Trial:
    """Store, query and remove the index, also on failure. Raises what the index raises."""
    model, vectors = candidate.vectors_for(split)
    with open_index() as index:
        fill(index, model, documents_of(candidate, split, model, vectors))
        return ask(index, candidate, split, vectors, k=k, size=size)


def documents_of(candidate: Candidate, split: Split, model: ModelIdentity, vectors: Vectors) -> list[Document]:
    """The documents that the split stores, with the vectors that the model gives for this split."""
    return [
        replace(candidate.documents[position], image_embedding=vectors[position], model=model.fingerprint)
        for position in split.stored
    ]


def fill(index: Index, model: ModelIdentity, documents: Sequence[Document]) -> None:
    """Create the index, store the documents and make them searchable as an ingest does: a search of them is exact only
    if that of a user would be. Raises IndexConflict if one is rejected."""
    index.ensure(model)
    for start in range(0, len(documents), BATCH):
        for rejected in index.write(documents[start : start + BATCH]):
            raise IndexConflict(
                f"The index rejected {rejected.uri}: {rejected.detail}.", "Remove the image from the folder."
            )
    index.end_load()
    index.build_ann(BUILD_LIMIT_S)


def ask(index: Index, candidate: Candidate, split: Split, vectors: Vectors, *, k: int, size: int) -> Trial:
    """Search the index with every query of the split."""
    stored = list(split.stored)
    rows = {candidate.documents[position].id: row for row, position in enumerate(stored)}
    relevant = Counter(candidate.documents[position].name for position in stored)
    exact = ExactSearch(vectors[stored], candidate.model.metric)
    # Warm up: the first search opens the connection and loads the graph.
    index.search(vectors[split.queries[0]], size)
    answers = []
    for position in split.queries:
        document, vector = candidate.documents[position], vectors[position]
        began = time.perf_counter()
        matches = tuple(index.search(vector, size))
        seconds = time.perf_counter() - began
        recall = exact.recall(vector, [rows[match.id] for match in matches], k)
        answers.append(Answer(document.uri, document.name or "", matches, relevant[document.name], recall, seconds))
    return Trial(split.seed, len(stored), tuple(answers))
