"""Signatures that AWS asks for (Signature Version 4), with the credentials it finds; knows no request of ours."""

from collections.abc import Callable
from typing import Any

from opensearchpy import Urllib3AWSV4SignerAuth

from lookalike.errors import BadSetting

#: Gives the headers that sign a request: method, URL, body, headers.
Signer = Callable[..., dict[str, str]]


def signer(region: str, service: str) -> Signer:
    """Signs requests to `service` ("es" or "aoss") in `region`; credentials that expire are renewed as they do.

    Raises BadSetting where botocore is not installed, or finds no credentials.
    """
    try:
        import botocore.session
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        what = "LOOKALIKE_AWS_REGION is set, and botocore, which signs requests, is not installed."
        raise BadSetting(what, "Install the extra: pip install 'lookalike[aws]'.") from error
    try:
        credentials: Any = botocore.session.get_session().get_credentials()
    except BotoCoreError as error:
        raise BadSetting(f"AWS's credentials cannot be read: {error}", "Correct AWS's configuration.") from error
    if credentials is None:
        advice = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role."
        raise BadSetting("LOOKALIKE_AWS_REGION is set, and no credentials for AWS are found.", advice)
    return Urllib3AWSV4SignerAuth(credentials, region, service)
