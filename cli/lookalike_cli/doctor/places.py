"""Checks of the stores and hosts that images come from: which answer, and with which credentials. Never a secret."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from lookalike import factories
from lookalike.errors import ImageRejected, LookalikeError, Unavailable
from lookalike.extras import is_installed
from lookalike.ledger import JobKind, Ledger
from lookalike.records import Reason
from lookalike.roots import named_prefixes
from lookalike.settings import Settings
from lookalike.uris import STORE_SCHEMES, WEB_SCHEMES, scheme_of, without_credentials
from lookalike_cli.doctor.broker import running_broker
from lookalike_cli.doctor.finding import Finding

#: Places that are asked, at once: those of the roots, then those of the latest jobs.
MOST = 8
#: Variables that choose credentials, the first one that is set counts; docs/sources.md has all of them.
CREDENTIALS = {
    "gs": (
        *("GOOGLE_BEARER_TOKEN", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_SERVICE_ACCOUNT"),
        "GOOGLE_APPLICATION_CREDENTIALS",
    ),
    "az": (
        *("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN"),
        *("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"),
    ),
}
#: What a host may say of the folder of its images, and answers nevertheless.
ANSWERS = {Reason.NOT_FOUND, Reason.FORBIDDEN, Reason.UNREADABLE, Reason.NOT_AN_IMAGE, Reason.DISALLOWED, Reason.EMPTY}


def stores(settings: Settings) -> Iterator[Finding]:
    """The credentials that programs on this machine use."""
    if not is_installed("obstore") or not is_installed("botocore"):
        yield Finding("stores", None, "s3://, gs:// and az:// are not read: the extra cloud is not installed")
        return
    found = [*_s3(settings), *(_of_variables(scheme) for scheme in CREDENTIALS)]
    yield Finding("stores", None, "; ".join(filter(None, found)) or "no credentials: public objects are read unsigned")


def places(settings: Settings) -> Iterator[Finding]:
    """Whether the stores and hosts answer that LOOKALIKE_ROOTS or the latest jobs name."""
    named = _named(settings)
    with ThreadPoolExecutor(MOST) as pool:
        yield from pool.map(lambda place: _asked(place, settings), named)


def _s3(settings: Settings) -> Iterator[str]:
    has_files = any(os.path.isfile(os.path.expanduser(name)) for name in ("~/.aws/config", "~/.aws/credentials"))
    if has_files or any(name.startswith("AWS_") for name in os.environ) or any(map(_is_s3, _named(settings))):
        from lookalike.reading.stores.aws import Access
        from lookalike.reading.stores.problems import StoreProblem

        try:
            yield f"s3: {Access().description}"
        except StoreProblem as problem:
            yield f"s3: {problem.why}"


def _is_s3(place: str) -> bool:
    return scheme_of(place) == "s3"


def _of_variables(scheme: str) -> str:
    name = next((name for name in CREDENTIALS[scheme] if os.environ.get(name)), None)
    return f"{scheme}: {name}" if name else ""


def _named(settings: Settings) -> list[str]:
    """Buckets, and the folders of web addresses, as uris with a slash at the end."""
    given = [*settings.roots, *_sources(settings)]
    buckets = (_bucket(text) for text in given if scheme_of(text) in STORE_SCHEMES)
    hosts = [text for text in given if scheme_of(text) in WEB_SCHEMES and "//*" not in text]
    return list(dict.fromkeys([*filter(None, buckets), *(place for place in named_prefixes(hosts))]))[:MOST]


def _bucket(text: str) -> str:
    bucket = without_credentials(text).partition("://")[2].partition("/")[0]
    return f"{scheme_of(text)}://{bucket}/" if bucket else ""


def _sources(settings: Settings) -> list[str]:
    """Those of the latest jobs."""
    if (url := running_broker(settings)) is None:
        return []
    with closing(Ledger(url)) as ledger:
        return [source for job in ledger.jobs() if job.kind is JobKind.INGEST for source in job.source.split("\n")]


def _asked(place: str, settings: Settings) -> Finding:
    try:
        if scheme_of(place) in STORE_SCHEMES:
            _ask_store(place)
        else:
            _ask_host(place, settings)
    except ImageRejected as error:
        if error.reason not in ANSWERS:
            return Finding("place", False, f"{place} cannot be read: {error.detail}", "")
    except Unavailable as error:
        # It may be back in a minute: no fault of this installation.
        return Finding("place", None, error.sentences()[0], "Find out whether it runs. Images wait for it a while.")
    except LookalikeError as error:
        what, _, advice = str(error).partition("\n")
        return Finding("place", False, what, advice)
    return Finding("place", True, f"{place} answers")


def _ask_store(place: str) -> None:
    from lookalike.reading.stores.listing import Listing
    from lookalike.reading.stores.location import location_of

    with Listing() as listing:
        listing.first(location_of(place))


def _ask_host(place: str, settings: Settings) -> None:
    with closing(factories.reader(settings, named=[place])) as reader:
        reader.state(place)
