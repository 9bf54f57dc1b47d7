"""An embedder whose model runs in another process, which several processes share."""

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.embedding.runtimes import framing
from lookalike.embedding.specs.spec import ModelSpec
from lookalike.errors import ImageRejected, ModelProcessUnavailable, ModelUnavailable
from lookalike.records import ModelIdentity, Pixels, Vector, Vectors
from lookalike.retry import retry_while

#: A model process is restarted within seconds, but then loads its runtime.
RETRY_S = 60.0
#: One that is silent for longer loads a model, or hangs.
ANSWER_S = 120.0


class Undecoded(Protocol):
    """A JPEG that the model process decodes, or this one if it does not."""

    @property
    def data(self) -> bytes: ...

    @property
    def orientation(self) -> int: ...

    def decoded(self, size: int, largest: int) -> Pixels:
        """At the model's size, or with no side longer than `largest`. Raises ImageRejected."""


#: Images to send, and what is found: a vector, or why there is none.
Image = Pixels | Undecoded
Found = Vector | ImageRejected


class ModelProcessEnded(ModelProcessUnavailable):
    """It is restarted, so what was asked is worth asking again at once."""


@dataclass(eq=False)
class _Asked:
    header: framing.Header
    pixels: NDArray[np.uint8]
    answer: tuple[framing.Header, Vectors] | None = None


