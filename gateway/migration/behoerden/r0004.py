"""An empowered user may wait for another one's word. Who was registered before changes were recorded is recorded as it
is: from here on no row is without a change.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

#: Those of release 0.1.0, with the columns that a change records.
_TABLES = {
    "behoerde": ("kennung",),
    "behoerde_ermaechtigte": ("kennung", "benutzer"),
    "behoerde_zertifikat": ("fingerprint",),
}
_BOOLEANS = (
    "gesperrt",
    "azr_berechtigt",
    "protokoll_beauftragt",
    "zentrale_stelle",
    "trotz_sperre",
    "nur_benutzer",
    "wartet",
)
_FIELDS = ("nummer", "zeit", "wer", "was", "tabelle", "schluessel", "vorher", "nachher")


def upgrade() -> None:
    """Adds the column, and a change for each row that has none."""
    op.add_column("behoerde_ermaechtigte", sa.Column("wartet", sa.Boolean, nullable=False, server_default=sa.false()))
    connection = op.get_bind()
    newest = sa.text("SELECT nummer, hash FROM behoerde_aenderung ORDER BY nummer DESC LIMIT 1")
    last, digest = connection.execute(newest).one_or_none() or (0, "0" * 64)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    for nummer, (tabelle, schluessel, nachher) in enumerate(list(_unrecorded(connection)), last + 1):
        werte = (nummer, now, "xmeld-gateway", "uebernehmen", tabelle, schluessel, None, nachher)
        digest = hashlib.sha256(f"{digest}{_json(werte)}".encode()).hexdigest()
        connection.execute(
            sa.text(
                f"INSERT INTO behoerde_aenderung ({', '.join(_FIELDS)}, hash) "  # noqa: S608
                f"VALUES ({', '.join(f':{name}' for name in _FIELDS)}, :hash)"
            ),
            {**dict(zip(_FIELDS, werte, strict=True)), "hash": digest},
        )


def _unrecorded(connection: sa.Connection) -> Iterator[tuple[str, str, str]]:
    for tabelle, keys in _TABLES.items():
        known = sa.text("SELECT schluessel FROM behoerde_aenderung WHERE tabelle = :tabelle")
        recorded = set(connection.scalars(known, {"tabelle": tabelle}))
        rows = connection.execute(sa.text(f"SELECT * FROM {tabelle} ORDER BY {', '.join(keys)}"))  # noqa: S608
        for row in rows.mappings():
            werte = {name: bool(wert) if name in _BOOLEANS else wert for name, wert in row.items()}
            schluessel = _json([werte[key] for key in keys])
            if schluessel not in recorded:
                yield tabelle, schluessel, _json(werte)


def _json(wert: Any) -> str:
    return json.dumps(wert, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
