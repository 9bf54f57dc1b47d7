"""Ingest, search and read an index from Python, with both indexes."""

import copy
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import pytest
from PIL import Image, ImageOps

import lookalike
from lookalike.errors import BadSetting, Closed, IndexMissing, JobUnknown, ModelMismatch
from lookalike.records import ImageRef, Reason
from lookalike_producer.finding import SyncStatus
from tests.browser.stage import LABELS, PER_CLASS
from tests.image_index.conftest import Filled


@pytest.fixture(scope="module")
def query_file(drawn: tuple[Path, Path]) -> Path:
    return next((drawn[1] / LABELS[0]).iterdir())


def test_every_image_is_accounted_for(filled: Filled, stored: list[ImageRef]) -> None:
    report = filled.report
    assert report.found == report.indexed + report.unchanged + report.rejected == len(stored) + 1
    assert (report.indexed, dict(report.reasons)) == (len(stored), {"unsupported": 1})
    assert [(Path(item.uri).name, item.reason) for item in filled.images.rejected(report.job)] == [
        ("text.jpg", Reason.UNSUPPORTED)
    ]
    assert len(filled.images) == filled.images.count() == len(stored)


def test_a_second_ingest_of_several_sources_finds_them_unchanged(filled: Filled, drawn: tuple[Path, Path]) -> None:
    report = filled.images.ingest(drawn[0] / LABELS[1], str(drawn[0] / LABELS[2]), progress=False)
    assert report.found == report.unchanged > 0


def test_every_kind_of_query_finds_the_same(filled: Filled, query_file: Path) -> None:
    images = filled.images
    expected = images.search(query_file, k=3)
    assert len(expected) == 3 and expected[0].name == LABELS[0] and expected.took_ms > 0
    with Image.open(query_file) as opened:
        upright = ImageOps.exif_transpose(opened)
        by_image = images.search(opened, k=3)
    queries: list[Any] = [str(query_file), query_file.read_bytes(), np.asarray(upright.convert("RGB"))]
    for found in [by_image, *(images.search(query, k=3) for query in queries)]:
        assert [match.id for match in found] == [match.id for match in expected]
        # The library decodes a large JPEG at half its size, and an array is of the full size.
        assert np.allclose([match.score for match in found], [match.score for match in expected], atol=0.02)


def test_grey_and_transparent_arrays_are_images(filled: Filled) -> None:
    grey = np.full((40, 60), 200, np.uint8)
    clear = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    first, second = filled.images.search(grey, k=2), filled.images.search(clear, k=2)
    assert [match.id for match in first] == [match.id for match in second]


def test_a_stored_image_is_named_by_its_id_or_uri(filled: Filled, stored: list[ImageRef]) -> None:
    by_id = filled.images.search(id=stored[3].id, k=4)
    assert len(by_id) == 4 and stored[3].id not in {match.id for match in by_id}
    assert list(filled.images.search(uri=Path(stored[3].uri), k=4)) == list(by_id)


@pytest.mark.parametrize("field", ["label", "name"])
def test_a_label_can_be_filtered_on_by_both_its_names(filled: Filled, query_file: Path, field: str) -> None:
    found = filled.images.search(query_file, k=10, filters={field: LABELS[3]})
    assert found and {match.name for match in found} == {LABELS[3]}


def test_images_are_counted_by_label_and_field(filled: Filled, stored: list[ImageRef]) -> None:
    found = filled.images.facets()
    assert found.total == len(stored) and [facet.field for facet in found.facets] == ["label"]
    assert {item.value: item.documents for item in found["label"].values} == filled.images.facet("label")
    one = filled.images.facets("label", limit=1, filters={"label": LABELS[3]})
    assert (one.total, one["label"].documents, one["label"].values[0].value) == (PER_CLASS, PER_CLASS, LABELS[3])
    for fields, options in (((5,), {}), (("label",), {"limit": 0}), (("label",), {"ranges": 1}), (("nothing",), {})):
        with pytest.raises(BadSetting):
            filled.images.facets(*fields, **options)  # type: ignore[arg-type]


def test_images_are_listed_without_a_query(filled: Filled, stored: list[ImageRef]) -> None:
    every = [*filled.images.list("label")]
    assert {image.id: image.uri for image in every} == {ref.id: ref.uri for ref in stored}
    assert [image.name for image in every] == sorted(str(image.name) for image in every)
    assert [*filled.images.list("label", limit=3)] == every[:3]
    some = [*filled.images.list("random", seed=5, filters={"label": LABELS[3]})]
    assert len(some) == PER_CLASS and {image.name for image in some} == {LABELS[3]}


