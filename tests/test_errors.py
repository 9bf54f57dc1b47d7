"""Every error survives pickling, and says in one or two lines what is wrong."""

import pickle

import pytest

from lookalike import errors
from lookalike.errors import LookalikeError
from lookalike.records import Reason
from lookalike.shown import visible


def subclasses(kind: type[LookalikeError]) -> list[type[LookalikeError]]:
    return [kind, *(child for direct in kind.__subclasses__() for child in subclasses(direct))]


NAMED = [
    kind for kind in subclasses(LookalikeError) if kind.__module__ == errors.__name__ and kind is not LookalikeError
]


def argument_names(kind: type[LookalikeError]) -> tuple[str, ...]:
    """Of its constructor; an error that names nothing has none of its own."""
    code = getattr(kind.__init__, "__code__", None)
    return code.co_varnames[1 : code.co_argcount] if code else ()


def example(kind: type[LookalikeError]) -> LookalikeError:
    return kind(*(Reason.CORRUPT if name == "reason" else f"the {name}" for name in argument_names(kind)))


@pytest.mark.parametrize("kind", NAMED)
def test_an_error_survives_pickling(kind: type[LookalikeError]) -> None:
    error = example(kind)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.args, str(copy)) == (kind, error.args, str(error))


@pytest.mark.parametrize("kind", NAMED)
def test_an_error_message_has_at_most_two_lines(kind: type[LookalikeError]) -> None:
    lines = str(example(kind)).splitlines()
    assert 1 <= len(lines) <= 2
    assert "the " in lines[0] or "corrupt" in lines[0]


@pytest.mark.parametrize("kind", NAMED)
def test_an_error_message_is_harmless_and_short_whatever_it_names(kind: type[LookalikeError]) -> None:
    names = argument_names(kind)
    hostile = "a\x1b[31m\u202e\udcff" + "long " * 2000
    lines = str(kind(*(Reason.CORRUPT if name == "reason" else hostile for name in names))).split("\n")
    assert 1 <= len(lines) <= 2 and all(visible(line) == line and len(line) < 3000 for line in lines)
    forged = str(kind(*(Reason.CORRUPT if name == "reason" else "a\nb\nc" for name in names))).split("\n")
    assert len(forged) <= 2
    assert "__str__" not in vars(kind), "`sentences` gives the texts, and the base class makes them harmless"
