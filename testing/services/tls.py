"""TLS in front of a real service, with certificates from a test authority."""

import contextlib
import select
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme

READ_SIZE_BYTES = 64 * 1024
#: For a client that sends nothing, or does not close its side.
HANDSHAKE_TIMEOUT_S = 5.0
#: A worker and a command together open about ten.
MOST_CONNECTIONS = 64


class Authority:
    """A certificate authority; the certificates that it issues are files in `folder`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def server(
        self, host: str = "localhost", *, has_expired: bool = False, demands: "Authority | None" = None
    ) -> ssl.SSLContext:
        """The context of a server with that name. `demands`: the authority whose client certificates it requires."""
        ends = datetime.now(UTC) - timedelta(days=1) if has_expired else None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(host, not_after=ends).configure_cert(context)
        if demands is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(demands.file)
        return context

    def client(self, name: str) -> tuple[Path, Path]:
        """The files of a client certificate and its key."""
        issued = self._authority.issue_cert(common_name=name)
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key


class TlsProxy:
    """Listens on a port of its own, terminates TLS, and forwards everything to `port` of this machine."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self._context = context
        self._behind = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ending, self._ended = socket.socketpair()
        self.port: int = self._listener.getsockname()[1]
        #: How many were started, successful or not.
        self.handshakes = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.close()
        self._thread.join()
        self._listener.close()
        self._ending.close()

    def _listen(self) -> None:
        with ThreadPoolExecutor(MOST_CONNECTIONS) as connections:
            while self._ending not in select.select([self._listener, self._ending], [], [])[0]:
                connections.submit(self._serve, self._listener.accept()[0])

    def _serve(self, client: socket.socket) -> None:
        self.handshakes += 1
        client.settimeout(HANDSHAKE_TIMEOUT_S)
        tls = self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        try:
            tls.do_handshake()
        except OSError:
            return _read_to_end(socket.socket(fileno=tls.detach()))
        with tls, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._behind)) as behind:
            self._join(tls, behind)

    def _join(self, tls: ssl.SSLSocket, behind: socket.socket) -> None:
        """Forward bytes in both directions until either side closes, or the proxy ends."""
        while True:
            ready = [tls] if tls.pending() else select.select([tls, behind, self._ending], [], [])[0]
            if self._ending in ready:
                return
            for source, target in ((tls, behind), (behind, tls)):
                if source in ready:
                    data = source.recv(READ_SIZE_BYTES)
                    if not data:
                        return
                    target.sendall(data)


def _read_to_end(client: socket.socket) -> None:
    """Let the client read why it was rejected: closing before it has sent everything would reset the connection."""
    with client, contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        while client.recv(READ_SIZE_BYTES):
            pass
