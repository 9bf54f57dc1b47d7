"""Settings come from the environment, and an error names the variable."""

from pathlib import Path

import pytest

from lookalike.addresses import plain_address
from lookalike.errors import BadSetting
from lookalike.index.lancedb.folder import folder_of
from lookalike.settings import Settings, read_settings
from lookalike.shown import visible


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_configured_means_the_embedded_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOOKALIKE_HOME", str(tmp_path))
    settings = read_settings()
    assert settings.broker_url is None
    assert settings.index_location == f"lancedb://{tmp_path}/index"
    assert settings.model == "efficientnet-lite0"


@pytest.mark.parametrize("name", ["a b \u5199 [c] @d 'e'", "a#b", "a?b", "a%20b", "%"])
def test_the_index_is_in_the_home_whatever_its_name_is(tmp_path: Path, name: str) -> None:
    settings = read_settings(home=tmp_path / name)
    assert folder_of(settings.index_location) == tmp_path / name / "index"


@pytest.mark.parametrize("name", ["a\nb", "a\x1bb", "a\udcffb"])
def test_a_home_that_no_database_can_open_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSetting, match="control characters") as refused:
        read_settings(home=tmp_path / name)
    assert str(refused.value).count("\n") == 1 and visible(name) in str(refused.value).replace("\\\\", "\\")


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_MODEL", "resnet50")
    assert read_settings().model == "resnet50"
    assert read_settings(model="vgg16", index=None).model == "vgg16"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_BROKER_URL", "")
    assert read_settings().broker_url is None


@pytest.mark.parametrize(("name", "value"), [("CHUNK_SIZE", "many"), ("RUNTIME", "abacus"), ("INDEX", "No Such!")])
def test_a_bad_value_is_rejected_with_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"LOOKALIKE_{name}", value)
    with pytest.raises(BadSetting, match=f"LOOKALIKE_{name}.*{value}"):
        read_settings()


def test_a_bad_name_of_an_index_is_explained_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting, match=r"^index = 'Images' cannot be used: .* lower-case letters") as error:
        read_settings(index="Images")
    assert error.value.advice == "Correct the option or argument."
    monkeypatch.setenv("LOOKALIKE_INDEX", "Images")
    with pytest.raises(BadSetting, match=r"^LOOKALIKE_INDEX = 'Images' cannot be used: .* lower-case letters") as error:
        read_settings()
    assert ".env" in error.value.advice and "pattern" not in str(error.value)


@pytest.mark.parametrize("name", ["a", "images-2", "a_b.c", "a" * 100])
def test_a_name_of_an_index_may_have_digits_and_three_other_characters(name: str) -> None:
    assert read_settings(index=name).index == name


@pytest.mark.parametrize("name", ["", "2images", "a b", "a/b", "a" * 101, "a\n"])
def test_any_other_name_of_an_index_is_rejected(name: str) -> None:
    with pytest.raises(BadSetting):
        read_settings(index=name)


def test_a_list_that_is_not_json_is_rejected_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_ROOTS", "/images")
    with pytest.raises(BadSetting, match="LOOKALIKE_ROOTS cannot be used") as error:
        read_settings()
    assert """LOOKALIKE_ROOTS='["/images", "https://images.example/"]'""" in str(error.value)


def test_neither_the_address_nor_the_printed_settings_contain_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_INDEX_URL", "https://writer:hunter2@search.example:9200")
    monkeypatch.setenv("LOOKALIKE_BROKER_URL", "redis://:hunter2@broker.example:6379/0")
    settings = read_settings()
    assert settings.index_address == "https://search.example:9200"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("password", ["hunter2", "1/hunter2", "a@hunter2", "a#hunter2", "a?hunter2"])
def test_an_address_contains_no_part_of_a_password(password: str) -> None:
    assert plain_address(f"redis://user:{password}@host:6379/0?ssl_ca_certs=x") == "redis://host:6379/0"
    assert plain_address("lancedb:///home/@user/index") == "lancedb:///home/@user/index"
    assert "hunter2" not in plain_address("hunter2")


@pytest.mark.parametrize("key", ["hunter2 ", "\thunter2", "hun\nter2"])
def test_an_api_key_that_http_cannot_carry_is_rejected_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("LOOKALIKE_API_KEY", key)
    with pytest.raises(BadSetting, match="LOOKALIKE_API_KEY cannot be used") as error:
        read_settings()
    assert "ter2" not in str(error.value)


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    "origin", ["https://shop.example", "HTTPS://Shop.Example/", " http://[::1]:8000", "*", "app://x"]
)
def test_an_origin_is_read_as_browsers_write_it(origin: str) -> None:
    (read,) = read_settings(cors_origins=(origin,)).cors_origins
    assert read == origin.strip().lower().removesuffix("/")


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/path", "https://", "https://a b", "null", ""])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(BadSetting, match="such as https://shop"):
        read_settings(cors_origins=(origin,))
