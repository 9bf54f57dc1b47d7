"""Images that strangers send are decoded in processes that end when their time is over, while others are searched."""

import os
import resource
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import testing.encoders  # noqa: F401
from lookalike import images
from lookalike.errors import ImageRejected
from lookalike.records import Filter, Frame, Framing, Reason
from lookalike.settings import Settings
from lookalike_api.admission import Busy
from lookalike_api.decoder_pool import NICENESS, DecoderEnded, DecoderPool
from lookalike_api.decoder_process import BYTES_PER_PIXEL, PIXELS, Request
from lookalike_api.decoders import QUICK_S, Decoders
from testing.processes import await_true
from tests.api.service import serving
from tests.api.test_bad_input import BOMB
from tests.decoding.test_raw_containers import FULL, RAWS

MAX_PIXELS = 64_000_000
SIZE = 224
FRAME = Frame(SIZE)


def slow_png(side: int = 8000) -> bytes:
    """A valid PNG, 16-bit RGBA, as large as is allowed: 2 MB that take seconds to decode."""
    row = side * 8 + 1
    compressor, checksum = zlib.compressobj(1), 1
    # Each row is predicted by Paeth's filter, the slowest one.
    rows = 50 * (b"\4" + bytes(row - 1))
    pieces = [compressor.compress(rows) + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    for _ in range(side // 50):
        checksum = zlib.adler32(rows, checksum)
    header = struct.pack(">IIBBBBB", side, side, 16, 6, 0, 0, 0)
    content = b"".join([pieces[0], pieces[1] * (side // 50 - 1), b"\x03\0", struct.pack(">I", checksum)])
    chunks = ((b"IHDR", header), (b"IDAT", content), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


SLOW = slow_png()


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with closing(DecoderPool(most_idle=2)) as opened:
        yield opened


def decoders(pool: DecoderPool, limit_s: float = 30.0, quick_s: float = 1.0) -> Decoders:
    slow = threading.Semaphore(1)
    return Decoders(pool, at_once=1, slow=slow, max_pixels=MAX_PIXELS, limit_s=limit_s, quick_s=quick_s)


def pid_of(pool: DecoderPool) -> int:
    with pool.lent() as decoder:
        return decoder.pid


def as_file(kind: str) -> bytes:
    if kind in RAWS:
        return RAWS[kind](FULL)
    encoded = BytesIO()
    Image.effect_noise((300, 200), 80).convert("RGB").save(encoded, kind)
    return encoded.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JXL", *RAWS])
def test_a_process_decodes_as_workers_do(pool: DecoderPool, kind: str) -> None:
    data = as_file(kind)
    expected = images.decode(data, max_pixels=MAX_PIXELS, size=SIZE).pixels
    np.testing.assert_array_equal(decoders(pool).pixels(data, FRAME), expected)
    assert decoders(pool).thumbnail(data, 64) == images.thumbnail(data, max_pixels=MAX_PIXELS, size=64)
    framing = Framing(Filter.BICUBIC, 0.875)
    seen = images.decode(data, max_pixels=MAX_PIXELS, size=SIZE, framing=framing).pixels
    np.testing.assert_array_equal(decoders(pool).pixels(data, Frame(SIZE, framing)), seen)
    assert not np.array_equal(seen, expected)


@pytest.mark.parametrize("data", [b"", b"no image", BOMB, as_file("PNG")[:300], b"\xff\xd8\xff" + bytes(5000)])
def test_a_rejection_is_the_same_and_the_process_goes_on(pool: DecoderPool, data: bytes) -> None:
    with pytest.raises(ImageRejected) as expected:
        images.decode(data, max_pixels=MAX_PIXELS, size=SIZE)
    before = pid_of(pool)
    with pytest.raises(ImageRejected) as rejected:
        decoders(pool).pixels(data, FRAME)
    assert str(rejected.value) == str(expected.value)
    assert pid_of(pool) == before


def test_an_image_that_takes_too_long_is_rejected_and_its_process_ends(pool: DecoderPool) -> None:
    before = pid_of(pool)
    with pytest.raises(ImageRejected, match=r"longer than 0\.3 s") as rejected:
        decoders(pool, limit_s=0.3).pixels(SLOW, FRAME)
    assert rejected.value.reason is Reason.TIMEOUT
    await_true(lambda: has_ended(before))
    assert decoders(pool).pixels(as_file("PNG"), FRAME).shape == (SIZE, SIZE, 3)


def test_slow_images_take_neither_the_places_nor_the_cores_of_others(pool: DecoderPool) -> None:
    places, data = threading.Semaphore(1), as_file("JPEG")
    shared = Decoders(pool, at_once=1, slow=places, max_pixels=MAX_PIXELS, limit_s=30.0, quick_s=0.1)
    stopped = pid_of(pool)
    # However fast this machine is, the test is faster, and however slow, this image is the slower one.
    os.kill(stopped, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(shared.pixels, data, FRAME)
        # It gives its place to others; the only place for slow images is then taken.
        await_true(lambda: places._value == 0)
        shared._quick_s = 30.0
        assert shared.pixels(data, FRAME).shape == (SIZE, SIZE, 3)
        shared._quick_s = 0.1
        with pytest.raises(Busy):
            shared.pixels(SLOW, FRAME)
        shared._quick_s = 30.0
        assert shared.pixels(data, FRAME).shape == (SIZE, SIZE, 3)
        assert not slow.done()
        assert os.getpriority(os.PRIO_PROCESS, stopped) == NICENESS
        os.kill(stopped, signal.SIGCONT)
        assert slow.result().shape == (SIZE, SIZE, 3)


def test_closing_ends_a_decoder_in_the_middle_of_its_work() -> None:
    own = DecoderPool(most_idle=1)
    with ThreadPoolExecutor(1) as threads, own.lent() as decoder:
        decoder.ask(Request(PIXELS, SIZE, MAX_PIXELS, 60.0, len(SLOW)), SLOW)
        waiting: Future[object] = threads.submit(decoder.answer)
        await_true(lambda: cpu_s(decoder.pid) > 0.2)
        own.close()
        with pytest.raises(DecoderEnded):
            waiting.result(timeout=10)
    await_true(lambda: has_ended(decoder.pid))


def test_data_that_arrives_during_the_work_ends_no_decoder(pool: DecoderPool) -> None:
    """The kernel may still tell of a request that the decoder has received and works on."""
    image = slow_png(3000)
    request = Request(PIXELS, SIZE, MAX_PIXELS, 60.0, len(image))
    with pool.lent() as decoder:
        used = cpu_s(decoder.pid)
        decoder.ask(request, image)
        await_true(lambda: cpu_s(decoder.pid) > used)
        decoder.ask(request, image)
        assert [type(decoder.answer()) for _ in range(2)] == [bytearray, bytearray]


def cpu_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_a_process_that_was_killed_is_replaced(pool: DecoderPool) -> None:
    for victim in (pid_of(pool), parent_of(pid_of(pool))):
        os.kill(victim, signal.SIGKILL)
        await_true(partial(has_ended, victim))
        assert decoders(pool).pixels(as_file("PNG"), FRAME).shape == (SIZE, SIZE, 3)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def has_ended(pid: int) -> bool:
    """Also if nobody has taken notice yet."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


BUSY = f"""
import sys, time
from lookalike_api.decoder_pool import DecoderPool
from lookalike_api.decoder_process import PIXELS, Request
pool, data = DecoderPool(2), sys.stdin.buffer.read()
with pool.lent() as decoder:
    decoder.ask(Request(PIXELS, {SIZE}, {MAX_PIXELS}, 60.0, len(data)), data)
    print(decoder.pid, flush=True)
    time.sleep(60)
"""


def test_nothing_is_left_of_a_service_that_was_killed() -> None:
    service = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert service.stdin and service.stdout
    with service:
        service.stdin.write(SLOW)
        service.stdin.close()
        working = int(service.stdout.readline())
        forking = parent_of(working)
        await_true(lambda: cpu_s(working) > 0.2)
        service.kill()
    await_true(lambda: has_ended(working) and has_ended(forking))


def test_a_process_gives_the_memory_of_a_large_image_back(pool: DecoderPool) -> None:
    def resident(pid: int) -> int:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()

    own = decoders(pool, quick_s=60.0)
    own.pixels(as_file("PNG"), FRAME)
    before = resident(pid_of(pool))
    for _ in range(3):
        own.pixels(slow_png(2000), FRAME)
    assert resident(pid_of(pool)) - before < 20 * 2**20


def test_the_memory_of_a_process_is_bounded_and_it_ends_before_the_service(pool: DecoderPool) -> None:
    decoders(pool).pixels(as_file("PNG"), FRAME)
    with pool.lent() as decoder:
        limit = resource.prlimit(decoder.pid, resource.RLIMIT_AS)[0]
        assert MAX_PIXELS * BYTES_PER_PIXEL < limit < MAX_PIXELS * BYTES_PER_PIXEL + 2**30
        assert Path(f"/proc/{decoder.pid}/oom_score_adj").read_text() == "1000\n"


def test_searches_are_answered_while_others_send_images_that_take_long(lance: Settings, query: bytes) -> None:
    short = Settings(**{**lance.model_dump(), "search_timeout_s": 5.0})
    with serving(short, quick_s=QUICK_S) as client, ThreadPoolExecutor(4) as threads:
        slow = [threads.submit(client.post, "/search", content=SLOW) for _ in range(4)]
        answered = []
        while not all(each.done() for each in slow):
            answered.append(client.post("/search?k=1", content=query).status_code)
        # 503: where this machine took half a second of a decoder's time, it had no place as a slow one.
        assert set(answered) <= {200, 503} and answered.count(200) > 5
        # 200: on a fast machine.
        assert {each.result().status_code for each in slow} <= {200, 422, 503}
        assert client.post("/search?k=1", content=query).status_code == 200
