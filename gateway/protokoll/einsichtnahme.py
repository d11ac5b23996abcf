"""Reading the Protokoll's contents: with a right, a purpose and a reference, and recorded before anything is shown.

§ 40 (5) S. 3 BMG. The record is an entry like every other (`ergebnis` "einsicht"), so nobody who lacks the key can
remove it unseen. It says who read what for what; by what was searched it holds as keyed digests alone. Who was
refused is on record too.

Technical columns (`Einsicht.entries`, `Einsicht.entry`) tell of no person and need none of it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Engine

from gateway.errors import GatewayError
from gateway.ports import Einsichtsgrund, Einsichtsrecht, Protokoll, Protokolleintrag, Suchart, Suchbegriff
from gateway.protokoll.einsicht import Einsicht, Protokollzeile
from gateway.protokoll.recherche import Suchfrage, suche
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.stelle import Stelle

MAX_REFERENZ = 100  # characters

HALT, FREIGABE = "halt", "freigabe"
UHR = "uhr_stimmt"  # somebody says that the clock is right, so that what is due may go
SCHLUESSEL, SIEGEL = "schluessel", "siegel"  # what is changed: the keys that wrap, that of the seal
ABGELEHNT = "abgelehnt"  # code of a reading that was refused

#: There was no message.
_KEINE_NACHRICHT = hashlib.sha256(b"").digest()


class KeinEinsichtsrecht(GatewayError):
    """The Protokoll is not shown. `code`: "REFERENZ", "RECHT" or "VIER_AUGEN"."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Einsichtserlaubnis:
    """What `erlaube` has found in order."""

    grund: Einsichtsgrund
    bestaetigt_von: str | None


def erlaube(
    recht: Einsichtsrecht,
    grund: Einsichtsgrund,
    now: datetime,
    *,
    antrag: str = "",
    vier_augen: bool = False,
) -> Einsichtserlaubnis:
    """Whether somebody may read. With `vier_augen` another must have confirmed it. Raises KeinEinsichtsrecht."""
    check_referenz(grund.referenz)
    if grund.mandant not in recht.mandanten(grund.wer):
        whose = f"of {grund.mandant}" if grund.mandant else "of the operator"
        raise KeinEinsichtsrecht("RECHT", f"{grund.wer} may not read the Protokoll {whose}")
    bestaetigt_von = recht.bestaetigt_von(antrag, grund, now) if antrag else None
    if vier_augen and bestaetigt_von is None:
        raise KeinEinsichtsrecht(
            "VIER_AUGEN",
            "this instance wants four eyes: `protokoll request` this purpose and reference, have another reader "
            "`protokoll confirm` it, and name the request",
        )
    return Einsichtserlaubnis(grund, bestaetigt_von)


def check_referenz(referenz: str) -> None:
    """Raises KeinEinsichtsrecht unless it names something."""
    if not (len(referenz.strip()) > 0 and len(referenz) <= MAX_REFERENZ and referenz.isprintable()):
        raise KeinEinsichtsrecht("REFERENZ", f"a reference number has 1 to {MAX_REFERENZ} printable characters")


