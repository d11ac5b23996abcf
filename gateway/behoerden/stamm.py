"""Authorities as the operator changes them. Every function raises BehoerdenError for
what cannot be, with one line that says why, and StoreError.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, delete, insert, update

from gateway.behoerden.aenderungen import Transaktion, Verwaltung, Zeile, json_text, mit_schluessel, zeile
from gateway.behoerden.fehler import BehoerdenError, NichtGefunden
from gateway.behoerden.tabellen import BEHOERDE, ERMAECHTIGTE
from gateway.database import store_errors
from gateway.meldewesen.behoerde import NUMMERN, NUMMERN_TROTZ_SPERRE, Behoerde, Rolle
from gateway.meldewesen.rechte import ALLE_RECHTE, Rechte, als_tabelle, aus_tabelle
from gateway.meldewesen.regeln import MAX_FELDLAENGE

MAX_NAME = 250  # characters

_KENNUNG = re.compile(r"dbs:[0-9]{12}")

#: Fields of Behoerde that are columns of the same name.
_SPALTEN = tuple(field.name for field in fields(Behoerde) if field.name in BEHOERDE.c and field.name != "rolle")


def pruefe(behoerde: Behoerde, v: Verwaltung) -> None:
    """Whether it could be registered: form, key list, § 34a (6) BMG."""
    check_form(behoerde)
    if (liste := v.liste()) is not None:
        liste.check(behoerde)
    if behoerde.nummer is not None and (behoerde.rolle is Rolle.EINFACH or behoerde.nummer not in NUMMERN):
        raise BehoerdenError("only a Sicherheitsbehörde has a number of § 34 (4) S. 1 BMG, 1 to 13")
    if behoerde.trotz_sperre and (behoerde.zentrale_stelle or behoerde.nummer not in NUMMERN_TROTZ_SPERRE):
        numbers = ", ".join(map(str, sorted(NUMMERN_TROTZ_SPERRE)))
        raise BehoerdenError(f"§ 34a (6) BMG is for the bodies of § 34 (4) S. 1 no. {numbers}, asking for themselves")
    if behoerde.ermaechtigte and not behoerde.trotz_sperre:
        raise BehoerdenError("users are empowered in an authority that is entitled by § 34a (6) BMG")


def check_form(behoerde: Behoerde) -> None:
    """Whether key and name are written as such."""
    if not _KENNUNG.fullmatch(behoerde.kennung):
        raise BehoerdenError("the key of an authority is written dbs: and 12 digits, as in dbs:060030020000")
    if not 0 < len(behoerde.name) <= MAX_NAME or not behoerde.name.isprintable():
        raise BehoerdenError(f"the name of an authority has 1 to {MAX_NAME} printable characters")


def registriere(v: Verwaltung, behoerde: Behoerde) -> None:
    """Registers an authority without an application: the operator's shortcut."""
    pruefe(behoerde, v)
    if v.vier_augen:
        raise BehoerdenError("this instance wants four eyes: an authority is registered by an application")
    with v.transaktion(f"{behoerde.kennung} is registered already") as t:
        registriere_in(t, behoerde)


def registriere_in(t: Transaktion, behoerde: Behoerde) -> None:
    """`registriere` of a checked one, as part of something larger."""
    werte = {name: getattr(behoerde, name) for name in _SPALTEN}
    with t.aendere("registrieren", BEHOERDE, behoerde.kennung):
        t.connection.execute(insert(BEHOERDE), {**werte, "rolle": behoerde.rolle.value})
    for benutzer in sorted(behoerde.ermaechtigte):
        with t.aendere("ermaechtigen", ERMAECHTIGTE, behoerde.kennung, benutzer):
            t.connection.execute(insert(ERMAECHTIGTE), {"kennung": behoerde.kennung, "benutzer": benutzer})


def sperre(v: Verwaltung, kennung: str, *, gesperrt: bool) -> None:
    """Blocks an authority or lifts the block, within a second in every process."""
    with v.aendere("sperren" if gesperrt else "entsperren", BEHOERDE, kennung) as t:
        if verlange(t.connection, kennung)["gesperrt"] == gesperrt:
            raise BehoerdenError(f"{kennung} is {'blocked already' if gesperrt else 'not blocked'}")
        setze(t, kennung, gesperrt=gesperrt)


def setze_rechte(v: Verwaltung, kennung: str, neu: Rechte) -> None:
    """What it may below its role; replaces what stood there."""
    with v.aendere("rechte", BEHOERDE, kennung) as t:
        verlange(t.connection, kennung)
        setze(t, kennung, rechte=_text(neu))


