"""From the Protokoll to the rows that rules see: columns and digests first, a content only where nothing else tells.

A user, and an Anlass, is one digest within a month, so each is read from one content and remembered. All contents are
opened of freie Suchen alone, and of users whose Kennung may be a name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select, tuple_

from gateway.auswertung.merkmale import eigener_name, grenznah, namensteile
from gateway.auswertung.regeln import OFT
from gateway.auswertung.zeile import Abrufzeile
from gateway.database import store_errors
from gateway.errors import FaultCode
from gateway.meldewesen.anfrage import NEUTRAL
from gateway.meldewesen.regeln_zugang import RECHT, ZUGANG
from gateway.ports import Suchart
from gateway.protokoll.monat import BERLIN, monat_von
from gateway.protokoll.monatsschluessel import Monatsschluessel, Schluesselbund, decrypt_inhalt
from gateway.protokoll.satz import unpack_inhalt
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.stelle import Stelle
from gateway.protokoll.tabellen import EINTRAG, KETTE, LOESCHUNG, SCHLUESSEL, VERZEICHNIS
from gateway.protokoll.verzeichnis import rows_of
from gateway.protokoll.zeit import from_micros, micros

SCHRITT = 1000  # entries read at a time

_SPALTEN = ("kette", "nummer", "gespeichert", "empfangen", "behoerde", "nachrichtentyp", "ergebnis", "codes", "treffer")
_TAKT = FaultCode.TOO_MANY_REQUESTS.name

#: Codes of an entry that say that a limit of the operator's own refused it.
_GRENZEN = frozenset({_TAKT, RECHT, *(regel.marke for regel in ZUGANG)})

_ABRUFE = (
    select(
        *(EINTRAG.c[name] for name in (*_SPALTEN, "schluessel", "inhalt", "verzeichnis")),
        SCHLUESSEL.c.mandant,
        KETTE.c.kennung,
    )
    .join(KETTE, KETTE.c.nr == EINTRAG.c.kette)
    .outerjoin(SCHLUESSEL, SCHLUESSEL.c.id == EINTRAG.c.schluessel)
    .where(
        EINTRAG.c.behoerde.is_not(None),
        EINTRAG.c.ergebnis.in_(("auskunft", "rueckweisung"))
        | ((EINTRAG.c.ergebnis == "fault") & EINTRAG.c.codes.startswith(_TAKT, autoescape=True)),
    )
)
_FREIE_SUCHE = "1332"


def zeilen(
    engine: Engine, schluessel: Protokollschluessel, von: datetime, bis: datetime, mandant: str = ""
) -> Iterator[Abrufzeile]:
    """The requests answered, or stopped by the rate limit, from `von` until before `bis`, in the order of storage, as
    `mandant` may see them.

    The operator sees the technical part of what is recorded for an authority's eyes alone; an authority sees its own.
    Raises StoreError.
    """
    with store_errors("the Protokoll cannot be read"), engine.connect() as connection:
        quelle = _Quelle(connection, schluessel, mandant)
        for row in _rows(connection, micros(von), micros(bis), mandant):
            yield quelle.zeile(row)


def geloescht(engine: Engine, von: datetime, bis: datetime) -> int:
    """How many entries of these months are gone by a record (§ 40 (5) BMG), and were not looked at. Raises StoreError.

    Of whichever kind and authority: a record of a deletion tells no more.
    """
    months = LOESCHUNG.c.monat.between(monat_von(micros(von)), monat_von(micros(bis) - 1))
    query = select(func.coalesce(func.sum(LOESCHUNG.c.anzahl), 0)).where(months)
    with store_errors("the Protokoll cannot be read"), engine.connect() as connection:
        return int(connection.scalar(query) or 0)


def _rows(connection: Connection, von: int, bis: int, mandant: str) -> Iterator[Any]:
    """In steps of their own: no statement runs long, no transaction stays open."""
    e = EINTRAG.c
    query = _ABRUFE.where(e.gespeichert < bis).order_by(e.gespeichert, e.kette, e.nummer).limit(SCHRITT)
    if mandant:
        query = query.where(e.behoerde == mandant)
    last = (von, 0, 0)
    place = tuple_(e.gespeichert, e.kette, e.nummer)
    while rows := connection.execute(query.where(e.gespeichert >= last[0], place > last)).all():
        yield from rows
        last = (rows[-1].gespeichert, rows[-1].kette, rows[-1].nummer)


@dataclass(frozen=True)
class _Digests:
    """Of an entry's index."""

    nutzer: bytes
    anlass: bytes
    person: bytes | None


