"""Starts, lends and ends the processes that decode images for the service; decoder_process.py runs in them."""

import contextlib
import json
import os
import select
import socket
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from lookalike import launch
from lookalike.errors import ImageRejected, Unavailable
from lookalike.records import Reason
from lookalike_api.decoder_process import ANSWER, HELLO, REQUEST, Request, receive

#: Importing the decoders takes 0.3 s; much more on a busy machine.
START_TIMEOUT_S = 30.0
#: A decoder that does not end by itself when its time is over is ended after as many seconds more.
GRACE_S = 1.0
#: Added to a decoder that takes long, so that it takes no CPU time from searches.
NICENESS = 10


class DecodersUnavailable(Unavailable):
    """No process for decoding can be started."""

    service = "decoder process"


class Decoder:
    """One process. Answers one request after the other. It ends when `life` is closed, whatever it does."""

    def __init__(self, connection: socket.socket, life: socket.socket) -> None:
        """Raises OSError, EOFError."""
        self._connection, self._life = connection, life
        connection.settimeout(START_TIMEOUT_S)
        self.pid: int = HELLO.unpack(receive(connection, HELLO.size))[0]
        self.is_reusable = True
        self._began = self._limit_s = 0.0

    @property
    def has_spoken(self) -> bool:
        """Whether there is an answer; if nothing was asked, whether the process has ended."""
        return self.speaks_within(0)

    def speaks_within(self, seconds: float) -> bool:
        # Not `select`, which knows no descriptor above 1,024.
        spoken = select.poll()
        spoken.register(self._connection, select.POLLIN)
        return bool(spoken.poll(1000 * seconds))

    def ask(self, request: Request, data: bytes) -> None:
        """Raises DecoderEnded, DecodersUnavailable."""
        self._began, self._limit_s = time.monotonic(), request.limit_s
        self._connection.settimeout(request.limit_s + GRACE_S)
        with _in_memory(data) as file:
            try:
                socket.send_fds(self._connection, [REQUEST.pack(*request)], [file.fileno()])
            except OSError as error:
                raise DecoderEnded(is_late=False) from error

    def answer(self) -> bytearray | ImageRejected:
        """Pixels or a JPEG, or why the image is rejected. Raises DecoderEnded."""
        try:
            is_decoded, length = ANSWER.unpack(receive(self._connection, ANSWER.size))
            content = receive(self._connection, length)
        except (EOFError, OSError) as error:
            raise DecoderEnded(time.monotonic() - self._began >= self._limit_s) from error
        if is_decoded:
            return content
        reason, detail = json.loads(content)
        return ImageRejected(Reason(reason), detail)

    def yield_to_others(self) -> None:
        """Take only CPU time that nobody else wants, from now on until the end."""
        self.is_reusable = False
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self.pid, NICENESS)

    def interrupt(self) -> None:
        """End the process, whatever it does; the thread that waits for it gets DecoderEnded."""
        for one in (self._life, self._connection):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """End the process, whatever it does. No other thread may use it now."""
        self._life.close()
        self._connection.close()


class DecoderEnded(Exception):
    """A decoder ended without an answer. `is_late`: its time was over."""

    def __init__(self, is_late: bool) -> None:
        super().__init__(is_late)
        self.is_late = is_late


class DecoderPool:
    """Decoders, forked as needed from one process that has imported the libraries; at most `most_idle` are kept.
    Thread-safe."""

    def __init__(self, most_idle: int) -> None:
        self._idle: deque[Decoder] = deque()
        self._working: set[Decoder] = set()
        self._most_idle = most_idle
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._is_closed = False

    @contextmanager
    def lent(self) -> Iterator[Decoder]:
        """A decoder, which is ended if the block raises. Raises DecodersUnavailable."""
        decoder = self._idle_one() or self._forked()
        self._working.add(decoder)
        try:
            yield decoder
        except BaseException:
            decoder.end()
            raise
        finally:
            self._working.discard(decoder)
        self._keep(decoder)

    def warm(self) -> None:
        """Start the first one. Raises DecodersUnavailable."""
        with self.lent():
            pass

    def close(self) -> None:
        """End all, also those that are at work."""
        with self._starting:
            self._is_closed = True
            self._stop()
        for decoder in list(self._working):
            decoder.interrupt()
        while self._idle:
            self._idle.pop().end()

    def _idle_one(self) -> Decoder | None:
        while self._idle:
            # The last one used: its memory is in the caches.
            decoder = self._idle.pop()
            if not decoder.has_spoken:
                return decoder
            decoder.end()
        return None

    def _keep(self, decoder: Decoder) -> None:
        if self._is_closed or not decoder.is_reusable or len(self._idle) >= self._most_idle:
            decoder.end()
        else:
            self._idle.append(decoder)

    def _forked(self) -> Decoder:
        with self._starting:
            try:
                return self._fork()
            except (OSError, EOFError):
                # The process that forks has ended: start it again.
                self._stop()
            try:
                return self._fork()
            except (OSError, EOFError) as error:
                self._stop()
                raise DecodersUnavailable(
                    "this machine", f"it cannot be started: {error or 'it ends at once'}"
                ) from error

    def _fork(self) -> Decoder:
        with ExitStack() as failing:
            connection, connected = map(failing.enter_context, socket.socketpair())
            life, watched = map(failing.enter_context, socket.socketpair())
            socket.send_fds(self._started(), [b"\0"], [connected.fileno(), watched.fileno()])
            connected.close()
            watched.close()
            decoder = Decoder(connection, life)
            failing.pop_all()
            return decoder

    def _started(self) -> socket.socket:
        if self._is_closed:
            raise OSError("the service stops")
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._control = ours
                self._process = launch.start(
                    launch.command("lookalike_api.decoder_process", str(theirs.fileno())),
                    # Forked processes cannot use threads of their parent.
                    {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        return self._control

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def _in_memory(data: bytes) -> Iterator[BinaryIO]:
    """A file with these bytes, in memory where the system can do that: copied twice, a third of a socket's time."""
    with ExitStack() as closing:
        try:
            file = closing.enter_context(_new_file())
            file.write(data)
            file.flush()
        except OSError as error:
            raise DecodersUnavailable("this machine", error.strerror or str(error)) from error
        yield file


def _new_file() -> BinaryIO:
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("image"), "w+b")
    return tempfile.TemporaryFile()
