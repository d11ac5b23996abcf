"""The kinds of query that can end neutrally, each a row of KINDS: a further message of the standard is one more row."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.meldewesen.anfrage import Auswahldaten, FreieAuswahl, Ort, Suchbereich
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.xmeld.anfragen import Frage, Fragenschreiber, Fragesteller, FreieFrage

Record = Mapping[str, Any]

#: What an answer is asked to hold: names, birth, sex, current address.
ELEMENTE = ("1", "7", "13", "19")


@dataclass(frozen=True)
class Asked:
    """A person as whoever asks knows her: her data, and her Identifikationsmerkmal if she was in a list."""

    record: Record
    merkmal: str = ""


@dataclass(frozen=True)
class Kind:
    """`frage` makes the question of a person. `listed`: she must have been in a Trefferliste before (`LISTE`)."""

    name: str
    frage: Callable[[Asked], Frage | FreieFrage]
    listed: bool = False

    def message(self, schreiber: Fragenschreiber, wer: Fragesteller, asked: Asked) -> bytes:
        """The message with a UUID of its own."""
        frage, jetzt, own = self.frage(asked), datetime.now(UTC), str(uuid.uuid4())
        if isinstance(frage, FreieFrage):
            return schreiber.freie_suche(wer, frage, jetzt, own)
        return schreiber.personensuche(wer, frage, jetzt, own)


#: What may stand in Auswahldaten, by name, as the person's record has it.
_ANGABEN: dict[str, Callable[[Record], Any]] = {
    "familienname": lambda record: record["familienname"],
    "vornamen": lambda record: record["vornamen"],
    "rufname": lambda record: record["vornamen"].split()[0],
    "ordens_oder_kuenstlername": lambda record: record["kuenstlername"],
    "phonetik": lambda record: True,
    "geburtsdatum": lambda record: Teildatum(record["geburtsdatum"]),
    "geburtsort": lambda record: Ort(record["geburtsort"]),
    "geschlecht": lambda record: record["geschlecht"],
    "postleitzahl": lambda record: _inland(record)["plz"],
    "strasse": lambda record: _inland(record)["strasse"],
    "hausnummer": lambda record: _inland(record)["hausnummer"],
}


def _inland(record: Record) -> Record:
    inland: Record = record["wohnungen"][0]["anschrift"]["inland"]
    return inland


def _suche(*angaben: str) -> Callable[[Asked], Frage]:
    """A Personensuche by these data."""

    def frage(asked: Asked) -> Frage:
        ags = Gemeindeschluessel(asked.record["ags"])
        given = {name: _ANGABEN[name](asked.record) for name in angaben}
        if "rufname" in given:
            given["vornamen"] = given.pop("rufname")
        return Frage(f"ags:{ags}", ELEMENTE, Auswahldaten(ags, **given))

    return frage


def _folge(asked: Asked) -> Frage:
    """The follow-up to an entry of a list."""
    return Frage(f"ags:{asked.record['ags']}", ELEMENTE, identifikationsmerkmal=asked.merkmal)


def freie_suche(
    digits: int, *angaben: str, platzhalter: bool = False, elemente: tuple[str, ...] = ("1", "6", "11", "15")
) -> Callable[[Asked], FreieFrage]:
    """A freie Suche by these data in the area of so many digits; the end of the family name as a wildcard."""

    def frage(asked: Asked) -> FreieFrage:
        ags = asked.record["ags"]
        given = {name: _ANGABEN[name](asked.record) for name in angaben}
        if platzhalter:
            given["familienname"] = given["familienname"][:-1] + "*"
        return FreieFrage(f"ags:{ags}", elemente, FreieAuswahl(**given), Suchbereich(ags[:digits]))

    return frage


KINDS = (
    Kind("name and birth date", _suche("familienname", "rufname", "geburtsdatum")),
    Kind("name and sex", _suche("familienname", "rufname", "geschlecht")),
    Kind("all first names and birth place", _suche("familienname", "vornamen", "geburtsort")),
    Kind("phonetic", _suche("familienname", "rufname", "phonetik", "geschlecht")),
    Kind("Künstlername", _suche("ordens_oder_kuenstlername", "geschlecht")),
    Kind("full address", _suche("familienname", "rufname", "postleitzahl", "strasse", "hausnummer")),
    Kind("freie Suche here", freie_suche(8, "familienname", "vornamen", "geburtsdatum")),
    Kind("freie Suche, wildcard", freie_suche(2, "familienname", "vornamen", "geburtsdatum", platzhalter=True)),
    Kind("follow-up", _folge, listed=True),
)

#: Two namesakes are answered with a list by this one.
LISTE = Kind("list", _suche("familienname", "rufname", "geschlecht"))

__all__ = ["KINDS", "LISTE", "Asked", "Kind", "Record", "freie_suche"]
