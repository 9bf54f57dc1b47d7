"""Checks of names, filters, vectors and documents that all backends share."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from lookalike.errors import BadFilter, BadSetting, ImageRejected, ModelMismatch
from lookalike.filters import Condition, Filters, conditions
from lookalike.records import Document, Metric, ModelIdentity, Reason, Rejected, Vector
from lookalike.shown import shown
from lookalike.storage import canonical_uri
from lookalike.unicode import is_unicode

#: A shorter vector has no direction that float32 can represent, so no cosine.
SHORTEST_NORM = 1e-6
#: Valid as an OpenSearch alias and as a LanceDB table; names that end like "-v1" are those of versions.
NAME = re.compile(r"(?!.*-v\d+$)[a-z][a-z0-9_.-]{0,99}")
#: A version of an index: the index's name and a number.
VERSION = re.compile(r"([a-z][a-z0-9_.-]{0,99})-v(\d+)")


def check_name(name: str) -> str:
    """The name itself. Raises BadSetting if it is not a valid index name."""
    if NAME.fullmatch(name):
        return name
    raise BadSetting(
        f"{name!r} is not a valid index name.",
        "Use at most 100 of a-z, 0-9, '_', '.' and '-'; start with a letter and do not end like '-v1'.",
    )


def is_version(name: str) -> bool:
    """Whether `name` is a version of an index, such as "images-v2"."""
    found = VERSION.fullmatch(name)
    return found is not None and NAME.fullmatch(found[1]) is not None


def index_of(version: str) -> str:
    """The index of a version. Raises BadSetting if `version` is not the name of a version."""
    return _parts(version)[0]


def number_of(version: str) -> int:
    """The number of a version: the newest has the highest. Raises BadSetting as `index_of` does."""
    return int(_parts(version)[1])


def check_filters(filters: Filters | None) -> tuple[Condition, ...]:
    """The filters as conditions. A `file://` URL is as the index stores it.

    Raises BadFilter for what is no filter, for two different labels in a mapping, and for text that is not valid."""
    return tuple(_checked(condition) for condition in conditions(filters))


def _checked(condition: Condition) -> Condition:
    if not is_unicode("".join((condition.field, *map(str, condition.values)))):
        raise BadFilter(f"Cannot filter on {shown(str(condition))}: it is not valid Unicode.", "Give another text.")
    if condition.field == "uri":
        return replace(condition, values=tuple(canonical_uri(str(value)) for value in condition.values))
    return condition


def check_query(vector: Vector, model: ModelIdentity, index: str, fingerprint: str | None) -> None:
    """Check a query vector, made by the model with this fingerprint if known, for an index of `model`.

    Raises ModelMismatch for a vector of another model, ImageRejected (`bad_vector`) for an invalid vector."""
    if fingerprint not in (None, model.fingerprint):
        raise ModelMismatch(index, str(model), f"a model with the fingerprint {fingerprint}")
    if problem := vector_problem(vector, model):
        raise ImageRejected(Reason.BAD_VECTOR, problem)


def validate(documents: Sequence[Document], index: str, model: ModelIdentity) -> tuple[list[Document], list[Rejected]]:
    """The valid documents, each id once (the last one wins), and the rejected ones. Raises ModelMismatch."""
    valid: dict[str, Document] = {}
    rejected = []
    for document in documents:
        if document.model != model.fingerprint:
            raise ModelMismatch(index, str(model), f"a model with the fingerprint {document.model}")
        if problem := vector_problem(document.image_embedding, model):
            rejected.append(Rejected(document.uri, Reason.BAD_VECTOR, problem))
        elif not _is_unicode(document):
            rejected.append(_not_unicode(document))
        else:
            valid[document.id] = document
    return list(valid.values()), rejected


def valid_text(documents: Sequence[Document]) -> tuple[list[Document], list[Rejected]]:
    """The documents whose text an index can hold, and the rejected ones."""
    valid = [document for document in documents if _is_unicode(document)]
    return valid, [_not_unicode(document) for document in documents if not _is_unicode(document)]


def vector_problem(vector: Vector, model: ModelIdentity) -> str:
    """Why an index of `model` cannot hold this vector; empty if it can."""
    import numpy as np  # not in the base installation

    if vector.shape != (model.dimension,):
        return f"its shape is {vector.shape}, the index takes ({model.dimension},)"
    if not np.isfinite(vector).all():
        return "it contains NaN or infinity"
    # In float64, because the squares of large float32 values overflow.
    if model.metric is Metric.COSINE and np.linalg.norm(vector.astype(np.float64)) < SHORTEST_NORM:
        return "its length is zero"
    return ""


def _parts(version: str) -> tuple[str, str]:
    if is_version(version):
        name, _, number = version.rpartition("-v")
        return name, number
    raise BadSetting(
        f"{version!r} is not a version of an index.", "`lookalike index list` shows the versions, such as images-v2."
    )


def _not_unicode(document: Document) -> Rejected:
    return Rejected(document.uri, Reason.REFUSED, "its name or metadata are not valid Unicode")


def _is_unicode(document: Document) -> bool:
    """Whether all its text can be encoded as UTF-8. Lone surrogates, as in undecodable file names, cannot."""
    values = (value if isinstance(value, list) else [value] for value in document.metadata.values())
    texts = (
        document.uri,
        document.name or "",
        document.etag,
        *document.metadata,
        *map(str, chain.from_iterable(values)),
    )
    return is_unicode("".join(texts))
