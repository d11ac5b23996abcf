"""Wrapping, references too few or too many, swapped certificates, and contents that are more than one message."""

import copy
import re
from dataclasses import replace

import pytest
from lxml import etree

from gateway.envelope.osci import content, encryption, mime, names, signature
from gateway.envelope.osci.compose import NAMESPACES, RoleCertificate
from gateway.envelope.osci.mime import Part
from gateway.envelope.osci.names import OSCI, tag
from gateway.envelope.osci.signature import Signed
from gateway.envelope.signer import Identity
from gateway.errors import FaultCode
from tests.envelope.osci.workshop import (
    DELIVERY,
    NACHRICHT,
    POLICY,
    accepted,
    cipher,
    codes,
    edited,
    envelope_of,
    refusal,
    refused,
    signed_anew,
    signing,
)

Element = etree._Element
ATTACHMENT = Part("a1", "application/octet-stream", b"attached")
EVIL = b"<boese/>"


def evil_package() -> str:
    """Another content that the author has signed at another time, say."""
    author = RoleCertificate("SignatureCertificateOriginator", signing("authority").certificate)
    reader = RoleCertificate("CipherCertificateAddressee", cipher("gateway").certificate)
    return content.seal_content(EVIL, signing("authority"), author.id, reader, POLICY)


def evil_body(body: Element, name: str | None) -> Element:
    twin = etree.fromstring(envelope_of(DELIVERY.but(package=evil_package()).plain()))[1]
    if name is None:
        del twin.attrib["Id"]
    else:
        twin.set("Id", name)
    return twin


# --- wrapping: the signed Body is kept where a verifier might look, another stands where the reader looks


def wrap(root: Element, place: str, name: str | None) -> None:
    body = root[1]
    twin = evil_body(body, name)
    root.replace(body, twin)
    if place == "header":
        etree.SubElement(root[0], tag(names.OSCI_7, "Wrapper")).append(body)
    elif place == "signature":
        found = root[0].find(f"{tag(OSCI, 'ClientSignature')}/{signature.SIGNATURE}")
        assert found is not None
        etree.SubElement(found, tag(names.DS, "Object")).append(body)
    elif place == "behind":
        root.append(body)
    elif place == "before":
        root.insert(1, body)
    elif place == "inside":
        twin.append(body)


@pytest.mark.parametrize("name", ["body", "body2", None])
@pytest.mark.parametrize("place", ["header", "signature", "behind", "before", "inside"])
def test_a_body_that_was_wrapped_is_refused(place: str, name: str | None) -> None:
    assert refusal(edited(lambda root: wrap(root, place, name))).osci in ("9300", "9601", "9602")


def test_a_body_that_was_exchanged_is_refused_with_9601() -> None:
    def exchange(root: Element) -> None:
        root.replace(root[1], evil_body(root[1], "body"))

    assert codes(refusal(edited(exchange))) == (FaultCode.SIGNATURE_INVALID, "9601")


@pytest.mark.parametrize("block", ["ControlBlock", "processDelivery", "NonIntermediaryCertificates"])
def test_each_block_counts_in_its_own_place_only(block: str) -> None:
    def hide(root: Element) -> None:
        found = root[0].find(tag(OSCI, block))
        assert found is not None
        wrapper = etree.SubElement(root[0], tag(names.OSCI_7, "Wrapper"), Id="w")
        twin = copy.deepcopy(found)
        twin.set("Id", "other")
        root[0].replace(found, twin)
        wrapper.append(found)

    assert refusal(edited(hide)).osci in ("9300", "9602")


# --- references: no fewer, no more, none twice


@pytest.mark.parametrize("number", range(6))
def test_a_part_that_is_not_signed_is_refused_with_9602(number: int) -> None:
    def leave_out(parts: list[Signed]) -> list[Signed]:
        return parts[:number] + parts[number + 1 :]

    assert codes(refusal(signed_anew(DELIVERY.plain(), leave_out))) == (FaultCode.WRONG_COVERAGE, "9602")


@refused(FaultCode.WRONG_COVERAGE)
def test_two_references_to_one_part() -> bytes:
    return signed_anew(DELIVERY.plain(), lambda parts: [*parts, parts[0]])


@refused(FaultCode.WRONG_COVERAGE)
def test_a_reference_to_what_is_no_part() -> bytes:
    return signed_anew(DELIVERY.plain(), lambda parts: [*parts, Signed("#other", names.C14N, b"<x/>")])


