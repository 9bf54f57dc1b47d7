"""Which columns of a table hold uris, labels, keys and metadata."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from lookalike.errors import BadSetting, SourceMissing
from lookalike.metadata import Fields, FieldType, Kind, check_fields, field_name
from lookalike.shown import shortened, shown, visible
from lookalike_producer.tables.inference import inferred, text_kind
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.tables.rows import HOLDS_BYTES, Column

#: Usual names for uris, as `_key` writes them; the more certain ones first: a table of products also has their pages.
URI_NAMES = (
    *("imageurl", "imageuri", "imagepath", "imagefile", "imagelink", "imgurl", "imgpath"),
    *("filename", "uri", "url", "filepath", "path", "file", "image", "img", "picture", "photo", "imagename", "imgname"),
)
#: Names that Kaggle's tables have for files, which they name without a suffix; only if there are such files.
KEY_NAMES = ("imageid", "imgid", "id", "key", "name")
LABEL_NAMES = ("label", "class", "category", "labelname", "classname", "categoryname")
#: The metadata field that holds the values of `--id-column`.
ID_FIELD = "id"
#: Columns that only number the rows, as pandas writes them.
NUMBERS = frozenset({"", "unnamed: 0", "__index_level_0__"})
_UNPACK = "Save the images as files or in a tar (docs/sources.md says how), or choose another column with --uri-column."
#: Names of columns in a message.
NAMED = 20

#: The values of a column in the first rows.
Samples = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Plan:
    """The columns that are taken, by name. `fields` are those of metadata, by column: the field and its type.

    `notes` are sentences about what was decided, and `left_out` the columns that are not taken.
    """

    uri: str
    label: str | None = None
    id: str | None = None
    fields: Mapping[str, tuple[str, FieldType]] = field(default_factory=dict)
    #: Fields whose type was read off the first rows.
    guessed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def declared(self) -> Fields:
        """The metadata fields, as an index declares them."""
        return dict(self.fields.values())


def planned(
    name: str,
    columns: Sequence[Column],
    samples: Samples,
    options: TableOptions,
    *,
    is_described: bool = False,
    names_files: Callable[[str], bool] = lambda column: False,
    repeated: Collection[str] = (),
) -> Plan:
    """The columns to take of the table called `name`.

    `names_files` says whether the values of a column are names of files that exist, `repeated` are names that several
    columns have. Raises SourceMissing for a table
    that names no images, and BadSetting for columns that it does not have.
    """
    uri, notes = _uri_column(name, columns, options, names_files)
    label = _label_column(name, columns, samples, options, uri)
    id = _named(columns, options.id_column, "id", name)
    taken = {uri, label, id}
    fields, guessed, others = _fields(name, columns, samples, options, taken, is_described)
    if id is not None:
        fields = {id: (ID_FIELD, FieldType(Kind.KEYWORD)), **{c: f for c, f in fields.items() if f[0] != ID_FIELD}}
    check_fields(dict(fields.values()))
    notes += [
        *_repeated(name, [column for column in repeated if column in {*taken, *fields}]),
        *_notes(name, fields, others, options),
    ]
    return Plan(uri, label, id, fields, guessed, tuple(notes), tuple(others))


def joined_fields(plans: Iterable[Plan]) -> Fields:
    """The metadata fields of several tables. Raises BadSetting for a field with two types."""
    fields: dict[str, FieldType] = {}
    for plan in plans:
        for name, type in plan.declared.items():
            if fields.setdefault(name, type) != type:
                raise BadSetting(
                    f"The metadata field {name} is {fields[name]} in one table and {type} in another.",
                    f"Give its type, such as --metadata {name}:text.",
                )
    check_fields(fields)
    return fields


def _label_column(
    name: str, columns: Sequence[Column], samples: Samples, options: TableOptions, uri: str
) -> str | None:
    """The column of labels; one that holds lists is none that is found by itself. Raises BadSetting."""
    wanted = _named(columns, options.label_column, "label", name)
    by_name = {column.name: column for column in reversed(columns)}
    if wanted is not None and (why := _no_label(by_name[wanted], samples)):
        raise BadSetting(
            f"The column {wanted} of {name} {why}, which are no labels.",
            "Take it as metadata, such as --metadata NAME:list, or choose another column.",
        )
    fit = [column for column in columns if not _no_label(column, samples)]
    return wanted or _first(fit, LABEL_NAMES, without=(uri,))


def _no_label(column: Column, samples: Samples) -> str:
    """Why the values of a column are no labels."""
    if column.refusal:
        return column.refusal
    values = [value for value in samples.get(column.name, ()) if value is not None]
    is_list = (column.type is not None and column.type.is_list) or (
        bool(values) and all(isinstance(value, list) for value in values)
    )
    return "holds lists" if is_list else ""


def _uri_column(
    name: str,
    columns: Sequence[Column],
    options: TableOptions,
    names_files: Callable[[str], bool],
) -> tuple[str, list[str]]:
    wanted = options.uri_column
    if wanted is not None and not any(_same(column.name, f"{wanted}.path") for column in columns):
        found = _named(columns, wanted, "uri", name)
        assert found is not None
        _check_uris(name, found, columns)
        return found, []
    struct = _embedded(columns, (wanted,) if wanted else URI_NAMES)
    found = None if wanted else _first(columns, URI_NAMES)
    if found is None and struct is not None:
        return _path_of(name, struct, columns), []
    if found is None:
        found = next(filter(names_files, (c.name for c in columns if _key(c.name) in KEY_NAMES)), None)
    if found is None:
        raise _no_uris(name, columns)
    _check_uris(name, found, columns)
    others = [c.name for c in columns if c.name != found and _key(c.name) in URI_NAMES and not c.refusal]
    also = f"; --uri-column chooses another one: {_listed(others)}" if others else ""
    return found, [f"{name}: the images are those in the column {found}{also}."] if others else []


def _no_uris(name: str, columns: Sequence[Column]) -> SourceMissing:
    """Why no column names images: none does, or they are in the table itself."""
    packed = next((column.name for column in columns if column.refusal == HOLDS_BYTES), None)
    if packed is not None:
        column = visible(shortened(packed.removesuffix(".bytes"), 60))
        what = (
            f"{name} has no column that names images; its column {column} holds bytes, and images are read from files."
        )
        return SourceMissing(what, _UNPACK)
    what = f"{name} has no column that names images; its columns are {_listed(c.name for c in columns)}."
    return SourceMissing(what, "Choose one with --uri-column (uri_column=).")


def _check_uris(name: str, column: str, columns: Sequence[Column]) -> None:
    refusal = next(c.refusal for c in columns if c.name == column)
    if refusal:
        raise SourceMissing(
            f"The column {column} of {name} {refusal}, not uris of images.",
            _UNPACK,
        )


def _embedded(columns: Sequence[Column], names: Iterable[str]) -> str | None:
    """The column in which Hugging Face's `datasets` keeps bytes and path of each image."""
    have = {_key(column.name): column.name for column in columns}
    embedded = (name for name in map(_key, names) if {f"{name}.bytes", f"{name}.path"} <= have.keys())
    return next((have[f"{name}.path"].removesuffix(".path") for name in embedded), None)


