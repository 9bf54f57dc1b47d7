"""TLS for all services: the context that checks certificates, and the meaning of its errors."""

import ssl
from collections.abc import Iterator

from lookalike.addresses import is_loopback
from lookalike.errors import BadSetting

#: OpenSSL's verification errors (x509_vfy.h, X509_V_ERR_*), as the ssl module reports them.
EXPIRED = 10
NOT_YET_VALID = 9
UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
OTHER_NAME = (62, 64)
#: The connection broke; no certificate was rejected.
BROKEN = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


def tls_context(
    ca_certs: str | None = None, client_cert: str | None = None, client_key: str | None = None
) -> ssl.SSLContext:
    """A context that accepts only valid certificates of a trusted authority for the right host name.

    Raises BadSetting for a file that cannot be read or that does not contain a certificate or key.
    """
    try:
        context = ssl.create_default_context(cafile=ca_certs)
    except OSError as error:
        raise _bad_authorities(ca_certs, error) from error
    if client_cert or client_key:
        _identify(context, client_cert, client_key)
    return context


def public_context(ca_certs: str | None = None) -> ssl.SSLContext:
    """A context for hosts of the web: it trusts the public authorities, and those of a file as well.

    Raises BadSetting as `tls_context` does.
    """
    context = ssl.create_default_context()
    if ca_certs:
        try:
            context.load_verify_locations(cafile=ca_certs)
        except OSError as error:
            raise _bad_authorities(ca_certs, error) from error
    return context


def require_encryption(what: str, address: str, host: str, *, secure: str, insecure: bool) -> None:
    """Raises BadSetting if credentials would cross a network unencrypted; `secure` is the scheme to use instead."""
    if not insecure and not is_loopback(host):
        advice = f"Use {secure}, or set LOOKALIKE_INSECURE=1 to allow it."
        raise BadSetting(f"{what} would be sent to {address} unencrypted.", advice)


def tls_error(error: BaseException, address: str) -> BadSetting | None:
    """The TLS failure behind `error`; None if there is another cause, which may be temporary."""
    if (meaning := _meaning(error)) is None:
        return None
    why, advice = meaning
    return BadSetting(f"No trusted connection to {address}: {why}.", advice)


def why_untrusted(error: BaseException) -> str | None:
    """What is wrong with the TLS of a host, in a few words; None if there is another cause."""
    meaning = _meaning(error)
    return None if meaning is None else meaning[0]


def _meaning(error: BaseException) -> tuple[str, str] | None:
    """What is wrong, and what to do."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, BROKEN):
            return _certificate(cause) if isinstance(cause, ssl.SSLCertVerificationError) else _alert(cause)
    return None


def _bad_authorities(ca_certs: str | None, error: OSError) -> BadSetting:
    why = "it contains no certificate in PEM format" if isinstance(error, ssl.SSLError) else error.strerror
    return BadSetting(f"Cannot read certificates from {ca_certs}: {why}.", "Correct LOOKALIKE_CA_CERTS.")


def _identify(context: ssl.SSLContext, client_cert: str | None, client_key: str | None) -> None:
    if not client_cert or not client_key:
        missing = "LOOKALIKE_CLIENT_KEY" if client_cert else "LOOKALIKE_CLIENT_CERT"
        raise BadSetting(f"A client certificate needs its key, but {missing} is not set.", "Set both, or neither.")
    for setting, path in (("LOOKALIKE_CLIENT_CERT", client_cert), ("LOOKALIKE_CLIENT_KEY", client_key)):
        try:
            open(path, "rb").close()
        except OSError as error:
            raise BadSetting(f"Cannot read {path}: {error.strerror}.", f"Correct {setting}.") from error
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(client_cert, client_key, password="")
    except ssl.SSLError as error:
        why = (
            "they do not match"
            if error.reason == "KEY_VALUES_MISMATCH"
            else "one is not in PEM format without passphrase"
        )
        what = f"Cannot use the client certificate {client_cert} with the key {client_key}: {why}."
        raise BadSetting(what, "Correct LOOKALIKE_CLIENT_CERT and LOOKALIKE_CLIENT_KEY.") from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes, through the layers of a client library."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _certificate(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    """What is wrong with the certificate of the server, and what to do."""
    if error.verify_code == EXPIRED:
        return "its certificate has expired", "Renew it on the server; if it is new, set the clock of this machine."
    if error.verify_code == NOT_YET_VALID:
        return "its certificate is not valid yet", "Set the clocks of both machines."
    if error.verify_code in OTHER_NAME:
        return "its certificate is for another host name", "Use the name in the certificate as the host of the URL."
    if error.verify_code in UNKNOWN_AUTHORITY:
        what = "its certificate comes from an authority that is not trusted here"
        return what, "Set LOOKALIKE_CA_CERTS to the certificate of that authority."
    return f"its certificate is invalid ({error.verify_message})", "Replace it, or correct LOOKALIKE_CA_CERTS."


def _alert(error: ssl.SSLError) -> tuple[str, str]:
    """Why the server, or OpenSSL, ended the connection, and what to do."""
    reason = error.reason or ""
    ours = "Set LOOKALIKE_CLIENT_CERT and LOOKALIKE_CLIENT_KEY to a certificate that it accepts."
    if "CERTIFICATE_REQUIRED" in reason:
        return "it requires a client certificate", ours
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return "it rejected our client certificate", ours
    if "HANDSHAKE_FAILURE" in reason:
        return "it aborted the handshake, as servers do that require a client certificate", ours
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return "the server does not use TLS", "Correct the scheme or the port in the URL."
    return (
        f"the handshake failed ({reason.replace('_', ' ').lower() or error})",
        "Correct the URL, or see the log of the server.",
    )
