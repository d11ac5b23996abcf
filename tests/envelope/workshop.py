"""Makes requests for the tests: proper ones, and signed ones that deviate in exactly one thing.

Signatures are made with libxmlsec over a template, not with the gateway's own signer.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, wraps

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.envelope import names, pki
from gateway.envelope.client import SoapClient, SoapFault
from gateway.envelope.pki import KeyType
from gateway.envelope.signer import Identity, Signer
from gateway.envelope.soap import Opener, SoapUmschlag
from gateway.envelope.wsse import Policy
from gateway.envelope.zertifikate import TrustStore, fingerprint
from gateway.errors import Fault, FaultCode

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NACHRICHT = '<?xml version="1.0" encoding="UTF-8"?><anfrage>Müller</anfrage>'.encode()
ENCODED = base64.b64encode(NACHRICHT).decode()


@cache
def ca() -> Identity:
    return pki.make_ca("Test CA", NOW)


@cache
def gateway(kind: KeyType = KeyType.EC) -> Identity:
    return pki.issue_signing(ca(), "gateway", "Testland", NOW, kind)


@cache
def authority(kind: KeyType = KeyType.EC) -> Identity:
    return pki.issue_signing(ca(), "dbs:060030020000", "Polizei S Stadt", NOW, kind)


def umschlag(kind: KeyType = KeyType.EC, **policy: object) -> SoapUmschlag:
    opener = Opener(TrustStore(ca().certificate_pem), Policy(**policy))  # type: ignore[arg-type]
    return SoapUmschlag(Signer(gateway(kind)), opener)


def client(kind: KeyType = KeyType.EC, gateway_kind: KeyType = KeyType.EC) -> SoapClient:
    trust = TrustStore(ca().certificate_pem)
    return SoapClient(Signer(authority(kind)), trust, fingerprint(gateway(gateway_kind).certificate))


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def timestamp(created: str = instant(NOW), expires: str = instant(NOW + timedelta(minutes=5)), name: str = "ts") -> str:
    return (
        f'<wsu:Timestamp wsu:Id="{name}"><wsu:Created>{created}</wsu:Created>'
        f"<wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
    )


def token(identity: Identity | None = None, name: str = "token") -> str:
    der = (identity or authority()).certificate.public_bytes(Encoding.DER)
    return (
        f'<wsse:BinarySecurityToken wsu:Id="{name}" ValueType="{names.X509_V3}"'
        f' EncodingType="{names.BASE64_BINARY}">{base64.b64encode(der).decode()}</wsse:BinarySecurityToken>'
    )


EXC = f'<ds:Transform Algorithm="{names.EXC_C14N}"/>'


def reference(uri: str, transforms: str = EXC, digest: str = names.SHA256, value: str = "") -> str:
    return (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference>'
    )


REFERENCES = reference("#body") + reference("#ts")
KEY_INFO = (
    f'<wsse:SecurityTokenReference><wsse:Reference URI="#token" ValueType="{names.X509_V3}"/>'
    "</wsse:SecurityTokenReference>"
)


def signature(
    references: str = REFERENCES,
    method: str = f'<ds:SignatureMethod Algorithm="{names.ECDSA_SHA256}"/>',
    c14n: str = f'<ds:CanonicalizationMethod Algorithm="{names.EXC_C14N}"/>',
    key_info: str = KEY_INFO,
    extra: str = "",
) -> str:
    return (
        f"<ds:Signature><ds:SignedInfo>{c14n}{method}{references}</ds:SignedInfo><ds:SignatureValue/>"
        f"<ds:KeyInfo>{key_info}</ds:KeyInfo>{extra}</ds:Signature>"
    )


def operation(content: str = f"<g:nachricht>{ENCODED}</g:nachricht>") -> str:
    return f"<g:xmeldAnfrage>{content}</g:xmeldAnfrage>"


def body(content: str | None = None, attributes: str = 'wsu:Id="body"') -> str:
    return f"<soap:Body {attributes}>{operation() if content is None else content}</soap:Body>"


def security(*parts: str, attributes: str = "") -> str:
    inside = "".join(parts or (token(), timestamp(), signature()))
    return f"<wsse:Security {attributes}>{inside}</wsse:Security>"


def envelope(header: str | None = None, body: str = body(), attributes: str = "") -> str:
    return (
        f'<soap:Envelope xmlns:soap="{names.SOAP}" xmlns:wsse="{names.WSSE}" xmlns:wsu="{names.WSU}"'
        f' xmlns:ds="{names.DS}" xmlns:g="{names.GATEWAY}" {attributes}>'
        f"<soap:Header>{security() if header is None else header}</soap:Header>{body}</soap:Envelope>"
    )


def sign(xml: str, identity: Identity | None = None, key: xmlsec.Key | None = None) -> bytes:
    """Fills in digests and signature of the first Signature, whatever it refers to and however."""
    root = etree.fromstring(xml.encode())
    context = xmlsec.SignatureContext()
    context.key = key or xmlsec.Key.from_memory((identity or authority()).key_pem, xmlsec.constants.KeyDataFormatPem)
    for element in root.iter(etree.Element):
        if element.get(f"{{{names.WSU}}}Id"):
            context.register_id(element, "Id", names.WSU)
    context.sign(root.find(f".//{{{names.DS}}}Signature"))
    return etree.tostring(root)


def request() -> bytes:
    """A proper one."""
    return sign(envelope())


def signed(**parts: str) -> bytes:
    """A request whose Signature deviates in `parts`."""
    return sign(envelope(security(token(), timestamp(), signature(**parts))))


def unfilled(**parts: str) -> bytes:
    """The same without values, for what libxmlsec does not sign."""
    return envelope(security(token(), timestamp(), signature(**parts))).encode()


def edited(change: Callable[[etree._Element], object], original: bytes | None = None) -> bytes:
    """A proper request, changed after it was signed. The change gets the Envelope; [0][0] is Security, [1] the Body."""
    root = etree.fromstring(original or request())
    change(root)
    return etree.tostring(root)


def fault_of(request: bytes, **policy: object) -> FaultCode:
    """The code with which the request is refused; the refusal itself is a signed fault that a client can read."""
    receiver = umschlag(**policy)  # type: ignore[arg-type]
    with pytest.raises(Fault) as caught:
        receiver.open(request, NOW)
    fault = caught.value
    reply = client().reply(receiver.fault(fault.code, fault.detail, NOW), NOW)
    assert isinstance(reply, SoapFault)
    assert (reply.code, reply.faultcode, reply.hinweis) == (fault.code.name, fault.code.value.faultcode, fault.detail)
    return fault.code


def refused(code: FaultCode) -> Callable[[Callable[[], bytes]], Callable[[], None]]:
    """Makes a test of a function that builds a request: the request is refused with `code`."""

    def decorate(build: Callable[[], bytes]) -> Callable[[], None]:
        @wraps(build)
        def test() -> None:
            assert fault_of(build()) is code

        del test.__wrapped__  # type: ignore[attr-defined]
        test.__annotations__ = {}
        return test

    return decorate
