"""Counts the loads of a model that failed, in a file: each of them ends the process, and the next one must know."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lookalike.embedding.runtimes import gpu
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ModelUnavailable, PermanentError

#: Loads of a model that may fail one after the other: other programs may use the memory of a GPU for a while.
TRIES = 3
#: A model that is refused is loaded once again when it is asked for after this time: somebody may have mended it.
REFUSED_S = 60.0
#: What is known when a library, or the system, ends the process.
_CRASHED = "the process that loads it ends each time"


@dataclass(frozen=True)
class Failed:
    """`count`: how often, one after the other. `why`: of the last time, as a clause. `at`: when, as Unix time; 0 while
    the load goes on."""

    count: int = 0
    why: str = ""
    at: float = 0.0


class Loads:
    """Of one device; one at a time. `path`: the file, for the processes that follow one another. `now`: Unix time."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        for key, failed in self._failed().items():
            # It ended the process before this one, perhaps long after it began.
            if not failed.at:
                self._write(key, replace(failed, at=now()))

    @contextmanager
    def counted(self, spec: ModelSpec) -> Iterator[None]:
        """Load the model in this block. Raises ModelUnavailable, instead of entering it, after TRIES loads that failed;
        what the block raises goes on, and counts if it is not a PermanentError."""
        key = spec.to_json()
        before = self._failed().get(key, Failed())
        if before.count >= TRIES and self._now() < before.at + REFUSED_S:
            raise ModelUnavailable(
                f"The model {spec.name} cannot be loaded; {before.count} tries failed: {before.why}.",
                "The worker's log says more. Choose another model, or embed on the CPU: LOOKALIKE_RUNTIME=openvino.",
            )
        # Before the load: nobody may be there to write it afterwards.
        self._write(key, Failed(before.count + 1, _CRASHED))
        try:
            yield
        except PermanentError:
            self._write(key, None)
            raise
        except Exception as error:
            self._write(key, Failed(before.count + 1, gpu.reason(error), self._now()))
            raise
        self._write(key, None)

    def _failed(self) -> dict[str, Failed]:
        try:
            return {key: Failed(**failed) for key, failed in json.loads(self._path.read_text()).items()}
        except FileNotFoundError:
            return {}

    def _write(self, key: str, failed: Failed | None) -> None:
        every = self._failed()
        every.pop(key, None)
        if failed is not None:
            every[key] = failed
        part = self._path.with_suffix(".part")
        # On a full disk nothing is counted, and every load is a first one.
        with suppress(OSError):
            part.write_text(json.dumps({key: asdict(failed) for key, failed in every.items()}))
            os.replace(part, self._path)
