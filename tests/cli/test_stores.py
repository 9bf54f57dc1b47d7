"""A bucket as a user ingests it: with the embedded stack, a store that fails now and then, and objects that are bad."""

import json
from collections.abc import Mapping
from pathlib import Path

from testing.processes import answer, make_home
from testing.services.s3 import Asked, Fault, S3Proxy, S3Server
from tests.cli.conftest import running_stack
from tests.cli.inprocess import lookalike

#: Nothing may repeat it.
SECRET = "Wr0ngIfShown"


def test_a_bucket_becomes_documents_and_reasons_image_by_image(
    s3: S3Server, s3_proxy: S3Proxy, drawn: tuple[Path, Path], model_home: Path, tmp_path: Path
) -> None:
    images = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in sorted(drawn[0].rglob("*.jpg"))[:24]}
    odd = {"odd //50% #1?.jpg": next(iter(images.values())), "denied.jpg": b"x", "sick.jpg": b"x", "empty.jpg": b""}
    s3.bucket("shop", images | odd | {"text.jpg": b"no image", "folder/": b""})
    home = make_home(tmp_path, model_home)
    s3_proxy.faults = [
        Fault(lambda asked: asked.key == "denied.jpg", status=403, code="AccessDenied"),
        Fault(lambda asked: asked.key == "sick.jpg", status=500, code="InternalError"),
        Fault(_is_object, times=5, status=503, code="SlowDown"),
        Fault(_is_object, times=5, is_reset=True),
        Fault(_is_object, times=5, cut_after=100),
    ]
    with running_stack(home, AWS_SECRET_ACCESS_KEY=SECRET, LOOKALIKE_HOST_WAIT_S="1") as environment:
        first = _ingest(environment, "s3://shop")
        texts = sum(key.endswith("text.jpg") for key in images)
        assert first["found"] == len(images) + len(odd) + 1
        assert first["indexed"] == len(images) + 1 - texts
        listed = json.loads(lookalike(environment, "failed", "list", first["job"], "--json").stdout)
        reasons = {image["uri"].removeprefix("s3://shop/"): image["reason"] for image in listed["failed"]}
        assert {key: reasons[key] for key in (*list(odd)[1:], "text.jpg")} == {
            "denied.jpg": "forbidden",
            "sick.jpg": "host_unavailable",
            "empty.jpg": "empty",
            "text.jpg": "unsupported",
        }
        s3_proxy.faults = []
        s3_proxy.asked.clear()
        again = _ingest(environment, "s3://shop")
        assert (again["indexed"], again["unchanged"]) == (0, first["indexed"])
        s3_proxy.asked.clear()
        synced = answer(lookalike(environment, "sync", "s3://shop", "--json"))
        assert (synced["present"], synced["indexed"]) == (first["indexed"], 0)
        assert sum(asked.is_list for asked in s3_proxy.asked) == 2, "what the address names, and the listing"
        found = answer(lookalike(environment, "search", drawn[0] / next(iter(images)), "-k", 3, "--json"))
        assert f"s3://shop/{next(iter(images))}" in json.dumps(found)
        # Once with the wrong name: the sentence comes before any work.
        refused = lookalike(environment, "ingest", "s3://shop-of-others", code=None)
        assert refused.returncode == 1 and "no such bucket" in refused.stderr


def _is_object(asked: Asked) -> bool:
    return not asked.is_list and asked.key.endswith(".jpg")


def _ingest(environment: Mapping[str, str], source: str) -> dict[str, int | str]:
    done = lookalike(environment, "ingest", source, "--json", code=None)
    assert SECRET not in done.stdout + done.stderr
    given: dict[str, int | str] = answer(done)
    return given
