"""Several hosts on one machine are separate, and a job survives their failures."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.scale.hosts import CUT, HEALTHY, NAMES, Place, failure_run, opened
from lookalike.ledger import JobState
from testing.services import ServiceMissing

CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close(); print('reached')"


@pytest.fixture
def place(redis_url: str, opensearch_url: str) -> Iterator[Place]:
    try:
        with opened(NAMES, redis_url, opensearch_url) as place:
            yield place
    except ServiceMissing as missing:
        if os.environ.get("CI") or os.environ.get("LOOKALIKE_REQUIRE_SERVICES"):
            pytest.fail(f"network namespaces are required here: {missing}", pytrace=False)
        pytest.skip(f"no network namespaces: {missing}")


def output(place: Place, host: str, *command: str) -> str:
    return subprocess.run(place.hosts.command(host, command), capture_output=True, text=True).stdout.strip()


def reaches(place: Place, host: str, url: str) -> bool:
    address, port = url.partition("//")[2].partition("/")[0].split(":")
    return output(place, host, sys.executable, "-c", CONNECT, address, port) == "reached"


def test_a_host_has_a_name_an_address_and_a_link_that_can_be_cut(place: Place, redis_url: str) -> None:
    assert output(place, HEALTHY, "hostname") == HEALTHY
    assert place.hosts.address_of(HEALTHY) in output(place, HEALTHY, "ip", "-br", "address", "show", "eth0")
    assert reaches(place, HEALTHY, place.broker_url) and not reaches(place, HEALTHY, redis_url)
    place.hosts.cut(CUT)
    assert not reaches(place, CUT, place.broker_url) and reaches(place, HEALTHY, place.broker_url)
    place.hosts.mend(CUT)
    assert reaches(place, CUT, place.broker_url)


def test_a_job_ends_correctly_with_a_slow_a_dead_and_a_disconnected_host(place: Place, tmp_path: Path) -> None:
    run = failure_run(place, tmp_path, before_s=3, partition_s=12, after_s=6)
    assert run.job.state is JobState.FINISHED
    assert (run.job.indexed, run.job.rejected, run.documents) == (run.job.found, 0, run.job.found)
    # The chunks of the dead host. The disconnected host may be back in time for its own.
    assert run.job.resent >= 1
