"""One split through a real index: store a part, ask for the rest, and keep what came back; knows no statistics."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property

from lookalike.errors import IndexConflict
from lookalike.index import Index
from lookalike.records import Document, Match, ModelIdentity, Vectors
from lookalike_evaluation.contender import Contender
from lookalike_evaluation.exact import Exact
from lookalike_evaluation.metrics import Figures, average_precision, hit, mean, precision
from lookalike_evaluation.split import Split

OpenIndex = Callable[[], AbstractContextManager[Index]]

#: Documents in one write.
BATCH = 256


@dataclass(frozen=True)
class Answer:
    """What the index gave for one query; `seconds` is the search alone, `relevant` the stored pictures of its label."""

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
    """One split's answers, one a query."""

    seed: int
    stored: int
    answers: tuple[Answer, ...]

    def figures(self, k: int) -> Figures:
        return mean([answer.figures(k) for answer in self.answers])


def run_trial(contender: Contender, split: Split, *, open_index: OpenIndex, k: int, size: int) -> Trial:
    """Raises what the index raises; the index is gone afterwards, whatever happens."""
    model, vectors = contender.for_split(split)
    with open_index() as index:
        fill(index, model, documents_of(contender, split, model, vectors))
        return ask(index, contender, split, vectors, k=k, size=size)


def documents_of(contender: Contender, split: Split, model: ModelIdentity, vectors: Vectors) -> list[Document]:
    """What the split stores, with the vectors that the model gives for this split."""
    return [
        replace(contender.documents[place], image_embedding=vectors[place], model=model.fingerprint)
        for place in split.stored
    ]


def fill(index: Index, model: ModelIdentity, documents: Sequence[Document]) -> None:
    """Create the index, store the documents and make them searchable. Raises IndexConflict if one is turned down."""
    index.ensure(model)
    for start in range(0, len(documents), BATCH):
        for rejected in index.write(documents[start : start + BATCH]):
            raise IndexConflict(f"The index turns {rejected.uri} down: {rejected.detail}.", "Leave the picture out.")
    index.end_load()


def ask(index: Index, contender: Contender, split: Split, vectors: Vectors, *, k: int, size: int) -> Trial:
    """Search a filled index for every query of the split."""
    stored = list(split.stored)
    rows = {contender.documents[place].id: row for row, place in enumerate(stored)}
    relevant = Counter(contender.documents[place].name for place in stored)
    exact = Exact(vectors[stored], contender.model.metric)
    # The first search pays for the connection and for reading the graph.
    index.search(vectors[split.queries[0]], size)
    answers = []
    for place in split.queries:
        document, vector = contender.documents[place], vectors[place]
        began = time.perf_counter()
        matches = tuple(index.search(vector, size))
        seconds = time.perf_counter() - began
        recall = exact.recall(vector, [rows[match.id] for match in matches], k)
        answers.append(Answer(document.uri, document.name or "", matches, relevant[document.name], recall, seconds))
    return Trial(split.seed, len(stored), tuple(answers))
