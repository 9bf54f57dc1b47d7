"""Archives as sources of `verify` and `sync`: what is gone from a readable archive is an orphan, nothing else is."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lookalike.samples import draw_samples
from testing.archives import write_tar, write_zip
from testing.processes import answer
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike
from tests.cli.test_verify import open_index


@pytest.fixture
def drawn(tmp_path: Path) -> list[bytes]:
    draw_samples(tmp_path / "sample", per_class=1)
    return [path.read_bytes() for path in sorted((tmp_path / "sample").rglob("*.*")) if path.is_file()]


def counts(environment: dict[str, str], *arguments: object, code: int = 3) -> dict[str, int]:
    """What `verify` counts, without zeros."""
    found: dict[str, Any] = answer(lookalike(environment, "verify", *arguments, "--json", code=code))
    return {status: count for status, count in found.items() if count}


def members(environment: dict[str, str], folder: Path) -> set[str]:
    """The documents of a folder, by archive and member."""
    with closing(open_index(environment)) as index:
        index.refresh()
        return {uri.removeprefix(f"{folder}/") for _, uri in index.scan(f"{folder}/")}


@one_index
def test_sync_of_archives(environment: dict[str, str], tmp_path: Path, drawn: list[bytes]) -> None:
    shards = tmp_path / "shards"
    first = {"a.jpg": drawn[0], "b.jpg": drawn[1]}
    second = {"c.jpg": drawn[2], "d.jpg": drawn[3]}
    captions = {"a.txt": b"A drawing.", "b.txt": b"long " * 2000}
    write_tar(shards / "0.tar", first | captions)
    whole = write_tar(shards / "1.tar", second).read_bytes()
    write_zip(shards / "2.zip", {"e.jpg": drawn[4]})
    lookalike(environment, "ingest", shards)
    assert counts(environment, shards, code=0) == {"present": 5}
    with closing(open_index(environment)) as index:
        assert str(index.fields()["caption"]) == "text", "a keyword holds no long one"

    # A member is gone and another one has changed, as many bytes as before; a shard is gone, and one is a page.
    longer, shorter = sorted((drawn[0], drawn[5]), key=len, reverse=True)
    padded = {longer: longer, shorter: shorter.ljust(len(longer), b"\0")}
    write_tar(shards / "0.tar", {"a.jpg": padded[drawn[0]]})
    lookalike(environment, "sync", shards)
    write_tar(shards / "0.tar", {"a.jpg": padded[drawn[5]]})
    (shards / "2.zip").unlink()
    (shards / "1.tar").write_bytes(b"<!doctype html><title>moved</title>" * 99)
    assert counts(environment, shards) == {"stale": 1, "orphaned": 2, "unreadable": 1}
    done = answer(lookalike(environment, "sync", shards, "--delete", "--yes", "--json"))
    assert (done["indexed"], done["deleted"], done["rejected"]) == (1, 2, 1)
    there = {"0.tar#a.jpg", "1.tar#c.jpg", "1.tar#d.jpg"}
    assert members(environment, shards) == there

    # Whatever an archive is that cannot be read to its end, nothing is deleted.
    cut = whole[: len(whole) // 3]
    for data in (b"", bytes(len(whole)), bytes(2**21), cut, whole[:512] + bytes(2**21)):
        (shards / "1.tar").write_bytes(data)
        for source in (shards, shards / "{0..1}.tar"):
            assert "orphaned" not in counts(environment, source), len(data)
    (shards / "1.tar").write_bytes(cut)
    done = answer(lookalike(environment, "sync", shards, "--delete", "--json"))
    assert (done["deleted"], done["rejected"]) == (0, 2), "the archive, and the member that is cut"
    assert members(environment, shards) == there
    (shards / "1.tar").unlink()
    assert counts(environment, shards / "{0..1}.tar") == {"present": 1, "unreadable": 1}
    (shards / "1.tar").write_bytes(whole)
    lookalike(environment, "sync", shards)
    assert counts(environment, shards, code=0) == {"present": 3}
