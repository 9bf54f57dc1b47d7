"""What both indexes check before anything leaves the process, with no knowledge of either."""

import re
from collections.abc import Mapping, Sequence

from lookalike.errors import BadSetting, ImageRejected, ModelMismatch
from lookalike.records import Document, Metric, ModelIdentity, Reason, Rejected, Vector

#: Shorter vectors have no direction that float32 could tell, so no cosine.
SHORTEST_NORM = 1e-6
#: Fit for an OpenSearch alias and a LanceDB table; "-v1" and the like belong to physical names.
NAME = re.compile(r"(?!.*-v\d+$)[a-z][a-z0-9_.-]{0,99}")
#: A numbered version of an index: its name and its number.
VERSION = re.compile(r"([a-z][a-z0-9_.-]{0,99})-v(\d+)")
METADATA_PREFIX = "metadata."


def check_name(name: str) -> str:
    """The name itself. Raises BadSetting unless every index could bear it."""
    if NAME.fullmatch(name):
        return name
    raise BadSetting(
        f"{name!r} cannot be the name of an index.",
        "Use at most 100 of a-z, 0-9, '_', '.' and '-', beginning with a letter and not ending like '-v1'.",
    )


def is_version(name: str) -> bool:
    """Whether this names one version of an index, and not an index."""
    found = VERSION.fullmatch(name)
    return found is not None and NAME.fullmatch(found[1]) is not None


def index_of(physical: str) -> str:
    """The index that a version belongs to. Raises BadSetting for what is no version's name."""
    return _parts(physical)[0]


def number_of(physical: str) -> int:
    """The number of a version: the higher, the newer. Raises BadSetting for what is no version's name."""
    return int(_parts(physical)[1])


def check_filters(filters: Mapping[str, str] | None) -> Mapping[str, str]:
    """The filters themselves. Raises BadSetting unless each is on `name`, `uri` or `metadata.KEY`."""
    for field in filters or {}:
        if field not in ("name", "uri") and not field.startswith(METADATA_PREFIX):
            raise BadSetting(f"{field!r} cannot be filtered on.", "Filter on name, uri or metadata.KEY.")
    return filters or {}


def check_query(vector: Vector, model: ModelIdentity, index: str, fingerprint: str | None) -> None:
    """Raises ModelMismatch for a vector of another model, if its own is known by `fingerprint`; ImageRejected
    (`bad_vector`) for one that has no neighbours under this model."""
    if fingerprint not in (None, model.fingerprint):
        raise ModelMismatch(index, str(model), f"a model with the fingerprint {fingerprint}")
    if problem := flaw(vector, model):
        raise ImageRejected(Reason.BAD_VECTOR, problem)


def sift(documents: Sequence[Document], index: str, model: ModelIdentity) -> tuple[list[Document], list[Rejected]]:
    """What can be stored, each id once (the last wins), and what cannot. Raises ModelMismatch."""
    fit: dict[str, Document] = {}
    rejected = []
    for document in documents:
        if document.model != model.fingerprint:
            raise ModelMismatch(index, str(model), f"a model with the fingerprint {document.model}")
        if problem := flaw(document.image_embedding, model):
            rejected.append(Rejected(document.uri, Reason.BAD_VECTOR, problem))
        elif not _is_text(document):
            rejected.append(Rejected(document.uri, Reason.REFUSED, "its name or metadata are not valid Unicode"))
        else:
            fit[document.id] = document
    return list(fit.values()), rejected


def flaw(vector: Vector, model: ModelIdentity) -> str:
    """What is wrong with this vector, or nothing."""
    import numpy as np  # not in the base installation, which stores no vectors

    if vector.shape != (model.dimension,):
        return f"its shape is {vector.shape}, the index takes ({model.dimension},)"
    if not np.isfinite(vector).all():
        return "it holds NaN or infinity"
    # In float64, because squares of large float32 overflow.
    if model.metric is Metric.COSINE and np.linalg.norm(vector.astype(np.float64)) < SHORTEST_NORM:
        return "its length is zero"
    return ""


def _parts(physical: str) -> tuple[str, str]:
    if is_version(physical):
        name, _, number = physical.rpartition("-v")
        return name, number
    raise BadSetting(f"{physical!r} is no version of an index.", "`lookalike index list` shows them: images-v2.")


def _is_text(document: Document) -> bool:
    """Whether all of it can be UTF-8: lone surrogates, as in undecodable file names, cannot."""
    texts = (document.uri, document.name or "", *document.metadata.keys(), *document.metadata.values())
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True