def test_duplicates_are_those_that_the_command_lists(filled: Filled, stored: list[ImageRef]) -> None:
    assert all(group.is_identical or group.score >= 0.98 for group in filled.images.duplicates())
    (all_of_them,) = filled.images.duplicates(-1)
    assert {member.id for member in all_of_them.members} == {ref.id for ref in stored}
    assert all_of_them.why in ("pixels", "bytes", "oldest", "path") and not all_of_them.is_identical
    assert {member.id for member in all_of_them.others} | {all_of_them.keep} == {ref.id for ref in stored}
    pixels = {member.id: member.width * member.height for member in all_of_them.members}
    assert pixels[all_of_them.keep] == max(pixels.values())
    scores = {member.id: member.score for member in all_of_them.members}
    assert scores[all_of_them.centre] == 1 and min(scores.values()) == all_of_them.score
    (some,) = filled.images.duplicates(-1, filters={"label": LABELS[2]}, exact=True)
    assert {member.name for member in some.members} == {LABELS[2]}


def test_threads_share_a_handle(filled: Filled, query_file: Path) -> None:
    with lookalike.open("images", **filled.options) as images, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: images.search(query_file, k=5), range(24)))
    assert len({tuple(match.id for match in matches) for matches in found}) == 1


def test_vectors_are_those_of_the_model(filled: Filled, stored: list[ImageRef]) -> None:
    ids, vectors = filled.images.vectors()
    assert sorted(ids) == sorted(ref.id for ref in stored)
    assert vectors.dtype == np.float32 and len(vectors) == len(ids)
    some = stored[:3]
    embedded = filled.images.embed(ref.uri for ref in some)
    assert np.allclose(vectors[[ids.index(ref.id) for ref in some]], embedded, atol=1e-3)


def test_an_index_is_exported_with_its_vectors(filled: Filled, stored: list[ImageRef], tmp_path: Path) -> None:
    file = tmp_path / "images.parquet"
    file.write_text("a former file")
    assert filled.images.export(file) == len(stored)
    table = parquet.read_table(file)
    assert table.column_names == [
        *("id", "uri", "name", "width", "height", "content_sha256", "model", "taken_at_ms", "metadata"),
        "vector",
    ]
    ids, vectors = filled.images.vectors()
    rows = {row["id"]: row for row in table.to_pylist()}
    assert {(row["uri"], row["name"]) for row in rows.values()} == {(ref.uri, ref.label) for ref in stored}
    assert np.array_equal(np.array([rows[id]["vector"] for id in ids], np.float32), vectors)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_one_image_and_many_can_be_embedded_without_an_index(filled: Filled, query_file: Path) -> None:
    with lookalike.open("none-of-this-name", **filled.options) as images:
        one = images.embed(query_file)
        several = images.embed([query_file.read_bytes(), Image.new("L", (9, 9))])
    assert one.shape == (1, several.shape[1]) and len(several) == 2
    assert np.allclose(one[0], several[0], atol=1e-6)


def test_an_image_can_be_deleted(filled: Filled, query_file: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "one.jpg").write_bytes(query_file.read_bytes())
    before = filled.images.count()
    filled.images.ingest(tmp_path / "more", progress=False)
    assert filled.images.count() == before + 1
    filled.images.delete([ImageRef(str(tmp_path / "more" / "one.jpg")).id])
    assert filled.images.count() == before


def test_matches_show_their_images_in_a_notebook(filled: Filled, query_file: Path) -> None:
    html = filled.images.search(query_file, k=3)._repr_html_()
    assert html.count("data:image/jpeg;base64,") == 3 and LABELS[0] in html


def test_an_index_describes_itself(filled: Filled, stored: list[ImageRef]) -> None:
    info = filled.images.info()
    assert (info.name, info.version, info.images) == ("images", "images-v1", len(stored))
    assert info.model.name == "efficientnet-lite0" and "image_embedding" in str(info.definition)


def test_rejected_images_can_be_retried(filled: Filled) -> None:
    newest = filled.images.jobs()[0]
    assert (newest.index, newest.state) == ("images", "finished")
    again = filled.images.retry(filled.report.job, reason="unsupported", progress=False)
    assert again is not None and (again.found, again.rejected) == (1, 1)
    assert filled.images.rejected(filled.report.job) == []
    assert filled.images.retry(filled.report.job, progress=False) is None


