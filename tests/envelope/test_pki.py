"""The development PKI makes what it says, and keys stay with their owner."""

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gateway.envelope import pki
from gateway.envelope.pki import KeyType
from tests.envelope.workshop import NOW, ca


def name_of(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    (attribute,) = certificate.subject.get_attributes_for_oid(oid)
    return str(attribute.value)


def test_keys_are_p256_by_default_and_rsa_3072_on_request() -> None:
    default, large = pki.new_key(), pki.new_key(KeyType.RSA)
    assert isinstance(default, ec.EllipticCurvePrivateKey)
    assert isinstance(default.curve, ec.SECP256R1)
    assert isinstance(large, rsa.RSAPrivateKey)
    assert large.key_size == 3072


def test_an_authoritys_certificate_names_its_key_and_itself() -> None:
    issued = pki.issue_signing(ca(), "dbs:060030020000", "Polizei S Stadt", NOW).certificate
    assert name_of(issued, NameOID.COMMON_NAME) == "dbs:060030020000"
    assert name_of(issued, NameOID.ORGANIZATION_NAME) == "Polizei S Stadt"
    assert issued.issuer == ca().certificate.subject


def test_a_name_of_120_characters_works() -> None:
    issued = pki.issue_signing(ca(), "dbs:060030020000", "Ä" * 120, NOW).certificate
    assert name_of(issued, NameOID.ORGANIZATION_NAME) == "Ä" * 64


def test_a_saved_key_is_readable_by_its_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    identity = pki.issue_signing(ca(), "x", "", NOW)
    key, certificate = tmp_path / "a.key", tmp_path / "a.pem"
    pki.save(identity, key, certificate)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes() == identity.key_pem
    with pytest.raises(FileExistsError):
        pki.save(pki.issue_signing(ca(), "y", "", NOW), key, certificate)
    assert certificate.read_bytes() == identity.certificate_pem


def test_a_replaced_file_leaves_nothing_else_behind(tmp_path: Path) -> None:
    path = tmp_path / "ca.crl"
    for content in (b"one", b"two"):
        pki.replace_file(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_revocation_lists_are_numbered_and_keep_the_first_date() -> None:
    first = pki.make_crl(ca(), [5], NOW)
    second = x509.load_pem_x509_crl(pki.make_crl(ca(), [5, 7], NOW.replace(day=3), first))
    assert {entry.serial_number: entry.revocation_date_utc for entry in second} == {5: NOW, 7: NOW.replace(day=3)}
    assert second.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2
    assert second.is_signature_valid(ca().certificate.public_key())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_strict_tls_client_accepts_the_servers_certificate_on_loopback(tmp_path: Path, host: str) -> None:
    now = datetime.now(UTC)
    authority = pki.make_ca("TLS CA", now)
    pki.save(pki.issue_tls_server(authority, now), tmp_path / "tls.key", tmp_path / "tls.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "tls.pem", tmp_path / "tls.key")
    trusting = ssl.create_default_context(cadata=authority.certificate_pem.decode())
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    handshake(server, trusting, host)


def handshake(server: ssl.SSLContext, trusting: ssl.SSLContext, host: str) -> None:
    """In memory: bytes are carried between two sides until both agree."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = server.wrap_bio(to_server, to_client, server_side=True)
    here = trusting.wrap_bio(to_client, to_server, server_hostname=host)
    waiting = {here, there}
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
    assert not waiting
