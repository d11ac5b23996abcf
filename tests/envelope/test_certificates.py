"""Which certificates are believed, and what the others are told."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.envelope import pki
from gateway.envelope.pki import KeyType
from gateway.envelope.signer import Identity
from gateway.envelope.zertifikate import KeyPolicy, RevocationFile, TrustStore, fingerprint
from gateway.errors import ConfigError, Fault, FaultCode
from tests.envelope.workshop import NOW, authority, ca, envelope, fault_of, security, sign, signature, timestamp, token

DAY = timedelta(days=1)
USAGE = dict.fromkeys(
    (
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)
SIGNING = x509.KeyUsage(digital_signature=True, **USAGE)


def issued(
    *extensions: tuple[x509.ExtensionType, bool],
    issuer: Identity | None = None,
    key: pki.PrivateKey | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> Identity:
    """A certificate with these extensions and no others."""
    issuer = issuer or ca()
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Identity(key, builder.sign(issuer.key, digest or hashes.SHA256()))


def trust(crl: Path | None = None, **keys: object) -> TrustStore:
    return TrustStore(ca().certificate_pem, crl, KeyPolicy(**keys))  # type: ignore[arg-type]


def code_of(store: TrustStore, identity: Identity, now: datetime = NOW) -> FaultCode:
    with pytest.raises(Fault) as caught:
        store.check(identity.certificate.public_bytes(Encoding.DER), now)
    return caught.value.code


def accepted(store: TrustStore, identity: Identity, now: datetime = NOW) -> bool:
    der = identity.certificate.public_bytes(Encoding.DER)
    return store.check(der, now).fingerprint == hashes_of(der) == fingerprint(identity.certificate)


def hashes_of(der: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    return digest.finalize().hex()


def test_a_certificate_of_the_ca_is_believed() -> None:
    assert accepted(trust(), authority())
    assert accepted(trust(), authority(KeyType.RSA))
    assert accepted(trust(), issued((SIGNING, True)))


def test_a_certificate_of_any_configured_ca_is_believed() -> None:
    other = pki.make_ca("Other CA", NOW, KeyType.RSA)
    both = TrustStore(ca().certificate_pem + other.certificate_pem)
    assert accepted(both, authority())
    assert accepted(both, pki.issue_signing(other, "x", "", NOW))


def test_a_foreign_ca_is_not_believed() -> None:
    foreign = pki.make_ca("Foreign CA", NOW)
    assert code_of(trust(), pki.issue_signing(foreign, "x", "", NOW)) is FaultCode.CERTIFICATE_UNTRUSTED


def test_a_foreign_ca_with_our_cas_name_is_not_believed() -> None:
    foreign = pki.make_ca("Test CA", NOW)
    assert code_of(trust(), pki.issue_signing(foreign, "x", "", NOW)) is FaultCode.CERTIFICATE_UNTRUSTED


def test_two_cas_of_the_same_name_are_told_apart_by_their_keys() -> None:
    foreign = pki.make_ca("Test CA", NOW)
    assert accepted(TrustStore(foreign.certificate_pem + ca().certificate_pem), authority())


def test_a_self_signed_certificate_is_not_believed() -> None:
    assert code_of(trust(), pki.make_ca("Self", NOW)) is FaultCode.CERTIFICATE_UNTRUSTED


def test_an_end_certificate_cannot_issue_another() -> None:
    assert code_of(trust(), issued((SIGNING, True), issuer=authority())) is FaultCode.CERTIFICATE_UNTRUSTED


def test_the_ca_itself_signs_no_messages() -> None:
    assert code_of(trust(), ca()) is FaultCode.CERTIFICATE_INVALID


def test_validity_is_looked_at_every_time() -> None:
    store, end = trust(), authority().certificate.not_valid_after_utc
    assert accepted(store, authority())
    assert accepted(store, authority(), end)
    assert code_of(store, authority(), end + timedelta(seconds=1)) is FaultCode.CERTIFICATE_EXPIRED
    assert code_of(store, authority(), NOW - DAY) is FaultCode.CERTIFICATE_EXPIRED


def test_no_certificate_outlives_its_ca() -> None:
    late = pki.issue_signing(ca(), "x", "", NOW + timedelta(days=3600))
    assert accepted(trust(), late, NOW + timedelta(days=3610))
    assert code_of(trust(), late, NOW + timedelta(days=3700)) is FaultCode.CERTIFICATE_EXPIRED


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        ((x509.KeyUsage(digital_signature=False, **{**USAGE, "key_encipherment": True}), True),),
        ((SIGNING, True), (x509.BasicConstraints(ca=True, path_length=None), True)),
        ((SIGNING, True), (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)),
    ],
    ids=["no key usage", "another key usage", "a CA", "an unknown critical extension"],
)
def test_a_certificate_for_another_purpose_is_invalid(extensions: tuple[tuple[x509.ExtensionType, bool], ...]) -> None:
    assert code_of(trust(), issued(*extensions)) is FaultCode.CERTIFICATE_INVALID


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
    ],
    ids=["RSA-1024", "secp256k1", "P-224"],
)
def test_a_weak_or_unusual_key_is_invalid(key: pki.PrivateKey) -> None:
    assert code_of(trust(), issued((SIGNING, True), key=key)) is FaultCode.CERTIFICATE_INVALID


def test_a_certificate_signed_with_a_weak_hash_is_invalid() -> None:
    """SHA-224 stands for all that are weaker than SHA-256; SHA-1 cryptography refuses by itself."""
    assert code_of(trust(), issued((SIGNING, True), digest=hashes.SHA224())) is FaultCode.CERTIFICATE_INVALID


def test_the_strength_of_keys_can_be_configured() -> None:
    assert code_of(trust(min_rsa_bits=4096), authority(KeyType.RSA)) is FaultCode.CERTIFICATE_INVALID
    assert code_of(trust(curves=frozenset({"secp384r1"})), authority()) is FaultCode.CERTIFICATE_INVALID
    assert accepted(
        trust(curves=frozenset({"secp384r1"})), issued((SIGNING, True), key=ec.generate_private_key(ec.SECP384R1()))
    )


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01\x01", b"\x30\x80", bytes(1000)])
def test_bytes_that_are_no_certificate_are_invalid(der: bytes) -> None:
    with pytest.raises(Fault) as caught:
        trust().check(der, NOW)
    assert caught.value.code is FaultCode.CERTIFICATE_INVALID


def test_a_damaged_certificate_is_refused_whichever_bit_is_wrong() -> None:
    store, der = trust(), authority().certificate.public_bytes(Encoding.DER)
    codes = set()
    for position in range(0, len(der), 3):
        damaged = bytearray(der)
        damaged[position] ^= 1 << (position % 8)
        with pytest.raises(Fault) as caught:
            store.check(bytes(damaged), NOW)
        codes.add(caught.value.code)
    assert codes == {FaultCode.CERTIFICATE_INVALID, FaultCode.CERTIFICATE_UNTRUSTED}


def test_a_ca_file_without_ca_is_a_configuration_error() -> None:
    for pem in (b"", b"no pem", authority().certificate_pem):
        with pytest.raises(ConfigError, match="CA"):
            TrustStore(pem)


def test_a_weak_key_is_refused_with_a_fault_through_the_whole_envelope() -> None:
    weak = issued((SIGNING, True), key=rsa.generate_private_key(65537, 1024))
    method = '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
    request = sign(envelope(security(token(weak), timestamp(), signature(method=method))), weak)
    assert fault_of(request) is FaultCode.CERTIFICATE_INVALID


def test_a_foreign_ca_is_refused_with_a_fault_through_the_whole_envelope() -> None:
    foreign = pki.issue_signing(pki.make_ca("Foreign CA", NOW), "dbs:060030020000", "", NOW)
    assert fault_of(sign(envelope(security(token(foreign), timestamp(), signature())), foreign)) is (
        FaultCode.CERTIFICATE_UNTRUSTED
    )


# Revocation


class Clock:
    """A monotonic clock that stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def crl(tmp_path: Path) -> Path:
    path = tmp_path / "ca.crl"
    pki.replace_file(path, pki.make_crl(ca(), [], NOW))
    return path


