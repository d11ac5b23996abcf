"""Applications for access (registration guide of the MiN): taken in, checked, then released or refused with a reason.

A release registers the authority in its one role and makes its first administrator's account. Every function raises
BehoerdenError for what cannot be, and StoreError.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import insert, select, update

from gateway.behoerden import konten, stamm
from gateway.behoerden.aenderungen import Transaktion, Verwaltung, Zeile, json_text, zeile
from gateway.behoerden.fehler import BehoerdenError, NichtGefunden
from gateway.behoerden.tabellen import ANTRAG, BEHOERDE
from gateway.database import store_errors
from gateway.meldewesen.behoerde import Behoerde, Rolle

EINGEGANGEN, GEPRUEFT, FREIGEGEBEN, ABGELEHNT = "eingegangen", "geprueft", "freigegeben", "abgelehnt"

#: What can be done with an application, and in which state it must be.
_MOEGLICH: Mapping[str, tuple[str, ...]] = {
    "pruefen": (EINGEGANGEN,),
    "freigeben": (GEPRUEFT,),
    "ablehnen": (EINGEGANGEN, GEPRUEFT),
}

#: What is applied for; all else of an authority comes later.
_BEANTRAGT = ("kennung", "name", "azr_berechtigt", "protokoll_beauftragt", "zentrale_stelle", "nummer", "trotz_sperre")

_MAX = 2000  # characters of a text


@dataclass(frozen=True)
class Ansprechpartner:
    """The first administrator, as the form has him."""

    vorname: str
    name: str
    email: str
    telefon: str
    anschrift: str  # of the authority


@dataclass(frozen=True)
class Antrag:
    """`massnahmen`: how § 39 (1) BMG is kept. `unterschrieben`: by the authority's head, who promises to keep it."""

    behoerde: Behoerde
    administrator: Ansprechpartner
    massnahmen: str
    unterschrieben: bool


def stelle(v: Verwaltung, antrag: Antrag) -> str:
    """Takes an application in; returns its id."""
    _check(antrag)
    behoerde = antrag.behoerde
    beantragt = {"rolle": behoerde.rolle.value, **{name: getattr(behoerde, name) for name in _BEANTRAGT}}
    nummer = str(uuid.uuid4())
    werte = {
        "id": nummer,
        "stand": EINGEGANGEN,
        "kennung": behoerde.kennung,
        "behoerde": json_text(beantragt),
        "administrator": json_text(asdict(antrag.administrator)),
        "massnahmen": antrag.massnahmen,
        "eingegangen": v.jetzt,
        "eingegangen_von": v.wer,
    }
    with v.aendere("stellen", ANTRAG, nummer) as t:
        t.connection.execute(insert(ANTRAG), werte)
    return nummer


def pruefe(v: Verwaltung, nummer: str) -> None:
    """Marks it as complete and lawful; what the key list or the law speaks against cannot be."""
    with v.aendere("pruefen", ANTRAG, nummer) as t:
        antrag = _verlange(t, nummer, "pruefen")
        _check_free(t, antrag)
        stamm.pruefe(_behoerde(antrag), v)
        _setze(t, nummer, stand=GEPRUEFT, geprueft=v.jetzt, geprueft_von=v.wer)


def gib_frei(v: Verwaltung, nummer: str) -> str:
    """Registers the authority and makes its first administrator's account, whose name is returned.

    With four eyes the one who releases has neither taken it in nor checked it.
    """
    with v.transaktion("the authority was registered just now") as t, t.aendere("freigeben", ANTRAG, nummer):
        antrag = _verlange(t, nummer, "freigeben")
        if any(map(v.sieht_doppelt, (antrag["eingegangen_von"], antrag["geprueft_von"]))):
            raise BehoerdenError("this instance wants four eyes: another one must release it")
        _check_free(t, antrag)
        behoerde = _behoerde(antrag)
        stamm.pruefe(behoerde, v)
        stamm.registriere_in(t, behoerde)
        name = f"{behoerde.kennung.partition(':')[2]}-admin"
        konten.lege_an_in(t, name, konten.ADMINISTRATOR, behoerde.kennung)
        _setze(t, nummer, stand=FREIGEGEBEN, entschieden=v.jetzt, entschieden_von=v.wer)
    return name


def lehne_ab(v: Verwaltung, nummer: str, grund: str) -> None:
    """Refuses it with a reason."""
    _check_text("the reason of a refusal", grund)
    with v.aendere("ablehnen", ANTRAG, nummer) as t:
        _verlange(t, nummer, "ablehnen")
        _setze(t, nummer, stand=ABGELEHNT, entschieden=v.jetzt, entschieden_von=v.wer, grund=grund)


def alle(v: Verwaltung) -> list[Zeile]:
    """Every application, the newest first, with its administrator's data."""
    with store_errors("the applications cannot be read"), v.engine.connect() as connection:
        rows = connection.execute(select(ANTRAG).order_by(ANTRAG.c.eingegangen.desc()))
        return [_lesbar(dict(row._mapping)) for row in rows]


def zeige(v: Verwaltung, nummer: str) -> Zeile:
    """One application."""
    with store_errors("the applications cannot be read"), v.engine.connect() as connection:
        row = connection.execute(select(ANTRAG).where(ANTRAG.c.id == nummer)).one_or_none()
    if row is None:
        raise NichtGefunden(f"there is no application {nummer}")
    return _lesbar(dict(row._mapping))


def _lesbar(antrag: Zeile) -> Zeile:
    return {**antrag, **{name: json.loads(antrag[name]) for name in ("behoerde", "administrator")}}


def _verlange(t: Transaktion, nummer: str, was: str) -> Zeile:
    antrag = zeile(t.connection, ANTRAG, nummer)
    if antrag is None:
        raise NichtGefunden(f"there is no application {nummer}")
    if antrag["stand"] not in _MOEGLICH[was]:
        raise BehoerdenError(f"an application in the state {antrag['stand']} cannot be changed so")
    return antrag


def _check_free(t: Transaktion, antrag: Zeile) -> None:
    if zeile(t.connection, BEHOERDE, antrag["kennung"]) is not None:
        raise BehoerdenError(f"{antrag['kennung']} is registered already: an account has one role")


def _setze(t: Transaktion, nummer: str, **werte: str) -> None:
    t.connection.execute(update(ANTRAG).where(ANTRAG.c.id == nummer).values(**werte))


def _behoerde(antrag: Zeile) -> Behoerde:
    werte: dict[str, Any] = json.loads(antrag["behoerde"])
    return Behoerde(**{**werte, "rolle": Rolle(werte["rolle"])})


def _check(antrag: Antrag) -> None:
    if not antrag.unterschrieben:
        raise BehoerdenError("an application needs the signature of the authority's head")
    stamm.check_form(antrag.behoerde)
    _check_text("the measures of § 39 (1) BMG", antrag.massnahmen)
    for name, wert in asdict(antrag.administrator).items():
        _check_text(f"the administrator's {name}", wert)
    if "@" not in antrag.administrator.email:
        raise BehoerdenError("the administrator's email is no address")


def _check_text(what: str, text: str) -> None:
    if not 0 < len(text.strip()) <= _MAX:
        raise BehoerdenError(f"{what}: 1 to {_MAX} characters")
