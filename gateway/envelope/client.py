"""The other side of the envelope: of an authority that asks, and of us where we deliver. HTTP is not its business."""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.envelope import names
from gateway.envelope.parse import ENVELOPE
from gateway.envelope.signer import Signer
from gateway.envelope.soap import ANTWORT, FAULT, QUITTUNG, Opener, message
from gateway.envelope.wsse import Element, Policy
from gateway.envelope.zertifikate import TrustStore
from gateway.errors import Fault, FaultCode

_FEHLER = f"detail/{{{names.GATEWAY}}}fehler/{{{names.GATEWAY}}}"
_REPLY = replace(ENVELOPE, max_bytes=12 << 20)  # 1,000 Treffer; a single text of libxml2 ends at 10 MB


@dataclass(frozen=True)
class SoapFault:
    """The gateway's refusal, as it stands in the signed fault."""

    faultcode: str
    text: str
    code: str  # member of FaultCode
    hinweis: str


class SoapClient:
    """Signs requests of one authority and opens the replies of one gateway."""

    def __init__(self, signer: Signer, trust: TrustStore, gateway: str) -> None:
        """`gateway` is the fingerprint of its certificate: under the same CA every authority could reply."""
        self._signer = signer
        self._opener = Opener(trust, Policy(timestamp_required=True), _REPLY)
        self._gateway = gateway

    def request(self, nachricht: bytes, now: datetime) -> bytes:
        """The signed request that holds `nachricht`."""
        return self._signer.envelope(message("xmeldAnfrage", nachricht), now)

    def reply(self, data: bytes, now: datetime) -> bytes | SoapFault:
        """The message or the fault in a reply. Raises Fault when it is not a proper reply of the gateway."""
        verified = self._opener.open(data, (ANTWORT, FAULT), now)
        if verified.fingerprint != self._gateway:
            raise Fault(FaultCode.CERTIFICATE_UNTRUSTED, "the reply is signed, but not by this gateway")
        if verified.content.tag == FAULT:
            return _fault(verified.content)
        return verified.nachricht()


class SoapDelivery:
    """Signs messages that are delivered, and opens the receipts of those who take them."""

    def __init__(self, signer: Signer, trust: TrustStore) -> None:
        """`trust`: who issues the certificates of receivers, and of nobody who only asks."""
        self._signer = signer
        self._opener = Opener(trust, Policy(timestamp_required=True))

    def request(self, nachricht: bytes, now: datetime) -> bytes:
        """The signed envelope that delivers `nachricht`."""
        return self._signer.envelope(message("xmeldZustellung", nachricht), now)

    def receipt(self, data: bytes, now: datetime) -> str | SoapFault:
        """The UUID that a receipt acknowledges, or the refusal. Raises Fault when it is neither, or badly signed."""
        verified = self._opener.open(data, (QUITTUNG, FAULT), now)
        return _fault(verified.content) if verified.content.tag == FAULT else verified.uuid()


def _fault(element: Element) -> SoapFault:
    return SoapFault(
        faultcode=element.findtext("faultcode", ""),
        text=element.findtext("faultstring", ""),
        code=element.findtext(_FEHLER + "code", ""),
        hinweis=element.findtext(_FEHLER + "hinweis", ""),
    )