@refused(FaultCode.WRONG_COVERAGE)
def test_a_reference_to_the_whole_document_instead_of_the_parts() -> bytes:
    return signed_anew(DELIVERY.plain(), lambda parts: [Signed("", names.C14N, b"<x/>")])


def test_a_header_of_others_must_be_signed_as_well() -> None:
    def add(root: Element) -> None:
        etree.SubElement(root[0], tag(names.OSCI_7, "Extra"), Id="extra")

    assert refusal(edited(add)).code is FaultCode.WRONG_COVERAGE
    assert accepted(signed_anew(edited(add)))[1].nachricht == NACHRICHT


@refused(FaultCode.WRONG_COVERAGE)
def test_a_header_without_an_id() -> bytes:
    return edited(lambda root: etree.SubElement(root[0], tag(names.OSCI_7, "Extra")))


@refused(FaultCode.INVALID_SECURITY)
def test_header_blocks_without_end() -> bytes:
    def add(root: Element) -> None:
        for number in range(40):
            etree.SubElement(root[0], tag(names.OSCI_7, "Extra"), Id=f"extra{number}")

    return edited(add)


@refused(FaultCode.INVALID_SECURITY)
def test_a_signed_part_whose_namespace_has_no_canonical_form() -> bytes:
    def add(root: Element) -> None:
        extra = etree.SubElement(root[0], tag(names.OSCI_7, "Extra"), Id="extra")
        extra.append(etree.fromstring('<p:x xmlns:p="relative"/>'))

    def digest_anything(parts: list[Signed]) -> list[Signed]:
        return [replace(part, source=b"") if part.uri == "#extra" else part for part in parts]

    return signed_anew(edited(add), digest_anything)


@refused(FaultCode.CERTIFICATE_UNTRUSTED)
def test_a_stranger_is_told_so_before_anything_is_computed() -> bytes:
    stranger = DELIVERY.but(intermediary=signing("eve", "Other CA")).plain()
    return edited(lambda root: root[1].set("Id", "body"), stranger).replace(b"#sha256", b"#sha512", 1)


@pytest.mark.parametrize("attribute", ["Id", "id", "ID", "{urn:x}Id", "{http://www.w3.org/XML/1998/namespace}id"])
def test_an_id_that_occurs_twice_is_refused(attribute: str) -> None:
    def add(root: Element) -> None:
        extra = etree.SubElement(root[0], tag(names.OSCI_7, "Extra"), Id="extra")
        etree.SubElement(extra, tag(names.OSCI_7, "Inner")).set(attribute, "body")

    assert refusal(edited(add)).code in (FaultCode.INVALID_SECURITY, FaultCode.OSCI_SCHEMA_INVALID)


# --- attachments


def test_an_attachment_is_a_part_like_others() -> None:
    plain = DELIVERY.but(attachments=(ATTACHMENT,)).plain()
    assert refusal(plain).code is FaultCode.CONTENT_INVALID  # its signature is in order
    assert refusal(plain.replace(b"attached", b"attacked")).code is FaultCode.SIGNATURE_INVALID
    assert refusal(mime.write(envelope_of(plain))).code is FaultCode.WRONG_COVERAGE
    renamed = mime.write(envelope_of(plain), [Part("a2", ATTACHMENT.content_type, ATTACHMENT.data)])
    assert refusal(renamed).code is FaultCode.WRONG_COVERAGE
    assert refusal(mime.write(envelope_of(DELIVERY.plain()), [ATTACHMENT])).code is FaultCode.WRONG_COVERAGE


# --- certificates and keys


def retrieval(root: Element, uri: str) -> None:
    method = root[0].find(f".//{tag(names.DS, 'RetrievalMethod')}")
    assert method is not None
    method.set("URI", uri)


@pytest.mark.parametrize("role", ["SignatureCertificateOriginator", "CipherCertificateIntermediary"])
def test_a_key_of_another_role_cannot_sign_the_message(role: str) -> None:
    who = signing("authority") if "Originator" in role else cipher("intermediary")
    uri = "#" + RoleCertificate(role, who.certificate).id
    moved = signed_anew(edited(lambda root: retrieval(root, uri)), identity=who)
    assert codes(refusal(moved)) == (FaultCode.INVALID_SECURITY, "9601")


@pytest.mark.parametrize("uri", ["", "#", "#body", "#other", "http://127.0.0.1/cert", "cid:cert"])
def test_a_retrieval_method_leads_to_the_certificate_or_nowhere(uri: str) -> None:
    assert refusal(edited(lambda root: retrieval(root, uri))).osci == "9601"


