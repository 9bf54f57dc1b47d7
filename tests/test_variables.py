"""A variable that no program reads is reported with the setting that was meant; old names still work."""

import os
import re
from pathlib import Path

import pytest

from lookalike.errors import BadSetting
from lookalike.settings import Settings, read_settings, setting_names
from lookalike.variables import NOT_SETTINGS, RENAMED, TRUSTED_ONLY, check_names, given, users_file

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("misspelled", "meant"),
    [
        ("LOOKALIKE_INDEXURL", "LOOKALIKE_INDEX_URL"),
        ("LOOKALIKE_CHUNKSIZE", "LOOKALIKE_CHUNK_SIZE"),
        ("LOOKALIKE_ROOT", "LOOKALIKE_ROOTS"),
        ("LOOKALIKE_MAX_IMAGE_BYTE", "LOOKALIKE_MAX_IMAGE_BYTES"),
    ],
)
def test_a_misspelled_setting_is_reported_with_the_right_name(
    misspelled: str, meant: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(misspelled, "x")
    read_settings()
    assert f"{misspelled} (environment) is not a setting" in caplog.text and f"Did you mean {meant}?" in caplog.text


def test_a_misspelled_setting_in_the_file_is_reported_with_the_file() -> None:
    Path(".env").write_text("LOOKALIKE_INDEXURL=x\nLOOKALIKE_MODEL=vgg16\nlookalike_engine=faiss\n")
    assert given()["LOOKALIKE_MODEL"] == given()["LOOKALIKE_ENGINE"] == ".env"
    assert [diagnostic.what for diagnostic in check_names(given(), setting_names())] == [
        "LOOKALIKE_INDEXURL (.env) is not a setting and has no effect."
    ]


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LOOKALIKE_MODEL=vgg16\n")
    monkeypatch.setenv("LOOKALIKE_MODEL", "resnet50")
    assert given()["LOOKALIKE_MODEL"] == "environment"


def test_variables_that_kubernetes_sets_are_not_reported() -> None:
    injected = (
        "LOOKALIKE_SERVICE_HOST",
        "LOOKALIKE_API_SERVICE_PORT",
        "LOOKALIKE_API_SERVICE_PORT_HTTP",
        "LOOKALIKE_API_PORT",
        "LOOKALIKE_API_PORT_8000_TCP",
        "LOOKALIKE_API_PORT_8000_TCP_ADDR",
    )
    assert check_names(dict.fromkeys(injected, "environment"), setting_names()) == []


def test_variables_of_the_compose_file_are_not_reported() -> None:
    read = set(re.findall(r"\$\{(LOOKALIKE_\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert read and read - NOT_SETTINGS.keys() <= set(setting_names())


def test_a_renamed_setting_works_under_its_old_name_with_a_note(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("lookalike_deaf_after_s", "7")
    assert read_settings().stalled_after_s == 7
    assert "LOOKALIKE_DEAF_AFTER_S (environment) is now called LOOKALIKE_STALLED_AFTER_S" in caplog.text
    assert "not a setting" not in caplog.text


def test_an_old_name_in_the_file_works_and_the_new_name_wins(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Path(".env").write_text("LOOKALIKE_DEAF_AFTER_S=7\n")
    assert read_settings().stalled_after_s == 7
    monkeypatch.setenv("LOOKALIKE_STALLED_AFTER_S", "9")
    assert read_settings().stalled_after_s == 9
    assert "LOOKALIKE_DEAF_AFTER_S is ignored" in caplog.text


def test_a_bad_value_under_an_old_name_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_DEAF_AFTER_S", "soon")
    with pytest.raises(BadSetting, match="LOOKALIKE_STALLED_AFTER_S = 'soon' cannot be used"):
        read_settings()


def test_every_old_name_leads_to_a_setting() -> None:
    assert set(RENAMED.values()) <= set(setting_names()) and not set(RENAMED) & set(setting_names())


def test_a_fifo_in_the_place_of_the_file_is_refused_unopened() -> None:
    os.mkfifo(".env")
    with pytest.raises(BadSetting, match="is a FIFO"):
        read_settings()


def test_a_file_that_cannot_be_read_is_named() -> None:
    Path(".env").write_bytes(b"LOOKALIKE_MODEL=\xff\xfe\n")
    with pytest.raises(BadSetting, match=r"Cannot read .*\.env: it is not UTF-8"):
        read_settings()


@pytest.mark.parametrize("name", sorted(TRUSTED_ONLY))
def test_a_file_beside_the_images_decides_neither_about_credentials_nor_about_access(name: str) -> None:
    Path(".env").write_text(f"{name.lower()}='stranger:hunter2'\n")
    with pytest.raises(BadSetting) as refused:
        read_settings()
    told = str(refused.value)
    assert name in told and str(Path(".env").absolute()) in told and "hunter2" not in told
    assert str(users_file()) in told and "LOOKALIKE_ENV_FILE=" in told


def test_every_secret_setting_is_trusted_only() -> None:
    secrets = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert secrets and {f"LOOKALIKE_{name.upper()}" for name in secrets} <= TRUSTED_ONLY <= set(setting_names())


def test_a_file_beside_the_images_sets_the_rest() -> None:
    Path(".env").write_text("LOOKALIKE_INDEX=holiday\nLOOKALIKE_API_KEY=\nLOOKALIKE_ROOTS='[\"/srv\"]'\n")
    settings = read_settings()
    assert (settings.index, settings.roots, settings.api_key) == ("holiday", ("/srv",), None)


def test_the_environment_wins_over_a_file_that_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LOOKALIKE_API_URL=https://stranger.example\n")
    monkeypatch.setenv("LOOKALIKE_API_URL", "https://ours.example")
    assert read_settings().variables() == {}
    url = read_settings().api_url
    assert url is not None and url.get_secret_value() == "https://ours.example"


def test_the_users_own_file_sets_everything_and_the_folder_may_change_the_rest() -> None:
    file = users_file()
    assert file is not None
    file.parent.mkdir(parents=True)
    file.write_text("LOOKALIKE_API_KEY=hunter22\nLOOKALIKE_INDEX=mine\nLOOKALIKE_MODEL=vgg16\n")
    Path(".env").write_text("LOOKALIKE_INDEX=holiday\n")
    settings = read_settings()
    assert (settings.index, settings.model) == ("holiday", "vgg16")
    assert settings.api_key is not None and settings.api_key.get_secret_value() == "hunter22"
    assert given()["LOOKALIKE_API_KEY"] == str(file)
    Path(".env").write_text("LOOKALIKE_API_KEY=\n")
    with pytest.raises(BadSetting, match="LOOKALIKE_API_KEY is not accepted"):
        read_settings()


def test_a_file_that_the_user_names_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours.env").write_text("LOOKALIKE_API_URL=https://ours.example\n")
    Path(".env").write_text("LOOKALIKE_INDEX=holiday\nLOOKALIKE_API_KEY=stranger\n")
    monkeypatch.setenv("LOOKALIKE_ENV_FILE", str(tmp_path / "ours.env"))
    settings = read_settings()
    assert (settings.index, settings.api_key) == ("images", None) and settings.api_url is not None
    monkeypatch.setenv("LOOKALIKE_ENV_FILE", str(tmp_path / "none.env"))
    with pytest.raises(BadSetting, match=r"names .*none\.env, which is not a file"):
        read_settings()


def test_the_folders_file_cannot_name_another_one() -> None:
    Path("more.env").write_text("LOOKALIKE_API_URL=https://stranger.example\n")
    Path(".env").write_text("LOOKALIKE_ENV_FILE=more.env\nLOOKALIKE_KEEP_ENV=*\n")
    assert read_settings().api_url is None
