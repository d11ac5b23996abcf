"""Canonical form, signatures and encryption, held against libxmlsec and against what must not be accepted."""

import base64
import os
import re

import pytest
import xmlsec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.envelope.osci import content, encryption, message, mime, names
from gateway.envelope.osci.canonical import ANSWER, canonical
from gateway.envelope.osci.encryption import EncryptedData, WrappedKey
from gateway.envelope.osci.policy import CBC, DIGEST_METHODS, GCM, SIGNATURE_METHODS, USED_METHODS, OsciPolicy
from gateway.errors import ConfigError, Fault, FaultCode
from tests.envelope.osci.workshop import (
    DELIVERY,
    NACHRICHT,
    NOW,
    POLICY,
    accepted,
    cipher,
    edited,
    envelope_of,
    refusal,
    schemas,
    signed_anew,
    signing,
)

_VALUE = f"{{{names.XENC}}}CipherValue"


def test_the_canonical_form_of_an_element_has_the_namespaces_that_its_ancestors_declare() -> None:
    root = etree.fromstring(
        '<a:r xmlns:a="u:a" xmlns:b="u:b" xmlns="u:d" xmlns:z="u:old"><m xmlns:z="u:new">'
        '<a:x z:k="&lt;&quot;&#10;" a:k="1" Id="x"><b:y xmlns:b="u:b" xmlns:c="u:c"/>Größe&#13;</a:x></m></a:r>'
    )
    assert canonical(root[0][0]).decode() == (
        '<a:x xmlns="u:d" xmlns:a="u:a" xmlns:b="u:b" xmlns:z="u:new" Id="x" a:k="1" z:k="&lt;&quot;&#xA;">'
        '<b:y xmlns:c="u:c"></b:y>Größe&#xD;</a:x>'
    )


def test_the_canonical_form_keeps_two_prefixes_of_one_namespace_apart() -> None:
    root = etree.fromstring('<r xmlns:p="u:" xmlns:q="u:"><x><q:y p:k="1"/><p:y/></x></r>')
    assert canonical(root[0]) == b'<x xmlns:p="u:" xmlns:q="u:"><q:y p:k="1"></q:y><p:y></p:y></x>'


def test_the_canonical_form_of_what_inherits_an_xml_attribute_is_refused() -> None:
    root = etree.fromstring('<r xml:lang="de"><x/></r>')
    with pytest.raises(Fault) as caught:
        canonical(root[0])
    assert caught.value.code is FaultCode.WRONG_COVERAGE


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(Fault) as caught:
        canonical(etree.fromstring('<r xmlns:p="relative"><p:x/></r>')[0])
    assert caught.value.code is FaultCode.INVALID_SECURITY


@pytest.mark.parametrize("method", sorted(USED_METHODS))
def test_libxmlsec_verifies_what_we_sign(method: str) -> None:
    root = etree.fromstring(envelope_of(DELIVERY.but(policy=OsciPolicy(signature_method=method)).plain()))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signing("intermediary").key_pem, xmlsec.constants.KeyDataFormatPem)
    for element in (*root[0], root[1]):
        context.register_id(element, "Id")
    found = root.find(f".//{{{names.DS}}}Signature")
    assert found is not None
    context.verify(found)


@pytest.mark.parametrize("method", sorted(USED_METHODS))
def test_each_method_is_accepted_unless_the_policy_is_narrower(method: str) -> None:
    delivery = DELIVERY.but(policy=OsciPolicy(signature_method=method)).sealed()
    assert accepted(delivery)[1].nachricht == NACHRICHT
    narrow = OsciPolicy(signature_methods=SIGNATURE_METHODS - {method})
    assert refusal(delivery, narrow).code is FaultCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("method", sorted(SIGNATURE_METHODS - USED_METHODS))
def test_a_method_that_the_schema_lacks_cannot_be_used(method: str) -> None:
    with pytest.raises(ConfigError):
        OsciPolicy(signature_method=method)


@pytest.mark.parametrize(("iv_length", "digest"), [(12, names.SHA256), (16, names.SHA256), (12, names.SHA512)])
def test_each_iv_and_each_oaep_digest_is_written_and_read(iv_length: int, digest: str) -> None:
    delivery = DELIVERY.but(policy=OsciPolicy(iv_length=iv_length, oaep_digest=digest)).sealed()
    assert (b"IvLength" in delivery) == (iv_length == 12)
    assert accepted(delivery)[1].nachricht == NACHRICHT


def test_a_narrower_policy_refuses_an_oaep_digest() -> None:
    delivery = DELIVERY.but(policy=OsciPolicy(oaep_digest=names.SHA512)).sealed()
    refused = refusal(delivery, OsciPolicy(oaep_digests=frozenset({names.SHA256})))
    assert (refused.code, refused.osci) == (FaultCode.NOT_DECRYPTABLE, "9202")


@pytest.mark.parametrize("key", ["signature_methods", "digest_methods", "cipher_methods", "oaep_digests"])
def test_sha_1_cannot_be_allowed(key: str) -> None:
    with pytest.raises(ConfigError):
        OsciPolicy(**{key: frozenset({names.DS + "sha1"})})  # type: ignore[arg-type]
    with pytest.raises(ConfigError):
        OsciPolicy(**{key: frozenset()})  # type: ignore[arg-type]


def _cbc(method: str, plain: bytes) -> tuple[EncryptedData, bytes]:
    secret, iv = os.urandom(32), os.urandom(16)
    count = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    body = iv + encryptor.update(plain + b"\0" * (count - 1) + bytes([count])) + encryptor.finalize()
    sha256 = padding.OAEP(padding.MGF1(encryption._OAEP[names.SHA256][1]), encryption._OAEP[names.SHA256][1], None)
    wrapped = cipher("gateway").certificate.public_key().encrypt(secret, sha256)  # type: ignore[union-attr]
    return EncryptedData(method, 16, (WrappedKey(names.SHA256, wrapped),), body, None), body


