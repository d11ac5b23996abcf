"""The mirror's tables: the whole record as a document, and beside it the forms by which it is found.

`suchpaar` holds each family name of a person with each first name, as normal forms (letters) and as phonetic codes
(digits) alike: a query's pair leads straight to its candidates, whichever kind it is. The last day of a block stands in
that key, behind the names: a search walks the range of those whose block is over and never meets a blocked person.

There are no foreign keys: one class writes all tables, a row without its person joins nothing, and a third of the time
of a load would go into them (PostgreSQL).

No text column is ever NULL: empty stands for "not in the register", and no query compares with an empty text but that
for a place in Germany, which has no state.
"""

from sqlalchemy import BigInteger, Column, Engine, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from gateway.database import store_errors

#: Keys are compared byte by byte, whatever the database's locale.
_KEY = Text().with_variant(Text(collation="C"), "postgresql")

#: On SQLite only INTEGER is the table's own key.
_ID = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

person = Table(
    "person",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("ags", _KEY, nullable=False),
    Column("ordnungsmerkmal", _KEY, nullable=False),
    Column("merkmal", LargeBinary, nullable=False),  # 16 random bytes, kept when the record is replaced
    Column("sperre_bis", _KEY, nullable=False),  # last day of a § 51 block, see meldewesen.suchformen
    Column("geschlecht", _KEY, nullable=False),
    Column("geburtsort", _KEY, nullable=False),
    Column("geburtsstaat", _KEY, nullable=False),
    Column("sterbedatum", _KEY, nullable=False),
    Column("sterbeort", _KEY, nullable=False),
    Column("sterbestaat", _KEY, nullable=False),
    Column("azr_nummer", _KEY, nullable=False),
    Column("datensatz", Text, nullable=False),  # JSON
    Unique("ags", "ordnungsmerkmal"),
    Unique("merkmal", "sperre_bis"),  # as in `suchpaar`: a follow-up never meets the row of a blocked person
)
_BLOCKED = person.c.sperre_bis != ""
Index("person_gesperrt", person.c.ags, person.c.sperre_bis, postgresql_where=_BLOCKED, sqlite_where=_BLOCKED)


def _key(name: str) -> Column[str]:
    return Column(name, _KEY, primary_key=True)


def _person_id() -> Column[int]:
    return Column("person_id", _ID, primary_key=True, autoincrement=False)


suchpaar = Table(
    "suchpaar",
    metadata,
    _key("ags"),
    _key("familie"),
    _key("vorname"),
    _key("sperre_bis"),
    _person_id(),
    Index("suchpaar_person", "person_id"),
    sqlite_with_rowid=False,
)

kuenstlername = Table(
    "kuenstlername",
    metadata,
    _key("ags"),
    _key("name"),
    _key("sperre_bis"),
    _person_id(),
    Index("kuenstlername_person", "person_id"),
    sqlite_with_rowid=False,
)

geburtsdatum = Table("geburtsdatum", metadata, _person_id(), _key("datum"), sqlite_with_rowid=False)

#: Current and former addresses in the municipality of the record.
anschrift = Table(
    "anschrift",
    metadata,
    _person_id(),
    _key("strasse"),
    _key("postleitzahl"),
    _key("hausnummer"),
    _key("hausnummer_zusatz"),
    _key("hausnummer_teil"),
    sqlite_with_rowid=False,
)

#: Street names of a municipality (Rückweisung 02), from its street directory and from its persons' addresses. One that
#: is known from blocked persons only counts when their block is over, or the street would tell of them.
strasse = Table("strasse", metadata, _key("ags"), _key("name"), _key("sperre_bis"), sqlite_with_rowid=False)


def create_schema(engine: Engine) -> None:
    """Creates the tables that do not exist yet. Raises StoreError."""
    with store_errors("the mirror's tables cannot be created"):
        metadata.create_all(engine)
