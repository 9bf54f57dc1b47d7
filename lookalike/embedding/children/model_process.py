"""Program that runs the models of one device for several processes: it receives pixels and returns vectors.

Run as `python -m lookalike.embedding.children.model_process SOCKET HOME RUNTIME PRECISION THREADS LIMIT_S DECODER
[GPU]`. It prints one JSON line: whether it can run. It ends when its standard input closes, which its parent holds
open, and after an error of the runtime or the device, also one that it has not answered for LIMIT_S.
With GPU it uses only that GPU, and never falls back to the CPU. DECODER is `cpu`, or `gpu`: then it decodes JPEGs as
well, with JAX on that GPU.
"""

import contextlib
import json
import logging
import math
import os
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from queue import LifoQueue, SimpleQueue
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding.children.jpegs import Jpegs, with_library
from lookalike.embedding.children.limits import limited
from lookalike.embedding.children.loads import Loads
from lookalike.embedding.graph import chosen
from lookalike.embedding.runtimes import framing, gpu
from lookalike.embedding.runtimes.batches import Batch, BatchModel
from lookalike.embedding.runtimes.gpu_decoder import WORTH_FROM
from lookalike.embedding.runtimes.merging import Merging
from lookalike.embedding.runtimes.runtime import load_batch_model, unusable_gpu
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import PermanentError
from lookalike.records import Pixels, Vectors

log = logging.getLogger(__name__)

#: Exit code after an error of the device or of the runtime.
FAILED = 70
#: A model is downloaded, built, compiled and measured within this time.
LOAD_S = 900.0
#: Models in memory: of the running job and, during a change of models, of the job before.
CACHE_SIZE = 2

Sizes = NDArray[np.int32]
#: An answer: its header, and what waits for the vectors.
Answer = tuple[framing.Header, Callable[[], Vectors]]


class Models:
    """The models of this process, each loaded with its first call, one at a time. Threads may share it."""

    def __init__(self, load: Callable[[ModelSpec], BatchModel], loads: Loads) -> None:
        self._loading = threading.Lock()
        self._load = load
        self._loads = loads
        self._models = lru_cache(maxsize=CACHE_SIZE)(self._loaded)

    def of(self, spec: str) -> BatchModel:
        """Raises PermanentError."""
        with self._loading, limited(LOAD_S, fail, "a model is not loaded"):
            return self._models(spec)

    def _loaded(self, spec: str) -> BatchModel:
        asked = ModelSpec.from_json(spec)
        with self._loads.counted(asked):
            return self._load(asked)


