"""Values of callers as messages show them: short, on one line, with every character printable."""

#: Most characters of a value that a message repeats.
LONGEST = 300


def shown(value: object, longest: int = LONGEST) -> str:
    """The value as Python writes it, shortened."""
    try:
        return shortened(repr(value), longest)
    except ValueError:
        # Python refuses to write a whole number of thousands of digits.
        return f"a very long {type(value).__name__}"


def shortened(text: str, longest: int = LONGEST) -> str:
    """The text, without its middle if it is too long: a path is recognized by its beginning and its end."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}...{text[-half:]}"


def printable(text: str) -> str:
    """The text as it is if a terminal can print it, or as Python writes it: control characters move the cursor."""
    return shortened(text if text.isprintable() else repr(text))


def kind_of(value: object) -> str:
    """The type of a value, to begin a sentence: "An int", "A list", "None"."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'An' if name[0].lower() in 'aeiou' else 'A'} {name}"
