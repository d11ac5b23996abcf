"""POSTs an envelope over HTTP or TLS, and says in one line what went wrong."""

import http.client
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from gateway.errors import ConfigError, GatewayError

TIMEOUT = 30.0  # seconds
MAX_REPLY = 24 << 20  # bytes; 1,000 Treffer, base64 and envelope included

_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Connection": "close"}


class SendError(GatewayError):
    """The endpoint cannot be reached or does not answer with SOAP."""


@dataclass(frozen=True)
class HttpReply:
    """Status and body as they came."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Trust:
    """Who may have issued an https endpoint's certificate: `ca`, and `beside_system` whom the system trusts."""

    ca: Path | None = None
    beside_system: bool = True


def post(
    url: str,
    body: bytes,
    *,
    trust: Trust = Trust(),
    client: tuple[Path, Path] | None = None,
    max_reply: int = MAX_REPLY,
) -> HttpReply:
    """POSTs a SOAP 1.1 envelope, and reads the reply: at most `max_reply` bytes, its body within TIMEOUT.

    `client` are certificate and key for an endpoint that wants a TLS certificate. Raises SendError, ConfigError.
    """
    connection, target = _connect(url, trust, client)
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # cut off while sending: it may have said why
            connection.request("POST", target, body, _HEADERS)
        sock = connection.sock
        response = connection.getresponse()
        return HttpReply(response.status, _read(response, sock, max_reply))
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise SendError(f"{url} does not answer: {error or type(error).__name__}") from None
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, sock: socket.socket, most: int) -> bytes:
    """A timeout holds for one reading; whoever drips must not hold us for ever."""
    deadline, parts, size = time.monotonic() + TIMEOUT, list[bytes](), 0
    while part := response.read1(1 << 16):
        parts.append(part)
        size += len(part)
        remaining = deadline - time.monotonic()
        if size > most:
            raise http.client.HTTPException(f"its reply has more than {most} bytes")
        if remaining <= 0:
            raise TimeoutError("timed out")
        sock.settimeout(remaining)
    return b"".join(parts)


def _connect(url: str, trust: Trust, client: tuple[Path, Path] | None) -> tuple[http.client.HTTPConnection, str]:
    """The connection, not yet open, and the request target."""
    parts, host, port = _split(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT), target
    try:
        context = ssl.create_default_context(cafile=None if trust.beside_system else trust.ca)
        if trust.ca and trust.beside_system:
            context.load_verify_locations(trust.ca)
        if client:
            context.load_cert_chain(*client)
    except OSError as error:
        raise ConfigError(f"the TLS files cannot be used: {error.strerror or error}") from None
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context), target


def _split(url: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        url.encode("ascii")
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in ("http", "https"):
        raise ConfigError(f"{url} is not an http or https address")
    return parts, host, port
