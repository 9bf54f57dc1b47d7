"""The metadata of images: typed fields, as people declare them and as tables hold them."""

from lookalike.metadata.agreement import agree, is_same, lost_fields
from lookalike.metadata.cells import coerced
from lookalike.metadata.fields import NAME, check_fields, field_name, parse_fields
from lookalike.metadata.fitting import fitted, fitted_value
from lookalike.metadata.inference import TEXT_NAMES, joined_type, type_of
from lookalike.metadata.limits import INTEGERS, MAX_FIELDS, MAX_KEYWORD, MAX_TEXT, MAX_VALUES
from lookalike.metadata.types import Fields, FieldType, Kind, field_type

__all__ = [
    "INTEGERS",
    "MAX_FIELDS",
    "MAX_KEYWORD",
    "MAX_TEXT",
    "MAX_VALUES",
    "NAME",
    "TEXT_NAMES",
    "FieldType",
    "Fields",
    "Kind",
    "agree",
    "check_fields",
    "coerced",
    "field_name",
    "field_type",
    "fitted",
    "fitted_value",
    "is_same",
    "joined_type",
    "lost_fields",
    "parse_fields",
    "type_of",
]