def _path_of(name: str, struct: str, columns: Sequence[Column]) -> str:
    """The column of paths, if the images are not in the table. Raises SourceMissing if they are."""
    by_name = {column.name: column for column in columns}
    if not by_name[f"{struct}.bytes"].is_blank:
        raise SourceMissing(
            f"The column {struct} of {name} holds the images themselves, as bytes; images are read from files.",
            _UNPACK,
        )
    return f"{struct}.path"


def _named(columns: Sequence[Column], wanted: str | None, what: str, name: str) -> str | None:
    """The column that a person names; None if nobody does. Raises BadSetting."""
    if wanted is None:
        return None
    exact = [column.name for column in columns if column.name == wanted]
    found = exact or [column.name for column in columns if _same(column.name, wanted)]
    if not found:
        raise BadSetting(
            f"{name} has no column {shown(wanted)} for the {what}.",
            f"Its columns are {_listed(column.name for column in columns)}.",
        )
    return found[0]


def has_column(columns: Iterable[str], wanted: str) -> bool:
    """Whether a person who names a column so means one of these."""
    return any(_same(name, wanted) for name in columns)


def _same(name: str, other: str) -> bool:
    return _key(name) == _key(other)


def _key(name: str) -> str:
    """What is the same in `Image URL`, `image_url` and `ImageURL`."""
    return re.sub(r"[\s_-]", "", name).lower()


