"""Shows the findings, problems first, each with its advice; nothing is folded, so that paths can be copied."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from lookalike.shown import visible
from lookalike_cli.console import GAP
from lookalike_cli.doctor.finding import Finding

#: By urgency.
MARKS = (Text("wrong", "red"), Text("look", "yellow"), Text("fine", "green"), Text())


def screen(findings: list[Finding]) -> Text:
    """A line for each finding, and one for its advice; the terminal continues a longer line itself."""
    widths = (max((cell_len(finding.what) for finding in findings), default=0), max(mark.cell_len for mark in MARKS))
    # Problems and warnings come first; the others keep the order of the checks.
    urgent_first = sorted(findings, key=lambda finding: min(_urgency(finding), 2))
    return Text("\n").join(line for finding in urgent_first for line in _lines(finding, *widths))


def _lines(finding: Finding, what_width: int, mark_width: int) -> Iterator[Text]:
    urgency = _urgency(finding)
    what, mark = Text(finding.what), MARKS[urgency].copy()
    what.pad_right(what_width - what.cell_len)
    mark.pad_right(mark_width - mark.cell_len)
    yield Text(GAP).join((what, mark, Text(visible(finding.detail))))
    if finding.advice and urgency < 2:
        yield Text(" " * (what_width + mark_width + 2 * len(GAP)) + visible(finding.advice))


def _urgency(finding: Finding) -> int:
    if finding.is_fine is None:
        return 1 if finding.advice else 3
    return 2 if finding.is_fine else 0
