"""What authorities had, against their quotas: `gateway.ports.Kontingente`, over all processes.

Requests per second are counted in memory that the processes share (`takt`). A day's requests and Treffer stand in the
database; each process adds what it has let through when that is a hundredth of the quota, and learns the sum. So each
further process may go beyond a quota by less than a hundredth of it (below 200 not at all: then every request is added
at once), and an answer that is being given when the quota of Treffer is reached is still given.
A process that dies forgets less than a hundredth.
"""

import threading
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite

from gateway.behoerden.tabellen import VERBRAUCH
from gateway.behoerden.takt import Takt
from gateway.database import store_errors
from gateway.meldewesen.behoerde import Behoerde
from gateway.meldewesen.rechte import Rechte, Verbrauch

#: The part of a quota that a process keeps to itself.
_TEIL = 100

_NICHTS = Verbrauch()


@dataclass
class _Stand:
    """Of one authority in this process: the sum on its day as the database had it, and what it does not have yet."""

    tag: str = ""
    summe: Verbrauch = _NICHTS
    offen: Verbrauch = _NICHTS
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def verbrauch(self) -> Verbrauch:
        return _plus(self.summe, self.offen)


class SqlKontingente:
    """Counts in `engine`, which must be able to write; opened when a limited authority asks first."""

    def __init__(self, engine: Engine, takt: Takt) -> None:
        self._engine = engine
        self._takt = takt
        self._staende: dict[str, _Stand] = {}

    def im_takt(self, behoerde: Behoerde) -> bool:
        """See `gateway.ports.Kontingente`."""
        je_sekunde = behoerde.zugang.rechte.je_sekunde
        return je_sekunde is None or self._takt.nimm(behoerde.kennung, je_sekunde)

    def nimm(self, behoerde: Behoerde, tag: str) -> Verbrauch | None:
        """See `gateway.ports.Kontingente`."""
        rechte = behoerde.zugang.rechte
        if not _begrenzt(rechte):
            return None
        stand = self._stand(behoerde)
        with stand.lock:
            self._beginne(stand, behoerde, tag)
            if _erschoepft(stand.verbrauch, rechte):
                return stand.verbrauch
            self._buche(stand, behoerde, Verbrauch(anfragen=1))
            return _plus(stand.verbrauch, Verbrauch(anfragen=-1))  # others may have been first

    def buche_treffer(self, behoerde: Behoerde, tag: str, treffer: int) -> None:
        """See `gateway.ports.Kontingente`."""
        if not _begrenzt(behoerde.zugang.rechte):
            return
        stand = self._stand(behoerde)
        with stand.lock:
            if tag < stand.tag:  # it began before midnight
                self._addiere(behoerde.kennung, tag, Verbrauch(treffer=treffer))
                return
            self._beginne(stand, behoerde, tag)
            self._buche(stand, behoerde, Verbrauch(treffer=treffer))

    def _stand(self, behoerde: Behoerde) -> _Stand:
        return self._staende.setdefault(behoerde.kennung, _Stand())

    def _beginne(self, stand: _Stand, behoerde: Behoerde, tag: str) -> None:
        """The first time on a day: what was kept of another one is added, and what others have let through read."""
        if stand.tag != tag:
            if stand.offen != _NICHTS:
                self._addiere(behoerde.kennung, stand.tag, stand.offen)
            stand.summe = self._addiere(behoerde.kennung, tag, _NICHTS)
            stand.tag, stand.offen = tag, _NICHTS

    def _buche(self, stand: _Stand, behoerde: Behoerde, mehr: Verbrauch) -> None:
        offen, rechte = _plus(stand.offen, mehr), behoerde.zugang.rechte
        if _voll(offen.anfragen, rechte.je_tag) or _voll(offen.treffer, rechte.treffer_je_tag):
            stand.summe, offen = self._addiere(behoerde.kennung, stand.tag, offen), _NICHTS
        stand.offen = offen

    def _addiere(self, kennung: str, tag: str, mehr: Verbrauch) -> Verbrauch:
        """The sum after it. Raises StoreError."""
        v = VERBRAUCH.c
        kind = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        insert = kind(VERBRAUCH).values(kennung=kennung, tag=tag, anfragen=mehr.anfragen, treffer=mehr.treffer)
        added = insert.on_conflict_do_update(
            index_elements=[v.kennung, v.tag],
            set_={"anfragen": v.anfragen + insert.excluded.anfragen, "treffer": v.treffer + insert.excluded.treffer},
        ).returning(v.anfragen, v.treffer)
        with store_errors("the quotas cannot be counted"), self._engine.begin() as connection:
            return Verbrauch(*connection.execute(added).one())


def _begrenzt(rechte: Rechte) -> bool:
    return rechte.je_tag is not None or rechte.treffer_je_tag is not None


def _erschoepft(verbrauch: Verbrauch, rechte: Rechte) -> bool:
    pairs = ((rechte.je_tag, verbrauch.anfragen), (rechte.treffer_je_tag, verbrauch.treffer))
    return any(grenze is not None and verbraucht >= grenze for grenze, verbraucht in pairs)


def _voll(offen: int, grenze: int | None) -> bool:
    return grenze is not None and offen * _TEIL >= max(grenze, _TEIL)


def _plus(one: Verbrauch, other: Verbrauch) -> Verbrauch:
    return Verbrauch(one.anfragen + other.anfragen, one.treffer + other.treffer)
