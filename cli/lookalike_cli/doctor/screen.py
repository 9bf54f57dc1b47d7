"""Shows the findings as a table: problems first, then warnings, each with its advice."""

from rich.table import Table
from rich.text import Text

from lookalike.shown import visible
from lookalike_cli.doctor.finding import Finding

#: By urgency.
MARKS = (Text("wrong", "red"), Text("look", "yellow"), Text("fine", "green"), Text())


def screen(findings: list[Finding]) -> Table:
    """One row per finding; the advice is on a line of its own."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    # Problems and warnings come first; the others keep the order of the checks.
    for finding in sorted(findings, key=lambda finding: min(_urgency(finding), 2)):
        advice = finding.advice if _urgency(finding) < 2 else ""
        text = Text("\n".join(visible(line) for line in (finding.detail, advice) if line))
        table.add_row(finding.what, MARKS[_urgency(finding)], text)
    return table


def _urgency(finding: Finding) -> int:
    if finding.is_fine is None:
        return 1 if finding.advice else 3
    return 2 if finding.is_fine else 0
