"""`index promote`, `rollback` and `delete`, without a worker."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import redis

from lookalike import factories
from lookalike.errors import BadSetting, BrokerUnavailable, IndexConflict, IndexMissing, PermanentError
from lookalike.exit_codes import ExitCode, code_of
from lookalike.index import Index
from lookalike.ledger import JobState, Ledger, place_of
from lookalike.records import Basis, Chunk, Document, ImageRef, Outcome, Reason, Rejected, document_id
from lookalike.settings import Settings, read_settings
from lookalike_cli.index import delete
from lookalike_cli.promotion import promote, roll_back
from lookalike_producer.reembed import supersede
from testing.services.ports import free_port
from tests.cli.test_json_contracts import missing
from tests.index.documents import COSINE, documents

OTHER = replace(COSINE, name="other", fingerprint="d" * 16)


@pytest.fixture
def settings(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LOOKALIKE_HOME", str(tmp_path))
    monkeypatch.setenv("LOOKALIKE_BROKER_URL", redis_url)
    return read_settings()


@pytest.fixture
def index(settings: Settings) -> Iterator[Index]:
    """Three documents in the current version, three in the next one."""
    with closing(factories.open_index(settings)) as opened, closing(factories.open_versions(settings)) as versions:
        opened.ensure(COSINE)
        opened.write(documents(3))
        fill(settings, versions.create(OTHER), 3)
        yield opened


def fill(settings: Settings, physical: str, count: int) -> None:
    with closing(factories.open_index(settings, physical)) as version:
        version.write(documents(count, model=OTHER))


def open_job(settings: Settings, redis_url: str, index: str) -> tuple[Ledger, str]:
    ledger = Ledger(redis_url)
    address = settings.index_address
    return ledger, ledger.open_job(source="s", index=index, index_address=address, model=OTHER, spec="{}")


def test_a_complete_version_is_promoted_and_rolled_back(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    promote(json=True)
    assert index.version() == "images-v2"
    printed = json.loads(capsys.readouterr().out)
    assert (printed["physical"], printed["before"], printed["model"]) == ("images-v2", "images-v1", "other")
    assert missing(printed, "index promote") == []
    roll_back()
    assert index.version() == "images-v1"
    with pytest.raises(PermanentError, match="Nothing to roll back to"):
        roll_back()
    promote("images-v2")
    assert index.version() == "images-v2"
    with pytest.raises(PermanentError, match="Nothing to promote"):
        promote()


LATER = "2026-01-02T03:04:06+00:00"
MADE = documents(3)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ([documents(4)[3]], "1 added, such as '/photos/3.jpg'"),
        ([replace(MADE[1], content_sha256="f" * 64, ingested_at=LATER)], "1 changed, such as '/photos/1.jpg'"),
        ([replace(MADE[1], name="other", ingested_at=LATER)], "1 changed"),
        ([replace(MADE[1], metadata={"k": "v"}, ingested_at=LATER)], "1 changed"),
        ([replace(MADE[0], uri="/photos/moved.jpg", id=document_id("/photos/moved.jpg"))], "1 added, 1 deleted"),
        ([], "1 deleted, such as '/photos/0.jpg'"),
    ],
)
def test_a_version_that_lacks_what_changed_needs_force(index: Index, changed: list[Document], why: str) -> None:
    index.write(changed)
    if "deleted" in why:
        index.delete([MADE[0].id])
    with pytest.raises(IndexConflict, match=f"images-v2 lacks what changed in images-v1: {why}"):
        promote()
    assert index.version() == "images-v1"
    promote(force=True)
    assert index.version() == "images-v2"


def test_a_version_that_was_written_later_is_newer(index: Index, settings: Settings) -> None:
    """Its files may have changed since, and nobody has ingested them again."""
    index.write([replace(MADE[1], ingested_at=LATER)])
    newer = replace(documents(3, model=OTHER)[2], content_sha256="f" * 64, ingested_at=LATER)
    with closing(factories.open_index(settings, "images-v2")) as version:
        version.write([newer])
    promote()
    assert index.version() == "images-v2"


def reject(settings: Settings, redis_url: str, version: str, *rejected: Rejected, at: str = LATER) -> str:
    """Reject images in a job for a version; returns the job."""
    basis = Basis(rules="1", judged_at_ms=round(datetime.fromisoformat(at).timestamp() * 1000))
    ledger, job_id = open_job(settings, redis_url, version)
    chunk = Chunk(f"{job_id}/000000", job_id, tuple(ImageRef(item.uri) for item in rejected))
    ledger.open_chunk(chunk)
    outcome = Outcome(0, 0, rejected, bases={item.uri: basis for item in rejected})
    ledger.close_chunk(chunk, outcome, place=place_of(settings.index_address, version))
    ledger.fail(job_id, "over")
    ledger.close()
    return job_id


def test_an_image_that_the_new_version_rejected_is_not_missed(index: Index, settings: Settings, redis_url: str) -> None:
    index.write(documents(5)[3:])
    reject(settings, redis_url, "images-v2", Rejected("/photos/3.jpg", Reason.NOT_FOUND))
    reject(settings, redis_url, "images-v2", Rejected("/photos/4.jpg", Reason.TRUNCATED))
    with pytest.raises(IndexConflict, match=r"1 added, such as '/photos/3.jpg'\.\n.*sync --delete"):
        promote()
    index.delete([document_id("/photos/3.jpg")])
    promote()
    assert index.version() == "images-v2"


def test_an_image_that_was_repaired_after_the_new_version_rejected_it_is_missed(
    index: Index, settings: Settings, redis_url: str
) -> None:
    reject(settings, redis_url, "images-v2", Rejected("/photos/3.jpg", Reason.TRUNCATED))
    index.write([replace(documents(4)[3], ingested_at="2026-01-02T03:04:07+00:00")])
    with pytest.raises(IndexConflict, match="1 added"):
        promote()


def test_rejections_follow_the_name(index: Index, settings: Settings, redis_url: str) -> None:
    reasons = {"cut": Reason.TRUNCATED, "vector": Reason.BAD_VECTOR, "both": Reason.EMPTY, "gone": Reason.NOT_FOUND}
    old = reject(settings, redis_url, "images-v1", *(Rejected(uri, reason) for uri, reason in reasons.items()))
    new = reject(settings, redis_url, "images-v2", Rejected("both", Reason.CORRUPT))
    # The old version kept a document of this one, and the new one could read the file.
    reject(settings, redis_url, "images-v1", Rejected("/photos/0.jpg", Reason.UNREADABLE, kept=True))
    places = [place_of(settings.index_address, version) for version in ("images-v1", "images-v2")]
    with closing(Ledger(redis_url)) as ledger:
        promote()
        assert [set(ledger.recorded(place)) for place in places] == [{"vector"}, {"cut", "both", "gone"}]
        assert {item.uri for item in ledger.rejected(old)} == {"vector", "cut", "gone"}
        assert [item.reason for item in ledger.rejected(new)] == [Reason.CORRUPT]
        roll_back()
        assert [set(ledger.recorded(place)) for place in places] == [{"vector", "cut", "both", "gone"}, set()]


@pytest.mark.parametrize("name", ["images", "images-v2"])
def test_nothing_moves_while_a_job_writes(index: Index, settings: Settings, redis_url: str, name: str) -> None:
    ledger, job_id = open_job(settings, redis_url, name)
    for move in (promote, roll_back):
        with pytest.raises(IndexConflict, match=f"{job_id} is writing to {name}"):
            move()
    ledger.fail(job_id, "over")
    promote()
    assert index.version() == "images-v2"
    ledger.close()


def test_a_killed_job_blocks_only_while_it_has_work_left(index: Index, settings: Settings, redis_url: str) -> None:
    ledger, job_id = open_job(settings, redis_url, "images-v2")
    ledger.open_chunk(Chunk(f"{job_id}/000000", job_id, (ImageRef("/a.jpg"),)))
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"lookalike:ledger:producer:{job_id}")
        with pytest.raises(IndexConflict, match=job_id):
            promote()
        client.delete(f"lookalike:ledger:outstanding:{job_id}")
    promote()
    assert index.version() == "images-v2"
    ledger.close()


def test_a_later_reembed_ends_earlier_ones(index: Index, settings: Settings, redis_url: str) -> None:
    ledger, job_id = open_job(settings, redis_url, "images-v2")
    _, other = open_job(settings, redis_url, "others-v2")
    ledger.open_chunk(Chunk(f"{job_id}/000000", job_id, (ImageRef("/a.jpg"),)))
    supersede(ledger, settings.model_copy(update={"index": "images-v2"}))
    assert (ledger.job(job_id).state, ledger.job(other).has_ended) == (JobState.FAILED, False)
    promote()
    assert index.version() == "images-v2"
    ledger.close()


def test_a_job_of_another_index_address_does_not_block(index: Index, settings: Settings, redis_url: str) -> None:
    ledger = Ledger(redis_url)
    ledger.open_job(source="s", index="images-v2", index_address="lancedb:///other", model=OTHER, spec="{}")
    promote()
    assert index.version() == "images-v2"
    ledger.close()


def test_without_a_broker_a_promotion_needs_force(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_BROKER_URL", f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(BrokerUnavailable, match="--force") as away:
        promote()
    assert code_of(away.value) is ExitCode.UNAVAILABLE
    promote(force=True)
    assert index.version() == "images-v2"


def test_a_version_in_bulk_load_mode_is_refused(
    opensearch_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_INDEX_URL", opensearch_url)
    settings = read_settings()
    with closing(factories.open_index(settings)) as index, closing(factories.open_versions(settings)) as versions:
        index.ensure(COSINE)
        with closing(factories.open_index(settings, versions.create(OTHER))) as version:
            version.begin_load()
            with pytest.raises(IndexConflict, match="lookalike index restore images-v2"):
                promote()
            version.end_load()
        promote()
        assert index.version() == "images-v2"


def test_a_version_of_another_index_is_not_promoted(index: Index) -> None:
    with pytest.raises(BadSetting, match="not a version of index other"):
        promote("images-v2", index="other")
    with pytest.raises(BadSetting, match="not a version of an index"):
        promote("images")
    with pytest.raises(PermanentError, match="images-v9"):
        promote("images-v9")


def test_deleting_the_current_version_needs_force(index: Index) -> None:
    with pytest.raises(IndexConflict, match="images-v1 is the current version"):
        delete("images-v1", yes=True)
    assert index.count() == 3
    delete("images-v1", yes=True, force=True)
    with pytest.raises(IndexMissing):
        index.count()


def test_an_old_version_or_a_whole_index_is_deleted(index: Index, settings: Settings, redis_url: str) -> None:
    promote()
    reject(settings, redis_url, "images-v1", Rejected("/cut.jpg", Reason.TRUNCATED))
    delete("images-v1", yes=True)
    with closing(Ledger(redis_url)) as ledger:
        assert list(ledger.recorded(place_of(settings.index_address, "images-v1"))) == []
    assert [info.version for info in factories.list_indexes(settings)] == ["images-v2"]
    with closing(factories.open_versions(settings)) as versions:
        versions.create(COSINE)
    delete("images", yes=True)
    assert factories.list_indexes(settings) == []
    for name in ("images", "images-v2"):
        with pytest.raises(IndexMissing, match=name):
            delete(name, yes=True)
