"""What the admin API gives back: these keys and no others, whatever columns a table gets."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gateway.behoerden.formulare import AnsprechpartnerForm, BehoerdeForm, Rechte


class Ausgabe(BaseModel):
    """Read from a row or an object; what it does not name stays here. Times are ISO 8601 in UTC, days YYYY-MM-DD."""

    model_config = ConfigDict(extra="ignore", frozen=True, from_attributes=True)


class Fehler(Ausgabe):
    """Why not, in one line."""

    fehler: str


class Sitzung(Ausgabe):
    """A session: the token goes with each request. `kennung`: whose administrator it is; null: an operator."""

    token: str
    gueltig_bis: str
    passwort_waehlen: bool  # nothing else can be done before
    rechte: list[str]
    kennung: str | None


class Nichts(Ausgabe):
    """It is done."""


class Behoerde(Ausgabe):
    """An authority. `protokoll_seit`: the day since which `protokoll_beauftragt` is as it is; null: from the start."""

    kennung: str
    name: str
    rolle: Literal["einfach", "sicherheit", "fiu"]
    gesperrt: bool
    azr_berechtigt: bool
    protokoll_beauftragt: bool
    zentrale_stelle: bool
    nummer: int | None
    trotz_sperre: bool
    rechte: Rechte
    nur_benutzer: bool
    protokoll_seit: str | None


class Zertifikat(Ausgabe):
    """A certificate; of one that was registered by its fingerprint alone nothing else is known."""

    fingerprint: str
    subject: str | None
    serial: str | None
    gueltig_ab: str | None
    gueltig_bis: str | None
    gesperrt: bool


class Benutzer(Ausgabe):
    """A user; `gesperrt`: by whom, null: not."""

    benutzer: str
    gesperrt: Literal["betreiber", "behoerde"] | None


class Verbrauch(Ausgabe):
    """What was asked for on a day; only of authorities with a limit."""

    tag: str
    anfragen: int
    treffer: int


class BehoerdeMitAllem(Behoerde):
    """An authority with what belongs to it. `ermaechtigte`: users who see past blocks, § 34a (6) BMG; with four eyes
    those of `ermaechtigung_wartet` do when another account says so, too.
    """

    zertifikate: list[Zertifikat]
    benutzer: list[Benutzer]
    ermaechtigte: list[str]
    ermaechtigung_wartet: list[str]
    verbrauch: list[Verbrauch]


class Ablauf(Ausgabe):
    """A certificate that ends soon or has ended. `letztes`: no other one of its authority is valid for longer."""

    kennung: str
    fingerprint: str
    gueltig_bis: datetime
    letztes: bool


class Ermaechtigung(Ausgabe):
    """`wirksam`: whether it is done; with four eyes another account has to say it, too."""

    wirksam: bool


class Fingerprint(Ausgabe):
    """SHA-256 of a certificate in DER, hexadecimal."""

    fingerprint: str


class Antragsnummer(Ausgabe):
    """By which an application is found."""

    id: str


class Antrag(Ausgabe):
    """An application, and who did what with it when."""

    id: str
    stand: Literal["eingegangen", "geprueft", "freigegeben", "abgelehnt"]
    kennung: str
    behoerde: BehoerdeForm
    administrator: AnsprechpartnerForm
    massnahmen: str
    eingegangen: str
    eingegangen_von: str
    geprueft: str | None
    geprueft_von: str | None
    entschieden: str | None
    entschieden_von: str | None
    grund: str | None


class Administratorkonto(Ausgabe):
    """Name of the account that a release has made."""

    konto: str


class Konto(Ausgabe):
    """An account. `aktiv`: it has chosen its own password."""

    name: str
    rolle: Literal["leitung", "verwaltung", "auskunft", "administrator"]
    kennung: str | None
    gesperrt: bool
    aktiv: bool


class Haelfte(Ausgabe):
    """Half of a first password."""

    haelfte: str


class Aenderung(Ausgabe):
    """A change. `schluessel`, `vorher` and `nachher` are JSON as text, as they went into `hash`."""

    nummer: int
    zeit: str
    wer: str
    was: str
    tabelle: str
    schluessel: str
    vorher: str | None
    nachher: str | None
    hash: str


class Schluessel(Ausgabe):
    """What the key list has of a key."""

    name: str
    kategorie: str


class Unterschied(Ausgabe):
    """A key, without prefix, that differs; null where a list has not got it."""

    dbs: str
    vorher: Schluessel | None
    nachher: Schluessel | None


class Vergleich(Ausgabe):
    """What a version changes. `betroffen`: what it says against registered authorities."""

    version_vorher: str
    version_nachher: str
    unterschiede: list[Unterschied]
    betroffen: list[str]
