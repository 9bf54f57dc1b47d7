"""Checks what must hold after every fault: compares source, index and ledger without the product's code."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testing.services.opensearch import request
from tests.faults.broker import Broker
from tests.faults.images import Source

#: Number of an image -> the vector that an undisturbed run stored for it.
Reference = Mapping[int, NDArray[np.float32]]
#: Cosine to the vector of the undisturbed run; float32 repeats to about 1e-7.
LEAST_COSINE = 0.99999
PAGE = 500
FIELDS = ["uri", "image_embedding"]


class InvariantBroken(AssertionError):
    """An image is lost, wrong or duplicated, or work is unfinished; `str()` says which."""


@dataclass(frozen=True)
class Stored:
    """A document as the index returns it."""

    id: str
    uri: str
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class Findings:
    """The problems by kind; all empty if there are none. `resent` is a count, not a problem."""

    #: Neither indexed nor rejected (I1).
    lost: tuple[str, ...] = ()
    #: Indexed or rejected, but not in the source (I1).
    invented: tuple[str, ...] = ()
    #: Indexed and rejected (I2).
    both: tuple[str, ...] = ()
    #: Indexed more than once, or under an id that does not belong to the URI (I3).
    duplicated: tuple[str, ...] = ()
    #: A good image that was rejected, or a bad one that was rejected for another reason (I4).
    wrong_reasons: tuple[str, ...] = ()
    #: A vector that differs from the undisturbed run (I5).
    wrong_vectors: tuple[str, ...] = ()
    #: On the lists of several jobs, or on the list of another job than the ledger notes for the index (I9).
    relisted: tuple[str, ...] = ()
    #: Messages of chunks that are not closed, and jobs that have not ended (I6).
    unfinished: tuple[str, ...] = ()
    #: Workers that do not consume (I7).
    stalled: tuple[str, ...] = ()
    #: Messages the reconciler had to send again (I8).
    resent: int = 0

    def problems(self) -> list[str]:
        kinds = (
            *("lost", "invented", "both", "duplicated", "wrong_reasons", "wrong_vectors", "relisted"),
            *("unfinished", "stalled"),
        )
        found = {kind: getattr(self, kind) for kind in kinds}
        return [f"{len(items)} {kind}, such as {items[0]}" for kind, items in found.items() if items]

    def must_hold(self) -> None:
        """Raises InvariantBroken."""
        if problems := self.problems():
            raise InvariantBroken("; ".join(problems))


def examine(
    source: Source,
    broker: Broker,
    index_url: str,
    index: str,
    reference: Reference | None,
    stalled: tuple[str, ...] = (),
) -> Findings:
    """Check everything after a run. Without a `reference`, vectors are not compared."""
    stored = list(documents(index_url, index))
    indexed = {document.uri for document in stored}
    lists = {job_id: broker.rejections(job_id) for job_id in broker.jobs()}
    rejected = {uri: reason for listed in lists.values() for uri, reason in listed.items()}
    manifest = source.good.keys() | source.bad.keys()
    return Findings(
        lost=_sorted(manifest - indexed - rejected.keys()),
        invented=_sorted((indexed | rejected.keys()) - manifest),
        both=_sorted(indexed & rejected.keys()),
        duplicated=_duplicated(stored),
        wrong_reasons=_wrong_reasons(source, rejected),
        wrong_vectors=_wrong_vectors(source, stored, reference) if reference else (),
        relisted=_relisted(lists, broker.holders()),
        unfinished=_unfinished(broker),
        stalled=stalled,
        resent=broker.resent(),
    )


def documents(url: str, index: str) -> Iterator[Stored]:
    """All documents of the index in any order, including writes since its last refresh."""
    request(url, "POST", f"/{index}/_refresh")
    page = request(url, "POST", f"/{index}/_search?scroll=1m", {"size": PAGE, "sort": ["_doc"], "_source": FIELDS})
    while hits := page["hits"]["hits"]:
        for hit in hits:
            vector = np.asarray(hit["_source"]["image_embedding"], dtype=np.float32)
            yield Stored(hit["_id"], hit["_source"]["uri"], vector)
        page = request(url, "POST", "/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
    request(url, "DELETE", "/_search/scroll", {"scroll_id": [page["_scroll_id"]]})


def vectors(source: Source, url: str, index: str) -> Reference:
    """The vector that this run stored for each image. Raises InvariantBroken if an image has two different ones."""
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
        # The rule for ids is repeated here on purpose: because of it, a second run overwrites the first.
        if document.uri in seen or document.id != hashlib.sha256(document.uri.encode()).hexdigest()[:40]:
            found.append(document.uri)
        seen.add(document.uri)
    return tuple(found)


def _relisted(lists: Mapping[str, Mapping[str, str]], holders: Mapping[str, str]) -> tuple[str, ...]:
    """Images whose rejection is not on exactly the one list that `holders` (uri -> job) names."""
    listed = {(uri, job_id) for job_id, uris in lists.items() for uri in uris}
    return _sorted({uri for uri, _ in listed ^ set(holders.items())})


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
    """Open jobs, open chunks and their messages. The message of a closed chunk is only a repetition."""
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
