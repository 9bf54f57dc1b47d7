"""Counts in messages, with the noun in its singular or plural form."""


def counted(count: int, singular: str, plural: str = "") -> str:
    """The count and the noun, such as "1 split" or "2,000 splits". Without a `plural`, the noun takes an s."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
