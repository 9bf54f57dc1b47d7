"""The load generator, as a program: each client sends an image, waits for the answer, and sends the next image.

Run as `python -m benchmarks.load URL FOLDER CLIENTS SECONDS`; prints one JSON object. It runs on the same machine as
the measured service, so it keeps its connections open, parses no JSON and reports its own CPU time.
"""

import http.client
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

SEARCH = "/search?k=10"
TIMEOUT_S = 30.0
#: Every answer with matches contains this, from lookalike and from the article's service.
FOUND = b'"score"'


class Client(threading.Thread):
    """One client with one connection, until the deadline. It starts with the image `number`."""

    def __init__(self, address: str, images: list[bytes], number: int, deadline: float) -> None:
        super().__init__(daemon=True)
        self.took_ms: list[float] = []
        self.errors: list[str] = []
        self._address = address
        self._images = images
        self._number = number
        self._deadline = deadline

    def run(self) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)
        while time.perf_counter() < self._deadline:
            image = self._images[self._number % len(self._images)]
            began = time.perf_counter()
            try:
                problem = _search(connection, image)
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
                connection.close()
            self.took_ms.append((time.perf_counter() - began) * 1000)
            self.errors += [problem] if problem else []
            self._number += 1
        connection.close()


def main(url: str, folder: str, clients: int, seconds: float) -> None:
    images = [path.read_bytes() for path in sorted(Path(folder).rglob("*.jpg"))]
    began, cpu_began = time.perf_counter(), time.process_time()
    # Each client starts with another image, so that no two send the same image at the same time.
    threads = [
        Client(urlsplit(url).netloc, images, number * len(images) // clients, began + seconds)
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(_summary(threads, time.perf_counter() - began, time.process_time() - cpu_began)))


def _search(connection: http.client.HTTPConnection, image: bytes) -> str:
    """Send one search; returns a description of the error, or ""."""
    connection.request("POST", SEARCH, image, {"Content-Type": "image/jpeg"})
    answer = connection.getresponse()
    body = answer.read()
    return "" if answer.status == 200 and FOUND in body else f"{answer.status} {body[:200]!r}"


def _summary(threads: list[Client], seconds: float, cpu_seconds: float) -> dict[str, Any]:
    took_ms = [took for thread in threads for took in thread.took_ms]
    errors = [error for thread in threads for error in thread.errors]
    return {
        "rate": (len(took_ms) - len(errors)) / seconds,
        "p50_ms": float(np.percentile(took_ms, 50)),
        "p99_ms": float(np.percentile(took_ms, 99)),
        "searches": len(took_ms),
        "errors": len(errors),
        "first_error": next(iter(errors), ""),
        "cpu_share": cpu_seconds / seconds,
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
