"""Writing messages: the header blocks in their order, the signature over them, the transport envelope around."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509

from osci_stub.keys import Signatory
from osci_stub.osci import mime
from osci_stub.osci.certificates import Named, header_block, written
from osci_stub.osci.encryption import CID, encrypt_transport
from osci_stub.osci.names import (
    ENCRYPTED,
    FEATURE_LIST,
    FEATURES,
    IN_HEADER,
    NEXT,
    OSCI,
    RSA_SHA256,
    SOAP,
    TEXTS,
    payload,
    schema_location,
)
from osci_stub.osci.received import Control
from osci_stub.osci.refused import Entry
from osci_stub.osci.signature import Reference, sign
from osci_stub.osci.text import DECLARED, PROLOG, attribute, block, canonical, element, escape
from osci_stub.xml import parse

ACTOR = f' soap:actor="{NEXT}" soap:mustUnderstand="1"'


@dataclass(frozen=True)
class Signer:
    """Who signs the message: a key, and the role its certificate has in the header."""

    key: Signatory
    element: str
    method: str = RSA_SHA256

    @property
    def named(self) -> Named:
        return Named(self.element, self.key.certificate)


@dataclass(frozen=True)
class Draft:
    """A message to be written. `feedback` and `content` are what its own element holds, `body` is the rest of the Body.

    `certificates` are those of the header in any order (the signer's is added); `passed_on` is the content of a
    NonIntermediaryCertificates that goes on as it came, with its Ids. `timed` asks for plain timestamps.
    """

    type: str
    control: Control
    content: str = ""
    body: str = ""
    feedback: Sequence[Entry] = ()
    certificates: Sequence[Named] = ()
    passed_on: str = ""
    parts: Mapping[str, bytes] = field(default_factory=dict)
    timed: bool = False
    features: bool = False


def compose(draft: Draft, signer: Signer | None) -> bytes:
    """The plain MIME message, signed by `signer` where there is one."""
    return mime.write(mime.Mime(envelope(draft, signer), draft.parts))


def envelope(draft: Draft, signer: Signer | None) -> bytes:
    """The SOAP envelope of `draft`."""
    blocks = _blocks(draft, signer)
    own = "" if IN_HEADER[draft.type] else element(f"osci:{payload(draft.type)}", _own(draft))
    body = block("soap:Body", own + draft.body, ' Id="body"')
    side = "Supplier" if draft.type.startswith("ResponseTo") else "Client"
    signature = ""
    if signer is not None:
        covered = {**blocks, "body": body}
        references = [Reference(f"#{name}", canonical(parse(text.encode()))) for name, text in covered.items()]
        references += [Reference(f"cid:{cid}", content, None) for cid, content in draft.parts.items()]
        signature = (
            f'<osci:{side}Signature Id="{side.lower()}signature"{ACTOR}>'
            f"{sign(references, signer.key, signer.named.id, signer.method)}</osci:{side}Signature>"
        )
    control, *others = blocks.values()
    header = f"<soap:Header>{control}{signature}{''.join(others)}</soap:Header>"
    return _enveloped(draft.type, header + body)


def encrypt(message: bytes, certificate: x509.Certificate) -> bytes:
    """A whole MIME message in a transport envelope for the holder of `certificate`."""
    data, part = encrypt_transport(message, certificate)
    outer = _enveloped(ENCRYPTED, f"<soap:Body>{data}</soap:Body>")
    return mime.write(mime.Mime(outer, {CID: part}), encrypted=True)


def soap_fault(code: str) -> bytes:
    """The plain answer for what stops a message before it is a message."""
    side = "Server" if code in ("9000", "9503") else "Client"
    fault = (
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:osci="{OSCI}"><soap:Body><soap:Fault>'
        f"<faultcode>soap:{side}</faultcode><faultstring>{escape(TEXTS.get(code, code))}</faultstring>"
        f"<detail><osci:Code>{code}</osci:Code></detail></soap:Fault></soap:Body></soap:Envelope>"
    )
    return mime.write(mime.Mime((PROLOG + fault).encode()))


def _own(draft: Draft) -> str:
    if not draft.feedback:
        return draft.content
    rows = "".join(
        f'<osci:Entry xml:lang="de"><osci:Code>{entry.code}</osci:Code><osci:Text>{escape(entry.text)}</osci:Text>'
        "</osci:Entry>"
        for entry in draft.feedback
    )
    return f"<osci:Feedback>{rows}</osci:Feedback>{draft.content}"


def _enveloped(message_type: str, content: str) -> bytes:
    location = f' xsi:schemaLocation="{schema_location(message_type)}"'
    return f"{PROLOG}<soap:Envelope{DECLARED}{location}>{content}</soap:Envelope>".encode()


def _blocks(draft: Draft, signer: Signer | None) -> dict[str, str]:
    """The header blocks but the signature's, by Id, in the order of the schemas."""
    name = payload(draft.type)
    blocks = {"controlblock": _control(draft.control)}
    if not draft.type.startswith("ResponseTo"):
        languages = f' Id="desiredlanguages" LanguagesList="de"{ACTOR}'
        blocks["desiredlanguages"] = block("osci:DesiredLanguages", "", languages)
    if draft.timed:
        for service in ("creation", "reception"):
            quality = f' Id="qualityoftimestamp_{service}" Quality="plain" Service="{service}"{ACTOR}'
            blocks[f"qualityoftimestamp_{service}"] = block("osci:QualityOfTimestamp", "", quality)
    if IN_HEADER[draft.type]:
        blocks[name.lower()] = block(f"osci:{name}", _own(draft), f' Id="{name.lower()}"{ACTOR}')
    named = [*draft.certificates, *([signer.named] if signer else [])]
    intermediary, others = written(named)
    for holder, content in (
        ("IntermediaryCertificates", intermediary),
        ("NonIntermediaryCertificates", draft.passed_on or others),
    ):
        if content:
            blocks[holder.lower()] = header_block(holder, content)
    if draft.features:
        blocks["featuredescription"] = _features()
    return blocks


def _control(control: Control) -> str:
    numbers = ""
    if control.conversation is not None:
        numbers = f' ConversationId="{attribute(control.conversation)}"'
    sequence = "" if control.sequence is None else f' SequenceNumber="{attribute(control.sequence)}"'
    content = "".join(
        f"<osci:{name}>{escape(value)}</osci:{name}>"
        for name, value in (("Response", control.response), ("Challenge", control.challenge))
        if value is not None
    )
    return block("osci:ControlBlock", content, f'{numbers} Id="controlblock"{sequence}{ACTOR}')


def _features() -> str:
    features = "".join(
        element("osci2017:Feature", "", {"Key": key, "Version": version}) for key, version in FEATURE_LIST
    )
    declared = DECLARED.replace(' xmlns:soap="', f' xmlns:osci2017="{FEATURES}" xmlns:soap="')
    return (
        f'<osci2017:FeatureDescription{declared} Id="featuredescription"><osci2017:SupportedFeatures>{features}'
        "</osci2017:SupportedFeatures></osci2017:FeatureDescription>"
    )
