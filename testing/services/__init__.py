"""Real services for tests and benchmarks; nothing here knows what lookalike does with them."""


class ServiceMissing(Exception):
    """A service cannot be had on this machine; `str()` is the reason, fit for a skip."""
