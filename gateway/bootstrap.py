"""The only place where real things are chosen and joined: an instance's directory becomes a Gateway."""

import gc
import logging
import shutil
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine

from gateway import __version__, migration, protokoll
from gateway.abruf import DIENSTE
from gateway.abruf.datenbestaetigung import DATENBESTAETIGUNG
from gateway.behoerden import register, schluesselliste
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.kategorie import Schluesselliste, load_schluesselliste
from gateway.behoerden.kontingente import SqlKontingente
from gateway.behoerden.merkmale import SealedMerkmale
from gateway.behoerden.register import SqlBehoerden
from gateway.behoerden.sitzungen import Sitzungen
from gateway.behoerden.takt import Takt
from gateway.config import Config, database_url, read_config
from gateway.database import open_engine
from gateway.envelope.client import SoapDelivery
from gateway.envelope.parse import MESSAGE, Strangers
from gateway.envelope.signer import Identity, Signer, load_identity
from gateway.envelope.soap import Opener, SoapUmschlag
from gateway.envelope.wsse import Policy, signature_methods
from gateway.envelope.zertifikate import KeyPolicy, TrustStore, load_cas
from gateway.errors import ConfigError
from gateway.log import FIELDS
from gateway.meldewesen.anfrage import Nachrichtenkennung
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.reichweite import Offen, Reichweite
from gateway.nacharbeit.folgerung import UNTERRICHTUNGSPACK
from gateway.nacharbeit.lauf import Lauf
from gateway.protokoll.schluessel import Protokollschluessel, load_merkmalschluessel, load_protokollschluessel
from gateway.resources import folder
from gateway.spiegel import tabellen
from gateway.spiegel.suche import SqlSpiegel
from gateway.vorgang import Fassung, Gateway, OwnMessageInvalid, Spur
from gateway.xmeld.mapping import RUECKSENDUNG, Mapping
from gateway.xmeld.packs import Direction, Pack, Packs
from gateway.xmeld.schreiben import EMAIL, TELEFON, Absender, Schreiber
from gateway.zustellung.soap import Adressbuch, SoapZustellung
from gateway.zustellung.sperrlisten import Sperrlisten

log = logging.getLogger("gateway.exchange")


