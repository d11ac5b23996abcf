"""The other end of the line, for `send`, the demo and tests: sign as an authority, post, check the signed answer."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from gateway.bootstrap import Instance
from gateway.envelope.client import SoapClient, SoapFault
from gateway.envelope.parse import MESSAGE, parse
from gateway.envelope.signer import Signer, load_identity
from gateway.envelope.zertifikate import fingerprint
from gateway.errors import ConfigError, Fault
from gateway.instance import certificate_files
from gateway.xmeld.packs import Packs
from gateway.zustellung.http import SendError, Trust, post

#: An answer may hold 1,000 Treffer.
ANSWER = replace(MESSAGE, max_bytes=12 << 20, max_tags=1_000_000)


def client_of(instance: Instance, kennung: str) -> SoapClient:
    """Signs as an authority for which the instance holds a key. Raises ConfigError."""
    if not re.fullmatch(r"dbs:[0-9]{12}", kennung):
        raise ConfigError(f"{kennung}: the key of an authority is written dbs: and 12 digits")
    key, certificate = certificate_files(instance.path, kennung)
    if not key.is_file():
        raise ConfigError(f"{kennung}: there is no key {key}; 'behoerde add' of a new authority makes one")
    pems = [instance.read_file(str(one.relative_to(instance.path)), kennung) for one in (key, certificate)]
    try:
        identity = load_identity(*pems)
    except ConfigError as error:
        raise ConfigError(f"{kennung}: {key}, {certificate}: {error}") from None
    return SoapClient(Signer(identity), instance.trust, fingerprint(instance.identity.certificate))


def read_message(file: Path) -> bytes:
    """A file's content. Raises ConfigError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None


def ask(instance: Instance, kennung: str, nachricht: bytes, url: str) -> bytes:
    """The XMeld message that answers, signature and schema checked. Raises SendError for a fault or a bad answer.

    To an https endpoint the authority shows the certificate that it signs with.
    """
    client = client_of(instance, kennung)
    key, certificate = certificate_files(instance.path, kennung)
    ca = instance.path / "pki" / "ca.pem"
    request = client.request(nachricht, datetime.now(UTC))
    reply = post(url, request, trust=Trust(ca if ca.is_file() else None), client=(certificate, key))
    if reply.status not in (HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR) and b"Envelope" not in reply.body:
        raise SendError(f"{url}: HTTP {reply.status} and no SOAP: is this the address of a gateway's /xmeld?")
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
    try:
        root = parse(answer, ANSWER)
        pack, _ = Packs.load(instance.packs_folder).choose(root)
    except Fault as fault:
        raise SendError(f"the answer is not a message of an installed version: {fault}") from None
    if not pack.is_valid(root):
        raise SendError(f"the answer is not valid: {pack.explain(root).hinweis}")


def outcome(answer: bytes) -> str:
    """How a message answers, in a word: `status 01`, `Datenbestätigung mehrere`, `Rückweisung 03 07` or `0910 X001`.

    Raises SendError, Fault."""
    root = parse(answer, ANSWER)
    for path, words in (
        (".//{*}ergebnisstatus/code", "status"),
        ("{*}ergebnis/code", "Datenbestätigung"),
        (".//{*}grundDerRueckweisung/code", "Rückweisung"),
        (".//{*}rts.container//{*}grund/code", "0910"),
    ):
        if codes := [element.text or "" for element in root.iterfind(path)]:
            return " ".join((words, *codes))
    raise SendError("the answer is neither Auskunft nor Rückweisung nor 0910")
