"""Asks each host once for its robots.txt, and keeps to it (RFC 9309)."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from protego import Protego
from yarl import URL

from lookalike.errors import HostUnavailable, ImageRejected
from lookalike.records import Reason
from lookalike.roots import Grant

#: The least that a robot must read (RFC 9309, 2.5), and the most that we do.
MOST_BYTES = 500 * 1024
#: Rules of one host beyond this are ignored.
MOST_RULES = 5000
#: Together for all hosts, beside their number.
MOST_KEPT_BYTES = 4 * 2**20
MOST_HOSTS = 4096
#: RFC 9309 allows a day.
KEPT_S = 3600.0
#: Before a host whose robots.txt cannot be read is asked again: the first pause, which doubles, and the longest one.
FIRST_FAILED_S = 0.25
FAILED_S = 60.0

#: Also as people misspell them.
_AGENTS = frozenset({"user-agent", "useragent", "user agent"})
_RULES = {
    "allow": "allow",
    **dict.fromkeys(("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"), "disallow"),
}

#: The text of a robots.txt; None if the host has none, or shows it to nobody.
Load = Callable[[str, Grant], Awaitable[bytes | None]]


class _Key(NamedTuple):
    origin: str
    grant: Grant


class _Rules(NamedTuple):
    """The rules of one host, or why they are unknown, for how many times in a row: then nothing may be read (RFC 9309,
    2.3.1.4)."""

    allowed: Callable[[str], bool]
    size: int
    until: float
    failure: HostUnavailable | None = None
    failures: int = 0


class Robots:
    """The rules of the hosts that were asked last; `robot` is the name by which they may address us."""

    def __init__(self, load: Load, robot: str) -> None:
        self._load = load
        self._robot = robot
        self._rules: OrderedDict[_Key, _Rules] = OrderedDict()
        self._loading: dict[_Key, asyncio.Task[_Rules]] = {}

    async def check(self, url: str, grant: Grant) -> None:
        """Raises ImageRejected (disallowed), or HostUnavailable while nobody knows the rules of the host."""
        key = _Key(str(URL(url, encoded=True).origin()), grant)
        rules = self._rules.get(key)
        if rules is None or rules.until < time.monotonic():
            rules = await self._loaded(key)
        if rules.failure is not None:
            # A new one each time: an exception collects tracebacks.
            raise HostUnavailable(*rules.failure.args)
        if not rules.allowed(url):
            raise ImageRejected(Reason.DISALLOWED, f"robots.txt of {key.origin} keeps {self._robot} away from it")

    async def _loaded(self, key: _Key) -> _Rules:
        """The rules, loaded once for all who wait for them, also if one of these gives up."""
        if key not in self._loading:
            task = asyncio.create_task(self._load_rules(key))
            self._loading[key] = task
            task.add_done_callback(lambda _: self._loading.pop(key, None))
        return await asyncio.shield(self._loading[key])

    async def _load_rules(self, key: _Key) -> _Rules:
        try:
            data = await self._load(f"{key.origin}/robots.txt", key.grant)
        except HostUnavailable as error:
            failure = HostUnavailable(error.address, f"its robots.txt cannot be read: {error.why}", error.retry_after_s)
            # One reset connection must not cost a minute.
            former = self._rules.get(key)
            failures = former.failures + 1 if former else 1
            pause_s = min(max(FIRST_FAILED_S * 2.0 ** min(failures - 1, 10), error.retry_after_s or 0.0), FAILED_S)
            rules = _Rules(lambda _: False, 0, time.monotonic() + pause_s, failure, failures)
        else:
            text = "" if data is None else relevant(data[:MOST_BYTES].decode("utf-8", "replace"), self._robot)
            # Long ones take a while to parse, and the event loop must not wait.
            allowed = await asyncio.to_thread(_parsed, text) if text else _anything
            rules = _Rules(allowed, len(text), time.monotonic() + KEPT_S)
        self._keep(key, rules)
        return rules

    def _keep(self, key: _Key, rules: _Rules) -> None:
        self._rules[key] = rules
        self._rules.move_to_end(key)
        while len(self._rules) > MOST_HOSTS or sum(each.size for each in self._rules.values()) > MOST_KEPT_BYTES:
            self._rules.popitem(last=False)


def relevant(text: str, robot: str) -> str:
    """The rules for one robot, as a robots.txt with a single group: those that name it, else those for all.

    The parser would keep the rules of each named robot, so that a file of half a megabyte could take gigabytes.
    """
    ours: list[str] = []
    for_all: list[str] = []
    for names, rules in _groups(text):
        if robot in names:
            ours += rules
        if "*" in names:
            for_all += rules
    is_named = any(robot in names for names, _ in _groups(text))
    rules = (ours if is_named else for_all)[:MOST_RULES]
    return "\n".join(["User-agent: *", *rules]) if rules else ""


def _groups(text: str) -> Iterator[tuple[set[str], list[str]]]:
    """The names of each group in lower case, and its rules."""
    names: set[str] = set()
    rules: list[str] = []
    begun = False
    for line in text.lstrip("\ufeff").splitlines():
        field, _, value = line.partition("#")[0].partition(":")
        field, value = field.strip().lower(), value.strip()
        if field in _AGENTS:
            if begun:
                yield names, rules
                names, rules, begun = set(), [], False
            names.add(value.partition("/")[0].partition(" ")[0].lower())
        elif field in _RULES and names:
            begun = True
            if value:
                rules.append(f"{_RULES[field]}: {value}")
    yield names, rules


def _parsed(text: str) -> Callable[[str], bool]:
    rules = Protego.parse(text)
    return lambda url: bool(rules.can_fetch(url, "*"))


def _anything(url: str) -> bool:
    return True
