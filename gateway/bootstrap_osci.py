"""An instance's keys, trust and rooms of OSCI-Transport, joined: its endpoint, and the way to other Laender."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography import x509

from gateway.bootstrap import Instance
from gateway.config import Autor, Osci
from gateway.config import Vermittlung as VermittlungConfig
from gateway.envelope.osci.canonical import REQUEST
from gateway.envelope.osci.client import OsciTeilnehmer
from gateway.envelope.osci.policy import OsciPolicy, cipher_methods, digest_methods, oaep_digests, signature_methods
from gateway.envelope.osci.recipient import OsciEmpfaenger, OsciSchluessel, OsciUmschlag
from gateway.envelope.osci.schema import OsciSchemas
from gateway.envelope.signer import Identity, load_identity, load_pkcs12
from gateway.envelope.zertifikate import KeyPolicy, TrustStore, fingerprint
from gateway.errors import ConfigError
from gateway.meldewesen.behoerde import Rolle
from gateway.meldewesen.laender import LAENDER
from gateway.vermittlung.dvdv import GLEICHZEITIG as DVDV_GLEICHZEITIG
from gateway.vermittlung.dvdv import DvdvVerzeichnis
from gateway.vermittlung.dvdv_gedaechtnis import Gedaechtnis
from gateway.vermittlung.dvdv_zugang import Anmeldung, DvdvZugang
from gateway.vermittlung.gebiet import Gemeindeverzeichnis, load_gemeindeverzeichnis
from gateway.vermittlung.laender import OsciLaender
from gateway.vermittlung.osci_client import OsciClient
from gateway.vermittlung.sicherung import Sicherungen
from gateway.vermittlung.verzeichnis import DateiVerzeichnis
from gateway.vorgang import Gateway, Vermittlung
from gateway.zustellung.http import Trust

log = logging.getLogger(__name__)

_PKCS12 = (".p12", ".pfx")


def build_osci(instance: Instance) -> Callable[[], OsciUmschlag] | None:
    """What makes the envelope for a request at `/osci`; None where the instance has none. Raises ConfigError."""
    if not instance.config.osci.aktiv:
        return None
    if not instance.config.osci.intermediaere:
        log.warning("osci.intermediaere is empty: nobody may deliver at /osci")
    schemas = OsciSchemas.load(instance.packs_folder)
    empfaenger = OsciEmpfaenger(keys(instance), trust(instance), schemas, policy(instance), REQUEST)
    return empfaenger.umschlag


def with_vermittlung(gateway: Gateway, instance: Instance) -> Gateway:
    """The gateway with its way to other Laender, where the instance has one. Raises ConfigError."""
    config = instance.config.vermittlung
    if not config.gegenstellen:
        return gateway
    own, rollen = keys(instance), _rollen(config)
    teilnehmer = OsciTeilnehmer(trust(instance), OsciSchemas.load(instance.packs_folder), policy(instance))
    datei = verzeichnis(instance)
    laender = OsciLaender(
        OsciClient(teilnehmer, _tls(instance, config.ca)),
        _dvdv(instance, datei) if config.dvdv.url else datei,
        Sicherungen(config.gleichzeitig),
        {autor.kennung: _schluessel(instance, rolle, autor, own) for rolle, autor in rollen.items()},
        eintrag=datei.eintrag,
        gemeinden=_gemeinden(instance, datei),
    )
    kennungen = {rolle: autor.kennung for rolle, autor in rollen.items()}
    name = config.name or instance.config.absender.name
    wartende = config.gleichzeitig + (DVDV_GLEICHZEITIG if config.dvdv.url else 0)
    return replace(gateway, vermittlung=Vermittlung(laender, kennungen, name, wartende))


def verzeichnis(instance: Instance) -> DateiVerzeichnis:
    """The directory of peers that the instance names. Raises ConfigError."""
    config = instance.config.vermittlung
    return DateiVerzeichnis(
        instance.path / config.gegenstellen, land=instance.config.land, vollstaendig=not config.dvdv.url
    )


def _rollen(config: VermittlungConfig) -> dict[Rolle, Autor]:
    """In whose name is retrieved for each role. What a Sicherheitsbehoerde may have and the FIU not is refused here,
    before anything is sent (§§ 5 (2) S. 2, 8 (2) S. 2 BMeldDAV).
    """
    return {Rolle.EINFACH: config.einfach, Rolle.SICHERHEIT: config.sicherheit, Rolle.FIU: config.sicherheit}


def _gemeinden(instance: Instance, datei: DateiVerzeichnis) -> Gemeindeverzeichnis | None:
    """By what a Suchbereich is split; a Land that wants it split cannot be asked without. Raises ConfigError."""
    liste = instance.config.codelisten.gemeinden
    if liste:
        return load_gemeindeverzeichnis(instance.path / liste)
    eintraege = ((land, datei.eintrag(land)) for land in LAENDER)
    if je_gemeinde := [land for land, eintrag in eintraege if eintrag and eintrag.tabelle.je_gemeinde]:
        raise ConfigError(
            f"{instance.path / instance.config.vermittlung.gegenstellen}: {je_gemeinde[0]}: je_gemeinde needs the list "
            "of municipalities: set codelisten.gemeinden in gateway.toml"
        )
    return None


def _dvdv(instance: Instance, datei: DateiVerzeichnis) -> DvdvVerzeichnis:
    """DVDV, with the file for what it does not know. Raises ConfigError."""
    config, land = instance.config.vermittlung.dvdv, instance.config.land
    anmeldung = None
    if config.token_url:
        identity = _identity(instance, config.certificate, config.key, "vermittlung.dvdv.certificate")
        anmeldung = Anmeldung(config.token_url, identity, config.client_id, config.scheme)
    zugang = DvdvZugang(config.url, anmeldung, trust=_tls(instance, config.ca), plain_http=config.plain_http)
    gedaechtnis = Gedaechtnis(instance.path / config.cache)
    return DvdvVerzeichnis(zugang, datei, gedaechtnis, land=land, dienst=config.dienst, ttl=config.ttl_seconds)


def _tls(instance: Instance, ca: str) -> Trust:
    return Trust(instance.path / ca, beside_system=False) if ca else Trust()


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


def certificates(instance: Instance) -> dict[str, x509.Certificate]:
    """The gateway's own certificates beside the one of SOAP, by their keys in `gateway.toml`. Raises ConfigError."""
    config, found = instance.config, dict[str, x509.Certificate]()
    if config.osci.aktiv:
        own = keys(instance)
        found |= {"osci.signatur": own.signatur.certificate, "osci.chiffrierung": own.chiffrierung.certificate}
    if config.vermittlung.gegenstellen:
        for rolle, autor in (
            (Rolle.EINFACH, config.vermittlung.einfach),
            (Rolle.SICHERHEIT, config.vermittlung.sicherheit),
        ):
            if autor.signatur:
                where = f"vermittlung.{rolle.value}.signatur"
                found[where] = _identity(instance, autor.signatur, autor.signatur_key, where).certificate
    dvdv = config.vermittlung.dvdv
    if dvdv.token_url:
        where = "vermittlung.dvdv.certificate"
        found[where] = _identity(instance, dvdv.certificate, dvdv.key, where).certificate
    return found


