"""Sends something over HTTP or TLS, and says in one line what went wrong."""

import http.client
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from gateway.errors import ConfigError, GatewayError
from gateway.zustellung.verbindung import Connection, Deadline

TIMEOUT = 30.0  # seconds, if a caller has no wish of its own
MAX_REPLY = 24 << 20  # bytes; 1,000 Treffer, base64 and envelope included

#: Headers of a SOAP 1.1 envelope.
SOAP: Mapping[str, str] = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


class SendError(GatewayError):
    """The endpoint cannot be reached or does not answer with HTTP.

    `sent`: something may have reached it. `late`: the time was over.
    """

    def __init__(self, text: str, *, sent: bool = True, late: bool = False) -> None:
        super().__init__(text)
        self.sent = sent
        self.late = late


class ReplyTooLarge(SendError):
    """It answers with more bytes than are taken."""


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
    headers: Mapping[str, str] = SOAP,
    trust: Trust = Trust(),
    client: tuple[Path, Path] | None = None,
    timeout: float | None = None,
    max_reply: int = MAX_REPLY,
) -> HttpReply:
    """POSTs `body`, a SOAP 1.1 envelope if `headers` do not say otherwise, and reads the reply.

    All of it within `timeout` seconds (TIMEOUT if None), the reply with at most `max_reply` bytes. `client` are
    certificate and key for an endpoint that wants a TLS certificate. Raises SendError, ConfigError.
    """
    return _send("POST", url, body, headers, trust, client, timeout, max_reply)


def get(
    url: str,
    *,
    headers: Mapping[str, str],
    trust: Trust = Trust(),
    timeout: float | None = None,
    max_reply: int = MAX_REPLY,
) -> HttpReply:
    """As `post`, without a body."""
    return _send("GET", url, None, headers, trust, None, timeout, max_reply)


def _send(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    trust: Trust,
    client: tuple[Path, Path] | None,
    timeout: float | None,
    max_reply: int,
) -> HttpReply:
    parts, host, port = _split(url)
    where = url.partition("?")[0]  # what a query asks for belongs into no log
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    context = _tls(trust, client) if parts.scheme == "https" else None
    connection = Connection(host, port, context, Deadline(TIMEOUT if timeout is None else timeout))
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # cut off while sending: it may have said why
            connection.request(method, target, body, {**headers, "Connection": "close"})
        with connection.getresponse() as response:  # which holds the socket, for there is one request only
            status, body = response.status, _read(response, max_reply)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        # What is no HTTP is quoted by the text of its exception, and belongs into no log either.
        reason = str(error) if isinstance(error, OSError) else ""
        text = f"{where} does not answer: {reason or type(error).__name__}"
        raise SendError(text, sent=connection.connected, late=isinstance(error, TimeoutError)) from None
    finally:
        connection.close()
    if len(body) > max_reply:
        raise ReplyTooLarge(f"{where} does not answer: its reply has more than {max_reply} bytes")
    return HttpReply(status, body)


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    """The body; where it has more than `most` bytes, its beginning with more than that. Raises OSError."""
    parts, size = list[bytes](), 0
    while size <= most and (part := response.read1(1 << 16)):
        parts.append(part)
        size += len(part)
    if size <= most and response.length:
        raise ConnectionResetError("its reply is cut short")
    return b"".join(parts)


def _tls(trust: Trust, client: tuple[Path, Path] | None) -> ssl.SSLContext:
    try:
        return _context(trust, client, tuple(_stamp(path) for path in (trust.ca, *(client or ())) if path))
    except OSError as error:
        raise ConfigError(f"the TLS files cannot be used: {error.strerror or error}") from None


def _stamp(path: Path) -> tuple[int, ...]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


@lru_cache(16)
def _context(trust: Trust, client: tuple[Path, Path] | None, stamps: tuple[tuple[int, ...], ...]) -> ssl.SSLContext:
    """Remembered until one of the files looks otherwise (`stamps`): reading the system's CAs takes 30 ms."""
    context = ssl.create_default_context(cafile=None if trust.beside_system else trust.ca)
    if trust.ca and trust.beside_system:
        context.load_verify_locations(trust.ca)
    if client:
        context.load_cert_chain(*client)
    return context


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
