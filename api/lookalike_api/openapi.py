"""The OpenAPI document: the ways in which a route may fail, and corrections of what FastAPI generates."""

from typing import Any

from fastapi import FastAPI

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
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may fail with these statuses; 401 is added."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": STATUSES[status], "content": content} for status in sorted({401, *statuses})}


def timed() -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that says how long it took."""
    header = {"description": "Milliseconds of each stage.", "schema": {"type": "string"}}
    return {200: {"description": "The matches.", "headers": {"Server-Timing": header}}}


def openapi(app: FastAPI, *, has_key: bool = False) -> dict[str, Any]:
    """The document of `app`, with the ways to send the key if it has one.

    Without FastAPI's own 422 for a bad parameter: ours is a problem document with 400.
    """
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        # Relative to the address of the document.
        document["servers"] = [{"url": "."}]
        if has_key:
            document["components"]["securitySchemes"] = KEY_SCHEMES
            document["security"] = [{name: []} for name in KEY_SCHEMES]
        for operations in document["paths"].values():
            for operation in operations.values():
                if "HTTPValidationError" in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]
    assert app.openapi_schema is not None
    return app.openapi_schema
