"""What must hold after every fault, judged from the source, the index and the ledger, without the product's code."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testing.services.opensearch import request
from tests.faults.broker import Broker
from tests.faults.images import Source

#: Image number -> what an undisturbed run stored for it.
Reference = Mapping[int, NDArray[np.float32]]
#: Cosine to the undisturbed run's vector; f32 repeats to about 1e-7.
LEAST_COSINE = 0.99999
PAGE = 500
FIELDS = ["uri", "image_embedding"]


class InvariantBroken(AssertionError):
    """The promise was not kept; `str()` says in what."""


@dataclass(frozen=True)
class Stored:
    """A document as the index gave it back."""

    id: str
    uri: str
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class Findings:
    """What is wrong, by kind; all empty when the promise was kept. `resent` is a figure, not a fault."""

    #: Neither indexed nor rejected (I1).
    lost: tuple[str, ...] = ()
    #: Indexed or rejected without being in the source (I1).
    invented: tuple[str, ...] = ()
    #: Indexed and rejected (I2).
    both: tuple[str, ...] = ()
    #: Indexed more than once, or under an id that is not the uri's (I3).
    duplicated: tuple[str, ...] = ()
    #: Rejected though good, or for another reason than the planted one (I4).
    wrong_reasons: tuple[str, ...] = ()
    #: Another vector than the undisturbed run's (I5).
    wrong_vectors: tuple[str, ...] = ()
    #: Messages of chunks that are not closed, and jobs that have not ended (I6).
    unfinished: tuple[str, ...] = ()
    #: Workers that do not listen (I7).
    deaf: tuple[str, ...] = ()
    #: Messages the reconciler had to send again (I8).
    resent: int = 0

    def problems(self) -> list[str]:
        kinds = ("lost", "invented", "both", "duplicated", "wrong_reasons", "wrong_vectors", "unfinished", "deaf")
        found = {kind: getattr(self, kind) for kind in kinds}
        return [f"{len(items)} {kind}, such as {items[0]}" for kind, items in found.items() if items]

    def must_hold(self) -> None:
        """Raises InvariantBroken."""
        if problems := self.problems():
            raise InvariantBroken("; ".join(problems))


def examine(
    source: Source, broker: Broker, index_url: str, index: str, reference: Reference | None, deaf: tuple[str, ...] = ()
) -> Findings:
    """Look at everything a run left behind; without a `reference`, vectors are not compared."""
    stored = list(documents(index_url, index))
    indexed = {document.uri for document in stored}
    rejected = {uri: reason for job_id in broker.jobs() for uri, reason in broker.rejections(job_id).items()}
    manifest = source.good.keys() | source.bad.keys()
    return Findings(
        lost=_sorted(manifest - indexed - rejected.keys()),
        invented=_sorted((indexed | rejected.keys()) - manifest),
        both=_sorted(indexed & rejected.keys()),
        duplicated=_duplicated(stored),
        wrong_reasons=_wrong_reasons(source, rejected),
        wrong_vectors=_wrong_vectors(source, stored, reference) if reference else (),
        unfinished=_unfinished(broker),
        deaf=deaf,
        resent=broker.resent(),
    )


def documents(url: str, index: str) -> Iterator[Stored]:
    """Everything in the index, unrefreshed writes included, in no order."""
    request(url, "POST", f"/{index}/_refresh")
    page = request(url, "POST", f"/{index}/_search?scroll=1m", {"size": PAGE, "sort": ["_doc"], "_source": FIELDS})
    while hits := page["hits"]["hits"]:
        for hit in hits:
            vector = np.asarray(hit["_source"]["image_embedding"], dtype=np.float32)
            yield Stored(hit["_id"], hit["_source"]["uri"], vector)
        page = request(url, "POST", "/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
    request(url, "DELETE", "/_search/scroll", {"scroll_id": [page["_scroll_id"]]})


def vectors(source: Source, url: str, index: str) -> Reference:
    """What this run stored for each image number, to compare others with. Raises InvariantBroken if it disagrees
    with itself."""
    reference: dict[int, NDArray[np.float32]] = {}
    stored = list(documents(url, index))
    for document in stored:
        reference.setdefault(source.good[document.uri], document.vector)
    if wrong := _wrong_vectors(source, stored, reference):
        raise InvariantBroken(f"the same image has two vectors: {wrong[0]}")
    return reference


def _duplicated(stored: list[Stored]) -> tuple[str, ...]:
    seen: set[str] = set()
    found = []
    for document in stored:
        # Written down here a second time on purpose: it is what makes a rerun overwrite.
        if document.uri in seen or document.id != hashlib.sha256(document.uri.encode()).hexdigest()[:40]:
            found.append(document.uri)
        seen.add(document.uri)
    return tuple(found)


def _wrong_reasons(source: Source, rejected: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{uri} ({rejected.get(uri, 'not rejected')}, not {source.bad.get(uri, 'rejected')})"
        for uri in sorted(rejected.keys() | source.bad.keys())
        if rejected.get(uri) != source.bad.get(uri)
    )


def _wrong_vectors(source: Source, stored: list[Stored], reference: Reference) -> tuple[str, ...]:
    return tuple(
        document.uri
        for document in stored
        if document.uri in source.good
        and not _cosine(document.vector, reference[source.good[document.uri]]) >= LEAST_COSINE
    )


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _unfinished(broker: Broker) -> tuple[str, ...]:
    """A message of a chunk that is closed is a repetition on its way out, which changes nothing."""
    open_ids = broker.outstanding() | broker.active_jobs()
    return tuple(
        sorted(
            {f"job {job_id} {broker.job(job_id).get('state')}" for job_id in broker.active_jobs()}
            | {f"chunk {chunk_id}" for chunk_id in broker.outstanding()}
            | {f"message for {name}" for name in [*broker.waiting(), *broker.unacknowledged()] if name in open_ids}
        )
    )


def _sorted(uris: set[str]) -> tuple[str, ...]:
    return tuple(sorted(uris))
