"""How each search asks for a row of the Anlage, and how the verdict is read from what the answer says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from gateway import sending
from gateway.conformance.anlage import Suche, Zeile, auswahldaten_zu, freie_auswahl_zu
from gateway.envelope.parse import parse
from gateway.meldewesen.anfrage import Suchbereich
from gateway.xmeld.anfragen import Frage, Fragenschreiber, Fragesteller, FreieFrage

JA, NEIN = "ja", "nein"

#: The answer tells of one person, but not of the row's.
ANDERE = "nicht diese Person"


@dataclass(frozen=True)
class Suchart:
    """One search: the message that asks for a row, and the verdict of its answer."""

    schreibe: Callable[[Fragenschreiber, Fragesteller, Zeile, datetime], bytes]
    urteil: Callable[[bytes, Zeile], str]


def _personensuche(schreiber: Fragenschreiber, wer: Fragesteller, zeile: Zeile, jetzt: datetime) -> bytes:
    """A 1330 that wants family name, first names and AGS of the present dwelling (0101a, 0301, 1201)."""
    frage = Frage(f"ags:{zeile.ags}", ("1", "7", "44"), auswahldaten_zu(zeile))
    return schreiber.personensuche(wer, frage, jetzt, str(uuid4()))


def _urteil_der_personensuche(answer: bytes, zeile: Zeile) -> str:
    """`ja` for the row's person alone, `nein` for the neutral answer; anything else as it ended.

    A street that the municipality does not have is refused, not answered (Anlage Nr. 4 f).
    """
    outcome = sending.outcome(answer)
    if outcome == "status 01":
        return JA if _wohnorte(answer) == [zeile.ags] else ANDERE
    return NEIN if outcome == ("Rückweisung 02" if zeile.dsmeld == "1205" else "status 03") else outcome


def _freie_suche(schreiber: Fragenschreiber, wer: Fragesteller, zeile: Zeile, jetzt: datetime) -> bytes:
    """A 1332 in the row's municipality that wants family name, first names and AGS of the present dwelling."""
    frage = FreieFrage(f"ags:{zeile.ags}", ("1", "6", "17"), freie_auswahl_zu(zeile), Suchbereich(zeile.ags))
    return schreiber.freie_suche(wer, frage, jetzt, str(uuid4()))


def _urteil_der_freien_suche(answer: bytes, zeile: Zeile) -> str:
    """`ja` for a list of the row's person alone, `nein` for the neutral answer; anything else as it ended."""
    outcome = sending.outcome(answer)
    if outcome == "status 04":
        return JA if _wohnorte(answer) == [zeile.ags] else ANDERE
    return NEIN if outcome == "status 03" else outcome


def _wohnorte(answer: bytes) -> list[str | None]:
    """Where the persons of the answer live: no two rows' persons live in the same municipality."""
    persons = parse(answer, sending.ANSWER).iterfind(".//{*}auskunft/{*}person")
    return [person.findtext(".//{*}wohnung//{*}gemeindeschluessel/code") for person in persons]


#: Both searches.
SUCHARTEN = {
    Suche.PERSONENSUCHE: Suchart(_personensuche, _urteil_der_personensuche),
    Suche.FREIE_SUCHE: Suchart(_freie_suche, _urteil_der_freien_suche),
}
