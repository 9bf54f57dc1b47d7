"""Signs requests for AWS (Signature Version 4) with the credentials of the environment."""

from collections.abc import Callable
from typing import Any

from opensearchpy import Urllib3AWSV4SignerAuth

from lookalike.errors import BadSetting, MissingExtra
from lookalike.shown import clause

#: Takes the method, URL, body and headers of a request; returns the headers that sign it.
Signer = Callable[..., dict[str, str]]


def signer(region: str, service: str) -> Signer:
    """Signs requests to `service` ("es" or "aoss") in `region`; renews credentials that expire.

    Raises MissingExtra if botocore is not installed, BadSetting if it finds no credentials.
    """
    try:
        import botocore.session
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as error:
        raise MissingExtra("LOOKALIKE_AWS_REGION", "aws") from error
    try:
        credentials: Any = botocore.session.get_session().get_credentials()
    except BotoCoreError as error:
        raise BadSetting(
            f"Cannot read the AWS credentials: {clause(error)}.", "Correct the AWS configuration files or variables."
        ) from error
    if credentials is None:
        advice = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role."
        raise BadSetting("LOOKALIKE_AWS_REGION is set, but there are no AWS credentials.", advice)
    return Urllib3AWSV4SignerAuth(credentials, region, service)
