"""The exit codes of commands: one table, and the code of each error."""

import pytest

from lookalike import errors
from lookalike.errors import BadFilter, IndexBusy, IndexMissing, LookalikeError, SourceUnavailable
from lookalike.exit_codes import ExitCode, code_of


def test_each_code_has_a_meaning_and_a_number_that_shells_leave_to_programs() -> None:
    assert all(code.meaning.endswith(".") for code in ExitCode)
    # 126 and 127: a command that cannot be run.
    assert [code for code in ExitCode if not 0 <= code <= 255 or code in (126, 127)] == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadFilter("no such field", "Correct it."), ExitCode.USAGE),
        (SourceUnavailable("/photos", "stale handle"), ExitCode.UNAVAILABLE),
        (IndexBusy("lancedb:///index", "locked"), ExitCode.UNAVAILABLE),
        (IndexMissing("There is no index x.", "Ingest first."), ExitCode.FAILURE),
    ],
)
def test_the_class_of_an_error_decides(error: LookalikeError, code: ExitCode) -> None:
    assert code_of(error) is code


def test_whatever_may_succeed_later_is_told_from_what_needs_a_person() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, LookalikeError)]
    later = {one for one in classes if code_of(one.__new__(one)) is ExitCode.UNAVAILABLE}
    assert later == {one for one in classes if issubclass(one, errors.Unavailable)}
