"""The page of exit codes: from the table of all commands."""

from documentation.reference.page import Page, meaning, sections, table
from lookalike.exit_codes import ExitCode

CODES = "ExitCode in lookalike/exit_codes.py"
INTRODUCTION = """
All commands end with the same codes. They tell a script what to do: nothing, correct the command, or run it again
later. With any code but 0, the sentences on standard error say why.
"""
NOTES = """
What runs until you stop it (`up`, `serve`, `worker`, `sync --watch`) ends with 0 when it is stopped.

With `--json`, a command that fails prints nothing on standard output. What `ingest`, `sync`, `failed retry`,
`reembed`, `verify`, `sources check` and `doctor` find is a result: it is printed, also if the code is not 0.
[Decision 61](../decisions/0061-one-table-of-exit-codes.md) says why the codes are these.
"""


def page() -> Page:
    """All codes with their names and meanings."""
    rows = [(str(int(each)), each.name, meaning(each.meaning, f"Exit code {each.name}", CODES)) for each in ExitCode]
    text = sections(INTRODUCTION, table(("code", "name", "meaning"), rows), NOTES)
    return Page("exit-codes.md", "Exit codes", "how a command ends, for scripts", text)
