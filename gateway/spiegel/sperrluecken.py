"""Where one record tells what another's block hides.

A municipality that stores a block of § 51 BMG tells those of the former, the new and further dwellings, which store it
too (§ 33 (4) BMG). Until they have, or where they forget to, their records of the same person still lead to her; so
does a second record of her in the same register. Nothing that is delivered says for certain that two records are of one
person, so nobody is hidden because of it: it is for the municipalities to look at, at once.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from gateway.database import snapshot, store_errors
from gateway.meldewesen.suchdaten import AKTUELLE, PAAR_GANZ, Art
from gateway.spiegel.tabellen import person, suchdatum, wohnung


@dataclass(frozen=True, order=True)
class Sperrluecke:
    """The record (AGS, Ordnungsmerkmal) that is not blocked and has the dwelling of somebody who by the municipality
    `gesperrt_in` (AGS) is: of the same day of birth and the same name, by sound at least.
    """

    ags: str
    ordnungsmerkmal: str
    gesperrt_in: str


def sperrluecken(engine: Engine, heute: str) -> list[Sperrluecke]:
    """All of them on `heute` (YYYY-MM-DD), by municipality. Looks at every blocked person.

    `engine` only reads: loads go on meanwhile. Raises StoreError.
    """
    other, hier, dort = person.alias(), wohnung.alias(), wohnung.alias()
    born, born_too, named, named_too = (suchdatum.alias() for _ in range(4))
    query = (
        select(other.c.ags, other.c.ordnungsmerkmal, person.c.ags)
        .distinct()
        .select_from(person)
        .join(hier, (hier.c.person_id == person.c.id) & (hier.c.gemeinde == person.c.ags))
        .join(born, (born.c.person_id == person.c.id) & (born.c.art == Art.GEBURTSDATUM))
        .join(born_too, (born_too.c.art == born.c.art) & (born_too.c.wert == born.c.wert))
        .join(other, other.c.id == born_too.c.person_id)
        .join(named, (named.c.person_id == person.c.id) & named.c.art.in_(PAAR_GANZ))
        .join(named_too, (named_too.c.person_id == other.c.id) & named_too.c.art.in_(PAAR_GANZ))
        .join(dort, dort.c.person_id == other.c.id)
        .where(person.c.sperre_bis >= heute, other.c.sperre_bis < heute)
        .where(hier.c.aktuell == AKTUELLE, hier.c.strasse != "", named_too.c.wert == named.c.wert)
        .where(*(dort.c[name] == hier.c[name] for name in ("gemeinde", "strasse", "hausnummer")))
    )
    with store_errors("the mirror cannot be read"), snapshot(engine) as connection:
        return sorted(Sperrluecke(*row) for row in connection.execute(query))
