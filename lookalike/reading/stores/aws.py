"""Endpoint, region and credentials of S3, from where the command line of AWS has them, and signatures."""

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from lookalike.addresses import is_loopback, plain_address
from lookalike.errors import BadSetting
from lookalike.extras import requiring
from lookalike.reading.stores.problems import Kind, StoreProblem
from lookalike.shown import clause, shown

#: Where buckets are looked for first; the answer names the region of a bucket that is elsewhere.
DEFAULT_REGION = "us-east-1"
#: A region becomes part of a host name.
REGION = re.compile(r"[a-z0-9-]{1,40}")
#: Credentials that expire are looked up again so often; botocore renews them in time.
FRESH_S = 60.0
#: Those that the store does not accept are looked up again so often at most: a service may have to be asked.
SHORTEST_S = 5.0


class Access:
    """The configuration of this process and user. Blocks while it looks up credentials: call it in a thread.

    Raises MissingExtra if botocore is not installed, StoreProblem, BadSetting.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frozen: Any = None
        self._frozen_at = -FRESH_S
        self._renewed_at = -SHORTEST_S
        #: Grows when the credentials are others than before.
        self.version = 0
        self._session = _new_session()
        with _readable():
            self._profile: Mapping[str, Any] = self._session.get_scoped_config()
            self.region = self._first_region()
            self.endpoint = self._checked(self._first_endpoint())
            self._credentials: Any = _found(self._session)
        self.ca_bundle = os.environ.get("AWS_CA_BUNDLE") or self._profile.get("ca_bundle") or None
        self.pays = os.environ.get("AWS_REQUEST_PAYER", "").lower() in ("requester", "true")

    @property
    def is_anonymous(self) -> bool:
        """Whether requests are not signed: there are no credentials, or AWS_SKIP_SIGNATURE says so."""
        return self._credentials is None

    @property
    def description(self) -> str:
        """Where the credentials come from, the region and the endpoint, for people; no credential."""
        # botocore's names, such as env, shared-credentials-file, sso, iam-role.
        method = getattr(self._credentials, "method", "") or "a provider"
        profile = self._session.get_config_variable("profile")
        source = method + (f" (profile {shown(profile)})" if profile else "")
        credentials = "no credentials: public objects are read unsigned" if self.is_anonymous else f"from {source}"
        return f"{credentials}, region {self.region}" + (
            f", at {plain_address(self.endpoint)}" if self.endpoint else ""
        )

    def sign(self, method: str, url: str, region: str, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers with those of a signature (Signature Version 4)."""
        if self._credentials is None:
            return dict(headers)
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method, url, headers=dict(headers))
        S3SigV4Auth(self._now(), "s3", region).add_auth(request)
        return dict(request.headers.items())

    @property
    def needs_look_up(self) -> bool:
        """Whether the next signature may wait for a service that gives credentials."""
        return self._credentials is not None and time.monotonic() - self._frozen_at >= FRESH_S

    def renew(self, version: int) -> bool:
        """Look credentials up again, because the store does not accept those of this `version` any more: files may have
        changed. Whether there are others now."""
        with self._lock, _renewable():
            if self.version == version and time.monotonic() - self._renewed_at >= SHORTEST_S:
                self._renewed_at = time.monotonic()
                self._look_up()
            return self.version != version

    def _look_up(self) -> None:
        # A session remembers what it has found, so this takes a new one.
        credentials = _found(_new_session())
        frozen = credentials.get_frozen_credentials() if credentials else None
        if frozen is not None and frozen != self._frozen:
            self._credentials, self._frozen, self._frozen_at = credentials, frozen, time.monotonic()
            self.version += 1

    def _now(self) -> Any:
        with self._lock, _renewable() if self._frozen else _readable():
            if self.needs_look_up:
                self._frozen = self._credentials.get_frozen_credentials()
                self._frozen_at = time.monotonic()
            return self._frozen

    def _first_region(self) -> str:
        region = os.environ.get("AWS_REGION") or self._session.get_config_variable("region") or DEFAULT_REGION
        if not REGION.fullmatch(region):
            raise BadSetting(f"{shown(region)} is no region of AWS.", "Correct AWS_REGION or AWS_DEFAULT_REGION.")
        return str(region)

    def _first_endpoint(self) -> str | None:
        """As in every tool of AWS: the variable of the service, that of all, then the same of the profile."""
        services = self._session.full_config.get("services", {}).get(self._profile.get("services", ""), {})
        return (
            os.environ.get("AWS_ENDPOINT_URL_S3")
            or os.environ.get("AWS_ENDPOINT_URL")
            or services.get("s3", {}).get("endpoint_url")
            or self._profile.get("endpoint_url")
        )

    def _checked(self, endpoint: str | None) -> str | None:
        if endpoint is None:
            return None
        parts = urlsplit(endpoint)
        address = plain_address(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            what = address if "://" in endpoint else shown(endpoint)
            raise BadSetting(f"{what} is no address of a store.", "Set AWS_ENDPOINT_URL to https://host:port.")
        if parts.scheme == "http" and not is_loopback(parts.hostname) and not _is_on("AWS_ALLOW_HTTP"):
            raise BadSetting(
                f"The store at {address} would be asked unencrypted.", "Use https, or set AWS_ALLOW_HTTP=true."
            )
        return endpoint.rstrip("/")


@contextmanager
def _renewable() -> Iterator[None]:
    """The same for credentials that were there before: work waits until whoever gives them does so again."""
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except BotoCoreError as error:
        raise StoreProblem(Kind.EXPIRED, clause(error)[:200]) from error


def _new_session() -> Any:
    with requiring("s3://", "cloud"):
        import botocore.session
    return botocore.session.get_session()


def _found(session: Any) -> Any:
    """The credentials that a session finds; None if there are none, or if they are not to be used."""
    return None if _is_on("AWS_SKIP_SIGNATURE") else session.get_credentials()


def _is_on(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("true", "1", "yes")


@contextmanager
def _readable() -> Iterator[None]:
    """Turns botocore's errors into ours."""
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except BotoCoreError as error:
        raise StoreProblem(Kind.NO_CREDENTIALS, clause(error)[:200]) from error
