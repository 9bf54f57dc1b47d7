"""Which columns of tables are taken, as a person asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from lookalike.errors import BadSetting
from lookalike.metadata import MAX_FIELDS, Fields, FieldType, Kind, field_name, parse_fields

#: In place of names of columns.
ALL, NONE = "all", "none"
#: The metadata field that holds the values of `--id-column`.
ID_FIELD = "id"


@dataclass(frozen=True)
class TableOptions:
    """The columns with the uris, the labels and the keys of images, found by their usual names if None.

    `metadata` is "all", "none", or columns with types (None: their own), also as the text `brand,year:int,tags:list`.
    None takes what the table beside images describes, and nothing of other tables. `base` is the folder or address that
    relative uris start at, in place of the folder of their table.
    """

    uri_column: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    metadata: str | Mapping[str, FieldType | None] | None = None
    base: str | None = None

    def check(self) -> None:
        """Raises BadSetting for columns that are none."""
        for option in ("uri_column", "label_column", "id_column", "base"):
            if getattr(self, option) == "":
                raise BadSetting(f"An empty text names no {option.replace('_', ' ')}.", "Leave the option out.")
        named = self.named or {}
        if len(named) > MAX_FIELDS:
            raise BadSetting(
                f"{len(named)} metadata fields are too many: an index has at most {MAX_FIELDS}.",
                "Name the columns that searches filter on.",
            )

    @property
    def named(self) -> dict[str, FieldType | None] | None:
        """The columns that `metadata` names, with their types; None if it names none."""
        if self.metadata is None or self.metadata in (ALL, NONE):
            return None
        return parse_fields(self.metadata) if isinstance(self.metadata, str) else dict(self.metadata)

    @property
    def declared(self) -> Fields:
        """The metadata fields whose types a person gave, as an index declares them."""
        types = {field_name(column): type for column, type in (self.named or {}).items()}
        named = {name: type for name, type in types.items() if type is not None}
        return {ID_FIELD: FieldType(Kind.KEYWORD), **named} if self.id_column else named

    def takes_all(self, *, is_described: bool) -> bool:
        """Whether every column is taken that can be metadata; `is_described` by the table beside its images."""
        return self.metadata == ALL or (self.metadata is None and is_described)


#: Columns as they are found.
AS_FOUND = TableOptions()
