"""The API documentation at /docs: Swagger UI from local files, started by a script file, because the page's policy
forbids inline scripts; and at /docs/problems the types of problems. All addresses are relative: a proxy may serve them
under a prefix."""

import os
import re
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from lookalike_api.problem_types import TYPES, ProblemType

router = APIRouter(include_in_schema=False)

#: The files of fastapi-offline that the page needs.
FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon.png")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>lookalike: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
#: The key that a person has entered on the search page is kept until the tab is closed (page/key.js).
START = """const key = sessionStorage.getItem("lookalike-api-key");
const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  onComplete: () => key && ui.preauthorizeApiKey("bearer", key),
});
"""
PROBLEMS = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>lookalike: problems</title>
<link rel="stylesheet" href="../page/base.css">
<link rel="icon" href="../page/icon.svg" type="image/svg+xml">
</head>
<body>
<main>
<h1>Problems</h1>
<p>An error is a problem document (RFC 9457). Its <code>type</code> never changes;
<code>detail</code> is a sentence for people.</p>
{types}
</main>
</body>
</html>
"""
PROBLEM = """<section id="{name}">
<h2>{title}</h2>
<p><code>{uri}</code>, status {status}</p>
<p>{advice}</p>
</section>
"""


@router.get("/docs")
async def docs() -> HTMLResponse:
    return HTMLResponse(PAGE)


@router.get("/docs/problems")
async def problems() -> HTMLResponse:
    return HTMLResponse(PROBLEMS.format(types="".join(map(_described, TYPES))))


@router.get("/docs/{name}")
async def file(request: Request, name: str) -> Response:
    if name == "start.js":
        return Response(START, media_type="text/javascript")
    if name not in FILES:
        raise HTTPException(404, "No such file.")
    path = _folder() / name
    # Unlike FileResponse, it answers 304 to a browser that has the file.
    return StaticFiles(directory=path.parent).file_response(path, os.stat(path), request.scope)


def _described(kind: ProblemType) -> str:
    advice = re.sub("`([^`]+)`", r"<code>\1</code>", escape(kind.advice))
    return PROBLEM.format(name=kind.name, title=escape(kind.title), uri=kind.uri, status=kind.status, advice=advice)


@cache
def _folder() -> Path:
    """Located without importing the package, which would create another FastAPI app."""
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise HTTPException(404, "The documentation page is not installed; /openapi.json is available.")
    return Path(found.origin).parent / "static"
