"""Accounts of those who change the register: operators, and the administrators of authorities.

The first password is made in two halves that are given out one by one, to go different ways; with it an account can do
nothing but choose its own. Every function raises BehoerdenError for what cannot be, and StoreError.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from gateway.behoerden import kennworte
from gateway.behoerden.aenderungen import Transaktion, Verwaltung, Zeile, zeile
from gateway.behoerden.fehler import BehoerdenError, NichtGefunden
from gateway.behoerden.stamm import verlange
from gateway.behoerden.tabellen import ANMELDUNG, KONTO
from gateway.database import store_errors

ADMINISTRATOR = "administrator"


class Recht(Enum):
    """What somebody may do with the register."""

    LESEN = "lesen"
    ANSEHEN = "ansehen"  # of one authority: what it may
    PFLEGEN = "pflegen"
    FREIGEBEN = "freigeben"
    KONTEN = "konten"
    BENUTZER = "benutzer"  # of an authority


#: What each role may; an administrator may it for his own authority alone.
ROLLEN: Mapping[str, frozenset[Recht]] = {
    "leitung": frozenset(Recht),
    "verwaltung": frozenset(Recht) - {Recht.KONTEN},
    "auskunft": frozenset({Recht.LESEN, Recht.ANSEHEN}),
    ADMINISTRATOR: frozenset({Recht.BENUTZER, Recht.ANSEHEN}),
}

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")

#: Failed logins in a row that are free, how long the next one waits (twice as long each further time), and the longest.
_FREI, _WARTEN, _LAENGSTENS = 5, timedelta(minutes=1), timedelta(hours=1)

#: Names without an account of which failed logins are remembered: strangers cannot make the table grow, nor fill it so
#: that an account's own are not counted any more.
_MAX_NAMEN = 10_000

#: Each half's other one.
_HAELFTEN = {"1": "2", "2": "1"}


@dataclass(frozen=True)
class Konto:
    """An account that has logged in. `kennung`: the authority whose administrator it is."""

    name: str
    rolle: str
    kennung: str | None
    sitzungen: int
    wechseln: bool  # it has only the first password

    def darf(self, recht: Recht, kennung: str | None = None) -> bool:
        """Whether it may do something, to the authority `kennung` if it is about one."""
        if self.wechseln or recht not in ROLLEN[self.rolle]:
            return False
        return self.kennung is None or self.kennung == kennung


class ZuOft(BehoerdenError):
    """Too many failed logins: nobody is let try before `bis`."""

    def __init__(self, bis: datetime) -> None:
        super().__init__(f"too many failed logins: try again after {bis.isoformat(timespec='seconds')}")
        self.bis = bis


def lege_an(v: Verwaltung, name: str, rolle: str, kennung: str | None = None) -> None:
    """Makes an account that nobody can use before both halves of its password have been given out."""
    with v.transaktion(f"the account {name} is there already") as t:
        lege_an_in(t, name, rolle, kennung)


def lege_an_in(t: Transaktion, name: str, rolle: str, kennung: str | None) -> None:
    """`lege_an` as part of something larger."""
    if not _NAME.fullmatch(name):
        raise BehoerdenError("the name of an account has 2 to 64 small letters, digits, '.', '_' and '-'")
    if rolle not in ROLLEN:
        raise BehoerdenError(f"{rolle} is no role: there are {', '.join(ROLLEN)}")
    if (rolle == ADMINISTRATOR) != (kennung is not None):
        raise BehoerdenError("an administrator is one of an authority, and nobody else is")
    if kennung is not None:
        verlange(t.connection, kennung)
    with t.aendere("anlegen", KONTO, name):
        werte = {"name": name, "rolle": rolle, "kennung": kennung, "gesperrt": False, "sitzungen": 0}
        t.connection.execute(insert(KONTO), werte)


def gib_haelfte(v: Verwaltung, name: str, welche: str) -> str:
    """One half ("1" or "2") of a new first password, shown this once. The password there was does not count any more.

    With four eyes nobody gets both halves.
    """
    if welche not in _HAELFTEN:
        raise BehoerdenError("a first password has the halves 1 and 2")
    haelfte = kennworte.neue_haelfte()
    andere = _HAELFTEN[welche]
    with v.aendere(f"haelfte_{welche}", KONTO, name) as t:
        konto = _verlange(t.connection, name)
        if v.sieht_doppelt(konto[f"haelfte_{andere}_von"]):
            raise BehoerdenError("this instance wants four eyes: another one must give out the other half")
        werte = {f"haelfte_{welche}": kennworte.versiegle(haelfte), f"haelfte_{welche}_von": v.wer}
        _setze(t, name, passwort=None, sitzungen=konto["sitzungen"] + 1, **werte)
    return haelfte


def sperre(v: Verwaltung, name: str, *, gesperrt: bool) -> None:
    """Blocks an account or lifts the block; its sessions end at once."""
    with v.aendere("sperren" if gesperrt else "entsperren", KONTO, name) as t:
        konto = _verlange(t.connection, name)
        if konto["gesperrt"] == gesperrt:
            raise BehoerdenError(f"the account {name} is {'blocked already' if gesperrt else 'not blocked'}")
        _setze(t, name, gesperrt=gesperrt, sitzungen=konto["sitzungen"] + 1)


def melde_ab(v: Verwaltung, name: str) -> None:
    """Ends all sessions of the account."""
    with v.aendere("abmelden", KONTO, name) as t:
        _setze(t, name, sitzungen=_verlange(t.connection, name)["sitzungen"] + 1)


def alle(v: Verwaltung) -> list[Zeile]:
    """Every account, without its secrets."""
    spalten = (KONTO.c.name, KONTO.c.rolle, KONTO.c.kennung, KONTO.c.gesperrt, KONTO.c.passwort.is_not(None))
    with store_errors("the accounts cannot be read"), v.engine.connect() as connection:
        rows = connection.execute(select(*spalten).order_by(KONTO.c.name)).all()
    return [dict(zip(("name", "rolle", "kennung", "gesperrt", "aktiv"), row, strict=True)) for row in rows]


# -- logging in --------------------------------------------------------------------------------------------------------


def melde_an(v: Verwaltung, name: str, kennwort: str) -> Konto:
    """The account, if name and password are right and it is not blocked. Of what is wrong nothing is said.

    Raises ZuOft after failed logins by the same name, whether there is such an account or not.
    """
    _check_fehlversuche(v, name)
    with store_errors("the accounts cannot be read"), v.engine.connect() as connection:
        row = connection.execute(select(KONTO).where(KONTO.c.name == name)).one_or_none()
    stimmt = _stimmt(row, kennwort[: kennworte.HOECHSTENS])
    if row is None or not stimmt or row.gesperrt:
        _merke_fehlversuch(v, name)
        raise BehoerdenError("name or password is wrong, or the account is blocked")
    _vergiss_fehlversuche(v, name)
    return _konto(row)


def waehle_passwort(v: Verwaltung, name: str, alt: str, neu: str) -> None:
    """Sets the account's own password, also in place of the first one; its sessions end."""
    bekannt = melde_an(v, name, alt)
    kennworte.check(neu, name)
    if neu == alt:
        raise BehoerdenError("the new password is the old one")
    sealed = kennworte.versiegle(neu)
    leer = dict.fromkeys(("haelfte_1", "haelfte_2", "haelfte_1_von", "haelfte_2_von"))
    with v.aendere("passwort", KONTO, name) as t:
        konto = _verlange(t.connection, name)
        if konto["gesperrt"] or konto["sitzungen"] != bekannt.sitzungen:
            raise BehoerdenError("the account was blocked or got another password just now")
        _setze(t, name, passwort=sealed, sitzungen=konto["sitzungen"] + 1, **leer)


