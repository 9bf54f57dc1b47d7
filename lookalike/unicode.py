"""Whether a text can be encoded: Python keeps bytes that are not UTF-8 as lone surrogates in it."""

import os


def is_unicode(text: str) -> bool:
    """Whether UTF-8, JSON and a URL can hold the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_path(text: str) -> bool:
    """Whether the system can encode the text as a path, which may have bytes that are not UTF-8."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True