def test_a_signature_of_another_key_is_refused_with_9601() -> None:
    forged = signed_anew(DELIVERY.plain(), identity=signing("eve"))
    assert codes(refusal(forged)) == (FaultCode.SIGNATURE_INVALID, "9601")


def test_a_certificate_that_was_exchanged_breaks_the_signature() -> None:
    def exchange(root: Element) -> None:
        found = root[0].find(f".//{tag(OSCI, 'CipherCertificateOriginator')}//{tag(names.DS, 'X509Certificate')}")
        other = root[0].find(f".//{tag(OSCI, 'CipherCertificateAddressee')}//{tag(names.DS, 'X509Certificate')}")
        assert found is not None
        assert other is not None
        found.text = other.text

    assert codes(refusal(edited(exchange))) == (FaultCode.SIGNATURE_INVALID, "9601")


@pytest.mark.parametrize("text", ["", "AAAA", "=", "MIIB"])
def test_a_certificate_that_is_none_is_refused(text: str) -> None:
    def spoil(root: Element) -> None:
        for element in root[0].iter(tag(names.DS, "X509Certificate")):
            element.text = text

    assert refusal(edited(spoil)).code in (FaultCode.CERTIFICATE_INVALID, FaultCode.OSCI_SCHEMA_INVALID)


# --- algorithms


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (names.RSA_SHA256, names.DS + "rsa-sha1"),
        (names.RSA_SHA256, names.DS + "hmac-sha1"),
        (names.SHA256, names.DS + "sha1"),
        (names.C14N, "http://www.w3.org/2001/10/xml-exc-c14n#"),
        (names.C14N, names.C14N + "#WithComments"),
        (names.C14N, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        (names.C14N, names.DS + "enveloped-signature"),
    ],
)
def test_other_algorithms_are_refused(old: str, new: str) -> None:
    plain = DELIVERY.plain()
    head, _, rest = plain.partition(b"</ds:SignedInfo>")
    refused = refusal(head.replace(f'"{old}"'.encode(), f'"{new}"'.encode()) + b"</ds:SignedInfo>" + rest)
    assert refused.osci in ("9300", "9601")


# --- content


def container(parts: str, signed: str = "") -> str:
    """A package in which anything stands in the container, encrypted as is proper."""
    text = f'<osci:ContentContainer {NAMESPACES} Id="c">{signed}{parts}</osci:ContentContainer>'
    return sealed(text)


def sealed(plain: str) -> str:
    reader = RoleCertificate("CipherCertificateAddressee", cipher("gateway").certificate)
    inside = encryption.encrypted_content(plain.encode(), reader.certificate, reader.id, POLICY)
    return f'<xenc:EncryptedData {NAMESPACES} Id="encdata_1" MimeType="text/xml">{inside}</xenc:EncryptedData>'


def one(name: str = "content1", data: str = "PGEvPg==") -> str:
    return f'<osci:Content><osci:Base64Content Id="{name}">{data}</osci:Base64Content></osci:Content>'


def signature_over(*parts: Signed, who: Identity | None = None, role: str = "SignatureCertificateOriginator") -> str:
    author = RoleCertificate(role, signing("authority").certificate)
    return signature.create(list(parts), who or signing("authority"), author.id, NAMESPACES, POLICY)


FIRST, SECOND = (Signed(f"#content{n}", names.BASE64, b"<a/>") for n in (1, 2))


def test_the_form_that_these_tests_deviate_from_is_accepted() -> None:
    package = container(one(), signature_over(FIRST))
    assert accepted(DELIVERY.but(package=package).sealed())[1].nachricht == b"<a/>"


