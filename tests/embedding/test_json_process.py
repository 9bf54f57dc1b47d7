"""A child that gives no answer is noticed and ended."""

import resource
from pathlib import Path

import pytest

from lookalike.embedding.children import json_process

#: Waits for its standard input, and says nothing.
SILENT = "tokenize"


def _is_running() -> bool:
    children = "".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))
    return any(SILENT in Path(f"/proc/{pid}/cmdline").read_text() for pid in children.split())


def test_a_child_that_hangs_when_it_starts_is_killed() -> None:
    with pytest.raises(json_process.ChildFailed, match="no answer within 1 s"):
        json_process.start(SILENT, timeout_s=1)
    assert not _is_running()


def test_a_child_that_ends_without_an_answer_is_told_by_its_exit_code() -> None:
    with pytest.raises(json_process.ChildFailed, match="ended with 1"):
        json_process.start("no_such_module", timeout_s=60)


def test_a_child_that_the_machine_cannot_start_is_told_in_one_line() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(json_process.ChildFailed, match="cannot be started: Too many open files"):
            json_process.start(SILENT, timeout_s=1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
