"""A cache of thumbnails, bounded by bytes."""

import threading

from cachetools import LRUCache


class ThumbnailCache:
    """The least recently used thumbnails are dropped once all together exceed `max_bytes`. Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self._cache: LRUCache[str, bytes] = LRUCache(max_bytes, getsizeof=len)
        # LRUCache is not thread-safe: even a read changes its order.
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self._cache.get(key)

    def put(self, key: str, data: bytes, share: float = 1.0) -> None:
        """Cache `data`, unless it is larger than this share of the cache."""
        with self._lock:
            if len(data) <= share * self._cache.maxsize:
                self._cache[key] = data
