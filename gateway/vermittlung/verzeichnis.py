"""The directory of peers as a file: one table per Land, checked at start, read again when something in it changes."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from pydantic import TypeAdapter, ValidationError

from gateway.envelope.zertifikate import fingerprint
from gateway.errors import ConfigError
from gateway.meldewesen.laender import LAENDER
from gateway.sections import explain, read_toml
from gateway.vermittlung.eintrag import Eintrag, Tabelle, Weg, kann_verschluesseln, pem_certificate
from gateway.vermittlung.gegenstelle import Gegenstelle, GegenstelleUnbekannt, VersionUnbekannt

log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0  # seconds
_TABELLEN = TypeAdapter(dict[str, Tabelle])

#: What a file looked like: time, size and number, or nothing where there is none.
_Stempel = tuple[int, ...]


class DateiVerzeichnis:
    """Thread-safe. A file that has become unusable is bridged with what was read last, and the log says so once."""

    def __init__(
        self,
        path: Path,
        *,
        land: str,
        vollstaendig: bool = True,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`land` is our own. `vollstaendig`: nobody else knows the way (see `Tabelle`). Raises ConfigError."""
        self._path = path
        self._land = land
        self._vollstaendig = vollstaendig
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._looked = clock()
        self._lesung = self._lies()
        if self._lesung.fehler:
            raise self._lesung.fehler
        self._eintraege = self._lesung.eintraege

    def finde(self, ags: str, version: str) -> Gegenstelle:
        """See `Verzeichnis.finde`."""
        land = ags[:2]
        eintrag = self.eintrag(land)
        if eintrag is None or eintrag.weg is None:
            raise GegenstelleUnbekannt(f"Land {_named(land)} is not in the directory of peers")
        check_version(eintrag, land, version)
        return gegenstelle(land, eintrag, eintrag.weg)

    def zustand(self) -> Mapping[str, str]:
        """See `Verzeichnis.zustand`."""
        return {}

    def fristen(self) -> Mapping[str, datetime]:
        """When the peers' certificates end, each by its Land, its key and its file's name."""
        self._look_at_times()
        return {name: certificate.not_valid_after_utc for name, certificate in self._lesung.zertifikate.items()}

    def eintrag(self, land: str) -> Eintrag | None:
        """What the file says of a Land now."""
        self._look_at_times()
        return self._eintraege.get(land)

    def _look_at_times(self) -> None:
        if self._clock() - self._looked >= _LOOK_EVERY and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked = self._clock()
                self._lock.release()

    def _look(self) -> None:
        if not self._lesung.veraltet():
            return
        self._lesung = self._lies()
        if self._lesung.fehler:
            log.error("the directory of peers stays as it was: %s", self._lesung.fehler)
        else:
            self._eintraege = self._lesung.eintraege
            log.info("the directory of peers was read again: Laender %s", ", ".join(sorted(self._eintraege)))

    def _lies(self) -> "_Lesung":
        lesung = _Lesung(self._path, self._land, self._vollstaendig)
        lesung.lies()
        for name, certificate in lesung.zertifikate.items():
            if not certificate.not_valid_before_utc <= self._now() <= certificate.not_valid_after_utc:
                log.warning("the certificate %s in the directory of peers is not valid at this time", name)
        return lesung


