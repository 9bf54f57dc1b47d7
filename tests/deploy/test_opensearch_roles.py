"""The roles of deploy/opensearch hold only documented permissions, and each gets a user of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from lookalike.index.opensearch.aliases import WRITE_SUFFIX, write_alias_of
from testing.processes import ROOT
from testing.services.stub_servers import StubSecurityApi
from testing.services.tls import Authority, TlsProxy

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


HELD: dict[str, Any] = json.loads((FOLDER / "roles.json").read_text())


def allowed(role: str) -> set[str]:
    (permissions,) = HELD[role]["index_permissions"]
    return set(permissions["allowed_actions"])


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_has_only_documented_permissions(role: str) -> None:
    held = HELD[role]
    assert set(held) == {"description", "cluster_permissions", "index_permissions"}
    assert set(held["cluster_permissions"]) <= CLUSTER
    assert all(any(fnmatchcase(name, action) for name in READING | WRITING) for action in allowed(role))


def test_the_reader_cannot_change_anything() -> None:
    assert allowed("lookalike_reader") <= READING
    permissions = HELD["lookalike_reader"]["cluster_permissions"]
    assert permissions == [f"indices:data/read/{name}" for name in ("mget", "scroll", "scroll/clear")]


def test_the_writer_has_every_permission_of_the_reader() -> None:
    assert allowed("lookalike_reader") < allowed("lookalike_writer")


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_patterns_cover_every_name_of_an_index_and_no_other_index(role: str) -> None:
    (permissions,) = HELD[role]["index_permissions"]
    names = ["images", "images-v1", write_alias_of("images-v12")]
    assert names[2].endswith(WRITE_SUFFIX)
    for name in names:
        assert any(fnmatchcase(name, pattern) for pattern in permissions["index_patterns"])
    for name in ("other", "images2", ".opendistro_security"):
        assert not any(fnmatchcase(name, pattern) for pattern in permissions["index_patterns"])


@dataclass
class Cluster:
    """An OpenSearch with TLS that only keeps what it is sent: no package registry has the security plugin."""

    url: str
    authority: Path
    api: StubSecurityApi

    def make_accounts(self, authority: Path | None = None) -> "subprocess.CompletedProcess[str]":
        passwords = {f"{name}_PASSWORD": f"hunter2-{name}" for name in ("ADMIN", "WRITER", "READER")}
        environment = {"INDEX_URL": self.url, "CA_CERTS": str(authority or self.authority), **passwords}
        command = [sys.executable, "-I", str(FOLDER / "accounts.py")]
        return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    authority = Authority(tmp_path)
    with StubSecurityApi() as api, TlsProxy(authority.server(), api.port) as proxy:
        yield Cluster(f"https://localhost:{proxy.port}", authority.file, api)


def test_every_role_gets_a_user_with_its_own_password(cluster: Cluster) -> None:
    done = cluster.make_accounts()
    assert done.returncode == 0, done.stderr
    sent = {path.removeprefix("/_plugins/_security/api/"): body for path, body in cluster.api.received}
    assert set(sent) == {f"{kind}/{role}" for kind in ("roles", "internalusers", "rolesmapping") for role in ROLES}
    for role in ROLES:
        assert sent[f"roles/{role}"] == HELD[role] and sent[f"rolesmapping/{role}"] == {"users": [role]}
    passwords = [sent[f"internalusers/{role}"]["password"] for role in sorted(ROLES)]
    assert passwords == ["hunter2-READER", "hunter2-WRITER"]
    assert "hunter2" not in done.stdout + done.stderr


def test_a_refusal_ends_with_one_line(cluster: Cluster) -> None:
    cluster.api.status = 401
    done = cluster.make_accounts()
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "401" in done.stderr


def test_a_server_of_another_authority_gets_no_password(cluster: Cluster, tmp_path: Path) -> None:
    done = cluster.make_accounts(Authority(tmp_path, "other").file)
    assert done.returncode == 1 and "does not answer" in done.stderr and cluster.api.received == []
