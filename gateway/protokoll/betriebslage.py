"""What the Protokoll's database tells an operator: whether seals keep up, and what waits beside the record.

What waits in the outbox is counted as of the last full hour. A message there says that an answer hid somebody; counted
at any moment, with the log beside it, it would say which one. Requests to look at are the same for hidden and absent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, func, select

from gateway.database import store_errors
from gateway.protokoll.tabellen import EINTRAG, KOPF, NACHARBEIT, POSTAUSGANG
from gateway.protokoll.zeit import from_micros, micros

#: Tries in vain that take a quarter of an hour, with twice as long between them each time (`nacharbeit.lauf`).
OFT_GESCHEITERT = 5

#: Chains that are looked at, those that changed last: one for each process that writes.
_CHAINS = 64


@dataclass(frozen=True)
class Wartet:
    """How many wait, for how long the oldest is overdue (seconds), and how many of them failed before.

    `haengend`: how many failed so often that they wait for a quarter of an hour: their next try is never overdue.
    """

    anzahl: int
    sekunden: float
    gescheitert: int
    haengend: int = 0


@dataclass(frozen=True)
class Betriebslage:
    """At one moment."""

    siegelrueckstand: float  # seconds between a chain's newest seal and its newest entry, of the chain with the most
    neuester: datetime | None  # when the newest entry was stored
    nacharbeit: Wartet
    postausgang: Wartet  # as of the last full hour; `sekunden` since the oldest was taken in


def lies(engine: Engine, now: datetime) -> Betriebslage:
    """Reads through `engine`, which may be read-only. Raises StoreError."""
    with store_errors("the Protokoll cannot be read"), engine.connect() as connection:
        heads = connection.execute(
            select(KOPF.c.kette, KOPF.c.geaendert).order_by(KOPF.c.geaendert.desc()).limit(_CHAINS)
        ).all()
        sealed = [connection.scalar(_newest_seal(chain)) for chain, _ in heads]
        waiting = connection.execute(_nacharbeit()).one()
        hour = micros(now.astimezone(UTC).replace(minute=0, second=0, microsecond=0))
        messages = connection.execute(_postausgang(hour)).one()
    pairs = [(changed, seal) for (_, changed), seal in zip(heads, sealed, strict=True) if seal is not None]
    return Betriebslage(
        siegelrueckstand=max(((changed - seal) / 1e6 for changed, seal in pairs), default=0.0),
        neuester=from_micros(heads[0].geaendert) if heads else None,
        nacharbeit=_wartet(waiting, micros(now)),
        postausgang=_wartet(messages, hour),
    )


def _newest_seal(chain: int) -> Select[Any]:
    """When the last sealed entry of a chain was stored. Seals are about a second apart: not far from the end."""
    e = EINTRAG.c
    return select(e.gespeichert).where(e.kette == chain, e.siegel.is_not(None)).order_by(e.nummer.desc()).limit(1)


def _nacharbeit() -> Select[int, Any, int, int]:
    n = NACHARBEIT.c
    failed, often = (func.count().filter(n.versuche >= least) for least in (1, OFT_GESCHEITERT))
    return select(func.count(), func.min(n.faellig), failed, often).select_from(NACHARBEIT)


def _postausgang(hour: int) -> Select[int, Any, int]:
    """Their age is counted from the beginning, so none of them hangs unseen."""
    p = POSTAUSGANG.c
    return select(func.count(), func.min(p.angelegt), func.count().filter(p.versuche > 0)).where(
        p.faellig.is_not(None), p.angelegt < hour
    )


def _wartet(row: Row[*tuple[Any, ...]], now: int) -> Wartet:
    count, oldest, *failed = row
    return Wartet(count, max(now - oldest, 0) / 1e6 if oldest is not None else 0.0, *failed)
