"""Why a file is no list."""

import os
import re
from collections.abc import Sequence

from lookalike.errors import SourceMissing
from lookalike.shown import shown
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, scheme_of
from lookalike_producer.lists.lines import ADVICE
from lookalike_producer.named import existing, remote_scheme

STDIN_NAME = "standard input"
#: Binary data has them; of the names of files, few do.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f]").search


def check(lines: Sequence[str], base: str, name: str) -> None:
    """Raises SourceMissing if the first lines show that this is a file of another kind."""
    lines = [line for line in lines if line]
    if not lines or any(existing(line, base) for line in lines):
        return
    if all(scheme_of(line.strip()) in STORE_SCHEMES | WEB_SCHEMES for line in lines):
        return
    if (schemes := {remote_scheme(line) for line in lines}) and None not in schemes:
        raise SourceMissing(
            f"{shown(name)} lists addresses at {min(map(str, schemes))}://, which is not supported.",
            "List addresses at s3://, gs://, az:// or https://, or the paths of files.",
        )
    if any(_CONTROL(line) for line in lines):
        raise SourceMissing(f"{shown(name)} is no list of paths: it is not text.", ADVICE)
    if all(line.startswith("{") and line.endswith("}") for line in lines):
        raise SourceMissing(f"{shown(name)} is no list of paths: each line is JSON.", _advice(name, "jsonl"))
    if any(existing(line, os.getcwd()) for line in lines):
        raise SourceMissing(
            f"The paths in {shown(name)} do not start at its folder, but at the working folder.",
            f"Move the list there, or give it on standard input: `lookalike ingest - < {os.path.basename(name)}`.",
        )
    if any(existing(field, base) for line in lines for field in _fields(line)):
        advice = _advice(name, "csv")
        raise SourceMissing(f"{shown(name)} is no list of paths but a table: lines have several fields.", advice)


def _advice(name: str, suffix: str) -> str:
    if name == STDIN_NAME:
        return "On standard input, a table is JSON lines; save another one as a file, and give its name."
    return f"Give it a name that ends with .{suffix}, and it is read as a table."


def _fields(line: str) -> list[str]:
    return [field for separator in ",;\t|" if separator in line for field in line.split(separator)[:8]]