class Instance:
    """An instance's directory, its configuration, and the real things that they name.

    A context manager: leaving it closes the databases that were opened.
    """

    def __init__(self, path: Path, config: Config) -> None:
        self.path = path
        self.config = config
        self._engines: dict[tuple[str, bool], Engine] = {}

    @classmethod
    def read(cls, path: Path) -> "Instance":
        """Raises ConfigError when there is no usable instance at `path`."""
        return cls(path, read_config(path))

    def __enter__(self) -> "Instance":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the databases."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()

    def register(self, *, readonly: bool = False) -> Engine:
        """The database of the mirror."""
        return self._engine(self.config.datenbank.spiegel, readonly=readonly)

    def behoerden(self, *, readonly: bool = False) -> Engine:
        """The database of the authorities."""
        return self._engine(self.config.datenbank.behoerden, readonly=readonly)

    def protokoll(self, *, readonly: bool = False) -> Engine:
        """The database of the Protokoll."""
        return self._engine(self.config.datenbank.protokoll, readonly=readonly)

    def stores(self, *, readonly: bool = False) -> dict[migration.Store, Engine]:
        """The databases of all three."""
        return {
            migration.SPIEGEL: self.register(readonly=readonly),
            migration.BEHOERDEN: self.behoerden(readonly=readonly),
            migration.PROTOKOLL: self.protokoll(readonly=readonly),
        }

    def _engine(self, url: str, *, readonly: bool) -> Engine:
        key = (url, readonly)
        if key not in self._engines:
            self._engines[key] = open_engine(database_url(url, self.path), readonly=readonly)
        return self._engines[key]

    @cached_property
    def protokollschluessel(self) -> Protokollschluessel:
        """What the Protokoll is encrypted and sealed with."""
        return load_protokollschluessel(self.path / self.config.schluessel.protokoll)

    @cached_property
    def trust(self) -> TrustStore:
        """Whose certificates are accepted."""
        signatur = self.config.signatur
        ca = b"".join(self.read_file(name, "signatur.ca") for name in signatur.ca)
        crl = self.path / signatur.crl if signatur.crl else None
        try:
            return TrustStore(ca, crl, KeyPolicy(min_rsa_bits=signatur.min_rsa_bits), self.crl_frist)
        except ConfigError as error:
            raise ConfigError(f"signatur.ca, signatur.crl: {error}") from None

    @property
    def crl_frist(self) -> timedelta:
        """How long a revocation list still counts that has ended."""
        return timedelta(hours=self.config.signatur.crl_frist_stunden)

    def sperrlisten(self) -> list[Sperrlisten]:
        """What is fetched beside the requests. Raises ConfigError."""
        found = []
        for where, config in (("signatur", self.config.signatur), ("osci", self.config.osci)):
            if config.crl_url:
                cas = load_cas(b"".join(self.read_file(name, f"{where}.ca") for name in config.ca))
                found.append(Sperrlisten(config.crl_url, self.path / config.crl, cas))
        return found

    @cached_property
    def identity(self) -> Identity:
        """The gateway's own key and certificate."""
        names = self.config.signatur.key, self.config.signatur.certificate
        key, certificate = (
            self.read_file(name, f"signatur.{what}") for name, what in zip(names, ("key", "certificate"), strict=True)
        )
        try:
            return load_identity(key, certificate)
        except ConfigError as error:
            raise ConfigError(f"signatur: {self.path / names[0]}, {self.path / names[1]}: {error}") from None

    @property
    def packs_folder(self) -> Path:
        """The instance's own schema packs where it has any, else the project's."""
        own = self.path / "xsd"
        return own if own.is_dir() else folder("xsd")

    def own_packs_folder(self) -> Path:
        """The instance's own schema packs, begun as a copy of the project's."""
        own = self.path / "xsd"
        if not own.is_dir():
            shutil.copytree(folder("xsd"), own)
        return own

    def authorities(self, *, readonly: bool = False) -> SqlBehoerden:
        """The register of authorities, with the publisher's key list where there is one."""
        return SqlBehoerden(self.behoerden(readonly=readonly), self._schluesselliste())

    def verwaltung(self, wer: str, fuer: str | None = None) -> Verwaltung:
        """The register for somebody who changes it; `fuer`: see Verwaltung."""
        vier_augen = self.config.verwaltung.vier_augen
        return Verwaltung(self.behoerden(), wer, self._schluesselliste, vier_augen, fuer)

    def sitzungen(self) -> Sitzungen:
        """Of those who have logged in; the same in all processes. Raises ConfigError."""
        keys = load_merkmalschluessel(self.path / self.config.schluessel.merkmale)
        dauer = timedelta(minutes=self.config.verwaltung.sitzung_minuten)
        return Sitzungen.derive(list(keys.values())[-1], dauer, lambda: datetime.now(UTC))

    def _schluesselliste(self) -> Schluesselliste | None:
        """The publisher's key list: that which the configuration names, else the one in the register."""
        path = self.config.codelisten.behoerdenschluessel
        return load_schluesselliste(self.path / path) if path else schluesselliste.load(self.behoerden(readonly=True))

    def read_file(self, name: str, key: str) -> bytes:
        """A file that the configuration names under `key`. Raises ConfigError."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise ConfigError(f"{key}: {self.path / name} cannot be read: {error.strerror}") from None

    def mapping_file(self, name: str) -> Path:
        """A pack's mapping, or another table of `mappings`: the instance's own where it has one, else the project's."""
        own = self.path / "mappings" / f"{name}.toml"
        return own if own.is_file() else folder("mappings") / f"{name}.toml"


