"""Tables on the command line: what is ingested, what is rejected row by row, and what is said."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from lookalike.reading import opened, patient
from testing.processes import answer
from testing.services.web import BreaksOff, WebServer
from tests.cli.conftest import one_index
from tests.cli.inprocess import lookalike


def _images(folder: Path, drawn: tuple[Path, Path], count: int) -> list[str]:
    """Copies of images, by their names."""
    some = [path for path in sorted(drawn[0].rglob("*.jpg")) if path.name != "text.jpg"][:count]
    (folder / "images").mkdir()
    for number, path in enumerate(some):
        (folder / "images" / f"{number}.jpg").write_bytes(path.read_bytes())
    return [f"{number}.jpg" for number in range(len(some))]


_REASONS = {"shoes.csv#row=5": "bad_uri", "gone.jpg": "not_found", "shoes.csv#row=7": "bad_metadata"}


def _rejected(environment: dict[str, str], job: str) -> dict[str, str]:
    export = lookalike(environment, "failed", "export", job).stdout
    return {line["uri"].rpartition("/")[2]: line["reason"] for line in map(json.loads, export.splitlines())}


@one_index
def test_a_table_is_ingested_row_by_row(environment: dict[str, str], tmp_path: Path, drawn: tuple[Path, Path]) -> None:
    names = _images(tmp_path, drawn, 4)
    rows: list[dict[str, Any]] = [
        {"image": name, "label": "shoe", "brand": "acme", "year": 2000 + number} for number, name in enumerate(names)
    ]
    rows += [{"image": "", "label": "shoe"}, {"image": "gone.jpg"}, {"image": names[0], "label": "hat", "year": "x"}]
    rows += [{"image": names[1], "label": "hat", "year": 1999}]
    with open(tmp_path / "shoes.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["image", "label", "brand", "year"])
        writer.writeheader()
        writer.writerows(rows)
    done = lookalike(environment, "ingest", tmp_path / "shoes.csv", "--metadata", "brand,year:int", "--json")
    report = answer(done)
    assert (report["found"], report["indexed"], report["rejected"]) == (7, 4, 3)
    assert "1 row repeats the image of an earlier row" in done.stderr
    assert _rejected(environment, report["job"]) == _REASONS
    tried = lookalike(environment, "failed", "retry", report["job"], "--json", code=1)
    assert "2 records are of rows" in tried.stderr
    retried = answer(tried)
    assert (retried["found"], retried["rejected"]) == (3, 3)
    assert _rejected(environment, retried["job"]) == _REASONS
    again = answer(lookalike(environment, "ingest", tmp_path / "shoes.csv", "--metadata", "brand,year:int", "--json"))
    assert (again["found"], again["unchanged"], again["rejected"]) == (7, 4, 3)
    found = answer(lookalike(environment, "search", tmp_path / "images" / names[1], "--json"))["matches"]
    assert found[0]["uri"] == f"{tmp_path}/images/{names[1]}"
    assert (found[0]["name"], found[0]["metadata"]) == ("hat", {"year": 1999})


@one_index
def test_what_a_table_lacks_is_said_before_anything_is_done(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("title,price\nx,1\n")
    refusal = lookalike(environment, "ingest", tmp_path / "t.csv", code=1)
    assert "has no column that names images; its columns are title, price." in refusal.stderr
    (tmp_path / "t.csv").write_text("path,price\n")
    empty = lookalike(environment, "ingest", tmp_path / "t.csv")
    assert "no rows" in empty.stderr


def _table(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_fields_keep_their_types_and_conflicts_are_said_first(
    environment: dict[str, str], tmp_path: Path, drawn: tuple[Path, Path]
) -> None:
    known = {
        **{"brand": "acme", "year": 2001, "price": 1.5, "sold": True, "added": "2020-01-01", "tags": ["a", "b"]},
        **{"caption": "a shoe", "sizes": [41, 42]},
    }
    rows = [{"path": f"images/{name}", **known} for name in _images(tmp_path, drawn, 2)]
    table = _table(tmp_path / "t.jsonl", rows)
    first = answer(lookalike(environment, "ingest", table, "--metadata", "all", "--json"))
    assert (first["found"], first["indexed"]) == (2, 2)
    again = answer(lookalike(environment, "ingest", table, "--metadata", "all", "--json"))
    assert again["unchanged"] == 2
    [match] = answer(lookalike(environment, "search", tmp_path / "images" / "0.jpg", "-k", 1, "--json"))["matches"]
    assert match["metadata"] == known | {"added": "2020-01-01T00:00:00.000Z"}
    refusal = lookalike(environment, "ingest", table, "--metadata", "brand,year:float", code=1)
    assert "holds the metadata field year as integer" in refusal.stderr
    # The same column, as text: the index says which type it has.
    texts = _table(tmp_path / "u.jsonl", [{"path": "images/0.jpg", "year": "2001", "tags": "a|b", "price": 2}])
    assert answer(lookalike(environment, "ingest", texts, "--metadata", "all", "--json"))["indexed"] == 1
    [match] = answer(lookalike(environment, "search", tmp_path / "images" / "0.jpg", "-k", 1, "--json"))["matches"]
    assert match["metadata"] == {"year": 2001, "tags": ["a", "b"], "price": 2.0}
    odd = _table(tmp_path / "v.jsonl", [{"path": "images/0.jpg", "year": "about 2001"}])
    assert "year as integer" in lookalike(environment, "ingest", odd, "--metadata", "all", code=1).stderr


def test_a_changed_row_is_stale_until_a_sync_and_its_image_is_not_embedded_again(
    environment: dict[str, str], tmp_path: Path, drawn: tuple[Path, Path]
) -> None:
    rows: list[dict[str, Any]] = [{"path": f"images/{name}", "year": 2001.0} for name in _images(tmp_path, drawn, 3)]
    table = _table(tmp_path / "t.jsonl", [*rows, {"path": ""}, {"path": rows[0]["path"], "year": 2002}])
    plan = answer(lookalike(environment, "sync", table, "--metadata", "year:int", "--dry-run", "--json"))
    assert plan["missing"] == 3
    first = answer(lookalike(environment, "sync", table, "--metadata", "year:int", "--json"))
    assert (first["indexed"], first["rejected"]) == (3, 1)
    # The types are those that the index holds, also where the rows look otherwise.
    agreed = answer(lookalike(environment, "verify", table, "--metadata", "year", "--json"))
    assert (agreed["present"], agreed["rejected"]) == (3, 1)
    _table(tmp_path / "t.jsonl", [*rows, {"path": "gone.jpg"}])
    changed = answer(lookalike(environment, "verify", table, "--metadata", "all", "--json", code=3))
    assert (changed["stale"], changed["present"], changed["unreadable"]) == (1, 2, 1)
    settled = answer(lookalike(environment, "sync", table, "--metadata", "all", "--json"))
    assert (settled["indexed"], settled["annotated"], settled["rejected"]) == (1, 1, 1)
    _table(tmp_path / "t.jsonl", [*rows, {"path": "gone.jpg", "year": 1}])
    agreed = answer(lookalike(environment, "verify", table, "--metadata", "all", "--json"))
    assert (agreed["present"], agreed["rejected"]) == (3, 1), "the image is gone, whatever its row says"
    renewed = answer(lookalike(environment, "sync", table, "--metadata", "all", "--json"))
    assert (renewed["rejected"], renewed["rejected_unchanged"]) == (1, 0)
    export = lookalike(environment, "failed", "export", renewed["job"]).stdout
    assert json.loads(export)["metadata"] == {"year": 1}, "a retry takes what the row says now"
    assert answer(lookalike(environment, "sync", table, "--metadata", "all", "--json"))["job"] is None
    without = _table(tmp_path / "t.jsonl", [{"path": row["path"]} for row in rows])
    bare: tuple[object, ...] = ("sync", without, "--metadata", "all")
    refusal = lookalike(environment, *bare, code=1)
    assert "would remove metadata from 3 of 3 images (100%): year. It has changed nothing." in refusal.stderr
    planned = lookalike(environment, *bare, "--dry-run")
    assert "Would remove metadata from 3 of 3 images (100%): year." in planned.stdout
    done = lookalike(environment, *bare, "--yes", "--json")
    assert "Removed metadata from 3 of 3 images (100%): year." in done.stderr
    cleared = answer(done)
    assert (cleared["indexed"], cleared["annotated"], cleared["metadata_removed"]) == (3, 3, 3)
    [match] = answer(lookalike(environment, "search", tmp_path / "images" / "0.jpg", "-k", 1, "--json"))["matches"]
    assert match["metadata"] == {}
    _table(tmp_path / "t.jsonl", rows)
    refusal = lookalike(environment, "sync", table, "--metadata", "year:date", code=1)
    assert "holds the metadata field year as integer" in refusal.stderr


def test_a_check_says_what_would_be_read(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(b"x")
    rows: list[dict[str, Any]] = [{"path": "images/a.jpg", "label": "shoe", "year": 2001, "raw": [[1]]}]
    rows += [{"path": "images/gone.png"}, {"path": ""}, {"path": "images/a.jpg"}, {"path": "s3://bucket/b.JPG"}]
    table = _table(tmp_path / "t.jsonl", rows)
    found = answer(lookalike({}, "sources", "check", table, tmp_path / "images", "--metadata", "all", "--json"))
    assert (found["images"], found["is_complete"], found["labels"], found["labelled"]) == (3, True, 1, 1)
    assert (found["places"], found["suffixes"]) == ({"file": 2, "s3": 1}, {".jpg": 2, ".png": 1})
    assert (found["repeated"], found["looked_for"], found["missing"]) == (1, 2, 1)
    assert (found["rejected"], found["missing_examples"]) == ({"bad_uri": 1}, [f"{tmp_path}/images/gone.png"])
    assert found["rejected_examples"][0]["uri"] == f"{table}#row=3"
    [one] = found["tables"]
    assert one["metadata"] == {"year": {"column": "year", "type": "integer"}}
    assert (one["uri_column"], one["label_column"], one["left_out"]) == ("path", "label", ["raw"])
    assert found["examples"][0] == {"uri": f"{tmp_path}/images/a.jpg", "label": "shoe", "metadata": {"year": 2001}}
    shown = lookalike({}, "sources", "check", table)
    assert "3 images: 2 local, 1 s3." in shown.stdout and "--metadata all" in shown.stderr
    assert "1 of 2 files that were looked for are missing" in shown.stderr
    assert lookalike({}, "sources", "check", tmp_path / "nothing", code=1).stderr.startswith("There is no")


def test_a_check_ends_in_time(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("path\n" + "".join(f"/{number}.jpg\n" for number in range(20_000)))
    found = answer(lookalike({}, "sources", "check", table, "--seconds", 0, "--json"))
    assert (found["images"], found["is_complete"]) == (1000, False)
    assert "At least 1,000 images" in lookalike({}, "sources", "check", table, "--seconds", 0).stdout


def test_a_check_says_what_workers_may_not_read_and_how_to_allow_it(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.jsonl", [{"path": f"http://127.0.0.1:8391/{n}.jpg", "on": True} for n in range(7)])
    refused = lookalike({}, "sources", "check", table, "--metadata", "on", code=3)
    assert "7 would be rejected as outside_root" in refused.stderr
    [setting] = [line.partition("LOOKALIKE_ROOTS=")[2] for line in refused.stderr.splitlines() if "='" in line]
    allowed = lookalike({"LOOKALIKE_ROOTS": setting.strip("'")}, "sources", "check", table, "--metadata", "on")
    assert "7 images: 7 http." in allowed.stdout and "0.jpg  on=true" in allowed.stdout
    elsewhere = {"LOOKALIKE_BROKER_URL": "redis://127.0.0.1:1"}
    assert lookalike(elsewhere, "sources", "check", table).stdout.startswith("7 images"), "other workers, other roots"


def test_a_check_counts_an_image_once_that_lies_beside_its_table(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    _table(tmp_path / "metadata.jsonl", [{"file_name": "a.jpg"}])
    assert answer(lookalike({}, "sources", "check", tmp_path, "--json"))["images"] == 2


@one_index
def test_a_table_on_a_host_that_breaks_off_ends_with_a_sentence_and_deletes_nothing(
    environment: dict[str, str], tmp_path: Path, drawn: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "PATIENCE_S", 0.2)
    monkeypatch.setattr(opened, "BLOCK_BYTES", 50_000)
    names = _images(tmp_path, drawn, 6)
    # More than is looked at before work starts.
    rows = "".join(f"{name},{'x' * 240}\n" for name in [*names, *[names[0]] * 2600]).encode()
    with WebServer() as web:
        web.put("/robots.txt", b"User-agent: *\nAllow: /\n")
        web.serve(tmp_path / "images")
        table = web.put("/t.csv", b"file,note\n" + rows)
        options = ("--delete", "--yes", "--within", f"{web.url}/", "--json")

        def failed() -> dict[str, str]:
            listed = answer(lookalike(environment, "failed", "list", "--json"))["failed"]
            return {item["uri"]: item["reason"] for item in listed if item["uri"].startswith(web.url)}

        assert answer(lookalike(environment, "sync", table, *options))["indexed"] == 6
        web.put("/t.csv", BreaksOff(b"file,note\n" + rows, gives_parts=True))
        ended = lookalike(environment, "ingest", table, code=75)
        assert f"{table} is not available" in ended.stderr and failed() == {table: "host_unavailable"}
        assert f"{table} is not available" in lookalike(environment, "sync", table, *options, code=75).stderr
        retried = lookalike(environment, "failed", "retry", "--reason", "host_unavailable", "--json", code=1)
        assert "1 record is of rows, tables" in retried.stderr, "it is no image, for which a worker would take it"
        assert failed() == {table: "host_unavailable"}
        web.put("/t.csv", b"file,note\n" + rows)
        assert answer(lookalike(environment, "verify", table, "--json"))["present"] == 6
        lookalike(environment, "sync", table, *options)
        assert failed() == {}


@one_index
def test_a_report_says_for_each_reason_what_was_wrong(environment: dict[str, str], tmp_path: Path) -> None:
    table = _table(tmp_path / "t.jsonl", [{"path": "gone.jpg"}, {"path": "http://127.0.0.1:9/1.jpg"}])
    said = lookalike(environment, "ingest", table, code=1).stderr
    assert "No such file or directory" in said
    assert 'add "http://127.0.0.1:9/" to LOOKALIKE_ROOTS' in said


@one_index
def test_a_sync_of_a_table_says_how_to_delete_what_it_no_longer_names(
    environment: dict[str, str], tmp_path: Path, drawn: tuple[Path, Path]
) -> None:
    names = [f"images/{name}" for name in _images(tmp_path, drawn, 3)]
    table = _table(tmp_path / "t.jsonl", [{"path": name} for name in names])
    lookalike(environment, "ingest", table)
    _table(tmp_path / "t.jsonl", [{"path": name} for name in names[:2]])
    kept = lookalike(environment, "sync", table, "--delete", "--json")
    assert answer(kept)["deleted"] == 0 and "--within" in kept.stderr
    gone = lookalike(environment, "sync", table, "--delete", "--within", tmp_path / "images", "--yes", "--json")
    assert answer(gone)["deleted"] == 1 and "--within" not in gone.stderr
    assert "--within" not in lookalike(environment, "sync", tmp_path / "images", "--delete", "--json").stderr


def test_a_check_names_a_table_that_lies_among_images(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(b"x")
    (tmp_path / "train.csv").write_text("id,breed\na,poodle\n")
    assert f"{tmp_path}/train.csv is a table" in lookalike({}, "sources", "check", tmp_path).stderr
    assert "is a table" not in lookalike({}, "sources", "check", tmp_path / "train.csv").stderr