def test_cbc_is_read_only_where_it_is_allowed_by_name() -> None:
    data, body = _cbc(names.AES_256_CBC, b"<plain/>")
    assert encryption.decrypt(data, data.keys[0], cipher("gateway"), body) == b"<plain/>"
    sealed = DELIVERY.sealed().replace(names.AES_256_GCM.encode(), names.AES_256_CBC.encode())
    assert refusal(sealed).code is FaultCode.NOT_DECRYPTABLE
    assert CBC.isdisjoint(POLICY.cipher_methods)
    assert OsciPolicy(cipher_methods=GCM | CBC).cipher_methods == GCM | CBC


def _told(data: EncryptedData, key: WrappedKey, body: bytes) -> str:
    with pytest.raises(Fault) as caught:
        encryption.decrypt(data, key, cipher("gateway"), body)
    return str(caught.value)


def test_what_cannot_be_decrypted_says_the_same_whatever_is_wrong() -> None:
    sealed = mime.read(DELIVERY.sealed())
    root = etree.fromstring(sealed.envelope)
    data = encryption.read(root[0][0], POLICY)
    key, body = data.keys[0], sealed.attachments[0].data
    other = WrappedKey(names.SHA512, key.value)
    flipped = bytes([body[40] ^ 1])
    cbc, cbc_body = _cbc(names.AES_256_CBC, b"<plain/>")
    told = {
        _told(data, key, body[:40] + flipped + body[41:]),
        _told(data, key, body[:-1]),
        _told(data, key, b""),
        _told(data, key, body[:12]),
        _told(data, WrappedKey(names.SHA256, b"\0" * 256), body),
        _told(data, WrappedKey(names.SHA256, b"short"), body),
        _told(data, other, body),
        _told(cbc, cbc.keys[0], cbc_body[:-1]),
        _told(cbc, cbc.keys[0], b""),
    }
    assert told == {"NOT_DECRYPTABLE"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"xmlenc11#rsa-oaep", b"xmlenc11#rsa-1_5"),
        (b'Value="12"', b'Value="13"'),
        (b'Value="12"', b'Value="0012"'),
        (b"mgf1sha256", b"mgf1sha512"),
        (b'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"', b'Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"'),
        (b"cid:osci_enc", b"cid:other"),
        (b"cid:osci_enc", b"http://127.0.0.1/"),
        (b"cid:osci_enc", b"file:///etc/passwd"),
    ],
)
def test_a_transport_envelope_of_another_form_is_refused(old: bytes, new: bytes) -> None:
    sealed = DELIVERY.sealed()
    head, _, body = sealed.partition(b"</soap:Envelope>")
    assert old in head
    refused = refusal(head.replace(old, new) + b"</soap:Envelope>" + body)
    assert refused.osci in ("9202", "9300")
    assert refused.soap


def test_a_content_in_an_attachment_is_read_when_it_is_the_only_one() -> None:
    plain = DELIVERY.plain()
    value = etree.fromstring(envelope_of(plain)).findtext(f".//{{*}}EncryptedData/{{*}}CipherData/{_VALUE}")
    assert value is not None

    def move(root: etree._Element) -> None:
        place = root.find(f".//{{*}}EncryptedData/{{*}}CipherData/{_VALUE}")
        assert place is not None
        place.tag, place.text = f"{{{names.XENC}}}CipherReference", None
        place.set("URI", "cid:content")

    part = mime.Part("content", "application/octet-stream", base64.b64decode(value))
    moved = mime.write(envelope_of(edited(move, plain)), [part])
    assert accepted(signed_anew(moved))[1].nachricht == NACHRICHT
    two = mime.write(envelope_of(moved), [part, mime.Part("other", part.content_type, b"")])
    assert refusal(signed_anew(two)).code is FaultCode.CONTENT_INVALID


def test_a_contents_key_may_name_its_reader_by_the_certificate_itself() -> None:
    """The schema lets the sender choose; the library refers to the certificate in the header."""
    for reader, code in ((cipher("gateway"), None), (cipher("authority"), FaultCode.CONTENT_INVALID)):
        der = base64.b64encode(reader.certificate.public_bytes(Encoding.DER))
        named = re.sub(
            rb"<ds:RetrievalMethod Type[^>]*></ds:RetrievalMethod>",
            b"<ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data>" % der,
            envelope_of(DELIVERY.plain()),
        )
        request = signed_anew(mime.write(named))
        if code is None:
            assert accepted(request)[1].nachricht == NACHRICHT
        else:
            assert refusal(request).code is code


def test_digest_methods_may_be_narrowed() -> None:
    narrow = OsciPolicy(digest_methods=DIGEST_METHODS - {names.SHA256})
    assert refusal(DELIVERY.sealed(), narrow).code is FaultCode.UNSUPPORTED_ALGORITHM


def test_an_answer_with_a_thousand_hits_can_be_read_though_its_text_is_longer_than_libxml2_likes() -> None:
    hits = b"x" * (7 << 20)
    reply = message.opened(
        accepted(DELIVERY.sealed())[0].close(hits, NOW), cipher("intermediary"), POLICY, schemas(), ANSWER
    )
    assert isinstance(reply, message.OpenedEnvelope)
    read = message.read(reply, ["ResponseToProcessDelivery"], schemas())
    message.check_signature(read, "SignatureCertificateOriginator", POLICY)
    assert content.open_content(read, cipher("authority"), POLICY).nachricht == hits