def create_databases(instance: Instance) -> None:
    """The tables of all stores, but for one that has those of another release. Raises StoreError, ConfigError."""
    make: dict[migration.Store, Callable[[Engine], None]] = {
        migration.SPIEGEL: tabellen.create_schema,
        migration.BEHOERDEN: register.create_schema,
        migration.PROTOKOLL: lambda engine: protokoll.create_schema(engine, instance.protokollschluessel),
    }
    for store, engine in instance.stores().items():
        stand = migration.stand(engine, store)
        if stand in (migration.Stand.EMPTY, migration.Stand.PRESENT):
            make[store](engine)
        if stand is migration.Stand.EMPTY:
            migration.stamp(engine, store)


def check_databases(instance: Instance) -> None:
    """Raises StoreError unless all tables are this release's; its text names the command that makes them so."""
    command = f"xmeld-gateway datenbank upgrade -i {instance.path}"
    for store, engine in instance.stores(readonly=True).items():
        migration.check(engine, store, command)


def build_umschlag(instance: Instance) -> SoapUmschlag:
    """The SOAP envelope with the instance's keys and policy."""
    signatur = instance.config.signatur
    policy = Policy(
        signature_methods=signature_methods(signatur.algorithms),
        timestamp_required=signatur.timestamp_required,
        window=timedelta(seconds=signatur.timestamp_window_seconds),
    )
    return SoapUmschlag(Signer(instance.identity), Opener(instance.trust, policy))


