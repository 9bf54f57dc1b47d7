"""The page of the query service: from its OpenAPI document and the table of problem types."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import SecretStr

from documentation.reference.page import Page, code, listed, meaning, sections, sentence, table
from lookalike.settings import Settings
from lookalike_api.app import make_app
from lookalike_api.openapi import STATUSES, TAGS
from lookalike_api.problem_types import TYPES

ROUTES = "its route in api/lookalike_api/routes"
FIELDS = "a string below the field, where the class is declared"
#: So many types of one value are not listed.
MANY = 5
TYPE_NAMES = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}
#: What FastAPI says of an answer that a route does not describe.
UNNAMED = "Successful Response"
INTRODUCTION = """
What the query service (`lookalike serve`, `lookalike up`) answers. [HTTP](../http.md) explains keys, methods, caching
and clients, [search](../search.md#http) explains what a search may ask for. The service itself shows the same at
`/docs`, and at `/openapi.json` for programs.

Beside the statuses below, any path may answer 403 and 421 (who asks, and under which name), 405, 414, 431 and 500.
`HEAD` is answered as `GET` is, and `OPTIONS` names the methods of a path. An answer that is not a success is a
[problem](#problem).
"""


def page() -> Page:
    """The paths by subject, then the objects in bodies and answers, then the types of problems."""
    subjects = [_subject(tag) for tag in TAGS]
    objects = sections(
        "## Objects", "Bodies and answers in JSON have these members.", *map(_object, sorted(_schemas()))
    )
    summary = "every path of the query service with its parameters, bodies and answers, and the types of problems"
    return Page("http.md", "HTTP", summary, sections(INTRODUCTION, *subjects, objects, problem_types()))


def problem_types() -> str:
    """All types of problems, with what to do."""
    rows = [(code(kind.uri), str(kind.status), kind.title, kind.advice) for kind in TYPES]
    explained = "[Problems](../problems.md) explains the documents. A type never changes."
    statuses = table(("status", "meaning"), [(str(status), text) for status, text in STATUSES.items()])
    of_statuses = sections("## Statuses of problems", statuses)
    return sections(of_statuses, "## Problem types", explained, table(("type", "status", "title", "what to do"), rows))


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of a service with a key; it opens neither an index nor a model."""
    return make_app(Settings.model_construct(api_key=SecretStr("a key of the reference"))).openapi()


def _schemas() -> dict[str, Any]:
    return dict(document()["components"]["schemas"])


def _subject(tag: dict[str, str]) -> str:
    found = [
        _operation(f"{method.upper()} {path}", operation)
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        if tag["name"] in operation.get("tags", [])
    ]
    title = f"## Paths: {tag['name']}"
    return sections(title, meaning(tag["description"], title, "TAGS in api/lookalike_api/openapi.py"), *found)


def _operation(name: str, operation: dict[str, Any]) -> str:
    return sections(
        f"### {name}",
        sentence(meaning(operation.get("summary"), name, ROUTES)),
        meaning(operation.get("description"), name, ROUTES),
        table(("parameter", "values", "default", "meaning"), _parameters(name, operation)),
        table(("body", "has"), _bodies(operation)),
        table(("status", "answer", "meaning"), _answers(name, operation)),
        f"[Problems](#statuses-of-problems): {_problems(operation)}.",
    )


def _problems(operation: dict[str, Any]) -> str:
    return ", ".join(status for status in operation["responses"] if status >= "400") or "none of its own"


def _parameters(name: str, operation: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for each in operation.get("parameters", []):
        text = meaning(each.get("description"), f"The parameter {each['name']} of {name}", ROUTES)
        place = "" if each["in"] == "query" else f" ({each['in']})"
        default = "required" if each.get("required") else _default(each["schema"])
        yield code(each["name"]) + place, kind(each["schema"]).removesuffix(" or null"), default, _sentence(text)


def _bodies(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for content_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        parts = [f"{code(part)}: {kind(each)}" for part, each in schema.get("properties", {}).items()]
        yield code(content_type), "; ".join(parts) or kind(schema)


def _answers(name: str, operation: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for status, answer in operation["responses"].items():
        if status < "400":
            schemas = [content.get("schema", {}) for content in answer.get("content", {}).values()]
            text = meaning(answer.get("description"), f"Status {status} of {name}", ROUTES)
            headers = [f"{code(header)}: {one['description']}" for header, one in answer.get("headers", {}).items()]
            text = _of_object(schemas) if text == UNNAMED else _sentence(text)
            yield status, ", ".join(dict.fromkeys(map(kind, schemas))), " ".join([text, *headers])


def _of_object(schemas: list[dict[str, Any]]) -> str:
    found = _schemas()[_name(schemas[0])] if schemas and "$ref" in schemas[0] else {}
    return str(found.get("description", "The answer."))


def _object(name: str) -> str:
    schema = _schemas()[name]
    text = meaning(schema.get("description"), name, "the docstring of its class")
    if "enum" in schema:
        return sections(f"### {name}", text, f"One of {listed(schema['enum'])}.")
    required = schema.get("required", [])
    rows = [
        (code(member), kind(each), "" if member in required else _default(each), _member(name, member, each))
        for member, each in schema.get("properties", {}).items()
    ]
    return sections(f"### {name}", text, table(("member", "values", "default", "meaning"), rows))


def _member(name: str, member: str, schema: dict[str, Any]) -> str:
    if "$ref" in schema and not schema.get("description"):
        return meaning(_schemas()[_name(schema)].get("description"), f"{name}.{member}", FIELDS)
    return _sentence(meaning(schema.get("description"), f"{name}.{member}", FIELDS))


def kind(schema: dict[str, Any]) -> str:
    """What a schema allows, in words."""
    if "$ref" in schema:
        return f"[{_name(schema)}](#{_name(schema).lower()})"
    if "anyOf" in schema:
        kinds = list(dict.fromkeys(map(kind, schema["anyOf"])))
        return " or ".join(kinds) if len(kinds) < MANY else "a value or a list of values"
    if "enum" in schema or "const" in schema:
        return listed(schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}" if schema.get("items") else "list"
    if schema.get("type") == "object":
        extra = schema.get("additionalProperties")
        return f"object of {kind(extra)}" if isinstance(extra, dict) else "object"
    if schema.get("format") == "binary":
        return "bytes"
    return TYPE_NAMES.get(schema.get("type", ""), str(schema.get("type", "anything"))) + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    below = "below " if "exclusiveMaximum" in schema else ""
    if least is None:
        return ""
    return (
        f", {least:g} or more" if most is None else f", {least:g} to {below}{int(most) if most == int(most) else most}"
    )


def _default(schema: dict[str, Any]) -> str:
    found = schema.get("default")
    if found is None or found in ("", [], ()):
        return ""
    return code(str(found).lower() if isinstance(found, bool) else found)


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."
