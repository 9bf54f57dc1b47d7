"""Asks other hosts for the pages that the documentation links to."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2

from documentation.check import outside

TIMEOUT_S = 20
CLIENTS = 8
TOO_MANY = 429
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; link check of a documentation)"}


def unreachable() -> Iterator[str]:
    """A line for each link to another host that does not answer with its page: file, line, address, and what came."""
    links = list(outside())
    answers = faults({link.target.partition("#")[0] for _, link in links})
    for source, link in links:
        if answer := answers[link.target.partition("#")[0]]:
            yield f"{source}:{link.line}: {link.target}: {answer}"


def faults(addresses: Iterable[str], timeout_s: float = TIMEOUT_S) -> dict[str, str]:
    """What is wrong with each address; nothing for one that answers with its page, also behind redirects."""
    found = sorted(addresses)
    with (
        httpx2.Client(timeout=timeout_s, follow_redirects=True, headers=HEADERS) as client,
        ThreadPoolExecutor(CLIENTS) as threads,
    ):
        return dict(zip(found, threads.map(lambda address: _answer(client, address), found), strict=True))


def _answer(client: httpx2.Client, address: str) -> str:
    """What is wrong with an address: nothing for a page. Only the head of the answer is read."""
    try:
        with client.stream("GET", address) as answer:
            if answer.status_code == TOO_MANY:
                return f"answered {TOO_MANY}: too many requests, so nobody knows; try again later"
            return "" if answer.is_success else f"answered {answer.status_code}"
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return f"not reached: {error or type(error).__name__}"
