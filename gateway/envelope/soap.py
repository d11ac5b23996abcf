"""SOAP 1.1 with WS-Security: opens requests, closes answers, says no (the contract is xmeld.wsdl)."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from xml.sax.saxutils import escape

import pybase64

from gateway.envelope import names
from gateway.envelope.opened import Opened
from gateway.envelope.parse import ENVELOPE, Limits, parse
from gateway.envelope.signer import Signer
from gateway.envelope.wsse import ACTOR, FOR_US, SECURITY, Element, Policy, check_signature, decode_base64
from gateway.envelope.zertifikate import TrustStore
from gateway.errors import Fault, FaultCode

_ROOT, _HEADER, _BODY = (f"{{{names.SOAP}}}{name}" for name in ("Envelope", "Header", "Body"))
_MUST_UNDERSTAND = f"{{{names.SOAP}}}mustUnderstand"
FAULT = f"{{{names.SOAP}}}Fault"
ANFRAGE, ANTWORT, _NACHRICHT = (f"{{{names.GATEWAY}}}{name}" for name in ("xmeldAnfrage", "xmeldAntwort", "nachricht"))
QUITTUNG, _UUID = (f"{{{names.GATEWAY}}}{name}" for name in ("xmeldQuittung", "nachrichtenUUID"))

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 § 2.2
_HINWEIS_MAX = 1000  # characters
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})  # as canonical XML writes them
_FAULT = (
    "<soap:Fault><faultcode>%s</faultcode><faultstring>%s</faultstring><detail>"
    f'<fehler xmlns="{names.GATEWAY}"><code>%s</code><hinweis>%s</hinweis></fehler></detail></soap:Fault>'
)


#: When not even a fault can be signed.
_NOTFALL = (
    f'<e:Envelope xmlns:e="{names.SOAP}"><e:Body><e:Fault><faultcode>e:Server</faultcode>'
    f"<faultstring>{FaultCode.INTERNAL.value.text}</faultstring></e:Fault></e:Body></e:Envelope>"
).encode()


@dataclass(frozen=True)
class Verified:
    """The only child of a Body whose signature was verified, and who signed it."""

    content: Element
    fingerprint: str
    marken: tuple[str, ...] = ()  # see Opened

    def nachricht(self) -> bytes:
        """The message in it. Raises Fault NOT_THE_OPERATION or NOT_BASE64."""
        try:
            return decode_base64(_only_child(self.content, _NACHRICHT))
        except ValueError:
            raise Fault(FaultCode.NOT_BASE64) from None

    def uuid(self) -> str:
        """The UUID of the message that a receipt acknowledges. Raises Fault NOT_THE_OPERATION."""
        return (_only_child(self.content, _UUID).text or "").strip()


class Opener:
    """Opens signed envelopes: those of clients here, those of a gateway in `client`."""

    def __init__(self, trust: TrustStore, policy: Policy | None = None, limits: Limits = ENVELOPE) -> None:
        self._trust = trust
        self._policy = policy or Policy()
        self._limits = limits

    def open(self, data: bytes, accepted: tuple[str, ...], now: datetime) -> Verified:
        """The Body's content, one element of the `accepted` names. Raises Fault for all that is not proper."""
        root = parse(data, self._limits)
        header, body = _header_and_body(root)
        _check_must_understand(header)
        content = _only_child(body, *accepted)
        certificate = check_signature(root, header, body, self._trust, self._policy, now)
        return Verified(content, certificate.fingerprint, certificate.marken)


class SoapUmschlag:
    """The gateway's side; implements `gateway.ports.Umschlag`. Safe to share between threads."""

    name = "soap"
    notfall = _NOTFALL

    def __init__(self, signer: Signer, opener: Opener) -> None:
        self._signer = signer
        self._opener = opener

    def open(self, request: bytes, now: datetime) -> Opened:
        """The signed message. Raises Fault for everything that is not a proper signed request."""
        verified = self._opener.open(request, (ANFRAGE,), now)
        return Opened(verified.nachricht(), verified.fingerprint, marken=verified.marken)

    def close(self, nachricht: bytes, now: datetime) -> bytes:
        """The signed reply that holds `nachricht`."""
        return self._signer.envelope(message("xmeldAntwort", nachricht), now)

    def fault(self, code: FaultCode, detail: str, now: datetime) -> bytes:
        """The signed fault; `detail` may be any string."""
        hinweis = _NOT_XML.sub("", detail[:_HINWEIS_MAX]).translate(_ESCAPES)
        content = _FAULT % (code.value.faultcode, code.value.text.translate(_ESCAPES), code.name, hinweis)
        return self._signer.envelope(content.encode("utf-8"), now)


@lru_cache(maxsize=16)
def wsdl(address: str) -> bytes:
    """The contract (WSDL 1.1, UTF-8) of the service at the URL `address`."""
    template = files("gateway.envelope").joinpath("xmeld.wsdl").read_text("utf-8")
    return template.replace("@ADDRESS@", escape(address, {'"': "&quot;"})).encode("utf-8")


def message(operation: str, nachricht: bytes) -> bytes:
    """Content of a Body, in canonical form as `Signer.envelope` wants it."""
    return b'<%b xmlns="%b"><nachricht>%b</nachricht></%b>' % (
        operation.encode(),
        names.GATEWAY.encode(),
        pybase64.b64encode(nachricht),
        operation.encode(),
    )


def _header_and_body(root: Element) -> tuple[Element, Element]:
    if root.tag != _ROOT:
        raise Fault(FaultCode.NOT_SOAP)
    tags = [child.tag for child in root]
    if tags == [_BODY]:
        raise Fault(FaultCode.NOT_SIGNED)
    if tags != [_HEADER, _BODY]:
        raise Fault(FaultCode.ENVELOPE_MALFORMED)
    return root[0], root[1]


def _check_must_understand(header: Element) -> None:
    """SOAP 1.1 § 4.2.3: headers for other actors bind them, not us."""
    for child in header:
        must = child.get(_MUST_UNDERSTAND, "0") not in ("0", "false")
        if must and child.tag != SECURITY and child.get(ACTOR) in FOR_US:
            raise Fault(FaultCode.MUST_UNDERSTAND)


def _only_child(parent: Element, *accepted: str) -> Element:
    children = list(parent)
    if len(children) != 1 or children[0].tag not in accepted:
        raise Fault(FaultCode.NOT_THE_OPERATION)
    if (parent.text or "").strip() or (children[0].tail or "").strip():
        raise Fault(FaultCode.NOT_THE_OPERATION, "text beside the element")
    return children[0]
