"""The files and settings that SECURITY.md names exist."""

import re

import pytest

from lookalike.settings import PREFIX, Settings
from testing.processes import ROOT

TEXT = (ROOT / "SECURITY.md").read_text()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"(?:tests|deploy)/[\w/.]*\w", TEXT))))
def test_the_paths_in_the_security_page_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_settings_in_the_security_page_exist() -> None:
    named = {name.removeprefix(PREFIX).lower() for name in re.findall(rf"{PREFIX}\w+", TEXT)}
    assert named and named <= set(Settings.model_fields)
