"""Rights to the datum, users, certificates' data and blocks; applications, accounts, changes, quotas, the key list."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns and tables; who was registered keeps what it had."""
    op.add_column("behoerde", sa.Column("rechte", sa.Text))
    op.add_column("behoerde", sa.Column("nur_benutzer", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("behoerde", sa.Column("protokoll_seit", sa.Text))
    for name in ("subject", "serial", "gueltig_ab", "gueltig_bis"):
        op.add_column("behoerde_zertifikat", sa.Column(name, sa.Text))
    op.add_column("behoerde_zertifikat", sa.Column("gesperrt", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table("behoerde_benutzer", _of_behoerde(key=True), _key("benutzer"), _text("gesperrt", nullable=True))
    _access()
    op.create_table(
        "behoerde_aenderung",
        sa.Column("nummer", sa.Integer, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("zeit", "wer", "was", "tabelle", "schluessel")),
        *(_text(name, nullable=True) for name in ("vorher", "nachher")),
        _text("hash"),
    )
    op.create_index("behoerde_aenderung_schluessel", "behoerde_aenderung", ["tabelle", "schluessel"])
    op.create_table("behoerde_verbrauch", _key("kennung"), _key("tag"), _integer("anfragen"), _integer("treffer"))
    op.create_table("behoerde_schluessel", _key("dbs"), _text("name"), _text("kategorie"))
    op.create_table(
        "behoerde_liste",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("version", "eingespielt")),
        *(_integer(name) for name in ("neu", "geaendert", "entfallen")),
    )


def _access() -> None:
    op.create_table(
        "behoerde_antrag",
        _key("id"),
        *(_text(name) for name in ("stand", "kennung", "behoerde", "administrator", "massnahmen", "eingegangen")),
        _text("eingegangen_von"),
        *(_text(name, nullable=True) for name in ("geprueft", "geprueft_von", "entschieden", "entschieden_von")),
        _text("grund", nullable=True),
    )
    op.create_table(
        "behoerde_konto",
        _key("name"),
        _text("rolle"),
        _of_behoerde(key=False),
        sa.Column("gesperrt", sa.Boolean, nullable=False),
        _integer("sitzungen"),
        *(_text(name, nullable=True) for name in ("passwort", "haelfte_1", "haelfte_2")),
        *(_text(name, nullable=True) for name in ("haelfte_1_von", "haelfte_2_von")),
    )
    op.create_table("behoerde_anmeldung", _key("name"), _integer("fehlversuche"), _text("zuletzt"))


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _of_behoerde(*, key: bool) -> sa.Column[str]:
    return sa.Column("kennung", sa.Text, sa.ForeignKey("behoerde.kennung"), primary_key=key, nullable=not key)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)
