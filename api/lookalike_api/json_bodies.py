"""Reads bodies in JSON."""

from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

Model = TypeVar("Model", bound=BaseModel)

#: Commas and colons of a body. Each may belong to a fault, which takes a kilobyte to describe: without a limit, a small
#: upload takes all memory. A list of 100,000 ids has almost as many, and files in base64 have none.
MOST_SEPARATORS = 120_000


def parsed(kind: type[Model], data: bytes, name: str) -> Model:
    """What the body says; `name` stands for all of it in a fault. Raises RequestValidationError with the first fault,
    HTTPException 400 for a body of too many parts."""
    if data.count(b",") + data.count(b":") > MOST_SEPARATORS:
        raise HTTPException(400, f"A body in JSON has at most {MOST_SEPARATORS:,} commas and colons.")
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise RequestValidationError([{**fault, "loc": fault["loc"] or (name,)}]) from error
