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
class FreieWohnung:
    """Of one dwelling, § 7 (1) no. 9 and 10 BMeldDAV: all that is given must hold for the same dwelling.

    At most one kind of address is given: in Germany (`gemeindeschluessel` to `wohnungsinhaber`), abroad
    (`auslandsanschrift` with its lines, `zuzugsstaat`, or `staat` of either; a key of the list Gebiet or BELIEBIG), or
    `unbekannt` (list Anschrift.Unbekannt, "" for whichever). A house number is given by its parts or as the range
    `hausnummer_von` to `hausnummer_bis`.
    """

    gemeindeschluessel: Gemeindeschluessel | None = None
    postleitzahl: str | None = None
    wohnort: str | None = None
    frueherer_gemeindename: str | None = None
    strasse: str | None = None
    hausnummer: str | None = None
    hausnummer_zusatz: str | None = None
    hausnummer_teil: str | None = None
    hausnummer_von: str | None = None
    hausnummer_bis: str | None = None
    stockwerk: str | None = None
    zusatz: str | None = None
    wohnungsinhaber: str | None = None
    auslandsanschrift: tuple[str, ...] = ()
    auslandsanschrift_staat: str | None = None
    zuzugsstaat: str | None = None
    staat: str | None = None
    unbekannt: str | None = None
    status: str | None = None  # 1213
    einzugsdatum: str | None = None
    auszugsdatum: str | None = None
    aktualitaet: str | None = None  # AKTUELL or INAKTUELL


#: List Datenabruf.FreieSuche.Aktualitaet.Suche.Status.
AKTUELL, INAKTUELL = "01", "02"

#: As a state of birth or death: only persons whose record has none.
KEINE_ANGABE = ""

#: As the state of an address abroad: whichever.
BELIEBIG = "*"


@dataclass(frozen=True)
class FreieAuswahl:
    """§ 7 (1), (2) BMeldDAV, as sent; names and street may hold `?` and `*` (Anlage Nr. 7).

    A birth is given as a day (known in part) or as the range `geburt_von` to `geburt_bis`. A state is a key of the list
    Gebiet or KEINE_ANGABE. Days are YYYY-MM-DD.
    """

    familienname: str | None = None
    vornamen: str | None = None
    ordens_oder_kuenstlername: str | None = None
    phonetik: bool = False
    doktorgrad: str | None = None
    wohnung: FreieWohnung | None = None
    geburtsdatum: Teildatum | None = None
    geburt_von: str | None = None
    geburt_bis: str | None = None
    geburtsort: str | None = None
    geburtsstaat: str | None = None
    geschlecht: str | None = None
    staatsangehoerigkeit: str | None = None
    familienstand: str | None = None  # 1401
    familienstand_beginn: Teildatum | None = None  # 1402
    familienstand_beginn_vorausgegangene_lp: str | None = None  # 1402a
    familienstand_ort: str | None = None  # 1408
    familienstand_staat: str | None = None  # 1409
    sterbedatum: str | None = None
    sterbeort: str | None = None
    sterbestaat: str | None = None
    waffenrechtliche_erlaubnis: bool = False  # 2601
    waffenbesitzverbot: bool = False  # 2603
    sprengstoffrechtliche_erlaubnis: bool = False  # 2801


@dataclass(frozen=True)
class Suchbereich:
    """Anlage Nr. 3 BMeldDAV: the head of all Gemeindeschluessel in which is searched.

    Two digits name a Land, three a Regierungsbezirk, five a Kreis, eight a Gemeinde. Raises ValueError for others.
    """

    schluessel: str

    def __post_init__(self) -> None:
        if not (self.schluessel.isascii() and self.schluessel.isdigit() and len(self.schluessel) in SUCHBEREICHE):
            raise ValueError("an area is a Land, Bezirk, Kreis or Gemeinde: 2, 3, 5 or 8 digits")

    @property
    def art(self) -> str:
        """One of SUCHBEREICHE."""
        return SUCHBEREICHE[len(self.schluessel)]


#: Kinds of Suchbereich by the number of digits of their key.
SUCHBEREICHE = {2: "land", 3: "bezirk", 5: "kreis", 8: "gemeinde"}


@dataclass(frozen=True, kw_only=True)
class Abruf:
    """What every request says: who asks whom for what, and why."""

    kennung: Nachrichtenkennung
    autor: Stelle
    leser: Stelle
    abrufende_stelle: AbrufendeStelle
    anforderungselemente: frozenset[str] = frozenset()
    verzicht_auf_mitteilung: bool = False  # § 38 (5) BMG
    landesspezifische_erweiterungen: bool = False


@dataclass(frozen=True, kw_only=True)
class Personensuche(Abruf):
    """1330. Exactly one of `auswahldaten` and `identifikationsmerkmal` is set."""

    auswahldaten: Auswahldaten | None = None
    identifikationsmerkmal: str | None = None


@dataclass(frozen=True, kw_only=True)
class FreieSuche(Abruf):
    """1332."""

    auswahldaten: FreieAuswahl
    suchbereich: Suchbereich
    aktualitaet: str | None = None  # of the person: AKTUELL or INAKTUELL


@dataclass(frozen=True)
class Anschriftdaten:
    """Parts of an address in Germany, by the names of the record."""

    ags: Gemeindeschluessel
    plz: str | None = None
    strasse: str | None = None
    hausnummer: str | None = None
    hausnummer_zusatz: str | None = None
    hausnummer_teil: str | None = None


@dataclass(frozen=True)
class Bestaetigungsdaten:
    """§ 39a BMG: what is to be compared with the register, as sent. `anschrift`: of the main or sole dwelling."""

    familienname: str | None = None
    geburtsname: str | None = None
    vornamen: str | None = None
    doktorgrad: str | None = None
    ordensname: str | None = None
    kuenstlername: str | None = None
    geburtsdatum: Teildatum | None = None
    geburtsort: str | None = None
    geburtsstaat: str | None = None
    geschlecht: str | None = None
    staatsangehoerigkeit: tuple[str, ...] = ()
    anschrift: Anschriftdaten | None = None
    familienstand: str | None = None
    sterbedatum: str | None = None


@dataclass(frozen=True, kw_only=True)
class Datenbestaetigung(Abruf):
    """9910: the house message."""

    auswahldaten: Auswahldaten
    zu_bestaetigen: Bestaetigungsdaten


@dataclass(frozen=True)
class Rueckweisungsgrund:
    """A code of the list Datenabruf.Nichterstellung.Grund; `freitext` only with 16 and 17.

    `marke` tells the Protokoll which of the operator's own limits it was; the answer has no place for it.
    """

    code: str
    freitext: str | None = None
    marke: str | None = None


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
    """Status 01 one person, 02 Trefferliste, 03 neutral: nobody, 04 Ergebnisliste; or a Datenbestaetigung's outcome."""

    status: str
    personen: tuple[Person, ...] = field(default=())


#: Outcomes of a Datenbestaetigung; the third stands for absent, blocked and different alike (§ 39a (2) S. 3 BMG).
BESTAETIGT, MEHRERE, NICHT_BESTAETIGT = "bestaetigt", "mehrere", "nicht_bestaetigt"

NEUTRAL = Auskunft("03")
EINDEUTIG, TREFFERLISTE, ERGEBNISLISTE = "01", "02", "04"

#: § 1 (4) BMeldDAV
MAX_TREFFER = 1000
