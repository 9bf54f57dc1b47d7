"""Sentences about what was found in the rows of tables."""

from collections.abc import Mapping

from lookalike.plural import counted
from lookalike.shown import shown
from lookalike_producer.tables.repeats import LastRows
from lookalike_producer.tables.sample import SAMPLE_ROWS


def late_columns(table: str, later: Mapping[str, int]) -> str:
    """Of columns that no row had when the columns were chosen."""
    column, row = next(iter(later.items()))
    more = f" and {len(later) - 1} more" if len(later) > 1 else ""
    return (
        f"{shown(column, 80)}{more} of {table} is no metadata: it first comes in row {row:,}. "
        f"Columns are those of the first {SAMPLE_ROWS:,} rows."
    )


def unseen_column(table: str, column: str) -> str:
    """Of a column that a person names."""
    return f"No row of {table} has the column {shown(column, 80)}."


def repeated_rows(last: LastRows) -> str:
    rows = counted(last.replaced, "row repeats the image", "rows repeat the images")
    different = f" ({last.changed:,} with another label or other metadata)" if last.changed else ""
    return f"{rows} of an earlier row{different}: the last row counts."
