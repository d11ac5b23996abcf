"""The mirror's tables: the whole record as a document, and beside it the data by which it is found.

`suchdatum` holds each datum of a person with its kind, pairs of family name and first name among them, and has two
orders: by value, which leads from a datum straight to the persons who have it, and by person, which tells of one found
so whether he has the other data too. The last days of the blocks stand in the first order behind the municipality: a
search of one municipality walks the range of those whose block is over and never meets a blocked person; any other
leaves them out by the index alone, before anything of them is read.

There are no foreign keys: one class writes all tables, a row without its person joins nothing, and a third of the time
of a load would go into them (PostgreSQL).

No text column is ever NULL: empty stands for "not in the register", and no query compares with an empty text but those
for what is only there or not.
"""

from sqlalchemy import BigInteger, Column, Engine, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from gateway.database import store_errors
from gateway.meldewesen.suchdaten import Wohnungsform

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
    Column("sperre_bis", _KEY, nullable=False),  # last day of a § 51 block, see meldewesen.sperren
    Column("veranlasst_bis", _KEY, nullable=False),  # of one that a body of § 34 (5) BMG had set
    Column("datensatz", Text, nullable=False),  # JSON
    Unique("ags", "ordnungsmerkmal"),
    Unique("merkmal", "sperre_bis"),  # a follow-up never meets the row of a blocked person
)
_BLOCKED = person.c.sperre_bis != ""
Index("person_gesperrt", person.c.ags, person.c.sperre_bis, postgresql_where=_BLOCKED, sqlite_where=_BLOCKED)


def _key(name: str) -> Column[str]:
    return Column(name, _KEY, primary_key=True)


def _person_id() -> Column[int]:
    return Column("person_id", _ID, primary_key=True, autoincrement=False)


suchdatum = Table(
    "suchdatum",
    metadata,
    Column("art", SmallInteger, primary_key=True, autoincrement=False),  # meldewesen.suchdaten.Art
    _key("wert"),
    _key("ags"),
    _key("sperre_bis"),
    _key("veranlasst_bis"),
    _person_id(),
    Index("suchdatum_person", "person_id", "art", "wert"),
    sqlite_with_rowid=False,
)

#: The dwellings, current and former, here and elsewhere: what is asked of one must hold for the same.
wohnung = Table(
    "wohnung",
    metadata,
    _person_id(),
    Column("nummer", SmallInteger, primary_key=True, autoincrement=False),
    *(Column(name, _KEY, nullable=False) for name in Wohnungsform._fields),
    sqlite_with_rowid=False,
)

#: Street names of a municipality (Rückweisung 02), from its street directory and from its persons' addresses. One that
#: is known from blocked persons only counts for whom these are seen, or the street would tell of them.
strasse = Table(
    "strasse",
    metadata,
    *(_key(name) for name in ("ags", "name", "sperre_bis", "veranlasst_bis")),
    sqlite_with_rowid=False,
)


def create_schema(engine: Engine) -> None:
    """Creates the tables that do not exist yet. Raises StoreError."""
    with store_errors("the mirror's tables cannot be created"):
        metadata.create_all(engine)
