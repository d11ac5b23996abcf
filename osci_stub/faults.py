"""What the stub can do wrong on request: one row each. A new fault is a new row."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from lxml import etree

from osci_stub import wsse, xmeld
from osci_stub.keys import Signatory
from osci_stub.register import NIEMAND
from osci_stub.xml import parse

NAMESPACE = "urn:xmeld-gateway:soap:1"
ANFRAGE, ZUSTELLUNG = "xmeldAnfrage", "xmeldZustellung"
NACHRICHT, QUITTIERT = f"{{{NAMESPACE}}}nachricht", f"{{{NAMESPACE}}}nachrichtenUUID"


@dataclass(frozen=True)
class Sealing:
    """What is needed to close a reply; `stranger` is a signatory whom nobody trusts, `large` a number of bytes."""

    signatory: Signatory
    stranger: Signatory
    now: datetime
    large: int


def _same(antwort: bytes) -> bytes:
    return antwort


def _same_uuid(uuid: str) -> str:
    return uuid


def _other_uuid(_: str) -> str:
    return str(uuid4())


def _sign(envelope: bytes, sealing: Sealing) -> bytes:
    return wsse.sign(envelope, sealing.signatory, sealing.now)


def _unsigned(envelope: bytes, _: Sealing) -> bytes:
    return envelope


def _sign_as_stranger(envelope: bytes, sealing: Sealing) -> bytes:
    return wsse.sign(envelope, sealing.stranger, sealing.now)


def _wrap(envelope: bytes, sealing: Sealing) -> bytes:
    """The signed Body moves into the Header, where its Id still finds it; a forged one takes its place."""
    root = parse(_sign(envelope, sealing))
    signed = root.find("soap:Body", wsse.NS)
    assert signed is not None
    forged = deepcopy(signed)
    forged.set(wsse.WSU_ID, "forged")
    for nachricht in forged.iter(NACHRICHT):
        answer = xmeld.answer_about(NIEMAND, b64decode(nachricht.text or ""))
        nachricht.text = b64encode(answer).decode()
    for uuid in forged.iter(QUITTIERT):
        uuid.text = str(uuid4())
    etree.SubElement(root[0], "wrapper").append(signed)  # no namespace: lxml would rename a prefix that was signed
    root.append(forged)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _pad(envelope: bytes, sealing: Sealing) -> bytes:
    return _sign(envelope, sealing) + b"\n" * sealing.large


@dataclass(frozen=True)
class Fault:
    """`tells` says in a line what the caller sees.

    `change` alters the 1331 and `receipt` the UUID of a receipt before they are signed, `seal` makes the reply's bytes
    of the SOAP envelope, `late` holds the finished reply back, `hangs_up` closes the connection instead of it; with
    `refuses` nothing is done but saying no. `only` is the operation that the fault is for, None when for both.
    """

    tells: str
    change: Callable[[bytes], bytes] = _same
    receipt: Callable[[str], str] = _same_uuid
    seal: Callable[[bytes, Sealing], bytes] = _sign
    late: bool = False
    hangs_up: bool = False
    refuses: bool = False
    only: str | None = None


NO_FAULT = Fault("a proper answer")

FAULTS: Mapping[str, Fault] = {
    "unsigned": Fault("the reply carries no signature", seal=_unsigned),
    "signed_by_stranger": Fault("the reply is signed with a certificate of an unknown CA", seal=_sign_as_stranger),
    "wrapped_signature": Fault("the signed Body is hidden in the Header, a forged one is in its place", seal=_wrap),
    "answers_other_message": Fault(
        "ursprungsnachricht names another UUID", change=xmeld.answer_to_another, only=ANFRAGE
    ),
    "acknowledges_other_message": Fault("the receipt names another UUID", receipt=_other_uuid, only=ZUSTELLUNG),
    "too_late": Fault("the reply is held back (--late-seconds)", late=True),
    "too_large": Fault("the signed reply is followed by blank bytes (--large-bytes)", seal=_pad),
    "takes_but_does_not_acknowledge": Fault("the message is taken, then the connection ends", hangs_up=True),
    "refuses": Fault("a signed SOAP fault; nothing is taken", refuses=True),
}
