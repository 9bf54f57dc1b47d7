"""Reads files of stored images for requests."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from lookalike_api.images import StoredFile
from lookalike_api.state import ServiceState

Result = TypeVar("Result")


async def find(state: ServiceState, id: str) -> StoredFile:
    """Raises NotIndexed, and HTTPException 404 if the file cannot be shown."""
    return await state.executors.images.run(partial(state.images.find, id))


async def reading(state: ServiceState, file: StoredFile, work: Callable[[], Result]) -> Result:
    """Run work that reads a file; what lies on another host has threads and a time limit of its own."""
    return await (state.remote.run(file.uri, work) if file.is_remote else state.executors.images.run(work))


async def read_original(state: ServiceState, file: StoredFile) -> tuple[bytes, str]:
    """The bytes of the file, and their media type."""
    return await reading(state, file, partial(state.images.original, file))