def test_an_index_is_compared_and_synchronized(filled: Filled, drawn: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(drawn[0] / LABELS[1], tmp_path / LABELS[1])
    with lookalike.open("synced", **filled.options) as images:
        first = images.sync(tmp_path, progress=False)
        assert first.job is not None and first.job.indexed == first.counts[SyncStatus.MISSING] == images.count()
        assert images.verify(tmp_path).is_in_sync
        next((tmp_path / LABELS[1]).iterdir()).unlink()
        assert images.verify(str(tmp_path)).counts[SyncStatus.ORPHANED] == 1
        second = images.sync(tmp_path, delete=True, progress=False)
        assert (second.deleted, second.job) == (1, None) and images.verify(tmp_path).is_in_sync


def test_a_missing_index_or_job_raises_an_error(filled: Filled, query_file: Path) -> None:
    with lookalike.open("missing", **filled.options) as images:
        for ask in (lambda: images.search(query_file), images.vectors, images.count):
            with pytest.raises(IndexMissing):
                ask()
    with pytest.raises(JobUnknown):
        filled.images.rejected("20200101-000000-000000")


def test_a_closed_handle_raises_an_error(filled: Filled, query_file: Path, drawn: tuple[Path, Path]) -> None:
    images = lookalike.open("images", **filled.options)
    images.search(query_file)
    images.close()
    images.close()
    uses: list[Any] = [
        lambda: images.search(query_file),
        lambda: images.ingest(drawn[0]),
        lambda: images.embed([query_file]),
        lambda: images.rejected("x"),
        # Closed comes before what is wrong with the arguments.
        lambda: images.search(k=0),
        lambda: images.retry("x", reason="zz"),
        lambda: images.verify(),
        lambda: images.export(""),
        lambda: images.jobs(-1),
        images.check,
        images.sync,
        images.info,
        lambda: images.duplicates(7),
        images.vectors,
        images.count,
        images.__enter__,
    ]
    for use in uses:
        with pytest.raises(Closed, match="is closed"):
            use()


def test_a_uri_can_be_a_file_url(filled: Filled, stored: list[ImageRef]) -> None:
    url = Path(stored[3].uri).as_uri()
    assert list(filled.images.search(uri=url, k=4)) == list(filled.images.search(id=stored[3].id, k=4))
    (found,) = filled.images.search(stored[3].uri, filters={"uri": url})
    assert found.uri == stored[3].uri


def test_a_cosine_is_at_most_one(filled: Filled, stored: list[ImageRef]) -> None:
    scores = [filled.images.search(ref.uri, k=1)[0].score for ref in stored[:20]]
    assert max(scores) <= 1 and min(scores) > 0.99


def test_matches_say_how_they_came_about(filled: Filled, query_file: Path, stored: list[ImageRef]) -> None:
    by_file, by_id = filled.images.search(query_file, k=3), filled.images.search(id=stored[0].id, k=3)
    for matches in (by_file, by_id, by_file[:2]):
        assert matches.model == "efficientnet-lite0" and 3 <= matches.candidates <= len(stored)
        assert sum(matches.stages_ms.values()) <= matches.took_ms
    assert all(took > 0 for took in by_file.stages_ms.values())
    assert by_id.stages_ms["decode"] == by_id.stages_ms["embed"] == 0 < by_id.stages_ms["search"]


def test_a_pickled_search_result_is_the_same_without_thumbnails(filled: Filled, query_file: Path) -> None:
    matches = filled.images.search(query_file, k=3)
    restored = pickle.loads(pickle.dumps(matches))
    assert restored == matches and restored.took_ms == matches.took_ms and restored.stages_ms == matches.stages_ms
    assert restored._repr_html_().count("cannot be shown") == 3
    assert "data:image/jpeg" in copy.copy(matches)._repr_html_()


def test_a_handle_is_not_copied_or_pickled(filled: Filled) -> None:
    for call in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"lookalike\.open\(\)"):
            call(filled.images)


def test_control_characters_of_a_label_do_not_reach_the_terminal() -> None:
    text = repr(lookalike.Matches([lookalike.Match("a", "/a\x1b.jpg", "red\x1b[31m", 0.5)]))
    assert "\x1b" not in text and r"red\x1b[31m" in text


def test_one_folder_can_be_named_as_complete(filled: Filled, drawn: tuple[Path, Path], tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    folder = drawn[0] / LABELS[1]
    listed.write_text("".join(f"{path}\n" for path in sorted(folder.iterdir())[1:]))
    for within in (folder, str(folder), [folder]):
        assert filled.images.verify(listed, within=within).counts[SyncStatus.ORPHANED] == 1


def test_an_index_of_another_model_is_found_before_the_model_is_prepared(
    filled: Filled, drawn: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    options = {**filled.options, "model": "resnet50"}
    with lookalike.open("images", **options) as images, pytest.raises(ModelMismatch, match=r"model=") as raised:
        images.ingest(drawn[0])
    assert "resnet50" in str(raised.value) and "Preparing" not in capfd.readouterr().err
