"""How the gateway stands, as `/ready` judges it and `/metrics` tells it: one reading for both, at most a second old."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from sqlalchemy import Engine

from gateway.behoerden.zertifikate import Ablauf, ablaufende
from gateway.bootstrap import Instance
from gateway.bootstrap_osci import certificates, verzeichnis
from gateway.bootstrap_osci import trust as osci_trust
from gateway.errors import ConfigError, StoreError
from gateway.protokoll.ankerablage import neuester
from gateway.protokoll.betriebslage import Betriebslage, lies
from gateway.vorgang import Gateway

#: Seconds for which a reading counts: whoever asks without end costs no more than one a second.
_MAX_AGE = 1.0


class Frist(NamedTuple):
    """Of one or several: when the first ends, and when the last one, after which nobody is believed."""

    erste: datetime
    letzte: datetime


class Ankerlage(NamedTuple):
    """When the newest anchor was made, None for none, and how often one should be."""

    neuester: datetime | None
    abstand: timedelta


@dataclass(frozen=True)
class Lage:
    """One reading. A store's text says why it does not answer, and is empty where it does."""

    moment: datetime
    stores: Mapping[str, str]
    protokoll: Betriebslage | None  # None: it cannot be read
    certificates: Mapping[str, Frist]  # own ones, CAs and peers', by their key in gateway.toml: when they expire
    revocation: Mapping[str, Frist]  # until when the lists hold
    laender: Mapping[str, str]  # "closed", "half-open" or "open"
    free: Mapping[str, int]  # bytes, by database on SQLite
    anker: Ankerlage | None = None  # None: none are written
    ablaufende: Sequence[Ablauf] | None = ()  # authorities' certificates; None: they cannot be read
    keys: str = ""  # why the Protokoll's key file as it is now cannot be used


class Zertifikate:
    """Those that an instance's configuration names. Raises ConfigError for one that cannot be read."""

    def __init__(self, instance: Instance) -> None:
        self.trust = {"signatur": instance.trust}
        if instance.config.osci.aktiv:
            self.trust["osci"] = osci_trust(instance)
        self._fest = {name: _frist([one]) for name, one in _own(instance).items()}
        self._fest |= {f"{name}.ca": _frist(one.issuers) for name, one in self.trust.items()}
        self._gegenstellen = verzeichnis(instance) if instance.config.vermittlung.gegenstellen else None

    def fristen(self) -> Mapping[str, Frist]:
        """When they end, by their key in gateway.toml; peers' may have changed since the start."""
        ends = self._gegenstellen.fristen() if self._gegenstellen else {}
        return {**self._fest, **{f"gegenstelle {name}": Frist(end, end) for name, end in ends.items()}}


class Quellen:
    """What is read, of one process."""

    def __init__(self, instance: Instance, gateway: Gateway, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises ConfigError for a certificate that cannot be read."""
        self.gateway = gateway
        self.engines: Mapping[str, Engine] = {
            store.name: engine for store, engine in instance.stores(readonly=True).items()
        }
        self._files = {
            name: Path(str(engine.url.database).removeprefix("file:"))
            for name, engine in self.engines.items()
            if engine.dialect.name == "sqlite"
        }
        self._zertifikate = Zertifikate(instance)
        self._keys = instance.protokollschluessel
        self._warnung_tage = instance.config.verwaltung.warnung_tage
        self._anker = instance.config.anker
        self._ankerordner = instance.path / self._anker.ordner
        self._clock = clock
        self._lock = threading.Lock()
        self._read: tuple[float, Lage] | None = None

    def lage(self) -> Lage:
        """The present one. One thread reads at a time, the others wait for it."""
        with self._lock:
            if self._read is None or self._clock() - self._read[0] >= _MAX_AGE:
                lage = self._lage()
                self._read = self._clock(), lage
            return self._read[1]

    def _lage(self) -> Lage:
        now, gateway = self.gateway.clock(), self.gateway
        stores = {name: _reason(check) for name, check in gateway.store_checks().items()}
        ends = {name: trust.revocation_until() for name, trust in self._zertifikate.trust.items()}
        return Lage(
            moment=now,
            stores=stores,
            protokoll=self._protokoll(now),
            certificates=self._zertifikate.fristen(),
            revocation={name: Frist(*until) for name, until in ends.items() if until},
            laender=dict(gateway.vermittlung.laender.zustand()) if gateway.vermittlung else {},
            free={name: _free(file) for name, file in self._files.items()},
            anker=self._ankerlage(now),
            ablaufende=self._ablaufende(now),
            keys=self._keys.fehler,
        )

    def _protokoll(self, now: datetime) -> Betriebslage | None:
        try:
            return lies(self.engines["protokoll"], now)
        except StoreError:
            return None  # as `stores` says

    def _ankerlage(self, now: datetime) -> Ankerlage | None:
        if not self._anker.ordner:
            return None
        return Ankerlage(neuester(self._ankerordner, now), timedelta(hours=self._anker.abstand_stunden))

    def _ablaufende(self, now: datetime) -> Sequence[Ablauf] | None:
        try:
            return ablaufende(self.engines["behoerden"], now, self._warnung_tage)
        except StoreError:
            return None


def _own(instance: Instance) -> dict[str, x509.Certificate]:
    tls = instance.config.tls.certificate
    found = {"signatur": instance.identity.certificate, **certificates(instance)}
    if tls:
        try:
            found["tls"] = x509.load_pem_x509_certificate(instance.read_file(tls, "tls.certificate"))
        except ValueError:
            raise ConfigError(f"tls.certificate: {instance.path / tls} is not a certificate in PEM") from None
    return found


def _frist(certificates: Iterable[x509.Certificate]) -> Frist:
    ends = [one.not_valid_after_utc for one in certificates]
    return Frist(min(ends), max(ends))


def _reason(check: Callable[[], object]) -> str:
    try:
        check()
    except StoreError as error:
        return str(error)
    return ""


def _free(file: Path) -> int:
    try:
        stat = os.statvfs(file.parent)
    except OSError:
        return 0
    return stat.f_bavail * stat.f_frsize
