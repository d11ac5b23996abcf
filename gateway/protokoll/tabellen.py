"""Tables of the Protokoll.

`protokoll` is append-only: the gateway inserts and reads there, nothing else. `protokoll_kopf` and `protokoll_stand`
are overwritten on purpose: their signed old values do not stay in the database, so whoever removes the newest entries
finds nothing there to put in place of the head. `nacharbeit` and `postausgang` are no part of the record: what waits
there came with its entry, in one transaction, and goes when it is done. Times are microseconds since 1970 in UTC.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

#: The register of chains: one per start of a writer.
KETTE = Table(
    "protokoll_kette",
    METADATA,
    Column("nr", BigInteger, primary_key=True, autoincrement=False),
    Column("kennung", LargeBinary, nullable=False),  # 16 random bytes
    Column("begonnen", BigInteger, nullable=False),
    Column("siegel_schluessel", Text, nullable=False),
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
    Column("kette", BigInteger, primary_key=True, autoincrement=False),
    Column("nummer", BigInteger, primary_key=True, autoincrement=False),
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
    Column("anspruch", LargeBinary),  # who first used a message UUID: digest of authority and UUID
    Column("wiederholung", Integer, nullable=False),  # 1: same authority, UUID and content as an earlier entry
    Column("treffer", BigInteger, nullable=False),
    Column("schluessel", Text),  # id of the key of `inhalt`
    Column("inhalt", LargeBinary),  # nonce and AES-256-GCM of the compressed JSON
    Column("verweise", LargeBinary),  # heads of other chains as seen; not NULL in a sealed entry
    Column("vorgaenger", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("siegel", LargeBinary),
    Index("protokoll_anspruch", "anspruch", unique=True),
    Index("protokoll_gespeichert", "gespeichert"),
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