def revoke(path: Path, *identities: Identity) -> None:
    serials = [identity.certificate.serial_number for identity in identities]
    pki.replace_file(path, pki.make_crl(ca(), serials, NOW, path.read_bytes()))


def test_a_revoked_certificate_is_refused(crl: Path) -> None:
    revoke(crl, authority())
    assert code_of(trust(crl), authority()) is FaultCode.CERTIFICATE_REVOKED
    assert accepted(trust(crl), authority(KeyType.RSA))
    assert accepted(trust(), authority())


def test_a_revocation_adds_to_the_list(crl: Path) -> None:
    revoke(crl, authority())
    revoke(crl, authority(KeyType.RSA))
    store = trust(crl)
    assert code_of(store, authority()) is FaultCode.CERTIFICATE_REVOKED
    assert code_of(store, authority(KeyType.RSA)) is FaultCode.CERTIFICATE_REVOKED


def examined_by(crl: Path, clock: Clock) -> tuple[RevocationFile, object]:
    der = authority().certificate.public_bytes(Encoding.DER)
    return RevocationFile(crl, [ca().certificate], clock), trust().check(der, NOW)


def test_a_changed_list_is_read_again_after_a_second_without_a_restart(crl: Path) -> None:
    clock = Clock()
    revocations, certificate = examined_by(crl, clock)
    revoke(crl, authority())
    clock.now = 0.9
    assert not revocations.is_revoked(certificate, NOW)  # type: ignore[arg-type]
    clock.now = 1.0
    assert revocations.is_revoked(certificate, NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content", [None, b"", b"no list", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]
)
def test_a_list_that_became_unusable_stops_all_until_it_is_repaired(
    crl: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    revocations, certificate = examined_by(crl, clock)
    good = crl.read_bytes()
    crl.unlink()
    if content is not None:
        crl.write_bytes(content)
    for second in (1.0, 2.0):
        clock.now = second
        with pytest.raises(Fault) as caught:
            revocations.is_revoked(certificate, NOW)  # type: ignore[arg-type]
        assert caught.value.code is FaultCode.REVOCATION_UNKNOWN
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    crl.write_bytes(good)
    clock.now = 3.0
    assert not revocations.is_revoked(certificate, NOW)  # type: ignore[arg-type]


def test_an_expired_list_proves_nothing(crl: Path) -> None:
    assert code_of(trust(crl), authority(), NOW + timedelta(days=366)) is FaultCode.REVOCATION_UNKNOWN


def test_every_ca_needs_its_list(crl: Path) -> None:
    other = pki.make_ca("Other CA", NOW)
    pems, theirs = ca().certificate_pem + other.certificate_pem, pki.issue_signing(other, "x", "", NOW)
    assert code_of(TrustStore(pems, crl), theirs) is FaultCode.REVOCATION_UNKNOWN
    crl.write_bytes(crl.read_bytes() + pki.make_crl(other, [theirs.certificate.serial_number], NOW))
    store = TrustStore(pems, crl)
    assert code_of(store, theirs) is FaultCode.CERTIFICATE_REVOKED
    assert accepted(store, authority())


def test_a_list_of_another_ca_with_the_same_name_is_a_configuration_error(crl: Path) -> None:
    crl.write_bytes(pki.make_crl(pki.make_ca("Test CA", NOW), [], NOW))
    with pytest.raises(ConfigError, match="not signed by one of the CAs"):
        trust(crl)


def test_two_lists_of_one_ca_are_a_configuration_error(crl: Path) -> None:
    crl.write_bytes(crl.read_bytes() * 2)
    with pytest.raises(ConfigError, match="two revocation lists"):
        trust(crl)


def test_a_list_of_limited_scope_is_a_configuration_error(crl: Path) -> None:
    scope = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
    limited = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca().certificate.subject)
        .last_update(NOW)
        .next_update(NOW + DAY)
        .add_extension(scope, critical=True)
        .sign(ca().key, hashes.SHA256())
    )
    crl.write_bytes(limited.public_bytes(Encoding.PEM))
    with pytest.raises(ConfigError, match="critical extension"):
        trust(crl)


def test_a_missing_list_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="revocation list"):
        trust(tmp_path / "none.crl")


def test_a_list_replaced_within_the_same_clock_tick_is_noticed(crl: Path) -> None:
    clock = Clock()
    revocations, certificate = examined_by(crl, clock)
    stat = crl.stat()
    revoke(crl, authority())
    os.utime(crl, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    clock.now = 1.0
    assert revocations.is_revoked(certificate, NOW)  # type: ignore[arg-type]
