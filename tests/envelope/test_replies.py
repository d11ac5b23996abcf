"""What the gateway signs: canonical as claimed, verifiable by others, safe whatever text goes in."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
import signxml
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.envelope import names
from gateway.envelope.client import SoapFault
from gateway.envelope.pki import KeyType
from gateway.envelope.signer import Identity, Signer, load_identity
from gateway.envelope.soap import message
from gateway.errors import ConfigError, Fault, FaultCode
from tests.envelope.workshop import NACHRICHT, NOW, authority, ca, client, edited, gateway, umschlag

HOSTILE = "a<b>&\"'\r\n\t\x00\x1f\ud800\ufffe]]>ü\U0001f600"


def replies(kind: KeyType) -> list[bytes]:
    receiver = umschlag(kind)
    return [
        receiver.close(NACHRICHT, NOW),
        receiver.close(b"", NOW),
        receiver.close(bytes(range(256)) * 200, NOW),
        receiver.fault(FaultCode.NOT_SIGNED, "", NOW),
        receiver.fault(FaultCode.MUST_UNDERSTAND, HOSTILE, NOW),
    ]


@pytest.mark.parametrize("kind", KeyType)
def test_the_signed_elements_are_sent_in_canonical_form(kind: KeyType) -> None:
    """Ours are hashed as they are sent: lxml's canonicaliser must find nothing to change."""
    for reply in replies(kind):
        root = etree.fromstring(reply)
        security, body = root[0][0], root[1]
        token, timestamp, signature = security
        for element in (token, timestamp, signature[0], body):
            assert etree.tostring(element, method="c14n", exclusive=True) in reply


@pytest.mark.parametrize("kind", KeyType)
def test_signxml_verifies_every_reply(kind: KeyType) -> None:
    expected = signxml.SignatureConfiguration(location=".//", expect_references=3)
    certificate = gateway(kind).certificate
    verifier = signxml.XMLVerifier()
    for reply in replies(kind):
        root = etree.fromstring(reply)
        assert base64.b64decode(root[0][0][0].text) == certificate.public_bytes(Encoding.DER)
        results = verifier.verify(root, x509_cert=certificate, expect_config=expected)
        assert [etree.QName(result.signed_xml).localname for result in results] == [
            "Body",
            "Timestamp",
            "BinarySecurityToken",
        ]


@pytest.mark.parametrize("kind", KeyType)
def test_our_client_opens_every_reply(kind: KeyType) -> None:
    asking = client(KeyType.EC, kind)
    opened = [asking.reply(reply, NOW) for reply in replies(kind)]
    assert opened[:3] == [NACHRICHT, b"", bytes(range(256)) * 200]
    assert opened[3] == SoapFault("wsse:InvalidSecurity", FaultCode.NOT_SIGNED.value.text, "NOT_SIGNED", "")
    assert opened[4] == SoapFault(
        "soap:MustUnderstand",
        FaultCode.MUST_UNDERSTAND.value.text,
        "MUST_UNDERSTAND",
        "a<b>&\"'\r\n\t]]>ü\U0001f600",
    )


@pytest.mark.parametrize("code", FaultCode)
def test_every_fault_of_the_catalogue_can_be_sent_and_read(code: FaultCode) -> None:
    reply = client().reply(umschlag().fault(code, "hint", NOW), NOW)
    assert reply == SoapFault(code.value.faultcode, code.value.text, code.name, "hint")


def test_the_prefix_of_every_faultcode_is_declared() -> None:
    for code in FaultCode:
        fault = etree.fromstring(umschlag().fault(code, "", NOW)).find(".//faultcode")
        prefix = fault.text.partition(":")[0]
        assert fault.nsmap[prefix] in (names.SOAP, names.WSSE)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_no_text_can_break_a_fault(detail: str) -> None:
    reply = client().reply(umschlag().fault(FaultCode.INTERNAL, detail, NOW), NOW)
    assert isinstance(reply, SoapFault)
    assert set(reply.hinweis) <= set(detail)


