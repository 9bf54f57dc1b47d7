"""The service conforms to its own OpenAPI document.

Only the process that runs these tests imports schemathesis.
"""

import json
import re
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

#: Requests that are tried for each operation.
EXAMPLES = 15
#: The HTTP server closes the connection on a request line of 64 KiB, perhaps before its answer is read.
MAX_QUERY_BYTES = 2**15
OPERATIONS = [
    *(("POST", "/search"), ("GET", "/search"), ("POST", "/search/examples"), ("POST", "/search/batch")),
    ("GET", "/images"),
    *(("GET", "/images/{id}"), ("GET", "/images/{id}/thumbnail"), ("GET", "/labels"), ("GET", "/info")),
    *(("GET", "/fields"), ("GET", "/facets"), ("GET", "/facets/{field}")),
    *(("GET", "/jobs"), ("GET", "/jobs/{id}"), ("GET", "/jobs/{id}/failed"), ("POST", "/jobs/{id}/retry")),
    *(("GET", "/map/points"), ("GET", "/map/ids"), ("POST", "/map/list")),
    *(("GET", "/duplicates/groups"), ("POST", "/duplicates/groups")),
    *(("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/metrics")),
]
PLAIN = {"/map/ids", "/labels", "/fields", "/info", "/health/live", "/health/ready", "/metrics"}
#: Requests that the schema allows, and others.
GOOD, BAD = "positive", "negative"
#: A schema can express neither that bytes are an image, nor that a text is a filter, a cursor or the name of a field,
#: nor that exactly one of two parameters is required; and one part of a form, or one parameter, is the same as a list
#: of one, and a number in quotes as the number.
BEYOND_SCHEMA = {
    (GOOD, "/search"): "positive_data_acceptance",
    (GOOD, "/facets"): "positive_data_acceptance",
    (GOOD, "/facets/{field}"): "positive_data_acceptance",
    (GOOD, "/images"): "positive_data_acceptance",
    (GOOD, "/map/points"): "positive_data_acceptance",
    (GOOD, "/duplicates/groups"): "positive_data_acceptance",
    (GOOD, "/search/examples"): "positive_data_acceptance",
    (GOOD, "/search/batch"): "positive_data_acceptance",
    (BAD, "/search"): "negative_data_rejection",
    (BAD, "/search/examples"): "negative_data_rejection",
    (BAD, "/search/batch"): "negative_data_rejection",
    (BAD, "/images"): "negative_data_rejection",
    (BAD, "/facets"): "negative_data_rejection",
    (BAD, "/duplicates/groups"): "negative_data_rejection",
}

#: Programs call them: they stay.
NAMES = {
    *("search_by_image", "search_by_stored", "search_by_images", "image", "thumbnail", "labels", "info", "fields"),
    *("search_by_examples", "facet", "jobs", "job", "failed", "live", "ready", "metrics"),
}


@pytest.fixture(scope="module")
def schema(lance_client: httpx2.Client) -> Any:
    """The document that the service returns."""
    import schemathesis

    return schemathesis.openapi.from_url(f"{lance_client.base_url}/openapi.json")


@pytest.mark.parametrize(
    ("mode", "method", "path"),
    [
        (mode, *operation)
        for mode in (GOOD, BAD)
        for operation in OPERATIONS
        if mode is GOOD or operation[1] not in PLAIN
    ],
)
def test_every_answer_conforms_to_the_schema(schema: Any, mode: str, method: str, path: str) -> None:
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi import checks

    name = BEYOND_SCHEMA.get((mode, path))
    excluded = [getattr(checks, name)] if name else []

    @given(case=schema[path][method].as_strategy(generation_mode=GenerationMode(mode)))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answer(case: Any) -> None:
        assume(len(quote(str(case.query))) < MAX_QUERY_BYTES)
        case.call_and_validate(excluded_checks=excluded)

    answer()


def test_every_route_and_every_failure_is_documented(lance_client: httpx2.Client) -> None:
    document = lance_client.get("/openapi.json").json()
    operations = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert operations == set(OPERATIONS)
    statuses = set(document["paths"]["/search"]["post"]["responses"])
    assert statuses == {"200", "400", "401", "404", "408", "413", "415", "422", "503", "504"}
    assert "HTTPValidationError" not in str(document)


def test_every_reference_in_the_document_leads_somewhere(lance_client: httpx2.Client) -> None:
    document = lance_client.get("/openapi.json").text
    known = {f"#/components/schemas/{name}" for name in json.loads(document)["components"]["schemas"]}
    found = set(re.findall(r'"\$ref":\s*"([^"]+)"', document))
    assert {"#/components/schemas/QueryBody", "#/components/schemas/ExampleBody"} <= found <= known
    assert "$defs" not in document


def test_every_operation_has_a_short_name_of_its_own(lance_client: httpx2.Client) -> None:
    """Generators of clients make their methods from it."""
    paths = lance_client.get("/openapi.json").json()["paths"]
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(set(names)) == len(names) == len(OPERATIONS)
    assert all(name.isidentifier() and len(name) < 30 for name in names)
    assert set(names) >= NAMES
