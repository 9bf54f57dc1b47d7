"""The ANN index of a LanceDB table: in step with writes, built beside them, and passed over when it is damaged."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike import launch
from lookalike.errors import IndexBusy, WorkerStopping
from lookalike.index import AnnState, Index, IndexOptions, list_indexes, open_index, open_version, open_versions
from lookalike.index.annotation import Annotation
from lookalike.index.lancedb import ann, building
from lookalike.index.lancedb.ann_files import AnnFiles
from lookalike.index.lancedb.catalog import Catalog
from lookalike.index.lancedb.compaction import most_fragments
from lookalike.index.lancedb.nearest import Nearest
from lookalike.index.lancedb.tables import connect
from lookalike.records import Document, Stored, Vectors
from testing.processes import await_true, processes
from tests.index.documents import COSINE, L2, clustered_vectors, document, documents

K = 10
ROWS = 1000
OPTIONS = IndexOptions(ann_rows=ROWS, retry_s=0.2)
#: So many writes of one document are compacted.
MANY = most_fragments(ROWS) + 1
#: In the footer of a file: the number of its buffers.
BUFFERS = slice(-16, -12)
QUERIES = clustered_vectors(20, seed=1)


@pytest.fixture
def index(folder: Path) -> Index:
    """ROWS documents and their ANN index."""
    index = open_index(f"lancedb://{folder}", "images", options=OPTIONS)
    index.ensure(COSINE)
    index.write(documents(ROWS))
    build(folder)
    return index


def build(folder: Path) -> None:
    """As the process does that `build_ann` starts."""
    building.main(folder, "images-v1", building.ALWAYS, patience_s=30)


def held(folder: Path) -> AnnState | None:
    (info,) = list_indexes(f"lancedb://{folder}")
    return info.ann


def segments(folder: Path) -> int:
    found = ann.state(connect(folder).open_table("images-v1"))
    return found.segments if found else 0


def check(index: Index, expected: dict[str, Document], queries: Vectors = QUERIES, recall: float = 0.98) -> None:
    """The answers hold stored documents only, with the scores of their present vectors, and miss few of the nearest."""
    stored = list(expected.values())
    vectors = np.stack([each.image_embedding for each in stored])
    hits = 0
    for query in queries:
        scores = vectors @ query
        nearest = {stored[position].id for position in np.argsort(-scores)[:K]}
        for exact in (False, True):
            found = index.search(query, K, exact=exact)
            assert len({match.id for match in found}) == K
            for match in found:
                assert match.score == pytest.approx(float(expected[match.id].image_embedding @ query), abs=1e-4)
            assert not exact or {match.id for match in found} == nearest
            hits += len({match.id for match in found} & nearest) if not exact else 0
    assert hits / (K * len(queries)) >= recall


def by_id(stored: list[Document]) -> dict[str, Document]:
    return {each.id: each for each in stored}


def test_it_is_built_from_a_number_of_documents_on(folder: Path) -> None:
    index = open_index(f"lancedb://{folder}", "images", options=OPTIONS)
    index.ensure(COSINE)
    index.write(documents(ROWS - 1))
    index.build_ann(60)
    assert held(folder) == AnnState(0, is_building=False)
    assert not list(folder.glob("*.building")), "who only looks creates nothing"
    index.write(documents(ROWS))
    index.build_ann(60)
    assert held(folder) == AnnState(ROWS, is_building=False)
    check(index, by_id(documents(ROWS)))


def test_it_measures_the_distance_of_the_model(folder: Path) -> None:
    index = open_index(f"lancedb://{folder}", "images", options=OPTIONS)
    index.ensure(L2)
    vectors = clustered_vectors(ROWS) * np.linspace(0, 3, ROWS, dtype=np.float32)[:, None]
    index.write([document(str(number), vector, model=L2) for number, vector in enumerate(vectors)])
    build(folder)
    hits = 0
    for query in QUERIES:
        distances = np.square(vectors - query).sum(axis=1)
        found = index.search(query, K)
        assert [match.score for match in found] == pytest.approx(
            [1 / (1 + distances[int(match.uri)]) for match in found], abs=1e-4
        )
        hits += len({int(match.uri) for match in found} & set(np.argsort(distances)[:K].tolist()))
    assert hits / (K * len(QUERIES)) >= 0.98


def test_it_is_in_step_with_writes_deletions_and_annotations(index: Index, folder: Path) -> None:
    expected = by_id(documents(ROWS))
    new = [document(f"/new/{i}", vector) for i, vector in enumerate(clustered_vectors(100, seed=2))]
    moved = [
        replace(each, image_embedding=vector, content_sha256="d" * 64)
        for each, vector in zip(documents(ROWS)[:300], clustered_vectors(300, seed=3), strict=True)
    ]
    gone = documents(ROWS)[300:500]
    index.write(new)
    index.write(moved)
    index.delete([each.id for each in gone])
    expected |= by_id(new) | by_id(moved)
    for each in gone:
        del expected[each.id]
    steps: list[Callable[[], object]] = [
        lambda: None,
        index.end_load,
        lambda: annotate_all(index, moved),
        lambda: list(index.optimize()),
    ]
    for step in steps:
        step()
        check(index, expected)
        # The former vectors of documents that moved, or that are gone, find the documents that are there now.
        check(index, expected, np.stack([each.image_embedding for each in documents(ROWS)[290:310]]))
    assert held(folder) == AnnState(len(expected), is_building=False)
    assert {match.name for match in index.search(QUERIES[0], 5, {"metadata.seen": "yes"})} == {"renamed"}


def annotate_all(index: Index, changed: list[Document]) -> None:
    stored = index.stored([each.id for each in changed])
    notes = {id: annotation(seen) for id, seen in stored.items()}
    assert len(index.annotate(notes).done) == len(changed)


def annotation(seen: Stored) -> Annotation:
    return Annotation(seen, "renamed", {"seen": "yes"}, etag="", chunk="job/2", ingested_at="2026-01-03T00:00:00+00:00")


def test_many_later_writes_neither_pile_up_nor_wait_for_it(index: Index, folder: Path) -> None:
    expected = by_id(documents(ROWS))
    for number in range(MANY + 10):
        new = document(f"/later/{number}", clustered_vectors(1, seed=100 + number)[0])
        index.write([new])
        expected[new.id] = new
    check(index, expected)
    table = connect(folder).open_table("images-v1")
    assert table.stats()["fragment_stats"]["num_fragments"] <= MANY + segments(folder)
    assert segments(folder) == 2


def test_it_is_built_anew_when_most_documents_came_later(
    index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ann, "MOST_WAITING", 10)
    expected = by_id(documents(ROWS))
    for part, is_due in enumerate((False, True)):
        later = clustered_vectors(ROWS * 2 // 3, seed=part + 2)
        new = [document(f"/later/{part}/{number}", vector) for number, vector in enumerate(later)]
        index.write(new)
        index.end_load()
        expected |= by_id(new)
        assert held(folder) == AnnState(len(expected), is_building=False)
        assert ann.is_due(connect(folder).open_table("images-v1"), ROWS) == is_due
    building.main(folder, "images-v1", ROWS, patience_s=30)
    assert segments(folder) == 1 and not ann.is_due(connect(folder).open_table("images-v1"), ROWS)
    check(index, expected)


def test_a_few_new_documents_wait_for_more(index: Index, folder: Path) -> None:
    new = [document(f"/new/{i}", vector) for i, vector in enumerate(clustered_vectors(100, seed=2))]
    index.write(new)
    index.end_load()
    assert held(folder) == AnnState(ROWS, is_building=False)
    check(index, by_id(documents(ROWS) + new))


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_under_a_filter_it_finds_the_nearest_that_meet_it(folder: Path, share: float) -> None:
    index = open_index(f"lancedb://{folder}", "images", options=OPTIONS)
    index.ensure(COSINE)
    vectors = clustered_vectors(2000)
    # The documents that are kept lie together, far from most queries.
    order = np.argsort(np.argsort(vectors[:, 0])) / len(vectors)
    written = [document(str(i), vectors[i], metadata={"place": float(order[i])}) for i in range(len(vectors))]
    index.write(written)
    build(folder)
    kept = [each for each in written if float(str(each.metadata["place"])) < share]
    near = np.stack([each.image_embedding for each in kept])
    hits = 0
    for query in QUERIES:
        nearest = {kept[position].id for position in np.argsort(-(near @ query))[:K]}
        found = {match.id for match in index.search(query, K, [f"place<{share}"])}
        assert len(found) == min(K, len(kept))
        hits += len(found & nearest)
    assert hits / (min(K, len(kept)) * len(QUERIES)) >= 0.95


def test_what_finds_fewer_than_there_are_is_asked_exactly(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    few = documents(ROWS)[:3]
    annotate_all(index, few)

    async def nothing(*_: object) -> list[object]:
        return []

    with monkeypatch.context() as patched:
        patched.setattr(Nearest, "approximately", nothing)
        check(index, by_id(documents(ROWS)), recall=1)
    monkeypatch.setattr(Nearest, "exactly", lambda *_: pytest.fail("it was asked twice"))
    for kept in (few, []):
        found = index.search(QUERIES[0], K, {"metadata.seen": "yes" if kept else "no"})
        assert {match.id for match in found} == {each.id for each in kept}


def test_writers_go_on_while_it_is_built(index: Index, folder: Path) -> None:
    expected = by_id(documents(ROWS))
    done = threading.Event()

    def build_it() -> None:
        building.run(folder, "images-v1", building.ALWAYS)
        done.set()

    thread = threading.Thread(target=build_it)
    thread.start()
    number = 0
    while not done.is_set() or number < 20:
        new = document(f"/meanwhile/{number}", clustered_vectors(1, seed=500 + number)[0])
        moved = replace(documents(ROWS)[number % 100], image_embedding=clustered_vectors(1, seed=900 + number)[0])
        index.write([new, moved])
        gone = documents(ROWS)[200 + number % 300].id
        index.delete([gone])
        expected |= {new.id: new, moved.id: moved}
        expected.pop(gone, None)
        index.search(QUERIES[0], K)
        number += 1
    thread.join()
    index.end_load()
    check(index, expected)


def versions(folder: Path) -> set[str]:
    return set(os.listdir(folder / "images-v1.lance" / "_versions"))


def killed_while_it_builds(folder: Path, before: set[str]) -> bool:
    """Whether a process was killed before it had built the ANN index, and not only afterwards."""
    command = launch.command("lookalike.index.lancedb.building", str(folder), "images-v1", str(building.ALWAYS), "60")
    with launch.start(command, stdin=subprocess.PIPE) as builder:
        while not Catalog(folder).is_building("images-v1") and builder.poll() is None:
            pass  # it builds for a moment only
        builder.send_signal(signal.SIGSTOP)
        await_true(lambda: has_stopped(builder.pid) or builder.poll() is not None)
        is_in_the_middle = builder.returncode is None and versions(folder) == before
        builder.send_signal(signal.SIGKILL)
    return is_in_the_middle


def has_stopped(pid: int) -> bool:
    return all(
        stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in Path(f"/proc/{pid}/task").glob("*/stat")
    )


def test_a_process_that_is_killed_while_it_builds_leaves_everything_as_it_was(index: Index, folder: Path) -> None:
    # A process that was quicker has built it: then the next one is killed.
    while not killed_while_it_builds(folder, before := versions(folder)):
        pass
    assert versions(folder) == before
    assert held(folder) == AnnState(ROWS, is_building=False)
    build(folder)
    check(index, by_id(documents(ROWS)))


def test_while_it_is_built_nothing_is_compacted_and_the_table_is_not_deleted(index: Index, folder: Path) -> None:
    expected = by_id(documents(ROWS))
    with Catalog(folder).building("images-v1", 1):
        assert held(folder) == AnnState(ROWS, is_building=True)
        for number in range(MANY + 5):
            new = document(f"/meanwhile/{number}", clustered_vectors(1, seed=number)[0])
            index.write([new])
            expected[new.id] = new
        index.end_load()
        table = connect(folder).open_table("images-v1")
        assert table.stats()["fragment_stats"]["num_fragments"] == MANY + 6
        with pytest.raises(IndexBusy, match=r"(?s)is being built.*Wait until"):
            index.drop()
        with pytest.raises(IndexBusy, match=r"(?s)is being built.*Wait until"):
            open_versions(f"lancedb://{folder}", "images", options=OPTIONS).delete("images-v1")
        check(index, expected)
    index.drop()
    assert list_indexes(f"lancedb://{folder}") == []
    assert not list(folder.glob("*.building"))


def test_a_deletion_that_waits_for_a_build_stops_no_writer(index: Index, folder: Path) -> None:
    patient = open_index(f"lancedb://{folder}", "images", options=replace(OPTIONS, retry_s=60))
    waiting = threading.Thread(target=patient.drop)
    with Catalog(folder).building("images-v1", 1):
        waiting.start()
        for number in range(10):
            index.write([document(f"/meanwhile/{number}", QUERIES[0])])
    waiting.join()
    assert list_indexes(f"lancedb://{folder}") == []


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def removed(path: Path) -> None:
    shutil.rmtree(path.parent)


def enlarged(path: Path) -> None:
    """What it says about itself is too large, as in a file that made LanceDB ask for 60 GB."""
    written = bytearray(path.read_bytes())
    written[BUFFERS] = b"\xff" * 4
    path.write_bytes(written)


@pytest.mark.parametrize("damage", [emptied, cut, zeroed, removed, enlarged])
def test_a_damaged_one_is_passed_over_and_built_anew(
    index: Index, folder: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    expected = by_id(documents(ROWS))
    # It finds nothing torn, and so looks for no power cut again.
    open_index(f"lancedb://{folder}", "images", options=OPTIONS)
    for path in list((folder / "images-v1.lance" / "_indices").rglob("*.idx")):
        if path.exists():
            damage(path)
    index = open_index(f"lancedb://{folder}", "images", options=OPTIONS)
    assert ann.is_due(connect(folder).open_table("images-v1"), ROWS)
    with caplog.at_level(logging.WARNING):
        check(index, expected, recall=1)
    # One line, not one for each search.
    assert [record.getMessage().partition(" (")[0] for record in caplog.records] == [
        "images-v1: its ANN index is damaged, searching exactly"
    ]
    for number in range(MANY + 5):
        new = document(f"/later/{number}", clustered_vectors(1, seed=number)[0])
        index.write([new])
        expected[new.id] = new
    index.end_load()
    check(index, expected, recall=1)
    list(index.optimize())
    assert held(folder) == AnnState(len(expected), is_building=False)
    caplog.clear()
    check(index, expected)
    assert caplog.text == ""


def test_what_cannot_be_built_in_time_is_a_line_in_the_log(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    index = open_index(f"lancedb://{folder}", "images", options=OPTIONS)
    index.ensure(COSINE)
    index.write(documents(ROWS))
    with caplog.at_level(logging.WARNING):
        index.build_ann(0.01)
    assert "takes longer than" in caplog.text and "lookalike index optimize" in caplog.text
    assert held(folder) == AnnState(0, is_building=False)
    check(index, by_id(documents(ROWS)), recall=1)


def test_a_version_has_its_own(index: Index, folder: Path) -> None:
    versions = open_versions(f"lancedb://{folder}", "images", options=OPTIONS)
    second = open_index(f"lancedb://{folder}", "images", options=OPTIONS)
    version = versions.create(COSINE)
    filled = open_version(f"lancedb://{folder}", version, options=OPTIONS)
    other = [document(f"/other/{i}", vector) for i, vector in enumerate(clustered_vectors(ROWS, seed=7))]
    filled.write(other)
    building.main(folder, version, building.ALWAYS, patience_s=30)
    check(second, by_id(documents(ROWS)))
    versions.move(version)
    check(second, by_id(other))
    versions.move("images-v1", remember=False)
    check(second, by_id(documents(ROWS)))
    versions.delete(version)
    check(second, by_id(documents(ROWS)))


@pytest.mark.parametrize("rows", [ROWS, ROWS + 1])
def test_an_optimization_builds_a_damaged_one_anew_or_removes_it_if_it_is_not_asked_for_any_more(
    index: Index, folder: Path, rows: int, caplog: pytest.LogCaptureFixture
) -> None:
    opened = open_index(f"lancedb://{folder}", "images", options=replace(OPTIONS, ann_rows=rows))
    for path in (folder / "images-v1.lance" / "_indices").rglob("*.idx"):
        enlarged(path)
    assert AnnFiles(folder / "images-v1.lance").are_damaged()
    list(opened.optimize(segments=1000))
    assert held(folder) == AnnState(ROWS if rows == ROWS else 0, is_building=False)
    # The damaged files are still there, and the newest version tells that it does not have them any more.
    assert not AnnFiles(folder / "images-v1.lance").are_damaged()
    check(opened, by_id(documents(ROWS)))
    assert caplog.text == ""


def test_why_it_could_not_be_built_comes_with_what_helps(
    index: Index, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.move(folder / "images-v1.lance", folder / "gone")
    with caplog.at_level(logging.WARNING):
        assert not building.run(folder, "images-v1", building.ALWAYS)
    assert "was not found" in caplog.text and caplog.text.endswith(
        "mend that first, then run `lookalike index optimize`\n"
    )


def builders(home: Path) -> list[int]:
    return [pid for pid, line in processes(home).items() if building.__name__ in line]


def test_a_build_ends_with_the_process_that_waits_for_it(folder: Path) -> None:
    folder.mkdir()
    code = (
        "import sys; from pathlib import Path; from lookalike.index.lancedb import building\n"
        "building.run(Path(sys.argv[1]), 'images-v1', building.ALWAYS)"
    )
    with Catalog(folder).building("images-v1", 1):
        owner = launch.start([sys.executable, "-c", code, str(folder)], {"LOOKALIKE_HOME": str(folder)})
        await_true(lambda: builders(folder))
        owner.kill()
        owner.wait()
        await_true(lambda: not builders(folder))


def test_a_build_ends_when_whoever_waits_for_it_is_to_stop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    monkeypatch.setenv("LOOKALIKE_HOME", str(folder))

    def check() -> None:
        if builders(folder):
            raise WorkerStopping

    with Catalog(folder).building("images-v1", 1), pytest.raises(WorkerStopping):
        building.run(folder, "images-v1", building.ALWAYS, check=check)
    assert not builders(folder)
