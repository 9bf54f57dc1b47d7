"""The API documentation at /docs: Swagger UI from local files, started by a script file, because the page's policy
forbids inline scripts. All addresses are relative: a proxy may serve them under a prefix."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

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
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


@router.get("/docs")
async def docs() -> HTMLResponse:
    return HTMLResponse(PAGE)


@router.get("/docs/{name}")
async def file(name: str) -> Response:
    if name == "start.js":
        return Response(START, media_type="text/javascript")
    if name not in FILES:
        raise HTTPException(404, "No such file.")
    return FileResponse(_folder() / name)


@cache
def _folder() -> Path:
    """Located without importing the package, which would create another FastAPI app."""
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise HTTPException(404, "The documentation page is not installed; /openapi.json is available.")
    return Path(found.origin).parent / "static"