def lies(v: Verwaltung, name: str) -> Konto | None:
    """The account as it is now; None where it is blocked or gone."""
    with store_errors("the accounts cannot be read"), v.engine.connect() as connection:
        row = connection.execute(select(KONTO).where(KONTO.c.name == name)).one_or_none()
    return None if row is None or row.gesperrt else _konto(row)


def _konto(row: Any) -> Konto:
    return Konto(row.name, row.rolle, row.kennung, row.sitzungen, row.passwort is None)


def _stimmt(row: Any, kennwort: str) -> bool:
    """Both halves are compared, whatever the first one says."""
    if row is None or row.passwort is not None or row.haelfte_1 is None or row.haelfte_2 is None:
        return kennworte.stimmt(kennwort, None if row is None else row.passwort)
    erste, zweite = kennwort[: kennworte.HAELFTE], kennwort[kennworte.HAELFTE :]
    return all([kennworte.stimmt(erste, row.haelfte_1), kennworte.stimmt(zweite, row.haelfte_2)])


def _check_fehlversuche(v: Verwaltung, name: str) -> None:
    with store_errors("the accounts cannot be read"), v.engine.connect() as connection:
        row = connection.execute(select(ANMELDUNG).where(ANMELDUNG.c.name == name)).one_or_none()
    if row is None or row.fehlversuche < _FREI:
        return
    warten = min(_WARTEN * 2 ** min(row.fehlversuche - _FREI, 10), _LAENGSTENS)
    bis = datetime.fromisoformat(row.zuletzt) + warten
    if v.uhr() < bis:
        raise ZuOft(bis)


def _merke_fehlversuch(v: Verwaltung, name: str) -> None:
    """A row a name; what is older than twice the longest wait is forgotten."""
    vor = (v.uhr() - 2 * _LAENGSTENS).isoformat(timespec="milliseconds")
    a = ANMELDUNG.c
    with v.transaktion() as t:
        c = t.connection
        c.execute(delete(ANMELDUNG).where(a.zuletzt < vor))
        if c.execute(
            update(ANMELDUNG).where(a.name == name).values(fehlversuche=a.fehlversuche + 1, zuletzt=v.jetzt)
        ).rowcount:
            return
        fremde = a.name.not_in(select(KONTO.c.name))
        if (c.scalar(select(func.count()).where(fremde)) or 0) >= _MAX_NAMEN:
            oldest = select(a.name).where(fremde).order_by(a.zuletzt, a.name).limit(1)
            c.execute(delete(ANMELDUNG).where(a.name.in_(oldest)))
        c.execute(insert(ANMELDUNG), {"name": name, "fehlversuche": 1, "zuletzt": v.jetzt})


def _vergiss_fehlversuche(v: Verwaltung, name: str) -> None:
    with store_errors("the accounts cannot be changed"), v.engine.begin() as connection:
        connection.execute(delete(ANMELDUNG).where(ANMELDUNG.c.name == name))


def _verlange(connection: Connection, name: str) -> Zeile:
    konto = zeile(connection, KONTO, name)
    if konto is None:
        raise NichtGefunden(f"there is no account {name}")
    return konto


def _setze(t: Transaktion, name: str, **werte: Any) -> None:
    t.connection.execute(update(KONTO).where(KONTO.c.name == name).values(**werte))