@pytest.mark.parametrize(
    ("package", "code"),
    [
        (lambda: "", FaultCode.CONTENT_INVALID),
        (lambda: evil_package() + evil_package().replace("encdata_1", "encdata_2"), FaultCode.CONTENT_INVALID),
        (lambda: container(""), FaultCode.CONTENT_INVALID),
        (lambda: container(one()), FaultCode.AUTHOR_SIGNATURE_INVALID),
        (lambda: container("", signature_over(FIRST)), FaultCode.CONTENT_INVALID),
        (lambda: container(one() + one("content2"), signature_over(FIRST, SECOND)), FaultCode.CONTENT_INVALID),
        (lambda: container(one() + one("content2"), signature_over(FIRST)), FaultCode.CONTENT_INVALID),
        (lambda: container(one(), signature_over(FIRST) * 2), FaultCode.CONTENT_INVALID),
        (lambda: container(one(), signature_over(SECOND)), FaultCode.AUTHOR_SIGNATURE_INVALID),
        (lambda: container(one(), signature_over(FIRST, SECOND)), FaultCode.AUTHOR_SIGNATURE_INVALID),
        (lambda: container(one(data="PGIvPg=="), signature_over(FIRST)), FaultCode.AUTHOR_SIGNATURE_INVALID),
        (lambda: container(one(), signature_over(FIRST, who=signing("eve"))), FaultCode.AUTHOR_SIGNATURE_INVALID),
        (
            lambda: container(one(), signature_over(FIRST, role="SignatureCertificateIntermediary")),
            FaultCode.AUTHOR_SIGNATURE_INVALID,
        ),
        (
            lambda: container(one(), signature_over(Signed("#content1", names.C14N, b"<a/>"))),
            FaultCode.AUTHOR_SIGNATURE_INVALID,
        ),
        (lambda: container(one(data="no base64!"), signature_over(FIRST)), FaultCode.CONTENT_INVALID),
        (
            lambda: container('<osci:Content href="cid:a"></osci:Content>', signature_over(FIRST)),
            FaultCode.CONTENT_INVALID,
        ),
        (lambda: container(one() + "text", signature_over(FIRST)), FaultCode.CONTENT_INVALID),
        (lambda: container(one() + "<!-- -->", signature_over(FIRST)), FaultCode.CONTENT_INVALID),
        (lambda: sealed("<a/>"), FaultCode.CONTENT_INVALID),
        (lambda: sealed("no xml"), FaultCode.CONTENT_INVALID),
        (lambda: sealed('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'), FaultCode.CONTENT_INVALID),
        (lambda: sealed("<a>" * 100 + "</a>" * 100), FaultCode.CONTENT_INVALID),
        (
            lambda: re.sub(r"(?<=<xenc:CipherValue>)[A-Za-z0-9+/=\n]{8}", "AAAAAAAA", evil_package()),
            FaultCode.CONTENT_INVALID,
        ),
    ],
)
def test_what_is_not_exactly_one_signed_message_is_refused_with_9805(package, code: FaultCode) -> None:  # type: ignore[no-untyped-def]
    assert codes(refusal(DELIVERY.but(package=package()).sealed())) == (code, "9805")


def test_content_that_is_encrypted_for_somebody_else_is_refused_with_9805() -> None:
    reader = RoleCertificate("CipherCertificateAddressee", cipher("gateway").certificate)
    author = RoleCertificate("SignatureCertificateOriginator", signing("authority").certificate)
    package = content.seal_content(EVIL, signing("authority"), author.id, reader, POLICY)
    other = package.replace(
        reader.id, RoleCertificate("CipherCertificateOriginator", cipher("authority").certificate).id
    )
    assert codes(refusal(DELIVERY.but(package=other).sealed())) == (FaultCode.CONTENT_INVALID, "9805")


@pytest.mark.parametrize("part", ["first", "second"])
def test_a_wrong_byte_in_a_transport_envelope_is_a_soap_fault_9202(part: str) -> None:
    wire = DELIVERY.sealed()
    start = wire.index(b"<xenc:CipherValue>") + 40 if part == "first" else len(wire) - 200
    flipped = b"A" if wire[start : start + 1] != b"A" else b"B"
    refused = refusal(wire[:start] + flipped + wire[start + 1 :])
    assert (refused.osci, refused.soap) == ("9202", True)


def test_a_transport_envelope_in_another_one_is_refused() -> None:
    inner = DELIVERY.sealed()
    twice = encryption.seal_transport(inner, cipher("gateway").certificate, POLICY)
    assert codes(refusal(twice)) == (FaultCode.NOT_OSCI, "9100")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"soapProcessDelivery.xsd", b"soapprocessDelivery.xsd"),
        (b"soapProcessDelivery.xsd", b"soapMessageFault.xsd"),
        (b"soapProcessDelivery.xsd", b"soapNothing.xsd"),
        (b"soapProcessDelivery.xsd http", b"soapProcessDelivery.xsd  http"),
        (b"xsi:schemaLocation", b"osci:schemaLocation"),
        (b" xsi:schemaLocation=", b" schemaLocation="),
    ],
)
def test_the_type_is_told_by_the_exact_schema_location_only(old: bytes, new: bytes) -> None:
    assert codes(refusal(DELIVERY.plain().replace(old, new))) == (FaultCode.NOT_OSCI, "9100")
