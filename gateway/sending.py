"""The other end of the line, for `send`, the demo and tests: sign as an authority, post, check the signed answer."""

import http.client
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from gateway.bootstrap import Instance
from gateway.envelope.client import SoapClient, SoapFault
from gateway.envelope.parse import MESSAGE, parse
from gateway.envelope.signer import Signer, load_identity
from gateway.envelope.zertifikate import fingerprint
from gateway.errors import ConfigError, Fault, GatewayError
from gateway.instance import certificate_files
from gateway.xmeld.packs import Packs

TIMEOUT = 30.0  # seconds

#: An answer may hold 1,000 Treffer.
ANSWER = replace(MESSAGE, max_bytes=12 << 20, max_tags=1_000_000)


class SendError(GatewayError):
    """The endpoint cannot be reached or does not answer with SOAP."""


@dataclass(frozen=True)
class HttpReply:
    """Status and body as they came."""

    status: int
    body: bytes


def post(url: str, body: bytes, *, ca: Path | None = None, client: tuple[Path, Path] | None = None) -> HttpReply:
    """POSTs a SOAP 1.1 envelope. `ca` trusts an https endpoint, `client` is a TLS certificate and key.

    Raises SendError.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{url} is not an http or https address")
    connection = _connection(parts.scheme, parts.hostname, parts.port, ca, client)
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Connection": "close"}
    try:
        connection.request("POST", parts.path or "/", body, headers)
        response = connection.getresponse()
        return HttpReply(response.status, response.read())
    except (OSError, http.client.HTTPException) as error:
        raise SendError(f"{url} does not answer: {error or type(error).__name__}") from None
    finally:
        connection.close()


def _connection(
    scheme: str, host: str, port: int | None, ca: Path | None, client: tuple[Path, Path] | None
) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        if client:
            context.load_cert_chain(*client)
    except OSError as error:
        raise ConfigError(f"the TLS files cannot be used: {error.strerror or error}") from None
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)


def client_of(instance: Instance, kennung: str) -> SoapClient:
    """Signs as an authority for which the instance holds a key. Raises ConfigError."""
    key, certificate = certificate_files(instance.path, kennung)
    if not key.is_file():
        raise ConfigError(f"{kennung}: there is no key {key}; 'behoerde add' without --certificate makes one")
    identity = load_identity(
        instance.read_file(str(key.relative_to(instance.path)), "behoerden"),
        instance.read_file(str(certificate.relative_to(instance.path)), "behoerden"),
    )
    return SoapClient(Signer(identity), instance.trust, fingerprint(instance.identity.certificate))


def read_message(file: Path) -> bytes:
    """A file's content. Raises ConfigError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None


def ask(instance: Instance, kennung: str, nachricht: bytes, url: str) -> bytes:
    """The XMeld message that answers, signature and schema checked. Raises SendError for a fault or a bad answer."""
    client = client_of(instance, kennung)
    ca = instance.path / "pki" / "ca.pem"
    reply = post(url, client.request(nachricht, datetime.now(UTC)), ca=ca if ca.is_file() else None)
    try:
        answer = client.reply(reply.body, datetime.now(UTC))
    except Fault as fault:
        raise SendError(f"{url}: HTTP {reply.status}, the answer is not a proper reply: {fault}") from None
    if isinstance(answer, SoapFault):
        raise SendError(f"fault {answer.code}: {answer.text} {answer.hinweis}".rstrip())
    check_schema(instance, answer)
    return answer


def check_schema(instance: Instance, answer: bytes) -> None:
    """Raises SendError when the answer does not validate against the instance's packs."""
    root = parse(answer, ANSWER)
    pack, _ = Packs.load(instance.packs_folder).choose(root)
    if not pack.is_valid(root):
        raise SendError(f"the answer is not valid: {pack.explain(root).hinweis}")