def test_a_long_hint_is_cut() -> None:
    reply = client().reply(umschlag().fault(FaultCode.INTERNAL, "ü" * 100_000, NOW), NOW)
    assert isinstance(reply, SoapFault)
    assert reply.hinweis == "ü" * 1000


@pytest.mark.parametrize("kind", KeyType)
def test_every_signature_of_ours_has_its_full_length(kind: KeyType) -> None:
    """r and s of ECDSA are padded: one in 128 signatures would be shorter."""
    asking = client(kind)
    for number in range(300 if kind is KeyType.EC else 3):
        request = asking.request(b"%d" % number, NOW)
        assert umschlag().open(request, NOW).nachricht == b"%d" % number


def test_times_are_sent_in_utc() -> None:
    local = datetime(2026, 7, 1, 1, 30, 0, 5000, timezone(timedelta(hours=2)))
    root = etree.fromstring(umschlag().close(NACHRICHT, local))
    assert [element.text for element in root[0][0][1]] == ["2026-06-30T23:30:00.005Z", "2026-06-30T23:35:00.005Z"]
    assert local.astimezone(UTC).hour == 23


# The client is as strict as the gateway


def reply_refused(data: bytes) -> FaultCode:
    with pytest.raises(Fault) as caught:
        client().reply(data, NOW)
    return caught.value.code


def test_a_reply_signed_by_another_authority_is_not_the_gateways() -> None:
    forged = Signer(authority(KeyType.RSA)).envelope(message("xmeldAntwort", NACHRICHT), NOW)
    assert reply_refused(forged) is FaultCode.CERTIFICATE_UNTRUSTED


def test_a_request_is_not_a_reply() -> None:
    assert reply_refused(client().request(NACHRICHT, NOW)) is FaultCode.NOT_THE_OPERATION


def test_a_changed_reply_is_refused() -> None:
    for reply in (umschlag().close(NACHRICHT, NOW), umschlag().fault(FaultCode.INTERNAL, "a", NOW)):
        assert reply_refused(edited(lambda root: root[1][0].set("more", "1"), reply)) is FaultCode.SIGNATURE_INVALID


def test_an_unsigned_reply_is_refused() -> None:
    reply = umschlag().fault(FaultCode.INTERNAL, "a", NOW)
    assert reply_refused(edited(lambda root: root.remove(root[0]), reply)) is FaultCode.NOT_SIGNED


def test_an_old_reply_is_refused() -> None:
    assert reply_refused(umschlag().close(NACHRICHT, NOW - timedelta(hours=1))) is FaultCode.TIMESTAMP_EXPIRED


def test_a_reply_of_several_megabytes_is_read() -> None:
    assert client().reply(umschlag().close(b"x" * 7_000_000, NOW), NOW) == b"x" * 7_000_000


# Keys


def test_a_key_on_another_curve_or_too_short_cannot_sign() -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024)):
        with pytest.raises(ConfigError, match=r"P-256|2048"):
            Signer(Identity(key, gateway().certificate))


def test_key_and_certificate_must_be_readable_and_belong_together() -> None:
    ours, other = gateway(), ca()
    loaded = load_identity(ours.key_pem, ours.certificate_pem)
    assert (loaded.key_pem, loaded.certificate) == (ours.key_pem, ours.certificate)
    for key, certificate, reason in (
        (b"", ours.certificate_pem, "is not PEM"),
        (ours.key_pem, b"", "is not PEM"),
        (ours.key_pem, other.certificate_pem, "another key"),
    ):
        with pytest.raises(ConfigError, match=reason):
            load_identity(key, certificate)


def test_threads_share_one_envelope_without_mixing_anything_up() -> None:
    receiver, asking = umschlag(), client()
    messages = [b"%d " % number * 2000 for number in range(200)]

    def exchange(nachricht: bytes) -> bytes | SoapFault:
        with pytest.raises(Fault):
            receiver.open(b"<a>%b" % nachricht, NOW)
        opened = receiver.open(asking.request(nachricht, NOW), NOW)
        return asking.reply(receiver.close(opened.nachricht, NOW), NOW)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(exchange, messages)) == messages
