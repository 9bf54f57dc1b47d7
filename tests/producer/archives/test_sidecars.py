"""Sidecars give labels and metadata to the images beside them."""

import json
from pathlib import Path

import pytest

from lookalike.records import ImageRef, Reason
from lookalike_producer.archives import samples
from lookalike_producer.refused import RefusedReference
from lookalike_producer.sources import find_images, find_tables
from lookalike_producer.tables.options import TableOptions
from testing.archives import write_tar, write_zip
from tests.producer.archives.found import found

SIDECARS = {
    "00/1.jpg": b"x",
    "00/1.json": json.dumps(
        {
            "caption": "a cat",
            "width": 640,
            "score": 0.5,
            "ok": True,
            "tags": ["a", "b"],
            "Alt text": "from the page",
            "none": None,
            "nested": {"a": 1},
            "lists": [[1]],
            "mixed": [1, "a"],
        }
    ).encode(),
    "00/1.cls": b"7\n",
    "00/2.txt": " a dog\n".encode("utf-8-sig"),
    "00/2.jpg": b"x",
    "00/2.seg.png": b"x",
    "00/3.jpg": b"x",
    "01/1.jpg": b"x",
    "00/4.txt": b"of no image",
}


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_sidecars_become_label_and_metadata_of_each_image_of_their_key(write: type, tmp_path: Path) -> None:
    records = found(write(tmp_path / "a.tar", SIDECARS))
    assert {name.partition("#")[2]: (ref.label, dict(ref.metadata)) for name, ref in records.items()} == {
        "00/1.jpg": (
            "7",
            {
                "caption": "a cat",
                "width": 640,
                "score": 0.5,
                "ok": True,
                "tags": ["a", "b"],
                "Alt_text": "from the page",
            },
        ),
        "00/2.jpg": ("00", {"caption": "a dog"}),
        "00/2.seg.png": ("00", {"caption": "a dog"}),
        "00/3.jpg": ("00", {}),
        "01/1.jpg": ("01", {}),
    }


def test_sidecars_may_come_before_or_after_but_not_too_far_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "MOST_WAITING", 3)
    names = ["a.txt", "b.jpg", "c.jpg", "a.jpg", "d.jpg", "e.jpg", "f.jpg", "b.txt"]
    records = found(write_tar(tmp_path / "a.tar", {name: name.encode() for name in names}))
    assert records["a.tar#a.jpg"].metadata == {"caption": "a.txt"}
    assert records["a.tar#b.jpg"].metadata == {}, "its sidecar comes after three other keys"
    assert len(records) == 6


