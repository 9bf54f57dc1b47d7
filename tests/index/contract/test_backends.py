"""Every backend keeps the `Backend` contract, and the scheme of a URL chooses it."""

from pathlib import Path

import pytest

from lookalike.errors import BadSetting
from lookalike.index import Backend, IndexOptions, backend_of, check_location
from lookalike.index.backends import BACKENDS
from lookalike.index.lancedb.backend import LanceDBBackend
from lookalike.index.lancedb.folder import folder_of
from lookalike.index.opensearch.backend import OpenSearchBackend


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("http://localhost:9200", OpenSearchBackend),
        ("HTTPS://user:password@example.org", OpenSearchBackend),
        ("lancedb:///some/folder", LanceDBBackend),
    ],
)
def test_the_scheme_of_a_url_chooses_the_backend(url: str, backend: type) -> None:
    assert type(backend_of(url)) is backend


def test_no_two_backends_share_a_scheme() -> None:
    schemes = [scheme for backend in BACKENDS for scheme in backend.schemes]
    assert len(schemes) == len(set(schemes))


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: type(backend).__name__)
def test_the_example_of_a_backend_is_a_url_for_it(backend: Backend) -> None:
    assert backend_of(backend.example) is backend


def test_an_unknown_scheme_is_named_with_an_example_of_every_backend() -> None:
    with pytest.raises(BadSetting, match="unknown scheme 'ftp'") as error:
        backend_of("ftp://user:secret@host/path")
    assert "secret" not in str(error.value)
    assert all(backend.example in error.value.advice for backend in BACKENDS)


def test_a_place_of_the_right_kind_passes_the_check(index_url: str) -> None:
    check_location(index_url)


def test_an_index_in_a_temporary_location_leaves_nothing_behind(index_url: str) -> None:
    backend = backend_of(index_url)
    with backend.temporary_location(index_url) as place:
        assert backend_of(place) is backend
        assert backend.list_indexes(place, IndexOptions()) == []
    assert backend.list_indexes(index_url, IndexOptions()) == []


def test_a_temporary_folder_is_removed_also_after_an_error() -> None:
    folders: list[Path] = []
    with pytest.raises(KeyError), LanceDBBackend().temporary_location("lancedb:///anywhere") as place:
        folders.append(folder_of(place))
        (folders[0] / "file").touch()
        raise KeyError
    assert not folders[0].exists()
