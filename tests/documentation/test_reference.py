"""The committed pages of docs/reference are what the code says."""

import pytest

from documentation.reference import commands, pages, settings
from documentation.reference.page import RENEW, MeaningMissing, meaning, table
from lookalike.settings import Settings


def test_the_committed_pages_are_what_the_code_says() -> None:
    differing = pages.differing(pages.texts())
    assert differing == [], f"docs/reference differs from the code. Renew it: {RENEW}"


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