@pytest.mark.parametrize("write", [write_tar, write_zip])
@pytest.mark.parametrize(
    ("sidecar", "content", "detail"),
    [
        ("a.json", b"{", "not JSON"),
        ("a.json", b"[" * 100_000, "not JSON"),
        ("a.json", b"[1]", "no fields"),
        ("a.json", b'{"a": "%s"}' % (b"x" * 300_000), "too large"),
        ("a.json", b"{%s}" % b",".join(b'"a%d": "%s"' % (n, b"x" * 1000) for n in range(60)), "bytes of metadata"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
        ("a.cls", b"x" * 2000, "2000 characters"),
    ],
    ids=["cut", "deep", "list", "large", "much", "encoding", "label"],
)
def test_a_broken_sidecar_rejects_its_image_only(
    write: type, sidecar: str, content: bytes, detail: str, tmp_path: Path
) -> None:
    records = found(write(tmp_path / "a.tar", {"a.jpg": b"a", sidecar: content, "b.jpg": b"b"}))
    refused = records["a.tar#a.jpg"]
    assert isinstance(refused, RefusedReference) and refused.reason is Reason.BAD_METADATA
    assert detail in refused.detail
    assert type(records["a.tar#b.jpg"]) is ImageRef and len(records) == 2


def test_a_field_has_one_type_in_all_sidecars_of_a_source(tmp_path: Path) -> None:
    values: dict[str, list[object]] = {
        "number": [1, 0.5, 2**63],
        "list": ["a", ["b", "c"], ["d"]],
        "text": [7, "x", True],
        "same": [1, 2, 3],
    }
    for number in range(3):
        fields = {name: some[number] for name, some in values.items()}
        members = {f"{number}.jpg": b"x", f"{number}.json": json.dumps(fields).encode()}
        write_tar(tmp_path / f"{number // 2}.tar", members, "a")
    metadata = {name.partition("#")[2]: dict(ref.metadata) for name, ref in found(tmp_path).items()}
    by_field = {name: [metadata[f"{number}.jpg"][name] for number in range(2)] for name in values}
    assert by_field == {"number": [1.0, 0.5], "list": [["a"], ["b", "c"]], "text": ["7", "x"], "same": [1, 2]}
    assert [type(value) for value in by_field["number"]] == [float, float]
    assert metadata["2.jpg"] == {"number": 2.0**63, "list": ["d"], "text": "true", "same": 3}


def test_no_more_fields_are_taken_than_an_index_has(tmp_path: Path) -> None:
    members: dict[str, bytes] = {}
    for number in range(3):
        members |= {
            f"{number}.jpg": b"x",
            f"{number}.json": json.dumps({f"f{number}_{n}": n for n in range(40)}).encode(),
        }
    records = found(write_tar(tmp_path / "a.tar", members))
    assert len({name for ref in records.values() for name in ref.metadata}) == 64


def test_the_folders_of_img2dataset_are_read_with_their_sidecars(tmp_path: Path) -> None:
    # As version 1.47 writes them with --output_format files.
    shard = tmp_path / "out" / "00000"
    shard.mkdir(parents=True)
    for name in ("00000.parquet", "00000_stats.json"):
        (tmp_path / "out" / name).write_bytes(b"x")
    rows: list[dict[str, object]] = [{"caption": "a cat", "year": 2020, "error_message": None}, {"year": 0.5}, {}]
    for number, fields in enumerate(rows):
        (shard / f"00000{number}.jpg").write_bytes(b"x")
        (shard / f"00000{number}.json").write_text(json.dumps({"key": f"00000{number}", **fields}))
        (shard / f"00000{number}.txt").write_text("a dog")
    (shard / "000003.jpg").write_bytes(b"x")
    (shard / "000003.json").write_text("{")
    (shard / "000004.jpg").write_bytes(b"x")
    (shard / "000004.json").symlink_to(shard / "000000.json")
    records = found(tmp_path / "out")
    broken = records.pop("000003.jpg")
    assert isinstance(broken, RefusedReference) and broken.reason is Reason.BAD_METADATA
    assert {name: (ref.label, ref.metadata.get("caption")) for name, ref in records.items()} == {
        "000000.jpg": (None, "a cat"),
        "000001.jpg": (None, "a dog"),
        "000002.jpg": (None, "a dog"),
        "000004.jpg": (None, None),
    }
    assert set(found(shard)) == set(found(tmp_path / "out" / "*" / "*")) == {*records, "000003.jpg"}
    # A folder that only has a number for its name is one of images, with its label.
    (tmp_path / "out" / "00000_stats.json").unlink()
    (tmp_path / "out" / "00000.parquet").unlink()
    assert found(shard)["000000.jpg"].label == "00000" and "000000.txt" in found(shard)


@pytest.mark.parametrize("layout", ["tar", "files"])
def test_options_for_tables_choose_fields_of_sidecars(layout: str, tmp_path: Path) -> None:
    rows: dict[str, dict[str, object]] = {
        "0": {"breed": "tabby", "Year made": "1999", "score": 1, "sku": 7},
        "1": {"breed": "", "Year made": 2000, "score": 0.5},
        "2": {"breed": "tabby", "Year made": "soon"},
    }
    files = {f"00000/{name}.jpg": b"x" for name in rows}
    files |= {f"00000/{name}.json": json.dumps(fields).encode() for name, fields in rows.items()}
    if layout == "tar":
        write_tar(tmp_path / "00000.tar", files)
    else:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
        (tmp_path / "00000_stats.json").touch()

    def described(label_from: str = "none", **columns: str) -> dict[str, object]:
        references = find_images([str(tmp_path)], label_from, tables=TableOptions(**columns))
        return {
            Path(ref.uri).stem: ref.reason if isinstance(ref, RefusedReference) else (ref.label, dict(ref.metadata))
            for ref in references
        }

    chosen = described(metadata="Year made:int,score:float", label_column="breed", id_column="sku")
    assert chosen == {
        "0": ("tabby", {"Year_made": 1999, "score": 1.0, "id": "7"}),
        "1": (None, {"Year_made": 2000, "score": 0.5}),
        "2": Reason.BAD_METADATA,
    }
    assert described(metadata="none") == dict.fromkeys("012", (None, {}))
    assert described(metadata="all") == described()
    assert described(metadata="breed")["0"] == (None, {"breed": "tabby"})
    tables = find_tables([str(tmp_path)], TableOptions(metadata="Year made:int,breed", id_column="sku"))
    assert {name: str(type) for name, type in tables.fields.items()} == {"id": "keyword", "Year_made": "integer"}


def test_the_key_of_a_member_ends_at_the_first_dot_of_its_base_name(tmp_path: Path) -> None:
    members = {
        "v1.0/a.b.jpg": b"x",
        "v1.0/a.left.PNG": b"x",
        "v1.0/a.json": b'{"n": 1}',
        "v1.0/b.b.json": b'{"n": 2}',
        "v1.0/b.jpg": b"x",
        "v1.0/.c.jpg": b"x",
        "v1.0/noend": b"x",
    }
    records = found(write_tar(tmp_path / "a.tar", members))
    assert {name.rpartition("/")[2]: dict(ref.metadata) for name, ref in records.items()} == {
        "a.b.jpg": {"n": 1},
        "a.left.PNG": {"n": 1},
        "b.jpg": {"n": 2},
        "noend": {},
    }
