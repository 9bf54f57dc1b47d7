"""The column of a table that names its images."""

from collections.abc import Callable, Iterable, Sequence

from lookalike.errors import SourceMissing
from lookalike.shown import shortened, visible
from lookalike_producer.tables.column_names import first_of, is_same, key_of, listed, named_column
from lookalike_producer.tables.options import TableOptions
from lookalike_producer.tables.rows import HOLDS_BYTES, Column

#: Usual names for uris, as `key_of` writes them; the more certain ones first: a table of products also has their pages.
URI_NAMES = (
    *("imageurl", "imageuri", "imagepath", "imagefile", "imagelink", "imgurl", "imgpath"),
    *("filename", "uri", "url", "filepath", "path", "file", "image", "img", "picture", "photo", "imagename", "imgname"),
)
#: Names that Kaggle's tables have for files, which they name without a suffix; only if there are such files.
KEY_NAMES = ("imageid", "imgid", "id", "key", "name")
_UNPACK = "Save the images as files or in a tar (docs/sources.md says how), or choose another column with --uri-column."


def uri_column(
    name: str,
    columns: Sequence[Column],
    options: TableOptions,
    names_files: Callable[[str], bool],
) -> tuple[str, list[str]]:
    """The column, and sentences about the choice. Raises SourceMissing, BadSetting."""
    wanted = options.uri_column
    if wanted is not None and not any(is_same(column.name, f"{wanted}.path") for column in columns):
        found = named_column(columns, wanted, "uri", name)
        assert found is not None
        _check_uris(name, found, columns)
        return found, []
    struct = _embedded(columns, (wanted,) if wanted else URI_NAMES)
    found = None if wanted else first_of(columns, URI_NAMES)
    if found is None and struct is not None:
        return _path_of(name, struct, columns), []
    if found is None:
        found = next(filter(names_files, (c.name for c in columns if key_of(c.name) in KEY_NAMES)), None)
    if found is None:
        raise _no_uris(name, columns)
    _check_uris(name, found, columns)
    others = [c.name for c in columns if c.name != found and key_of(c.name) in URI_NAMES and not c.refusal]
    also = f"; --uri-column chooses another one: {listed(others)}" if others else ""
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
    what = f"{name} has no column that names images; its columns are {listed(c.name for c in columns)}."
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
    have = {key_of(column.name): column.name for column in columns}
    embedded = (name for name in map(key_of, names) if {f"{name}.bytes", f"{name}.path"} <= have.keys())
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
