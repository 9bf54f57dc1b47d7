"""Which URLs and names are accepted, and which libraries are imported for them."""

import subprocess
import sys

import pytest

from lookalike.errors import BadSetting
from lookalike.index import IndexOptions, list_indexes, open_index


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/x",
        "/a/b",
        "",
        "lancedb://relative/path",
        "lancedb:relative",
        "http://",
        "http://[bad",
        "http://u:secret@h:99999",
        "https://u:secret@h:port",
        "https://u:1/secret@h",
    ],
)
def test_an_invalid_url_is_rejected_and_the_error_has_no_password(url: str) -> None:
    for use in (lambda: open_index(url, "images"), lambda: list_indexes(url)):
        with pytest.raises(BadSetting) as error:
            use()
        assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["http://u:secret@example.invalid", "http://u:secret@192.0.2.1:9200"])
def test_a_password_is_not_sent_to_another_machine_unencrypted(url: str) -> None:
    with pytest.raises(BadSetting, match="unencrypted") as error:
        open_index(url, "images")
    assert "secret" not in str(error.value)
    open_index(url, "images", options=IndexOptions(insecure=True)).close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_password_may_be_sent_unencrypted_on_this_machine(host: str) -> None:
    open_index(f"http://u:secret@{host}:9200", "images").close()


@pytest.mark.parametrize("name", ["", "Images", "_x", "a/b", "../x", "a*", "a,b", "images-v1", "x" * 101, "a\n"])
def test_an_invalid_index_name_is_rejected(name: str) -> None:
    with pytest.raises(BadSetting):
        open_index("lancedb:///nowhere", name)


def test_only_the_client_library_that_is_needed_is_imported() -> None:
    program = (
        "import sys; from lookalike.index import open_index; heavy = {'lancedb', 'pyarrow', 'opensearchpy'};"
        "assert not heavy & set(sys.modules); open_index('http://localhost', 'a');"
        "assert heavy & set(sys.modules) == {'opensearchpy'}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_lancedb_a_folder_index_names_the_extra_to_install() -> None:
    program = (
        "import sys; sys.modules['lancedb'] = None\n"
        "from lookalike.index import list_indexes, open_index, open_versions\n"
        "from lookalike.errors import MissingExtra\n"
        "for use in (open_index, open_versions, lambda url, name: list_indexes(url)):\n"
        "    try: use('lancedb:///x', 'a')\n"
        "    except MissingExtra as error: print(error.needed_by, error.extra)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["An index in a LanceDB folder embedded"] * 3
