"""The services that other tests use are real, keep their data through a kill, and end with the test run."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from testing.processes import await_true
from testing.services.opensearch import OpenSearchServer, indexes, left_as_found, request
from testing.services.opensearch_docker import UNTIL_INPUT_ENDS
from testing.services.opensearch_local import UNPRIVILEGED_UID
from testing.services.ports import free_port
from testing.services.process import ServerProcess, StartFailed
from testing.services.redis import RedisServer

ROOT = Path(__file__).parent.parent
#: Variables that a pytest inside a test must not inherit from the pytest that runs the test.
NOT_INHERITED = ("CI", "LOOKALIKE_REQUIRE_SERVICES", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER")
VECTORS = {"red": [1.0, 0.0], "orange": [0.9, 0.3], "blue": [0.0, 1.0]}
METHOD = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
MAPPING = {
    "settings": {"index.knn": True, "number_of_shards": 1, "number_of_replicas": 0},
    "mappings": {"properties": {"vector": {"type": "knn_vector", "dimension": 2, "method": METHOD}}},
}


def fill(url: str, index: str) -> None:
    request(url, "PUT", f"/{index}", MAPPING)
    for name, vector in VECTORS.items():
        request(url, "PUT", f"/{index}/_doc/{name}?refresh=true", {"vector": vector})


def nearest(url: str, index: str) -> list[str]:
    query = {"query": {"knn": {"vector": {"vector": [1.0, 0.1], "k": 2}}}, "size": 2}
    return [hit["_id"] for hit in request(url, "POST", f"/{index}/_search", query)["hits"]["hits"]]


def count(url: str, index: str) -> int:
    return int(request(url, "GET", f"/{index}/_count")["count"])


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


def test_vectors_are_found_and_survive_a_kill(opensearch_server: OpenSearchServer, opensearch_url: str) -> None:
    fill(opensearch_url, "colours")
    assert nearest(opensearch_url, "colours") == ["red", "orange"]
    if not opensearch_server.is_ours:
        pytest.skip("this OpenSearch is not ours to kill")
    opensearch_server.kill()
    assert not opensearch_server.answers()
    opensearch_server.restart()
    assert opensearch_server.url == opensearch_url
    assert nearest(opensearch_url, "colours") == ["red", "orange"]


def test_reindex_delete_by_query_and_painless_are_available(opensearch_url: str) -> None:
    fill(opensearch_url, "colours")
    request(opensearch_url, "PUT", "/copies", MAPPING)
    copy = {"source": {"index": "colours"}, "dest": {"index": "copies"}}
    request(opensearch_url, "POST", "/_reindex?refresh=true", copy)
    assert count(opensearch_url, "copies") == len(VECTORS)
    script = {"source": "ctx._source.length = params.factor * 2", "lang": "painless", "params": {"factor": 21}}
    request(opensearch_url, "POST", "/copies/_update_by_query?refresh=true", {"script": script})
    assert request(opensearch_url, "GET", "/copies/_doc/red")["_source"]["length"] == 42
    warm = {"query": {"ids": {"values": ["red", "orange"]}}}
    request(opensearch_url, "POST", "/copies/_delete_by_query?refresh=true", warm)
    assert count(opensearch_url, "copies") == 1


def test_an_index_is_not_created_by_writing_to_it(opensearch_url: str) -> None:
    with pytest.raises(OSError, match="404"):
        request(opensearch_url, "PUT", "/typo/_doc/1", {})


def test_a_test_leaves_only_the_indexes_it_found(opensearch_server: OpenSearchServer, opensearch_url: str) -> None:
    request(opensearch_url, "PUT", "/earlier", MAPPING)
    before = indexes(opensearch_url)
    with left_as_found(opensearch_server) as url:
        request(url, "PUT", "/passing", MAPPING)
    assert indexes(opensearch_url) == before and "earlier" in before


def test_a_missing_opensearch_skips_and_says_so_in_the_last_line() -> None:
    ran = run_without_opensearch()
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("OpenSearch tests skipped: no OpenSearch answers at")


@pytest.mark.parametrize("variable", ["CI", "LOOKALIKE_REQUIRE_SERVICES"])
def test_a_missing_opensearch_fails_where_it_is_required(variable: str) -> None:
    ran = run_without_opensearch(**{variable: "1"})
    assert ran.returncode == 1
    assert "OpenSearch is required here" in ran.stdout


def run_without_opensearch(**environment: str) -> subprocess.CompletedProcess[str]:
    one = f"{__file__}::test_an_index_is_not_created_by_writing_to_it"
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    nowhere = {"OPENSEARCH_URL": f"http://127.0.0.1:{free_port()}"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", one]
    return subprocess.run(command, cwd=ROOT, env=kept | nowhere | environment, capture_output=True, text=True)


def test_redis_keeps_its_data_through_a_kill() -> None:
    with RedisServer(password='a "b/c') as server, redis.Redis.from_url(server.url) as client:
        client.set("colour", "red")
        url = server.url
        server.kill()
        assert not server.is_running
        server.restart()
        assert server.url == url
        assert client.get("colour") == b"red"


def test_redis_requires_its_password() -> None:
    with RedisServer(password="secret") as server:
        open_url = server.url.replace(":secret@", "")
        with redis.Redis.from_url(open_url) as client, pytest.raises(redis.AuthenticationError):
            client.ping()


@pytest.mark.parametrize("attempt", [1, 2])
def test_each_test_gets_an_empty_redis(redis_url: str, attempt: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("attempt", attempt)


def test_a_server_that_ends_at_once_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    process = ServerProcess(["/bin/sh", "-c", "echo no room; exit 3"], tmp_path)
    with pytest.raises(StartFailed, match=r"(?s)code 3.*no room"):
        process.await_ready(lambda: False, timeout_s=20)
    process.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has process guards")
@pytest.mark.parametrize("uid", [None, UNPRIVILEGED_UID])
def test_no_server_outlives_a_run_that_is_killed(tmp_path: Path, uid: int | None) -> None:
    if uid is not None and os.getuid() != 0:
        pytest.skip("only root can start a server as another user")
    program = (
        "import sys, time; from pathlib import Path; from testing.services.process import ServerProcess\n"
        f"server = ServerProcess([{shutil.which('sleep')!r}, '300'], Path(sys.argv[1]), {uid})\n"
        "server.await_ready(lambda: b'sleep' in Path(f'/proc/{server.pid}/comm').read_bytes(), 10)\n"
        "print(server.pid, flush=True); time.sleep(300)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        pid = int(run.stdout.readline())
        assert not has_ended(pid)
        run.kill()
        await_true(lambda: has_ended(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="the bash of macOS is older than that of the image")
@pytest.mark.parametrize("end", ["our end", "a stop", "its own end"])
def test_a_container_ends_with(end: str, tmp_path: Path) -> None:
    server = tmp_path / "opensearch-docker-entrypoint.sh"
    server.write_text("#!/bin/sh\necho $$\nread line < end\n")
    server.chmod(0o755)
    os.mkfifo(tmp_path / "end")
    command = ["bash", "-c", UNTIL_INPUT_ENDS]
    with subprocess.Popen(command, cwd=tmp_path, stdin=-1, stdout=-1, start_new_session=True) as container:
        assert container.stdin and container.stdout
        pid = int(container.stdout.readline())
        if end == "our end":
            container.stdin.close()
        elif end == "a stop":
            container.send_signal(signal.SIGTERM)
        else:
            (tmp_path / "end").write_text("now\n")
        try:
            container.wait(60)
        finally:
            container.kill()
        assert has_ended(pid)