class _Lesung:
    """One reading of the file, and how every file looked that it read or missed."""

    def __init__(self, path: Path, land: str, vollstaendig: bool) -> None:
        self.eintraege: Mapping[str, Eintrag] = {}
        self.zertifikate: dict[str, x509.Certificate] = {}
        self.fehler: ConfigError | None = None
        self._path = path
        self._land = land
        self._vollstaendig = vollstaendig
        self._gesehen: dict[Path, _Stempel] = {}

    def veraltet(self) -> bool:
        """Whether one of the files looks otherwise now."""
        return any(_stempel(path) != stempel for path, stempel in self._gesehen.items())

    def lies(self) -> None:
        """Sets `eintraege` or `fehler`."""
        try:
            self.eintraege = MappingProxyType(
                {land: self._eintrag(land, tabelle) for land, tabelle in self._tabellen().items()}
            )
        except ConfigError as error:
            self.fehler = error

    def _tabellen(self) -> Mapping[str, Tabelle]:
        self._merke(self._path)
        try:
            tabellen = _TABELLEN.validate_python(read_toml(self._path))
        except FileNotFoundError:
            raise ConfigError(f"{self._path} is missing") from None
        except ValidationError as error:
            raise ConfigError(f"{self._path}: {explain(error.errors(include_input=False))}") from None
        for land, tabelle in tabellen.items():
            if land not in LAENDER:
                raise self._at(land, "is no key of a Land, 01 to 16")
            if land == self._land:
                raise self._at(land, "is our own Land")
            if self._vollstaendig and (missing := tabelle.fehlt()):
                raise self._at(land, f"{missing} is missing")
        return tabellen

    def _eintrag(self, land: str, tabelle: Tabelle) -> Eintrag:
        return Eintrag(
            weg=self._weg(land, tabelle),
            intermediaer_signatur=self._optional(land, "intermediaer_signatur", tabelle.intermediaer_signatur),
            autoren=frozenset(fingerprint(self._zertifikat(land, "autoren", name)) for name in tabelle.autoren),
            versionen=frozenset(tabelle.versionen),
            tabelle=tabelle,
        )

    def _weg(self, land: str, tabelle: Tabelle) -> Weg | None:
        if tabelle.intermediaer is None:
            return None
        return Weg(
            tabelle.adressat,
            self._chiffrier(land, "adressat_cipher", tabelle.adressat_cipher),
            tabelle.intermediaer,
            self._chiffrier(land, "intermediaer_cipher", tabelle.intermediaer_cipher),
        )

    def _chiffrier(self, land: str, key: str, name: str) -> x509.Certificate:
        certificate = self._zertifikat(land, key, name)
        if not kann_verschluesseln(certificate):
            raise self._at(land, f"{key}: {name} has no RSA key of 2048 bits or more")
        return certificate

    def _optional(self, land: str, key: str, name: str) -> x509.Certificate | None:
        return self._zertifikat(land, key, name) if name else None

    def _zertifikat(self, land: str, key: str, name: str) -> x509.Certificate:
        path = self._path.parent / name
        self._merke(path)
        try:
            certificate = pem_certificate(path.read_bytes())
        except OSError as error:
            raise self._at(land, f"{key}: {name} cannot be read: {error.strerror}") from None
        except ConfigError as error:
            raise self._at(land, f"{key}: {name} {error}") from None
        self.zertifikate[f"{land} {key} {name}"] = certificate
        return certificate

    def _merke(self, path: Path) -> None:
        """Before it is read: what changes while reading is seen the next time."""
        self._gesehen[path] = _stempel(path)

    def _at(self, land: str, reason: str) -> ConfigError:
        return ConfigError(f"{self._path}: {land}: {reason}")


def _stempel(path: Path) -> _Stempel:
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def check_version(eintrag: Eintrag, land: str, version: str) -> None:
    """Raises VersionUnbekannt where the file names other versions only."""
    if eintrag.versionen and version not in eintrag.versionen:
        raise VersionUnbekannt(f"Land {land} does not speak {version}")


def gegenstelle(land: str, eintrag: Eintrag, weg: Weg) -> Gegenstelle:
    """The peer as the file describes it, reached by `weg`."""
    tabelle = eintrag.tabelle
    return Gegenstelle(
        land=land,
        adressat=weg.adressat,
        adressat_cipher=weg.adressat_cipher,
        intermediaer=weg.intermediaer,
        intermediaer_cipher=weg.intermediaer_cipher,
        intermediaer_signatur=eintrag.intermediaer_signatur,
        autoren=eintrag.autoren,
        versionen=eintrag.versionen,
        mit_message_id=tabelle.mit_message_id,
        timeout_seconds=tabelle.timeout_seconds,
        gleichzeitig=tabelle.gleichzeitig,
        je_gemeinde=tabelle.je_gemeinde,
        hoechstens_nachrichten=tabelle.hoechstens_nachrichten,
    )


def _named(land: str) -> str:
    """For texts: what is no Land came from a message and is not repeated."""
    return land if land in LAENDER else "of this key"
