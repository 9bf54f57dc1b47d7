"""The OpenAPI document: the ways in which a route may fail, how the key is sent, and corrections of what FastAPI
generates."""

import json
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from lookalike_api.middleware import OPEN

#: The problem statuses, with what they mean in every route.
STATUSES = {
    400: "A parameter or the body cannot be used.",
    401: "The API key is missing or wrong.",
    403: "This service does not allow it.",
    404: "Not found.",
    408: "The body did not arrive in time.",
    409: "It is being done already.",
    413: "The body is too large.",
    415: "The body has the wrong content type, or is compressed.",
    422: "The content is not an image, or one that cannot be read.",
    503: "The service is busy, or a service that it needs is away. Retry-After says when to retry.",
    504: "The host of an image does not give it in time.",
}

KEY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The API key of the service (LOOKALIKE_API_KEY)."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key, as another header."},
}
DESCRIPTION = (
    "Searches in an index of images, by what they look like.\n\n"
    "An error is a problem document (RFC 9457): its `type` never changes, and "
    "[docs/problems](docs/problems) explains each. Beside the statuses that a route names, any route may answer 403 "
    "and 421 (who asks, and under which name), 405, 414, 431 and 500. `HEAD` is answered as `GET` is, and `OPTIONS` "
    "names the methods of a path."
)
TAGS = [
    {"name": "search", "description": "Images that look like examples."},
    {"name": "images", "description": "The images of the index: files, thumbnails, labels."},
    {"name": "metadata", "description": "What is known of the images beside their looks."},
    {"name": "map", "description": "All images as points in two dimensions."},
    {"name": "duplicates", "description": "Groups of identical and near-identical images."},
    {"name": "jobs", "description": "Ingest jobs and what they rejected."},
    {"name": "health", "description": "For load balancers and Prometheus."},
]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may fail with these statuses; 401 is added."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": STATUSES[status], "content": content} for status in sorted({401, *statuses})}


def timed() -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that says how long it took."""
    header = {"description": "Milliseconds of each stage.", "schema": {"type": "string"}}
    return {200: {"description": "The matches.", "headers": {"Server-Timing": header}}}


def operation_id(route: APIRoute) -> str:
    """The name of the route's function, which generators of clients take for their methods."""
    return route.name


def openapi(app: FastAPI, *, has_key: bool = False) -> dict[str, Any]:
    """The document of `app`, with the ways to send the key if it has one.

    Without FastAPI's own 422 for a bad parameter: ours is a problem document with 400.
    """
    if app.openapi_schema is None:
        # Its parts are those of the routes, which other apps have as well.
        app.openapi_schema = document = deepcopy(FastAPI.openapi(app))
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        # Relative to the address of the document.
        document["servers"] = [{"url": "."}]
        if has_key:
            document["components"]["securitySchemes"] = KEY_SCHEMES
            document["security"] = [{name: []} for name in KEY_SCHEMES]
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _correct(operation, is_open=OPEN.fullmatch(path) is not None, has_key=has_key)
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    content["schema"] = _named(content["schema"], document["components"]["schemas"])
    assert app.openapi_schema is not None
    return app.openapi_schema


def _correct(operation: dict[str, Any], *, is_open: bool, has_key: bool) -> None:
    if "HTTPValidationError" in str(operation["responses"].get("422")):
        del operation["responses"]["422"]
    if is_open:
        operation["responses"].pop("401", None)
        if has_key:
            operation["security"] = []


def _named(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A schema that pydantic made of a body, put among the `schemas` of the document, with those that it refers to."""
    if "title" not in schema:
        return schema
    moved: dict[str, Any] = json.loads(json.dumps(schema).replace('"#/$defs/', '"#/components/schemas/'))
    schemas |= moved.pop("$defs", {}) | {schema["title"]: moved}
    return {"$ref": f"#/components/schemas/{schema['title']}"}
