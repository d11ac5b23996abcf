"""What the admin API can do, one row each: the same functions as the commands, no logic of its own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gateway.behoerden import aenderungen, antraege, auskunft, benutzer, konten, schluesselliste, stamm, zertifikate
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.formulare import AntragForm, BehoerdeForm, Form, Kennung, Rechte, Text
from gateway.behoerden.kategorie import parse_schluesselliste
from gateway.behoerden.konten import Recht
from gateway.meldewesen.rechte import als_tabelle
from gateway.web import admin_ausgaben as aus


class ZertifikatForm(Form):
    """A certificate in PEM."""

    pem: str


class BenutzerForm(Form):
    """A user, as messages name it in `kennung`."""

    benutzer: Text


class JaNein(Form):
    """Whether it shall be so."""

    wert: bool


class GrundForm(Form):
    """Of a refusal."""

    grund: Text


class KontoForm(Form):
    """An account."""

    name: Text
    rolle: Literal["leitung", "verwaltung", "auskunft", "administrator"]
    kennung: Kennung | None = None


class ListeForm(Form):
    """The publisher's file, genericode, and whether it is taken over; else the differences are told."""

    datei: str
    uebernehmen: bool = False


Werte = Mapping[str, str]


@dataclass(frozen=True)
class Weg:
    """One thing that can be done. `tut` gets who does it, the parts of the path, and the body as a `form`.

    `gibt`: the type of what goes back, made of what `tut` returns.
    """

    methode: str
    pfad: str  # {name} stands for a part
    recht: Recht
    zweck: str
    tut: Callable[[Verwaltung, Werte, Any], Any]
    form: type[Form] | None = None
    gibt: Any = aus.Nichts


_B = "/behoerden/{kennung}"

