"""Authorities, their users and certificates, as the operator changes them. Every function raises BehoerdenError for
what cannot be, with one line that says why, and StoreError.
"""

import re
from dataclasses import fields
from typing import Any

from cryptography import x509
from sqlalchemy import Connection, Table, delete, insert, select, update

from gateway.behoerden.aenderungen import Transaktion, Verwaltung, Zeile, json_text, zeile
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.tabellen import BEHOERDE, BENUTZER, ERMAECHTIGTE, ZERTIFIKAT
from gateway.behoerden.zertifikatsdaten import zertifikatsdaten
from gateway.meldewesen.behoerde import NUMMERN, NUMMERN_TROTZ_SPERRE, Behoerde, Rolle
from gateway.meldewesen.rechte import Rechte, als_tabelle
from gateway.meldewesen.regeln import MAX_FELDLAENGE

MAX_NAME = 250  # characters

_KENNUNG = re.compile(r"dbs:[0-9]{12}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")

#: Fields of Behoerde that are columns of the same name.
_SPALTEN = tuple(field.name for field in fields(Behoerde) if field.name in BEHOERDE.c and field.name != "rolle")

#: Who has blocked a user: the other one cannot take it back.
_BETREIBER, _BEHOERDE = "betreiber", "behoerde"


def pruefe(behoerde: Behoerde, v: Verwaltung) -> None:
    """Whether it could be registered: form, key list, § 34a (6) BMG."""
    if not _KENNUNG.fullmatch(behoerde.kennung):
        raise BehoerdenError("the key of an authority is written dbs: and 12 digits, as in dbs:060030020000")
    if not 0 < len(behoerde.name) <= MAX_NAME or not behoerde.name.isprintable():
        raise BehoerdenError(f"the name of an authority has 1 to {MAX_NAME} printable characters")
    if v.liste is not None:
        v.liste.check(behoerde)
    if behoerde.nummer is not None and (behoerde.rolle is Rolle.EINFACH or behoerde.nummer not in NUMMERN):
        raise BehoerdenError("only a Sicherheitsbehörde has a number of § 34 (4) S. 1 BMG, 1 to 13")
    if behoerde.trotz_sperre and (behoerde.zentrale_stelle or behoerde.nummer not in NUMMERN_TROTZ_SPERRE):
        numbers = ", ".join(map(str, sorted(NUMMERN_TROTZ_SPERRE)))
        raise BehoerdenError(f"§ 34a (6) BMG is for the bodies of § 34 (4) S. 1 no. {numbers}, asking for themselves")
    if behoerde.ermaechtigte and not behoerde.trotz_sperre:
        raise BehoerdenError("users are empowered in an authority that is entitled by § 34a (6) BMG")


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
        _setze(t, kennung, gesperrt=gesperrt)


def setze_rechte(v: Verwaltung, kennung: str, rechte: Rechte) -> None:
    """What it may below its role; replaces what stood there."""
    tabelle = als_tabelle(rechte)
    with v.aendere("rechte", BEHOERDE, kennung) as t:
        verlange(t.connection, kennung)
        _setze(t, kennung, rechte=json_text(tabelle) if tabelle else None)


def beauftrage_protokoll(v: Verwaltung, kennung: str, *, beauftragt: bool) -> None:
    """§ 40 (3) BMG: a Sicherheitsbehörde keeps the Protokoll itself, or commissions it from today on."""
    with v.aendere("protokoll", BEHOERDE, kennung) as t:
        behoerde = verlange(t.connection, kennung)
        if behoerde["rolle"] != Rolle.SICHERHEIT.value:
            raise BehoerdenError("only a Sicherheitsbehörde chooses who keeps the Protokoll (§ 40 (3) BMG)")
        if behoerde["protokoll_beauftragt"] == beauftragt:
            raise BehoerdenError(f"{kennung} has {'commissioned it already' if beauftragt else 'not commissioned it'}")
        _setze(t, kennung, protokoll_beauftragt=beauftragt, protokoll_seit=v.jetzt[:10])


