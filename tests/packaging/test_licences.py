"""Everything that an extra installs has a known licence that fits."""

from pathlib import Path

import pytest

from deploy.licences.extras import ALWAYS
from deploy.licences.known import is_allowed
from deploy.licences.packages import contents_of, copyleft_texts, licence_of
from deploy.licences.page import page
from deploy.licences.table import Row, rows, surprises
from deploy.locks import read_lock
from testing.processes import ROOT


@pytest.fixture(scope="module")
def table() -> list[Row]:
    return rows(ROOT)


def test_no_package_of_any_extra_has_a_licence_that_is_unknown_or_does_not_fit(table: list[Row]) -> None:
    assert list(surprises(table)) == []


def test_the_page_of_licences_is_that_of_these_packages(table: list[Row]) -> None:
    assert (ROOT / "docs" / "licences.md").read_text() == page(table), "run python -m deploy.licences"


def test_the_table_has_every_locked_package_but_those_of_the_tests(table: list[Row]) -> None:
    locks = [lock for lock in ROOT.glob("requirements*.lock") if lock.name != "requirements-test.lock"]
    assert len(locks) > 8
    assert {package.name for lock in locks for package in read_lock(lock)} <= {row.package for row in table}


@pytest.mark.parametrize(
    ("package", "extras"),
    [("celery", {ALWAYS}), ("pillow", {"models"}), ("keras", {"worker"}), ("backports-zstd", {"models", "parquet"})],
)
def test_a_package_has_the_smallest_extras_that_install_it(table: list[Row], package: str, extras: set[str]) -> None:
    assert {row.package: row.extras for row in table}[package] == extras


@pytest.mark.parametrize(
    ("expression", "extras", "fits"),
    [
        ("MIT", {"api"}, True),
        ("MIT AND GPL-3.0-only", {"api"}, False),
        ("MIT OR GPL-3.0-only", {"api"}, True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", {"api"}, True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"api"}, False),
        ("AGPL-3.0-only", {"api"}, False),
        ("SSPL-1.0", {"embedded"}, False),
        ("LGPL-3.0-or-later", {"api"}, False),
        ("LicenseRef-NVIDIA-Proprietary", {"gpu"}, True),
        ("LicenseRef-NVIDIA-Proprietary", {"gpu", "api"}, False),
        ("no such licence", {"api"}, False),
        ("", {"api"}, False),
    ],
)
def test_an_expression_is_allowed_if_what_it_asks_for_is(expression: str, extras: set[str], fits: bool) -> None:
    assert is_allowed(expression, frozenset(extras)) is fits


def test_a_package_with_the_gpl_in_it_is_a_surprise() -> None:
    """pillow-heif, which only the tests install, has an encoder under the GPL."""
    licence, contents = licence_of("pillow-heif"), contents_of("pillow-heif")
    assert any(name.startswith("x265") for name in contents)
    row = Row("pillow-heif", licence, frozenset({"models"}), contents, (), is_installed=True)
    assert any("contains x265" in line for line in surprises([row]))


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an installed package whose metadata say nothing clear, with the GPL, a library and a server in it."""
    info = tmp_path / "strange-1.dist-info"
    info.mkdir()
    files = {
        "strange-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: strange\nVersion: 1\nLicense: as you like\n",
        "strange-1.dist-info/COPYING": "        GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\n",
        "strange/redis-server": "",
        "strange.libs/librare-0123abcd.so.1": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in files))
    monkeypatch.syspath_prepend(str(tmp_path))
    return "strange"


def test_a_package_that_is_unclear_or_holds_something_else_is_a_surprise(strange: str) -> None:
    contents, texts = contents_of(strange), copyleft_texts(strange)
    row = Row(strange, licence_of(strange), frozenset({"api"}), contents, tuple(texts), is_installed=True)
    assert list(surprises([row])) == [
        "strange: no clear licence. Read its licence file, and write into known.toml what it says.",
        "strange contains rare, whose licence known.toml does not name.",
        "strange contains redis-server, whose licence known.toml does not name.",
        "strange has the text of a copyleft licence, which known.toml does not explain: strange-1.dist-info/COPYING",
    ]


def test_a_package_that_is_not_installed_is_said_to_be(table: list[Row]) -> None:
    missing = {row.package for row in table if not row.is_installed}
    assert {"nvidia-cublas", "colorama"} <= missing
    assert "`nvidia-cublas`" in page(table).partition("## Not installed")[2]