class Buffer:
    """Memory for the pixels of a chunk, kept for the next one: what is behind them is of former chunks."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def received(self, connection: socket.socket, count: int, model: BatchModel) -> Iterator[Batch]:
        """The batches of `count` images of the model's size."""
        shape = (-(-count // model.batch_size), model.batch_size, model.size, model.size, 3)
        pixels = self._of(math.prod(shape))
        framing.receive_into(connection, pixels[: count * math.prod(shape[2:])].data)
        for start, batch in zip(range(0, count, model.batch_size), pixels.reshape(shape), strict=True):
            yield Batch(batch, min(model.batch_size, count - start))

    def received_at_own_sizes(self, connection: socket.socket, sizes: Sizes, model: BatchModel) -> Iterator[Batch]:
        """The batches of images of these heights and widths."""
        return self._at_own_sizes(sizes, model, lambda view, _: framing.receive_into(connection, view.data))

    def filled(self, images: Sequence[Pixels], model: BatchModel) -> Iterator[Batch]:
        """The batches of these images, at their own sizes."""

        def fill(view: NDArray[np.uint8], part: slice) -> None:
            np.concatenate([image.reshape(-1) for image in images[part]], out=view)

        return self._at_own_sizes(np.asarray([image.shape[:2] for image in images], np.int32), model, fill)

    def _at_own_sizes(
        self, sizes: Sizes, model: BatchModel, fill: Callable[[NDArray[np.uint8], slice], None]
    ) -> Iterator[Batch]:
        canvas = next(canvas for canvas in model.canvases if canvas >= sizes.max())
        starts = range(0, len(sizes), model.batch_size)
        every = self._of(len(starts) * model.batch_size * canvas * canvas * 3).reshape(len(starts), -1)
        for start, pixels in zip(starts, every, strict=True):
            part = slice(start, start + model.batch_size)
            own = sizes[part]
            fill(pixels[: 3 * int(own.prod(axis=1).sum())], part)
            behind = np.ones((model.batch_size - len(own), 2), np.int32)
            yield Batch(pixels, len(own), np.concatenate([own, behind]))

    def _of(self, size: int) -> NDArray[np.uint8]:
        if size > self._bytes.size:
            self._bytes = np.zeros(size, np.uint8)
        return self._bytes[:size]


class Conversation:
    """One connection: receives chunks while former ones are computed, and answers them in their order.

    `jpegs`: what decodes JPEGs here, for models that resize; None: nothing does.
    """

    def __init__(self, connection: socket.socket, models: Models, merging: Merging, jpegs: Jpegs | None = None) -> None:
        self._connection = connection
        self._models = models
        self._merging = merging
        self._jpegs = jpegs
        self._answers: SimpleQueue[tuple[Buffer, Answer] | None] = SimpleQueue()
        # The last one that was given back comes first: a process that waits for each answer needs only one.
        self._buffers: LifoQueue[Buffer] = LifoQueue()
        for _ in range(framing.IN_FLIGHT):
            self._buffers.put(Buffer())

    def run(self) -> None:
        """Returns when the other side has closed."""
        threading.Thread(target=_guarded, args=(self._answer,), daemon=True).start()
        with contextlib.suppress(EOFError, OSError), self._connection:
            while True:
                buffer = self._buffers.get()
                header = framing.receive_header(self._connection)
                self._answers.put((buffer, self._begun(header, buffer)))
        self._answers.put(None)

    def _begun(self, header: framing.Header, buffer: Buffer) -> Answer:
        try:
            model = self._models.of(header["spec"])
        except PermanentError as error:
            framing.receive_array(self._connection, header)
            return {"refused": [error.what, error.advice]}, lambda: np.empty(0, np.float32)
        except (EOFError, OSError) as error:
            # Not of the connection: the handler of its errors must not see this one.
            fail(gpu.reason(error))
        if framing.JPEGS in header:
            return self._decoded(header, model, buffer)
        left_from = WORTH_FROM if self._jpegs and model.canvases else None
        return {**_facts(model), "left_from": left_from}, self._submitted(header, model, buffer)

    def _decoded(self, header: framing.Header, model: BatchModel, buffer: Buffer) -> Answer:
        """Begin on JPEGs; the answer names those that are not decoded here."""
        lengths, orientations = zip(*header[framing.JPEGS], strict=True)
        data = framing.receive_array(self._connection, header).tobytes()
        ends = list(accumulate(lengths))
        files = [data[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        found: list[Pixels | None] = [None] * len(files)
        if self._jpegs:
            found = self._jpegs.decoded(files, orientations, model.size, max(model.canvases))
        images = [image for image in found if image is not None]
        answer = {"undecoded": [place for place, image in enumerate(found) if image is None]}
        if not images:
            return answer, lambda: np.empty((0, model.identity.dimension), np.float32)
        return answer, self._merging.submit(model, list(buffer.filled(images, model)), self._is_awaited)

    def _submitted(self, header: framing.Header, model: BatchModel, buffer: Buffer) -> Callable[[], Vectors]:
        count, *shape = header["shape"]
        if not count:
            return lambda: np.empty((0, model.identity.dimension), np.float32)
        if (sizes := header.get("sizes")) is not None:
            received = buffer.received_at_own_sizes(self._connection, np.asarray(sizes, np.int32), model)
        elif shape == [model.size, model.size, 3]:
            received = buffer.received(self._connection, count, model)
        else:
            fail(f"pixels of the shape {header['shape']} for images of {model.size}")
        return self._merging.submit(model, list(received), self._is_awaited)

    def _is_awaited(self) -> bool:
        """Whether the other side may still read the answer: it closes when it has waited for too long, or ends."""
        poll = select.poll()
        with contextlib.suppress(ValueError):
            # Hanging up and errors are told in any case. Closed here, the connection has no number: ValueError.
            poll.register(self._connection, 0)
            return not poll.poll(0)
        return False

    def _answer(self) -> None:
        """Send the answers. After the other side has closed, what a call already has is still waited for, because the
        call reads the memory of the buffer."""
        while item := self._answers.get():
            buffer, (header, vectors) = item
            # CancelledError: nobody waits for it.
            with contextlib.suppress(OSError, CancelledError):
                framing.send(self._connection, header, vectors())
            self._buffers.put(buffer)


def _facts(model: BatchModel) -> framing.Header:
    return {"dimension": model.identity.dimension, "precision": model.precision, "canvases": model.canvases}


def fail(why: str) -> NoReturn:
    """End this process: after an error of CUDA, for example, every later call fails as well."""
    error = sys.exc_info()[1]
    # For an error that nobody foresaw, with the traceback.
    is_unforeseen = error is not None and not gpu.is_exhausted(error)
    log.critical("The model process ends, to be started anew: %s.", why, exc_info=is_unforeseen)
    os._exit(FAILED)


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:
        fail(gpu.reason(error))


def serve(listener: socket.socket, models: Models, merging: Merging, jpegs: Jpegs | None = None) -> NoReturn:
    """Serve each connection in a thread."""
    while True:
        conversation = Conversation(listener.accept()[0], models, merging, jpegs)
        threading.Thread(target=_guarded, args=(conversation.run,), daemon=True).start()


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


def main(
    address: str,
    home: str,
    runtime: str,
    precision: str,
    threads: str,
    limit_s: str,
    decoder: str,
    card: str | None = None,
) -> int:
    threading.Thread(target=_end_with_input, daemon=True).start()
    why = unusable_gpu(runtime) if card is not None else None
    print(json.dumps({"unusable": why}), flush=True)
    if why is not None:
        return 1

    def load(spec: ModelSpec) -> BatchModel:
        return load_batch_model(spec, home=Path(home), runtime=runtime, precision=precision, threads=int(threads))

    # Nobody reads the pipe from here on, so libraries must not fill it.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(512)
    decodes = decoder == "gpu" and card is not None and runtime == "jax"
    jpegs = with_library(Path(f"{address}.decoder"), fail, float(limit_s)) if decodes else None
    serve(listener, Models(load, Loads(Path(f"{address}.loads"))), Merging(fail, float(limit_s)), jpegs)


if __name__ == "__main__":
    chosen.without_extras()
    sys.exit(main(*sys.argv[1:]))
