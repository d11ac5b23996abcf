"""Tables of the register of authorities. Times are texts, ISO 8601 in UTC; days YYYY-MM-DD."""

from sqlalchemy import Boolean, Column, Engine, ForeignKey, Index, Integer, MetaData, Table, Text, false

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
    Column("rechte", Text),  # JSON, see `gateway.meldewesen.rechte`; NULL: as far as the role goes
    Column("nur_benutzer", Boolean, nullable=False, server_default=false()),  # only users of the table below may ask
    Column("protokoll_seit", Text),  # the day on which `protokoll_beauftragt` got its value; NULL: with registration
)

#: Users who may receive data in spite of a block, § 34a (6) BMG: as a message names them in `kennung`.
ERMAECHTIGTE = Table(
    "behoerde_ermaechtigte",
    METADATA,
    Column("kennung", Text, ForeignKey("behoerde.kennung"), primary_key=True),
    Column("benutzer", Text, primary_key=True),
    Column("wartet", Boolean, nullable=False, server_default=false()),  # for another one's word, with four eyes
)

#: Users of an authority, as messages name them in `kennung`.
BENUTZER = Table(
    "behoerde_benutzer",
    METADATA,
    Column("kennung", Text, ForeignKey("behoerde.kennung"), primary_key=True),
    Column("benutzer", Text, primary_key=True),
    Column("gesperrt", Text),  # by whom: "betreiber", "behoerde"; NULL: not
)

#: A certificate belongs to one authority; an authority may have several at once (rollover).
ZERTIFIKAT = Table(
    "behoerde_zertifikat",
    METADATA,
    Column("fingerprint", Text, primary_key=True),  # SHA-256 of the DER, lower-case hex
    Column("kennung", Text, ForeignKey("behoerde.kennung"), nullable=False),
    Column("subject", Text),  # NULL here and below: only the fingerprint was given
    Column("serial", Text),  # hexadecimal
    Column("gueltig_ab", Text),
    Column("gueltig_bis", Text),
    Column("gesperrt", Boolean, nullable=False, server_default=false()),
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

#: Applications for access.
ANTRAG = Table(
    "behoerde_antrag",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("stand", Text, nullable=False),  # see `gateway.behoerden.antraege`
    Column("kennung", Text, nullable=False),
    Column("behoerde", Text, nullable=False),  # JSON: what is applied for
    Column("administrator", Text, nullable=False),  # JSON: the first administrator
    Column("massnahmen", Text, nullable=False),  # § 39 (1) BMG
    Column("eingegangen", Text, nullable=False),
    Column("eingegangen_von", Text, nullable=False),
    Column("geprueft", Text),
    Column("geprueft_von", Text),
    Column("entschieden", Text),
    Column("entschieden_von", Text),
    Column("grund", Text),  # of a refusal
)

#: Who logs in: operators, and administrators of authorities.
KONTO = Table(
    "behoerde_konto",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("rolle", Text, nullable=False),  # see `gateway.behoerden.konten`
    Column("kennung", Text, ForeignKey("behoerde.kennung")),  # whose administrator; NULL: an operator
    Column("gesperrt", Boolean, nullable=False),
    Column("sitzungen", Integer, nullable=False),  # goes up with each change that ends the sessions there are
    Column("passwort", Text),  # Argon2id; NULL: not chosen yet
    Column("haelfte_1", Text),  # Argon2id, of each half of the first password; NULL: not given out, or used
    Column("haelfte_2", Text),
    Column("haelfte_1_von", Text),  # who gave it out
    Column("haelfte_2_von", Text),
)

#: Failed logins by the name that was given, an account's or not.
ANMELDUNG = Table(
    "behoerde_anmeldung",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("fehlversuche", Integer, nullable=False),
    Column("zuletzt", Text, nullable=False),
)

#: Every change, in a chain of hashes: nothing is overwritten or removed here.
AENDERUNG = Table(
    "behoerde_aenderung",
    METADATA,
    Column("nummer", Integer, primary_key=True, autoincrement=False),
    Column("zeit", Text, nullable=False),
    Column("wer", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("tabelle", Text, nullable=False),
    Column("schluessel", Text, nullable=False),  # JSON: the row's primary key
    Column("vorher", Text),  # JSON: the row; NULL: there was none
    Column("nachher", Text),
    Column("hash", Text, nullable=False),  # SHA-256 over that of the row before and all the above
    Index("behoerde_aenderung_schluessel", "tabelle", "schluessel"),
)

#: What was asked for on a day, by authorities with a limit.
VERBRAUCH = Table(
    "behoerde_verbrauch",
    METADATA,
    Column("kennung", Text, primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("anfragen", Integer, nullable=False),
    Column("treffer", Integer, nullable=False),
)

#: The publisher's key list as it was taken over, and its version.
SCHLUESSEL = Table(
    "behoerde_schluessel",
    METADATA,
    Column("dbs", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kategorie", Text, nullable=False),
)
LISTE = Table(
    "behoerde_liste",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1
    Column("version", Text, nullable=False),
    Column("eingespielt", Text, nullable=False),
    Column("neu", Integer, nullable=False),  # keys by what this version did to them
    Column("geaendert", Integer, nullable=False),
    Column("entfallen", Integer, nullable=False),
)


def create_schema(engine: Engine) -> None:
    """Makes the tables; does nothing where they are. Raises StoreError."""
    with store_errors("the tables of the authorities cannot be made"), engine.begin() as connection:
        METADATA.create_all(connection)