def aendere_rechte(v: Verwaltung, kennung: str, changes: Mapping[str, object]) -> None:
    """Changes some of them, whatever others change at the same time; None takes a limit back."""
    with v.aendere("rechte", BEHOERDE, kennung) as t:
        jetzige = als_tabelle(_rechte(verlange(t.connection, kennung)))
        setze(t, kennung, rechte=_text(lies_rechte({**jetzige, **changes})))


def rechte(v: Verwaltung, kennung: str) -> Rechte:
    """What it may below its role."""
    with store_errors("the authorities cannot be read"), v.engine.connect() as connection:
        return _rechte(verlange(connection, kennung))


def _rechte(zeile: Zeile) -> Rechte:
    return lies_rechte(json.loads(zeile["rechte"])) if zeile["rechte"] else ALLE_RECHTE


def _text(neu: Rechte) -> str | None:
    tabelle = als_tabelle(neu)
    return json_text(tabelle) if tabelle else None


def lies_rechte(tabelle: Mapping[str, object]) -> Rechte:
    """See `aus_tabelle`."""
    try:
        return aus_tabelle(tabelle)
    except ValueError as error:
        raise BehoerdenError(str(error)) from None


def beauftrage_protokoll(v: Verwaltung, kennung: str, *, beauftragt: bool) -> None:
    """§ 40 (3) BMG: a Sicherheitsbehörde keeps the Protokoll itself, or commissions it from today on."""
    with v.aendere("protokoll", BEHOERDE, kennung) as t:
        behoerde = verlange(t.connection, kennung)
        if behoerde["rolle"] != Rolle.SICHERHEIT.value:
            raise BehoerdenError("only a Sicherheitsbehörde chooses who keeps the Protokoll (§ 40 (3) BMG)")
        if behoerde["protokoll_beauftragt"] == beauftragt:
            raise BehoerdenError(f"{kennung} has {'commissioned it already' if beauftragt else 'not commissioned it'}")
        setze(t, kennung, protokoll_beauftragt=beauftragt, protokoll_seit=v.jetzt[:10])


def ermaechtige(v: Verwaltung, kennung: str, benutzer: str) -> bool:
    """§ 34a (6) BMG: the user may receive data in spite of a block. Whether so, or another has to say it, too."""
    check_benutzer(benutzer)
    with v.aendere("ermaechtigen", ERMAECHTIGTE, kennung, benutzer) as t:
        if not verlange(t.connection, kennung)["trotz_sperre"]:
            raise BehoerdenError(
                f"{kennung} is not entitled by § 34a (6) BMG: only its registration says so (trotz_sperre)"
            )
        there = zeile(t.connection, ERMAECHTIGTE, kennung, benutzer)
        if there is None:
            werte = {"kennung": kennung, "benutzer": benutzer, "wartet": v.vier_augen}
            t.connection.execute(insert(ERMAECHTIGTE), werte)
            return not v.vier_augen
        if not there["wartet"]:
            raise BehoerdenError(f"{benutzer} is empowered already")
        t.verlange_anderen(ERMAECHTIGTE, kennung, benutzer)
        one = mit_schluessel(update(ERMAECHTIGTE), ERMAECHTIGTE, kennung, benutzer)
        t.connection.execute(one.values(wartet=False))
        return True


def entmaechtige(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """Takes it back, within a second in every process."""
    with v.aendere("entmaechtigen", ERMAECHTIGTE, kennung, benutzer) as t:
        verlange(t.connection, kennung)
        if zeile(t.connection, ERMAECHTIGTE, kennung, benutzer) is None:
            raise BehoerdenError(f"{benutzer} is not empowered")
        t.connection.execute(mit_schluessel(delete(ERMAECHTIGTE), ERMAECHTIGTE, kennung, benutzer))


def verlange(connection: Connection, kennung: str) -> Zeile:
    """The authority's row."""
    found = zeile(connection, BEHOERDE, kennung)
    if found is None:
        raise NichtGefunden(f"{kennung} is not registered")
    return found


def setze(t: Transaktion, kennung: str, **werte: Any) -> None:
    """Changes columns of the authority's row."""
    t.connection.execute(update(BEHOERDE).where(BEHOERDE.c.kennung == kennung).values(**werte))


def check_benutzer(benutzer: str) -> None:
    """Whether a message could name a user so."""
    if not 0 < len(benutzer) <= MAX_FELDLAENGE or not benutzer.isprintable():
        raise BehoerdenError(f"a user is named by 1 to {MAX_FELDLAENGE} printable characters, as messages name it")
