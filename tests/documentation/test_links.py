"""Every link of the documentation leads to a file and an anchor of the repository."""

from pathlib import Path

import pytest

from documentation import check, pages
from documentation.build import reason
from documentation.check import faults
from documentation.links import anchors_of, links_of


def test_every_link_leads_somewhere() -> None:
    assert list(faults()) == []


def test_code_has_no_links() -> None:
    text = "a [b](c.md) `[d](e.md)`\n\n    [f](g.md)\n\n```\n[h](i.md)\n```\n![j](k.png)\n"
    assert [(link.line, link.target) for link in links_of(text)] == [(1, "c.md"), (8, "k.png")]


def test_anchors_are_those_of_headings() -> None:
    assert anchors_of("# A & b: `c`\n\n## What's new?\n\n```\n# no\n```\n") == {"a--b-c", "whats-new"}


def test_a_link_that_leads_nowhere_is_named_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pages, check):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "docs" / "how-to").mkdir(parents=True)
    for page in (*pages.ELSEWHERE, pages.README):
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / page).write_text("# Title\n")
    (tmp_path / "README.md").write_text("# Title\n\n![a](docs/no.png) [b](CHANGELOG.md#title) [c](#no)\n")
    (tmp_path / "docs" / "index.md").write_text(
        "[a](../README.md#no)\n[b](how-to)\n[c](http://a.example)\n[d](https://nowhere/)\n[e](https://a.example/#b)\n"
    )
    (tmp_path / "docs" / "forgotten.md").write_text(
        "1. A\n\n   ```sh\n   b\n   ```\n\n2. C\n\n    ```sh\n    d\n    ```\n"
    )
    assert list(faults()) == [
        "README.md:3: docs/no.png: there is no file docs/no.png",
        "README.md:3: #no: README.md has no such anchor",
        "docs/forgotten.md:3: indent this block, as all of its list, by 4 spaces",
        "docs/index.md:1: ../README.md#no: README.md has no such anchor",
        "docs/index.md:2: how-to: a folder without a README.md is not a page",
        "docs/index.md:3: http://a.example: write https:// and a host",
        "docs/index.md:4: https://nowhere/: write https:// and a host",
        "docs/forgotten.md: add it to `nav` of documentation/zensical.toml",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[project\n", "cannot be read: "),
        ("[other]\n", "write the menu as a list `nav` in the table [project]"),
        ("project = 5\n", "write the menu as a list `nav` in the table [project]"),
    ],
)
def test_a_broken_menu_is_one_line(text: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "CONFIG", tmp_path / "zensical.toml")
    check.CONFIG.write_text(text)
    (line,) = faults()
    assert line.startswith(f"documentation/zensical.toml: {fault}") and "\n" not in line


def test_of_a_traceback_only_the_error_is_told() -> None:
    traceback = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    b()\n'
    assert reason(f"Build started\n{traceback}RuntimeError: no template\n{traceback}") == "RuntimeError: no template"
    assert reason("\nError: Unknown nav item\n\n") == "Error: Unknown nav item"
