"""Every command of docs/operations.md works, or the page says what it needs."""

import re
from pathlib import Path

from lookalike.ledger import Ledger
from testing.processes import make_home
from testing.services.opensearch import OpenSearchServer
from testing.services.redis import RedisServer
from tests.operations.operator import environment, typed
from tests.operations.page import PAGE, blocks


def test_every_command_of_the_page_succeeds_in_order(
    tmp_path: Path,
    model_home: Path,
    redis_server: RedisServer,
    redis_url: str,
    opensearch_server: OpenSearchServer,
    opensearch_url: str,
    drawn: tuple[Path, Path],
) -> None:
    images, queries = drawn
    query = next(path for path in sorted(queries.rglob("*")) if path.is_file())
    home = make_home(tmp_path, model_home)
    place = environment(home, redis_url, opensearch_url, images, query, redis_server.folder)
    runnable = [block for block in blocks() if not block.needs and (opensearch_server.is_ours or not block.snapshots)]
    commands = [command for block in runnable for command in block.commands]
    said = typed(commands, place, tmp_path)
    assert said.code == 0, said.text[-3000:]
    assert "Traceback" not in said.text
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text(), log
    for word in ("worker1@", "lookalike_index_documents", "<title>", "points to images-v1"):
        assert word in said.text, word
    if opensearch_server.is_ours:
        ingested, restored = re.search(r"(\d+) indexed", said.text), said.text.partition("_restore?")[2]
        assert ingested and '"failed":0' in restored and re.search(rf"present +{ingested[1]}\b", restored)
    _check_redis(redis_server, tmp_path / "new-redis")


def _check_redis(former: RedisServer, data: Path) -> None:
    """A Redis that starts on the restored file has the jobs that the former one had."""
    with RedisServer() as server:
        server.replace_data(data)
        ledgers = [Ledger(former.url), Ledger(server.url)]
        before, restored = ([job.id for job in ledger.jobs(limit=0)] for ledger in ledgers)
    assert restored and set(restored) <= set(before)


def test_only_commands_with_a_stated_need_are_skipped() -> None:
    skipped = [block for block in blocks() if block.needs]
    assert {block.needs.partition(",")[0] for block in skipped} == {
        "needs Docker",
        "needs a cluster",
        "needs the network",
    }
    for block in skipped:
        programs = {command.split()[0] for command in block.commands if not command.startswith("#")}
        # A command that runs until it is stopped cannot be one of a row.
        allowed = {"lookalike"} if "--watch" in block.text else {"docker", "kubectl", "make", "curl", "sh"}
        assert programs <= allowed, block


def test_the_page_has_every_section_that_an_operator_needs() -> None:
    titles = re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE)
    assert titles == [
        "Install",
        "Size",
        "Run",
        "Watch",
        "Behind a proxy",
        "Scale",
        "Upgrade",
        "Back up",
        "Restore",
        "Recover",
        "Keep in step",
        "Remove",
        "A run",
    ]
