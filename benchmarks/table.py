"""Prints the figures of repeated runs: median, lowest and highest, and ratios of sides measured in the same round."""

from collections.abc import Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

console = Console(width=140, highlight=False)


def print_rates(title: str, unit: str, sides: Mapping[str, Sequence[float]], baseline: str | None = None) -> None:
    """One row per side; with a `baseline`, also its ratio to that side, paired round by round."""
    shown = Table(title=title, box=None, title_justify="left", title_style="bold")
    for column in ("", f"median {unit}", "lowest", "highest", "rounds", f"x {baseline or ''}", "lowest", "highest"):
        shown.add_column(column, justify="left" if not column else "right")
    for name, values in sides.items():
        paired = ratios(values, sides[baseline]) if baseline and name != baseline else []
        row = [f"{number:,.1f}" for number in (median(values), min(values), max(values))]
        ratio = [f"{number:.2f}" for number in (median(paired), min(paired), max(paired))] if paired else [""] * 3
        shown.add_row(name, *row, str(len(values)), *ratio)
    console.print(shown)
    console.print()


def ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Each value divided by the other value of its round. Raises ValueError if the numbers of rounds differ."""
    # strict: both sides of a ratio must be measured in the same rounds.
    return [value / other for value, other in zip(values, others, strict=True)]
