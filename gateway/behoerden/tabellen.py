"""Tables of the register of authorities."""

from sqlalchemy import Boolean, Column, Engine, ForeignKey, Index, Integer, MetaData, Table, Text

from gateway.database import store_errors

METADATA = MetaData()

BEHOERDE = Table(
    "behoerde",
    METADATA,
    Column("kennung", Text, primary_key=True),  # with prefix: dbs:060030020000
    Column("name", Text, nullable=False),
    Column("rolle", Text, nullable=False),
    Column("gesperrt", Boolean, nullable=False),
    Column("azr_berechtigt", Boolean, nullable=False),
    Column("protokoll_beauftragt", Boolean, nullable=False),
    Column("zentrale_stelle", Boolean, nullable=False),
    Column("nummer", Integer),  # of § 34 (4) S. 1 BMG
    Column("trotz_sperre", Boolean, nullable=False),  # § 34a (6) BMG
)

#: Users who may receive data in spite of a block, § 34a (6) BMG: as a message names them in `kennung`.
ERMAECHTIGTE = Table(
    "behoerde_ermaechtigte",
    METADATA,
    Column("kennung", Text, ForeignKey("behoerde.kennung"), primary_key=True),
    Column("benutzer", Text, primary_key=True),
)

#: A certificate belongs to one authority; an authority may have several at once (rollover).
ZERTIFIKAT = Table(
    "behoerde_zertifikat",
    METADATA,
    Column("fingerprint", Text, primary_key=True),  # SHA-256 of the DER, lower-case hex
    Column("kennung", Text, ForeignKey("behoerde.kennung"), nullable=False),
    Index("behoerde_zertifikat_kennung", "kennung"),
)

#: Who may read the Protokoll, § 40 (5) BMG: the operator's ("") or that of an authority which has commissioned it.
LESER = Table(
    "protokoll_leser",
    METADATA,
    Column("wer", Text, primary_key=True),
    Column("mandant", Text, primary_key=True),
)

#: Requests to read it, where the instance wants four eyes.
EINSICHTSANTRAG = Table(
    "protokoll_einsichtsantrag",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("wer", Text, nullable=False),
    Column("mandant", Text, nullable=False),
    Column("zweck", Text, nullable=False),
    Column("referenz", Text, nullable=False),
    Column("gestellt", Text, nullable=False),  # ISO 8601 in UTC, as `bestaetigt`
    Column("bestaetigt", Text),
    Column("bestaetigt_von", Text),
)


def create_schema(engine: Engine) -> None:
    """Makes the tables; does nothing where they are. Raises StoreError."""
    with store_errors("the tables of the authorities cannot be made"), engine.begin() as connection:
        METADATA.create_all(connection)
