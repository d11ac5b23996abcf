"""What an authority asks: the requests after reading, free of XML."""

from dataclasses import dataclass, field

from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum


@dataclass(frozen=True)
class Nachrichtenkennung:
    """Identification of a message; an answer repeats the request's as `ursprungsnachricht`.

    `erstellungszeitpunkt` stays the sender's xs:dateTime text, so that it goes back unchanged.
    """

    uuid: str
    nachrichtentyp: str
    erstellungszeitpunkt: str


@dataclass(frozen=True)
class Stelle:
    """Author or reader of a message as the header names it (XInneres Behoerde)."""

    verzeichnisdienst: str
    kennung: str  # with prefix: "dbs:060030020000", "ags:03241001"
    name: str


@dataclass(frozen=True)
class AbrufendeStelle:
    """§ 11 S. 1 BMeldDAV: who retrieves, why, under which file number and user."""

    sicherheitsbehoerde: bool
    behoerdenname: str
    anschrift: str  # one line, for the Protokoll
    erreichbarkeit: tuple[str, ...]
    aktenzeichen: str
    anlass: str
    kennung: str


@dataclass(frozen=True)
class Ort:
    """A place of birth or death: in Germany (`staat` None) or abroad with its key of the list Gebiet."""

    ort: str
    staat: str | None = None


@dataclass(frozen=True)
class Auswahldaten:
    """§ 4 (1) BMeldDAV, as sent. A name is NICHT_VORHANDEN where the sender says that there legally is none."""

    gemeindeschluessel: Gemeindeschluessel
    familienname: str | None = None
    vornamen: str | None = None
    ordens_oder_kuenstlername: str | None = None
    phonetik: bool = False
    postleitzahl: str | None = None
    strasse: str | None = None
    hausnummer: str | None = None
    hausnummer_zusatz: str | None = None
    hausnummer_teil: str | None = None
    geburtsdatum: Teildatum | None = None
    geburtsort: Ort | None = None
    geschlecht: str | None = None
    sterbedatum: Teildatum | None = None
    sterbeort: Ort | None = None
    azr_nummer: str | None = None


@dataclass(frozen=True)
class Personensuche:
    """1330. Exactly one of `auswahldaten` and `identifikationsmerkmal` is set."""

    kennung: Nachrichtenkennung
    autor: Stelle
    leser: Stelle
    abrufende_stelle: AbrufendeStelle
    anforderungselemente: frozenset[str]
    auswahldaten: Auswahldaten | None = None
    identifikationsmerkmal: str | None = None
    verzicht_auf_mitteilung: bool = False
    landesspezifische_erweiterungen: bool = False


@dataclass(frozen=True)
class Rueckweisungsgrund:
    """A code of the list Datenabruf.Nichterstellung.Grund; `freitext` only with 16 and 17."""

    code: str
    freitext: str | None = None


@dataclass(frozen=True)
class Rueckweisung:
    """The request is refused; every ground that applies, in the list's order, none twice."""

    gruende: tuple[Rueckweisungsgrund, ...]


@dataclass(frozen=True)
class Person:
    """One person of an answer: only what was asked for and may be told, in the record's terms, with the law's hints."""

    daten: dict[str, object]
    identifikationsmerkmal: str | None = None


@dataclass(frozen=True)
class Auskunft:
    """Status 01 one person, 02 Trefferliste, 03 neutral: nobody."""

    status: str
    personen: tuple[Person, ...] = field(default=())


NEUTRAL = Auskunft("03")
EINDEUTIG, TREFFERLISTE = "01", "02"

#: § 1 (4) BMeldDAV
MAX_TREFFER = 1000
