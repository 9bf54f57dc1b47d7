"""The references that the rows of a table give: images, and rows that are rejected with their number."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from lookalike.metadata import FieldType, Kind, coerced
from lookalike.records import ImageRef, Metadata, MetadataValue, Reason
from lookalike.shown import shortened
from lookalike.uris import row_uri
from lookalike_producer.refused import RefusedReference
from lookalike_producer.tables.addresses import Addresses, BadUri
from lookalike_producer.tables.broken import TableBroken
from lookalike_producer.tables.json_lines import JsonLinesTable
from lookalike_producer.tables.plan import Plan
from lookalike_producer.tables.rows import BadRow, Column, Table

#: Bytes of label and metadata of one image, as JSON: a chunk of 1024 references must stay below 32 KiB for each.
MAX_METADATA_BYTES = 24 * 1024
#: Characters of a label.
LONGEST_LABEL = 1000


class BadMetadata(ValueError):
    """A value does not fit its field; the text is a clause."""


class RowReader:
    """Makes references of the rows of one table. `uri` is that of the table, for the records of rejected rows."""

    def __init__(self, table: Table, plan: Plan, addresses: Addresses, uri: str) -> None:
        self._table = table
        self._uri = uri
        self._address = addresses.uri
        by_name = {column.name: number for number, column in reversed(list(enumerate(table.columns)))}
        if plan.uri not in by_name:
            raise TableBroken(Reason.BAD_URI, f"has no column {plan.uri}")
        self._uri_number = by_name[plan.uri]
        columns = [name for name in (plan.label, *plan.fields) if name in by_name]
        self._wanted = [self._uri_number, *(by_name[name] for name in columns)]
        self._label = _Label(table.columns[by_name[plan.label]]) if plan.label in by_name else None
        self._fields = [
            _Field(table.columns[by_name[name]], *plan.fields[name]) for name in columns if name in plan.fields
        ]

    def uris(self) -> Iterator[str | None]:
        """The uri of each row, None if it has none."""
        for _, values in self._table.rows([self._uri_number]):
            try:
                yield None if isinstance(values, BadRow) else self._address(values[0])
            except BadUri:
                yield None

    @property
    def later(self) -> dict[str, int]:
        """Columns that came too late to be taken, with their first rows; known when all rows were read."""
        return self._table.later if isinstance(self._table, JsonLinesTable) else {}

    @property
    def unseen(self) -> frozenset[str]:
        """Columns that are taken and that no row has; known when all rows were read."""
        return frozenset(self._table.unseen) if isinstance(self._table, JsonLinesTable) else frozenset()

    def references(self) -> Iterator[ImageRef]:
        """One reference a row. Raises as the table does."""
        label, fields, skip = self._label, self._fields, 1 if self._label is None else 2
        for number, values in self._table.rows(self._wanted):
            if isinstance(values, BadRow):
                yield self._refused(number, Reason.BAD_URI, values.why)
                continue
            try:
                uri = self._address(values[0])
                name = label(values[1]) if label else None
                metadata = _metadata(fields, values[skip:], name) if fields else {}
            except BadUri as error:
                yield self._refused(number, Reason.BAD_URI, str(error))
            except BadMetadata as error:
                yield self._refused(number, Reason.BAD_METADATA, str(error))
            else:
                yield ImageRef(uri, name, metadata)

    def _refused(self, number: int, reason: Reason, why: str) -> RefusedReference:
        return RefusedReference(row_uri(self._uri, number), reason=reason, detail=f"row {number:,}: {why}")


def _slow(value: Any) -> bool:
    return False


def _is_fit_text(value: Any) -> bool:
    """Whether a text is neither a word for a missing value, nor long, nor has halves of surrogate pairs."""
    return type(value) is str and 4 < len(value) < 1000 and value.isascii() and value[0] > " " and value[-1] > " "


def _is_fit_integer(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _is_fit_float(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)


#: By kind, whether a value is what its field holds already, as most are: `coerced` would give it back.
_FIT: dict[Kind, Callable[[Any], bool]] = {
    Kind.KEYWORD: _is_fit_text,
    Kind.TEXT: _is_fit_text,
    Kind.INTEGER: _is_fit_integer,
    Kind.FLOAT: _is_fit_float,
}


class _Field:
    """A metadata field and the column that it comes from."""

    def __init__(self, column: Column, name: str, type: FieldType) -> None:
        self.name = name
        self._column = column.name
        self._type = type
        self._classes = column.names
        self._is_text = type in (FieldType(Kind.KEYWORD), FieldType(Kind.TEXT))
        self._is_fit = _slow if type.is_list or column.names else _FIT.get(type.kind, _slow)

    def value(self, value: Any) -> MetadataValue | None:
        """Raises BadMetadata."""
        if self._is_fit(value):
            return value  # type: ignore[no-any-return]
        if self._classes:
            value = _class(value, self._classes)
        if isinstance(value, BadRow):
            raise BadMetadata(f"column {shortened(self._column, 80)}: {value.why}")
        try:
            found = coerced(value, self._type)
        except ValueError as error:
            raise BadMetadata(f"column {shortened(self._column, 80)}: {error}") from error
        if self._is_text or type(found) is list:
            return _without_surrogates(found)
        return found


class _Label:
    """The column of labels."""

    def __init__(self, column: Column) -> None:
        self._column = column

    def __call__(self, value: Any) -> str | None:
        if self._column.names:
            value = _class(value, self._column.names)
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return None
        if isinstance(value, BadRow):
            raise BadMetadata(f"column {self._column.name}: {value.why}")
        if isinstance(value, list | dict | bytes):
            raise BadMetadata(f"column {self._column.name}: {type(value).__name__} is no label")
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        label = _cleaned(text.strip())
        if len(label) > LONGEST_LABEL:
            raise BadMetadata(f"column {self._column.name}: {len(label):,} characters are no label")
        return label or None


def _class(value: Any, names: Sequence[str]) -> Any:
    """The name of a class that is written as its number; -1 and null stand for none."""
    if value is None or value == -1:
        return None
    return names[value] if isinstance(value, int) and value < len(names) else value


def _metadata(fields: Sequence[_Field], values: Sequence[Any], label: str | None) -> Metadata:
    metadata: dict[str, MetadataValue] = {}
    for field, value in zip(fields, values, strict=True):
        found = field.value(value)
        if found is not None:
            metadata[field.name] = found
    size = len(orjson.dumps([label, metadata]))
    if size > MAX_METADATA_BYTES:
        raise BadMetadata(f"label and metadata have {size:,} bytes, more than {MAX_METADATA_BYTES:,}")
    return metadata


def _without_surrogates(value: MetadataValue | None) -> MetadataValue | None:
    if isinstance(value, str):
        return _cleaned(value)
    if isinstance(value, list):
        return [_cleaned(part) if isinstance(part, str) else part for part in value]  # type: ignore[return-value]
    return value


def _cleaned(text: str) -> str:
    """JSON holds no halves of surrogate pairs, which stand for bytes that the encoding does not have."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
