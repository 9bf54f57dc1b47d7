"""Which variables our processes keep."""

import pytest

from lookalike.environment import KNOWN, kept
from tests.library_variables import ALL, KEPT

#: They stay, so that they are refused: without them, another store would be asked.
ADDRESSES = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT"}
#: Any value is kept: what libraries make of a wrong one is harmless.
UNCHECKED = ADDRESSES | {"LANG", "LC_COLLATE", "TERM", "ALL_PROXY"}


def test_no_variable_of_a_library_is_kept_unless_it_is_known_and_meant() -> None:
    assert len(ALL) > 350
    assert kept(ALL) == {}


@pytest.mark.parametrize(
    "name", sorted(name for name in KEPT if not name.lower().endswith("_proxy") and name not in UNCHECKED)
)
def test_a_known_variable_is_not_kept_with_a_value_that_cannot_be_meant(name: str) -> None:
    assert name in KNOWN
    assert kept({name: KEPT[name]}) == {}


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_an_address_of_a_store_is_kept_without_credentials(name: str) -> None:
    assert kept({name: "http://user:secret@127.0.0.1:1/x?key=secret"}) == {name: "http://127.0.0.1:1/x"}
    assert kept({name: "127.0.0.1:9000"}) == {name: "127.0.0.1:9000"}
    assert kept({name: "http://a b"}) == {name: "unusable"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOOKALIKE_INDEX", "images"),
        ("lookalike_index", "images"),
        ("FLOWER_BASIC_AUTH", "user:password"),
        ("REMAP_SIGTERM", "SIGQUIT"),
        ("OMP_NUM_THREADS", "4"),
        ("OMP_NUM_THREADS", "4,2"),
        ("ONEDNN_MAX_CPU_ISA", "AVX2"),
        ("CUDA_VISIBLE_DEVICES", ""),
        ("TF_CPP_MIN_LOG_LEVEL", "0"),
        ("SSL_CERT_FILE", "/etc/ssl/ours.pem"),
        ("AWS_PROFILE", "search"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/token"),
        ("AWS_CONFIG_FILE", "~/.aws/other"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000"),
        ("AWS_ENDPOINT_URL_S3", "https://[::1]:9000/minio"),
        ("AWS_ALLOW_HTTP", "true"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/etc/key.json"),
        ("AZURE_STORAGE_SAS_TOKEN", "sv=2024&sig=abc"),
        ("TZ", "Asia/Tokyo"),
        ("DISPLAY", ":0"),
        ("DISPLAY", "localhost:10.0"),
        ("DISPLAY", "/private/tmp/launchd/org.xquartz:0"),
        ("WAYLAND_DISPLAY", "wayland-0"),
        ("XAUTHORITY", "/run/user/1000/xauth"),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/tmp/dbus-a,guid=0f"),
        ("XDG_RUNTIME_DIR", "/run/user/1000"),
        ("XDG_CURRENT_DESKTOP", "ubuntu:GNOME"),
        ("LC_ALL", "de_DE.ISO-8859-1"),
    ],
)
def test_a_variable_that_people_set_on_purpose_is_kept(name: str, value: str) -> None:
    assert kept({name: value}) == {name: value}


def test_search_paths_lose_the_working_folder() -> None:
    given = {
        "PATH": ":/usr/bin:bin:.:/bin",
        "LD_LIBRARY_PATH": "lib:/opt/lib:",
        "LD_PRELOAD": "./a.so libjemalloc.so.2",
    }
    assert kept(given) == {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "/opt/lib", "LD_PRELOAD": "libjemalloc.so.2"}


def test_people_keep_further_variables_by_name_or_by_their_beginning() -> None:
    more = {"LOOKALIKE_KEEP_ENV": "XLA_FLAGS, LANCE_*,*", "XLA_FLAGS": "--x", "LANCE_IO_THREADS": "4"}
    assert kept(more | {"CELERY_BROKER_URL": "redis://other", "RUST_LOG": "debug"}) == more


@pytest.mark.parametrize("given", ["", "internal.example", "localhost, internal.example", "*"])
def test_this_machine_is_never_behind_a_proxy(given: str) -> None:
    found = kept({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": given})
    assert found["NO_PROXY"] == found["no_proxy"]
    hosts = found["NO_PROXY"].split(",")
    assert set(hosts) == {"localhost", "127.0.0.1", "::1", *filter(None, given.split(", "))}
    assert len(hosts) == len(set(hosts))


def test_without_a_proxy_nothing_is_added() -> None:
    assert kept({"NO_PROXY": "internal.example"}) == {"NO_PROXY": "internal.example"}
