"""Whether a command printed what its page shows, by a few rules for what differs from one run to the next.

- A line `...` stands for any number of lines, and `...` in a line for any text.
- Columns may be wider or narrower.
- Times, rates, dates and ids of jobs may be others: `4.2 s`, `46 images/s`, `2026-11-23`, `20261123-220349-04844d`.
- A number with three digits or more behind its point, such as a score, may differ by 0.02: processors differ.
- Which image of a group of near-identical ones is its centre may differ: it is decided behind the point.
- The page calls the reader's home folder `/home/ada`, and the port of the service is 8000.
- Lines that say how far a job is, that a model is prepared (once), and lines of a log are not compared.
"""

import difflib
import re

from documentation.snippets.stage import Stage

HOME, PORT = "/home/ada", "8000"
TOLERANCE = 0.02
_PASSING = re.compile(r"\d+ of \d+ images, |Preparing the model |\d{4}-\d\d-\d\dT\S+ (INFO|WARNING) ")
_VARYING = (
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b"), "JOB"),
    (re.compile(r"^(centre|near \d\.\d+) +(?=\S)"), "MEMBER "),
    (re.compile(r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+\d\d:\d\d)?)?"), "DATE"),
    (re.compile(r"\b[\d,]+(\.\d+)? ?(ms|s|min|images/s)(?![\w/])"), r"TIME \2"),
)
_FRACTION = re.compile(r"-?\d+\.\d{3,}")


def differences(shown: str, printed: str, stage: Stage) -> str:
    """What differs, line by line, for a person; "" if `printed` is what the page shows."""
    wanted = _lines(shown)
    found = _lines(printed.replace(str(stage.home), HOME).replace(str(stage.port), PORT))
    if _matches(wanted, found):
        return ""
    return "\n".join(difflib.unified_diff(wanted, found, "shown", "printed", lineterm="", n=99))


def _lines(text: str) -> list[str]:
    lines = [" ".join(_alike(line).split()) for line in text.splitlines() if not _PASSING.match(line)]
    return [line for line in lines if line]


def _alike(line: str) -> str:
    for pattern, name in _VARYING:
        line = pattern.sub(name, line)
    return line


def _matches(wanted: list[str], found: list[str]) -> bool:
    if not wanted:
        return not found
    if wanted[0] == "...":
        return any(_matches(wanted[1:], found[start:]) for start in range(len(found) + 1))
    return bool(found) and _is_alike(wanted[0], found[0]) and _matches(wanted[1:], found[1:])


def _is_alike(wanted: str, found: str) -> bool:
    """Whether two lines are the same but for fractions that differ a little, and what `...` stands for."""
    pattern = _FRACTION.sub("FRACTION", wanted)
    text = ".*".join(map(re.escape, pattern.split("..."))).replace("FRACTION", rf"({_FRACTION.pattern})")
    match = re.fullmatch(text, found)
    numbers = _FRACTION.findall(wanted)
    return match is not None and all(
        abs(float(one) - float(other)) <= TOLERANCE for one, other in zip(numbers, match.groups(), strict=True)
    )