def trust(instance: Instance) -> TrustStore:
    """Whose certificates are believed over OSCI. Raises ConfigError."""
    osci, bits = instance.config.osci, instance.config.signatur.min_rsa_bits
    ca = b"".join(instance.read_file(name, "osci.ca") for name in osci.ca)
    crl = instance.path / osci.crl if osci.crl else None
    try:
        return TrustStore(ca, crl, KeyPolicy(min_rsa_bits=bits), instance.crl_frist)
    except ConfigError as error:
        raise ConfigError(f"osci.ca, osci.crl: {error}") from None


def policy(instance: Instance) -> OsciPolicy:
    """Algorithms accepted and used. Raises ConfigError."""
    osci = instance.config.osci
    return OsciPolicy(
        signature_methods=signature_methods(osci.signaturen),
        digest_methods=digest_methods(osci.hashes),
        cipher_methods=cipher_methods(osci.chiffren),
        oaep_digests=oaep_digests(osci.oaep),
        signature_method=next(iter(signature_methods([osci.signatur_verfahren]))),
        oaep_digest=next(iter(oaep_digests([osci.oaep_verfahren]))),
        iv_length=osci.iv_bytes,
        content_encrypted=osci.inhalt_verschluesselt,
        intermediaere=_intermediaere(instance, osci),
    )


def _schluessel(instance: Instance, rolle: Rolle, autor: Autor, own: OsciSchluessel) -> OsciSchluessel:
    """What the zentrale Stelle signs with in one role; answers are encrypted for the gateway in each."""
    if not autor.signatur:
        return own
    where = f"vermittlung.{rolle.value}.signatur"
    return OsciSchluessel(_identity(instance, autor.signatur, autor.signatur_key, where), own.chiffrierung)


def _intermediaere(instance: Instance, osci: Osci) -> frozenset[str]:
    """None is believed because of its CA alone: of that are those who ask as well, and an intermediary may make us work
    before anybody knows for whom.
    """
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
