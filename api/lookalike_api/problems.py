"""What went wrong, as a client may read it (RFC 9457): one sentence, no traceback and no path of this machine."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from lookalike.errors import (
    BrokerUnavailable,
    ImageRejected,
    IndexMissing,
    IndexUnavailable,
    JobUnknown,
    LookalikeError,
    ModelMismatch,
    ModelUnavailable,
    NotStored,
    PermanentError,
    SourceUnavailable,
    Unavailable,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: When a client that found a service away should come back; what only a person can mend is not worth waiting for.
RETRY_AFTER_S = 2

#: Status and sentence, looked up along the class's ancestors: a new error has both from the day it is named. Only the
#: sentences with {error} repeat what the error says; the others may name folders and hosts, and go to the log.
TELLING: dict[type[Exception], tuple[int, str]] = {
    ImageRejected: (422, "The image is rejected as {error}"),
    NotStored: (404, "{error}"),
    JobUnknown: (404, "There is no such job."),
    ModelMismatch: (503, "{error}"),
    IndexMissing: (503, "There is no index yet: ingest images first."),
    IndexUnavailable: (503, "The index does not answer; try again soon."),
    BrokerUnavailable: (503, "The broker does not answer: is a worker or `lookalike up` running?"),
    SourceUnavailable: (503, "The place where the images lie cannot be read for now."),
    ModelUnavailable: (503, "The model cannot be loaded; the log of the service says why."),
    TimeoutError: (503, "The search took too long and was given up; try again soon."),
    Unavailable: (503, "A part of the service is away; try again soon."),
    PermanentError: (500, "The service cannot answer this; its log says what to do."),
    LookalikeError: (500, "The service cannot answer this; its log says why."),
    Exception: (500, "The service failed; its log says how."),
}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **members: str) -> JSONResponse:
    """A problem document; `members` are further ones for programs."""
    return JSONResponse(document(status, detail, **members), status, headers, MEDIA_TYPE)


def document(status: int, detail: str, **members: str) -> dict[str, str | int]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}


def described(error: Exception) -> dict[str, str | int]:
    """The problem document of one of our errors."""
    status, sentence = next(TELLING[kind] for kind in type(error).__mro__ if kind in TELLING)
    members = {"reason": error.reason.value} if isinstance(error, ImageRejected) else {}
    return document(status, _sentence(sentence.format(error=error)), **members)


def install(app: FastAPI) -> None:
    """Every failure of `app` is told as a problem document from now on."""
    app.add_exception_handler(HTTPException, _tell_status)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    for kind in (LookalikeError, TimeoutError, Exception):
        app.add_exception_handler(kind, _tell_error)


async def _tell_error(request: Request, error: Exception) -> JSONResponse:
    told = described(error)
    if int(told["status"]) >= 500:
        why = " ".join(str(error).split()) or type(error).__name__
        logger.warning("%s %s: %s", request.method, request.url.path, why)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, (Unavailable, TimeoutError)) else None
    return JSONResponse(told, int(told["status"]), headers, MEDIA_TYPE)


async def _tell_status(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, _sentence(error.detail), error.headers)


async def _tell_invalid(request: Request, error: Exception) -> JSONResponse:
    """Of several faults the first: one sentence is read, a list is not."""
    assert isinstance(error, RequestValidationError)
    fault = error.errors()[0]
    return problem(400, _sentence(f"{fault['loc'][-1]}: {fault['msg']}"))


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if line.endswith((".", "?")) else line + "."