def ermaechtige(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """§ 34a (6) BMG: the user may receive data in spite of a block."""
    _check_benutzer(benutzer)
    with v.aendere("ermaechtigen", ERMAECHTIGTE, kennung, benutzer, vergeben=f"{benutzer} is empowered already") as t:
        if not verlange(t.connection, kennung)["trotz_sperre"]:
            raise BehoerdenError(f"{kennung} is not entitled by § 34a (6) BMG: register it with --trotz-sperre")
        t.connection.execute(insert(ERMAECHTIGTE), {"kennung": kennung, "benutzer": benutzer})


def entmaechtige(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """Takes it back, within a second in every process."""
    with v.aendere("entmaechtigen", ERMAECHTIGTE, kennung, benutzer) as t:
        verlange(t.connection, kennung)
        if zeile(t.connection, ERMAECHTIGTE, kennung, benutzer) is None:
            raise BehoerdenError(f"{benutzer} is not empowered")
        t.connection.execute(_row(delete(ERMAECHTIGTE), ERMAECHTIGTE, kennung, benutzer))


# -- users -------------------------------------------------------------------------------------------------------------


def nur_benutzer(v: Verwaltung, kennung: str, *, nur: bool) -> None:
    """Whether only registered users of the authority may ask, or whoever it lets."""
    with v.aendere("nur_benutzer", BEHOERDE, kennung) as t:
        verlange(t.connection, kennung)
        _setze(t, kennung, nur_benutzer=nur)


def lege_benutzer_an(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """Registers a user, as messages name it."""
    _check_benutzer(benutzer)
    with v.aendere("anlegen", BENUTZER, kennung, benutzer, vergeben=f"{benutzer} is there already") as t:
        verlange(t.connection, kennung)
        t.connection.execute(insert(BENUTZER), {"kennung": kennung, "benutzer": benutzer, "gesperrt": None})


def sperre_benutzer(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """Blocks a user, registered or not, within a second in every process. The operator's block outdoes the other."""
    _check_benutzer(benutzer)
    durch = _BEHOERDE if v.fuer else _BETREIBER
    with v.aendere("sperren", BENUTZER, kennung, benutzer) as t:
        verlange(t.connection, kennung)
        there = zeile(t.connection, BENUTZER, kennung, benutzer)
        if there is None:
            t.connection.execute(insert(BENUTZER), {"kennung": kennung, "benutzer": benutzer, "gesperrt": durch})
        elif there["gesperrt"] in (durch, _BETREIBER):
            raise BehoerdenError(f"{benutzer} is blocked already")
        else:
            t.connection.execute(_row(update(BENUTZER), BENUTZER, kennung, benutzer).values(gesperrt=durch))


def entsperre_benutzer(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """Lifts the block; what the operator has blocked, an authority's administrator cannot free."""
    with v.aendere("entsperren", BENUTZER, kennung, benutzer) as t:
        verlange(t.connection, kennung)
        there = zeile(t.connection, BENUTZER, kennung, benutzer)
        if there is None or there["gesperrt"] is None:
            raise BehoerdenError(f"{benutzer} is not blocked")
        if v.fuer and there["gesperrt"] == _BETREIBER:
            raise BehoerdenError(f"{benutzer} was blocked by the operator")
        t.connection.execute(_row(update(BENUTZER), BENUTZER, kennung, benutzer).values(gesperrt=None))


# -- certificates ------------------------------------------------------------------------------------------------------


def gib_zertifikat(v: Verwaltung, kennung: str, certificate: x509.Certificate | str) -> str:
    """One more certificate for an authority, or its fingerprint alone; returns the fingerprint."""
    if isinstance(certificate, str):
        if not _FINGERPRINT.fullmatch(certificate):
            raise BehoerdenError("the fingerprint of a certificate is its SHA-256 as 64 lower-case hexadecimal digits")
        werte: Zeile = {"fingerprint": certificate}
    else:
        werte = zertifikatsdaten(certificate)
        if werte["gueltig_bis"] <= v.jetzt:
            raise BehoerdenError("the certificate has expired")
    fingerprint: str = werte["fingerprint"]
    vergeben = "the certificate was given to an authority just now"
    with v.aendere("zuordnen", ZERTIFIKAT, fingerprint, vergeben=vergeben) as t:
        verlange(t.connection, kennung)
        if there := zeile(t.connection, ZERTIFIKAT, fingerprint):
            taken = there["kennung"]
            whose = "this authority already" if taken == kennung else f"another authority, {taken}"
            raise BehoerdenError(f"the certificate belongs to {whose}")
        t.connection.execute(insert(ZERTIFIKAT), {**werte, "kennung": kennung})
    return fingerprint


def sperre_zertifikat(v: Verwaltung, fingerprint: str, *, gesperrt: bool) -> None:
    """Blocks one certificate or lifts the block, within a second in every process; `fingerprint` may be its head."""
    fingerprint = _eindeutig(v, fingerprint)
    with v.aendere("sperren" if gesperrt else "entsperren", ZERTIFIKAT, fingerprint) as t:
        there = zeile(t.connection, ZERTIFIKAT, fingerprint)
        if there is None or there["gesperrt"] == gesperrt:
            raise BehoerdenError(f"the certificate is {'blocked already' if gesperrt else 'not blocked'}")
        t.connection.execute(_row(update(ZERTIFIKAT), ZERTIFIKAT, fingerprint).values(gesperrt=gesperrt))


def _eindeutig(v: Verwaltung, head: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8,64}", head):
        raise BehoerdenError("a certificate is named by its fingerprint, or the first 8 or more digits of it")
    with v.engine.connect() as connection:
        found = connection.scalars(select(ZERTIFIKAT.c.fingerprint).where(ZERTIFIKAT.c.fingerprint.startswith(head)))
        fingerprints = list(found)
    if len(fingerprints) != 1:
        raise BehoerdenError(f"{'no' if not fingerprints else 'more than one'} certificate has this fingerprint")
    return str(fingerprints[0])


# -- in common ---------------------------------------------------------------------------------------------------------


def verlange(connection: Connection, kennung: str) -> Zeile:
    """The authority's row."""
    found = zeile(connection, BEHOERDE, kennung)
    if found is None:
        raise BehoerdenError(f"{kennung} is not registered")
    return found


def _setze(t: Transaktion, kennung: str, **werte: Any) -> None:
    t.connection.execute(update(BEHOERDE).where(BEHOERDE.c.kennung == kennung).values(**werte))


def _row(statement: Any, tabelle: Table, *schluessel: str) -> Any:
    for spalte, wert in zip(tabelle.primary_key.columns, schluessel, strict=True):
        statement = statement.where(spalte == wert)
    return statement


def _check_benutzer(benutzer: str) -> None:
    if not 0 < len(benutzer) <= MAX_FELDLAENGE or not benutzer.isprintable():
        raise BehoerdenError(f"a user is named by 1 to {MAX_FELDLAENGE} printable characters, as messages name it")