def _first(columns: Sequence[Column], names: Iterable[str], without: Iterable[str] = ()) -> str | None:
    by_name = {_key(column.name): column.name for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name and by_name[name] not in without), None)


def _fields(
    name: str,
    columns: Sequence[Column],
    samples: Samples,
    options: TableOptions,
    taken: set[str | None],
    is_described: bool,
) -> tuple[dict[str, tuple[str, FieldType]], frozenset[str], list[str]]:
    """The fields by column, the fields whose type is a guess, and the columns that are not taken."""
    fields: dict[str, tuple[str, FieldType]] = {}
    guessed: set[str] = set()
    names: set[str] = set()
    named = options.named
    if named is not None:
        for wanted, type in named.items():
            column = _column(columns, _named(columns, wanted, "metadata", name))
            if type is None:
                type = _type(column, samples)
                guessed.add(column.name)
            if type is None:
                why = column.refusal or "holds structures"
                raise BadSetting(f"The column {column.name} of {name} {why}, which is no metadata.", "Name others.")
            fields[column.name] = (field_name(column.name), type)
    elif options.takes_all(is_described=is_described):
        for column in columns:
            is_number = column.name.strip().lower() in NUMBERS
            is_taken = column.name in taken or column.name in fields
            type = None if is_taken or is_number else _type(column, samples)
            if type is not None:
                fields[column.name] = (_free(field_name(column.name), names), type)
                names.add(fields[column.name][0])
                guessed.add(column.name)
    used = taken | fields.keys()
    others = [c.name for c in columns if c.name not in used and c.name.strip().lower() not in NUMBERS]
    return fields, frozenset(fields[column][0] for column in guessed if column in fields), others


def _column(columns: Sequence[Column], name: str | None) -> Column:
    return next(column for column in columns if column.name == name)


def _type(column: Column, samples: Samples) -> FieldType | None:
    values = samples.get(column.name, ())
    if column.type is None:
        return None if column.refusal else inferred(values, column.name)
    if column.names:
        return FieldType(Kind.KEYWORD)
    if column.type == FieldType(Kind.KEYWORD):
        return FieldType(text_kind(values, column.name))
    return column.type


def _free(name: str, taken: Set[str]) -> str:
    """The name, with a number if another column has it already."""
    number = 2
    free = name
    while free in taken:
        free = f"{name[:60]}_{number}"
        number += 1
    return free


def _repeated(name: str, names: Collection[str]) -> list[str]:
    """A sentence for columns of the same name, of which the first one is taken."""
    return [f"{name} has several columns called {_listed(sorted(names))}; the first one is taken."] if names else []


def _notes(name: str, fields: Mapping[str, Any], others: Sequence[str], options: TableOptions) -> list[str]:
    if not others or fields or options.metadata is not None:
        return []
    columns = "The column" if len(others) == 1 else "The columns"
    verb = "is" if len(others) == 1 else "are"
    return [f"{columns} {_listed(others)} of {name} {verb} not taken; --metadata all takes what can be metadata."]


def _listed(names: Iterable[str]) -> str:
    """Names for a message."""
    all_names = [visible(shortened(name, 60)) or "(without a name)" for name in names]
    more = f" and {len(all_names) - NAMED:,} more" if len(all_names) > NAMED else ""
    return ", ".join(all_names[:NAMED]) + more
