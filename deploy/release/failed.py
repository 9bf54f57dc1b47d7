"""A release that may not be published."""


class Failed(Exception):
    """`str()` says what is wrong and what to do, in one or two lines."""