def build_gateway(instance: Instance, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Gateway:
    """Everything that an exchange needs, warm. Raises ConfigError for whatever cannot work."""
    config = instance.config
    packs = Packs.load(instance.packs_folder)
    dienste = (
        frozenset(DIENSTE)
        if config.dienste.datenbestaetigung
        else frozenset(DIENSTE) - {DATENBESTAETIGUNG.nachrichtentyp}
    )
    gateway = Gateway(
        land=config.land,
        gemeinden=frozenset(config.gemeinden),
        reichweiten=_reichweiten(instance),
        dienste=dienste,
        packs=packs,
        fassungen={pack.name: _fassung(pack, instance) for pack in packs.packs if _is_used(pack)},
        behoerden=SqlBehoerden(instance.behoerden(readonly=True)),
        kontingente=SqlKontingente(instance.behoerden(), Takt()),
        spiegel=SqlSpiegel(instance.register(readonly=True)),
        merkmale=SealedMerkmale(load_merkmalschluessel(instance.path / config.schluessel.merkmale)),
        protokoll=protokoll.SqlProtokoll(instance.protokoll(), instance.protokollschluessel, uhr=clock),
        limits=MESSAGE,
        strangers=Strangers(),
        vermittlung=None,
        clock=clock,
        observe=_log_exchange,
    )
    _settle()
    return gateway


def build_lauf(instance: Instance, gateway: Gateway) -> Lauf:
    """The worker's rounds over what waits after answers. Raises ConfigError for what cannot work."""
    if UNTERRICHTUNGSPACK not in gateway.fassungen:
        raise ConfigError(
            f"{instance.packs_folder} lacks the pack {UNTERRICHTUNGSPACK}: copy it there from the project"
        )
    return Lauf(
        gateway=gateway,
        nachlauf=protokoll.SqlNachlauf(instance.protokoll(), instance.protokollschluessel),
        zustellung=_zustellung(instance),
        streuung=timedelta(seconds=instance.config.nacharbeit.pause_seconds),
    )


def build_aufbewahrung(instance: Instance) -> protokoll.Aufbewahrung:
    """What deletes records whose time has come."""
    return protokoll.Aufbewahrung(instance.protokoll(), instance.protokollschluessel)


def _zustellung(instance: Instance) -> SoapZustellung | None:
    """None where the instance names no address: what is to be delivered waits."""
    config, signatur = instance.config.zustellung, instance.config.signatur
    if not config.adressen:
        return None
    ca = instance.read_file(config.ca, "zustellung.ca")
    try:
        trust = TrustStore(ca, None, KeyPolicy(min_rsa_bits=signatur.min_rsa_bits))
    except ConfigError as error:
        raise ConfigError(f"zustellung.ca: {error}") from None
    if trust.issuers & instance.trust.issuers:  # any of those who ask could acknowledge what it never got
        raise ConfigError("zustellung.ca has a certificate of signatur.ca: receivers need a CA of their own")
    return SoapZustellung(
        SoapDelivery(Signer(instance.identity), trust),
        Adressbuch(config.stellen, config.adresse),
        ca=instance.path / config.ca,
        client=(instance.path / signatur.certificate, instance.path / signatur.key),
    )


def _settle() -> None:
    """Keeps the cyclic collector off the path: what was built stays, and what an exchange makes goes by its count."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _is_used(pack: Pack) -> bool:
    """Whether it has a request that can be answered, or a notice.

    A kind that is switched off may still have been asked for before, and wait to be followed up.
    """
    notices = (message for message in pack.messages.values() if message.direction is Direction.NOTICE)
    return bool(DIENSTE.keys() & pack.messages.keys()) or any(notices)


def _fassung(pack: Pack, instance: Instance) -> Fassung:
    pack.warm()
    mapping = Mapping.load(instance.mapping_file(pack.name))
    fassung = Fassung(pack, mapping, Schreiber(pack, mapping, _absender(instance.config)))
    if RUECKSENDUNG in pack.messages:
        _check_absender(fassung)
    return fassung


def _check_absender(fassung: Fassung) -> None:
    """Writes a message with the header of all: where its sender is not valid, no answer would be.

    Raises ConfigError that names place and rule.
    """
    kennung = Nachrichtenkennung(str(UUID(int=0)), "1330", "2026-01-01T00:00:00Z")
    leser = Behoerde("dbs:000000000000", "Probe", Rolle.EINFACH)
    try:
        fassung.check(fassung.schreiber.ruecksendung(kennung, leser, "X001", "", datetime.now(UTC), kennung.uuid))
    except OwnMessageInvalid as error:
        raise ConfigError(f"absender: no answer would be valid. {error}") from None


def _reichweiten(instance: Instance) -> dict[str, Reichweite]:
    """Anlage Nr. 3 by Land; the instance's own must be there. Raises ConfigError."""
    path, own = instance.mapping_file("suchbereiche"), instance.config.land
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        laender = {
            land: Reichweite(land, {art: Offen(wer) for art, wer in rows.items()}) for land, rows in table.items()
        }
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None
    if own not in laender:
        raise ConfigError(f"{path}: Land {own} is missing")
    return laender


def _absender(config: Config) -> Absender:
    wer = config.absender
    return Absender(
        kennung=f"ags:{config.land}000000",
        name=wer.name,
        strasse=wer.strasse,
        hausnummer=wer.hausnummer,
        plz=wer.postleitzahl,
        wohnort=wer.wohnort,
        erreichbarkeit=((EMAIL, wer.email), (TELEFON, wer.telefon)),
        produkt="xmeld-gateway",
        produkthersteller="xmeld-gateway",
        produktversion=__version__,
    )


def _log_exchange(spur: Spur) -> None:
    """One line an exchange: codes, ids, durations. The Protokoll has the rest."""
    log.info(
        "exchange=%s behoerde=%s ergebnis=%s codes=%s ms=%.1f steps=%s",
        spur.vorgang,
        spur.behoerde.kennung if spur.behoerde else "-",
        spur.ergebnis,
        ",".join(spur.codes),
        sum(spur.zeiten.values()) / 1e6,
        " ".join(f"{step}:{nanoseconds / 1e6:.2f}" for step, nanoseconds in spur.zeiten.items()),
        extra={FIELDS: partial(_fields, spur)},
    )


def _fields(spur: Spur) -> dict[str, object]:
    """The same for the JSON log."""
    return {
        "event": "exchange",
        "exchange": spur.vorgang,
        "behoerde": spur.behoerde.kennung if spur.behoerde else None,
        "ergebnis": spur.ergebnis,
        "codes": spur.codes,
        "ms": round(sum(spur.zeiten.values()) / 1e6, 1),
        "steps": {step: round(nanoseconds / 1e6, 2) for step, nanoseconds in spur.zeiten.items()},
    }
