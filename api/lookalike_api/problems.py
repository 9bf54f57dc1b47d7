"""Turns errors into problem documents (RFC 9457): one sentence, without traceback or paths of this machine."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from lookalike.errors import (
    BadFilter,
    BadQuery,
    BrokerUnavailable,
    HostUnavailable,
    ImageRejected,
    IndexMissing,
    IndexUnavailable,
    JobUnknown,
    LookalikeError,
    MapMissing,
    ModelMismatch,
    ModelUnavailable,
    NotIndexed,
    PermanentError,
    SourceUnavailable,
    Unavailable,
)
from lookalike.http_schemas import FILTER_PROBLEM, Problem, Rejection
from lookalike_api.methods import allowed_methods

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a client should retry when a service was away. Errors that need a person have no such time.
RETRY_AFTER_S = 2

#: Status and sentence of each error, looked up along the class's MRO, so that a new subclass has both. Only a sentence
#: with {error} repeats the error's text; other texts may name folders and hosts and go to the log only.
RESPONSES: dict[type[Exception], tuple[int, str]] = {
    ImageRejected: (422, "The image is rejected as {error}"),
    BadFilter: (400, "{error}"),
    BadQuery: (400, "{error}"),
    NotIndexed: (404, "{error}"),
    JobUnknown: (404, "There is no such job."),
    MapMissing: (404, "{error}"),
    ModelMismatch: (503, "{error}"),
    IndexMissing: (503, "There is no index yet: ingest images first."),
    IndexUnavailable: (503, "The index does not answer; try again soon."),
    BrokerUnavailable: (503, "The broker does not answer: is a worker or `lookalike up` running?"),
    HostUnavailable: (504, "The host of this image does not answer in order; try again later."),
    SourceUnavailable: (503, "The storage of the images cannot be read now; try again soon."),
    ModelUnavailable: (503, "The model cannot be loaded; the service's log says why."),
    TimeoutError: (503, "The search took too long and was cancelled; try again soon."),
    Unavailable: (503, "A service that this one needs is not available; try again soon."),
    PermanentError: (500, "The service cannot answer this request; its log says what to do."),
    LookalikeError: (500, "The service cannot answer this request; its log says why."),
    Exception: (500, "The service failed; its log says why."),
}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A response with a problem document."""
    return _response(_problem(status, detail), headers)


def problem_of(error: Exception) -> Problem:
    """The problem document for an error."""
    status, sentence = next(RESPONSES[kind] for kind in type(error).__mro__ if kind in RESPONSES)
    rejection = Rejection(error.reason.value, error.detail) if isinstance(error, ImageRejected) else None
    found = _problem(status, _sentence(sentence.format(error=error)), rejection)
    return replace(found, type=FILTER_PROBLEM) if isinstance(error, BadFilter) else found


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    for kind in (LookalikeError, TimeoutError, Exception):
        app.add_exception_handler(kind, _on_error)


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    problem = problem_of(error)
    if problem.status >= 500:
        why = " ".join(str(error).split()) or type(error).__name__
        logger.warning("%s %s: %s", request.method, request.url.path, why)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, (Unavailable, TimeoutError)) else None
    return _response(problem, headers)


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # Starlette names the methods of one of the routes of this path.
        headers["Allow"] = ", ".join(allowed_methods(request.app.routes, request.scope))
    return problem(error.status_code, _sentence(error.detail), headers)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    """Only the first of several faults: people read one sentence, not a list."""
    assert isinstance(error, RequestValidationError)
    fault = error.errors()[0]
    return problem(400, _sentence(f"{fault['loc'][-1]}: {fault['msg']}"))


def _problem(status: int, detail: str, rejection: Rejection | None = None) -> Problem:
    reason = rejection.reason if rejection else None
    return Problem(status, detail, title=HTTPStatus(status).phrase, reason=reason, rejection=rejection)


def _response(problem: Problem, headers: Mapping[str, str] | None) -> JSONResponse:
    members = {name: value for name, value in asdict(problem).items() if value is not None}
    return JSONResponse(members, problem.status, headers, MEDIA_TYPE)


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if line.endswith((".", "?")) else line + "."
