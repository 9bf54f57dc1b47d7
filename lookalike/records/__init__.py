"""The records that programs exchange: small and frozen."""

from lookalike.records.arrays import Pixels, Vector, Vectors
from lookalike.records.chunks import Chunk, Outcome, PutAside, Wait
from lookalike.records.diagnostic import Diagnostic
from lookalike.records.documents import MOST_MATCHES, Document, Listed, Match, Stored
from lookalike.records.facets import Facet, FacetRange, Facets, FacetValue
from lookalike.records.file_times import FileTimes
from lookalike.records.framing import WHOLE, Filter, Frame, Framing, Part
from lookalike.records.models import Metric, ModelIdentity
from lookalike.records.reasons import Reason
from lookalike.records.references import ImageRef, Metadata, MetadataValue, Span, document_id
from lookalike.records.rejections import Basis, Rejected, Rejection

__all__ = [
    "MOST_MATCHES",
    "WHOLE",
    "Basis",
    "Chunk",
    "Diagnostic",
    "Document",
    "Facet",
    "FacetRange",
    "FacetValue",
    "Facets",
    "FileTimes",
    "Filter",
    "Frame",
    "Framing",
    "ImageRef",
    "Listed",
    "Match",
    "Metadata",
    "MetadataValue",
    "Metric",
    "ModelIdentity",
    "Outcome",
    "Part",
    "Pixels",
    "PutAside",
    "Reason",
    "Rejected",
    "Rejection",
    "Span",
    "Stored",
    "Vector",
    "Vectors",
    "Wait",
    "document_id",
]
