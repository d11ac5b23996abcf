"""Tables of the Protokoll.

`protokoll` is append-only: the gateway inserts and reads there, until a month's time has come and all of it goes. On
PostgreSQL it and its index are partitioned by month (`monate`), on SQLite they are plain tables. `protokoll_kopf` and
`protokoll_stand` are overwritten on purpose: their signed old values do not stay in the database, so whoever removes
the newest entries finds nothing there to put in place of the head. `nacharbeit` and `postausgang` are no part of the
record: what waits there came with its entry, in one transaction, and goes when it is done; of what was delivered a row
stays as long as entries do. Times are microseconds since 1970 in UTC.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

METADATA = MetaData()

#: The register of chains: one per start of a writer.
KETTE = Table(
    "protokoll_kette",
    METADATA,
    Column("nr", BigInteger, primary_key=True, autoincrement=False),
    Column("kennung", LargeBinary, nullable=False),  # 16 random bytes
    Column("begonnen", BigInteger, nullable=False),
    Column("siegel_schluessel", Text, nullable=False),
    Column("fassung", Integer, nullable=False),  # how its entries are hashed
    Column("vorgaenger", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

#: The end of each chain, signed with every batch.
KOPF = Table(
    "protokoll_kopf",
    METADATA,
    Column("kette", BigInteger, primary_key=True, autoincrement=False),
    Column("nummer", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("geaendert", BigInteger, nullable=False),
    Column("siegel", LargeBinary, nullable=False),
)

#: The end of the register of chains, signed: one row.
STAND = Table(
    "protokoll_stand",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("wurzel", LargeBinary, nullable=False),  # 16 random bytes that tell one Protokoll from another
    Column("ketten", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("siegel", LargeBinary, nullable=False),
)

EINTRAG = Table(
    "protokoll",
    METADATA,
    Column("kette", BigInteger, nullable=False),
    Column("nummer", BigInteger, nullable=False),
    Column("gespeichert", BigInteger, nullable=False),
    Column("empfangen", BigInteger, nullable=False),
    Column("beantwortet", BigInteger, nullable=False),
    Column("transport", Text, nullable=False),
    Column("anfrage_digest", LargeBinary, nullable=False),
    Column("antwort_digest", LargeBinary, nullable=False),
    Column("ergebnis", Text, nullable=False),
    Column("codes", Text, nullable=False),  # separated by blanks
    Column("behoerde", Text),
    Column("fingerprint", Text),
    Column("nachrichtentyp", Text),
    Column("nachricht_uuid", Text),
    Column("nachricht_digest", LargeBinary),
    Column("vermittlung", Text),  # JSON: what was asked of another Land, and how that ended; NULL: nothing was
    Column("anspruch", LargeBinary),  # the entry took a message UUID: see `protokoll_anspruch`
    Column("wiederholung", Integer, nullable=False),  # 1: same authority, UUID and content as an earlier entry
    Column("treffer", BigInteger, nullable=False),
    Column("schluessel", Text),  # id of the key of `inhalt`, in `protokoll_schluessel`
    Column("inhalt", LargeBinary),  # nonce and AES-256-GCM of the compressed JSON
    Column("verzeichnis", LargeBinary),  # what `protokoll_index` has of it: of each its art in a byte, its digest
    Column("verweise", LargeBinary),  # heads of other chains as seen; not NULL in a sealed entry
    Column("vorgaenger", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("siegel", LargeBinary),
    Column("monat", Integer, nullable=False),  # of `gespeichert`; GEHALTEN: held back from deletion
    PrimaryKeyConstraint("kette", "nummer", "monat"),
    Index("protokoll_gespeichert", "gespeichert"),
    Index("protokoll_behoerde", "behoerde", "gespeichert"),
    postgresql_partition_by="LIST (monat)",
)
#: Message UUIDs that are taken; each goes with the entry that took it.
ANSPRUCH = Table(
    "protokoll_anspruch",
    METADATA,
    Column("anspruch", LargeBinary, primary_key=True),  # digest of authority and UUID
    Column("nachricht_digest", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: What entries can be found by: digests under the key of their month and Mandant, which goes with the month.
VERZEICHNIS = Table(
    "protokoll_index",
    METADATA,
    Column("monat", Integer, nullable=False),
    Column("art", SmallInteger, nullable=False),  # ports.Suchart
    Column("digest", LargeBinary, nullable=False),
    Column("kette", BigInteger, nullable=False),
    Column("nummer", BigInteger, nullable=False),
    PrimaryKeyConstraint("monat", "art", "digest", "kette", "nummer"),
    postgresql_partition_by="LIST (monat)",
    sqlite_with_rowid=False,
)

#: Keys of months, wrapped. A backup must not keep them longer than this table does: keep it apart from the rows.
SCHLUESSEL = Table(
    "protokoll_schluessel",
    METADATA,
    Column("id", Text, nullable=False, unique=True),
    Column("monat", Integer, primary_key=True, autoincrement=False),
    Column("mandant", Text, primary_key=True),  # "": the operator; else the authority whose Protokoll it is
    Column("tresor", Text, nullable=False),  # id of the key that wraps
    Column("huelle", LargeBinary, nullable=False),  # nonce and AES-256-GCM
)

#: Records of deletions, signed and chained; no personal data.
LOESCHUNG = Table(
    "protokoll_loeschung",
    METADATA,
    Column("nr", BigInteger, primary_key=True, autoincrement=False),
    Column("monat", Integer, nullable=False),
    Column("regel", Text, nullable=False),
    Column("geloescht", BigInteger, nullable=False),
    Column("anzahl", BigInteger, nullable=False),  # of entries
    Column("bereiche", Text, nullable=False),  # JSON: of each run of numbers chain, first, last, vorgaenger, hash
    Column("vorgaenger", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("siegel", LargeBinary, nullable=False),
)

#: Changes of the seal's key, each signed by the old and the new one; none is ever deleted.
WECHSEL = Table(
    "protokoll_siegelwechsel",
    METADATA,
    Column("nr", BigInteger, primary_key=True, autoincrement=False),
    Column("alt", LargeBinary, nullable=False),  # raw public key of Ed25519
    Column("neu", LargeBinary, nullable=False),
    Column("seit", BigInteger, nullable=False),
    Column("ab_kette", BigInteger, nullable=False),  # first chain whose entries the new one seals
    Column("ab_loeschung", BigInteger, nullable=False),  # first record of a deletion that it seals
    Column("loeschung", LargeBinary, nullable=False),  # hash of the record before that
    Column("vorgaenger", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("siegel_alt", LargeBinary, nullable=False),
    Column("siegel_neu", LargeBinary, nullable=False),
)

#: Entries that are held back from deletion, with what opens them once their month's key is gone.
HALT = Table(
    "protokoll_halt",
    METADATA,
    Column("kette", BigInteger, primary_key=True, autoincrement=False),
    Column("nummer", BigInteger, primary_key=True, autoincrement=False),
    Column("seit", BigInteger, nullable=False),
    Column("tresor", Text, nullable=False),  # id of the key that wraps
    Column("huelle", LargeBinary, nullable=False),  # reason, Mandant and the content's key: JSON, encrypted
    Column("siegel", LargeBinary, nullable=False),
)

#: Answered requests to look at again: what is here tells nobody whether somebody was hidden.
NACHARBEIT = Table(
    "nacharbeit",
    METADATA,
    Column("id", LargeBinary, primary_key=True),  # 16 random bytes
    Column("faellig", BigInteger, nullable=False),
    Column("versuche", Integer, nullable=False),  # that failed
    Column("schluessel", Text, nullable=False),  # id of the key of `inhalt`
    Column("inhalt", LargeBinary, nullable=False),  # nonce and AES-256-GCM
    Index("nacharbeit_faellig", "faellig"),
)

#: Messages to deliver. One that was delivered has no content left; its row keeps it from being sent again.
POSTAUSGANG = Table(
    "postausgang",
    METADATA,
    Column("id", LargeBinary, primary_key=True),  # SHA-256 of what the message is about
    Column("uuid", Text, nullable=False),
    Column("nachrichtentyp", Text, nullable=False),
    Column("art", Text, nullable=False),
    Column("empfaenger", Text, nullable=False),
    Column("angelegt", BigInteger, nullable=False),
    Column("faellig", BigInteger),  # NULL: delivered
    Column("zugestellt", BigInteger),
    Column("versuche", Integer, nullable=False),  # that failed
    Column("schluessel", Text),  # id of the key of `inhalt`
    Column("inhalt", LargeBinary),  # nonce and AES-256-GCM; NULL: delivered
    Index("postausgang_faellig", "faellig"),
)
