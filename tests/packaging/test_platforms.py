"""The page of platforms says which wheels uv does not find, and where the tests run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.locks import Locked, read_lock
from deploy.platforms.page import INSTALLATIONS, PLATFORMS, PYTHONS, TESTED, cell, page
from deploy.platforms.wheels import Failed, find_uv, missing_wheels, package_without_wheel
from testing.processes import ROOT


def locked(name: str) -> Locked:
    return next(one for one in read_lock(ROOT / "requirements.lock") if one.name == name)


def test_a_package_without_a_wheel_is_found_and_one_with_wheels_is_not() -> None:
    """The one test that asks the registry."""
    packages = [locked("idna"), Locked("opentsne", "1.0.4", "", ()), Locked("cykooz-resizer", "4.0.1", "", ())]
    missing = missing_wheels(find_uv(ROOT), packages, "aarch64-manylinux_2_28", "3.13")
    assert missing == {"opentsne", "cykooz-resizer"}


def test_a_version_that_does_not_exist_is_a_failure_and_not_a_missing_wheel() -> None:
    with pytest.raises(Failed, match=r"there is no version of idna==0\.0\.1"):
        missing_wheels(find_uv(ROOT), [Locked("idna", "0.0.1", "", ())], "aarch64-manylinux_2_28", "3.13")


@pytest.mark.parametrize(
    ("said", "package"),
    [
        ("Because a.b_c{os_name == 'nt'}==1.0 has no usable wheels and you require it", "a-b-c"),
        ("Because lancedb==0.40.0 has no wheels with a matching platform tag (e.g., `x`)", "lancedb"),
        ("Because lancedb==0.40.0 has no\n  wheels with a matching platform tag", "lancedb"),
        ("Failed to fetch: dns error", None),
    ],
)
def test_the_package_is_read_from_what_uv_says(said: str, package: str | None) -> None:
    assert package_without_wheel(said) == package


def test_versions_of_python_with_the_same_answers_share_a_line() -> None:
    found = {(p, v, i): set[str]() for p in PLATFORMS for v in PYTHONS for i in INSTALLATIONS}
    found["macOS 13 or newer, Arm", "3.13", "`all`"] = {"openvino", "nvidia-cublas", "nvidia-nvvm"}
    lines = page(found).splitlines()
    pythons = "3.11 (tested), 3.12 (tried), 3.13 (tried)"
    assert f"| Linux, x86-64, glibc 2.28 or newer | {pythons} | yes | yes | yes | yes | yes |" in lines
    assert "| Linux, Arm, glibc 2.35 or newer | 3.11, 3.12, 3.13 | yes | yes | yes | yes | yes |" in lines
    assert "| macOS 13 or newer, Arm | 3.11, 3.12 | yes | yes | yes | yes | yes |" in lines
    assert "| macOS 13 or newer, Arm | 3.13 | yes | yes | yes | no wheel: nvidia-*, openvino | yes |" in lines


def test_the_page_is_made_with_these_words_and_the_tests_run_where_it_says() -> None:
    written = (ROOT / "docs" / "platforms.md").read_text()
    everywhere = {(p, v, i): set[str]() for p in PLATFORMS for v in PYTHONS for i in INSTALLATIONS}
    assert list(_words(written)) == list(_words(page(everywhere))), "run python -m deploy.platforms"
    assert TESTED[1] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert cell(set()) == "yes"


def _words(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if not line.startswith("|"))


def test_without_uv_the_command_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failed, match="uv is not installed: run `make install`"):
        find_uv(tmp_path)