class RemoteEmbedder:
    """An Embedder that asks the model process at `address`. Not safe to share between threads, or across a fork.

    Raises ModelUnavailable if the process cannot load the model, and ModelProcessUnavailable if it does not come back
    or is silent for `answer_s`.
    """

    def __init__(self, address: Path, spec: ModelSpec, answer_s: float = ANSWER_S) -> None:
        self._connection: socket.socket | None = None
        self._address = address
        self._spec = spec.to_json()
        self._answer_s = answer_s
        #: What was asked and is not answered yet; after a new connection all of it is sent again.
        self._asked: deque[_Asked] = deque()
        self.size, self.frame = spec.size, spec.frame
        header, _ = self._answer(self._sent({}, np.zeros((0, spec.size, spec.size, 3), np.uint8)))
        self.precision = header["precision"]
        #: The longest side of images that need not be resized here; 0 if all must.
        self.largest = max(header["canvases"], default=0)
        #: Pixels from which on a JPEG need not be decoded here; None if all must.
        self.left_from: int | None = header["left_from"]
        self.identity = ModelIdentity(spec.name, spec.fingerprint, int(header["dimension"]), spec.metric)

    def __call__(self, pixels: Pixels) -> Vectors:
        return self._asked_for({}, pixels)()

    def ask(self, images: Sequence[Image]) -> Callable[[], Iterable[Found]]:
        """Send the images, of the model's size or with no side longer than `largest`, or undecoded; what this returns
        waits for the vectors. Two may be asked at once."""
        jpegs = {place: image for place, image in enumerate(images) if not isinstance(image, np.ndarray)}
        pixels = [image for image in images if isinstance(image, np.ndarray)]
        if not jpegs:
            return self.ask_pixels(pixels)
        of_jpegs = self._asked_for_jpegs(list(jpegs.values()))
        of_pixels: Callable[[], Iterable[Vector]] = self.ask_pixels(pixels) if pixels else list

        def merged() -> Sequence[Found]:
            first, second = iter(of_jpegs()), iter(of_pixels())
            return [next(first if place in jpegs else second) for place in range(len(images))]

        return merged

    def ask_pixels(self, images: Sequence[Pixels]) -> Callable[[], Vectors]:
        """As `ask`, without JPEGs."""
        if all(image.shape == (self.size, self.size, 3) for image in images):
            return self._asked_for({}, np.stack(images))
        sizes = [image.shape[:2] for image in images]
        return self._asked_for({"sizes": sizes}, np.concatenate([image.reshape(-1) for image in images]))

    def _asked_for_jpegs(self, jpegs: Sequence[Undecoded]) -> Callable[[], Sequence[Found]]:
        facts = [(len(jpeg.data), jpeg.orientation) for jpeg in jpegs]
        asked = self._sent({framing.JPEGS: facts}, np.frombuffer(b"".join(jpeg.data for jpeg in jpegs), np.uint8))

        def found() -> Sequence[Found]:
            header, vectors = self._answer(asked)
            undecoded = header["undecoded"]
            there = iter(np.asarray(vectors, np.float32))
            here = iter(self._decoded_here([jpegs[place] for place in undecoded]))
            return [next(here) if place in undecoded else next(there) for place in range(len(jpegs))]

        return found

    def _decoded_here(self, jpegs: Sequence[Undecoded]) -> Sequence[Found]:
        """What the device does not decode, as if it had not been sent."""
        images: list[Pixels | ImageRejected] = []
        for jpeg in jpegs:
            try:
                images.append(jpeg.decoded(self.size, self.largest))
            except ImageRejected as error:
                images.append(error)
        pixels = [image for image in images if isinstance(image, np.ndarray)]
        vectors = iter(self.ask_pixels(pixels)() if pixels else ())
        return [image if isinstance(image, ImageRejected) else next(vectors) for image in images]

    def _asked_for(self, header: framing.Header, pixels: NDArray[np.uint8]) -> Callable[[], Vectors]:
        asked = self._sent(header, pixels)
        return lambda: np.asarray(self._answer(asked)[1], np.float32)

    def _sent(self, header: framing.Header, pixels: NDArray[np.uint8]) -> _Asked:
        # The other side reads no further before these answers are read.
        while len(self._asked) >= framing.IN_FLIGHT:
            self._receive_next()
        asked = _Asked({"spec": self._spec, **header}, pixels)
        is_connected = self._connection is not None
        self._asked.append(asked)
        # The wait for the answer tries again.
        with suppress(ModelProcessEnded):
            connection = self._connected()
            if is_connected:
                self._send(connection, asked)
        return asked

    def _answer(self, asked: _Asked) -> tuple[framing.Header, Vectors]:
        while asked.answer is None:
            if asked not in self._asked:
                raise ModelProcessUnavailable(str(self._address), "it did not answer what was asked before")
            self._receive_next()
        if "refused" in asked.answer[0]:
            raise ModelUnavailable(*asked.answer[0]["refused"])
        return asked.answer

    def _receive_next(self) -> None:
        """Receive the answer to what was asked first; for a while again if the process has ended."""
        try:
            # Whoever waits less long for an answer has less time for all of it.
            retry_while(self._receive, ModelProcessEnded, min(RETRY_S, self._answer_s / 2))
        except ModelProcessEnded:
            # Whoever asked begins anew.
            self._asked.clear()
            raise

    def _receive(self) -> None:
        connection = self._connected()
        if not self._asked:
            return
        with self._translated():
            header = framing.receive_header(connection)
            answer = header, framing.receive_array(connection, header)
            # Here, where an error of any kind disconnects: no answer is ever taken for that of another request.
            self._asked.popleft().answer = answer

    def _connected(self) -> socket.socket:
        """The connection; over a new one everything that is not answered is sent, but JPEGs, which may have ended the
        process."""
        if self._connection is None:
            with self._translated():
                self._connection = _connected(self._address, self._answer_s)
            self._keep_jpegs()
            for asked in self._asked:
                self._send(self._connection, asked)
        return self._connection

    def _keep_jpegs(self) -> None:
        for asked in [asked for asked in self._asked if framing.JPEGS in asked.header]:
            asked.answer = {"undecoded": range(len(asked.header[framing.JPEGS]))}, np.empty((0, 0), np.float32)
            self._asked.remove(asked)

    def _send(self, connection: socket.socket, asked: _Asked) -> None:
        with self._translated():
            framing.send(connection, asked.header, asked.pixels)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Disconnect after any error, which leaves half a message. Raises ModelProcessUnavailable for the other
        side's."""
        try:
            yield
        except TimeoutError as error:
            self.close()
            # Whoever asked begins anew.
            self._asked.clear()
            why = f"no answer within {self._answer_s:.0f} s"
            raise ModelProcessUnavailable(str(self._address), why) from error
        except (EOFError, OSError) as error:
            self.close()
            raise ModelProcessEnded(str(self._address), str(error) or "the process has ended") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect; the next call connects anew."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        # A worker process that changes models drops this one.
        self.close()


def _connected(address: Path, answer_s: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(answer_s)
    try:
        connection.connect(str(address))
    except OSError:
        connection.close()
        raise
    return connection
