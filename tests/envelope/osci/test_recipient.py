"""The passive recipient: what it opens, how it closes, and in which words it refuses."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from gateway import bootstrap_osci
from gateway.bootstrap import Instance
from gateway.config import Config, Osci
from gateway.envelope import pki
from gateway.envelope.osci import content, encryption, feedback, message, mime, names
from gateway.envelope.osci.message import ControlBlock, Message, SoapFault
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.recipient import OsciEmpfaenger, OsciSchluessel
from gateway.envelope.signer import Identity, load_pkcs12
from gateway.envelope.zertifikate import LIST_ENDED, TrustStore, fingerprint
from gateway.errors import ConfigError, Fault, FaultCode
from tests.envelope.osci.workshop import (
    ANTWORT,
    DELIVERY,
    NACHRICHT,
    NOW,
    POLICY,
    accepted,
    ca,
    cipher,
    codes,
    empfaenger,
    read_reply,
    refusal,
    schemas,
    signing,
)


def answer(request: bytes, policy: OsciPolicy = POLICY) -> Message:
    umschlag, _ = accepted(request, policy)
    reply = read_reply(umschlag.close(ANTWORT, NOW))
    assert isinstance(reply, Message)
    return reply


@pytest.mark.parametrize("form", [DELIVERY.plain, DELIVERY.sealed], ids=["plain", "sealed"])
def test_a_delivery_opens_to_the_message_its_author_and_who_will_read_the_answer(form: Callable[[], bytes]) -> None:
    _, opened = accepted(form())
    assert opened.nachricht == NACHRICHT
    assert opened.fingerprint == fingerprint(signing("authority").certificate)
    assert opened.reply_fingerprint == fingerprint(cipher("authority").certificate)


def test_the_answer_is_encrypted_for_the_transport_exactly_when_the_request_was() -> None:
    assert answer(DELIVERY.sealed()).encrypted
    assert not answer(DELIVERY.plain()).encrypted


@pytest.mark.parametrize("transport", [12, 16])
@pytest.mark.parametrize("inside", [12, 16])
def test_each_part_of_the_answer_has_an_iv_as_long_as_in_the_request(inside: int, transport: int) -> None:
    """A library that is older than IvLength reads 16 bytes only."""
    plain = DELIVERY.but(policy=OsciPolicy(iv_length=inside)).plain()
    request = encryption.seal_transport(plain, cipher("gateway").certificate, OsciPolicy(iv_length=transport))
    reply = answer(request)
    assert reply.iv_length == transport
    assert content.open_content(reply, cipher("authority"), POLICY).iv_length == inside


def test_the_answer_says_done_and_holds_the_message_signed_by_us_for_who_has_asked() -> None:
    reply = answer(DELIVERY.sealed())
    assert [row.code for row in reply.feedback] == ["0800"]
    inhalt = content.open_content(reply, cipher("authority"), POLICY)
    assert inhalt.nachricht == ANTWORT
    assert fingerprint(message.loaded(inhalt.author)) == fingerprint(signing("gateway").certificate)
    with pytest.raises(Fault):
        content.open_content(reply, cipher("intermediary"), POLICY)


def test_the_answer_carries_the_message_id_that_was_given_for_it_with_subject_and_timestamps() -> None:
    reply = answer(DELIVERY.but(message_id=b"id 4711").sealed())
    assert reply.message_id == b"id 4711"
    assert reply.payload.findtext(names.tag(names.OSCI, "Subject")) == "XMeld"
    assert len(reply.root[0].findall(names.tag(names.OSCI, "QualityOfTimestamp"))) == 2


def test_without_a_message_id_there_are_neither_subject_nor_timestamps() -> None:
    reply = answer(DELIVERY.sealed())
    assert reply.message_id is None
    assert reply.payload.find(names.tag(names.OSCI, "Subject")) is None
    assert reply.root[0].find(names.tag(names.OSCI, "QualityOfTimestamp")) is None


def test_an_unsigned_delivery_is_refused_with_9600_in_an_encrypted_and_signed_feedback() -> None:
    refused = refusal(DELIVERY.but(signed=False).sealed())
    assert codes(refused) == (FaultCode.NOT_SIGNED, "9600")
    assert (refused.soap, refused.encrypted) == (False, True)
    assert "nicht signiert" in refused.text
    assert "NOT_SIGNED" in refused.text


def test_an_accept_delivery_is_checked_and_refused_with_9805_in_its_own_response() -> None:
    accept = DELIVERY.but(message_type="AcceptDelivery")
    assert codes(refusal(accept.sealed())) == (FaultCode.NOT_SYNCHRONOUS, "9805")
    assert codes(refusal(accept.but(signed=False).sealed())) == (FaultCode.NOT_SIGNED, "9600")


@pytest.mark.parametrize(
    "control",
    [
        ControlBlock(),
        ControlBlock(challenge=""),
        ControlBlock(challenge="x" * 1001),
        ControlBlock(challenge="YQ==", response="YQ=="),
        ControlBlock(challenge="YQ==", conversation="1"),
        ControlBlock(challenge="YQ==", sequence="0"),
    ],
)
def test_a_delivery_that_claims_to_be_part_of_a_dialog_is_refused_with_9400(control: ControlBlock) -> None:
    assert codes(refusal(DELIVERY.but(control=control).plain())) == (FaultCode.DIALOG_INVALID, "9400")


def test_an_order_for_an_intermediary_is_not_for_us() -> None:
    assert codes(refusal(DELIVERY.but(message_type="StoreDelivery").plain())) == (FaultCode.NOT_OSCI, "9100")


def test_what_is_encrypted_for_another_certificate_is_refused_with_9200() -> None:
    sealed = DELIVERY.but(reader=cipher("stranger")).sealed()
    assert codes(refusal(sealed)) == (FaultCode.WRONG_CIPHER_CERTIFICATE, "9200")


@pytest.mark.parametrize(
    ("part", "identity", "code", "osci"),
    [
        ("intermediary", lambda: signing("eve", "Other CA"), FaultCode.CERTIFICATE_UNTRUSTED, "9700"),
        ("intermediary", lambda: cipher("gateway"), FaultCode.CERTIFICATE_INVALID, "9700"),
        ("intermediary_cipher", lambda: cipher("eve", "Other CA"), FaultCode.CLIENT_CIPHER_INVALID, "9501"),
        ("intermediary_cipher", lambda: signing("intermediary"), FaultCode.CLIENT_CIPHER_INVALID, "9501"),
        ("originator_cipher", lambda: cipher("eve", "Other CA"), FaultCode.REPLY_CIPHER_INVALID, "9704"),
        ("originator_cipher", lambda: signing("authority"), FaultCode.REPLY_CIPHER_INVALID, "9704"),
        ("author", lambda: signing("eve", "Other CA"), FaultCode.AUTHOR_SIGNATURE_INVALID, "9805"),
        ("author", lambda: cipher("authority"), FaultCode.AUTHOR_SIGNATURE_INVALID, "9805"),
    ],
)
def test_a_certificate_that_is_not_believed_for_its_role_is_refused_by_the_code_of_the_role(
    part: str, identity: Callable[[], Identity], code: FaultCode, osci: str
) -> None:
    assert codes(refusal(DELIVERY.but(**{part: identity()}).sealed())) == (code, osci)


ODD = {  # modulus and exponent with which OpenSSL does not compute
    "too long": ((1 << 17000) + 1, 65537),
    "even modulus": ((1 << 2048) + 2, 65537),
    "long exponent": ((1 << 4096) + 1, (1 << 4000) + 1),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_refusal_can_be_written_whatever_key_a_stranger_wants_it_encrypted_for(odd: str) -> None:
    modulus, exponent = ODD[odd]
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    proper = cipher("intermediary")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(proper.certificate.subject)
        .issuer_name(proper.certificate.issuer)
        .public_key(key)
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
        .sign(signing("eve").key, hashes.SHA256())
    )
    unsigned = DELIVERY.but(signed=False, intermediary_cipher=Identity(proper.key, certificate))
    assert codes(refusal(unsigned.sealed())) == (FaultCode.CLIENT_CIPHER_INVALID, "9501")


@pytest.mark.parametrize(
    ("revoked", "code", "osci"),
    [
        (lambda: signing("intermediary"), FaultCode.CERTIFICATE_REVOKED, "9701"),
        (lambda: cipher("intermediary"), FaultCode.CLIENT_CIPHER_REVOKED, "9502"),
        (lambda: cipher("authority"), FaultCode.REPLY_CIPHER_REVOKED, "9705"),
        (lambda: signing("authority"), FaultCode.AUTHOR_SIGNATURE_INVALID, "9805"),
    ],
)
def test_a_revoked_certificate_is_refused_by_the_code_of_its_role(
    tmp_path: Path, revoked: Callable[[], Identity], code: FaultCode, osci: str
) -> None:
    crl = tmp_path / "crl.pem"
    crl.write_bytes(pki.make_crl(ca(), [revoked().certificate.serial_number], NOW))
    trust = TrustStore(ca().certificate_pem, crl)
    umschlag = OsciEmpfaenger(empfaenger().keys, trust, schemas()).umschlag()
    with pytest.raises(Fault) as caught:
        umschlag.open(DELIVERY.sealed(), NOW)
    assert (caught.value.code, caught.value.code.value.osci) == (code, osci)


@pytest.mark.parametrize(
    ("role", "code", "osci"),
    [
        ("CipherCertificateIntermediary", FaultCode.CLIENT_CIPHER_MISSING, "9500"),
        ("CipherCertificateOriginator", FaultCode.REPLY_CIPHER_INVALID, "9704"),
        ("CipherCertificateAddressee", FaultCode.CONTENT_INVALID, "9805"),
        ("SignatureCertificateOriginator", FaultCode.AUTHOR_SIGNATURE_INVALID, "9805"),
    ],
)
def test_a_certificate_that_is_missing_is_told_by_its_role(role: str, code: FaultCode, osci: str) -> None:
    assert codes(refusal(DELIVERY.but(without=frozenset({role})).sealed())) == (code, osci)


def test_a_plain_request_needs_no_cipher_certificate_of_its_intermediary() -> None:
    plain = DELIVERY.but(without=frozenset({"CipherCertificateIntermediary"})).plain()
    assert not answer(plain).encrypted


def test_only_intermediaries_of_the_list_may_deliver_and_nobody_where_it_is_empty() -> None:
    own = fingerprint(signing("intermediary").certificate)
    assert answer(DELIVERY.sealed(), OsciPolicy(intermediaere=frozenset({own}))).package is not None
    for others in ({"0" * 64}, set[str]()):
        refused = refusal(DELIVERY.sealed(), OsciPolicy(intermediaere=frozenset(others)))
        assert codes(refused) == (FaultCode.INTERMEDIARY_NOT_ACCEPTED, "9700")


def test_content_that_is_not_encrypted_is_refused_unless_the_policy_allows_it_and_then_answered_alike() -> None:
    plain = DELIVERY.but(content_encrypted=False).sealed()
    assert codes(refusal(plain)) == (FaultCode.CONTENT_INVALID, "9805")
    lenient = OsciPolicy(content_encrypted=False)
    reply = answer(plain, lenient)
    assert content.open_content(reply, cipher("authority"), lenient).nachricht == ANTWORT
    assert accepted(plain, lenient)[1].reply_fingerprint is None


def test_content_that_nothing_encrypts_is_refused_whatever_the_policy() -> None:
    naked = DELIVERY.but(content_encrypted=False).plain()
    assert codes(refusal(naked, OsciPolicy(content_encrypted=False))) == (FaultCode.CONTENT_INVALID, "9805")


def test_every_fault_code_can_be_told_before_and_after_a_request_is_understood() -> None:
    for code in FaultCode:
        before = read_reply(empfaenger().umschlag().fault(code, "a hint & <more>", NOW))
        assert isinstance(before, SoapFault)
        assert before.code in ("9000", "9100", code.value.osci)
        umschlag, _ = accepted(DELIVERY.sealed())
        after = read_reply(umschlag.fault(code, "a hint & <more>", NOW))
        assert isinstance(after, Message)
        (row,) = after.feedback
        assert row.code == code.value.osci or feedback.is_soap_fault(code.value.osci)
        assert f"{code.name}: a hint & <more>" in row.text


@pytest.mark.parametrize("code", [FaultCode.NOT_WELLFORMED, FaultCode.FORBIDDEN_XML, FaultCode.TOO_LARGE])
def test_a_message_that_cannot_be_read_inside_a_proper_delivery_is_9805(code: FaultCode) -> None:
    umschlag, _ = accepted(DELIVERY.sealed())
    answer = read_reply(umschlag.fault(code, "", NOW))
    assert isinstance(answer, Message)
    assert [row.code for row in answer.feedback] == ["9805"]


@pytest.mark.parametrize(
    "code", [FaultCode.AUTHORITY_UNKNOWN, FaultCode.AUTHORITY_BLOCKED, FaultCode.CERTIFICATE_BLOCKED]
)
def test_an_author_who_may_not_ask_is_9805_for_97xx_would_be_said_of_the_intermediary(code: FaultCode) -> None:
    umschlag, _ = accepted(DELIVERY.sealed())
    answer = read_reply(umschlag.fault(code, "", NOW))
    assert isinstance(answer, Message)
    assert [row.code for row in answer.feedback] == ["9805"]


@pytest.mark.parametrize("whose", ["intermediary", "authority"])
def test_the_record_says_so_where_a_list_had_ended_by_which_anybody_was_believed(tmp_path: Path, whose: str) -> None:
    other, crl = ca("Another CA"), tmp_path / "crl.pem"
    crl.write_bytes(pki.make_crl(ca(), [], NOW) + pki.make_crl(other, [], NOW - timedelta(days=400)))
    trust = TrustStore(ca().certificate_pem + other.certificate_pem, crl, frist=timedelta(days=100))
    keys = OsciSchluessel(signing("gateway"), cipher("gateway"))
    by = {
        "intermediary": {"intermediary": signing("intermediary", "Another CA")},
        "authority": {"author": signing("authority", "Another CA")},
    }
    for delivery, said in ((DELIVERY, ()), (DELIVERY.but(**by[whose]), (LIST_ENDED,))):
        opened = OsciEmpfaenger(keys, trust, schemas(), POLICY).umschlag().open(delivery.sealed(), NOW)
        assert opened.marken == said


@pytest.mark.parametrize("size", [0, 1, 100, 400, 5000])
def test_a_message_that_is_cut_short_is_a_soap_fault_9100(size: int) -> None:
    for request in (DELIVERY.plain(), DELIVERY.sealed()):
        refused = refusal(request[:size])
        assert (refused.osci, refused.soap) == ("9100", True)


def test_a_message_that_is_too_large_is_a_soap_fault_9100() -> None:
    huge = mime.write(b"<a>" + b" " * (7 << 20) + b"</a>")
    assert codes(refusal(huge)) == (FaultCode.TOO_LARGE, "9100")


def test_one_recipient_serves_many_threads() -> None:
    request, replies = DELIVERY.sealed(), []

    def work() -> None:
        replies.append(answer(request))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 4


def test_keys_that_are_not_rsa_are_refused_at_start() -> None:
    key = pki.issue_signing(ca(), "gateway", "Testland", NOW)
    with pytest.raises(ConfigError):
        OsciSchluessel(key, cipher("gateway"))
    with pytest.raises(ConfigError):
        OsciSchluessel(signing("gateway"), key)


def test_a_key_pair_is_read_from_pkcs_12_with_its_password_only() -> None:
    pair = signing("gateway")
    data = serialize_key_and_certificates(None, pair.key, pair.certificate, None, BestAvailableEncryption(b"secret"))
    loaded = load_pkcs12(data, b"secret")
    assert fingerprint(loaded.certificate) == fingerprint(pair.certificate)
    assert loaded.key_pem == pair.key_pem
    without_key = serialize_key_and_certificates(None, None, pair.certificate, None, BestAvailableEncryption(b"secret"))
    for wrong, password in ((data, b"other"), (b"no pkcs 12", b"secret"), (without_key, b"secret")):
        with pytest.raises(ConfigError):
            load_pkcs12(wrong, password)


ALGORITHMS = {  # of [osci] in gateway.toml: what it says, and what becomes of it
    "signaturen": (["pss-sha256"], "signature_methods", {names.RSA_PSS_SHA256}),
    "hashes": (["sha512"], "digest_methods", {names.SHA512}),
    "chiffren": (["aes256-gcm"], "cipher_methods", {names.AES_256_GCM}),
    "oaep": (["sha512"], "oaep_digests", {names.SHA512}),
    "signatur_verfahren": ("pss-sha256", "signature_method", names.RSA_PSS_SHA256),
    "oaep_verfahren": ("sha512", "oaep_digest", names.SHA512),
}


def configured(folder: Path, **osci: Any) -> OsciPolicy:
    return bootstrap_osci.policy(Instance(folder, Config.model_construct(osci=Osci(**osci))))


@pytest.mark.parametrize("key", ALGORITHMS)
def test_the_configuration_names_each_algorithm_that_is_accepted_or_used(tmp_path: Path, key: str) -> None:
    said, field, meant = ALGORITHMS[key]
    assert configured(tmp_path) == replace(POLICY, intermediaere=frozenset())
    assert getattr(configured(tmp_path, **{key: said}), field) == meant
    with pytest.raises(ConfigError):
        configured(tmp_path, **{key: "sha1" if isinstance(said, str) else ["sha1"]})
