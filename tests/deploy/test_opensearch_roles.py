"""The role files of deploy/opensearch have the documented form, and only documented permissions."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from lookalike.index.opensearch.aliases import WRITE_SUFFIX, write_alias_of
from testing.processes import ROOT

FOLDER = ROOT / "deploy" / "opensearch"
ROLES = {"lookalike_writer", "lookalike_reader"}
#: Permissions that lookalike needs, from https://docs.opensearch.org/latest/security/access-control/permissions/
CLUSTER = {
    "cluster:monitor/main",
    "cluster:monitor/task/get",
    "indices:data/read/mget",
    "indices:data/read/scroll",
    "indices:data/read/scroll/clear",
    "indices:data/write/bulk",
}
READING = {
    "indices:admin/mappings/get",
    "indices:data/read/get",
    "indices:data/read/mget",
    "indices:data/read/mget*",
    "indices:data/read/search",
    "indices:data/read/search*",
}
WRITING = {
    "indices:admin/aliases",
    "indices:admin/create",
    "indices:admin/delete",
    "indices:admin/forcemerge",
    "indices:admin/get",
    "indices:admin/mapping/put",
    "indices:admin/refresh",
    "indices:admin/refresh*",
    "indices:admin/settings/update",
    "indices:data/write/bulk",
    "indices:data/write/bulk*",
    "indices:data/write/delete",
    "indices:data/write/index",
    "indices:monitor/settings/get",
    "indices:monitor/stats",
}


def entries(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    assert read.pop("_meta")["config_version"] == 2
    return read


def allowed(role: str) -> set[str]:
    (permissions,) = entries("roles.yml")[role]["index_permissions"]
    return set(permissions["allowed_actions"])


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_has_only_documented_permissions(role: str) -> None:
    held = entries("roles.yml")[role]
    assert set(held) == {"cluster_permissions", "index_permissions"}
    assert set(held["cluster_permissions"]) <= CLUSTER
    assert all(any(fnmatchcase(name, action) for name in READING | WRITING) for action in allowed(role))


def test_the_reader_cannot_change_anything() -> None:
    assert allowed("lookalike_reader") <= READING
    assert entries("roles.yml")["lookalike_reader"]["cluster_permissions"] == ["indices:data/read/mget"]


def test_the_writer_has_every_permission_of_the_reader() -> None:
    assert allowed("lookalike_reader") < allowed("lookalike_writer")


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_patterns_cover_every_name_of_an_index_and_no_other_index(role: str) -> None:
    (permissions,) = entries("roles.yml")[role]["index_permissions"]
    names = ["images", "images-v1", write_alias_of("images-v12")]
    assert names[2].endswith(WRITE_SUFFIX)
    for name in names:
        assert any(fnmatchcase(name, pattern) for pattern in permissions["index_patterns"])
    for name in ("other", "images2", ".opendistro_security"):
        assert not any(fnmatchcase(name, pattern) for pattern in permissions["index_patterns"])


def test_every_role_has_a_user_and_no_user_has_a_password() -> None:
    mapping, users = entries("roles_mapping.yml"), entries("internal_users.example.yml")
    assert set(mapping) == set(entries("roles.yml")) == ROLES
    assert {user for role in mapping.values() for user in role["users"]} == set(users)
    assert [user["hash"] for user in users.values()] == ["", ""]
