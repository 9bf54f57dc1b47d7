"""Asks other hosts for the pages that the documentation links to."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2

from documentation.check import outside

TIMEOUT_S = 20
CLIENTS = 8
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; link check of a documentation)"}


def unreachable() -> Iterator[str]:
    """A line for each link to another host that does not answer with its page: file, line, address, and what came."""
    links = list(outside())
    addresses = sorted({link.target.partition("#")[0] for _, link in links})
    with (
        httpx2.Client(timeout=TIMEOUT_S, follow_redirects=True, headers=HEADERS) as client,
        ThreadPoolExecutor(CLIENTS) as threads,
    ):
        answers = dict(zip(addresses, threads.map(lambda address: _answer(client, address), addresses), strict=True))
    for source, link in links:
        if answer := answers[link.target.partition("#")[0]]:
            yield f"{source}:{link.line}: {link.target}: {answer}"


def _answer(client: httpx2.Client, address: str) -> str:
    """What is wrong with an address: nothing for a page. Only the head of the answer is read."""
    try:
        with client.stream("GET", address) as answer:
            return "" if answer.is_success else f"answered {answer.status_code}"
    except httpx2.HTTPError as error:
        return f"not reached: {error or type(error).__name__}"
