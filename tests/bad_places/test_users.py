"""A user without a home folder, or with the HOME of another user, is told what to set."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_places.as_user import as_user

#: No system has a user with this number.
NOBODY = 54321
COMMANDS = ("index list", "list")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter and write to."""
    with tempfile.TemporaryDirectory(prefix="lookalike-test-users-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_a_user_without_a_home_is_told_to_set_one_and_then_works(place: Path) -> None:
    told = as_user(NOBODY, COMMANDS, {"PATH": os.environ["PATH"]}, warm=str(place / "warm"))
    for code, _, stderr in told.values():
        assert code == 2
        assert f"the id {NOBODY} has no home folder" in stderr and "LOOKALIKE_HOME" in stderr.splitlines()[1]
        assert len(stderr.splitlines()) == 2
    given = {"PATH": os.environ["PATH"], "LOOKALIKE_HOME": str(place / "home")}
    told = as_user(NOBODY, COMMANDS, given, warm=str(place / "warm"))
    assert (told["index list"].code, told["list"].code) == (0, 1)
    assert "Unexpected" not in str(told)


def test_settings_of_a_home_of_another_user_are_not_read_and_that_is_said(place: Path) -> None:
    owners = place / "owner"
    (owners / ".config" / "lookalike").mkdir(parents=True)
    (owners / ".config" / "lookalike" / "settings.env").write_text("LOOKALIKE_INDEX=theirs\n")
    owners.chmod(stat.S_IRWXU)
    given = {"PATH": os.environ["PATH"], "HOME": str(owners), "LOOKALIKE_HOME": str(place / "home")}
    told = as_user(NOBODY, COMMANDS, given, warm=str(place / "warm"))
    assert told["index list"].code == 0
    assert f"{owners}/.config/lookalike/settings.env is not read" in told["index list"].stderr
    assert "theirs" not in str(told)
    told = as_user(NOBODY, ["doctor"], {**given, "LOOKALIKE_HOME": ""}, warm=str(place / "warm"))
    lines = told["doctor"].stdout.splitlines()
    assert "Unexpected" not in str(told) and [line for line in lines if line.startswith("home") and "wrong" in line]