class _Quelle:
    """Turns rows into Abrufzeilen; remembers what months and their digests mean."""

    def __init__(self, connection: Connection, schluessel: Protokollschluessel, mandant: str) -> None:
        self._connection = connection
        self._schluessel = schluessel
        self._bund = Schluesselbund(schluessel)
        self._mandant = mandant
        self._keys: dict[str, Monatsschluessel | None] = {}
        self._monat = ""  # id of the key that all below belongs to
        self._nutzer: dict[bytes, tuple[str, tuple[str, ...]]] = {}
        self._anlass: dict[bytes, str] = {}
        self._oft: frozenset[bytes] = frozenset()

    def zeile(self, row: Any) -> Abrufzeile:
        """What may be seen of an entry."""
        when = from_micros(row.empfangen).astimezone(BERLIN)
        vorne = (Stelle(row.kette, row.nummer), when.toordinal(), when.hour, when.year * 100 + when.month, row.behoerde)
        neutral = row.ergebnis == "auskunft" and row.codes == NEUTRAL.status
        grenze = not _GRENZEN.isdisjoint(row.codes.split())
        # Of a held entry whose month is gone only the hold knows for whose eyes it is: nobody evaluates that.
        if row.inhalt is None or row.verzeichnis is None or row.mandant != self._mandant:
            fault = row.ergebnis == "fault"
            return Abrufzeile(*vorne, nutzer="", neutral=neutral, ueber_grenze=grenze, fault=fault)
        if row.schluessel != self._monat:
            self._beginne(row.schluessel)
        digests = _digests(row)
        inhalt: Mapping[str, Any] | None = None
        if (
            digests.nutzer not in self._nutzer
            or digests.anlass not in self._anlass
            or row.nachrichtentyp == _FREIE_SUCHE
        ):
            inhalt = self._inhalt(row)
            kennung = str(inhalt.get("kennung") or "")
            self._nutzer[digests.nutzer] = (kennung, namensteile(kennung))
            self._anlass[digests.anlass] = " ".join(str(inhalt.get("anlass") or "").casefold().split())
        kennung, teile = self._nutzer[digests.nutzer]
        if teile and row.treffer and inhalt is None:
            inhalt = self._inhalt(row)
        return Abrufzeile(
            *vorne,
            nutzer=kennung,
            person=digests.person,
            oft=digests.person in self._oft,
            neutral=neutral,
            anlass=self._anlass[digests.anlass],
            grenznah=inhalt is not None and grenznah(inhalt.get("auswahldaten") or {}),
            eigener_name=inhalt is not None and bool(teile) and _eigener(teile, inhalt),
            ueber_grenze=grenze,
        )

    def _beginne(self, key_id: str) -> None:
        """Another month: who is asked for often in it, by a look at the index alone."""
        self._monat = key_id
        self._nutzer.clear()
        self._anlass.clear()
        key = self._key(key_id)
        self._oft = frozenset(self._often(key.monat)) if key is not None else frozenset()

    def _often(self, monat: int) -> Iterator[bytes]:
        """By the digests' first bytes, so that no statement runs long."""
        v = VERZEICHNIS.c
        for art in (Suchart.PERSON, Suchart.NAME):
            query = select(v.digest).where(v.monat == monat, v.art == art)
            query = query.group_by(v.digest).having(func.count() >= OFT)
            for byte in range(256):
                within = query.where(v.digest >= bytes((byte,)))
                if byte < 255:
                    within = within.where(v.digest < bytes((byte + 1,)))
                yield from self._connection.scalars(within)

    def _key(self, key_id: str) -> Monatsschluessel | None:
        if key_id not in self._keys:
            self._keys[key_id] = self._bund.named(self._connection, key_id)
        return self._keys[key_id]

    def _inhalt(self, row: Any) -> Mapping[str, Any]:
        """Empty where it cannot be opened: `protokoll verify` finds that."""
        key = self._key(row.schluessel)
        if key is None:
            return {}
        try:
            own = key.inhaltsschluessel(row.kennung, row.nummer)
            return unpack_inhalt(decrypt_inhalt(own, row.inhalt, row.kennung, row.nummer))
        except ValueError:
            return {}


def _digests(row: Any) -> _Digests:
    """Who was meant is the one who was told of, else the one who was named; of a list nobody knows."""
    found: dict[int, bytes] = {}
    for _, art, digest, _, _ in rows_of(0, row.verzeichnis, row.kette, row.nummer):
        found.setdefault(art, digest)
    told = found.get(Suchart.PERSON) if row.treffer == 1 else None  # none where another Land's register told of him
    person = told or (found.get(Suchart.NAME) if row.treffer <= 1 else None)
    return _Digests(found.get(Suchart.NUTZER, b""), found.get(Suchart.ANLASS, b""), person)


def _eigener(teile: tuple[str, ...], inhalt: Mapping[str, Any]) -> bool:
    return any(
        eigener_name(teile, daten.get("familienname"), daten.get("vornamen"))
        for one in inhalt.get("treffer") or ()
        if isinstance(daten := one.get("daten"), dict)
    )
