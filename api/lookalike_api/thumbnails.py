"""Caches of thumbnails and pictures, bounded by bytes and by time."""

import threading

from cachetools import TTLCache

from lookalike.errors import LookalikeError

#: What is shown of another host is as old as this at most.
FRESH_S = 3600.0
#: A picture that cannot be read is not tried again for so long, and so many of them are remembered.
FAILED_S, MOST_FAILED = 30.0, 10_000


class ThumbnailCache:
    """The least recently used thumbnails are dropped once all together exceed `max_bytes`, and each after an hour.
    Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self._cache: TTLCache[str, bytes] = TTLCache(max_bytes, FRESH_S, getsizeof=len)
        # The cache is not thread-safe: even a read changes its order.
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self._cache.get(key)

    def put(self, key: str, data: bytes, share: float = 1.0) -> None:
        """Cache `data`, unless it is larger than this share of the cache."""
        with self._lock:
            if len(data) <= share * self._cache.maxsize:
                self._cache[key] = data


class Failures:
    """Why pictures could not be read a moment ago, so that their hosts are not asked at once again. Thread-safe."""

    def __init__(self) -> None:
        self._errors: TTLCache[str, LookalikeError] = TTLCache(MOST_FAILED, FAILED_S)
        self._lock = threading.Lock()

    def add(self, key: str, error: LookalikeError) -> None:
        with self._lock:
            self._errors[key] = error

    def check(self, key: str) -> None:
        """Raise the error of this picture, if there is one."""
        with self._lock:
            error = self._errors.get(key)
        if error is not None:
            # One error for many requests: each raise would make its traceback longer.
            raise error.with_traceback(None)
