"""The findings on one screen: what is wrong first, then what to look at, each with what to do; checks nothing."""

from rich.table import Table

from lookalike_cli.console import printable
from lookalike_cli.doctor.finding import Finding

#: By how urgent they are.
MARKS = ("[red]wrong[/red]", "[yellow]look[/yellow]", "[green]fine[/green]", "")


def screen(findings: list[Finding]) -> Table:
    """A row a finding; the advice on a line of its own."""
    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(no_wrap=True)
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    # Only what is to be done comes first: the others keep the order of the checks.
    for finding in sorted(findings, key=lambda finding: min(_urgency(finding), 2)):
        advice = f"\n{finding.advice}" if _urgency(finding) < 2 and finding.advice else ""
        text = printable(finding.detail + advice).replace("[", "\\[")
        made.add_row(finding.what, MARKS[_urgency(finding)], text)
    return made


def _urgency(finding: Finding) -> int:
    if finding.is_fine is None:
        return 1 if finding.advice else 3
    return 2 if finding.is_fine else 0
