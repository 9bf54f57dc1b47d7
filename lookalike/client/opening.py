"""A client of the query service that LOOKALIKE_API_URL names."""

from typing import TYPE_CHECKING

from lookalike.client.client import Client

if TYPE_CHECKING:
    from lookalike.settings import Settings


def open_client(settings: "Settings") -> Client:
    """`settings.api_url` is set. Sends no request yet. Raises BadSetting."""
    assert settings.api_url is not None
    return Client(
        settings.api_url.get_secret_value(),
        settings.api_key.get_secret_value() if settings.api_key else None,
        ca_certs=str(settings.ca_certs) if settings.ca_certs else None,
        insecure=settings.insecure,
    )