class Einsichtnahme:
    """Reads for one who may. `leser` is an engine that reads; each method raises StoreError, and records first."""

    def __init__(
        self,
        leser: Engine,
        schluessel: Protokollschluessel,
        protokoll: Protokoll,
        erlaubnis: Einsichtserlaubnis,
        uhr: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._leser = leser
        self._schluessel = schluessel
        self._protokoll = protokoll
        self._erlaubnis = erlaubnis
        self._uhr = uhr

    @property
    def mandant(self) -> str:
        """Whose Protokoll is read."""
        return self._erlaubnis.grund.mandant

    def zeige(self, stelle: Stelle) -> tuple[Protokollzeile, dict[str, object] | None]:
        """An entry and its § 40 content, None where it has none.

        Raises LookupError for an entry that is not there, FremderMandant for one of others.
        """
        zeile = Einsicht(self._leser).entry(stelle)
        if self.mandant and zeile.behoerde != self.mandant:
            raise LookupError(f"the Protokoll of {self.mandant} has no entry {stelle}")
        self.vermerke("inhalt", {"stellen": [str(stelle)]})
        return zeile, self.inhalt(stelle)

    def suche(self, frage: Suchfrage) -> list[Protokollzeile]:
        """The entries that are searched for, the newest first."""
        self.vermerke("suche", frage.beschreibung, (begriff for gruppe in frage.begriffe for begriff in gruppe))
        return suche(self._leser, self._schluessel, frage, self.mandant)

    def inhalt(self, stelle: Stelle) -> dict[str, object] | None:
        """A content that `vermerke` has named already. Raises as `zeige`."""
        return Einsicht(self._leser).read(stelle, self._schluessel, self.mandant)

    def vermerke(self, was: str, umfang: Mapping[str, object], gesucht: Iterable[Suchbegriff] = ()) -> None:
        """Records what will be shown, durably, before it is. `umfang` names no person."""
        grund = self._erlaubnis.grund
        inhalt = {
            "einsicht_von": grund.wer,
            "zweck": grund.zweck.wortlaut,
            "referenz": grund.referenz,
            "bestaetigt_von": self._erlaubnis.bestaetigt_von,
            "was": was,
            **umfang,
        }
        eintrag = _eintrag(self._uhr(), (grund.zweck.value, was), inhalt)
        begriffe = tuple(gesuchtes(begriff) for begriff in gesucht)
        self._protokoll.record(
            replace(eintrag, behoerde=grund.mandant or None, mandant=grund.mandant, suchbegriffe=begriffe)
        )


def vermerke_ablehnung(protokoll: Protokoll, grund: Einsichtsgrund, warum: KeinEinsichtsrecht, now: datetime) -> None:
    """Records durably that somebody was refused. For the operator's eyes: whose Protokoll was wanted need not exist.

    Raises StoreError.
    """
    inhalt: dict[str, object] = {
        "einsicht_von": grund.wer,
        "zweck": grund.zweck.wortlaut,
        "referenz": _druckbar(grund.referenz),
        "protokoll_von": _druckbar(grund.mandant),
        "was": ABGELEHNT,
    }
    protokoll.record(_eintrag(now, (grund.zweck.value, ABGELEHNT, warum.code), inhalt))


def vermerke_halt(protokoll: Protokoll, wer: str, was: str, stelle: Stelle, now: datetime) -> None:
    """Records durably, before it is done, who holds an entry back (`was`: HALT) or lets it go (FREIGABE).

    Raises StoreError.
    """
    inhalt: dict[str, object] = {"durch": wer, "was": was, "stellen": [str(stelle)]}
    protokoll.record(_eintrag(now, (was, str(stelle)), inhalt))


def vermerke_uhr(protokoll: Protokoll, wer: str, now: datetime) -> None:
    """Records durably, before anything is deleted, who says that the clock is right. Raises StoreError."""
    protokoll.record(_eintrag(now, (UHR,), {"durch": wer, "was": UHR}))


def vermerke_schluessel(protokoll: Protokoll, wer: str, was: str, wie: str, key_id: str, now: datetime) -> None:
    """Records durably, before it is done, who changes keys (`was`: SCHLUESSEL or SIEGEL), how, and which one.

    Raises StoreError.
    """
    inhalt: dict[str, object] = {"durch": wer, "was": was, "wie": wie, "schluessel": key_id}
    protokoll.record(_eintrag(now, (was, wie, key_id), inhalt))


def _druckbar(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:MAX_REFERENZ])


def _eintrag(now: datetime, codes: tuple[str, ...], inhalt: dict[str, object]) -> Protokolleintrag:
    return Protokolleintrag(
        empfangen=now,
        beantwortet=now,
        transport="intern",
        anfrage_digest=_KEINE_NACHRICHT,
        antwort_digest=_KEINE_NACHRICHT,
        ergebnis="einsicht",
        codes=codes,
        inhalt=inhalt,
    )


def gesuchtes(begriff: Suchbegriff) -> Suchbegriff:
    """By which the Einsichten are found that searched for `begriff`: who has read of this person?"""
    return Suchbegriff(Suchart.GESUCHT, f"{begriff.art:d}\n{begriff.wert}")
