"""Filters as parameters of the query service: what its client writes and the service reads."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lookalike.errors import BadFilter
from lookalike.filters import METADATA_PREFIX, TAKEN, Condition, Operator, parse_filter, stored_field
from lookalike.shown import shown

#: A parameter with a whole filter, as in the command line.
WHOLE = "filter"
#: Many more than a person would combine.
MAX_CONDITIONS = 20
#: Values of one condition.
MAX_VALUES = 100
#: Characters of one parameter with its value.
MAX_LENGTH = 1000

#: What stands behind a field and a dot.
_SUFFIXES = {
    "not": Operator.NONE_OF,
    "min": Operator.AT_LEAST,
    "max": Operator.AT_MOST,
    "above": Operator.ABOVE,
    "below": Operator.BELOW,
}
_EXISTS = "exists"
_PRESENCE = {"true": Operator.EXISTS, "false": Operator.MISSING}
#: Parameters for the label; `name` is its older name.
_LABEL = ("label", "name")
#: Fields whose names are parameters.
_OWN = (*_LABEL, TAKEN)
_OF_SEVERAL = (Operator.ONE_OF, Operator.NONE_OF)

Parameter = tuple[str, str]


def is_filter(parameter: str) -> bool:
    """Whether a parameter of this name is a filter."""
    field, _, suffix = parameter.partition(".")
    is_own = field in _OWN and (parameter == field or suffix in (*_SUFFIXES, _EXISTS))
    return parameter == WHOLE or is_own or parameter.startswith(METADATA_PREFIX)


def from_parameters(parameters: Iterable[Parameter]) -> tuple[Condition, ...]:
    """The conditions of parameters that are filters: several values of one parameter are alternatives. Raises
    BadFilter."""
    given = _by_name(parameters)
    if "label" in given and "name" in given and given["label"] != given["name"]:
        raise BadFilter("The filters label and name are the same field.", "Give one of them.")
    found = [parse_filter(value) for value in given.pop(WHOLE, ())]
    found += [_condition(name, tuple(values)) for name, values in given.items()]
    if len(found) > MAX_CONDITIONS or any(len(condition.values) > MAX_VALUES for condition in found):
        raise _too_many()
    return tuple(found)


def _by_name(parameters: Iterable[Parameter]) -> dict[str, list[str]]:
    """The values of each parameter. Reads no more of them than there may be. Raises BadFilter."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if len(name) + len(value) > MAX_LENGTH:
            raise BadFilter(f"The filter {shown(name)} has more than {MAX_LENGTH} characters.", "Give a shorter one.")
        given.setdefault(name, []).append(value)
        # `label` and `name` are one field.
        if len(given) > MAX_CONDITIONS + 1 or len(given[name]) > MAX_VALUES:
            raise _too_many()
    return given


def _too_many() -> BadFilter:
    return BadFilter(
        f"At most {MAX_CONDITIONS} filters with {MAX_VALUES} values each can be combined.", "Give fewer of them."
    )


def to_parameters(conditions: Sequence[Condition]) -> list[Parameter]:
    """The parameters that `from_parameters` reads as these conditions, in any order. Values that a field must equal
    are in the form that services have always known."""
    times = Counter(condition.field for condition in conditions if condition.operator is Operator.ONE_OF)
    return [parameter for condition in conditions for parameter in _parameters(condition, times[condition.field])]


def _parameters(condition: Condition, times: int) -> Iterator[Parameter]:
    if condition.operator is Operator.ONE_OF and times == 1 and condition.field not in ("uri", TAKEN):
        for value in condition.values:
            yield condition.field, str(value)
    else:
        yield WHOLE, str(condition)


def _condition(name: str, values: tuple[str, ...]) -> Condition:
    field, _, suffix = name.rpartition(".")
    if suffix == _EXISTS and field != METADATA_PREFIX[:-1]:
        return Condition(stored_field(field), _presence(name, values))
    if suffix not in _SUFFIXES or field == METADATA_PREFIX[:-1]:
        return Condition(stored_field(name), Operator.ONE_OF, values)
    operator = _SUFFIXES[suffix]
    if operator not in _OF_SEVERAL and len(values) > 1:
        raise BadFilter(f"{shown(name)} is given more than once.", "Give it once.")
    return Condition(stored_field(field), operator, values)


def _presence(name: str, values: tuple[str, ...]) -> Operator:
    if len(values) != 1 or values[0] not in _PRESENCE:
        raise BadFilter(f"{shown(name)} is neither true nor false.", "Give one of them.")
    return _PRESENCE[values[0]]
