"""An instance's keys, trust and rooms of OSCI-Transport, joined: its endpoint, and the way to other Laender."""

from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from gateway.bootstrap import Instance
from gateway.config import Autor, Osci
from gateway.envelope.osci.canonical import REQUEST
from gateway.envelope.osci.policy import OsciPolicy, cipher_methods, signature_methods
from gateway.envelope.osci.recipient import OsciEmpfaenger, OsciSchluessel, OsciUmschlag
from gateway.envelope.osci.schema import OsciSchemas
from gateway.envelope.signer import Identity, load_identity, load_pkcs12
from gateway.envelope.zertifikate import KeyPolicy, TrustStore, fingerprint
from gateway.errors import ConfigError

_PKCS12 = (".p12", ".pfx")


def build_osci(instance: Instance) -> Callable[[], OsciUmschlag] | None:
    """What makes the envelope for a request at `/osci`; None where the instance has none. Raises ConfigError."""
    if not instance.config.osci.aktiv:
        return None
    schemas = OsciSchemas.load(instance.packs_folder)
    empfaenger = OsciEmpfaenger(keys(instance), trust(instance), schemas, policy(instance), REQUEST)
    return empfaenger.umschlag


def keys(instance: Instance) -> OsciSchluessel:
    """The gateway's two key pairs. Raises ConfigError."""
    osci = instance.config.osci
    try:
        return OsciSchluessel(
            signatur=_identity(instance, osci.signatur, osci.signatur_key, "osci.signatur"),
            chiffrierung=_identity(instance, osci.chiffrierung, osci.chiffrierung_key, "osci.chiffrierung"),
        )
    except ConfigError as error:
        raise ConfigError(f"osci: {error}") from None


def trust(instance: Instance) -> TrustStore:
    """Whose certificates are believed over OSCI. Raises ConfigError."""
    osci, bits = instance.config.osci, instance.config.signatur.min_rsa_bits
    ca = b"".join(instance.read_file(name, "osci.ca") for name in osci.ca)
    crl = instance.path / osci.crl if osci.crl else None
    try:
        return TrustStore(ca, crl, KeyPolicy(min_rsa_bits=bits))
    except ConfigError as error:
        raise ConfigError(f"osci.ca, osci.crl: {error}") from None


def policy(instance: Instance) -> OsciPolicy:
    """Algorithms accepted and used. Raises ConfigError."""
    osci = instance.config.osci
    return OsciPolicy(
        signature_methods=signature_methods(osci.signaturen),
        cipher_methods=cipher_methods(osci.chiffren),
        signature_method=next(iter(signature_methods([osci.signatur_verfahren]))),
        iv_length=osci.iv_bytes,
        content_encrypted=osci.inhalt_verschluesselt,
        intermediaere=_intermediaere(instance, osci),
    )


def autor(instance: Instance, rolle: Autor, where: str) -> Identity:
    """The zentrale Stelle's key in one role. Raises ConfigError."""
    if rolle.signatur:
        return _identity(instance, rolle.signatur, rolle.signatur_key, where)
    return keys(instance).signatur


def _intermediaere(instance: Instance, osci: Osci) -> frozenset[str]:
    prints = set()
    for name in osci.intermediaere:
        try:
            prints.add(fingerprint(x509.load_pem_x509_certificate(instance.read_file(name, "osci.intermediaere"))))
        except ValueError:
            raise ConfigError(f"osci.intermediaere: {instance.path / name} is not a certificate in PEM") from None
    return frozenset(prints)


def _identity(instance: Instance, certificate: str, key: str, where: str) -> Identity:
    """A PEM certificate and its key, or a PKCS #12 file with both. Raises ConfigError."""
    content = instance.read_file(certificate, where)
    try:
        if Path(certificate).suffix.lower() in _PKCS12:
            return load_pkcs12(content, _password(instance))
        return load_identity(instance.read_file(key, f"{where}_key"), content)
    except ConfigError as error:
        raise ConfigError(f"{where}: {instance.path / certificate}: {error}") from None


def _password(instance: Instance) -> bytes:
    name = instance.config.osci.passwort
    return instance.read_file(name, "osci.passwort").strip() if name else b""
