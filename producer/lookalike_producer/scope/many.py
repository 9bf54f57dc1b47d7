"""Finds out of thousands of scopes those that cover a uri, by what the uri begins with."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from lookalike.uris import scheme_of
from lookalike_producer.scope.base import Scope

Kind = TypeVar("Kind", bound=Scope)

#: Prefixes of which each is listed on its own; of more, what they have in common is.
MOST_LISTED = 20


class Scopes(Generic[Kind]):
    """Some scopes. A uri takes as long as it has folders, however many scopes there are."""

    def __init__(self, scopes: Iterable[Kind] = ()) -> None:
        self._by_prefix: dict[str, list[Kind]] = defaultdict(list)
        for scope in scopes:
            self.add(scope)

    def add(self, scope: Kind) -> None:
        for prefix in scope.prefixes:
            self._by_prefix[prefix].append(scope)
            if prefix.endswith("#"):
                # A container belongs to the scope of what is in it.
                self._by_prefix[prefix.removesuffix("#")].append(scope)

    def covering(self, uri: str) -> Iterator[Kind]:
        """The scopes that cover a uri."""
        found = chain.from_iterable(self._by_prefix.get(beginning, ()) for beginning in _beginnings(uri))
        return (scope for scope in found if scope.covers(uri))

    def covers(self, uri: str) -> bool:
        """Whether one of them covers a uri."""
        return next(self.covering(uri), None) is not None

    @property
    def prefixes(self) -> list[str]:
        """Few prefixes with which all uris begin that are covered, perhaps others as well."""
        prefixes = _outermost(self._by_prefix)
        if len(prefixes) <= MOST_LISTED:
            return prefixes
        groups: dict[str, list[str]] = defaultdict(list)
        for prefix in prefixes:
            groups[scheme_of(prefix)].append(prefix)
        return list(map(os.path.commonprefix, groups.values()))


def _beginnings(uri: str) -> Iterator[str]:
    """What ends with a separator, and the whole."""
    for at, letter in enumerate(uri):
        if letter in "/#":
            yield uri[: at + 1]
    yield uri


def _outermost(prefixes: Iterable[str]) -> list[str]:
    """Without those that begin with others of them. In this order, one comes right before what begins with it."""
    kept: list[str] = []
    for prefix in sorted(prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept
