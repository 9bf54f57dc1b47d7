"""The committed pages of docs/reference are what the code says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import pytest

from documentation.reference import commands, pages, python, settings
from documentation.reference.page import RENEW, MeaningMissing, meaning, table
from documentation.reference.signatures import signature
from lookalike.settings import Settings


def test_the_committed_pages_are_what_the_code_says() -> None:
    differing = pages.differing(pages.texts())
    assert differing == [], f"These pages of docs/reference differ from the code: {differing}. Renew them: {RENEW}"


def test_what_has_no_meaning_is_refused_with_the_place_to_write_it() -> None:
    with pytest.raises(MeaningMissing) as refused:
        meaning(" \n", "LOOKALIKE_SIZE", settings.FIELDS)
    assert str(refused.value) == (
        "LOOKALIKE_SIZE has no meaning: write it in the description of its field in lookalike/settings.py."
    )


def test_a_setting_without_a_group_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "GROUPS", settings.GROUPS | {"Model": ("model",)})
    with pytest.raises(MeaningMissing, match="LOOKALIKE_WEIGHTS is in no group: add it to GROUPS"):
        settings.page()


def test_the_default_of_a_setting_is_written_as_it_would_be_set() -> None:
    shown = {name: settings.default(field) for name, field in Settings.model_fields.items()}
    assert shown["roots"] == '`["/"]`' and shown["gpu_decoding"] == "`false`" and shown["search_timeout_s"] == "`10`"
    assert shown["max_upload_bytes"] == "`33554432` (32 MiB)" and shown["index_url"] == shown["compression"] == ""


def test_a_cell_of_a_table_keeps_to_its_row() -> None:
    assert table(("a", "b"), [("one | two", "three\nfour")]).splitlines()[-1] == "| one \\| two | three four |"


def test_a_text_of_the_help_is_no_markup_by_accident() -> None:
    assert (
        commands.plain("Give --index or not_found, not <a> * b.") == "Give `--index` or `not_found`, not \\<a\\> \\* b."
    )
    assert commands.plain('As in "year>=2020" and `lookalike status`.') == "As in `year>=2020` and `lookalike status`."


def test_commands_are_found_by_an_option() -> None:
    assert {"search", "index list", "failed clear"} <= set(commands.with_option("--json"))
    assert "worker" not in commands.with_option("--json")


@dataclass(frozen=True)
class Half:
    """A class with one field that has a meaning, and one that has none."""

    told: str
    """The name."""
    untold: int = 0

    @property
    def bare(self) -> int:
        return self.untold


@dataclass(frozen=True)
class Bare:
    told: str


@pytest.mark.parametrize("one", [Bare, vars(Half)["bare"], type("BareError", (MeaningMissing,), {})])
def test_a_public_name_without_a_docstring_is_refused_with_the_place_to_write_it(one: Any) -> None:
    with pytest.raises(
        MeaningMissing, match=r"^Its name has no meaning: write it in its docstring in the module [\w.]+\.$"
    ):
        python.documented("Its name", one)


def test_a_field_without_a_string_below_it_is_refused_with_the_place_to_write_it() -> None:
    with pytest.raises(MeaningMissing) as refused:
        list(python.attributes(Half))
    assert str(refused.value) == f"Half.untold has no meaning: write it in a string below it in the module {__name__}."


def _short(self: object, path: str | PathLike[str], *names: str, base: "Bare | None" = None, **more: Any) -> None: ...


def _keywords(*, limit: int = 20, metadata: Mapping[str, list["Bare"]], confirm: Callable[[int], bool]) -> list["Bare"]:
    return []


def test_a_signature_has_short_types_and_a_line_for_each_argument_if_it_is_long() -> None:
    assert signature("f", _short) == "f(path: Path, *names: str, base: Bare | None = None, **more: Any) -> None"
    assert signature("f", _keywords).splitlines() == [
        "f(",
        "    *,",
        "    limit: int = 20,",
        "    metadata: Mapping[str, list[Bare]],",
        "    confirm: Callable[[int], bool],",
        ") -> list[Bare]",
    ]
    assert signature("Half", Half) == "Half(told: str, untold: int = 0)"


def test_names_of_errors_and_settings_in_a_docstring_are_code_and_pages_are_links() -> None:
    shown = python.markdown("Raises BadSetting, `NotIndexed`. See LOOKALIKE_INDEX and docs/models.md.")
    assert shown == "Raises `BadSetting`, `NotIndexed`. See `LOOKALIKE_INDEX` and [models](../models.md)."
