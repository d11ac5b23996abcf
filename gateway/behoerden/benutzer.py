"""An authority's users, as its administrators and the operator change them. Every function raises BehoerdenError for
what cannot be, and StoreError.
"""

from sqlalchemy import insert, update

from gateway.behoerden.aenderungen import Verwaltung, mit_schluessel, zeile
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.stamm import check_benutzer, setze, verlange
from gateway.behoerden.tabellen import BEHOERDE, BENUTZER

#: Who has blocked a user: the administrator cannot take back what the operator did.
_BETREIBER, _BEHOERDE = "betreiber", "behoerde"


def nur_benutzer(v: Verwaltung, kennung: str, *, nur: bool) -> None:
    """Whether only registered users of the authority may ask, or whoever it lets."""
    with v.aendere("nur_benutzer", BEHOERDE, kennung) as t:
        verlange(t.connection, kennung)
        setze(t, kennung, nur_benutzer=nur)


def lege_an(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """Registers a user, as messages name it."""
    check_benutzer(benutzer)
    with v.aendere("anlegen", BENUTZER, kennung, benutzer, vergeben=f"{benutzer} is there already") as t:
        verlange(t.connection, kennung)
        t.connection.execute(insert(BENUTZER), {"kennung": kennung, "benutzer": benutzer, "gesperrt": None})


def sperre(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """Blocks a user, registered or not, within a second in every process. The operator's block outdoes the other."""
    check_benutzer(benutzer)
    durch = _BEHOERDE if v.fuer else _BETREIBER
    with v.aendere("sperren", BENUTZER, kennung, benutzer) as t:
        verlange(t.connection, kennung)
        there = zeile(t.connection, BENUTZER, kennung, benutzer)
        if there is None:
            t.connection.execute(insert(BENUTZER), {"kennung": kennung, "benutzer": benutzer, "gesperrt": durch})
        elif there["gesperrt"] in (durch, _BETREIBER):
            raise BehoerdenError(f"{benutzer} is blocked already")
        else:
            t.connection.execute(mit_schluessel(update(BENUTZER), BENUTZER, kennung, benutzer).values(gesperrt=durch))


def entsperre(v: Verwaltung, kennung: str, benutzer: str) -> None:
    """Lifts the block; what the operator has blocked, an authority's administrator cannot free."""
    with v.aendere("entsperren", BENUTZER, kennung, benutzer) as t:
        verlange(t.connection, kennung)
        there = zeile(t.connection, BENUTZER, kennung, benutzer)
        if there is None or there["gesperrt"] is None:
            raise BehoerdenError(f"{benutzer} is not blocked")
        if v.fuer and there["gesperrt"] == _BETREIBER:
            raise BehoerdenError(f"{benutzer} was blocked by the operator")
        t.connection.execute(mit_schluessel(update(BENUTZER), BENUTZER, kennung, benutzer).values(gesperrt=None))
