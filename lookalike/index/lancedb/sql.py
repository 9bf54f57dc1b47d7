"""SQL conditions for LanceDB queries."""

from collections.abc import Iterator, Sequence

from lookalike.index.checks import METADATA_PREFIX

IDS_PER_REQUEST = 1000


def id_conditions(ids: Sequence[str]) -> Iterator[str]:
    """Conditions that together match these ids, each for at most IDS_PER_REQUEST of them."""
    for start in range(0, len(ids), IDS_PER_REQUEST):
        yield f"id IN ({', '.join(map(quoted, ids[start : start + IDS_PER_REQUEST]))})"


def equality(field: str, value: str) -> str:
    """The condition that `field` (`name`, `uri` or `metadata.KEY`) equals `value`."""
    if field.startswith(METADATA_PREFIX):
        return f"map_extract(metadata, {quoted(field.removeprefix(METADATA_PREFIX))})[1] = {quoted(value)}"
    return f"{field} = {quoted(value)}"


def starts_with(field: str, prefix: str) -> str:
    return f"starts_with({field}, {quoted(prefix)})"


def quoted(text: str) -> str:
    """A SQL string. The quote is the only special character in it."""
    return "'" + text.replace("'", "''") + "'"
