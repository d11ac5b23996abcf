"""Reading the Protokoll's contents: with a right, a purpose and a reference, and recorded before anything is shown.

§ 40 (5) S. 3 BMG. The record is an entry like every other (`ergebnis` "einsicht"), so nobody who lacks the key can
remove it unseen. It says who read what for what; by what was searched it holds as keyed digests alone.

Technical columns (`Einsicht.entries`, `Einsicht.entry`) tell of no person and need none of it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from gateway.errors import GatewayError
from gateway.ports import Einsichtsgrund, Einsichtsrecht, Protokoll, Protokolleintrag, Suchart, Suchbegriff
from gateway.protokoll.einsicht import Einsicht, Protokollzeile
from gateway.protokoll.recherche import Suchfrage, suche
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.stelle import Stelle

MAX_REFERENZ = 100  # characters

#: There was no message.
_KEINE_NACHRICHT = hashlib.sha256(b"").digest()


class KeinEinsichtsrecht(GatewayError):
    """The Protokoll is not shown."""


@dataclass(frozen=True)
class Einsichtserlaubnis:
    """What `erlaube` has found in order. `durch`: whose process it is, for `grund.wer` is what he says."""

    grund: Einsichtsgrund
    bestaetigt_von: str | None
    durch: str = ""


def erlaube(
    recht: Einsichtsrecht,
    grund: Einsichtsgrund,
    now: datetime,
    *,
    antrag: str = "",
    vier_augen: bool = False,
    durch: str = "",
) -> Einsichtserlaubnis:
    """Whether somebody may read. With `vier_augen` another must have confirmed it. Raises KeinEinsichtsrecht."""
    check_referenz(grund.referenz)
    if grund.mandant not in recht.mandanten(grund.wer):
        whose = f"of {grund.mandant}" if grund.mandant else "of the operator"
        raise KeinEinsichtsrecht(f"{grund.wer} may not read the Protokoll {whose}")
    bestaetigt_von = recht.bestaetigt_von(antrag, grund, now) if antrag else None
    if vier_augen and bestaetigt_von is None:
        raise KeinEinsichtsrecht(
            "this instance wants four eyes: `protokoll request` this purpose and reference, have another reader "
            "`protokoll confirm` it, and name the request"
        )
    return Einsichtserlaubnis(grund, bestaetigt_von, durch)


def check_referenz(referenz: str) -> None:
    """Raises KeinEinsichtsrecht unless it names something."""
    if not (len(referenz.strip()) > 0 and len(referenz) <= MAX_REFERENZ and referenz.isprintable()):
        raise KeinEinsichtsrecht(f"a reference number has 1 to {MAX_REFERENZ} printable characters")


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
        grund, now = self._erlaubnis.grund, self._uhr()
        self._protokoll.record(
            Protokolleintrag(
                empfangen=now,
                beantwortet=now,
                transport="intern",
                anfrage_digest=_KEINE_NACHRICHT,
                antwort_digest=_KEINE_NACHRICHT,
                ergebnis="einsicht",
                codes=(grund.zweck.value, was),
                behoerde=grund.mandant or None,
                inhalt={
                    "einsicht_von": grund.wer,
                    "durch": self._erlaubnis.durch,
                    "zweck": grund.zweck.wortlaut,
                    "referenz": grund.referenz,
                    "bestaetigt_von": self._erlaubnis.bestaetigt_von,
                    "was": was,
                    **umfang,
                },
                suchbegriffe=tuple(gesuchtes(begriff) for begriff in gesucht),
                mandant=grund.mandant,
            )
        )


def gesuchtes(begriff: Suchbegriff) -> Suchbegriff:
    """By which the Einsichten are found that searched for `begriff`: who has read of this person?"""
    return Suchbegriff(Suchart.GESUCHT, f"{begriff.art:d}\n{begriff.wert}")
