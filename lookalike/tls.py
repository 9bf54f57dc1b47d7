"""Who is at the other end of a TLS connection, and who we are there; knows no service and no client library."""

import ssl
from collections.abc import Iterator

from lookalike.addresses import is_loopback
from lookalike.errors import BadSetting

#: Verdicts of OpenSSL on a certificate (x509_vfy.h, X509_V_ERR_*), as the ssl module hands them on.
EXPIRED = 10
NOT_YET_VALID = 9
UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
OTHER_NAME = (62, 64)
#: The connection broke in the middle; nobody was turned down.
BROKEN = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


def tls_context(
    ca_certs: str | None = None, client_cert: str | None = None, client_key: str | None = None
) -> ssl.SSLContext:
    """What checks the other end: its certificate must be valid, of a trusted authority and for the host's name.

    Raises BadSetting for a file that cannot be read or is not what it should be.
    """
    try:
        context = ssl.create_default_context(cafile=ca_certs)
    except OSError as error:
        why = "it holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise BadSetting(
            f"The certificates {ca_certs} cannot be read: {why}.", "Correct LOOKALIKE_CA_CERTS."
        ) from error
    if client_cert or client_key:
        _identify(context, client_cert, client_key)
    return context


def demand_secrecy(what: str, address: str, host: str, *, secure: str, insecure: bool) -> None:
    """Raises BadSetting where credentials would cross a network in clear; `secure` is the scheme that hides them."""
    if not insecure and not is_loopback(host):
        advice = f"Use {secure}, or set LOOKALIKE_INSECURE=1."
        raise BadSetting(f"{what} would go to {address} unencrypted.", advice)


def distrust(error: BaseException, address: str) -> BadSetting | None:
    """What was wrong with the TLS connection behind `error`; None if it failed for another reason, which may pass."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, BROKEN):
            why, advice = _certificate(cause) if isinstance(cause, ssl.SSLCertVerificationError) else _alert(cause)
            return BadSetting(f"No trusted connection to {address}: {why}.", advice)
    return None


def _identify(context: ssl.SSLContext, client_cert: str | None, client_key: str | None) -> None:
    if not client_cert or not client_key:
        missing = "LOOKALIKE_CLIENT_KEY" if client_cert else "LOOKALIKE_CLIENT_CERT"
        raise BadSetting(f"A client certificate goes with its key, and {missing} is not set.", "Set both or neither.")
    for setting, path in (("LOOKALIKE_CLIENT_CERT", client_cert), ("LOOKALIKE_CLIENT_KEY", client_key)):
        try:
            open(path, "rb").close()
        except OSError as error:
            raise BadSetting(f"{path} cannot be read: {error.strerror}.", f"Correct {setting}.") from error
    try:
        # Without a password of ours OpenSSL would ask for one on the terminal.
        context.load_cert_chain(client_cert, client_key, password="")
    except ssl.SSLError as error:
        why = "they do not belong together" if error.reason == "KEY_VALUES_MISMATCH" else "one is not in plain PEM form"
        what = f"The client certificate {client_cert} and its key {client_key} cannot be used: {why}."
        raise BadSetting(what, "Correct LOOKALIKE_CLIENT_CERT and LOOKALIKE_CLIENT_KEY.") from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, through the layers of a client library."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _certificate(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """What is wrong with the certificate that we were shown, and what to do."""
    if error.verify_code == EXPIRED:
        return "its certificate has expired", "Have it renewed there; if it is new, set this machine's clock."
    if error.verify_code == NOT_YET_VALID:
        return "its certificate is not valid yet", "Set the clocks of both machines."
    if error.verify_code in OTHER_NAME:
        return "its certificate is for another host name", "Use the name in the certificate as the host of the URL."
    if error.verify_code in UNKNOWN_AUTHORITY:
        what = "its certificate is of an authority that is not trusted here"
        return what, "Name its certificate authority: LOOKALIKE_CA_CERTS."
    return f"its certificate is refused ({error.verify_message})", "Have it made anew, or correct LOOKALIKE_CA_CERTS."


def _alert(error: ssl.SSLError) -> tuple[str, str]:
    """What the other end, or OpenSSL, did not like about the connection, and what to do."""
    reason = error.reason or ""
    ours = "Set LOOKALIKE_CLIENT_CERT and LOOKALIKE_CLIENT_KEY to a certificate that it accepts."
    if "CERTIFICATE_REQUIRED" in reason:
        return "it demands a client certificate", ours
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return "it does not accept our client certificate", ours
    if "HANDSHAKE_FAILURE" in reason:
        return "it breaks off the handshake, as those do that demand a client certificate", ours
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return "what answers there does not speak TLS", "Correct the scheme or the port in the URL."
    return f"the handshake failed ({reason.replace('_', ' ').lower() or error})", "Correct the URL, or see its log."
