"""The notice of § 34 (5) BMG: who is told of which request about whom. No field tells of a dwelling."""

from dataclasses import dataclass
from typing import Any

from gateway.meldewesen.anfrage import Abruf
from gateway.meldewesen.behoerde import Behoerde
from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.folgen import Folge

#: What tells the Meldebehoerde which of its records is meant, and what tells another body who is.
_AKTE = ("ags", "ordnungsmerkmal")
_NAME = ("ags", "familienname", "vornamen", "geburtsdatum")


@dataclass(frozen=True)
class Unterrichtung:
    """`folge` says whom it goes to and who is to be informed: the body that had the block set, or the person.

    `empfangen` is when the request came, as xs:dateTime.
    """

    folge: Folge
    datensatz: Datensatz
    anfrage: Abruf
    behoerde: Behoerde  # whose certificate signed the request
    empfangen: str


def inhalt(unterrichtung: Unterrichtung) -> dict[str, Any]:
    """What is told, by the fields of the mapping: of the record only who is meant."""
    folge, anfrage = unterrichtung.folge, unterrichtung.anfrage
    stelle = anfrage.abrufende_stelle
    return {
        "art": folge.art.value,
        "veranlassende_stelle": folge.veranlassende_stelle,
        "person": _person(folge.empfaenger, unterrichtung.datensatz),
        "ersuchen": {
            "behoerdenname": stelle.behoerdenname,
            "behoerde": unterrichtung.behoerde.kennung,
            "aktenzeichen": stelle.aktenzeichen,
            "anlass": stelle.anlass,
            "kennung": stelle.kennung,
            "zeitpunkt": unterrichtung.empfangen,
            "nachrichtentyp": anfrage.kennung.nachrichtentyp,
            "uuid": anfrage.kennung.uuid,
        },
    }


def _person(empfaenger: str, datensatz: Datensatz) -> dict[str, Any]:
    """An Ordnungsmerkmal leads to nobody but in the register that gave it, not even in another Meldebehoerde's."""
    felder = _AKTE if empfaenger == f"ags:{datensatz['ags']}" else _NAME
    return {feld: datensatz[feld] for feld in felder}
