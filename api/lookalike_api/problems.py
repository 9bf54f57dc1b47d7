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
from starlette.types import Receive, Scope, Send

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
from lookalike.http_schemas import PROBLEM_PREFIX, Problem, Rejection
from lookalike_api import problem_types as types
from lookalike_api.admission import Busy
from lookalike_api.methods import allowed_methods

logger = logging.getLogger(__name__)

#: Seconds after which a client should retry when a service was away. Errors that need a person have no such time.
RETRY_AFTER_S = 2

#: Type and sentence of each error, looked up along the class's MRO, so that a new subclass has both. Only a sentence
#: with {error} repeats the error's text; other texts may name folders and hosts and go to the log only.
RESPONSES: dict[type[Exception], tuple[types.ProblemType, str]] = {
    ImageRejected: (types.IMAGE, "The image is rejected as {error}"),
    BadFilter: (types.FILTER, "{error}"),
    BadQuery: (types.QUERY, "{error}"),
    NotIndexed: (types.NOT_INDEXED, "{error}"),
    JobUnknown: (types.JOB, "There is no such job."),
    MapMissing: (types.NO_MAP, "{error}"),
    ModelMismatch: (types.OTHER_MODEL, "{error}"),
    IndexMissing: (types.NO_INDEX, "There is no index yet. `lookalike ingest FOLDER` makes one."),
    IndexUnavailable: (types.INDEX_AWAY, "The index does not answer; try again soon."),
    BrokerUnavailable: (types.BROKER_AWAY, "The broker does not answer: is a worker or `lookalike up` running?"),
    HostUnavailable: (types.HOST_AWAY, "The host of this image does not answer in order; try again later."),
    SourceUnavailable: (types.STORAGE_AWAY, "The storage of the images cannot be read now; try again soon."),
    ModelUnavailable: (types.MODEL_AWAY, "The model cannot be loaded; the service's log says why."),
    TimeoutError: (types.TIMEOUT, "The search took too long and was cancelled; try again soon."),
    Unavailable: (types.UNAVAILABLE, "A service that this one needs is not available; try again soon."),
    PermanentError: (types.FAILED, "The service cannot answer this request; its log says what to do."),
    LookalikeError: (types.FAILED, "The service cannot answer this request; its log says why."),
    Exception: (types.FAILED, "The service failed; its log says why."),
}
#: What FastAPI names before the parameter that is wrong.
PLACES = frozenset({"body", "cookie", "header", "path", "query"})
#: A path with more parts than any of ours is answered without the address of the explanation.
MOST_PARTS = 8


class ParameterRefused(HTTPException):
    """A parameter of a request cannot be used, for a reason that FastAPI does not check."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(400, detail)
        self.parameter = parameter


class ProblemResponse(JSONResponse):
    """A problem document, with the address of its explanation (`help`, in IANA's registry of links)."""

    media_type = "application/problem+json"

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None) -> None:
        members = {name: value for name, value in asdict(problem).items() if value is not None}
        super().__init__(members, problem.status, headers)
        self._name = problem.type.removeprefix(PROBLEM_PREFIX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope.get("path", "").count("/")
        if 0 < parts <= MOST_PARTS and ":" not in self._name:
            # Relative: a proxy may serve the service under a prefix.
            self.headers["Link"] = f'<{"../" * (parts - 1)}docs/problems#{self._name}>; rel="help"'
        await super().__call__(scope, receive, send)


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, *, kind: types.ProblemType | None = None
) -> ProblemResponse:
    """A response with a problem document of this kind, or of the general one of its status."""
    return ProblemResponse(_problem(kind or types.type_of(status) or status, detail), headers)


def problem_of(error: Exception) -> Problem:
    """The problem document for an error."""
    kind, sentence = next(RESPONSES[each] for each in type(error).__mro__ if each in RESPONSES)
    found = _problem(kind, _sentence(sentence.format(error=error)))
    if isinstance(error, ImageRejected):
        rejection = Rejection(error.reason.value, error.detail)
        return replace(found, reason=rejection.reason, rejection=rejection)
    return found


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    for kind in (LookalikeError, TimeoutError, Exception):
        app.add_exception_handler(kind, _on_error)


async def _on_error(request: Request, error: Exception) -> ProblemResponse:
    problem = problem_of(error)
    if problem.status >= 500:
        why = " ".join(str(error).split()) or type(error).__name__
        logger.warning("%s %s: %s", request.method, request.url.path, why)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, (Unavailable, TimeoutError)) else None
    return ProblemResponse(problem, headers)


async def _on_http_exception(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # Starlette names the methods of one of the routes of this path.
        headers["Allow"] = ", ".join(allowed_methods(request.app.routes, request.scope))
    if isinstance(error, ParameterRefused):
        return ProblemResponse(_parameter(error.parameter, error.detail), headers)
    busy = types.BUSY if isinstance(error, Busy) else None
    return problem(error.status_code, _sentence(error.detail), headers, kind=busy)


async def _on_validation_error(request: Request, error: Exception) -> ProblemResponse:
    """Only the first of several faults: people read one sentence, not a list."""
    assert isinstance(error, RequestValidationError)
    fault = error.errors()[0]
    # A body that is no object has no place in itself.
    place = [str(part) for part in fault["loc"]] or ["body"]
    parameter = ".".join(place[1:] if place[0] in PLACES and place[1:] else place)
    return ProblemResponse(_parameter(parameter, f"{place[-1]}: {fault['msg']}"), None)


def _parameter(parameter: str, detail: str) -> Problem:
    return replace(_problem(types.PARAMETER, _sentence(detail)), parameter=parameter[:100])


def _problem(kind: types.ProblemType | int, detail: str) -> Problem:
    if isinstance(kind, int):
        return Problem(kind, detail, title=HTTPStatus(kind).phrase)
    return Problem(kind.status, detail, kind.uri, kind.title)


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if line.endswith((".", "?")) else line + "."
