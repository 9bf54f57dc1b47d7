"""A variable that nobody reads is named with the setting it was meant for."""

import re
from pathlib import Path

import pytest

from lookalike.errors import BadSetting
from lookalike.settings import read_settings, setting_names
from lookalike.variables import OTHERS, given, unknown

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("LOOKALIKE_INDEXURL", "LOOKALIKE_INDEX_URL"),
        ("LOOKALIKE_CHUNKSIZE", "LOOKALIKE_CHUNK_SIZE"),
        ("LOOKALIKE_ROOT", "LOOKALIKE_ROOTS"),
        ("LOOKALIKE_MAX_IMAGE_BYTE", "LOOKALIKE_MAX_IMAGE_BYTES"),
    ],
)
def test_a_slip_of_the_pen_is_warned_of_with_what_was_meant(
    slip: str, meant: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(slip, "x")
    read_settings()
    assert f"{slip} (environment) is no setting" in caplog.text and f"Did you mean {meant}?" in caplog.text


def test_a_slip_in_the_file_is_told_with_the_file() -> None:
    Path(".env").write_text("LOOKALIKE_INDEXURL=x\nLOOKALIKE_MODEL=vgg16\nlookalike_engine=faiss\n")
    assert given()["LOOKALIKE_MODEL"] == given()["LOOKALIKE_ENGINE"] == ".env"
    assert [concern.what for concern in unknown(given(), setting_names())] == [
        "LOOKALIKE_INDEXURL (.env) is no setting and changes nothing."
    ]


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LOOKALIKE_MODEL=vgg16\n")
    monkeypatch.setenv("LOOKALIKE_MODEL", "resnet50")
    assert given()["LOOKALIKE_MODEL"] == "environment"


def test_what_kubernetes_puts_into_every_container_is_no_slip(caplog: pytest.LogCaptureFixture) -> None:
    injected = (
        "LOOKALIKE_SERVICE_HOST",
        "LOOKALIKE_API_SERVICE_PORT",
        "LOOKALIKE_API_SERVICE_PORT_HTTP",
        "LOOKALIKE_API_PORT",
        "LOOKALIKE_API_PORT_8000_TCP",
        "LOOKALIKE_API_PORT_8000_TCP_ADDR",
    )
    assert unknown(dict.fromkeys(injected, "environment"), setting_names()) == []


def test_what_the_compose_file_reads_from_the_same_file_is_no_slip() -> None:
    read = set(re.findall(r"\$\{(LOOKALIKE_\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert read and read - OTHERS <= set(setting_names())


def test_a_file_that_cannot_be_read_is_named() -> None:
    Path(".env").write_bytes(b"LOOKALIKE_MODEL=\xff\xfe\n")
    with pytest.raises(BadSetting, match=r"\.env cannot be read: it is not UTF-8"):
        read_settings()