WEGE: Sequence[Weg] = (
    Weg("GET", "/behoerden", Recht.LESEN, "The authorities.",
        lambda v, _, __: auskunft.behoerden(v), gibt=list[aus.Behoerde]),
    Weg("POST", "/behoerden", Recht.FREIGEBEN, "Register an authority without an application.",
        lambda v, _, form: stamm.registriere(v, form.behoerde()), BehoerdeForm),
    Weg("GET", _B, Recht.LESEN, "An authority with certificates, users and use.",
        lambda v, w, _: auskunft.behoerde(v, w["kennung"]), gibt=aus.BehoerdeMitAllem),
    Weg("PUT", f"{_B}/sperre", Recht.PFLEGEN, "Block an authority, or lift the block.",
        lambda v, w, form: stamm.sperre(v, w["kennung"], gesperrt=form.wert), JaNein),
    Weg("PUT", f"{_B}/rechte", Recht.PFLEGEN, "Set what it may below its role.",
        lambda v, w, form: stamm.setze_rechte(v, w["kennung"], stamm.lies_rechte(dict(form))), Rechte),
    Weg("PATCH", f"{_B}/rechte", Recht.PFLEGEN, "Change what is named of it, null takes a limit back.",
        lambda v, w, form: stamm.aendere_rechte(v, w["kennung"], form.model_dump(exclude_unset=True)), Rechte),
    Weg("GET", f"{_B}/rechte", Recht.ANSEHEN, "What it may below its role.",
        lambda v, w, _: als_tabelle(stamm.rechte(v, w["kennung"])), gibt=Rechte),
    Weg("PUT", f"{_B}/protokoll", Recht.PFLEGEN, "Whether a Sicherheitsbehörde has commissioned the Protokoll.",
        lambda v, w, form: stamm.beauftrage_protokoll(v, w["kennung"], beauftragt=form.wert), JaNein),
    Weg("POST", f"{_B}/zertifikate", Recht.PFLEGEN,
        "Give it a further certificate; with four eyes it is blocked until another account lifts that.",
        lambda v, w, form: {
            "fingerprint": zertifikate.ordne_zu(v, w["kennung"], zertifikate.read_certificate(form.pem.encode()))
        }, ZertifikatForm, gibt=aus.Fingerprint),
    Weg("PUT", "/zertifikate/{fingerprint}/sperre", Recht.PFLEGEN, "Block one certificate, or lift the block.",
        lambda v, w, form: zertifikate.sperre(v, w["fingerprint"], gesperrt=form.wert), JaNein),
    Weg("GET", "/ablauf/{tage}", Recht.LESEN, "Certificates of authorities that end within so many days.",
        lambda v, w, _: zertifikate.alle_ablaufenden(v.engine, v.uhr(), _tage(w["tage"])), gibt=list[aus.Ablauf]),
    Weg("PUT", f"{_B}/ermaechtigte/{{benutzer}}", Recht.PFLEGEN,
        "Let a user see past blocks (§ 34a (6) BMG), or not; with four eyes it takes two accounts.",
        lambda v, w, form: _ermaechtige(v, w, form), JaNein, gibt=aus.Ermaechtigung),
    Weg("GET", f"{_B}/benutzer", Recht.BENUTZER, "The users of an authority.",
        lambda v, w, _: auskunft.benutzer(v, w["kennung"]), gibt=list[aus.Benutzer]),
    Weg("POST", f"{_B}/benutzer", Recht.BENUTZER, "Register a user.",
        lambda v, w, form: benutzer.lege_an(v, w["kennung"], form.benutzer), BenutzerForm),
    Weg("PUT", f"{_B}/benutzer/{{benutzer}}/sperre", Recht.BENUTZER, "Block a user, or lift the block.",
        lambda v, w, form: (benutzer.sperre if form.wert else benutzer.entsperre)(v, w["kennung"], w["benutzer"]),
        JaNein),
    Weg("PUT", f"{_B}/nur-benutzer", Recht.BENUTZER, "Whether only registered users may ask.",
        lambda v, w, form: benutzer.nur_benutzer(v, w["kennung"], nur=form.wert), JaNein),
    Weg("GET", "/antraege", Recht.LESEN, "The applications.", lambda v, _, __: antraege.alle(v), gibt=list[aus.Antrag]),
    Weg("POST", "/antraege", Recht.PFLEGEN, "Take in an application.",
        lambda v, _, form: {"id": antraege.stelle(v, form.antrag())}, AntragForm, gibt=aus.Antragsnummer),
    Weg("GET", "/antraege/{id}", Recht.LESEN, "An application.",
        lambda v, w, _: antraege.zeige(v, w["id"]), gibt=aus.Antrag),
    Weg("POST", "/antraege/{id}/pruefung", Recht.PFLEGEN, "Mark an application as complete and lawful.",
        lambda v, w, _: antraege.pruefe(v, w["id"])),
    Weg("POST", "/antraege/{id}/freigabe", Recht.FREIGEBEN,
        "Register the authority; tells the administrator's account.",
        lambda v, w, _: {"konto": antraege.gib_frei(v, w["id"])}, gibt=aus.Administratorkonto),
    Weg("POST", "/antraege/{id}/ablehnung", Recht.FREIGEBEN, "Refuse an application with a reason.",
        lambda v, w, form: antraege.lehne_ab(v, w["id"], form.grund), GrundForm),
    Weg("GET", "/konten", Recht.KONTEN, "The accounts.", lambda v, _, __: konten.alle(v), gibt=list[aus.Konto]),
    Weg("POST", "/konten", Recht.KONTEN, "Make an account.",
        lambda v, _, form: konten.lege_an(v, form.name, form.rolle, form.kennung), KontoForm),
    Weg("PUT", "/konten/{name}/sperre", Recht.KONTEN, "Block an account, or lift the block.",
        lambda v, w, form: konten.sperre(v, w["name"], gesperrt=form.wert), JaNein),
    Weg("POST", "/konten/{name}/haelfte/{welche}", Recht.KONTEN,
        "Make half 1 or 2 of a new first password: told this once.",
        lambda v, w, _: {"haelfte": konten.gib_haelfte(v, w["name"], w["welche"])}, gibt=aus.Haelfte),
    Weg("GET", "/aenderungen", Recht.LESEN, "The newest changes.",
        lambda v, _, __: aenderungen.verlauf(v.engine, hoechstens=1000), gibt=list[aus.Aenderung]),
    Weg("GET", "/aenderungen/{kennung}", Recht.LESEN, "The newest changes of an authority.",
        lambda v, w, _: aenderungen.verlauf(v.engine, hoechstens=1000, schluessel=w["kennung"]),
        gibt=list[aus.Aenderung]),
    Weg("POST", "/schluesselliste", Recht.PFLEGEN, "Compare a version of the key list, or take it over.",
        lambda v, _, form: _schluesselliste(v, form), ListeForm, gibt=aus.Vergleich),
)  # fmt: skip


def _tage(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise BehoerdenError("days are a whole number of at most four digits")
    return int(text)


def _ermaechtige(v: Verwaltung, werte: Werte, form: JaNein) -> Mapping[str, bool]:
    if form.wert:
        return {"wirksam": stamm.ermaechtige(v, werte["kennung"], werte["benutzer"])}
    stamm.entmaechtige(v, werte["kennung"], werte["benutzer"])
    return {"wirksam": True}


def _schluesselliste(v: Verwaltung, form: ListeForm) -> schluesselliste.Vergleich:
    neu = parse_schluesselliste(form.datei.encode())
    return (schluesselliste.uebernimm if form.uebernehmen else schluesselliste.vergleiche)(v, neu)
